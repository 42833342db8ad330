//! What summing in another order costs: the gradient of the same faces the other way round.

use ndarray::Axis;
use softras_core::math::Scalar;
use softras_core::raster::DynRasterizer;
use softras_core::scene::{Faces, Textures};

use super::{Prepared, Worst};
use crate::budget::Budget;
use crate::compare::{difference, groups};
use crate::law::Broken;
use crate::oracle::{Answer, ask};

/// Draws the faces of a lone picture in reverse, and compares the gradients with those of the other order. Of faces that
/// are the same, which one has the gradient depends on the order: scenes that have such are left out.
pub(super) fn measure<R: Scalar>(
    backend: &dyn DynRasterizer<R>,
    worst: &mut Worst,
    prepared: &Prepared,
    found: &Answer<R>,
    budget: &Budget,
    depth: f64,
    scale: f64,
) -> Result<(), Broken> {
    let scene = &prepared.scene;
    let [own] = scene.pictures.as_slice() else { return Ok(()) };
    if own.len() < 2 || own.iter().enumerate().any(|(i, face)| own[..i].contains(face)) {
        return Ok(());
    }
    let faces = scene.faces::<R>()?;
    let back: Vec<usize> = (0..faces.count()).rev().collect();
    let mut reversed = Faces::new(faces.corners().select(Axis(0), &back))?.with_front(faces.front());
    if let Some(t) = faces.textures() {
        reversed = reversed.with_textures(Textures::new(t.kind(), t.texels().select(Axis(0), &back))?)?;
    }
    let mut grad = scene.grad::<R>();
    prepared.doubt.silence(&mut grad);
    let mut other = ask(backend, &reversed, &scene.params(), &grad)?.gradients;
    other.corners = other.corners.map(|x| x.select(Axis(0), &back));
    other.textures = other.textures.map(|x| x.select(Axis(0), &back));
    let pairs = groups(&other).into_iter().zip(groups(&found.gradients));
    for (((_, other), (_, found)), band) in pairs.zip(&prepared.band.gradients) {
        let d = difference(&other, &found);
        let norm = scale * band.iter().map(|x| x * x).sum::<f64>().sqrt();
        let nil = budget.bands * budget.unit; // image gradients are of size 1
        worst.see(d.norm, (budget.order + depth) * d.expected + nil, norm, budget);
    }
    Ok(())
}
