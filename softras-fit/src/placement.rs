//! Where an object stands that calibrated photographs show, and photographs as targets of a fit: [`Placement`].

use ndarray::{Array2, ArrayView2, Axis, Slice};
use softras_core::math::Vec3;
use softras_core::scene::{Camera, Convention, Extrinsics, Intrinsics, Lens, Mesh};
use softras_io::{Photographs, Shot};

use crate::error::{Error, Result};
use crate::targets::Targets;

/// A pixel of a mask counts as the object above this.
const INSIDE: f32 = 0.5;

/// The ball around an object, from silhouettes and cameras alone; the world of a fit has it at the origin, with radius
/// 1/2, so that no setting depends on the units of the cameras.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Placement {
    /// The point nearest to the rays through the silhouettes' centres (least squares).
    pub center: Vec3<f64>,
    /// The largest distance of a silhouette from its centre, brought to the depth of `center`.
    pub radius: f64,
    /// The radius of a ball with the silhouettes' mean area: what a fit starts from.
    pub start: f64,
}

impl Placement {
    /// Finds the ball around what `photographs` show.
    ///
    /// # Errors
    /// `Setting` if no silhouette shows anything, a lens is not a pinhole, or all cameras look along the same line.
    pub fn find(photographs: &Photographs) -> Result<Self> {
        let mut views = Vec::new();
        for (shot, mask) in photographs.shots.iter().zip(photographs.pictures.silhouette.outer_iter()) {
            let (lens, place) = pinhole(shot)?;
            let Some(blob) = Blob::of(mask) else { continue };
            let [fx, fy] = lens.focal;
            let along = Vec3::new((blob.x - lens.center[0]) / fx, (blob.y - lens.center[1]) / fy, 1.0);
            let eye = -place.rotation.transpose_mul_vec(place.translation);
            views.push((eye, place.rotation.transpose_mul_vec(along).normalize(0.0), place, fy, blob));
        }
        let wrong = |found: &str| Error::setting("photographs", found, "silhouettes from different sides");
        if views.is_empty() {
            return Err(wrong("no silhouette that shows anything"));
        }
        let center = nearest(views.iter().map(|v| (v.0, v.1))).ok_or_else(|| wrong("one line of sight"))?;
        let (mut radius, mut area): (f64, f64) = (0.0, 0.0);
        for (_, _, place, focal, blob) in &views {
            let depth = (place.rotation.mul_vec(center) + place.translation).z;
            if depth <= 0.0 {
                return Err(wrong("an object behind a camera"));
            }
            radius = radius.max(blob.reach * depth / focal);
            area += blob.area * (depth / focal).powi(2) / views.len() as f64;
        }
        Ok(Self { center, radius, start: (area / core::f64::consts::PI).sqrt() })
    }

    /// The factor from the world to that of the fit.
    fn scale(&self) -> f64 {
        0.5 / self.radius
    }

    /// Returns the camera of `shot` in the world of the fit; its pictures are the same.
    ///
    /// # Errors
    /// `Setting` if its lens is not a pinhole.
    pub fn camera(&self, shot: &Shot) -> Result<Camera> {
        let (lens, place) = pinhole(shot)?;
        let translation = (place.rotation.mul_vec(self.center) + place.translation).scale(self.scale());
        let moved = Camera::posed(Extrinsics { translation, ..place }).pinhole(lens);
        Ok(moved.near(shot.camera.near_plane() * self.scale()).cast())
    }

    /// Returns a mesh of the fit's world in the world of the cameras.
    ///
    /// # Errors
    /// `Core` if a coordinate is out of range.
    pub fn to_world(&self, mesh: &Mesh) -> Result<Mesh> {
        let center = self.center.to_array();
        let moved = Array2::from_shape_fn(mesh.vertices().dim(), |(v, k)| {
            (f64::from(mesh.vertices()[[v, k]]) / self.scale() + center[k]) as f32
        });
        let mut mesh = mesh.clone();
        mesh.set_vertices(moved)?;
        Ok(mesh)
    }

    /// Returns `sphere`, of radius 1 around the origin, as the start of the fit.
    ///
    /// # Errors
    /// `Core` if a coordinate is out of range.
    pub fn template(&self, sphere: &Mesh) -> Result<Mesh> {
        let mut mesh = sphere.clone();
        mesh.set_vertices(sphere.vertices() * (self.start * self.scale()) as f32)?;
        Ok(mesh)
    }

    /// Returns photographs as targets in the world of the fit, over `background`. Rows and columns at the lower and
    /// right borders are cut so that `divisor` divides width and height.
    ///
    /// # Errors
    /// `Setting` if a lens is not a pinhole, or nothing is left of the pictures; as [`Targets::new`].
    pub fn targets(
        &self,
        photographs: &Photographs,
        background: [f32; 3],
        divisor: usize,
    ) -> Result<Targets> {
        let (_, height, width) = photographs.pictures.silhouette.dim();
        let [width, height] = [width, height].map(|n| n - n % divisor.max(1));
        let mut set = photographs.pictures.clone();
        for (axis, length) in [(1, height), (2, width)] {
            set.silhouette = set.silhouette.slice_axis(Axis(axis), Slice::from(..length)).to_owned();
            set.color = set.color.slice_axis(Axis(axis + 1), Slice::from(..length)).to_owned();
        }
        let cut = |shot: &Shot| {
            let camera = self.camera(shot)?;
            Ok(match *camera.lens() {
                // Screen units are of the whole picture: a cut one has another lens.
                Lens::Pinhole(lens) => camera.pinhole(Intrinsics { size: [width, height], ..lens }),
                _ => camera,
            })
        };
        let cameras: Result<Vec<Camera>> = photographs.shots.iter().map(cut).collect();
        Targets::from_images(&set, cameras?, background)
    }
}

/// Returns lens and place of a shot, as OpenCV writes them.
fn pinhole(shot: &Shot) -> Result<(Intrinsics<f64>, Extrinsics<f64>)> {
    match shot.camera.lens() {
        Lens::Pinhole(lens) if !shot.camera.is_mirrored() => {
            Ok((*lens, shot.camera.extrinsics(Convention::OpenCv)?))
        }
        _ => {
            let found = format!("{:?} with another lens", shot.name);
            Err(Error::setting("photographs", found, "calibrated pinhole cameras (K, R, t)"))
        }
    }
}

/// A silhouette in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Blob {
    x: f64,
    y: f64,
    area: f64,
    reach: f64,
}

impl Blob {
    /// Measures what is inside; `None` where nothing is.
    fn of(mask: ArrayView2<'_, f32>) -> Option<Self> {
        let inside =
            || mask.indexed_iter().filter(|(_, a)| **a > INSIDE).map(|((y, x), _)| [x as f64, y as f64]);
        let area = inside().count() as f64;
        let [x, y] = inside().fold([0.0; 2], |sum, p| [sum[0] + p[0], sum[1] + p[1]]).map(|sum| sum / area);
        let reach = inside().map(|p| (p[0] - x).hypot(p[1] - y)).fold(0.0, f64::max);
        (area > 0.0).then_some(Self { x, y, area, reach: reach + 0.5 })
    }
}

/// Returns the point nearest to lines given by a point and a unit direction; `None` where all are parallel.
fn nearest(lines: impl Iterator<Item = (Vec3<f64>, Vec3<f64>)>) -> Option<Vec3<f64>> {
    let (mut m, mut b) = ([[0.0; 3]; 3], [0.0; 3]);
    for (point, direction) in lines {
        let (p, d) = (point.to_array(), direction.to_array());
        for i in 0..3 {
            for j in 0..3 {
                let across = f64::from(u8::from(i == j)) - d[i] * d[j];
                m[i][j] += across;
                b[i] += across * p[j];
            }
        }
    }
    let rows = m.map(Vec3::from);
    let (u, v, w) = (rows[1].cross(rows[2]), rows[2].cross(rows[0]), rows[0].cross(rows[1]));
    let determinant = rows[0].dot(u);
    let solution = u.scale(b[0]) + v.scale(b[1]) + w.scale(b[2]);
    (determinant.abs() > 1e-9).then(|| solution.scale(1.0 / determinant))
}

#[cfg(test)]
mod tests {
    use ndarray::{Array3, Array4};
    use softras_cpu::CpuRasterizer;
    use softras_io::{ImageSet, icosphere};

    use super::*;

    /// Photographs of a ball around (2, -1, 30) of radius 0.25, from a ring.
    fn ring(count: usize, size: [usize; 2]) -> Photographs {
        let center = Vec3::new(2.0, -1.0, 30.0);
        let mut ball = icosphere(3).unwrap();
        ball.set_vertices(Array2::from_shape_fn(ball.vertices().dim(), |(v, k)| {
            0.25 * ball.vertices()[[v, k]] + center.to_array()[k] as f32
        }))
        .unwrap();
        let mut pictures = ImageSet {
            color: Array4::zeros((count, 3, size[1], size[0])),
            silhouette: Array3::zeros((count, size[1], size[0])),
        };
        let shot = |n: usize| {
            let angle = 0.9 * n as f64;
            let eye = center + Vec3::new(angle.sin(), 0.3, angle.cos()).scale(2.0);
            let lens = Intrinsics::new([90.0, 92.0], [21.0, 12.0], size);
            let looking = Camera::look_at(eye, center).extrinsics(Convention::OpenCv).unwrap();
            Shot {
                name: format!("{n}"),
                camera: Camera::posed(looking).pinhole(lens),
                size,
                image: None,
                mask: None,
            }
        };
        let shots: Vec<Shot> = (0..count).map(shot).collect();
        for (n, shot) in shots.iter().enumerate() {
            let size = (size[0], size[1]);
            let image = crate::draw_hard(&CpuRasterizer, &ball, &shot.camera.cast(), size, [0.0; 3]).unwrap();
            let silhouette = image.silhouette.unwrap();
            pictures.silhouette.index_axis_mut(Axis(0), n).assign(&silhouette.index_axis(Axis(0), 0));
        }
        Photographs { shots, pictures }
    }

    #[test]
    fn a_ball_is_found_where_it_is() {
        let found = Placement::find(&ring(5, [48, 34])).unwrap();
        assert!((found.center - Vec3::new(2.0, -1.0, 30.0)).norm() < 0.02, "{found:?}");
        assert!((found.radius - 0.25).abs() < 0.03 && (found.start - 0.25).abs() < 0.02, "{found:?}");
    }

    #[test]
    fn the_world_of_the_fit_shows_the_same_pictures_also_when_cut() {
        let photographs = ring(4, [48, 34]);
        let found = Placement::find(&photographs).unwrap();
        let targets = found.targets(&photographs, [0.0; 3], 4).unwrap();
        assert_eq!(targets.size(), (48, 32));
        let template = found.template(&icosphere(3).unwrap()).unwrap();
        // The template is the ball itself, so its pictures are the targets.
        let score = crate::score(&CpuRasterizer, &template, &targets).unwrap();
        assert!(score.hard_iou > 0.93, "{score:?}");
        let back = found.to_world(&template).unwrap();
        let mean = back.vertices().mean_axis(Axis(0)).unwrap();
        assert!((mean[2] - 30.0).abs() < 0.02, "{mean}");
    }

    #[test]
    fn nothing_to_see_and_one_line_of_sight_are_refused() {
        let mut empty = ring(2, [48, 34]);
        empty.pictures.silhouette.fill(0.0);
        assert!(Placement::find(&empty).is_err());
        let mut same = ring(2, [48, 34]);
        same.shots[1] = same.shots[0].clone();
        let first = same.pictures.silhouette.index_axis(Axis(0), 0).to_owned();
        same.pictures.silhouette.index_axis_mut(Axis(0), 1).assign(&first);
        assert!(Placement::find(&same).is_err());
    }
}
