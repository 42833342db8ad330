//! Training: `Training`, and what it writes.
//!
//! | file | what |
//! |---|---|
//! | `record` | a line of the log, which is there without a network too |
//! | `vary` | pictures mirrored and recolored by chance |
//! | `clock` | how long drawing takes |
//! | `learning` | numbers of the renderer that are learnt with the weights |
//! | `stop` | how good the network is on objects that it does not learn from |
//! | `checkpoint` | the file of a network, of a training |
//! | `training` | the steps |

mod record;

#[cfg(feature = "burn")]
mod checkpoint;
#[cfg(feature = "burn")]
mod clock;
#[cfg(feature = "burn")]
mod learning;
#[cfg(feature = "burn")]
mod stop;
#[cfg(feature = "burn")]
mod training;
#[cfg(feature = "burn")]
mod vary;

pub use record::{TrainingRecord, read_log};

#[cfg(feature = "burn")]
pub use crate::network::LearnerBytes;
#[cfg(feature = "burn")]
pub use checkpoint::{Best, Checkpoint, State};
#[cfg(feature = "burn")]
pub use learning::Learning;
#[cfg(feature = "burn")]
pub use training::{Ending, Moment, Training};
#[cfg(feature = "burn")]
#[cfg(feature = "burn")]
pub(crate) use vary::vary;

/// The file of the network that was best on the stop split, in the folder of a training.
pub const BEST: &str = "best.softras";
/// The file that a training goes on from.
pub const LAST: &str = "last.softras";
/// The file of [`TrainingRecord`]s, one a line.
pub const LOG: &str = "training.jsonl";
/// The file of a network with colors.
pub const COLORED: &str = "colored.softras";
/// The file of [`ColorRecord`](crate::color::ColorRecord)s, one a line.
pub const COLOR_LOG: &str = "color.jsonl";
