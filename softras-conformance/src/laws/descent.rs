//! What a fit needs: a step against the gradient goes down.

use ndarray::{Array3, Array4, Zip};
use softras_core::math::Cutoff;
use softras_core::raster::{Capabilities, Gradients, Outputs, Wanted};
use softras_core::{Image, ImageGrad};

use super::gradient::smooth;
use super::{Under, law};
use crate::law::{Broken, Law, Outcome};
use crate::oracle;
use crate::scene::{Scene, signed_noise};
use crate::strategy::{self, Kind};
use crate::subject::Tested;

pub(super) const LAWS: &[Law] = &[law!(
    "gradient::descends",
    "a small step against the gradient lowers the loss, but at a kink",
    Budget.of("parts with a gradient"),
    descends
)];

/// Places that are tried. A kink lies in the way at one of 6,000; a wrong gradient is wrong beside it too.
const PLACES: u64 = 2;
/// How far a corner is from where it was at the place before.
const ASIDE: f64 = 0.05;

fn descends<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let can = match smooth(under) {
        // With a hard cut a color may jump, the silhouette by dist_eps alone.
        Ok(can) if can.cutoffs.contains(&Cutoff::None) => Capabilities { cutoffs: vec![Cutoff::None], ..can },
        Ok(can) => Capabilities { outputs: vec![Outputs::Silhouette], ..can },
        Err(lacking) => return Ok(lacking),
    };
    under.context.for_all(strategy::scene(&can, Kind::Ordinary), |scene, gauge| {
        let scene = Scene { sigma: vec![1e-2], gamma: vec![0.3], ..scene.clone() };
        let mut told: Option<Step> = None;
        for place in 0..PLACES {
            let Some(step) = step_down(under, &aside(&scene, place))? else { break };
            let comes_down = step.error() <= step.bound();
            if comes_down || told.is_none() {
                told = Some(step);
            }
            if comes_down {
                break;
            }
        }
        let Some(step) = told else { return Ok(()) };
        gauge.within(|| format!("{step:?}"), step.error(), step.bound())
    })
}

/// The scene with its faces moved and bent a little, another way for each place but the first.
fn aside(scene: &Scene, place: u64) -> Scene {
    let mut scene = scene.clone();
    for (i, corner) in scene.pictures.iter_mut().flatten().flatten().enumerate().filter(|_| place > 0) {
        for (k, x) in corner[..2].iter_mut().enumerate() {
            *x += (ASIDE * signed_noise(scene.seed ^ place, 21, 2 * i + k)) as f32;
        }
    }
    scene
}

/// A step against the gradient, and the loss before and after it.
#[derive(Clone, Copy, Debug)]
struct Step {
    start: f64,
    end: f64,
    /// How much lower the gradient says that the end is.
    promised: f64,
    /// What rounding does to a loss.
    noise: f64,
}

impl Step {
    fn error(&self) -> f64 {
        (self.end - self.start + self.promised).abs()
    }
    fn bound(&self) -> f64 {
        0.5 * self.promised + self.noise
    }
}

/// Goes down from a scene by the longest step along which the loss is straight, or by the shortest that shows.
///
/// A step may be too long for the loss to be straight along it, or meet a kink; the shortest still lowers the loss by
/// more than rounding does. `None` where there is nothing to go down.
fn step_down<R: Tested>(under: &Under<'_, R>, scene: &Scene) -> Result<Option<Step>, Broken> {
    let (faces, params) = (scene.faces::<R>()?, scene.params::<R>());
    let (image, saved) = under.backend.forward(&faces, &params)?;
    let mut target = scene.grad::<R>();
    oracle::doubt(&scene.faces()?, &scene.params())?.silence(&mut target);
    let residual = residual(&image, &target);
    let mut gradients = Gradients::default();
    under.backend.backward_into(&saved, &residual, Wanted::default(), &mut gradients)?;
    let Some(corners) = gradients.corners else { return Ok(None) };
    let square: f64 = corners.iter().map(|g| g.to_f64().powi(2)).sum();
    if square < 1e-6 {
        return Ok(None);
    }
    let start = half_square(&residual);
    let noise = 1e3 * under.budget.unit * start;
    let mut told: Option<Step> = None;
    for shorter in [1.0, 0.1, 1e-2, 1e-3, 1e-4] {
        let length = shorter * (1e-3 * start / square).min(1e-3 / square.sqrt());
        let promised = length * square;
        if promised < 4.0 * noise {
            break;
        }
        let mut moved = faces.clone();
        let along = |&x: &R, &g: &R| R::from_f64(x.to_f64() - length * g.to_f64());
        moved.replace_corners(Zip::from(faces.corners()).and(&corners).map_collect(along))?;
        let (after, _) = under.backend.forward(&moved, &params)?;
        let end = half_square(&self::residual(&after, &target));
        let step = Step { start, end, promised, noise };
        told = Some(step);
        if step.error() <= step.bound() {
            break;
        }
    }
    Ok(told)
}

/// The gradient of half the squared difference to another picture: a loss that is flat nowhere. Pixels whose target is
/// silenced do not count.
fn residual<R: Tested>(image: &Image<R>, target: &ImageGrad<R>) -> ImageGrad<R> {
    let take = |x: R, t: R| if t == R::ZERO { R::ZERO } else { x - t };
    let color = image.color.as_ref().zip(target.color.as_ref());
    let silhouette = image.silhouette.as_ref().zip(target.silhouette.as_ref());
    ImageGrad {
        color: color.map(|(x, t)| Array4::from_shape_fn(x.dim(), |i| take(x[i], t[i]))),
        silhouette: silhouette.map(|(x, t)| Array3::from_shape_fn(x.dim(), |i| take(x[i], t[i]))),
    }
}

/// The loss whose gradient is `residual`.
fn half_square<R: Tested>(residual: &ImageGrad<R>) -> f64 {
    let color = residual.color.iter().flat_map(|x| x.iter()).map(|x| x.to_f64().powi(2)).sum::<f64>();
    let silhouette =
        residual.silhouette.iter().flat_map(|x| x.iter()).map(|x| x.to_f64().powi(2)).sum::<f64>();
    0.5 * (color + silhouette)
}
