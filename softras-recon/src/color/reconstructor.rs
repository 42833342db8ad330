//! Shapes and colors from pictures: [`Reconstructor`], and fitted to them: [`Refined`].

use ndarray::{Array3, ArrayView4, Axis};
use softras_core::scene::{Mesh, MeshTexture};

use super::painter::Painter;
use crate::error::Result;
use crate::eval::{Prediction, Predictor, Query, pictures};
use crate::network::Network;
use crate::refine::Refiner;

/// A network for shapes, and one for their colors if that was learnt.
#[derive(Clone, Debug)]
pub struct Reconstructor {
    /// Shapes.
    pub network: Network,
    /// Their colors; meshes have none without.
    pub painter: Option<Painter>,
}

impl Reconstructor {
    /// Returns a mesh for each of `pictures [N, 4, 64, 64]`: red, green, blue over black, and the silhouette. Its colors, as
    /// texels of its faces, hold the light of the picture already.
    ///
    /// # Errors
    /// `Network` if the library fails; `Core` if a network predicts what is no number.
    pub fn meshes(&self, pictures: ArrayView4<'_, f32>) -> Result<Vec<Mesh>> {
        self.painted(&self.network.vertices(pictures)?, pictures)
    }

    /// Returns meshes of `vertices [N, V, 3]`, painted after `pictures [N, 4, 64, 64]`.
    ///
    /// # Errors
    /// As [`Reconstructor::meshes`].
    pub fn painted(&self, vertices: &Array3<f32>, pictures: ArrayView4<'_, f32>) -> Result<Vec<Mesh>> {
        let texels = self.painter.as_ref().map(|painter| painter.texels(pictures)).transpose()?;
        let mesh = |i: usize| {
            let mesh =
                Mesh::new(vertices.index_axis(Axis(0), i).to_owned(), self.network.triangles().to_vec())?;
            let texture = match (&self.painter, &texels) {
                (Some(painter), Some(texels)) => MeshTexture::Surface {
                    side: painter.side(),
                    texels: texels.index_axis(Axis(0), i).to_owned(),
                },
                _ => MeshTexture::None,
            };
            Ok(mesh.with_texture(texture)?)
        };
        (0..pictures.dim().0).map(mesh).collect()
    }
}

impl Predictor for Reconstructor {
    fn predict(&mut self, queries: &[Query<'_>]) -> Result<Vec<Prediction>> {
        Ok(self.meshes(pictures(queries).view())?.into_iter().map(Prediction::Mesh).collect())
    }
}

/// A [`Reconstructor`] whose shapes are fitted to the pictures that they were made of.
pub struct Refined<'d> {
    /// What makes them.
    pub reconstructor: Reconstructor,
    /// What fits them.
    pub refiner: Refiner<'d>,
}

impl Refined<'_> {
    /// As [`Reconstructor::meshes`].
    ///
    /// # Errors
    /// As there, and as [`Refiner::vertices`].
    pub fn meshes(&self, pictures: ArrayView4<'_, f32>) -> Result<Vec<Mesh>> {
        let vertices = self.refiner.vertices(&self.reconstructor.network, pictures)?;
        self.reconstructor.painted(&vertices, pictures)
    }
}

impl Predictor for Refined<'_> {
    fn predict(&mut self, queries: &[Query<'_>]) -> Result<Vec<Prediction>> {
        Ok(self.meshes(pictures(queries).view())?.into_iter().map(Prediction::Mesh).collect())
    }
}
