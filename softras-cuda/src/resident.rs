//! Faces, pictures and gradients in memory that others own, without a copy.
//!
//! The device's primary context is used, as PyTorch, CuPy, candle and burn do, so that their memory can be passed.

use std::sync::Arc;

use cudarc::driver::CudaContext;
use softras_core::raster::{Plan, RasterParams, Rasterizer, Wanted};
use softras_core::scene::Faces;
use softras_core::{Error, Result};

use crate::accumulate::{Start, sums_of_picture};
use crate::arrays::{DeviceArray, DeviceArrayMut, visit};
use crate::backward::{Asked, Seen, Targets, outputs};
use crate::error::BACKEND;
use crate::forward::{self, Begun};
use crate::portions::{Portions, Resident};
use crate::setup::Source;
use crate::workspace::Kept;
use crate::{CudaRasterizer, CudaSaved, buffers};

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
    /// The primary context of the device, in which arrays for it may be allocated. It is as [`CudaContext::new`] makes it:
    /// slices are tracked by events, so that two streams of the caller's may use one. The back end's own work goes by
    /// another handle of the same context, without.
    #[must_use]
    pub fn context(&self) -> &Arc<CudaContext> {
        self.work.gpu.shared()
    }

    /// As `forward_into`, with faces and pictures on the device. The host waits once, for the sizes of the lists; where all
    /// pictures at once are over the memory budget they are drawn in runs, and it waits once for each.
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
                Begun::Ready(drawn)
                    if plan.batch < 2 || drawn.bytes_of_all() <= *params.get_memory_budget() =>
                {
                    drawn.draw(color, alpha)?;
                    saved.kept = Kept::Whole(drawn);
                    return Ok(());
                }
                Begun::Needs(bytes) if plan.batch < 2 => {
                    return Err(forward::over_budget(&self.work, "face lists", bytes, params));
                }
                // What it took is given back here.
                Begun::Ready(_) | Begun::Needs(_) => {}
            }
            let batch = Resident { layout, params, plan: &plan, corners, texels, color, alpha };
            saved.kept = Kept::Portions(Box::new(Portions::draw(&self.work, &batch)?));
            Ok(())
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
        let (layout, plan) = match &saved.kept {
            Kept::Whole(drawn) => (&drawn.faces, &drawn.plan),
            Kept::Portions(kept) => (&kept.layout, &kept.plan),
            Kept::Nothing | Kept::Runs(_) => {
                let expected = "one that forward_on_device filled";
                return Err(Error::layout("saved state", "runs of pictures of the host", expected));
            }
        };
        let resident = !matches!(&saved.kept, Kept::Whole(drawn) if matches!(drawn.source, Source::Host));
        let texels = texels.filter(|_| plan.draws_color && resident);
        if resident {
            check_texels(layout, plan, texels)?;
        }
        grad.check(plan)?;
        gradients.check(layout, plan)?;
        let Some(wanted) = gradients.wanted() else { return Ok(()) };
        let read = [grad.color.as_ref(), grad.silhouette.as_ref(), texels];
        let DeviceGradients { corners, textures, sums } = &mut gradients;
        let written = [corners.as_mut(), textures.as_mut(), sums.as_mut()];
        let gpu = &self.work.gpu;
        visit(gpu, read, written, |[color, alpha, texels], [corners, rows, sums]| {
            let targets = Targets { corners, rows, sums, ..Targets::default() };
            let outputs = outputs(grad.color.is_some(), grad.silhouette.is_some());
            let asked = outputs.map(|outputs| Asked::of(wanted, outputs));
            let numbers = texels_shape(layout).iter().product();
            if !rows.is_null() && !asked.is_some_and(|asked| asked.textures) {
                buffers::zero(gpu, rows, numbers)?;
            }
            let (Some(outputs), Some(asked), 1..) = (outputs, asked, plan.batch) else {
                if !corners.is_null() {
                    buffers::zero(gpu, corners, layout.count() * 9)?;
                }
                if !sums.is_null() {
                    buffers::zero(gpu, sums, plan.batch * sums_of_picture(plan.channels))?;
                }
                return Ok(());
            };
            let seen = Seen { color, alpha };
            match &saved.kept {
                Kept::Whole(drawn) => {
                    let texels = if resident { texels } else { drawn.globals.texels };
                    drawn.reverse(outputs, asked, seen, texels, targets, Start::Zero)
                }
                Kept::Portions(kept) => kept.reverse(outputs, asked, seen, texels, targets),
                Kept::Nothing | Kept::Runs(_) => Ok(()), // refused above
            }
        })
    }
}
