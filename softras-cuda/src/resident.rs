//! Arrays that stay on the device: faces, pictures and gradients in memory that others own, without a copy.
//!
//! The device's primary context is used, as PyTorch, CuPy, candle and burn do, so that their memory can be passed. Every
//! call first lets its own stream wait for the streams the arrays belong to, and lets those wait for it at the end:
//! nothing waits on the host, and what is given to those streams later, the freeing of an array too, comes after.

use std::sync::Arc;

use cudarc::driver::{CudaContext, CudaStream, DevicePtr, DevicePtrMut, result, sys};
use softras_core::raster::{Plan, RasterParams, Rasterizer, Wanted};
use softras_core::scene::Faces;
use softras_core::{Error, Result};

use crate::accumulate::{Start, sums_of_picture};
use crate::backward::{Asked, Seen, Targets, outputs};
use crate::device::Gpu;
use crate::error::{BACKEND, While};
use crate::forward::{self, Begun};
use crate::setup::Source;
use crate::shared::Ptr;
use crate::workspace::Kept;
use crate::{CudaRasterizer, CudaSaved, buffers};

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
            Place::Raw(raw) => check_shape(name, &raw.shape, expected),
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
            PlaceMut::Raw(raw) => check_shape(name, &raw.shape, expected),
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
    gpu.context.bind_to_thread().while_doing(|| gpu.on("setting the device"))?;
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

/// Faces whose corners and texels lie on the device.
pub struct DeviceFaces<'a> {
    /// Which faces belong to which picture and texture row, which are absent, and the shape of the texels. Its corners and
    /// texels are not read.
    pub layout: &'a Arc<Faces>,
    /// Three times (x, y, z), `[F, 3, 3]`. They are not validated: what is not finite gives faces that are not drawn, or
    /// numbers that are not finite; nothing is read or written out of place.
    pub corners: DeviceArray<'a>,
    /// The texels, `[rows, texels, C]`; not needed where no color is drawn.
    pub texels: Option<DeviceArray<'a>>,
}

/// Where pictures go; what is drawn must be there.
#[derive(Default)]
pub struct DeviceImage<'a> {
    /// `[B, C, H, W]`.
    pub color: Option<DeviceArrayMut<'a>>,
    /// `[B, H, W]`.
    pub silhouette: Option<DeviceArrayMut<'a>>,
}

/// The gradient of a loss to pictures; an output without one counts as zero.
#[derive(Default)]
pub struct DeviceImageGrad<'a> {
    /// `[B, C, H, W]`.
    pub color: Option<DeviceArray<'a>>,
    /// `[B, H, W]`.
    pub silhouette: Option<DeviceArray<'a>>,
}

/// Where gradients go: those that are there are computed.
#[derive(Default)]
pub struct DeviceGradients<'a> {
    /// `[F, 3, 3]`.
    pub corners: Option<DeviceArrayMut<'a>>,
    /// `[rows, texels, C]`.
    pub textures: Option<DeviceArrayMut<'a>>,
    /// What belongs to a whole picture, `[B, C + 5]`: the background, epsilon, sigma, gamma, the shapes of distribution and
    /// t-conorm. C is 0 where no color is drawn.
    pub sums: Option<DeviceArrayMut<'a>>,
}

/// Checks an array that is there.
macro_rules! check {
    ($array:expr, $name:literal, $shape:expr) => {
        $array.as_ref().map_or(Ok(()), |array| array.check($name, &$shape))
    };
}

/// The shape of the texels of a layout.
pub(crate) fn texels_shape(layout: &Faces) -> [usize; 3] {
    layout.textures().map_or([0; 3], |t| t.texels().dim().into())
}

/// Checks the texels that a plan reads.
pub(crate) fn check_texels(layout: &Faces, plan: &Plan<f32>, texels: Option<&DeviceArray<'_>>) -> Result<()> {
    match texels {
        _ if !plan.draws_color => Ok(()),
        Some(texels) => texels.check("texels", &texels_shape(layout)),
        None => Err(Error::layout("texels", "none", "an array, since color is drawn")),
    }
}

impl DeviceImage<'_> {
    /// Checks that all is there that is drawn, and nothing else.
    pub(crate) fn check(&self, plan: &Plan<f32>) -> Result<()> {
        for (name, there, drawn) in [
            ("color", self.color.is_some(), plan.draws_color),
            ("silhouette", self.silhouette.is_some(), plan.draws_silhouette),
        ] {
            if there != drawn {
                let word = |there: bool| if there { "an array" } else { "none" };
                return Err(Error::layout(name, word(there), format!("{}, as drawn", word(drawn))));
            }
        }
        check!(self.color, "color", [plan.batch, plan.channels, plan.height, plan.width])?;
        check!(self.silhouette, "silhouette", [plan.batch, plan.height, plan.width])
    }
}

impl DeviceImageGrad<'_> {
    pub(crate) fn check(&self, plan: &Plan<f32>) -> Result<()> {
        let drawn = [
            ("gradient of the color", self.color.is_some() && !plan.draws_color),
            ("gradient of the silhouette", self.silhouette.is_some() && !plan.draws_silhouette),
        ];
        if let Some((name, _)) = drawn.into_iter().find(|(_, wrong)| *wrong) {
            return Err(Error::layout(name, "an array", "none, since it was not drawn"));
        }
        check!(self.color, "gradient of the color", [plan.batch, plan.channels, plan.height, plan.width])?;
        check!(self.silhouette, "gradient of the silhouette", [plan.batch, plan.height, plan.width])
    }
}

impl DeviceGradients<'_> {
    pub(crate) fn check(&self, layout: &Faces, plan: &Plan<f32>) -> Result<()> {
        check!(self.corners, "gradient of the corners", [layout.count(), 3, 3])?;
        check!(self.textures, "gradient of the textures", texels_shape(layout))?;
        check!(self.sums, "sums over pictures", [plan.batch, sums_of_picture(plan.channels)])
    }

    /// What there is room for, if for anything.
    pub(crate) fn wanted(&self) -> Option<Wanted> {
        let faces = Wanted::SIGMA | Wanted::GAMMA | Wanted::DISTRIBUTION | Wanted::T_CONORM;
        let sums = faces | Wanted::BACKGROUND | Wanted::EPSILON;
        let all = [
            (self.corners.is_some(), Wanted::CORNERS),
            (self.textures.is_some(), Wanted::TEXTURES),
            (self.sums.is_some(), sums),
        ];
        all.into_iter().filter(|(there, _)| *there).map(|(_, wanted)| wanted).reduce(|a, b| a | b)
    }
}

impl CudaRasterizer {
    /// The primary context of the device, in which arrays for it may be allocated.
    #[must_use]
    pub fn context(&self) -> &Arc<CudaContext> {
        &self.work.gpu.context
    }

    /// As `forward_into`, with faces and pictures on the device. The host waits once, for the sizes of the lists.
    ///
    /// ```no_run
    /// # use std::sync::Arc;
    /// # use softras_core::raster::RasterParams;
    /// # use softras_core::scene::Faces;
    /// # fn example(layout: Arc<Faces>) -> Result<(), Box<dyn std::error::Error>> {
    /// use softras_cuda::{CudaRasterizer, CudaSaved, DeviceArray, DeviceArrayMut};
    /// use softras_cuda::{DeviceFaces, DeviceGradients, DeviceImage, DeviceImageGrad};
    ///
    /// let device = CudaRasterizer::new(0)?;
    /// let stream = device.context().new_stream()?;
    /// let params = RasterParams::new(256, 256).outputs(softras_core::raster::Outputs::Silhouette);
    /// let corners = stream.alloc_zeros::<f32>(layout.count() * 9)?; // written by your own kernels
    /// let mut alpha = stream.alloc_zeros::<f32>(256 * 256)?;
    /// let mut saved = CudaSaved::default();
    ///
    /// let faces = DeviceFaces { layout: &layout, corners: DeviceArray::new(&corners), texels: None };
    /// let image = DeviceImage { color: None, silhouette: Some(DeviceArrayMut::new(&mut alpha)) };
    /// device.forward_on_device(&faces, &params, image, &mut saved)?;
    ///
    /// let mut grad_corners = stream.alloc_zeros::<f32>(layout.count() * 9)?;
    /// let grad = DeviceImageGrad { color: None, silhouette: Some(DeviceArray::new(&alpha)) };
    /// let gradients = DeviceGradients {
    ///     corners: Some(DeviceArrayMut::new(&mut grad_corners)),
    ///     ..DeviceGradients::default()
    /// };
    /// device.backward_on_device(&saved, None, &grad, gradients)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Shape` and `Layout` for arrays that do not fit; `OutOfMemory` where the lists are over the memory budget; those of
    /// `forward_into`. What they say is about the layout: the numbers on the device are not looked at.
    pub fn forward_on_device(
        &self,
        faces: &DeviceFaces<'_>,
        params: &RasterParams,
        mut image: DeviceImage<'_>,
        saved: &mut CudaSaved,
    ) -> Result<()> {
        saved.kept = Kept::Nothing;
        let layout = faces.layout;
        let plan = Plan::new(layout, params)?;
        self.capabilities().check(BACKEND, layout, params)?;
        faces.corners.check("corners", &[layout.count(), 3, 3])?;
        check_texels(layout, &plan, faces.texels.as_ref())?;
        image.check(&plan)?;
        let texels = faces.texels.as_ref().filter(|_| plan.draws_color);
        let read = [Some(&faces.corners), texels];
        let written = [image.color.as_mut(), image.silhouette.as_mut()];
        visit(&self.work.gpu, read, written, |[corners, texels], [color, alpha]| {
            let source = Source::Device { corners, texels };
            match forward::begin(&self.work, layout, params, &plan, source)? {
                Begun::Needs(bytes) => Err(forward::over_budget(&self.work, "face lists", bytes, params)),
                Begun::Ready(drawn) => {
                    drawn.draw(color, alpha)?;
                    saved.kept = Kept::Whole(drawn);
                    Ok(())
                }
            }
        })
    }

    /// As `backward_into`, with gradients on the device. `texels` are those that were given to `forward_on_device`, if any;
    /// the corners are not needed any more. The host does not wait.
    ///
    /// # Errors
    /// `Shape` and `Layout` for arrays that do not fit what was drawn; `OutOfMemory` over the memory budget.
    pub fn backward_on_device(
        &self,
        saved: &CudaSaved,
        texels: Option<&DeviceArray<'_>>,
        grad: &DeviceImageGrad<'_>,
        mut gradients: DeviceGradients<'_>,
    ) -> Result<()> {
        self.check_saved(saved)?;
        let Kept::Whole(drawn) = &saved.kept else {
            return Err(Error::layout(
                "saved state",
                "runs of pictures",
                "one that forward_on_device filled",
            ));
        };
        let plan = &drawn.plan;
        let resident = matches!(drawn.source, Source::Device { .. });
        let texels = texels.filter(|_| plan.draws_color && resident);
        if resident {
            check_texels(&drawn.faces, plan, texels)?;
        }
        grad.check(plan)?;
        gradients.check(&drawn.faces, plan)?;
        let Some(wanted) = gradients.wanted() else { return Ok(()) };
        let read = [grad.color.as_ref(), grad.silhouette.as_ref(), texels];
        let DeviceGradients { corners, textures, sums } = &mut gradients;
        let written = [corners.as_mut(), textures.as_mut(), sums.as_mut()];
        let gpu = &self.work.gpu;
        visit(gpu, read, written, |[color, alpha, texels], [corners, rows, sums]| {
            let texels = if resident { texels } else { drawn.globals.texels };
            let targets = Targets { corners, rows, sums, ..Targets::default() };
            let outputs = outputs(grad.color.is_some(), grad.silhouette.is_some());
            let asked = outputs.map(|outputs| Asked::of(wanted, outputs));
            let numbers = texels_shape(&drawn.faces).iter().product();
            if !rows.is_null() && !asked.is_some_and(|asked| asked.textures) {
                buffers::zero(gpu, rows, numbers)?;
            }
            let (Some(outputs), Some(asked), 1..) = (outputs, asked, plan.batch) else {
                if !corners.is_null() {
                    buffers::zero(gpu, corners, drawn.faces.count() * 9)?;
                }
                if !sums.is_null() {
                    buffers::zero(gpu, sums, plan.batch * sums_of_picture(plan.channels))?;
                }
                return Ok(());
            };
            drawn.reverse(outputs, asked, Seen { color, alpha }, texels, targets, Start::Zero)
        })
    }
}
