//! How a report draws meshes: [`Studio`].

use ndarray::{Array2, Array4, Axis};
use softras_core::Image;
use softras_core::math::{Color, Vec3};
use softras_core::raster::{DynRasterizer, DynSaved, Outputs, RasterParams, sigma_from_pixels};
use softras_core::scene::{Camera, Degrees, Lighting, Mesh, MeshTexture, NormalKind, Orbit, Pose};
use softras_io::{RgbFrame, picture};

use crate::error::Result;
use crate::targets::{Targets, check_size, orbit_camera, shrink};

/// The color of meshes without one.
const CLAY: [f32; 3] = [0.80, 0.80, 0.84];
/// Between two pictures.
const GAP: usize = 6;
/// Pixels over which an edge blurs, before pixels are joined 2 by 2.
const EDGE: f64 = 0.4;
/// Depths nearer than this have no color, in world units.
const NEAR: f32 = 1e-2;

/// Draws crisp pictures of meshes, whatever the fit was done with: colored meshes as they are, others as lit clay.
#[derive(Clone)]
pub struct Studio<'a> {
    /// Draws.
    pub device: &'a dyn DynRasterizer,
    /// Width and height in pixels.
    pub size: (usize, usize),
    /// Behind the mesh.
    pub background: [f32; 3],
    /// What the fit is after, if it is a mesh.
    pub target: Option<&'a Mesh>,
}

impl core::fmt::Debug for Studio<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Studio {{ size: {:?}, background: {:?}, .. }}", self.size, self.background)
    }
}

/// The light of pictures: soft from everywhere, more from above in front (+z), a little from behind and the side.
#[must_use]
pub fn studio_light() -> Lighting {
    Lighting::ambient(0.6)
        .directional(Vec3::new(-0.5, 0.9, 0.6), 0.38)
        .directional(Vec3::new(0.6, 0.3, -0.9), 0.16)
        .directional(Vec3::new(0.9, 0.1, 0.5), 0.1)
        .on(NormalKind::Vertex)
}

impl Studio<'_> {
    /// Draws `mesh`.
    ///
    /// # Errors
    /// `Core` if the back end fails.
    pub fn draw(&self, mesh: &Mesh, camera: &Camera) -> Result<RgbFrame> {
        let clay;
        let mesh = if mesh.channels() == 3 {
            mesh
        } else {
            let colors = Array2::from_shape_fn((mesh.vertices().nrows(), 3), |(_, c)| CLAY[c]);
            let plain = mesh.clone().with_texture(MeshTexture::Vertex(colors))?;
            clay = studio_light().shade(&plain)?.0;
            &clay
        };
        let color = self.draw_soft(mesh, camera)?;
        Ok(RgbFrame::from_color(color.index_axis(Axis(0), 0))?)
    }

    /// Returns the colors, `[1, 3, H, W]`: edges a pixel wide, each pixel the mean of 2 by 2.
    fn draw_soft(&self, mesh: &Mesh, camera: &Camera) -> Result<Array4<f32>> {
        let (width, height) = (2 * self.size.0, 2 * self.size.1);
        let params = RasterParams::new(width, height)
            .sigma(sigma_from_pixels(EDGE, height) as f32)
            .color(Color::Over)
            .near(NEAR)
            .outputs(Outputs::Color)
            .background(&self.background);
        let (faces, _) = camera.project(mesh)?;
        let (mut image, mut saved) = (Image::default(), DynSaved::default());
        self.device.forward_into(&faces.into(), &params, &mut image, &mut saved)?;
        Ok(shrink(&image.color.unwrap_or_default(), 2))
    }

    /// Draws the target, if it is a mesh, and `mesh` on its right.
    ///
    /// # Errors
    /// As [`Studio::draw`].
    pub fn beside_target(&self, mesh: &Mesh, camera: &Camera) -> Result<RgbFrame> {
        let own = self.draw(mesh, camera)?;
        match self.target {
            Some(target) => {
                let frames = [self.draw(target, camera)?, own];
                Ok(picture::row(&frames, GAP, self.background.map(|c| (c * 255.0).round() as u8))?)
            }
            None => Ok(own),
        }
    }

    /// Draws `mesh` from all sides, beside the target if that is a mesh.
    ///
    /// # Errors
    /// As [`Studio::draw`].
    pub fn turntable(&self, mesh: &Mesh, cameras: &[Camera]) -> Result<Vec<RgbFrame>> {
        cameras.iter().map(|camera| self.beside_target(mesh, camera)).collect()
    }
}

/// Returns `count` cameras in a circle at `elevation` degrees, starting at `azimuth`, with the lens and the distance of
/// the first of `targets`, and mirrored as it is.
#[must_use]
pub fn circle(targets: &Targets, count: usize, elevation: f32, azimuth: f32) -> Vec<Camera> {
    let like = &targets.cameras()[0];
    let distance = match like.pose() {
        Pose::LookAt { eye, at, .. } => (*eye - *at).norm(),
        Pose::Rigid(_) => 2.732,
    };
    let camera = |i: usize| {
        let turn = azimuth + 360.0 * i as f32 / count as f32;
        let camera = orbit_camera(&Orbit::new(distance, Degrees(elevation), Degrees(turn)), Vec3::ZERO);
        let camera = camera.with_lens(*like.lens());
        if like.is_mirrored() { camera.official() } else { camera }
    };
    (0..count).map(camera).collect()
}

/// Returns the size of pictures that stand beside `targets`: of their shape, about `height` pixels high, a whole multiple
/// of theirs if they are smaller.
///
/// # Errors
/// `Setting` if a side would be longer than [`LARGEST_SIDE`](crate::LARGEST_SIDE).
pub fn picture_size(targets: &Targets, height: usize) -> Result<(usize, usize)> {
    check_size((1, height))?;
    let (w, h) = targets.size();
    let size = if h > height {
        ((w * height / h).max(1), height.max(1))
    } else {
        let factor = ((height as f64 / h as f64).round() as usize).max(1);
        (w * factor, h * factor)
    };
    check_size(size)?;
    Ok(size)
}
