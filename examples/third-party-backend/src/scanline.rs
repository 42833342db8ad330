use std::ops::Range;
use std::sync::Arc;

use softras_core::math::{
    Color, ColorAggregator, ColorCotangent, ColorGrad, ColorPixel, ColorPixelGrad, ColorSlot, Cutoff,
    Distance, Distribution, Euclidean, Logistic, PairGrad, PairSink, Parts, ProbabilisticOr, Silhouette,
    SilhouetteAggregator, SilhouetteGrad, Softmax, SoftmaxCotangent, SoftmaxState, TexelSink, TextureKind,
    WeightSink, pixel_centre,
};
use softras_core::raster::{
    Capabilities, Choices, CustomParts, Gradients, Info, Outputs, Plan, RasterParams, Rasterizer, Saturation,
    TextureFamily, Wanted, cull_reach,
};
use softras_core::scene::Faces;
use softras_core::{Error, Image, ImageGrad, Result};

/// A rasterizer of one thread: each face in turn, over the rows and columns it can reach.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scanline;

/// What [`Scanline`] keeps of a picture for its gradient.
#[derive(Debug, Default)]
pub struct ScanlineSaved(Option<Drawn>);

/// A finished picture.
#[derive(Debug)]
struct Drawn {
    faces: Arc<Faces>,
    params: RasterParams,
    plan: Plan<f32>,
    pixels: Vec<Pixel>, // [B * H * W]
}

/// The state of the silhouette at a pixel.
type Alpha = <ProbabilisticOr as SilhouetteAggregator>::State<f32>;

/// The states of both aggregators at a pixel.
#[derive(Clone, Debug)]
struct Pixel {
    alpha: Alpha,
    color: SoftmaxState<f32>,
    sums: Vec<f32>, // [C]
}

/// What the gradient of the loss is at a pixel, in terms of those states.
struct PixelGrad {
    alpha: Option<SilhouetteGrad<Alpha, f32>>,
    color: Option<SoftmaxCotangent<f32>>,
    sums: Vec<f32>, // [C]
}

/// The paper's choice, the only one there is here.
const PARTS: Parts<Euclidean, Logistic, ProbabilisticOr, Softmax> =
    Parts { distance: Euclidean, distribution: Logistic, silhouette: ProbabilisticOr, color: Softmax };

impl Rasterizer for Scanline {
    type Saved = ScanlineSaved;

    fn info(&self) -> Info {
        let text = str::to_owned;
        Info {
            backend: text("scanline"),
            device: text("one thread"),
            details: text("face by face, row by row"),
        }
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            scalars: vec!["f32"],
            distances: vec![Distance::Euclidean],
            distributions: vec![Distribution::Logistic],
            silhouettes: vec![Silhouette::ProbabilisticOr],
            colors: vec![Color::Softmax],
            textures: vec![TextureFamily::Vertex],
            cutoffs: vec![Cutoff::Hard],
            outputs: vec![Outputs::Both, Outputs::Silhouette, Outputs::Color],
            saturations: vec![Saturation::Exact],
            custom: CustomParts::Refused,
            choices: Choices::Branches,
            max_side: 1 << 12,
        }
    }

    fn forward_into(
        &self,
        faces: &Arc<Faces>,
        params: &RasterParams,
        image: &mut Image,
        saved: &mut ScanlineSaved,
    ) -> Result<()> {
        saved.0 = None; // so that an error leaves no picture behind
        let plan = Plan::new(faces, params)?;
        self.capabilities().check("scanline", faces, params)?;
        image.fit(&plan);
        let mut drawn = Drawn { faces: Arc::clone(faces), params: params.clone(), pixels: Vec::new(), plan };
        for b in 0..drawn.plan.batch {
            let pixels = drawn.draw(b, image);
            drawn.pixels.extend(pixels);
        }
        saved.0 = Some(drawn);
        Ok(())
    }

    fn backward_into(
        &self,
        saved: &ScanlineSaved,
        grad: &ImageGrad,
        wanted: Wanted,
        gradients: &mut Gradients,
    ) -> Result<()> {
        let Some(drawn) = &saved.0 else {
            return Err(Error::layout("saved state", "an empty one", "one that forward filled"));
        };
        grad.check(&drawn.plan)?;
        gradients.fit(wanted, &drawn.faces, &drawn.plan, 0);
        for b in 0..drawn.plan.batch {
            drawn.gather(b, &drawn.pixel_grads(b, grad, gradients), gradients);
        }
        Ok(())
    }
}

impl Drawn {
    /// Draws picture `b`: every face adds itself to the pixels that it reaches.
    fn draw(&self, b: usize, image: &mut Image) -> Vec<Pixel> {
        let (plan, channels) = (&self.plan, self.plan.channels);
        let setting = plan.setting(b, &[]);
        let blank = Pixel {
            alpha: PARTS.silhouette.identity(0.0),
            color: PARTS.color.identity(0.0),
            sums: vec![0.0; channels],
        };
        let mut pixels = vec![blank; plan.pixels()];
        let mut scratch = vec![0.0; channels];
        for f in self.present(b) {
            let face = plan.face(&self.faces, b, f);
            for (row, column) in self.reached(b, f) {
                let at = pixel_centre(row, column, plan.height, plan.width);
                let Pixel { alpha, color, sums } = &mut pixels[row * plan.width + column];
                let slot = ColorSlot { state: color, sums, scratch: &mut scratch };
                let alpha = plan.draws_silhouette.then_some(alpha);
                PARTS.forward(&setting, &face, at, alpha, plan.draws_color.then_some(slot));
            }
        }
        let background = &plan.background[b * channels..(b + 1) * channels];
        for (p, Pixel { alpha, color, sums }) in pixels.iter_mut().enumerate() {
            let (row, column) = (p / plan.width, p % plan.width);
            if let Some(out) = &mut image.silhouette {
                out[[b, row, column]] = PARTS.silhouette.finish(alpha, setting.faces, setting.t_conorm_shape);
            }
            if let Some(out) = &mut image.color {
                PARTS.color.finish(&setting.color, color, sums, background, &mut scratch);
                for (c, &value) in scratch.iter().enumerate() {
                    out[[b, c, row, column]] = value;
                }
            }
        }
        pixels
    }

    /// The reverse of `finish` at every pixel of picture `b`; adds the gradients to the background and to epsilon.
    fn pixel_grads(&self, b: usize, grad: &ImageGrad, gradients: &mut Gradients) -> Vec<PixelGrad> {
        let (plan, channels) = (&self.plan, self.plan.channels);
        let setting = plan.setting(b, &[]);
        let background = &plan.background[b * channels..(b + 1) * channels];
        let mut to_background = vec![0.0; channels];
        let mut pixel_grad = |p: usize| {
            let (row, column) = (p / plan.width, p % plan.width);
            let Pixel { alpha, color, sums } = &self.pixels[b * plan.pixels() + p];
            let mut out = PixelGrad { alpha: None, color: None, sums: vec![0.0; channels] };
            if let Some(grad) = &grad.silhouette {
                out.alpha = Some(SilhouetteGrad { state: *alpha, grad: grad[[b, row, column]] });
            }
            if let Some(grad) = &grad.color {
                let grad: Vec<f32> = (0..channels).map(|c| grad[[b, c, row, column]]).collect();
                let pixel = ColorPixel { state: *color, sums, background };
                let mut sink = ColorPixelGrad {
                    sums: &mut out.sums,
                    background: &mut to_background,
                    weights: WeightSink::Nowhere,
                };
                let (fixed, epsilon) = PARTS.color.pixel_vjp(&setting.color, &pixel, &grad, &mut sink);
                out.color = Some(fixed);
                if let Some(to_epsilon) = &mut gradients.epsilon {
                    to_epsilon[b] += epsilon;
                }
            }
            out
        };
        let pixel_grads = (0..plan.pixels()).map(&mut pixel_grad).collect();
        if let Some(out) = &mut gradients.background {
            for (c, value) in to_background.into_iter().enumerate() {
                out[[b, c]] = value;
            }
        }
        pixel_grads
    }

    /// Each face of picture `b` collects its gradient from the pixels that it reaches.
    fn gather(&self, b: usize, pixel_grads: &[PixelGrad], gradients: &mut Gradients) {
        let (plan, channels) = (&self.plan, self.plan.channels);
        let setting = plan.setting(b, &[]);
        let background = &plan.background[b * channels..(b + 1) * channels];
        let picture = &self.faces.pictures()[b];
        let (mut color, mut grad_color) = (vec![0.0; channels], vec![0.0; channels]);
        let mut texels =
            vec![0.0; self.faces.textures().map_or(0, |_| TextureKind::Vertex.texels() * channels)];
        for f in self.present(b) {
            let face = plan.face(&self.faces, b, f);
            let mut sum = PairGrad::zero(0.0);
            texels.fill(0.0);
            for (row, column) in self.reached(b, f) {
                let at = pixel_centre(row, column, plan.height, plan.width);
                let pixel = &self.pixels[b * plan.pixels() + row * plan.width + column];
                let grad = &pixel_grads[row * plan.width + column];
                let color_grad = grad.color.map(|fixed| ColorGrad {
                    pixel: ColorPixel { state: pixel.color, sums: &pixel.sums, background },
                    cotangent: ColorCotangent { fixed, sums: &grad.sums },
                });
                let mut sink = PairSink {
                    color: &mut color,
                    grad_color: &mut grad_color,
                    texels: TexelSink::of(TextureKind::Vertex, &mut texels),
                    weights: WeightSink::Nowhere,
                };
                let own =
                    PARTS.backward(&setting, &face, at, grad.alpha.as_ref(), color_grad.as_ref(), &mut sink);
                sum.add::<Logistic, ProbabilisticOr>(&own);
            }
            if let Some(out) = &mut gradients.corners {
                for (k, i) in (0..3).flat_map(|k| (0..3).map(move |i| (k, i))) {
                    out[[f, k, i]] = sum.corners[k][i];
                }
            }
            if let Some(out) = &mut gradients.textures {
                // Pictures may share texture rows.
                let row = picture.first_texture + f - picture.faces.start;
                for (i, &value) in texels.iter().enumerate() {
                    out[[row, i / channels, i % channels]] += value;
                }
            }
            for (out, value) in [(&mut gradients.sigma, sum.sigma), (&mut gradients.gamma, sum.gamma)] {
                if let Some(out) = out {
                    out[b] += value;
                }
            }
        }
    }

    /// The faces of picture `b` that are there.
    fn present(&self, b: usize) -> impl Iterator<Item = usize> + '_ {
        self.faces.pictures()[b].faces.clone().filter(|&f| !self.faces.is_absent(f))
    }

    /// The pixels (row, column) that face `f` of picture `b` may touch: more than it does, since the pair decides.
    fn reached(&self, b: usize, f: usize) -> impl Iterator<Item = (usize, usize)> + use<> {
        let (h, w) = (self.plan.height as f64, self.plan.width as f64);
        let reach = cull_reach(&self.params, &self.plan.setting(b, &[]));
        let corners = self.faces.face(f);
        let span = |i: usize| {
            let values = corners.map(|corner| f64::from(corner[i]));
            let (low, high) = values.iter().fold((f64::MAX, f64::MIN), |(a, b), &x| (a.min(x), b.max(x)));
            let margin = 1.0001 * reach + 1e-6 * low.abs().max(high.abs());
            (low - margin, high + margin)
        };
        let ((left, right), (bottom, top)) = (span(0), span(1));
        // A pixel is 2 / H wide and high, and (0, 0) is the middle of the picture.
        let columns = pixels((left * h + w - 1.0) / 2.0, (right * h + w - 1.0) / 2.0, self.plan.width);
        let rows = pixels((h - 1.0 - top * h) / 2.0, (h - 1.0 - bottom * h) / 2.0, self.plan.height);
        rows.flat_map(move |row| columns.clone().map(move |column| (row, column)))
    }
}

/// The whole numbers below `count` from `first` to `last`, and one more on either side.
fn pixels(first: f64, last: f64, count: usize) -> Range<usize> {
    let held = |x: f64| x.clamp(0.0, count as f64) as usize;
    held(first.floor() - 1.0)..held(last.ceil() + 2.0)
}
