//! What training makes small: pictures of two sides against predictions from both, [`PairLoss`].
//!
//! For B objects with views a and b, a model predicts 2 B meshes: B from the pictures a, then B from the pictures b. Each is
//! drawn from both sides, which gives 4 B pictures, in the published order:
//!
//! | pictures | mesh from | drawn from | against |
//! |---|---|---|---|
//! | 0 .. B | a | a | a |
//! | B .. 2 B | b | a | a |
//! | 2 B .. 3 B | a | b | b |
//! | 3 B .. 4 B | b | b | b |
//!
//! `loss = silhouette * mean over 4 B of (1 - soft IoU) + color * mean over 4 B of |I - T|
//!       + laplacian * mean over 2 B of L + flatten * mean over 2 B of F` (MATH 9)
//!
//! and with texels `+ color_laplacian * mean over 2 B of S` ([`FaceSmoothness`]). Where `color_region` is the object, |I - T| counts 0
//! at pixels that the object in T does not cover.

use std::sync::Arc;

use ndarray::{Array3, Array4, ArrayView3, ArrayView4, Axis, concatenate};
use rayon::prelude::*;
use softras_core::loss::{Flatten, Laplacian, Norm, Topology, color, iou};
use softras_core::math::Scalar;
use softras_core::raster::{DynRasterizer, DynSaved, Gradients, Outputs, RasterParams, Wanted};
use softras_core::scene::{Camera, Mesh, MeshGrad, MeshTexture, View, project_batch};
use softras_core::{Image, ImageGrad};

use crate::color::FaceSmoothness;
use crate::error::{Error, Result};
use crate::settings::{ColorRegion, LossWeights};

/// The pictures that a step compares with.
#[derive(Clone, Copy, Debug)]
pub struct PairTargets<'t, R: Scalar> {
    /// The cameras of the views a, `[B]`, as indices into those of the loss.
    pub views_a: &'t [usize],
    /// The cameras of the views b.
    pub views_b: &'t [usize],
    /// Red, green, blue over black, and the silhouette, `[B, 4, H, W]`.
    pub pictures_a: ArrayView4<'t, R>,
    /// The same from the views b.
    pub pictures_b: ArrayView4<'t, R>,
}

/// The colors of meshes.
#[derive(Clone, Debug, PartialEq)]
pub enum Colors<R> {
    /// At vertices, `[2 B, V, 3]`.
    Vertex(Array3<R>),
    /// `side * side` texels a triangle, `[2 B, F, side * side, 3]`.
    Surface {
        /// Texels along a side of a triangle.
        side: usize,
        /// The texels.
        texels: Array4<R>,
    },
}

/// The loss of a step, its parts, and its gradient.
#[derive(Clone, Debug, PartialEq)]
pub struct PairValue<R> {
    /// The weighted sum.
    pub total: R,
    /// The mean of `1 - soft IoU`, without its weight, as are the next three.
    pub silhouette: R,
    /// The mean difference of colors, 0 without colors.
    pub color: R,
    /// The mean Laplacian.
    pub laplacian: R,
    /// The mean flatten loss.
    pub flatten: R,
    /// The mean difference of adjacent faces' colors, 0 without texels.
    pub color_laplacian: R,
    /// d total / d vertices, `[2 B, V, 3]`.
    pub grad_vertices: Array3<R>,
    /// d total / d colors, of the same kind; `None` without colors.
    pub grad_colors: Option<Colors<R>>,
    /// What the renderer was asked for beside, [`PairLoss::wanting`].
    pub gradients: Gradients<R>,
}

/// The loss of predictions that share their triangles.
#[derive(Clone, Debug)]
pub struct PairLoss<R: Scalar = f32> {
    triangles: Vec<[u32; 3]>,
    laplacian: Laplacian,
    flatten: Flatten,
    colors: FaceSmoothness,
    weights: LossWeights,
    cameras: Vec<Camera<R>>,
    wanted: Wanted,
}

impl<R: Scalar> PairLoss<R> {
    /// The loss of meshes with `triangles [F]` over `vertex_count` vertices, seen by some of `cameras`.
    ///
    /// # Errors
    /// `Core` if a triangle names a vertex that does not exist.
    pub fn new(
        triangles: Vec<[u32; 3]>,
        vertex_count: usize,
        cameras: Vec<Camera<R>>,
        weights: LossWeights,
    ) -> Result<Self> {
        let topology = Topology::new(&triangles, vertex_count)?;
        let (laplacian, flatten) = (Laplacian::from(topology.clone()), Flatten::from(topology));
        let colors = FaceSmoothness::new(&triangles);
        Ok(Self { triangles, laplacian, flatten, colors, weights, cameras, wanted: Wanted::NOTHING })
    }

    /// Asks the renderer for more gradients, of its own numbers.
    #[must_use]
    pub fn wanting(self, wanted: Wanted) -> Self {
        Self { wanted, ..self }
    }

    /// What must be drawn: silhouettes, and colors if there are any.
    #[must_use]
    pub const fn outputs(colors: Option<&Colors<R>>) -> Outputs {
        if colors.is_some() { Outputs::Both } else { Outputs::Silhouette }
    }

    /// Draws `vertices [2 B, V, 3]` with `device`, compares, and returns the loss and its gradient. Size and softness of
    /// the pictures are those of `params`.
    ///
    /// # Errors
    /// `Setting` if the shapes do not fit each other, or a view does not exist; `Core` if a number is not finite or the
    /// back end fails.
    pub fn loss(
        &self,
        device: &dyn DynRasterizer<R>,
        params: &RasterParams<R>,
        vertices: ArrayView3<'_, R>,
        colors: Option<&Colors<R>>,
        targets: &PairTargets<'_, R>,
    ) -> Result<PairValue<R>> {
        let cameras = self.check(vertices, colors, targets)?;
        let meshes = self.meshes(vertices, colors)?;
        let items: Vec<(&Mesh<R>, &Camera<R>)> =
            cameras.iter().enumerate().map(|(i, camera)| (&meshes[i % meshes.len()], *camera)).collect();
        let (faces, views) = project_batch(&items)?;
        let params = params.clone().outputs(Self::outputs(colors));
        let (mut image, mut saved) = (Image::default(), DynSaved::default());
        device.forward_into(&Arc::new(faces), &params, &mut image, &mut saved)?;

        let (silhouette, color, grad) = self.compare(&image, colors.is_some(), targets)?;
        let wanted = if colors.is_some() { Wanted::default() } else { Wanted::CORNERS };
        let mut gradients = Gradients::default();
        device.backward_into(&saved, &grad, wanted | self.wanted, &mut gradients)?;
        let mut value = PairValue {
            total: R::ZERO,
            silhouette,
            color,
            laplacian: R::ZERO,
            flatten: R::ZERO,
            color_laplacian: R::ZERO,
            grad_vertices: Array3::from_elem(vertices.raw_dim(), R::ZERO),
            grad_colors: colors.map(Colors::zeros),
            gradients,
        };
        gather(&views, &mut value);
        self.smooth(vertices, &mut value)?;
        if let Some(Colors::Surface { texels, .. }) = colors {
            self.smooth_colors(texels.view(), &mut value)?;
        }
        let weight = |w: f64, x: R| R::from_f64(w) * x;
        value.total = weight(self.weights.silhouette, silhouette)
            + weight(self.weights.color, color)
            + weight(self.weights.laplacian, value.laplacian)
            + weight(self.weights.flatten, value.flatten)
            + weight(self.weights.color_laplacian, value.color_laplacian);
        Ok(value)
    }

    /// Returns the camera of each of the 4 B pictures.
    fn check(
        &self,
        vertices: ArrayView3<'_, R>,
        colors: Option<&Colors<R>>,
        targets: &PairTargets<'_, R>,
    ) -> Result<Vec<&Camera<R>>> {
        let b = targets.views_a.len();
        let (n, v, _) = vertices.dim();
        if b == 0 || targets.views_b.len() != b || n != 2 * b {
            let found = format!("{n} for {b} views a and {} views b", targets.views_b.len());
            return Err(Error::setting(
                "meshes of a pair loss",
                found,
                "two for each pair, at least one pair",
            ));
        }
        for (name, pictures) in [("pictures a", targets.pictures_a), ("pictures b", targets.pictures_b)] {
            if pictures.dim() != targets.pictures_a.dim() || pictures.dim().0 != b || pictures.dim().1 != 4 {
                return Err(Error::setting(
                    name,
                    format!("{:?}", pictures.shape()),
                    format!("[{b}, 4, H, W]"),
                ));
            }
        }
        let expected = match colors {
            None => true,
            Some(Colors::Vertex(a)) => a.dim() == (n, v, 3),
            Some(Colors::Surface { side, texels }) => {
                texels.dim() == (n, self.triangles.len(), side * side, 3)
            }
        };
        if !expected {
            return Err(Error::setting(
                "colors of a pair loss",
                "another shape",
                "three channels for each mesh",
            ));
        }
        let camera = |view: &usize| {
            let expected = || format!("below {}", self.cameras.len());
            self.cameras.get(*view).ok_or_else(|| Error::setting("view of a pair loss", view, expected()))
        };
        let (a, b) = (targets.views_a, targets.views_b);
        a.iter().chain(a).chain(b).chain(b).map(camera).collect()
    }

    fn meshes(&self, vertices: ArrayView3<'_, R>, colors: Option<&Colors<R>>) -> Result<Vec<Mesh<R>>> {
        let mesh = |(i, vertices): (usize, ndarray::ArrayView2<'_, R>)| {
            let mesh = Mesh::new(vertices.to_owned(), self.triangles.clone())?;
            let texture = match colors {
                None => MeshTexture::None,
                Some(Colors::Vertex(colors)) => MeshTexture::Vertex(colors.index_axis(Axis(0), i).to_owned()),
                Some(Colors::Surface { side, texels }) => {
                    MeshTexture::Surface { side: *side, texels: texels.index_axis(Axis(0), i).to_owned() }
                }
            };
            Ok(mesh.with_texture(texture)?)
        };
        vertices.outer_iter().enumerate().map(mesh).collect()
    }

    /// Returns the loss of the silhouettes and of the colors, and the weighted gradient to the pictures.
    fn compare(
        &self,
        image: &Image<R>,
        colored: bool,
        targets: &PairTargets<'_, R>,
    ) -> Result<(R, R, ImageGrad<R>)> {
        let (a, b) = (targets.pictures_a, targets.pictures_b);
        let all = |part: fn(ArrayView4<'_, R>) -> Array4<R>| {
            let (a, b) = (part(a), part(b));
            let joined = concatenate(Axis(0), &[a.view(), a.view(), b.view(), b.view()]);
            joined.map_err(|e| Error::setting("pictures of a pair loss", e, "pictures of one size"))
        };
        let alpha = all(|p| p.select(Axis(1), &[3]))?.index_axis_move(Axis(1), 0);
        let (silhouette, mut grad) = iou(image, &alpha)?;
        let scale = |w: f64| move |x: R| R::from_f64(w) * x;
        grad.silhouette = grad.silhouette.map(|g| g.mapv_into(scale(self.weights.silhouette)));
        let mut difference = R::ZERO;
        if colored {
            let mut target = all(|p| p.select(Axis(1), &[0, 1, 2]))?;
            if let (ColorRegion::Object, Some(drawn)) = (self.weights.color_region, &image.color) {
                // What is drawn beside the object is compared with itself: no difference, no gradient.
                for ((n, c, y, x), wanted) in target.indexed_iter_mut() {
                    if alpha[[n, y, x]] <= R::ZERO {
                        *wanted = drawn[[n, c, y, x]];
                    }
                }
            }
            let (value, of_color) = color(image, &target, Norm::L1)?;
            difference = value;
            grad.color = of_color.color.map(|g| g.mapv_into(scale(self.weights.color)));
        }
        Ok((silhouette, difference, grad))
    }

    /// Adds the losses on vertices and their gradients.
    fn smooth(&self, vertices: ArrayView3<'_, R>, value: &mut PairValue<R>) -> Result<()> {
        let share = R::from_f64(1.0 / vertices.dim().0 as f64);
        let parts = |i: usize| {
            let vertices = vertices.index_axis(Axis(0), i);
            Ok((self.laplacian.loss(&vertices)?, self.flatten.loss(&vertices)?))
        };
        let parts: Vec<_> = (0..vertices.dim().0).into_par_iter().map(parts).collect::<Result<_>>()?;
        for (parts, mut grad) in parts.into_iter().zip(value.grad_vertices.axis_iter_mut(Axis(0))) {
            let ((laplacian, grad_l), (flatten, grad_f)) = parts;
            value.laplacian += share * laplacian;
            value.flatten += share * flatten;
            for (weight, part) in [(self.weights.laplacian, &grad_l), (self.weights.flatten, &grad_f)] {
                let weight = share * R::from_f64(weight);
                grad.zip_mut_with(part, |sum, g| *sum += weight * *g);
            }
        }
        Ok(())
    }

    /// Adds the loss on texels `[2 B, F, side * side, 3]` and its gradient.
    fn smooth_colors(&self, texels: ArrayView4<'_, R>, value: &mut PairValue<R>) -> Result<()> {
        let Some(Colors::Surface { texels: grads, .. }) = &mut value.grad_colors else { return Ok(()) };
        let share = R::from_f64(1.0 / texels.dim().0 as f64);
        let weight = share * R::from_f64(self.weights.color_laplacian);
        for (texels, mut grad) in texels.outer_iter().zip(grads.axis_iter_mut(Axis(0))) {
            let (one, part) = self.colors.loss(texels)?;
            value.color_laplacian += share * one;
            grad.zip_mut_with(&part, |sum, g| *sum += weight * *g);
        }
        Ok(())
    }
}

/// Adds what each of the 4 B views says about its mesh, in order: the same bits for any number of threads.
fn gather<R: Scalar>(views: &[View<R>], value: &mut PairValue<R>) {
    let count = value.grad_vertices.dim().0;
    let meshes: Vec<MeshGrad<R>> = views.par_iter().map(|view| view.vjp(&value.gradients)).collect();
    for (i, mesh) in meshes.iter().enumerate() {
        let mut vertices = value.grad_vertices.index_axis_mut(Axis(0), i % count);
        vertices.zip_mut_with(&mesh.vertices, |sum, g| *sum += *g);
        match (&mut value.grad_colors, &mesh.texture) {
            (Some(Colors::Vertex(sum)), MeshTexture::Vertex(grad)) => {
                sum.index_axis_mut(Axis(0), i % count).zip_mut_with(grad, |sum, g| *sum += *g);
            }
            (Some(Colors::Surface { texels: sum, .. }), MeshTexture::Surface { texels: grad, .. }) => {
                sum.index_axis_mut(Axis(0), i % count).zip_mut_with(grad, |sum, g| *sum += *g);
            }
            _ => {}
        }
    }
}

impl<R: Scalar> Colors<R> {
    fn zeros(&self) -> Self {
        match self {
            Self::Vertex(a) => Self::Vertex(Array3::from_elem(a.raw_dim(), R::ZERO)),
            Self::Surface { side, texels } => {
                Self::Surface { side: *side, texels: Array4::from_elem(texels.raw_dim(), R::ZERO) }
            }
        }
    }
}
