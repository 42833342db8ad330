#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod budget;
pub mod calibrate;
pub mod compare;
pub mod covering;
pub mod law;
pub mod laws;
pub mod mutant;
pub mod oracle;
pub mod report;
pub mod scene;
pub mod settings;
pub mod strategy;
pub mod subject;
pub mod verdict;

mod floor;
mod imitation;
mod own_parts;
mod strip;
mod suite;
mod trace;

pub use budget::{Budget, Rung};
pub use imitation::Imitation;
pub use law::{Broken, Compares, Context, Gauge, Law, Need, Outcome};
pub use own_parts::OwnParts;
pub use settings::Settings;
pub use subject::{Opened, Subject};
pub use suite::{measure, test, test_availability};
pub use verdict::Verdict;

/// Writes the `main` of a test binary (`harness = false`) that runs every law on the given back ends.
///
/// Each is an expression that gives a back end or a `Result` of one; where it implements
/// [`Rasterizer<f64>`](softras_core::raster::Rasterizer) too, that is tested as well.
#[macro_export]
macro_rules! main {
    ($($backend:expr),+ $(,)?) => {
        fn main() -> ::std::process::ExitCode {
            $crate::test(vec![$($crate::open!($backend)),+])
        }
    };
}

/// Opens one back end for [`test()`].
#[macro_export]
macro_rules! open {
    ($backend:expr) => {{
        #[allow(unused_imports, reason = "which one is used depends on the back end")]
        use $crate::subject::open::{Both as _, Ready as _, Single as _, TryBoth as _, TrySingle as _};
        let package = env!("CARGO_PKG_NAME");
        $crate::Opened {
            name: package.strip_prefix("softras-").unwrap_or(package).to_owned(),
            subject: (&&&&&$crate::subject::open::Probe::new($backend)).subject(),
        }
    }};
}
