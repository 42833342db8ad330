//! The gradient of earlier renderers, as a baseline: [`VisibleOnly`].

use std::sync::Arc;

use ndarray::{Array3, Axis};
use softras_core::math::{Color, Silhouette, TextureKind};
use softras_core::raster::{
    Capabilities, DynRasterizer, DynSaved, Gradients, Info, Outputs, RasterParams, Rasterizer, Wanted,
};
use softras_core::scene::{Faces, Textures};
use softras_core::{Error, Image, ImageGrad, Result};

/// A back end whose gradient reaches only faces that are seen: a face that holds no pixel of the hard picture, of the
/// same size, gets none, as in renderers that draw hard pictures and invent a gradient for them.
///
/// It draws the same pictures as the back end below, and **breaks the gradient contract**: it is there to be compared
/// with, in experiments.
pub struct VisibleOnly<'d> {
    below: &'d dyn DynRasterizer,
}

/// What [`VisibleOnly`] keeps of a picture.
#[derive(Debug, Default)]
pub struct VisibleSaved {
    below: DynSaved,
    visible: Vec<bool>, // [F]
}

impl<'d> VisibleOnly<'d> {
    /// Draws with `below`, which must have the hard color aggregator.
    #[must_use]
    pub fn new(below: &'d dyn DynRasterizer) -> Self {
        Self { below }
    }

    /// Returns which faces hold a pixel of the hard picture, `[F]`.
    fn visible(&self, faces: &Faces, params: &RasterParams) -> Result<Vec<bool>> {
        let count = faces.count();
        // Each face's own number as its color, over a background of -1. Numbers of one picture start at 0; they are exact
        // in f32, and as large as colors may be.
        let rows = faces.pictures().iter().map(|p| p.first_texture + p.faces.len()).max().unwrap_or(0);
        let largest = faces.pictures().iter().map(|p| p.faces.len()).max().unwrap_or(0);
        if largest as f64 > softras_core::scene::MAX_COLOR {
            return Err(Error::layout(
                "faces of a picture for visible-only gradients",
                largest,
                "1e6 at most",
            ));
        }
        let mut numbers = Array3::zeros((rows, 3, 1));
        let mut sharing = vec![None; rows];
        for picture in faces.pictures() {
            for (i, row) in (picture.first_texture..picture.first_texture + picture.faces.len()).enumerate() {
                if sharing[row].is_some_and(|other| other != i) {
                    return Err(Error::layout(
                        "texture rows",
                        "rows shared by other faces",
                        "the same faces",
                    ));
                }
                sharing[row] = Some(i);
                numbers.index_axis_mut(Axis(0), row).fill(i as f32);
            }
        }
        let mut marked = Faces::packed(faces.corners().clone(), faces.pictures().to_vec())?
            .with_front(faces.front())
            .with_absent((0..count).map(|f| faces.is_absent(f)).collect())?;
        marked = marked.with_textures(Textures::new(TextureKind::Vertex, numbers)?)?;
        let hard = params
            .clone()
            .silhouette(Silhouette::Hard)
            .color(Color::Hard)
            .outputs(Outputs::Color)
            .background(&[-1.0]);
        let (mut image, mut saved) = (Image::default(), DynSaved::default());
        self.below.forward_into(&Arc::new(marked), &hard, &mut image, &mut saved)?;
        let mut visible = vec![false; count];
        let color = image.color.unwrap_or_default();
        for (picture, numbers) in faces.pictures().iter().zip(color.outer_iter()) {
            for &number in numbers.iter().filter(|n| **n > -0.5) {
                // Interpolation of equal numbers is off by their rounding at most.
                let face = picture.faces.start + number.round() as usize;
                visible[face.min(count - 1)] = true;
            }
        }
        Ok(visible)
    }
}

impl Rasterizer for VisibleOnly<'_> {
    type Saved = VisibleSaved;

    fn info(&self) -> Info {
        let info = self.below.info();
        Info { backend: format!("visible-only on {}", info.backend), ..info }
    }
    fn capabilities(&self) -> Capabilities {
        self.below.capabilities()
    }
    fn forward_into(
        &self,
        faces: &Arc<Faces>,
        params: &RasterParams,
        image: &mut Image,
        saved: &mut VisibleSaved,
    ) -> Result<()> {
        self.below.forward_into(faces, params, image, &mut saved.below)?;
        saved.visible = self.visible(faces, params)?;
        Ok(())
    }
    fn backward_into(
        &self,
        saved: &VisibleSaved,
        grad: &ImageGrad,
        wanted: Wanted,
        gradients: &mut Gradients,
    ) -> Result<()> {
        self.below.backward_into(&saved.below, grad, wanted, gradients)?;
        if let Some(corners) = &mut gradients.corners {
            for (mut face, _) in corners.outer_iter_mut().zip(&saved.visible).filter(|(_, seen)| !**seen) {
                face.fill(0.0);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array4;
    use softras_core::math::Vec3;
    use softras_core::scene::{Camera, project_views};
    use softras_cpu::CpuRasterizer;
    use softras_io::shapes::Sample;

    use super::*;

    #[test]
    fn hidden_faces_get_none_and_seen_ones_what_they_had() {
        let mesh = Sample::Cube.mesh();
        // From neither a side is seen edge-on: it would have no area, and nothing to move.
        let eyes = [Vec3::new(0.3, 0.4, 4.0), Vec3::new(3.0, -0.9, -2.0)];
        let cameras = eyes.map(|eye| Camera::look_at(eye, Vec3::ZERO));
        let (faces, _) = project_views(&mesh, &cameras).unwrap();
        let params = RasterParams::new(24, 24).sigma(1e-2).gamma(0.1);
        let gradients = |device: &dyn DynRasterizer| {
            let (image, saved) = device.forward(&faces, &params).unwrap();
            let shape = image.color.unwrap().raw_dim();
            let weights = Array4::from_shape_fn(shape, |(b, c, y, x)| ((b + c + 3 * x + y) as f32).sin());
            let grad = ImageGrad { color: Some(weights), silhouette: None };
            device.backward(&saved, &grad).unwrap().corners.unwrap()
        };
        let (all, seen) = (gradients(&CpuRasterizer), gradients(&VisibleOnly::new(&CpuRasterizer)));
        let mut kept = 0;
        for (f, (all, seen)) in all.outer_iter().zip(seen.outer_iter()).enumerate() {
            let corners = faces.face(f).map(Vec3::from);
            let front = (corners[1] - corners[0]).cross(corners[2] - corners[0]).z > 0.0;
            assert!(all.iter().any(|g| g.abs() > 0.0), "softness reaches every face");
            if front {
                kept += 1;
                assert_eq!(all, seen, "{f}");
            } else {
                assert!(seen.iter().all(|g| g.to_bits() == 0), "{f}");
            }
        }
        assert_eq!(kept, 8, "one side from the first eye, three from the second, two triangles each");
    }
}
