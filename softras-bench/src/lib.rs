#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod brute;
pub mod curves;
pub mod data;
mod error;
pub mod floor;
pub mod goals;
pub mod measure;
pub mod memory;
pub mod name;
pub mod plain;
mod plot;
pub mod report;
pub mod run;
pub mod scene;
pub mod timer;

pub use brute::Brute;
pub use data::Data;
pub use error::{Error, Result};
pub use floor::Floor;
pub use measure::{Contestant, Effort, Measured, WarmUp, measure};
pub use name::{SETS, SceneName};
pub use plain::Plain;
pub use report::{Machine, Report, Row};
pub use run::{Against, Bench, Item, Subject};
pub use scene::Scene;
