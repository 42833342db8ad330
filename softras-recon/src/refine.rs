//! A prediction that is fitted to the picture that it was made of: [`Refiner`].
//!
//! A network that learnt from few shapes draws what it knows, not quite what it is shown. Here its code of the picture moves,
//! its weights do not: the mesh stays one that the network can make, and its silhouette comes closer to the one shown. Which
//! side the picture shows is not known: those from which the prediction looks most like it are tried, and the best is kept.

use std::sync::Arc;

use ndarray::{Array1, Array2, Array3, ArrayView1, ArrayView2, ArrayView3, ArrayView4, Axis};
use softras_core::Image;
use softras_core::loss::{iou, iou_score};
use softras_core::raster::{DynRasterizer, DynSaved, Gradients, Outputs, RasterParams, Wanted};
use softras_core::scene::{Camera, Mesh, View, project_batch};
use softras_fit::{Adam, AdamSettings, StepScale};

use crate::data::{VIEWS, cameras};
use crate::error::{Error, Result};
use crate::network::{Decoder, Network};
use crate::settings::{ReconSettings, RefineSettings};

/// Fits the codes of pictures.
pub struct Refiner<'d> {
    device: &'d dyn DynRasterizer,
    settings: RefineSettings,
    params: RasterParams,
    cameras: Vec<Camera>,
    decoder: Decoder,
}

impl<'d> Refiner<'d> {
    /// Fits what `network` predicts, drawn by `device` as at the end of its training.
    ///
    /// # Errors
    /// `Setting` if a number is out of range; `Network` if the library fails.
    pub fn new(
        device: &'d dyn DynRasterizer,
        network: &Network,
        trained: &ReconSettings,
        settings: RefineSettings,
    ) -> Result<Self> {
        settings.check()?;
        let params = trained.raster(1.0, Outputs::Silhouette);
        Ok(Self { device, settings, params, cameras: cameras(), decoder: Decoder::new(network)? })
    }

    /// Returns the vertices `[N, V, 3]` of meshes that look like `pictures [N, 4, 64, 64]`.
    ///
    /// # Errors
    /// `Network` if the library fails; `Core` if the back end does.
    pub fn vertices(&self, network: &Network, pictures: ArrayView4<'_, f32>) -> Result<Array3<f32>> {
        let start = network.codes(pictures)?;
        if start.is_empty() || self.settings.steps == 0 {
            return network.decode(start.view());
        }
        let silhouettes = pictures.index_axis(Axis(1), 3);
        let tries = self.tries(network, network.decode(start.view())?.view(), silhouettes)?;
        let of: Vec<usize> = tries.iter().map(|(n, _)| *n).collect();
        let sides: Vec<usize> = tries.iter().map(|(_, side)| *side).collect();
        let (start, targets) = (start.select(Axis(0), &of), silhouettes.select(Axis(0), &of));
        let codes = self.fitted(network, start, &sides, targets.view())?;
        let vertices = network.decode(codes.view())?;
        let mut best: Vec<Option<(f32, usize)>> = vec![None; pictures.dim().0];
        for (i, iou) in
            self.likeness(network, vertices.view(), &sides, targets.view())?.into_iter().enumerate()
        {
            let best = &mut best[of[i]];
            if best.is_none_or(|(most, _)| iou > most) {
                *best = Some((iou, i));
            }
        }
        let chosen: Vec<usize> = best.into_iter().flatten().map(|(_, i)| i).collect();
        Ok(vertices.select(Axis(0), &chosen))
    }

    /// Returns codes that are moved from `start [T, C]` until they are seen as `targets [T, H, W]` from `sides [T]`.
    fn fitted(
        &self,
        network: &Network,
        start: Array2<f32>,
        sides: &[usize],
        targets: ArrayView3<'_, f32>,
    ) -> Result<Array2<f32>> {
        // What moves is code / size, from a number about 1: each picture by itself, whatever it is predicted together with.
        let mean_square =
            |code: ArrayView1<'_, f32>| code.iter().map(|x| x * x).sum::<f32>() / code.len() as f32;
        let size = |code| mean_square(code).sqrt().max(f32::MIN_POSITIVE);
        let sizes = Array1::from_iter(start.outer_iter().map(size)).insert_axis(Axis(1));
        let start = start / &sizes;
        let pull = (self.settings.prior / start.ncols() as f64) as f32;
        let mut moved: Vec<f32> = start.iter().copied().collect();
        let mut adam = Adam::new(AdamSettings::default(), StepScale::Each, moved.len());
        for _ in 0..self.settings.steps {
            let now = array(start.dim(), moved.clone())?;
            let codes = &now * &sizes;
            let gradient = self
                .decoder
                .gradient(codes.view(), |vertices| self.loss(network, vertices.view(), sides, targets))?;
            // And the gradient of prior * (the mean over a code of (moved - start)^2) / 2.
            let gradient = gradient * &sizes + (&now - &start) * pull;
            let gradient: Vec<f32> = gradient.iter().copied().collect();
            adam.step(self.settings.lr, &mut moved, &gradient);
        }
        Ok(array(start.dim(), moved)? * &sizes)
    }

    /// Returns what is tried: of each mesh, in order, its number and the views from which its silhouette is most like the one
    /// shown.
    fn tries(
        &self,
        network: &Network,
        vertices: ArrayView3<'_, f32>,
        targets: ArrayView3<'_, f32>,
    ) -> Result<Vec<(usize, usize)>> {
        let sides: Vec<usize> = (0..VIEWS).collect();
        let mut tries = Vec::new();
        for n in 0..vertices.dim().0 {
            let (own, target) = (vec![n; VIEWS], targets.select(Axis(0), &[n; VIEWS]));
            let all = vertices.select(Axis(0), &own);
            let likeness = self.likeness(network, all.view(), &sides, target.view())?;
            let mut order = sides.clone();
            order.sort_by(|a, b| likeness[*b].total_cmp(&likeness[*a]));
            tries.extend(order.into_iter().take(self.settings.sides).map(|side| (n, side)));
        }
        Ok(tries)
    }

    /// Returns the soft intersection over union of each mesh, seen from its side, and its target.
    fn likeness(
        &self,
        network: &Network,
        vertices: ArrayView3<'_, f32>,
        sides: &[usize],
        targets: ArrayView3<'_, f32>,
    ) -> Result<Vec<f32>> {
        let drawn = self.draw(network, vertices, sides)?;
        let Some(silhouettes) = &drawn.image.silhouette else { return Ok(Vec::new()) };
        let one = |i: usize| {
            let silhouette = Some(silhouettes.select(Axis(0), &[i]));
            Ok(iou_score(&Image { color: None, silhouette }, &targets.select(Axis(0), &[i]))?)
        };
        (0..sides.len()).map(one).collect()
    }

    /// Returns the sum over meshes of `1 - soft IoU`, and its gradient to the vertices.
    fn loss(
        &self,
        network: &Network,
        vertices: ArrayView3<'_, f32>,
        sides: &[usize],
        targets: ArrayView3<'_, f32>,
    ) -> Result<(f32, Array3<f32>)> {
        let drawn = self.draw(network, vertices, sides)?;
        let (value, grad) = iou(&drawn.image, &targets)?;
        let mut gradients = Gradients::default();
        self.device.backward_into(&drawn.saved, &grad, Wanted::CORNERS, &mut gradients)?;
        let mut out = Array3::zeros(vertices.raw_dim());
        let scale = sides.len() as f32;
        for (view, mut own) in drawn.views.iter().zip(out.outer_iter_mut()) {
            own.assign(&view.vjp(&gradients).vertices.mapv_into(|g| g * scale));
        }
        Ok((value * scale, out))
    }

    /// Draws each mesh from its side.
    fn draw(&self, network: &Network, vertices: ArrayView3<'_, f32>, sides: &[usize]) -> Result<Drawn> {
        let mesh = |v: ArrayView2<'_, f32>| Mesh::new(v.to_owned(), network.triangles().to_vec());
        let meshes: Vec<Mesh> = vertices.outer_iter().map(mesh).collect::<softras_core::Result<_>>()?;
        let items: Vec<_> =
            meshes.iter().zip(sides).map(|(mesh, side)| (mesh, &self.cameras[*side])).collect();
        let (faces, views) = project_batch(&items)?;
        let (mut image, mut saved) = (Image::default(), DynSaved::default());
        self.device.forward_into(&Arc::new(faces), &self.params, &mut image, &mut saved)?;
        Ok(Drawn { image, saved, views })
    }
}

/// Pictures, and what leads back from them.
struct Drawn {
    image: Image,
    saved: DynSaved,
    views: Vec<View>,
}

fn array(shape: (usize, usize), numbers: Vec<f32>) -> Result<Array2<f32>> {
    Array2::from_shape_vec(shape, numbers).map_err(|e| Error::network(e.to_string()))
}

#[cfg(test)]
mod tests {
    use ndarray::Array4;
    use softras_cpu::CpuRasterizer;

    use super::*;
    use crate::data::PIXELS;
    use crate::network::Learner;
    use crate::settings::{NetworkKind, NetworkSettings, Symmetry};

    /// A box in each picture, off the centre.
    fn pictures() -> Array4<f32> {
        Array4::from_shape_fn((2, 4, PIXELS, PIXELS), |(n, _, y, x)| {
            f32::from(u8::from((18..40).contains(&y) && (20..44 + 4 * n).contains(&x)))
        })
    }

    #[test]
    fn what_is_fitted_looks_more_like_the_picture_and_is_the_same_every_time() {
        let network = NetworkSettings { kind: NetworkKind::Small, symmetry: Symmetry::Mirror };
        let trained = ReconSettings { network, ..ReconSettings::default() };
        let network = Learner::new(network, 1e-8, 7).unwrap().network().unwrap();
        let (pictures, silhouettes) = (pictures(), pictures().index_axis_move(Axis(1), 3));
        let refiner = |steps| {
            let settings = RefineSettings { steps, lr: 0.2, prior: 0.01, sides: 2 };
            Refiner::new(&CpuRasterizer, &network, &trained, settings).unwrap()
        };
        let plain = refiner(0).vertices(&network, pictures.view()).unwrap();
        assert_eq!(plain, network.vertices(pictures.view()).unwrap());
        let fitted = refiner(12).vertices(&network, pictures.view()).unwrap();
        assert_eq!(fitted, refiner(12).vertices(&network, pictures.view()).unwrap());
        let alone = refiner(12).vertices(&network, pictures.select(Axis(0), &[1]).view()).unwrap();
        let apart = (&alone.index_axis(Axis(0), 0) - &fitted.index_axis(Axis(0), 1)).mapv(f32::abs);
        assert!(apart.iter().all(|x| *x < 1e-3), "{:?}", apart.iter().copied().fold(0.0, f32::max));
        let best = |vertices: &Array3<f32>, n: usize| {
            let all = vertices.select(Axis(0), &[n; VIEWS]);
            let targets = silhouettes.select(Axis(0), &[n; VIEWS]);
            let sides: Vec<usize> = (0..VIEWS).collect();
            let likeness = refiner(0).likeness(&network, all.view(), &sides, targets.view()).unwrap();
            likeness.into_iter().fold(0.0, f32::max)
        };
        for n in 0..2 {
            let (before, after) = (best(&plain, n), best(&fitted, n));
            assert!(after > before + 0.01, "picture {n}: {before} {after}");
        }
        assert_eq!(fitted.dim(), (2, 642, 3));
        assert!(RefineSettings { sides: 0, ..RefineSettings::default() }.check().is_err());
        assert!(RefineSettings { lr: f64::NAN, ..RefineSettings::default() }.check().is_err());
    }
}
