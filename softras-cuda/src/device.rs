//! Devices: opening one, and giving it work.

use std::sync::{Arc, OnceLock};

use cudarc::driver::{
    CudaContext, CudaStream, DeviceRepr, DriverError, LaunchConfig, PushKernelArg, result, sys,
};
use softras_core::Error;
use softras_core::raster::Info;

use crate::error::{BACKEND, CudaError, Result, While};
use crate::loaded::Kernel;
use crate::times::Times;

/// What is called of the driver's library, by us and by what we call.
const CALLED: &[&str] = &[
    "cuInit",
    "cuDriverGetVersion",
    "cuDeviceGetCount",
    "cuDeviceGet",
    "cuDeviceGetName",
    "cuDeviceGetUuid",
    "cuDeviceTotalMem_v2",
    "cuDeviceGetAttribute",
    "cuDevicePrimaryCtxRetain",
    "cuDevicePrimaryCtxRelease_v2",
    "cuCtxGetCurrent",
    "cuCtxSetCurrent",
    "cuCtxSynchronize",
    "cuGetErrorName",
    "cuGetErrorString",
    "cuMemGetInfo_v2",
    "cuMemAlloc_v2",
    "cuMemFree_v2",
    "cuMemAllocAsync",
    "cuMemFreeAsync",
    "cuMemsetD8Async",
    "cuMemcpyHtoDAsync_v2",
    "cuMemcpyDtoHAsync_v2",
    "cuMemcpyDtoDAsync_v2",
    "cuModuleLoadData",
    "cuModuleUnload",
    "cuModuleGetFunction",
    "cuFuncGetAttribute",
    "cuLaunchKernel",
    "cuStreamCreate",
    "cuStreamDestroy_v2",
    "cuStreamSynchronize",
    "cuStreamQuery",
    "cuStreamWaitEvent",
    "cuEventCreate",
    "cuEventDestroy_v2",
    "cuEventRecord",
    "cuEventSynchronize",
    "cuEventQuery",
    "cuEventElapsedTime",
    "cuStreamBeginCapture_v2",
    "cuStreamEndCapture",
    "cuStreamIsCapturing",
    "cuGraphInstantiateWithFlags",
    "cuGraphLaunch",
    "cuGraphUpload",
    "cuGraphDestroy",
    "cuGraphExecDestroy",
];

/// The most blocks of a grid.
const MAX_BLOCKS: u64 = 0x7fff_ffff;

/// Returns the devices that the driver has, in its order.
///
/// # Errors
/// `Unavailable` says why there are none.
pub fn devices() -> softras_core::Result<Vec<Info>> {
    let count = count("CUDA")?;
    let because =
        |e: DriverError| Error::Unavailable { what: "CUDA".to_owned(), why: format!("the driver says {e}") };
    let driver_version = driver_version().map_err(because)?;
    let one = |ordinal: usize| {
        let device = result::device::get(i32::try_from(ordinal).unwrap_or(i32::MAX))?;
        let name = result::device::get_name(device)?;
        let of = |what| {
            // SAFETY: the device is one of the driver's.
            unsafe { result::device::get_attribute(device, what) }
        };
        let major = of(sys::CUdevice_attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)?;
        let minor = of(sys::CUdevice_attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)?;
        Ok(info(ordinal, &name, capability(major, minor), driver_version))
    };
    (0..count).map(one).collect::<Result<_, DriverError>>().map_err(because)
}

/// How many devices the driver has; `what` is wanted of it.
fn count(what: &str) -> softras_core::Result<usize> {
    let unavailable = |why: String| Error::Unavailable { what: what.to_owned(), why };
    // SAFETY: it tries to load the driver's library, as any use of the driver would.
    if !unsafe { sys::is_culib_present() } {
        return Err(unavailable("no NVIDIA driver is installed (libcuda was not found)".to_owned()));
    }
    // SAFETY: the library was just found.
    let library = unsafe { sys::culib() };
    // SAFETY: the symbols are looked for, not called.
    let has = |name: &str| unsafe { library.get::<unsafe extern "C" fn()>(name.as_bytes()).is_ok() };
    // A call of what is not there would panic.
    static MISSING: OnceLock<Option<&str>> = OnceLock::new();
    if let Some(missing) = MISSING.get_or_init(|| CALLED.iter().copied().find(|name| !has(name))) {
        return Err(unavailable(format!("the driver is incomplete or too old: libcuda has no {missing}")));
    }
    let count = CudaContext::device_count().map_err(|e| unavailable(format!("the driver says {e}")))?;
    Ok(usize::try_from(count).unwrap_or(0))
}

fn driver_version() -> Result<i32, DriverError> {
    let mut version = 0;
    // SAFETY: the driver writes one number.
    unsafe { sys::cuDriverGetVersion(&raw mut version).result() }?;
    Ok(version)
}

/// 90 for compute capability 9.0.
fn capability(major: i32, minor: i32) -> u32 {
    u32::try_from(major * 10 + minor).unwrap_or(0)
}

fn info(ordinal: usize, name: &str, capability: u32, driver_version: i32) -> Info {
    let (major, minor) = (driver_version / 1000, driver_version % 1000 / 10);
    let (high, low) = (capability / 10, capability % 10);
    let details =
        format!("device {ordinal}, compute capability {high}.{low}, driver for CUDA {major}.{minor}");
    Info { backend: BACKEND.to_owned(), device: name.to_owned(), details }
}

/// A device and the stream that all work goes to.
///
/// One stream orders everything: a buffer that goes back to the arena may be lent again at once.
#[derive(Debug)]
pub(crate) struct Gpu {
    pub(crate) ordinal: usize,
    pub(crate) name: String,
    pub(crate) context: Arc<CudaContext>,
    /// The same context for others: with cudarc's own tracking of events, which that of our one stream does without.
    shared: Arc<CudaContext>,
    pub(crate) stream: Arc<CudaStream>,
    /// Compute capability times ten, plus the minor one: 90 for 9.0.
    pub(crate) capability: u32,
    pub(crate) driver_version: i32,
    /// What kernels took, while somebody asks.
    pub(crate) times: Times,
}

impl Gpu {
    /// Opens device `ordinal`, on its primary context.
    pub(crate) fn open(ordinal: usize) -> softras_core::Result<Self> {
        let unavailable = |why: String| Error::Unavailable { what: format!("CUDA device {ordinal}"), why };
        let because = |e: DriverError| unavailable(format!("the driver says {e}"));
        let count = count(&format!("CUDA device {ordinal}"))?;
        if ordinal >= count {
            return Err(unavailable(format!("the driver has {count} device(s)")));
        }
        let shared = CudaContext::new(ordinal).map_err(because)?;
        let context = CudaContext::new(ordinal).map_err(because)?;
        // SAFETY: all work by this handle of the context goes to one stream, so there is nothing that events would order.
        unsafe { context.disable_event_tracking() };
        let stream = context.new_stream().map_err(because)?;
        let name = context.name().map_err(because)?;
        let (major, minor) = context.compute_capability().map_err(because)?;
        let driver_version = driver_version().map_err(because)?;
        let capability = capability(major, minor);
        let times = Times::default();
        Ok(Self { ordinal, name, context, shared, stream, capability, driver_version, times })
    }

    /// The same device with a stream of its own.
    pub(crate) fn beside(&self) -> Result<Self> {
        let stream = self.context.new_stream().while_doing(|| self.on("making a stream"))?;
        Ok(Self {
            ordinal: self.ordinal,
            name: self.name.clone(),
            context: Arc::clone(&self.context),
            shared: Arc::clone(&self.shared),
            stream,
            capability: self.capability,
            driver_version: self.driver_version,
            times: Times::default(),
        })
    }

    pub(crate) fn info(&self) -> Info {
        info(self.ordinal, &self.name, self.capability, self.driver_version)
    }

    /// Says what is being done, and on which device.
    pub(crate) fn on(&self, what: &str) -> String {
        format!("{what} on device {} ({})", self.ordinal, self.name)
    }

    /// Its context, for others.
    pub(crate) const fn shared(&self) -> &Arc<CudaContext> {
        &self.shared
    }

    /// Makes the device that of the calling thread.
    pub(crate) fn bind(&self) -> Result<()> {
        self.context.bind_to_thread().while_doing(|| self.on("setting the device"))
    }

    /// Runs a kernel on `blocks` blocks; none if there are none.
    pub(crate) fn launch<P: DeviceRepr>(&self, kernel: &Kernel, blocks: u64, params: &P) -> Result<()> {
        if blocks == 0 {
            return Ok(());
        }
        let what = || self.on(&format!("launching kernel {}", kernel.stage.entry()));
        let too_large = CudaError::TooLarge { what: "blocks".to_owned(), found: blocks, limit: MAX_BLOCKS };
        let Some(blocks) = u32::try_from(blocks).ok().filter(|&n| u64::from(n) <= MAX_BLOCKS) else {
            return Err(too_large).while_doing(what);
        };
        let config = LaunchConfig {
            grid_dim: (blocks, 1, 1),
            block_dim: (kernel.stage.threads(), 1, 1),
            shared_mem_bytes: 0,
        };
        let launch = || {
            // SAFETY: every kernel takes the one structure its stage is launched with, which is declared to both by one
            // macro; the buffers it points to are held by the caller, large enough for the sizes given beside them, and
            // go back to an arena whose next user comes later on the same stream.
            unsafe { self.stream.launch_builder(&kernel.function).arg(params).launch(config) }.map(drop)
        };
        self.times.around(self, kernel.stage.entry(), launch).while_doing(what)
    }
}

#[cfg(test)]
mod tests {
    use super::CALLED;

    /// The emulated driver has what is called and nothing else: what the tests call there is what they can call.
    #[test]
    fn what_is_called_of_the_driver_is_what_the_emulated_one_has() {
        let files =
            [include_str!("../emulator/cpp/entry_points.cpp"), include_str!("../emulator/cpp/queues.cpp")];
        let entries = files.iter().flat_map(|file| file.split("\nENTRY ").skip(1));
        let mut emulated: Vec<&str> = entries.filter_map(|rest| rest.split('(').next()).collect();
        let mut called = CALLED.to_vec();
        emulated.sort_unstable();
        called.sort_unstable();
        assert_eq!(called, emulated);
    }
}
