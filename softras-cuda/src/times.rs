//! What kernels take on the device itself, by its own clock.

use std::sync::{Mutex, PoisonError};

use cudarc::driver::{CudaEvent, DriverError, sys::CUevent_flags};
use softras_core::Result;

use crate::device::Gpu;
use crate::error::While;
use crate::{CudaRasterizer, CudaStep};

/// What a kernel, or all that a graph plays, took on the device.
#[derive(Clone, Debug, PartialEq)]
pub struct KernelTime {
    /// The entry point of the kernel; of a recorded step `forward graph` or `backward graph`.
    pub kernel: &'static str,
    /// Milliseconds between two events of the device, one before and one after.
    pub milliseconds: f32,
}

/// What was launched, between the event before it and the one after.
#[derive(Debug)]
struct Launched {
    kernel: &'static str,
    before: CudaEvent,
    after: CudaEvent,
}

/// What was launched while somebody measured; none while nobody does.
#[derive(Debug, Default)]
pub(crate) struct Times(Mutex<Option<Vec<Launched>>>);

impl Times {
    /// Launches `kernel`, between two events if somebody measures.
    pub(crate) fn around(
        &self,
        gpu: &Gpu,
        kernel: &'static str,
        launch: impl FnOnce() -> Result<(), DriverError>,
    ) -> Result<(), DriverError> {
        let mut times = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(times) = times.as_mut() else { return launch() };
        let flags = Some(CUevent_flags::CU_EVENT_DEFAULT);
        let before = gpu.stream.record_event(flags)?;
        launch()?;
        times.push(Launched { kernel, before, after: gpu.stream.record_event(flags)? });
        Ok(())
    }

    fn begin(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Vec::new());
    }

    fn end(&self, gpu: &Gpu) -> Result<Vec<KernelTime>> {
        let times = self.0.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default();
        let one = |Launched { kernel, before, after }: Launched| {
            let milliseconds =
                before.elapsed_ms(&after).while_doing(|| gpu.on(&format!("timing {kernel}")))?;
            Ok(KernelTime { kernel, milliseconds })
        };
        times.into_iter().map(one).collect()
    }
}

impl CudaRasterizer {
    /// Does `work` and returns what each kernel took that this rasterizer or a clone of it ran meanwhile, in their order.
    /// Events between kernels cost some microseconds, which do not count; two that measure at once disturb each other.
    ///
    /// # Errors
    /// Those of `work`, and of the device.
    pub fn timed<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<(T, Vec<KernelTime>)> {
        let gpu = &self.work.gpu;
        gpu.times.begin();
        let done = work();
        let times = gpu.times.end(gpu);
        Ok((done?, times?))
    }
}

impl CudaStep {
    /// Does `work` with the step and returns what each of its graphs took on the device.
    ///
    /// # Errors
    /// Those of `work`, and of the device.
    pub fn timed<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<(T, Vec<KernelTime>)> {
        let own = std::sync::Arc::clone(&self.work);
        own.gpu.times.begin();
        let done = work(self);
        let times = own.gpu.times.end(&own.gpu);
        Ok((done?, times?))
    }
}
