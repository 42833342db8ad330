//! Pictures to look at, chosen by a rule and by nobody: [`examples`].

use std::sync::Arc;

use ndarray::{Array3, ArrayView3, Axis};
use softras_core::raster::DynRasterizer;
use softras_io::RgbFrame;

use super::predictor::{Prediction, Predictor, Query};
use super::report::{Doing, Plan};
use crate::data::{Appearance, Light, VIEWS, appearance};
use crate::error::{Error, Result};

/// Views from the one that is shown to those that an example is looked at from: the same, from behind, from a side.
const TURNS: [usize; 3] = [0, VIEWS / 2, VIEWS / 4];

/// One picture, the truth behind it, and what each method makes of it.
#[derive(Clone, Debug)]
pub struct Example {
    /// The object.
    pub name: String,
    /// What it is.
    pub category: String,
    /// Which of its pictures was shown.
    pub view: usize,
    /// That picture.
    pub input: RgbFrame,
    /// The truth, seen from where the picture was taken, from behind, and from a side.
    pub truth: [RgbFrame; 3],
    /// What each method made of it, in the order of the methods.
    pub attempts: Vec<Attempt>,
}

/// What a method makes of a picture.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Its intersection over union with the truth at 32^3.
    pub iou: f64,
    /// It, seen as the truth is.
    pub sides: [RgbFrame; 3],
}

/// Shows each of `methods` the pictures of `count` of the scored objects, or of all if there are fewer. Nobody picks them:
/// the objects are spread evenly over those of `plan` in their order, and of the i-th the i-th of the pictures that are
/// shown is taken, beginning anew after the last.
///
/// # Errors
/// `Setting` if there is nothing to show; else whatever a method, the store or the back end reports.
pub fn examples(
    device: &dyn DynRasterizer,
    plan: &Plan<'_>,
    count: usize,
    methods: &mut [(&str, &mut dyn Predictor)],
    progress: Doing<'_>,
) -> Result<Vec<Example>> {
    let (shown, all) = (plan.shown(), plan.objects.len());
    let count = count.min(all);
    if count == 0 || shown.is_empty() {
        let found = format!("{count} of {all} objects from {} sides", shown.len());
        return Err(Error::setting("examples", found, "at least one"));
    }
    let mut examples = Vec::with_capacity(count);
    for i in 0..count {
        let (index, view) = (plan.objects[i * all / count], shown[i % shown.len()]);
        let object = &plan.store.objects()[index];
        let truth = plan.store.appearance(index)?;
        let picture = truth.pictures.index_axis(Axis(0), view);
        let query = Query { picture, category: &object.category };
        let mut attempts = Vec::with_capacity(methods.len());
        for (name, method) in methods.iter_mut() {
            let mut made = method.predict(&[query])?;
            let found = match (made.pop(), made.is_empty()) {
                (Some(Prediction::Known(known)), true) => known,
                (Some(Prediction::Mesh(mesh)), true) => {
                    // A color holds its light; grey without light shows no shape.
                    let light = if mesh.channels() == 0 { Light::Usual } else { Light::None };
                    Arc::new(appearance(device, &mesh, light)?)
                }
                (last, _) => {
                    let found = made.len() + usize::from(last.is_some());
                    return Err(Error::setting(
                        &format!("predictions of {name}"),
                        found,
                        "1, for one picture",
                    ));
                }
            };
            attempts.push(Attempt { iou: truth.voxels.iou(&found.voxels), sides: sides(&found, view)? });
        }
        examples.push(Example {
            name: object.name.clone(),
            category: object.category.clone(),
            view,
            input: on_white(picture)?,
            truth: sides(&truth, view)?,
            attempts,
        });
        progress("examples", i + 1, count);
    }
    Ok(examples)
}

fn sides(appearance: &Appearance, view: usize) -> Result<[RgbFrame; 3]> {
    let side = |turn: usize| on_white(appearance.pictures.index_axis(Axis(0), (view + turn) % VIEWS));
    Ok([side(TURNS[0])?, side(TURNS[1])?, side(TURNS[2])?])
}

/// Returns a picture `[4, H, W]`, whose colors are over black, over white.
fn on_white(picture: ArrayView3<'_, u8>) -> Result<RgbFrame> {
    let (_, height, width) = picture.dim();
    let color = Array3::from_shape_fn((3, height, width), |(c, y, x)| {
        (f32::from(picture[[c, y, x]]) + 255.0 - f32::from(picture[[3, y, x]])) / 255.0
    });
    Ok(RgbFrame::from_color(color.view())?)
}
