//! Choosing a back end at run time.

use core::fmt;
use core::str::FromStr;

use softras_core::raster::{DynRasterizer, Info};
use softras_core::{Error, Result};

/// Which device to draw on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Device {
    /// The fastest there is.
    #[default]
    Auto,
    /// The CPU, all threads of the current `rayon` pool.
    Cpu,
}

impl FromStr for Device {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            _ => Err(Error::parameter("device", name, "auto or cpu")),
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Cpu => "cpu",
        })
    }
}

/// Returns who the devices of this build and machine are, the one [`Device::Auto`] means first.
#[must_use]
pub fn devices() -> Vec<Info> {
    let found: Vec<Info> = vec![
        #[cfg(feature = "cpu")]
        DynRasterizer::<f32>::info(&softras_cpu::CpuRasterizer::new()),
    ];
    found
}

/// Opens a device.
///
/// # Errors
/// `Unavailable` if this build or machine does not have it, with the reason.
pub fn open(device: Device) -> Result<Box<dyn DynRasterizer<f32>>> {
    match device {
        #[cfg(feature = "cpu")]
        Device::Auto | Device::Cpu => Ok(Box::new(softras_cpu::CpuRasterizer::new())),
        #[cfg(not(feature = "cpu"))]
        Device::Auto | Device::Cpu => Err(Error::Unavailable {
            what: format!("device {device}"),
            why: "softras was built without the feature `cpu`".to_owned(),
        }),
    }
}
