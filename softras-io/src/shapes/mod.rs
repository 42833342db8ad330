//! Sample shapes made in code, with color: every command runs without any data.

mod airplane;
mod chair;
mod cube;
mod icosphere;
mod lamp;
mod paint;
mod solid;
mod torus_knot;
mod vase;

use std::fmt;
use std::str::FromStr;

use softras_core::scene::{Mesh, MeshTexture};

use crate::error::{Error, Result};

pub use icosphere::icosphere;

/// A shape that is always at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sample {
    /// A sphere, 1,280 triangles, colored by direction.
    Icosphere,
    /// A torus knot, striped.
    TorusKnot,
    /// A wooden chair with a slatted back and a cushion.
    Chair,
    /// An airliner, its nose towards +z.
    Airplane,
    /// A table lamp.
    Lamp,
    /// A painted vase.
    Vase,
    /// A cube of 12 triangles, each side in a color of its own (colors at corners).
    Cube,
}

impl Sample {
    /// Every sample.
    pub const ALL: [Self; 7] =
        [Self::Icosphere, Self::TorusKnot, Self::Chair, Self::Airplane, Self::Lamp, Self::Vase, Self::Cube];

    /// The name on the command line, `torus-knot`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Icosphere => "icosphere",
            Self::TorusKnot => "torus-knot",
            Self::Chair => "chair",
            Self::Airplane => "airplane",
            Self::Lamp => "lamp",
            Self::Vase => "vase",
            Self::Cube => "cube",
        }
    }
    /// Makes the mesh: at most 4,000 triangles, centred, longest side 1, y up, front +z, closed parts wound
    /// counter-clockwise seen from outside, three color channels.
    #[must_use]
    pub fn mesh(self) -> Mesh<f32> {
        match self {
            Self::Icosphere => icosphere::sample(),
            Self::TorusKnot => torus_knot::sample(),
            Self::Chair => chair::sample(),
            Self::Airplane => airplane::sample(),
            Self::Lamp => lamp::sample(),
            Self::Vase => vase::sample(),
            Self::Cube => cube::sample(),
        }
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Sample {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|s| s.name() == text).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|s| s.name()).collect();
            let expected = format!("one of {}", names.join(", "));
            softras_core::Error::parameter("sample shape", format!("{text:?}"), expected).into()
        })
    }
}

/// Builds a mesh that is valid by construction.
fn build(vertices: ndarray::Array2<f32>, triangles: Vec<[u32; 3]>, texture: MeshTexture<f32>) -> Mesh<f32> {
    match Mesh::new(vertices, triangles).and_then(|m| m.with_texture(texture)) {
        Ok(mesh) => mesh,
        Err(e) => unreachable!("a bug in softras-io: a sample shape is not a valid mesh: {e}"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn volume(mesh: &Mesh<f32>) -> f64 {
        mesh.triangles()
            .iter()
            .map(|t| {
                let [a, b, c] = t.map(|v| mesh.vertex(v));
                f64::from(a.dot(b.cross(c))) / 6.0
            })
            .sum()
    }

    #[test]
    fn every_sample_is_centred_with_longest_side_one() {
        for sample in Sample::ALL {
            let mesh = sample.mesh();
            let mut longest: f32 = 0.0;
            for column in mesh.vertices().columns() {
                let low = column.iter().copied().fold(f32::INFINITY, f32::min);
                let high = column.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                assert!((low + high).abs() < 1e-6, "{sample}: {low} {high}");
                longest = longest.max(high - low);
            }
            assert!((longest - 1.0).abs() < 1e-6, "{sample}: {longest}");
        }
    }

    #[test]
    fn every_sample_is_textured_and_of_moderate_size() {
        for sample in Sample::ALL {
            let mesh = sample.mesh();
            assert_eq!(mesh.channels(), 3, "{sample}");
            let values: Vec<f32> = match mesh.texture() {
                MeshTexture::Surface { texels: a, .. } | MeshTexture::Corner(a) => {
                    a.iter().copied().collect()
                }
                _ => panic!("{sample} has no texels"),
            };
            assert!(values.iter().all(|x| (0.0..=1.0).contains(x)), "{sample}");
            let n = mesh.triangles().len();
            assert!((12..=4000).contains(&n), "{sample}: {n} triangles");
            assert!(sample == Sample::Cube || n >= 300, "{sample}: {n} triangles");
            assert!(mesh.triangles().iter().all(|[a, b, c]| a != b && b != c && c != a), "{sample}");
        }
    }

    #[test]
    fn every_sample_is_closed_and_wound_outward() {
        for sample in Sample::ALL {
            let mesh = sample.mesh();
            assert!(volume(&mesh) > 0.001, "{sample}: {}", volume(&mesh));
            // Each directed edge is met by its reverse: closed, and wound consistently.
            let mut edges: HashMap<(u32, u32), i32> = HashMap::new();
            for [a, b, c] in mesh.triangles() {
                for (p, q) in [(a, b), (b, c), (c, a)] {
                    *edges.entry((*p.min(q), *p.max(q))).or_default() += if p < q { 1 } else { -1 };
                }
            }
            assert!(edges.values().all(|n| *n == 0), "{sample}");
        }
    }

    #[test]
    fn names_are_read_back() {
        for sample in Sample::ALL {
            assert_eq!(sample.to_string().parse::<Sample>().unwrap(), sample);
        }
        let e = "teapot".parse::<Sample>().unwrap_err().to_string();
        assert!(e.contains("\"teapot\"") && e.contains("torus-knot"), "{e}");
    }
}
