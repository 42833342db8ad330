//! The scenes that a network is distilled on: bodies and loose triangles in random colors, seen from random sides.

use ndarray::Array2;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use softras_core::math::Vec3;
use softras_core::raster::RasterParams;
use softras_core::scene::{Camera, Degrees, Faces, Mesh, MeshTexture, Orbit, project_batch};
use softras_io::icosphere;

use crate::error::Result;
use crate::targets::orbit_camera;

/// From where the middle of a scene is seen.
const DISTANCE: f64 = 2.732;
/// Nothing of a scene is farther from its middle than half the diagonal of a cube of side 1.
pub(super) const RADIUS: f64 = 0.866;
/// The depths between which all scenes lie.
pub(super) const DEPTHS: (f64, f64) = (DISTANCE - RADIUS, DISTANCE + RADIUS);
/// sigma at 64 pixels, evenly in its logarithm; larger pictures have smaller ones.
const SIGMAS: (f64, f64) = (1e-5, 3e-4);
/// The most bodies, and the most loose triangles, of a scene.
const BODIES: usize = 3;
const LOOSE: usize = 6;

/// A batch of pictures to draw: faces, and everything of their parameters but the color aggregator.
pub(super) struct Scenes {
    pub(super) faces: Faces,
    pub(super) params: RasterParams,
}

/// Numbers of one scene.
struct Numbers(ChaCha8Rng);

impl Numbers {
    /// A number even in `low..high`.
    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * (f64::from(self.0.next_u32() >> 8) / f64::from(1u32 << 24))
    }
    /// A whole number in `0..=most`.
    fn upto(&mut self, most: usize) -> usize {
        (self.between(0.0, 1.0) * (most + 1) as f64) as usize
    }
    /// A point at most `radius` from the origin.
    fn inside(&mut self, radius: f64) -> [f64; 3] {
        loop {
            let p = [0; 3].map(|_| self.between(-1.0, 1.0));
            if p.iter().map(|x| x * x).sum::<f64>() <= 1.0 {
                return p.map(|x| x * radius);
            }
        }
    }
    fn color(&mut self) -> [f64; 3] {
        [0; 3].map(|_| self.between(0.0, 1.0))
    }
}

impl Scenes {
    /// Makes batch `number` of `seed`: `count` pictures of `size * size` pixels.
    pub(super) fn new(seed: u64, number: u64, count: usize, size: usize) -> Result<Self> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(number);
        let mut numbers = Numbers(rng);
        let mut items = Vec::with_capacity(count);
        let (mut sigmas, mut backgrounds) = (Vec::new(), Array2::zeros((count, 3)));
        for b in 0..count {
            items.push((mesh(&mut numbers)?, camera(&mut numbers)));
            let pixels = 64.0 / size as f64;
            let sigma = numbers.between(SIGMAS.0.ln(), SIGMAS.1.ln()).exp() * pixels * pixels;
            sigmas.push(sigma as f32);
            for (c, value) in numbers.color().into_iter().enumerate() {
                backgrounds[[b, c]] = value as f32;
            }
        }
        let pairs: Vec<_> = items.iter().map(|(mesh, camera)| (mesh, camera)).collect();
        let (faces, _) = project_batch(&pairs)?;
        let params = RasterParams::new(size, size)
            .sigma_each(sigmas)
            .background_each(backgrounds)
            .near(DEPTHS.0 as f32)
            .far(DEPTHS.1 as f32);
        Ok(Self { faces, params })
    }
}

fn camera(numbers: &mut Numbers) -> Camera {
    let (up, around) = (numbers.between(-80.0, 80.0) as f32, numbers.between(0.0, 360.0) as f32);
    let orbit = Orbit::new(DISTANCE as f32, Degrees(up), Degrees(around));
    orbit_camera(&orbit, Vec3::ZERO).perspective(Degrees(30.0))
}

/// One to three bodies that may cut into each other, and loose triangles among them.
fn mesh(numbers: &mut Numbers) -> Result<Mesh> {
    let (mut vertices, mut triangles, mut colors) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..=numbers.upto(BODIES - 1) {
        let sphere = icosphere(numbers.upto(1) as u32 + 1)?;
        let middle = numbers.inside(0.4);
        let radii = [0; 3].map(|_| numbers.between(0.08, 0.45));
        // Two colors, one on either side of a plane through the middle, or one that turns into the other.
        let (one, other) = (numbers.color(), numbers.color());
        let (normal, sharp) = (numbers.inside(1.0), if numbers.upto(1) == 0 { 1.0 } else { 8.0 });
        let first = vertices.len() as u32;
        for v in sphere.vertices().rows() {
            let p: [f64; 3] = core::array::from_fn(|i| f64::from(v[i]));
            let side: f64 = sharp * (0..3).map(|i| p[i] * normal[i]).sum::<f64>();
            let share = (0.5 + 0.5 * side).clamp(0.0, 1.0);
            vertices.push(core::array::from_fn(|i| middle[i] + radii[i] * p[i]));
            colors.push(core::array::from_fn(|i| share * one[i] + (1.0 - share) * other[i]));
        }
        triangles.extend(sphere.triangles().iter().map(|t| t.map(|v| first + v)));
    }
    for _ in 0..numbers.upto(LOOSE) {
        let first = vertices.len() as u32;
        let middle = numbers.inside(0.6);
        for _ in 0..3 {
            let away = numbers.inside(0.25);
            vertices.push(core::array::from_fn(|i| middle[i] + away[i]));
            colors.push(numbers.color());
        }
        triangles.push([first, first + 1, first + 2]);
    }
    let rows = |all: &[[f64; 3]]| Array2::from_shape_fn((all.len(), 3), |(v, i)| all[v][i] as f32);
    let texture = MeshTexture::Vertex(rows(&colors));
    Ok(Mesh::new(rows(&vertices), triangles)?.with_texture(texture)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scenes_lie_between_their_depths_and_follow_from_seed_and_number() {
        let make = |seed, number| Scenes::new(seed, number, 4, 16).unwrap();
        let scenes = make(3, 5);
        for z in scenes.faces.corners().indexed_iter().filter(|((_, _, i), _)| *i == 2).map(|(_, z)| z) {
            assert!((DEPTHS.0..=DEPTHS.1).contains(&f64::from(*z)), "depth {z}");
        }
        assert_eq!(scenes.faces.corners(), make(3, 5).faces.corners());
        assert_ne!(scenes.faces.corners(), make(3, 6).faces.corners());
        assert_ne!(scenes.faces.corners(), make(4, 5).faces.corners());
    }
}
