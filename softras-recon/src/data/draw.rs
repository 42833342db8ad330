//! A mesh from all sides: [`draw_views`], and what is known of an object, [`Appearance`].

use ndarray::{Array2, Array4, Axis};
use softras_core::raster::DynRasterizer;
use softras_core::scene::{Lighting, Mesh, MeshTexture};
use softras_fit::draw_hard;

use super::{PIXELS, VIEWS, cameras};
use crate::error::{Error, Result};
use crate::voxel::Voxels;

/// The color of meshes without one.
const GREY: f32 = 0.8;

/// What an object looks like, and what it fills.
#[derive(Clone, Debug, PartialEq)]
pub struct Appearance {
    /// Its solid.
    pub voxels: Voxels,
    /// Red, green, blue over black and the silhouette, from each camera, `[24, 4, 64, 64]`.
    pub pictures: Array4<u8>,
}

/// How colors are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Light {
    /// Half from everywhere, half from above (MATH 8), as the pictures to learn from.
    Usual,
    /// As they are: they hold the light already.
    None,
}

/// Draws `mesh` hard from each of [`cameras`], each pixel the mean of 4 by 4: `[24, 4, 64, 64]`.
///
/// A mesh without color is grey.
///
/// # Errors
/// `Fit` or `Core` if the back end fails; `Core` if the mesh has other than three channels.
pub fn draw_views(device: &dyn DynRasterizer, mesh: &Mesh, light: Light) -> Result<Array4<u8>> {
    let mesh = match (mesh.channels(), light) {
        (0, Light::None) => grey(mesh)?,
        (0, Light::Usual) => Lighting::default().shade(&grey(mesh)?)?.0,
        (_, Light::None) => mesh.clone(),
        (_, Light::Usual) => Lighting::default().shade(mesh)?.0,
    };
    if mesh.channels() != 3 {
        return Err(Error::setting("channels of a mesh to draw", mesh.channels(), "3"));
    }
    let mut pictures = Array4::zeros((VIEWS, 4, PIXELS, PIXELS));
    for (camera, mut picture) in cameras().iter().zip(pictures.axis_iter_mut(Axis(0))) {
        let drawn = draw_hard(device, &mesh, camera, (PIXELS, PIXELS), [0.0; 3])?;
        let (Some(color), Some(silhouette)) = (drawn.color, drawn.silhouette) else {
            return Err(Error::setting("picture", "one without color or silhouette", "both"));
        };
        for ((c, y, x), value) in picture.indexed_iter_mut() {
            let drawn = if c < 3 { color[[0, c, y, x]] } else { silhouette[[0, y, x]] };
            *value = (drawn.clamp(0.0, 1.0) * 255.0).round() as u8;
        }
    }
    Ok(pictures)
}

/// Draws and voxelises `mesh`.
///
/// # Errors
/// As [`draw_views`].
pub fn appearance(device: &dyn DynRasterizer, mesh: &Mesh, light: Light) -> Result<Appearance> {
    Ok(Appearance { voxels: Voxels::solid(mesh), pictures: draw_views(device, mesh, light)? })
}

impl Appearance {
    /// Checks that the object can be learnt from and scored.
    ///
    /// # Errors
    /// Says which view is empty, or that the solid is.
    pub(super) fn check(&self) -> Result<(), String> {
        let empty = |view: &usize| {
            self.pictures.index_axis(Axis(0), *view).index_axis(Axis(0), 3).iter().all(|a| *a == 0)
        };
        if let Some(view) = (0..VIEWS).find(empty) {
            return Err(format!("found view {view} empty, expected something to see in every view"));
        }
        if self.voxels.count() == 0 {
            return Err("found no voxel filled, expected at least one".to_owned());
        }
        Ok(())
    }
}

fn grey(mesh: &Mesh) -> Result<Mesh> {
    let colors = Array2::from_elem((mesh.vertices().nrows(), 3), GREY);
    Ok(mesh.clone().with_texture(MeshTexture::Vertex(colors))?)
}
