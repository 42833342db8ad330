//! Devices: which adapters there are, which one is chosen, and commands to it.

use core::fmt;
use core::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use softras_core::Error;
use softras_core::raster::Info;

use crate::error::{Result, WgpuError};
use crate::faults::Starved;
use crate::loops::Loops;
use crate::traffic::Counters;

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
    /// The most bytes of a buffer.
    pub(crate) buffer_bytes: u64,
    /// How often an invocation may loop.
    pub(crate) loops: Loops,
    /// What was moved between the host and the device so far.
    pub(crate) traffic: Counters,
    reports: Arc<Mutex<Reports>>,
    /// Passes that find no memory, though there is some.
    pub(crate) starved: Starved,
}

/// What the device reported when nobody was asking.
#[derive(Debug, Default)]
struct Reports {
    /// Why the device is gone: for good.
    lost: Option<String>,
    /// The first error that no call was waiting for; the next call tells it, once.
    uncaught: Option<WgpuError>,
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
        let reports: Arc<Mutex<Reports>> = Arc::default();
        let lost = Arc::clone(&reports);
        device.set_device_lost_callback(move |reason, text| {
            locked(&lost).lost.get_or_insert(format!("{reason:?}: {text}"));
        });
        let uncaught = Arc::clone(&reports);
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
            let error = WgpuError::reported("a command that no call was waiting for".to_owned(), error);
            locked(&uncaught).uncaught.get_or_insert(error);
        }));
        let own = device.limits();
        // Offsets are 32-bit words, so one buffer holds less than 2^32 of them.
        let binding_bytes = own.max_storage_buffer_binding_size.min(own.max_buffer_size).min(1 << 31);
        let loops = if info.kind == AdapterKind::Software { Loops::LLVMPIPE } else { Loops::Free };
        let (traffic, starved) = (Counters::default(), Starved::default());
        let buffer_bytes = own.max_buffer_size;
        Ok(Self { info, device, queue, binding_bytes, buffer_bytes, loops, traffic, reports, starved })
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
        if done.is_err() || memory.is_some() || internal.is_some() || validation.is_some() {
            // A device that was lost says so when it is asked; whatever else went wrong follows from it.
            let _ = self.device.poll(wgpu::PollType::Poll);
        }
        self.check()?;
        // Where memory ran out, what else went wrong follows from it.
        match memory.or(internal).or(validation) {
            Some(error) => Err(WgpuError::reported(what(), error)),
            None => done,
        }
    }

    /// One try of a whole pass of `bytes` bytes: fails with that size where memory runs out, at a write or a submission
    /// too, and can then be tried again in smaller pieces.
    pub(crate) fn attempt<T>(&self, what: &str, bytes: u64, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let done = self.guarded(&|| what.to_owned(), work);
        let done = if self.starved.take() {
            Err(WgpuError::OutOfMemory { what: what.to_owned(), needed: 0, limit: None })
        } else {
            done
        };
        done.map_err(|error| error.of_size(bytes))
    }

    /// Fails if the device was lost.
    pub(crate) fn check(&self) -> Result<()> {
        match &locked(&self.reports).lost {
            Some(why) => Err(WgpuError::Lost { why: why.clone() }),
            None => Ok(()),
        }
    }

    /// Begins a call: fails if the device was lost, or with the error that no call was waiting for, which is told once.
    pub(crate) fn begin(&self) -> Result<()> {
        self.check()?;
        locked(&self.reports).uncaught.take().map_or(Ok(()), Err)
    }

    /// Keeps an error for the next call, where this one has no way to tell it.
    pub(crate) fn tell_later(&self, error: WgpuError) {
        // A lost device says so by itself.
        if !matches!(error, WgpuError::Lost { .. }) {
            locked(&self.reports).uncaught.get_or_insert(error);
        }
    }

    /// Waits until everything submitted so far is done.
    pub(crate) fn wait(&self, submission: wgpu::SubmissionIndex) -> Result<()> {
        let wait = wgpu::PollType::Wait { submission_index: Some(submission), timeout: None };
        self.device.poll(wait).map_err(|e| WgpuError::refused("waiting for the device", e))?;
        self.check()
    }
}

fn locked(reports: &Mutex<Reports>) -> MutexGuard<'_, Reports> {
    reports.lock().unwrap_or_else(PoisonError::into_inner)
}
