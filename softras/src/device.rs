//! Choosing a back end at run time.

use core::fmt;
use core::str::FromStr;

use softras_core::raster::{DynRasterizer, Info};
use softras_core::{Error, Result};

/// Which device to draw on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Device {
    /// A graphics processor if this build and machine have one, else the CPU; one in software only where `SOFTRAS_ADAPTER`
    /// names it. What that variable names goes first, and must be there.
    #[default]
    Auto,
    /// The CPU, all threads of the current `rayon` pool.
    Cpu,
    /// A graphics processor through wgpu: the one with this number, kind or name, else the one that `SOFTRAS_ADAPTER`
    /// names, else the best; in software too.
    Wgpu(Option<String>),
    /// An NVIDIA card, as the driver numbers them.
    Cuda(usize),
}

impl FromStr for Device {
    type Err = Error;

    /// Reads `auto`, `cpu`, `wgpu`, or `wgpu:` and a number, kind or name; `cuda`, or `cuda:` and a number.
    fn from_str(name: &str) -> Result<Self> {
        let refused =
            || Error::parameter("device", name, "auto, cpu, wgpu, wgpu:ADAPTER, cuda or cuda:NUMBER");
        match name.split_once(':') {
            Some(("wgpu", adapter)) if !adapter.is_empty() => Ok(Self::Wgpu(Some(adapter.to_owned()))),
            None if name == "auto" => Ok(Self::Auto),
            None if name == "cpu" => Ok(Self::Cpu),
            None if name == "wgpu" => Ok(Self::Wgpu(None)),
            None if name == "cuda" => Ok(Self::Cuda(0)),
            Some(("cuda", number)) => number.parse().map(Self::Cuda).map_err(|_| refused()),
            _ => Err(refused()),
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Wgpu(None) => f.write_str("wgpu"),
            Self::Wgpu(Some(adapter)) => write!(f, "wgpu:{adapter}"),
            Self::Cuda(0) => f.write_str("cuda"),
            Self::Cuda(number) => write!(f, "cuda:{number}"),
        }
    }
}

/// Returns who the devices of this build and machine are, the one that [`Device::Auto`] means first, where
/// `SOFTRAS_ADAPTER` names none: graphics processors, the CPU, then graphics processors in software.
#[must_use]
pub fn devices() -> Vec<Info> {
    #[cfg(feature = "wgpu")]
    let adapters = {
        let mut adapters = softras_wgpu::adapters();
        adapters.sort_by_key(|adapter| (adapter.kind, adapter.index));
        adapters
    };
    #[cfg(feature = "wgpu")]
    let of = |software: bool| {
        let own =
            adapters.iter().filter(move |a| (a.kind == softras_wgpu::AdapterKind::Software) == software);
        own.map(softras_wgpu::AdapterInfo::info)
    };
    let devices = core::iter::empty();
    #[cfg(feature = "cuda")]
    let devices = devices.chain(softras_cuda::devices().unwrap_or_default());
    #[cfg(feature = "wgpu")]
    let devices = devices.chain(of(false));
    #[cfg(feature = "cpu")]
    let devices = devices.chain([DynRasterizer::<f32>::info(&softras_cpu::CpuRasterizer::new())]);
    #[cfg(feature = "wgpu")]
    let devices = devices.chain(of(true));
    devices.collect()
}

/// Opens a device.
///
/// # Errors
/// `Unavailable` if this build or machine does not have it, with the reason.
pub fn open(device: Device) -> Result<Box<dyn DynRasterizer<f32>>> {
    match device {
        Device::Auto => {
            #[cfg(feature = "wgpu")]
            if softras_wgpu::Adapter::from_environment()? != softras_wgpu::Adapter::Best {
                return wgpu(&device, None);
            }
            #[cfg(feature = "cuda")]
            if let Ok(card) = softras_cuda::CudaRasterizer::new(0) {
                return Ok(Box::new(card));
            }
            #[cfg(feature = "wgpu")]
            if let Ok(hardware) = softras_wgpu::WgpuRasterizer::open(&softras_wgpu::Adapter::Hardware) {
                return Ok(Box::new(hardware));
            }
            cpu(&device)
        }
        Device::Cpu => cpu(&device),
        Device::Wgpu(ref adapter) => wgpu(&device, adapter.as_deref()),
        Device::Cuda(number) => cuda(&device, number),
    }
}

#[cfg(feature = "cpu")]
#[expect(clippy::unnecessary_wraps, reason = "without the feature it fails")]
fn cpu(_: &Device) -> Result<Box<dyn DynRasterizer<f32>>> {
    Ok(Box::new(softras_cpu::CpuRasterizer::new()))
}

#[cfg(not(feature = "cpu"))]
fn cpu(device: &Device) -> Result<Box<dyn DynRasterizer<f32>>> {
    Err(built_without(device, "cpu"))
}

#[cfg(feature = "wgpu")]
fn wgpu(_: &Device, adapter: Option<&str>) -> Result<Box<dyn DynRasterizer<f32>>> {
    Ok(Box::new(match adapter {
        Some(name) => softras_wgpu::WgpuRasterizer::open(&name.parse()?)?,
        None => softras_wgpu::WgpuRasterizer::new()?,
    }))
}

#[cfg(not(feature = "wgpu"))]
fn wgpu(device: &Device, _: Option<&str>) -> Result<Box<dyn DynRasterizer<f32>>> {
    Err(built_without(device, "wgpu"))
}

#[cfg(feature = "cuda")]
fn cuda(_: &Device, number: usize) -> Result<Box<dyn DynRasterizer<f32>>> {
    Ok(Box::new(softras_cuda::CudaRasterizer::new(number)?))
}

#[cfg(not(feature = "cuda"))]
fn cuda(device: &Device, _: usize) -> Result<Box<dyn DynRasterizer<f32>>> {
    Err(built_without(device, "cuda"))
}

#[cfg(not(all(feature = "cpu", feature = "wgpu", feature = "cuda")))]
fn built_without(device: &Device, feature: &str) -> Error {
    Error::Unavailable {
        what: format!("device {device}"),
        why: format!("softras was built without the feature `{feature}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_devices_are_read_as_they_are_written() {
        for name in ["auto", "cpu", "wgpu", "wgpu:1", "wgpu:discrete", "cuda", "cuda:3"] {
            assert_eq!(name.parse::<Device>().expect("a device").to_string(), name);
        }
        for name in ["", "gpu", "wgpu:", "cpu:1", "cuda:", "cuda:first"] {
            assert!(name.parse::<Device>().is_err(), "{name}");
        }
    }

    #[cfg(feature = "wgpu")]
    #[test]
    fn auto_takes_no_adapter_in_software_and_is_the_first_of_the_devices() {
        let chosen = open(Device::Auto).expect("the CPU is there").info();
        assert_eq!(devices().first(), Some(&chosen));
        let software = softras_wgpu::AdapterKind::Software;
        for adapter in softras_wgpu::adapters().iter().filter(|adapter| adapter.kind == software) {
            assert_ne!(adapter.info(), chosen);
        }
    }

    #[test]
    fn what_was_not_built_is_unavailable() {
        if !cfg!(feature = "wgpu") {
            let why = open(Device::Wgpu(None)).err().map(|e| e.to_string()).unwrap_or_default();
            assert!(why.contains("without the feature `wgpu`"), "{why}");
        }
        if !cfg!(feature = "cuda") {
            let why = open(Device::Cuda(0)).err().map(|e| e.to_string()).unwrap_or_default();
            assert!(why.contains("without the feature `cuda`"), "{why}");
        }
    }
}
