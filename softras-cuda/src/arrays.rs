//! Arrays on the device that others own, as they are passed to a call: by a slice of cudarc, or by an address.
//!
//! Every call first lets its own stream wait for the streams the arrays belong to, and lets those wait for it at the end:
//! nothing waits on the host, and what is given to those streams later, the freeing of an array too, comes after.

use std::sync::Arc;

use cudarc::driver::{CudaContext, CudaStream, DevicePtr, DevicePtrMut, result, sys};
use softras_core::{Error, Result};

use crate::device::Gpu;
use crate::error::While;
use crate::shared::Ptr;

/// An array of `f32` on a device that this process reached in another way than through cudarc: an address, a shape and the
/// stream that orders the work on it.
#[derive(Debug)]
pub struct RawArray {
    address: u64,
    shape: Vec<usize>,
    stream: sys::CUstream,
}

impl RawArray {
    /// Describes an array of `f32`, row-major without gaps, of the given shape at a device address. `stream` is the stream
    /// on which its owner works with it: a `CUstream` or `cudaStream_t`, null for the default stream.
    ///
    /// # Safety
    /// As long as this value lives, and until the stream has come past the last call that was given it:
    /// - `address` is of memory of the device of the rasterizer it is given to, in the device's primary context, and holds
    ///   as many numbers as the shape says; it is a multiple of 4;
    /// - `stream` is a stream of that context that is not captured;
    /// - nobody writes the memory other than in the order of `stream`, nor reads it where it is passed to be written;
    /// - arrays that are passed to one call do not overlap, where one of them is written.
    #[must_use]
    pub unsafe fn new(address: u64, shape: &[usize], stream: sys::CUstream) -> Self {
        Self { address, shape: shape.to_vec(), stream }
    }
}

/// An array on the device that is read.
pub struct DeviceArray<'a>(Place<'a>);

enum Place<'a> {
    Slice(&'a dyn DevicePtr<f32>),
    Raw(&'a RawArray),
}

/// An array on the device that is written.
pub struct DeviceArrayMut<'a>(PlaceMut<'a>);

enum PlaceMut<'a> {
    Slice(&'a mut dyn DevicePtrMut<f32>),
    Raw(&'a mut RawArray),
}

impl<'a> DeviceArray<'a> {
    /// A slice or view of cudarc, row-major.
    #[must_use]
    pub fn new(slice: &'a impl DevicePtr<f32>) -> Self {
        Self(Place::Slice(slice))
    }
    /// Memory by its address.
    #[must_use]
    pub const fn raw(array: &'a RawArray) -> Self {
        Self(Place::Raw(array))
    }
}

impl<'a> DeviceArrayMut<'a> {
    /// A slice or view of cudarc, row-major.
    #[must_use]
    pub fn new(slice: &'a mut impl DevicePtrMut<f32>) -> Self {
        Self(PlaceMut::Slice(slice))
    }
    /// Memory by its address.
    #[must_use]
    pub const fn raw(array: &'a mut RawArray) -> Self {
        Self(PlaceMut::Raw(array))
    }
}

/// Checks the shape of an array; slices know only their length.
fn check_shape(name: &str, found: &[usize], expected: &[usize]) -> Result<()> {
    let flat = found.len() == 1 && found[0] == expected.iter().product::<usize>();
    if flat || found == expected {
        return Ok(());
    }
    Err(Error::shape(name, found, format!("{expected:?}")))
}

/// Checks that there is memory where numbers are.
fn check_address(name: &str, raw: &RawArray) -> Result<()> {
    let found = || format!("address {:#x} for {:?} numbers", raw.address, raw.shape);
    if raw.address == 0 && raw.shape.iter().all(|&side| side > 0) {
        return Err(Error::layout(name, found(), "an address that is not null"));
    }
    if !raw.address.is_multiple_of(4) {
        return Err(Error::layout(name, found(), "a multiple of 4"));
    }
    Ok(())
}

fn check_context(gpu: &Gpu, context: &CudaContext) -> Result<()> {
    if context.cu_ctx() == gpu.context.cu_ctx() {
        return Ok(());
    }
    let found = format!("one in another context, of device {}", context.ordinal());
    Err(Error::layout("device array", found, format!("one in the primary context of device {}", gpu.ordinal)))
}

/// Lets the stream of `gpu` wait for `stream`.
fn wait_for(gpu: &Gpu, stream: &CudaStream) -> Result<()> {
    Ok(gpu.stream.join(stream).while_doing(|| gpu.on("waiting for the stream of an array"))?)
}

/// Lets `stream` wait for that of `gpu`.
fn let_wait(gpu: &Gpu, stream: &CudaStream) -> Result<()> {
    Ok(stream.join(&gpu.stream).while_doing(|| gpu.on("letting the stream of an array wait"))?)
}

impl RawArray {
    fn begin(&self, gpu: &Gpu) -> Result<Ptr<f32>> {
        let what = || gpu.on("waiting for the stream of an array");
        let event = gpu.context.new_event(None).while_doing(what)?;
        // SAFETY: the event was just made; the stream is one of this context, as `new` demands.
        unsafe { result::event::record(event.cu_event(), self.stream) }.while_doing(what)?;
        gpu.stream.wait(&event).while_doing(what)?;
        Ok(Ptr::new(self.address))
    }

    fn end(&self, gpu: &Gpu) -> Result<()> {
        let what = || gpu.on("letting the stream of an array wait");
        let event = gpu.stream.record_event(None).while_doing(what)?;
        let flags = sys::CUevent_wait_flags::CU_EVENT_WAIT_DEFAULT;
        // SAFETY: the event was just recorded; the stream is one of this context, as `new` demands.
        unsafe { result::stream::wait_event(self.stream, event.cu_event(), flags) }.while_doing(what)?;
        Ok(())
    }
}

impl DeviceArray<'_> {
    pub(crate) fn check(&self, name: &str, expected: &[usize]) -> Result<()> {
        match &self.0 {
            Place::Slice(slice) => check_shape(name, &[slice.len()], expected),
            Place::Raw(raw) => {
                check_address(name, raw)?;
                check_shape(name, &raw.shape, expected)
            }
        }
    }

    fn begin(&self, gpu: &Gpu) -> Result<Ptr<f32>> {
        match &self.0 {
            Place::Slice(slice) => {
                check_context(gpu, slice.stream().context())?;
                let (address, _read) = slice.device_ptr(slice.stream());
                wait_for(gpu, slice.stream())?;
                Ok(Ptr::new(address))
            }
            Place::Raw(raw) => raw.begin(gpu),
        }
    }

    fn end(&self, gpu: &Gpu) -> Result<()> {
        match &self.0 {
            Place::Slice(slice) => {
                let_wait(gpu, slice.stream())?;
                // Its owner's record of the last read now comes after ours.
                let (_, _read) = slice.device_ptr(slice.stream());
                Ok(())
            }
            Place::Raw(raw) => raw.end(gpu),
        }
    }
}

impl DeviceArrayMut<'_> {
    pub(crate) fn check(&self, name: &str, expected: &[usize]) -> Result<()> {
        match &self.0 {
            PlaceMut::Slice(slice) => check_shape(name, &[slice.len()], expected),
            PlaceMut::Raw(raw) => {
                check_address(name, raw)?;
                check_shape(name, &raw.shape, expected)
            }
        }
    }

    fn begin(&mut self, gpu: &Gpu) -> Result<Ptr<f32>> {
        match &mut self.0 {
            PlaceMut::Slice(slice) => {
                let stream = Arc::clone(slice.stream());
                check_context(gpu, stream.context())?;
                let (address, _written) = slice.device_ptr_mut(&stream);
                wait_for(gpu, &stream)?;
                Ok(Ptr::new(address))
            }
            PlaceMut::Raw(raw) => raw.begin(gpu),
        }
    }

    fn end(&mut self, gpu: &Gpu) -> Result<()> {
        match &mut self.0 {
            PlaceMut::Slice(slice) => {
                let stream = Arc::clone(slice.stream());
                let_wait(gpu, &stream)?;
                // Its owner's record of the last write now comes after ours.
                let (_, _written) = slice.device_ptr_mut(&stream);
                Ok(())
            }
            PlaceMut::Raw(raw) => raw.end(gpu),
        }
    }
}

/// Does `work` on the device with the places of arrays, null where there is none, in the order of their streams.
pub(crate) fn visit<const N: usize, const M: usize>(
    gpu: &Gpu,
    read: [Option<&DeviceArray<'_>>; N],
    mut written: [Option<&mut DeviceArrayMut<'_>>; M],
    work: impl FnOnce([Ptr<f32>; N], [Ptr<f32>; M]) -> Result<()>,
) -> Result<()> {
    gpu.bind()?;
    let (mut from, mut to) = ([Ptr::default(); N], [Ptr::default(); M]);
    for (place, array) in from.iter_mut().zip(&read) {
        if let Some(array) = array {
            *place = array.begin(gpu)?;
        }
    }
    for (place, array) in to.iter_mut().zip(&mut written) {
        if let Some(array) = array {
            *place = array.begin(gpu)?;
        }
    }
    let done = work(from, to);
    // Whatever was begun must end before the arrays are touched again.
    let ends = read.iter().flatten().map(|array| array.end(gpu));
    let ended: Vec<Result<()>> =
        ends.chain(written.iter_mut().flatten().map(|array| array.end(gpu))).collect();
    done.and_then(|()| ended.into_iter().collect())
}
