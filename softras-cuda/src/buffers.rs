//! Device buffers from an arena that only grows, and the ways to and from the host.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use cudarc::driver::{CudaSlice, DevicePtr, DeviceRepr, result, sys};
use softras_core::Error;

use crate::device::Gpu;
use crate::error::{CudaError, Failure, Result, While};
use crate::shared::Ptr;

/// The fewest bytes of a buffer.
const LEAST_BYTES: usize = 256;

/// How device memory is lent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Buffers {
    /// From an arena that only grows: nothing is allocated in the steady state.
    #[default]
    Reused,
    /// Allocated anew each time, exactly as large as needed: for checkers of memory, such as `compute-sanitizer`.
    Exact,
}

/// Device memory. It is freed on its own device, whichever the thread used last.
#[derive(Debug)]
struct Memory(CudaSlice<u8>);

impl Drop for Memory {
    fn drop(&mut self) {
        // If the device cannot be set it has failed, and whoever uses it next is told.
        let _set = self.0.context().bind_to_thread();
    }
}

/// Device memory that is not in use.
#[derive(Debug, Default)]
pub(crate) struct Arena {
    kind: Buffers,
    free: Arc<Mutex<Vec<Memory>>>,
    allocations: AtomicU64,
}

/// Memory lent from the arena; it goes back when it is dropped.
#[derive(Debug)]
pub(crate) struct Buffer {
    own: Option<Memory>,
    home: Option<Arc<Mutex<Vec<Memory>>>>,
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if let (Some(own), Some(home)) = (self.own.take(), &self.home) {
            home.lock().unwrap_or_else(PoisonError::into_inner).push(own);
        }
    }
}

impl Buffer {
    /// Where it begins, for kernels.
    pub(crate) fn ptr<T>(&self, gpu: &Gpu) -> Ptr<T> {
        Ptr::new(self.own.as_ref().map_or(0, |own| own.0.device_ptr(&gpu.stream).0))
    }
}

impl Arena {
    /// How often memory was asked of the device.
    pub(crate) fn allocations(&self) -> u64 {
        self.allocations.load(Ordering::Relaxed)
    }

    pub(crate) fn new(kind: Buffers) -> Self {
        Self { kind, ..Self::default() }
    }

    /// Lends memory for `count` values of type `T`. What it holds is left over from earlier work.
    pub(crate) fn lend<T>(&self, gpu: &Gpu, what: &str, count: usize) -> softras_core::Result<Buffer> {
        let needed = count.checked_mul(size_of::<T>()).ok_or_else(|| out_of_memory(what, usize::MAX, gpu))?;
        if self.kind == Buffers::Exact {
            self.allocations.fetch_add(1, Ordering::Relaxed);
            return Ok(Buffer { own: Some(allocate(gpu, what, needed.max(1))?), home: None });
        }
        let lent = |own| Buffer { own: Some(own), home: Some(Arc::clone(&self.free)) };
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |(_, memory): &(usize, &Memory)| memory.0.len() >= needed;
        let best = free.iter().enumerate().filter(fits).min_by_key(|(_, memory)| memory.0.len());
        // Memory that is far too large is left to work that needs it.
        if let Some((i, memory)) = best
            && memory.0.len() / 4 <= needed.max(LEAST_BYTES)
        {
            return Ok(lent(free.swap_remove(i)));
        }
        self.allocations.fetch_add(1, Ordering::Relaxed);
        let size = needed.max(LEAST_BYTES).checked_next_power_of_two().unwrap_or(needed);
        // Large memory is not rounded up by much; memory that nobody uses goes before there is none.
        let size = if size > 1 << 24 { needed.next_multiple_of(1 << 22) } else { size };
        if let Ok(own) = allocate(gpu, what, size) {
            return Ok(lent(own));
        }
        free.clear();
        allocate(gpu, what, needed.max(1)).map(lent)
    }

    /// Lends memory that holds `values`.
    pub(crate) fn filled<T: DeviceRepr>(
        &self,
        gpu: &Gpu,
        what: &str,
        values: &[T],
    ) -> softras_core::Result<Buffer> {
        let mut buffer = self.lend::<T>(gpu, what, values.len())?;
        if let Some(own) = buffer.own.as_mut().filter(|_| !values.is_empty()) {
            // SAFETY: the memory is large enough, and any bits are valid for it.
            let view = unsafe { own.0.transmute_mut::<T>(values.len()) };
            if let Some(mut view) = view {
                gpu.stream
                    .memcpy_htod(values, &mut view)
                    .while_doing(|| gpu.on(&format!("writing {what}")))?;
            }
        }
        Ok(buffer)
    }
}

/// Fills the `count` numbers at a place with zeros.
pub(crate) fn zero(gpu: &Gpu, place: Ptr<f32>, count: usize) -> Result<()> {
    if count == 0 {
        return Ok(());
    }
    let what = || gpu.on("clearing memory");
    gpu.context.bind_to_thread().while_doing(what)?;
    // SAFETY: the place holds that many numbers, in memory that the caller holds.
    unsafe { result::memset_d8_async(place.address(), 0, count * 4, gpu.stream.cu_stream()) }
        .while_doing(what)
}

/// Copies `count` numbers from one place of the device to another.
pub(crate) fn copy(gpu: &Gpu, from: Ptr<f32>, to: Ptr<f32>, count: usize) -> Result<()> {
    if count == 0 {
        return Ok(());
    }
    let what = || gpu.on("copying memory");
    gpu.context.bind_to_thread().while_doing(what)?;
    let (from, to) = (from.address(), to.address());
    // SAFETY: both places hold that many numbers, in memory that the caller holds, and do not overlap.
    unsafe { result::memcpy_dtod_async(to, from, count * 4, gpu.stream.cu_stream()) }.while_doing(what)
}

/// Waits for the work given so far, and reads the first `to.len()` values of a buffer. `after` names that work.
pub(crate) fn read<T: DeviceRepr>(gpu: &Gpu, buffer: &Buffer, after: &str, to: &mut [T]) -> Result<()> {
    let Some(own) = buffer.own.as_ref().filter(|_| !to.is_empty()) else { return Ok(()) };
    // SAFETY: the memory holds at least that many values, written by kernels or copies.
    let Some(view) = (unsafe { own.0.transmute::<T>(to.len()) }) else {
        let found = size_of_val(to) as u64;
        let error =
            CudaError::TooLarge { what: "bytes to read".to_owned(), found, limit: own.0.len() as u64 };
        return Err(error).while_doing(|| gpu.on(&format!("reading back after {after}")));
    };
    gpu.stream.memcpy_dtoh(&view, to).while_doing(|| gpu.on(&format!("reading back after {after}")))
}

fn allocate(gpu: &Gpu, what: &str, bytes: usize) -> softras_core::Result<Memory> {
    // SAFETY: whoever lends it writes it before it reads it.
    match unsafe { gpu.stream.alloc::<u8>(bytes) } {
        Ok(slice) => Ok(Memory(slice)),
        Err(error) if error.0 == sys::CUresult::CUDA_ERROR_OUT_OF_MEMORY => {
            Err(out_of_memory(what, bytes, gpu))
        }
        Err(error) => {
            Err(Failure { what: gpu.on(&format!("allocating {what}")), source: CudaError::Driver(error) }
                .into())
        }
    }
}

fn out_of_memory(what: &str, needed: usize, gpu: &Gpu) -> Error {
    let free = gpu.context.mem_get_info().map_or(0, |(free, _)| free);
    Error::OutOfMemory { what: gpu.on(what), needed: needed as u128, limit: free as u128 }
}
