//! Devices: which adapters there are, which one is chosen, and commands to it.

use core::fmt;
use core::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use softras_core::Error;
use softras_core::raster::Info;

use crate::error::{Result, WgpuError};
use crate::loops::Loops;

/// Which adapter to draw on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Adapter {
    /// The first of the best kind: discrete, integrated, virtual, another, then software.
    #[default]
    Best,
    /// The best that is hardware; none that is software.
    Hardware,
    /// The one of this number in [`adapters()`].
    Index(usize),
    /// The best of this kind.
    Kind(AdapterKind),
    /// The best whose name or driver contains this, in any case.
    Named(String),
}

/// What an adapter is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AdapterKind {
    /// A graphics card.
    Discrete,
    /// A graphics processor that shares the memory of the CPU.
    Integrated,
    /// A part of a graphics processor, lent to a virtual machine.
    Virtual,
    /// Its driver does not say.
    Other,
    /// A program on the CPU.
    Software,
}

/// Who an adapter is, and what it is limited to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdapterInfo {
    /// Its number, for [`Adapter::Index`].
    pub index: usize,
    /// Its name.
    pub name: String,
    /// What it is made of.
    pub kind: AdapterKind,
    /// The interface it is reached by: Vulkan, Metal, DX12.
    pub interface: String,
    /// Its driver.
    pub driver: String,
    /// The most bytes of a storage buffer a kernel sees at once; larger work is cut in pieces.
    pub binding_bytes: u64,
    /// The most bytes of a buffer.
    pub buffer_bytes: u64,
}

const BACKENDS: wgpu::Backends =
    wgpu::Backends::VULKAN.union(wgpu::Backends::METAL).union(wgpu::Backends::DX12);

impl FromStr for Adapter {
    type Err = Error;

    /// Reads `best`, `hardware`, a number, a kind (`discrete`, `integrated`, `virtual`, `software`), or part of a name.
    fn from_str(text: &str) -> core::result::Result<Self, Error> {
        Ok(match text.to_lowercase().as_str() {
            "" => return Err(Error::parameter("adapter", "an empty name", "a number, a kind or a name")),
            "best" => Self::Best,
            "hardware" => Self::Hardware,
            "discrete" => Self::Kind(AdapterKind::Discrete),
            "integrated" => Self::Kind(AdapterKind::Integrated),
            "virtual" => Self::Kind(AdapterKind::Virtual),
            "software" | "cpu" => Self::Kind(AdapterKind::Software),
            other => other.parse().map_or_else(|_| Self::Named(text.to_owned()), Self::Index),
        })
    }
}

impl fmt::Display for Adapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Best => f.write_str("best"),
            Self::Hardware => f.write_str("hardware"),
            Self::Index(i) => write!(f, "{i}"),
            Self::Kind(kind) => f.write_str(match kind {
                AdapterKind::Discrete => "discrete",
                AdapterKind::Integrated => "integrated",
                AdapterKind::Virtual => "virtual",
                AdapterKind::Other => "other",
                AdapterKind::Software => "software",
            }),
            Self::Named(name) => f.write_str(name),
        }
    }
}

impl Adapter {
    /// The adapter that `SOFTRAS_ADAPTER` names, else the best.
    ///
    /// # Errors
    /// `Parameter` if the variable is not text.
    pub fn from_environment() -> core::result::Result<Self, Error> {
        match std::env::var("SOFTRAS_ADAPTER") {
            Ok(text) if !text.is_empty() => text.parse(),
            Err(std::env::VarError::NotUnicode(_)) => Err(Error::parameter(
                "SOFTRAS_ADAPTER",
                "bytes that are no text",
                "a number, a kind or a name",
            )),
            _ => Ok(Self::Best),
        }
    }

    fn fits(&self, info: &AdapterInfo) -> bool {
        match self {
            Self::Best => true,
            Self::Hardware => info.kind != AdapterKind::Software,
            Self::Index(i) => info.index == *i,
            Self::Kind(kind) => info.kind == *kind,
            Self::Named(name) => {
                let name = name.to_lowercase();
                info.name.to_lowercase().contains(&name) || info.driver.to_lowercase().contains(&name)
            }
        }
    }
}

fn found() -> Vec<(AdapterInfo, wgpu::Adapter)> {
    let descriptor = wgpu::InstanceDescriptor {
        backends: BACKENDS,
        ..wgpu::InstanceDescriptor::new_without_display_handle()
    };
    let instance = wgpu::Instance::new(descriptor);
    let adapters = pollster::block_on(instance.enumerate_adapters(BACKENDS));
    adapters.into_iter().enumerate().map(|(index, adapter)| (describe(index, &adapter), adapter)).collect()
}

fn describe(index: usize, adapter: &wgpu::Adapter) -> AdapterInfo {
    let info = adapter.get_info();
    let limits = adapter.limits();
    AdapterInfo {
        index,
        name: info.name,
        kind: match info.device_type {
            wgpu::DeviceType::DiscreteGpu => AdapterKind::Discrete,
            wgpu::DeviceType::IntegratedGpu => AdapterKind::Integrated,
            wgpu::DeviceType::VirtualGpu => AdapterKind::Virtual,
            wgpu::DeviceType::Other => AdapterKind::Other,
            wgpu::DeviceType::Cpu => AdapterKind::Software,
        },
        interface: format!("{:?}", info.backend),
        driver: format!("{} {}", info.driver, info.driver_info).trim().to_owned(),
        binding_bytes: limits.max_storage_buffer_binding_size,
        buffer_bytes: limits.max_buffer_size,
    }
}

impl AdapterInfo {
    /// Who a back end on this adapter says it is.
    #[must_use]
    pub fn info(&self) -> Info {
        let Self { index, name, kind, interface, driver, binding_bytes, buffer_bytes } = self;
        let details = format!(
            "adapter {index}, {kind:?}, {interface}, {driver}, at most {} MiB of a buffer at once, buffers of {} MiB",
            binding_bytes >> 20,
            buffer_bytes >> 20
        );
        Info { backend: "wgpu".to_owned(), device: name.clone(), details }
    }
}

/// Returns the adapters of this machine.
#[must_use]
pub fn adapters() -> Vec<AdapterInfo> {
    found().into_iter().map(|(info, _)| info).collect()
}

/// A device and its queue.
pub(crate) struct Gpu {
    pub(crate) info: AdapterInfo,
    pub(crate) device: wgpu::Device,
    pub(crate) queue: wgpu::Queue,
    /// The most bytes of a buffer that a kernel sees at once.
    pub(crate) binding_bytes: u64,
    /// How often an invocation may loop.
    pub(crate) loops: Loops,
    /// What the driver said when the device was lost, and errors that no one was waiting for.
    fault: Arc<Mutex<Option<String>>>,
}

impl fmt::Debug for Gpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gpu").field("info", &self.info).finish_non_exhaustive()
    }
}

impl Gpu {
    /// Opens `adapter`.
    pub(crate) fn open(wanted: &Adapter) -> Result<Self> {
        let mut all = found();
        let names: Vec<String> =
            all.iter().map(|(info, _)| format!("{} {} ({:?})", info.index, info.name, info.kind)).collect();
        all.retain(|(info, _)| wanted.fits(info));
        all.sort_by_key(|(info, _)| (info.kind, info.index));
        let Some((info, adapter)) = all.into_iter().next() else {
            let there = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            return Err(WgpuError::NoAdapter { why: format!("asked for {wanted}, found {there}") });
        };
        let no_device =
            |why: &dyn fmt::Display| WgpuError::NoDevice { adapter: info.name.clone(), why: why.to_string() };
        if !adapter.get_downlevel_capabilities().flags.contains(wgpu::DownlevelFlags::COMPUTE_SHADERS) {
            return Err(no_device(&"it has no compute shaders"));
        }
        let own = adapter.limits();
        // The defaults, and where it matters what the adapter can do beyond them.
        let limits = wgpu::Limits {
            max_storage_buffer_binding_size: own.max_storage_buffer_binding_size,
            max_buffer_size: own.max_buffer_size,
            ..wgpu::Limits::downlevel_defaults()
        };
        let limits = wgpu::Limits {
            max_storage_buffers_per_shader_stage: 8,
            max_compute_invocations_per_workgroup: 256,
            ..limits
        };
        let (device, queue) = pollster::block_on(adapter.request_device(&wgpu::DeviceDescriptor {
            label: Some("softras"),
            required_limits: limits,
            ..wgpu::DeviceDescriptor::default()
        }))
        .map_err(|e| no_device(&e))?;
        let fault = Arc::new(Mutex::new(None));
        let lost = Arc::clone(&fault);
        device.set_device_lost_callback(move |reason, text| note(&lost, format!("{reason:?}: {text}")));
        let uncaught = Arc::clone(&fault);
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| note(&uncaught, error.to_string())));
        let own = device.limits();
        // Offsets are 32-bit words, so one buffer holds less than 2^32 of them.
        let binding_bytes = own.max_storage_buffer_binding_size.min(own.max_buffer_size).min(1 << 31);
        let loops = if info.kind == AdapterKind::Software { Loops::LLVMPIPE } else { Loops::Free };
        Ok(Self { info, device, queue, binding_bytes, loops, fault })
    }

    /// Runs `work`, and returns the first error the device reports meanwhile.
    pub(crate) fn guarded<T>(
        &self,
        what: &dyn Fn() -> String,
        work: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let memory = self.device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let validation = self.device.push_error_scope(wgpu::ErrorFilter::Validation);
        let internal = self.device.push_error_scope(wgpu::ErrorFilter::Internal);
        let done = work();
        let internal = pollster::block_on(internal.pop());
        let validation = pollster::block_on(validation.pop());
        let memory = pollster::block_on(memory.pop());
        self.check()?;
        if memory.is_some() {
            return Err(WgpuError::OutOfMemory { what: what(), needed: 0, limit: 0 });
        }
        match internal.or(validation) {
            Some(error) => Err(WgpuError::refused(what(), error)),
            None => done,
        }
    }

    /// Fails if the device was lost, or reported an error that no one was waiting for.
    pub(crate) fn check(&self) -> Result<()> {
        match &*self.fault.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(why) => Err(WgpuError::Lost { why: why.clone() }),
            None => Ok(()),
        }
    }

    /// Waits until everything submitted so far is done.
    pub(crate) fn wait(&self, submission: wgpu::SubmissionIndex) -> Result<()> {
        let wait = wgpu::PollType::Wait { submission_index: Some(submission), timeout: None };
        self.device.poll(wait).map_err(|e| WgpuError::refused("waiting for the device", e))?;
        self.check()
    }
}

fn note(fault: &Mutex<Option<String>>, why: String) {
    fault.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(why);
}
