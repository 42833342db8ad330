//! What a fit looks at: pictures and the cameras they were taken with, [`Targets`].

use ndarray::{Array3, Array4, Axis};
use softras_core::Image;
use softras_core::math::{Color, Silhouette, Vec3, trig};
use softras_core::raster::{DynRasterizer, DynSaved, Outputs, RasterParams};
use softras_core::scene::{Camera, Degrees, Mesh, MeshTexture, Orbit, project_views};
use softras_io::ImageSet;

use crate::error::{Error, Result};

/// Each pixel of a picture of a mesh is the mean of this many by this many.
const SAMPLES: usize = 4;

/// Pictures of one object and the cameras they were taken with.
#[derive(Clone, Debug, PartialEq)]
pub struct Targets {
    silhouette: Array3<f32>,    // [N, H, W]
    color: Option<Array4<f32>>, // [N, 3, H, W]
    cameras: Vec<Camera>,       // [N]
}

impl Targets {
    /// Takes silhouettes `[N, H, W]`, colors `[N, 3, H, W]` over the background of the fit, and N cameras.
    ///
    /// # Errors
    /// `Setting` if the numbers of pictures and cameras differ, there are none, shapes differ, or a silhouette is
    /// not in 0..=1 or a color not finite; `Core` if a camera cannot draw.
    pub fn new(silhouette: Array3<f32>, color: Option<Array4<f32>>, cameras: Vec<Camera>) -> Result<Self> {
        let (n, h, w) = silhouette.dim();
        if cameras.len() != n || n == 0 {
            let found = format!("{n} pictures and {} cameras", cameras.len());
            return Err(Error::setting("targets", found, "as many cameras as pictures, at least one"));
        }
        if h == 0 || w == 0 {
            return Err(Error::setting("targets", format!("pictures of {w} x {h} pixels"), "at least 1 x 1"));
        }
        if let Some(color) = color.as_ref().filter(|c| c.dim() != (n, 3, h, w)) {
            let expected = format!("[{n}, 3, {h}, {w}] as the silhouettes");
            return Err(Error::setting("target colors", format!("{:?}", color.shape()), expected));
        }
        if let Some(bad) = silhouette.iter().find(|x| !(0.0..=1.0).contains(*x)) {
            return Err(Error::setting("target silhouettes", bad, "numbers from 0 to 1"));
        }
        if let Some(bad) = color.iter().flatten().find(|x| !x.is_finite()) {
            return Err(Error::setting("target colors", bad, "finite numbers"));
        }
        for camera in &cameras {
            camera.check()?;
        }
        Ok(Self { silhouette, color, cameras })
    }

    /// Takes an image set, its colors laid over `background` by their alpha.
    ///
    /// # Errors
    /// As [`Targets::new`].
    pub fn from_images(set: &ImageSet, cameras: Vec<Camera>, background: [f32; 3]) -> Result<Self> {
        let mut color = set.color.clone();
        for ((n, c, y, x), value) in color.indexed_iter_mut() {
            let alpha = set.silhouette[[n, y, x]];
            *value = *value * alpha + background[c] * (1.0 - alpha);
        }
        Self::new(set.silhouette.clone(), Some(color), cameras)
    }

    /// Draws `mesh` hard (no softness at all), each pixel the mean of 4 by 4.
    ///
    /// # Errors
    /// As [`Targets::new`]; `Core` if the back end fails or the pictures would take too much memory.
    pub fn from_mesh(
        device: &dyn DynRasterizer,
        mesh: &Mesh,
        cameras: Vec<Camera>,
        size: (usize, usize),
        background: [f32; 3],
    ) -> Result<Self> {
        let (w, h) = size;
        // Refuses sizes out of reach before anything is drawn, with the memory it would take.
        memory(cameras.len(), w, h)?;
        let mut silhouette = Array3::zeros((cameras.len(), h, w));
        let mut color = (mesh.channels() == 3).then(|| Array4::zeros((cameras.len(), 3, h, w)));
        for (n, camera) in cameras.iter().enumerate() {
            let picture = draw_hard(device, mesh, camera, size, background)?;
            if let Some(from) = picture.silhouette {
                silhouette.index_axis_mut(Axis(0), n).assign(&from.index_axis(Axis(0), 0));
            }
            if let (Some(to), Some(from)) = (&mut color, picture.color) {
                to.index_axis_mut(Axis(0), n).assign(&from.index_axis(Axis(0), 0));
            }
        }
        Self::new(silhouette, color, cameras)
    }

    /// The silhouettes, `[N, H, W]`.
    #[must_use]
    pub const fn silhouette(&self) -> &Array3<f32> {
        &self.silhouette
    }
    /// The colors, `[N, 3, H, W]`, if there are any.
    #[must_use]
    pub const fn color(&self) -> Option<&Array4<f32>> {
        self.color.as_ref()
    }
    /// The cameras, `[N]`.
    #[must_use]
    pub fn cameras(&self) -> &[Camera] {
        &self.cameras
    }
    /// Replaces each camera by what `lens` makes of it and the size of the pictures.
    ///
    /// # Errors
    /// As `lens`.
    pub(crate) fn with_lenses(
        mut self,
        lens: impl Fn(&Camera, (usize, usize)) -> Result<Camera>,
    ) -> Result<Self> {
        let size = self.size();
        for camera in &mut self.cameras {
            *camera = lens(camera, size)?;
        }
        Ok(self)
    }
    /// The number of pictures, N.
    #[must_use]
    pub fn count(&self) -> usize {
        self.cameras.len()
    }
    /// Width and height of the pictures.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        let (_, h, w) = self.silhouette.dim();
        (w, h)
    }

    /// Returns the same pictures, each pixel the mean of `factor` by `factor`. Cameras do not know the resolution.
    ///
    /// # Errors
    /// `Setting` if the factor does not divide width and height.
    pub fn shrunk(&self, factor: usize) -> Result<Self> {
        let (width, height) = self.size();
        if factor == 0 || width % factor != 0 || height % factor != 0 {
            let expected = format!("a divisor of the {width} and {height} pixels of the pictures");
            return Err(Error::setting("shrink", factor, expected));
        }
        let silhouette = shrink(&self.silhouette.clone().insert_axis(Axis(1)), factor);
        Ok(Self {
            silhouette: silhouette.index_axis_move(Axis(1), 0),
            color: self.color.as_ref().map(|color| shrink(color, factor)),
            cameras: self.cameras.clone(),
        })
    }

    /// Returns the pictures of `views` alone.
    ///
    /// # Errors
    /// `Setting` if there is none, or a view does not exist.
    pub fn select(&self, views: &[usize]) -> Result<Self> {
        if let Some(bad) = views.iter().find(|v| **v >= self.count()) {
            return Err(Error::setting(
                "views",
                bad,
                format!("below {}, the number of pictures", self.count()),
            ));
        }
        Self::new(
            self.silhouette.select(Axis(0), views),
            self.color.as_ref().map(|color| color.select(Axis(0), views)),
            views.iter().map(|&v| self.cameras[v]).collect(),
        )
    }

    /// A number that other targets are unlikely to share.
    pub(crate) fn fingerprint(&self) -> u32 {
        let mut hash = crc32fast::Hasher::new();
        let numbers = self.silhouette.iter().chain(self.color.iter().flatten());
        for x in numbers {
            hash.update(&x.to_le_bytes());
        }
        hash.update(format!("{:?}", self.cameras).as_bytes());
        hash.finalize()
    }
}

/// Returns a camera on `orbit` that looks to `at`, with +y up.
///
/// Where it looks straight down or up, +y says nothing: there the picture stands as it does just before, on the way up
/// or down the orbit.
#[must_use]
pub fn orbit_camera(orbit: &Orbit, at: Vec3) -> Camera {
    let eye = orbit.eye();
    let (camera, view) = (Camera::look_at(eye, at), at - eye);
    if view.cross(Vec3::Y).norm() > STEEPEST * view.norm() {
        return camera;
    }
    let azimuth = orbit.azimuth.radians();
    let above = if view.y < 0.0 { 1.0 } else { -1.0 };
    camera.up(Vec3::new(-above * trig::sin(azimuth), 0.0, above * trig::cos(azimuth)))
}

/// The sine of the angle to the vertical below which a view is straight down or up.
const STEEPEST: f32 = 2e-6;

/// Places `count` cameras around the origin, evenly over the sphere between 45 degrees below and 75 above.
///
/// Each is turned by the golden angle from the one before, and rises: any number of them covers all sides.
#[must_use]
pub fn cameras_around(count: usize, distance: f32, fov: f32) -> Vec<Camera> {
    let (low, high) = (-(45_f64.to_radians().sin()), 75_f64.to_radians().sin());
    let camera = |i: usize| {
        let t = (i as f64 + 0.5) / count as f64;
        let elevation = (low + (high - low) * t).asin().to_degrees();
        let azimuth = (i as f64 * 137.507_764).rem_euclid(360.0);
        let orbit = Orbit::new(distance, Degrees(elevation as f32), Degrees(azimuth as f32));
        orbit_camera(&orbit, Vec3::ZERO).perspective(Degrees(fov))
    };
    (0..count).map(camera).collect()
}

/// Draws one picture of `mesh` without any softness, each pixel the mean of 4 by 4; without color if it has none.
///
/// # Errors
/// `Setting` if a side is longer than [`LARGEST_SIDE`]; `Core` if the camera cannot draw, the picture would take too
/// much memory, or the back end fails.
pub fn draw_hard(
    device: &dyn DynRasterizer,
    mesh: &Mesh,
    camera: &Camera,
    (width, height): (usize, usize),
    background: [f32; 3],
) -> Result<Image> {
    check_size((width, height))?;
    let (faces, _) = project_views(mesh, core::slice::from_ref(camera))?;
    let colored = mesh.channels() == 3;
    let outputs = if colored { Outputs::Both } else { Outputs::Silhouette };
    let mut params = RasterParams::new(width * SAMPLES, height * SAMPLES)
        .silhouette(Silhouette::Hard)
        .color(Color::Hard)
        .near(1e-2)
        .outputs(outputs);
    if colored {
        params = params.background(&background);
    }
    let (mut image, mut saved) = (Image::default(), DynSaved::default());
    device.forward_into(&faces.into(), &params, &mut image, &mut saved)?;
    Ok(Image {
        silhouette: image
            .silhouette
            .map(|a| shrink(&a.insert_axis(Axis(1)), SAMPLES).index_axis_move(Axis(1), 0)),
        color: image.color.map(|a| shrink(&a, SAMPLES)),
    })
}

/// Returns the means of blocks of `n` by `n` pixels.
pub(crate) fn shrink(picture: &Array4<f32>, n: usize) -> Array4<f32> {
    let (b, c, h, w) = picture.dim();
    Array4::from_shape_fn((b, c, h / n, w / n), |(b, c, y, x)| {
        let cells = (0..n * n).map(|i| (y * n + i / n, x * n + i % n));
        cells.map(|(y, x)| picture[[b, c, y, x]]).sum::<f32>() / (n * n) as f32
    })
}

/// The most bytes the pictures of a fit may take.
const MEMORY_LIMIT: u128 = 8 << 30;

/// The most pixels along a side of a picture.
pub const LARGEST_SIDE: usize = 65_536;

/// Refuses pictures whose size is out of reach.
///
/// # Errors
/// `Setting` if a side is longer than [`LARGEST_SIDE`].
pub fn check_size((width, height): (usize, usize)) -> Result<()> {
    if width > LARGEST_SIDE || height > LARGEST_SIDE {
        let expected = format!("at most {LARGEST_SIDE} pixels a side");
        return Err(Error::setting("size", format!("{width}x{height}"), expected));
    }
    Ok(())
}

/// Refuses pictures that would take too much memory: color and silhouette, in f32.
fn memory(count: usize, width: usize, height: usize) -> Result<()> {
    check_size((width, height))?;
    let needed = width as u128 * height as u128 * count as u128 * 16;
    if needed > MEMORY_LIMIT {
        let what = format!("{count} target picture(s) of {width} x {height} pixels");
        return Err(softras_core::Error::OutOfMemory { what, needed, limit: MEMORY_LIMIT }.into());
    }
    Ok(())
}

/// Returns `mesh` without color.
pub(crate) fn uncolored(mesh: &Mesh) -> Result<Mesh> {
    Ok(mesh.clone().with_texture(MeshTexture::None)?)
}

#[cfg(test)]
mod tests {
    use softras_core::reference::Reference;

    use super::*;

    fn triangle() -> Mesh {
        let vertices = ndarray::array![[-0.4, -0.4, 0.0], [0.4, -0.4, 0.0], [0.0, 0.5, 0.0]];
        let colors = ndarray::Array2::from_shape_fn((3, 3), |(_, c)| [1.0, 0.5, 0.0][c]);
        Mesh::new(vertices, vec![[0, 1, 2]]).unwrap().with_texture(MeshTexture::Vertex(colors)).unwrap()
    }

    #[test]
    fn a_mesh_is_drawn_with_smooth_edges_over_the_background() {
        let cameras = vec![Camera::look_at([0.0, 0.0, 2.7].into(), [0.0; 3].into())];
        let targets =
            Targets::from_mesh(&Reference, &triangle(), cameras, (24, 16), [0.0, 0.0, 1.0]).unwrap();
        assert_eq!(targets.size(), (24, 16));
        let silhouette = targets.silhouette();
        assert!((silhouette[[0, 8, 12]] - 1.0).abs() < 1e-6 && silhouette[[0, 0, 0]] < 1e-6);
        assert!(silhouette.iter().any(|a| *a > 0.1 && *a < 0.9));
        let color = targets.color().unwrap();
        for ((_, c, y, x), value) in color.indexed_iter() {
            let a = silhouette[[0, y, x]];
            let expected = a * [1.0, 0.5, 0.0][c] + (1.0 - a) * [0.0, 0.0, 1.0][c];
            assert!((value - expected).abs() < 1e-5, "{c} {y} {x}");
        }
    }

    #[test]
    fn mismatched_targets_are_refused() {
        let cameras = cameras_around(3, 2.7, 30.0);
        assert!(Targets::new(Array3::zeros((2, 4, 4)), None, cameras.clone()).is_err());
        assert!(Targets::new(Array3::zeros((3, 0, 4)), None, cameras.clone()).is_err());
        assert!(Targets::new(Array3::from_elem((3, 4, 4), 1.5), None, cameras.clone()).is_err());
        assert!(Targets::new(Array3::zeros((3, 4, 4)), Some(Array4::zeros((3, 3, 4, 5))), cameras).is_err());
        for (side, text) in [(60_000, "GiB"), (65_537, "65536"), (usize::MAX, "65536")] {
            let cameras = cameras_around(2, 2.7, 30.0);
            let huge = Targets::from_mesh(&Reference, &triangle(), cameras, (side, side), [0.0; 3]);
            assert!(huge.unwrap_err().to_string().contains(text), "{side}");
        }
    }

    #[test]
    fn a_camera_straight_above_or_below_stands_as_just_before() {
        for (elevation, azimuth) in [(90.0, 0.0), (90.0, 130.0), (-90.0, 0.0), (-90.0, -40.0)] {
            let near = |elevation: f32| {
                let orbit = Orbit::new(2.7, Degrees(elevation), Degrees(azimuth));
                let camera = orbit_camera(&orbit, Vec3::ZERO);
                camera.screen([0.3, 0.1, -0.2].into()).unwrap().unwrap()
            };
            let apart = (near(elevation) - near(elevation * 0.9999)).norm();
            assert!(apart < 1e-4, "{elevation} {azimuth}: {apart}");
        }
    }

    #[test]
    fn cameras_stand_on_all_sides() {
        let cameras = cameras_around(24, 2.732, 30.0);
        for camera in &cameras {
            camera.check().unwrap();
        }
        let seen =
            |p: [f32; 3]| cameras.iter().filter(|c| c.screen(p.into()).unwrap().unwrap().z < 2.6).count();
        for p in [[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]] {
            assert!(seen(p) >= 6, "{p:?} is near to {} cameras", seen(p));
        }
    }
}
