//! How sound the faces of a fitted surface are: [`Soundness`].

use ndarray::{Array3, Axis};
use serde::{Deserialize, Serialize};
use softras_core::loss::Topology;
use softras_core::math::Vec3;
use softras_core::raster::DynRasterizer;
use softras_core::scene::{Camera, Mesh, MeshTexture, Winding};

use crate::error::Result;
use crate::targets::draw_hard;

/// A face whose height is below this share of its longest side is degenerate.
const SLIVER: f64 = 0.02;
/// Two faces at an edge whose normals have a cosine below this are folded onto each other.
const FOLD: f64 = -0.5;

/// Shares of the faces of a mesh, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Soundness {
    /// Faces that are turned against the mean normal of their neighbours across edges.
    pub flipped: f64,
    /// Faces whose height is below a fiftieth of their longest side.
    pub degenerate: f64,
    /// Of the edges between two faces, those folded by more than 120 degrees.
    pub folded: f64,
}

impl Soundness {
    /// Measures `mesh`.
    ///
    /// # Errors
    /// `Core` if its triangles name vertices that do not exist (a mesh has none).
    pub fn of(mesh: &Mesh) -> Result<Self> {
        let corner = |v: u32| {
            let v = mesh.vertex(v);
            Vec3::new(f64::from(v.x), f64::from(v.y), f64::from(v.z))
        };
        let faces = mesh.triangles();
        let crosses: Vec<Vec3<f64>> = faces
            .iter()
            .map(|t| {
                let [a, b, c] = t.map(corner);
                (b - a).cross(c - a)
            })
            .collect();
        let unit: Vec<Vec3<f64>> = crosses.iter().map(|n| n.normalize(1e-300)).collect();
        let slivers = faces.iter().zip(&crosses).filter(|(t, cross)| {
            let [a, b, c] = t.map(corner);
            let longest = [b - a, c - b, a - c].map(Vec3::norm).into_iter().fold(0.0, f64::max);
            cross.norm() <= SLIVER * longest * longest
        });
        let degenerate = slivers.count();

        let mut sides: Vec<([u32; 2], usize)> = Vec::with_capacity(3 * faces.len());
        for (f, &[a, b, c]) in faces.iter().enumerate() {
            sides.extend([[a, b], [b, c], [c, a]].map(|[p, q]| ([p.min(q), p.max(q)], f)));
        }
        sides.sort_unstable();
        let mut around = vec![Vec3::<f64>::ZERO; faces.len()];
        let (mut folded, mut hinges) = (0_usize, 0_usize);
        for same in sides.chunk_by(|one, other| one.0 == other.0) {
            if let [(_, f), (_, g)] = *same {
                around[f] += unit[g];
                around[g] += unit[f];
                hinges += 1;
                folded += usize::from(unit[f].dot(unit[g]) < FOLD);
            }
        }
        // Checks the indices as every loss does.
        Topology::new(faces, mesh.vertices().nrows())?;
        let flipped = unit.iter().zip(&around).filter(|(n, m)| n.dot(**m) < 0.0).count();
        let share = |count: usize, of: usize| count as f64 / of.max(1) as f64;
        Ok(Self {
            flipped: share(flipped, faces.len()),
            degenerate: share(degenerate, faces.len()),
            folded: share(folded, hinges),
        })
    }
}

/// Returns the share of the pixels that show the back of a face, over hard pictures of `mesh` in `cameras`: 0 for a closed
/// surface that nowhere turned itself inside out. Silhouettes cannot tell one from the other.
///
/// # Errors
/// `Core` if the back end fails or a camera cannot draw.
pub fn inside_out(
    device: &dyn DynRasterizer,
    mesh: &Mesh,
    cameras: &[Camera],
    size: (usize, usize),
) -> Result<f64> {
    let (mut backs, mut all) = (0.0, 0.0);
    for camera in cameras {
        let mut texels = Array3::zeros((mesh.triangles().len(), 1, 3));
        for (f, triangle) in mesh.triangles().iter().enumerate() {
            let mut corners = [Vec3::<f32>::ZERO; 3];
            for (corner, v) in corners.iter_mut().zip(triangle) {
                *corner = camera.screen(mesh.vertex(*v))?.unwrap_or_default();
            }
            let [a, b, c] = corners;
            let area = (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
            let front = match camera.front() {
                Winding::Clockwise => area <= 0.0,
                _ => area >= 0.0,
            };
            texels[[f, 0, 0]] = f32::from(u8::from(!front));
        }
        let marked = mesh.clone().with_texture(MeshTexture::Surface { side: 1, texels })?;
        let image = draw_hard(device, &marked, camera, size, [0.0; 3])?;
        let sum = |values: Option<f32>| f64::from(values.unwrap_or(0.0));
        backs += sum(image.color.map(|c| c.index_axis(Axis(1), 0).sum()));
        all += sum(image.silhouette.map(|s| s.sum()));
    }
    Ok(if all > 0.0 { backs / all } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use softras_cpu::CpuRasterizer;
    use softras_io::icosphere;

    use super::*;

    #[test]
    fn a_sphere_turned_inside_out_shows_its_back_in_any_convention() {
        let sphere = icosphere(2).unwrap();
        let mut turned = sphere.clone();
        turned.set_vertices(sphere.vertices() * -1.0).unwrap();
        let cameras: Vec<Camera> = crate::cameras_around(3, 5.0, 30.0);
        let mirrored: Vec<Camera> = cameras.iter().map(|c| c.official()).collect();
        for cameras in [cameras, mirrored] {
            let share = |mesh| inside_out(&CpuRasterizer, mesh, &cameras, (24, 24)).unwrap();
            assert!(share(&sphere) < 0.01 && share(&turned) > 0.99, "{} {}", share(&sphere), share(&turned));
        }
    }

    #[test]
    fn a_sphere_is_sound_and_a_fan_whose_middle_left_it_is_not() {
        let sound = Soundness::of(&icosphere(2).unwrap()).unwrap();
        assert!(sound.flipped + sound.degenerate + sound.folded < 1e-12, "{sound:?}");
        // Six triangles around a point; moved out of the hexagon over the middle of a side, it turns the face there.
        let fan = |reach: f32| {
            let vertices = ndarray::Array2::from_shape_fn((7, 3), |(v, k)| match (v, k) {
                (_, 2) => 0.0,
                (6, _) => reach * [f32::cos, f32::sin][k](core::f32::consts::FRAC_PI_6),
                _ => [f32::cos, f32::sin][k](v as f32 * core::f32::consts::FRAC_PI_3),
            });
            let triangles = (0..6).map(|v| [v, (v + 1) % 6, 6]).collect();
            Soundness::of(&Mesh::new(vertices, triangles).unwrap()).unwrap()
        };
        let (inside, outside) = (fan(0.1), fan(1.0));
        assert!(inside.flipped + inside.folded < 1e-12, "{inside:?}");
        assert!(outside.flipped > 0.1 && outside.folded > 0.3, "{outside:?}");
    }

    #[test]
    fn a_flat_face_is_degenerate() {
        let vertices = ndarray::array![[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.5, 1e-3, 0.0]];
        let mesh = Mesh::new(vertices, vec![[0, 1, 2]]).unwrap();
        assert!((Soundness::of(&mesh).unwrap().degenerate - 1.0).abs() < 1e-12);
    }
}
