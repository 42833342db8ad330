//! Plain scalar code: our own formulas, one pair at a time, no lanes, lists, tiles or threads.
//!
//! What vector code is measured against. Each face goes over the pixels of its box, grown by how far it reaches, forward
//! and backward; the box test is made once a face, not once a pixel as the brute force does. The formulas are those of
//! every back end, compiled for one `f32` with the flags of the program.

use std::ops::Range;
use std::sync::Arc;

use softras_core::math::{
    ColorAggregator, ColorCotangent, ColorGrad, ColorPixel, ColorPixelGrad, ColorSlot, Euclidean, Face,
    Logistic, PairSink, Parts, ProbabilisticOr, SilhouetteAggregator, SilhouetteGrad, Softmax, TexelSink,
    Vec2, WeightSink, pixel_centre,
};
use softras_core::raster::{
    Capabilities, Gradients, Info, Plan, RasterParams, Rasterizer, Wanted, cull_reach,
};
use softras_core::scene::Faces;
use softras_core::{Error, Image, ImageGrad, Result};

/// The name of plain scalar code.
pub const PLAIN: &str = "scalar";
/// Channels of a color.
const RGB: usize = 3;
/// The paper's parts.
const PARTS: Parts<Euclidean, Logistic, ProbabilisticOr, Softmax> =
    Parts { distance: Euclidean, distribution: Logistic, silhouette: ProbabilisticOr, color: Softmax };

type SilhouetteState = <ProbabilisticOr as SilhouetteAggregator>::State<f32>;
type ColorState = <Softmax as ColorAggregator>::State<f32>;
type Fixed = <Softmax as ColorAggregator>::Cotangent<f32>;

/// Plain scalar code.
#[derive(Clone, Copy, Debug, Default)]
pub struct Plain;

/// What [`Plain`] keeps of a picture.
#[derive(Debug, Default)]
pub struct PlainSaved {
    drawn: Option<Drawn>,
}

#[derive(Debug)]
struct Drawn {
    faces: Arc<Faces<f32>>,
    params: RasterParams<f32>,
    plan: Plan<f32>,
    pixels: Vec<Pixel>, // [B, H, W]
    pairs: u64,
}

/// The states of a pixel.
#[derive(Clone, Copy, Debug)]
struct Pixel {
    silhouette: SilhouetteState,
    color: ColorState,
    sums: [f32; RGB],
}

/// The gradient at a pixel.
#[derive(Clone, Copy, Debug)]
struct Cotangent {
    alpha: f32,
    fixed: Fixed,
    sums: [f32; RGB],
}

/// The columns and rows whose pixel centres a face can reach.
fn range_of(face: &Face<'_, f32>, reach: f64, plan: &Plan<f32>) -> (Range<usize>, Range<usize>) {
    let (h, w) = (plan.height as f64, plan.width as f64);
    let margin = reach * (1.0 + 1e-4) + 1e-5;
    let range = |low: f64, high: f64, size: usize| {
        let end = ((high.floor() + 1.0).max(0.0) as usize).min(size);
        (low.ceil().max(0.0) as usize).min(end)..end
    };
    let (low, high) = (face.bounds.low, face.bounds.high);
    let (left, right) = (f64::from(low.x) - margin, f64::from(high.x) + margin);
    let (bottom, top) = (f64::from(low.y) - margin, f64::from(high.y) + margin);
    (
        range((left * h + w - 1.0) / 2.0, (right * h + w - 1.0) / 2.0, plan.width),
        range((h - 1.0 - top * h) / 2.0, (h - 1.0 - bottom * h) / 2.0, plan.height),
    )
}

/// Centres of the columns and of the rows of a picture.
fn centres(plan: &Plan<f32>) -> (Vec<f32>, Vec<f32>) {
    let of = |row, column| pixel_centre::<f32>(row, column, plan.height, plan.width);
    ((0..plan.width).map(|c| of(0, c).x).collect(), (0..plan.height).map(|r| of(r, 0).y).collect())
}

impl Drawn {
    fn draw(&mut self, image: &mut Image<f32>) {
        let Self { faces, params, plan, pixels, pairs } = self;
        let (x, y) = centres(plan);
        let mut scratch = [0.0; RGB];
        for (b, picture) in faces.pictures().iter().enumerate() {
            let setting = plan.setting(b, params.get_weights());
            let reach = cull_reach(params, &setting);
            let (silhouette, color) = (PARTS.silhouette.identity(0.0), PARTS.color.identity(0.0));
            let first = pixels.len();
            pixels.resize(first + plan.pixels(), Pixel { silhouette, color, sums: [0.0; RGB] });
            let own = &mut pixels[first..];
            for f in picture.faces.clone().filter(|&f| !faces.is_absent(f)) {
                let face = plan.face(faces, b, f);
                let (columns, rows) = range_of(&face, reach, plan);
                for row in rows {
                    for column in columns.clone() {
                        let Pixel { silhouette, color, sums } = &mut own[row * plan.width + column];
                        let slot = ColorSlot { state: color, sums, scratch: &mut scratch };
                        let at = Vec2::new(x[column], y[row]);
                        let counts = PARTS.forward(&setting, &face, at, Some(silhouette), Some(slot));
                        *pairs += u64::from(counts);
                    }
                }
            }
            let background = &plan.background[b * RGB..(b + 1) * RGB];
            for (p, Pixel { silhouette, color, sums }) in own.iter_mut().enumerate() {
                let (row, column) = (p / plan.width, p % plan.width);
                if let Some(alpha) = &mut image.silhouette {
                    alpha[[b, row, column]] =
                        PARTS.silhouette.finish(silhouette, setting.faces, setting.t_conorm_shape);
                }
                PARTS.color.finish(&setting.color, color, sums, background, &mut scratch);
                if let Some(image) = &mut image.color {
                    for (c, &value) in scratch.iter().enumerate() {
                        image[[b, c, row, column]] = value;
                    }
                }
            }
        }
    }

    fn draw_back(&self, grad: &ImageGrad<f32>, gradients: &mut Gradients<f32>) {
        let Self { faces, params, plan, pixels, .. } = self;
        let (x, y) = centres(plan);
        let (mut color, mut grad_color) = ([0.0; RGB], [0.0; RGB]);
        for (b, picture) in faces.pictures().iter().enumerate() {
            let setting = plan.setting(b, params.get_weights());
            let reach = cull_reach(params, &setting);
            let background = &plan.background[b * RGB..(b + 1) * RGB];
            let own = &pixels[b * plan.pixels()..(b + 1) * plan.pixels()];
            let cotangents: Vec<_> = own
                .iter()
                .enumerate()
                .map(|(p, state)| {
                    let (row, column) = (p / plan.width, p % plan.width);
                    let of_color = grad.color.as_ref();
                    let pixel_grad: [f32; RGB] =
                        std::array::from_fn(|c| of_color.map_or(0.0, |g| g[[b, c, row, column]]));
                    let pixel = ColorPixel { state: state.color, sums: &state.sums, background };
                    let (mut sums, mut grad_background) = ([0.0; RGB], [0.0; RGB]);
                    let mut out = ColorPixelGrad {
                        sums: &mut sums,
                        background: &mut grad_background,
                        weights: WeightSink::Nowhere,
                    };
                    let (fixed, _) = PARTS.color.pixel_vjp(&setting.color, &pixel, &pixel_grad, &mut out);
                    let alpha = grad.silhouette.as_ref().map_or(0.0, |g| g[[b, row, column]]);
                    Cotangent { alpha, fixed, sums }
                })
                .collect();
            for (i, f) in picture.faces.clone().enumerate().filter(|&(_, f)| !faces.is_absent(f)) {
                let face = plan.face(faces, b, f);
                let (columns, rows) = range_of(&face, reach, plan);
                let (mut corners, mut texels) = ([[0.0; 3]; 3], [0.0; 3 * RGB]);
                for row in rows {
                    for column in columns.clone() {
                        let p = row * plan.width + column;
                        let (state, cotangent) = (&own[p], &cotangents[p]);
                        let silhouette = SilhouetteGrad { state: state.silhouette, grad: cotangent.alpha };
                        let color_grad = ColorGrad {
                            pixel: ColorPixel { state: state.color, sums: &state.sums, background },
                            cotangent: ColorCotangent { fixed: cotangent.fixed, sums: &cotangent.sums },
                        };
                        let mut sink = PairSink {
                            color: &mut color,
                            grad_color: &mut grad_color,
                            texels: TexelSink::Corners(&mut texels),
                            weights: WeightSink::Nowhere,
                        };
                        let at = Vec2::new(x[column], y[row]);
                        let pair = PARTS.backward(
                            &setting,
                            &face,
                            at,
                            Some(&silhouette),
                            Some(&color_grad),
                            &mut sink,
                        );
                        for (sums, own) in corners.iter_mut().zip(pair.corners) {
                            for (sum, value) in sums.iter_mut().zip(own) {
                                *sum += value;
                            }
                        }
                    }
                }
                for k in 0..3 {
                    for c in 0..3 {
                        if let Some(out) = &mut gradients.corners {
                            out[[f, k, c]] = corners[k][c];
                        }
                        if let Some(out) = &mut gradients.textures {
                            out[[picture.first_texture + i, k, c]] += texels[k * RGB + c];
                        }
                    }
                }
            }
        }
    }
}

fn unsupported(what: String, supported: &str) -> Error {
    Error::Unsupported { backend: PLAIN.to_owned(), what, supported: supported.to_owned() }
}

impl Rasterizer<f32> for Plain {
    type Saved = PlainSaved;

    fn info(&self) -> Info {
        Info {
            backend: PLAIN.to_owned(),
            device: "host".to_owned(),
            details: "our formulas on one f32 at a time, each face over its box, one thread".to_owned(),
        }
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::published(&["f32"])
    }

    fn forward_into(
        &self,
        faces: &Arc<Faces<f32>>,
        params: &RasterParams<f32>,
        image: &mut Image<f32>,
        saved: &mut PlainSaved,
    ) -> Result<()> {
        // What was drawn last time gives its pixels, so that none are fetched from the system.
        let mut pixels = saved.drawn.take().map_or_else(Vec::new, |drawn| drawn.pixels);
        pixels.clear();
        let plan = Plan::new(faces, params)?;
        self.capabilities().check(PLAIN, faces, params)?;
        if plan.channels != RGB {
            return Err(unsupported(format!("{} channels", plan.channels), "3 channels"));
        }
        image.fit(&plan);
        let mut drawn = Drawn { faces: Arc::clone(faces), params: params.clone(), plan, pixels, pairs: 0 };
        drawn.draw(image);
        saved.drawn = Some(drawn);
        Ok(())
    }

    fn backward_into(
        &self,
        saved: &PlainSaved,
        grad: &ImageGrad<f32>,
        wanted: Wanted,
        gradients: &mut Gradients<f32>,
    ) -> Result<()> {
        let Some(drawn) = &saved.drawn else {
            return Err(Error::layout("saved state", "an empty one", "one that forward filled"));
        };
        grad.check(&drawn.plan)?;
        if !(Wanted::CORNERS | Wanted::TEXTURES).contains(wanted) {
            return Err(unsupported(format!("{wanted:?}"), "gradients to corners and textures"));
        }
        gradients.fit(wanted, &drawn.faces, &drawn.plan, 0);
        drawn.draw_back(grad, gradients);
        Ok(())
    }

    fn pairs(&self, saved: &PlainSaved) -> Option<u64> {
        saved.drawn.as_ref().map(|d| d.pairs)
    }
}
