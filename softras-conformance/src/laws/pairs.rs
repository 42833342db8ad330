//! How many pairs count (KERNELS 2): no more is drawn than must be, and nothing is dropped.

use softras_core::raster::{DynRasterizer, Outputs, RasterParams};
use softras_core::reference::Reference;
use softras_core::scene::Faces;

use super::pictures::{icosphere, official_camera};
use super::{Under, built, law, law_single};
use crate::budget::Rung;
use crate::law::{Broken, Gauge, Law, Outcome};
use crate::oracle;
use crate::strategy::{self, Kind};
use crate::subject::Tested;

pub(super) const LAWS: &[Law] = &[
    law!(
        "forward::pairs_are_those_of_the_reference",
        "as many pairs of a face and a pixel count as in the reference, but for those that rounding may decide",
        Bits,
        pairs_are_those_of_the_reference
    ),
    law_single!(
        "forward::pairs_of_a_sphere",
        "the counts of KERNELS 2: every face within reach of a pixel counts, on 1,280 faces and on 81,920",
        Budget,
        pairs_of_a_sphere
    ),
];

/// Draws, and asks how many pairs counted; `None` if the back end does not count.
fn pairs<R: Tested>(
    backend: &dyn DynRasterizer<R>,
    faces: &Faces<R>,
    params: &RasterParams<R>,
) -> Result<Option<f64>, Broken> {
    let (_, saved) = backend.forward(faces, params)?;
    Ok(backend.pairs(&saved).map(|pairs| pairs as f64))
}

fn pairs_are_those_of_the_reference<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let mut gauge = under.context.for_all(strategy::scene(&under.can, Kind::Strange), |scene, gauge| {
        let Some(found) = pairs(under.backend, &scene.faces()?, &scene.params())? else { return Ok(()) };
        let expected = pairs::<f64>(&Reference, &scene.faces()?, &scene.params())?.unwrap_or(f64::NAN);
        let doubt = oracle::doubt(&scene.faces()?, &scene.params())?;
        let off = (found - expected).abs();
        gauge.holds(
            || format!("{found} pairs, expected {expected}, {} of them in doubt", doubt.pairs),
            off <= doubt.pairs as f64,
        )
    })?;
    if gauge.comparisons == 0 {
        gauge.lacks.push("pair counts".to_owned());
    }
    Ok(gauge)
}

/// A row of KERNELS 2: halvings of the icosahedron, pixels along a side, sigma, the pairs that count, by how much they
/// may be off: 1e-4 of the reach decides for some, and the table has three digits where there are many.
struct Row(u32, usize, f32, f64, f64);

#[rustfmt::skip]
const TABLE: [Row; 8] = [
    Row(3, 64, 1e-5, 6475.0, 1e-3), Row(3, 64, 1e-4, 16_619.0, 1e-3), Row(3, 64, 1e-3, 71_876.0, 1e-3),
    Row(4, 256, 1e-5, 1.73e5, 4e-3), Row(4, 256, 1e-4, 6.05e5, 4e-3), Row(4, 256, 1e-3, 3.46e6, 4e-3),
    Row(6, 512, 1e-5, 3.33e6, 4e-3), Row(6, 512, 1e-4, 2.07e7, 4e-3),
];

fn pairs_of_a_sphere(under: &Under<'_, f32>) -> Outcome {
    let mut gauge = Gauge::default();
    // The reference tries each face at every pixel, and a device may be an emulated one: both get the smallest sphere.
    let largest = match under.context.subject.held_to() {
        Rung::Reference | Rung::Device => 64,
        Rung::Scalar | Rung::Simd => 512,
    };
    // The camera of the table: distance 2.732, elevation 20, azimuth 30, half-angle 15.
    let (elevation, azimuth) = (20f64.to_radians(), 30f64.to_radians());
    let eye = [elevation.cos() * azimuth.sin(), elevation.sin(), -elevation.cos() * azimuth.cos()];
    let project = official_camera(eye.map(|x| 2.732 * x), 15.0);
    let one =
        if under.can.outputs.contains(&Outputs::Silhouette) { Outputs::Silhouette } else { Outputs::Both };
    for Row(level, side, sigma, expected, off) in TABLE.iter().filter(|row| row.1 <= largest) {
        let corners = icosphere(*level).corners(|v| project(v.map(|x| 0.5 * x)));
        let faces = built::picture::<f32>(&corners)?;
        let faces = match one.color() {
            true => faces.with_textures(built::white(
                corners.len(),
                softras_core::math::TextureKind::Vertex,
                1,
            )?)?,
            false => faces,
        };
        let params = RasterParams::new(*side, *side).sigma(*sigma).outputs(one);
        let Some(found) = pairs(under.backend, &faces, &params)? else {
            return Ok(Gauge::unsupported("pair counts"));
        };
        let what = || format!("pairs of {} faces @ {side}^2, sigma {sigma:e}", corners.len());
        gauge.near(what, found, *expected, off * expected)?;
    }
    Ok(gauge)
}
