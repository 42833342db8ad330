//! The official algorithm on a device, as an honest brute force: what the back end is measured against.
//!
//! Every face at every pixel, a thread a pixel, 512 threads a block, gradients added atomically, as in the authors'
//! kernels; see `kernels/brute.cu`. It shares devices, memory and compiler with the back end, and nothing else.

use std::sync::Arc;

use softras_core::math::DepthMap;
use softras_core::raster::{Capabilities, Gradients, Info, Plan, RasterParams, Rasterizer, Sides, Wanted};
use softras_core::scene::Faces;
use softras_core::{Error, Image, ImageGrad, Result};

use crate::buffers::{self, Buffer};
use crate::kernels::{Axes, Stage};
use crate::shared::{Brute, BrutePicture};
use crate::{CudaRasterizer, Work};

/// The name that its rows and errors have.
const NAME: &str = "brute:cuda";
/// Channels of a color.
const RGB: usize = 3;
/// Numbers that a face has once: barycentric rows, the Gram matrix, which corners are obtuse.
const FACE_NUMBERS: usize = 21;
/// Threads of a block.
const THREADS: u64 = 512;

/// The official algorithm on a CUDA device: every face at every pixel, gradients by atomics, for comparisons alone.
///
/// It draws what the paper's renderer draws: 3 channels at the corners, silhouette and color. Like the official code it
/// leaves out terms of the gradient, and its sums change from run to run.
#[derive(Clone, Debug)]
pub struct CudaBrute {
    device: CudaRasterizer,
}

/// What [`CudaBrute`] keeps of a picture.
#[derive(Debug, Default)]
pub struct CudaBruteSaved {
    drawn: Option<Drawn>,
}

#[derive(Debug)]
struct Drawn {
    faces: Arc<Faces>,
    plan: Plan<f32>,
    brute: Brute,
    #[expect(dead_code, reason = "it keeps the memory lent that `brute` points to")]
    held: Vec<Buffer>,
    work: Arc<Work>,
}

impl CudaBrute {
    /// Draws on `device`.
    #[must_use]
    pub const fn new(device: CudaRasterizer) -> Self {
        Self { device }
    }
}

/// The pictures as the kernels read them.
fn pictures(faces: &Faces, params: &RasterParams) -> Result<Vec<BrutePicture>> {
    let cut = (1.0 / params.get_dist_eps() - 1.0).ln() as f32;
    let one = |(b, picture): (usize, &softras_core::scene::Picture)| {
        let whole = |n: usize| u32::try_from(n).map_err(|_| refuse(format!("{n} faces"), "at most 2^32"));
        let sigma = params.get_sigma().of(b);
        Ok(BrutePicture {
            sigma,
            gamma: params.get_gamma().of(b),
            epsilon: params.get_epsilon().of(b),
            threshold: cut * sigma,
            reach: (cut * sigma).sqrt(),
            first_face: whole(picture.faces.start)?,
            face_count: whole(picture.faces.len())?,
            first_texture: whole(picture.first_texture)?,
        })
    };
    faces.pictures().iter().enumerate().map(one).collect()
}

fn refuse(what: String, supported: &str) -> Error {
    Error::Unsupported { backend: NAME.to_owned(), what, supported: supported.to_owned() }
}

/// Refuses what the official algorithm does not draw, beside what it does not declare.
fn check(faces: &Faces, params: &RasterParams, plan: &Plan<f32>) -> Result<()> {
    let (depth_map, sides) = (params.get_depth_map(), params.get_sides());
    if plan.channels != RGB || *depth_map != DepthMap::Linear || *sides != Sides::Double {
        let what = format!("{} channels, {depth_map:?}, {sides:?}", plan.channels);
        return Err(refuse(what, "3 channels, linear depth, both sides"));
    }
    if (0..faces.count()).any(|f| faces.is_absent(f)) {
        return Err(refuse("faces that are absent".to_owned(), "faces that are all drawn"));
    }
    Ok(())
}

impl Rasterizer<f32> for CudaBrute {
    type Saved = CudaBruteSaved;

    fn info(&self) -> Info {
        let info = self.device.info();
        let details = format!("the official algorithm, every face at every pixel, f32; {}", info.details);
        Info { backend: NAME.to_owned(), device: info.device, details }
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::published(&["f32"])
    }

    fn forward_into(
        &self,
        faces: &Arc<Faces>,
        params: &RasterParams,
        image: &mut Image,
        saved: &mut CudaBruteSaved,
    ) -> Result<()> {
        saved.drawn = None;
        let plan = Plan::new(faces, params)?;
        self.capabilities().check(NAME, faces, params)?;
        check(faces, params, &plan)?;
        image.fit(&plan);
        saved.drawn = Some(draw(&self.device.work, faces, params, plan, image)?);
        Ok(())
    }

    fn backward_into(
        &self,
        saved: &CudaBruteSaved,
        grad: &ImageGrad,
        wanted: Wanted,
        gradients: &mut Gradients,
    ) -> Result<()> {
        let Some(drawn) = &saved.drawn else {
            return Err(Error::layout("saved state", "an empty one", "one that forward filled"));
        };
        grad.check(&drawn.plan)?;
        if !(Wanted::CORNERS | Wanted::TEXTURES).contains(wanted) {
            return Err(refuse(format!("{wanted:?}"), "gradients to corners and textures"));
        }
        gradients.fit(wanted, &drawn.faces, &drawn.plan, 0);
        drawn.draw_back(grad, gradients)
    }
}

fn draw(
    work: &Arc<Work>,
    faces: &Arc<Faces>,
    params: &RasterParams,
    plan: Plan<f32>,
    image: &mut Image,
) -> Result<Drawn> {
    let gpu = &work.gpu;
    let mut held = Vec::new();
    macro_rules! filled {
        ($what:literal, $values:expr) => {{
            held.push(work.arena.filled(gpu, $what, $values)?);
            held[held.len() - 1].ptr(gpu)
        }};
    }
    macro_rules! lent {
        ($what:literal, $numbers:expr) => {{
            held.push(work.arena.lend::<f32>(gpu, $what, $numbers)?);
            held[held.len() - 1].ptr(gpu)
        }};
    }
    let pixels = plan.batch * plan.pixels();
    let brute = Brute {
        picture: filled!("pictures", &pictures(faces, params)?),
        corners: filled!("corners", faces.corners().as_slice().unwrap_or(&[])),
        texels: filled!("texels", faces.textures().and_then(|t| t.texels().as_slice()).unwrap_or(&[])),
        background: filled!("background", &plan.background),
        prepared: lent!("faces that are prepared", faces.count() * FACE_NUMBERS),
        color: lent!("picture", pixels * RGB),
        alpha: lent!("silhouette", pixels),
        softmax: lent!("sums of the pixels", pixels * 2),
        faces: faces.count() as u64,
        pictures: plan.batch as u32,
        width: plan.width as u32,
        height: plan.height as u32,
        near: *params.get_near(),
        far: *params.get_far(),
        ..Brute::default()
    };
    let run = |stage: Stage, threads: u64| -> Result<()> {
        let kernel = work.kernels.get(gpu, stage, &Axes::PAPER)?;
        Ok(gpu.launch(&kernel, threads.div_ceil(THREADS), &brute)?)
    };
    run(Stage::BruteFaces, brute.faces)?;
    run(Stage::BruteForward, pixels as u64)?;
    let [.., color, alpha, _] = held.as_slice() else {
        return Err(Error::layout("buffers of the brute force", held.len(), "8"));
    };
    if let Some(to) = image.color.as_mut().and_then(|a| a.as_slice_mut()) {
        buffers::read(gpu, color, "brute_forward", to)?;
    }
    if let Some(to) = image.silhouette.as_mut().and_then(|a| a.as_slice_mut()) {
        buffers::read(gpu, alpha, "brute_forward", to)?;
    }
    Ok(Drawn { faces: Arc::clone(faces), plan, brute, held, work: Arc::clone(work) })
}

impl Drawn {
    fn draw_back(&self, grad: &ImageGrad, gradients: &mut Gradients) -> Result<()> {
        let (work, gpu) = (&self.work, &self.work.gpu);
        let pixels = self.plan.batch * self.plan.pixels();
        let zeros = |what: &str, numbers: usize| -> Result<Buffer> {
            let buffer = work.arena.lend::<f32>(gpu, what, numbers)?;
            buffers::zero(gpu, buffer.ptr(gpu), numbers)?;
            Ok(buffer)
        };
        let given = |what: &str, values: Option<&[f32]>, numbers: usize| match values {
            Some(values) => work.arena.filled(gpu, what, values),
            None => zeros(what, numbers),
        };
        let color = grad.color.as_ref().map(|a| a.as_standard_layout());
        let alpha = grad.silhouette.as_ref().map(|a| a.as_standard_layout());
        let color =
            given("gradient of the picture", color.as_ref().and_then(|a| a.as_slice()), pixels * RGB)?;
        let alpha = given("gradient of the silhouette", alpha.as_ref().and_then(|a| a.as_slice()), pixels)?;
        let rows = self.faces.textures().map_or(0, |t| t.rows());
        let corners = zeros("gradient of the corners", self.faces.count() * 9)?;
        let texels = zeros("gradient of the textures", rows * 9)?;
        let brute = Brute {
            grad_color: color.ptr(gpu),
            grad_alpha: alpha.ptr(gpu),
            grad_corners: corners.ptr(gpu),
            grad_texels: texels.ptr(gpu),
            ..self.brute
        };
        let kernel = work.kernels.get(gpu, Stage::BruteBackward, &Axes::PAPER)?;
        gpu.launch(&kernel, (pixels as u64).div_ceil(THREADS), &brute)?;
        if let Some(to) = gradients.corners.as_mut().and_then(|a| a.as_slice_mut()) {
            buffers::read(gpu, &corners, "brute_backward", to)?;
        }
        if let Some(to) = gradients.textures.as_mut().and_then(|a| a.as_slice_mut()) {
            buffers::read(gpu, &texels, "brute_backward", to)?;
        }
        Ok(())
    }
}
