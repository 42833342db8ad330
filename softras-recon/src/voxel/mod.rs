//! Solids at 32^3, and what of them two shapes share.
//!
//! | file | what |
//! |---|---|
//! | `shell` | the voxels that the surface passes through |
//! | `flood` | those that the outside does not reach |
//! | `surface` | a dirty mesh, welded and turned outward |
//! | `winding` | the generalised winding number, fast |
//! | `blocks` | back from voxels to a mesh |

mod blocks;
mod flood;
mod shell;
mod surface;
mod winding;

use softras_core::scene::Mesh;

use self::surface::Surface;
use self::winding::Winding;

/// Voxels along a side of the grid.
pub const SIDE: usize = 32;

/// Words that hold the grid.
const WORDS: usize = SIDE * SIDE * SIDE / 64;

/// A solid in the cube from -1/2 to 1/2 (and a hair beyond): a bit for each of its 32^3 voxels.
///
/// A point v lies in the voxel `floor(32 (31/32 v + 1/2))` along each axis (MATH 9): -1/2 is in the middle of the first
/// voxel, 1/2 in the middle of the last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voxels {
    words: Vec<u64>, // [WORDS], bit (x * SIDE + y) * SIDE + z
}

impl Default for Voxels {
    fn default() -> Self {
        Self { words: vec![0; WORDS] }
    }
}

impl Voxels {
    /// Bytes of [`Voxels::to_bytes`].
    pub const BYTES: usize = WORDS * 8;

    /// Fills `mesh`: the voxels its surface passes through, those the outside does not reach from there, and those whose
    /// centres have a generalised winding number above 1/2.
    ///
    /// On a closed mesh the last adds nothing, and this is the published way. An open mesh leaks: there the winding number
    /// decides, which degrades slowly with the size of the hole. Vertices at one place are welded before, doubled triangles
    /// dropped, and neighbouring triangles wound alike. What lies outside the grid is left out.
    #[must_use]
    pub fn solid(mesh: &Mesh) -> Self {
        let mut solid = flood::fill(&shell::shell(mesh));
        let surface = Surface::new(mesh);
        if surface.is_closed() {
            return solid;
        }
        let Some(bounds) = surface.bounds() else { return solid };
        let winding = Winding::new(surface.triangles());
        let range = bounds.map(|[low, high]| cell(low)..=cell(high));
        for x in range[0].clone() {
            for y in range[1].clone() {
                for z in range[2].clone() {
                    if !solid.get(x, y, z) && winding.at([x, y, z].map(centre)).abs() > 0.5 {
                        solid.set(x, y, z);
                    }
                }
            }
        }
        solid
    }
    /// Returns the voxels that the surface of `mesh` passes through. What lies outside the grid is left out.
    #[must_use]
    pub fn shell(mesh: &Mesh) -> Self {
        shell::shell(mesh)
    }
    /// Returns a mesh around the voxels, without color: two triangles for each side that a filled voxel shares with an
    /// empty one. It has no triangles if no voxel is filled.
    ///
    /// # Errors
    /// None that its own vertices do not cause, which would be a bug.
    pub fn blocks(&self) -> softras_core::Result<Mesh> {
        blocks::mesh(self)
    }

    /// Tells whether the voxel is filled.
    ///
    /// # Panics
    /// If an index is not below [`SIDE`].
    #[must_use]
    pub fn get(&self, x: usize, y: usize, z: usize) -> bool {
        let bit = index(x, y, z);
        self.words[bit / 64] >> (bit % 64) & 1 == 1
    }
    /// Fills the voxel.
    ///
    /// # Panics
    /// As [`Voxels::get`].
    pub fn set(&mut self, x: usize, y: usize, z: usize) {
        let bit = index(x, y, z);
        self.words[bit / 64] |= 1 << (bit % 64);
    }
    /// Returns the number of filled voxels.
    #[must_use]
    pub fn count(&self) -> usize {
        self.words.iter().map(|w| w.count_ones() as usize).sum()
    }
    /// Returns the intersection over union with `other`; 1 if both are empty.
    #[must_use]
    pub fn iou(&self, other: &Self) -> f64 {
        let (mut shared, mut either) = (0_u32, 0_u32);
        for (a, b) in self.words.iter().zip(&other.words) {
            shared += (a & b).count_ones();
            either += (a | b).count_ones();
        }
        if either == 0 { 1.0 } else { f64::from(shared) / f64::from(either) }
    }
    /// Calls `visit` with the index, 0 to 32^3 - 1, of each filled voxel.
    pub fn each(&self, mut visit: impl FnMut(usize)) {
        for (w, &word) in self.words.iter().enumerate() {
            let mut left = word;
            while left != 0 {
                visit(w * 64 + left.trailing_zeros() as usize);
                left &= left - 1;
            }
        }
    }
    /// Fills the voxels whose index passes `test`.
    #[must_use]
    pub fn from_fn(mut test: impl FnMut(usize) -> bool) -> Self {
        let mut voxels = Self::default();
        for bit in 0..WORDS * 64 {
            voxels.words[bit / 64] |= u64::from(test(bit)) << (bit % 64);
        }
        voxels
    }
    /// Returns the bits, little endian.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.words.iter().flat_map(|w| w.to_le_bytes()).collect()
    }
    /// Reads what [`Voxels::to_bytes`] wrote; `None` if there are not [`Voxels::BYTES`] of them.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (words, []) = bytes.as_chunks::<8>() else { return None };
        (words.len() == WORDS).then(|| Self { words: words.iter().map(|w| u64::from_le_bytes(*w)).collect() })
    }
    /// Reads the published layout, `[y, x, 31 - z]` for our (x, y, z): 32^3 bytes, 0 for empty. `None` for another number.
    #[must_use]
    pub fn from_published(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != WORDS * 64 {
            return None;
        }
        let mut voxels = Self::default();
        for (i, _) in bytes.iter().enumerate().filter(|(_, b)| **b != 0) {
            voxels.set(i / SIDE % SIDE, i / (SIDE * SIDE), SIDE - 1 - i % SIDE);
        }
        Some(voxels)
    }
}

fn index(x: usize, y: usize, z: usize) -> usize {
    assert!(x < SIDE && y < SIDE && z < SIDE, "voxel {x}, {y}, {z} of a grid of {SIDE}");
    (x * SIDE + y) * SIDE + z
}

/// A coordinate in voxels: 0 at the low side of the grid, 32 at its high side.
fn in_voxels(v: f64) -> f64 {
    (SIDE - 1) as f64 * v + SIDE as f64 / 2.0
}

/// The voxel that holds a coordinate, the nearest one for those outside the grid.
fn cell(v: f64) -> usize {
    in_voxels(v).floor().clamp(0.0, (SIDE - 1) as f64) as usize
}

/// The coordinate of the middle of a voxel.
fn centre(i: usize) -> f64 {
    (i as f64 + 0.5 - SIDE as f64 / 2.0) / (SIDE - 1) as f64
}

#[cfg(test)]
mod tests {
    use ndarray::array;
    use softras_io::{icosphere, normalize};

    use super::*;

    /// A sphere of diameter 0.8 without the triangles that `lost` names by their centroids.
    fn sphere(mut lost: impl FnMut([f32; 3]) -> bool) -> Mesh {
        let mut mesh = normalize(&icosphere(3).unwrap());
        mesh.set_vertices(mesh.vertices() * 0.8).unwrap();
        let keep = |t: &&[u32; 3]| {
            let [a, b, c] = t.map(|v| mesh.vertex(v));
            !lost(((a + b + c) * (1.0 / 3.0)).to_array())
        };
        let kept = mesh.triangles().iter().filter(keep).copied().collect();
        Mesh::new(mesh.vertices().clone(), kept).unwrap()
    }

    #[test]
    fn a_point_lies_in_the_voxel_of_the_formula() {
        assert_eq!((cell(-0.5), cell(0.0), cell(0.5), cell(7.0)), (0, 16, 31, 31));
        for i in 0..SIDE {
            assert_eq!(cell(centre(i)), i);
        }
    }

    #[test]
    fn a_hole_costs_little_where_a_flood_alone_loses_the_inside() {
        let whole = Voxels::solid(&sphere(|_| false));
        for (lowest, least) in [(0.36, 0.98), (0.3, 0.94), (0.2, 0.8)] {
            let holed = sphere(|c| c[1] > lowest);
            assert!(flood::fill(&shell::shell(&holed)).iou(&whole) < 0.5, "{lowest}: there is no leak");
            let found = Voxels::solid(&holed).iou(&whole);
            assert!(found > least, "a hole above y = {lowest}: {found}");
        }
    }

    #[test]
    fn random_holes_cost_next_to_nothing() {
        let whole = Voxels::solid(&sphere(|_| false));
        // About a tenth of the triangles, here and there.
        let mut k = 0_u32;
        let holed = sphere(|_| {
            k += 1;
            k.wrapping_mul(2_654_435_761) >> 24 < 26
        });
        assert!(holed.triangles().len() < 1200);
        let found = Voxels::solid(&holed).iou(&whole);
        assert!(found > 0.99, "{found}");
    }

    #[test]
    fn winding_of_single_triangles_and_doubled_ones_do_not_matter() {
        let whole = sphere(|c| c[1] > 0.3);
        let expected = Voxels::solid(&whole);
        let mut triangles = whole.triangles().to_vec();
        for t in triangles.iter_mut().step_by(3) {
            t.swap(0, 1);
        }
        triangles.extend_from_within(..200);
        // Every triangle with vertices of its own.
        let soup = ndarray::Array2::from_shape_fn((3 * triangles.len(), 3), |(r, k)| {
            whole.vertices()[[triangles[r / 3][r % 3] as usize, k]]
        });
        let alone = (0..triangles.len() as u32).map(|t| [3 * t, 3 * t + 1, 3 * t + 2]).collect();
        assert_eq!(Voxels::solid(&Mesh::new(soup, alone).unwrap()), expected);
    }

    #[test]
    fn sheets_and_nothing_are_no_solids() {
        let vertices = array![[-0.4, 0.0, -0.4], [0.4, 0.0, -0.4], [0.4, 0.0, 0.4], [-0.4, 0.0, 0.4]];
        let sheet = Mesh::new(vertices, vec![[0, 1, 2], [0, 2, 3]]).unwrap();
        assert_eq!(Voxels::solid(&sheet), Voxels::shell(&sheet));
        let nothing = Mesh::new(ndarray::Array2::zeros((0, 3)), vec![]).unwrap();
        assert_eq!(Voxels::solid(&nothing).count(), 0);
        assert!((Voxels::solid(&nothing).iou(&Voxels::default()) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn bytes_and_the_published_layout_come_back() {
        let solid = Voxels::solid(&sphere(|c| c[0] > 0.1));
        assert_eq!(Voxels::from_bytes(&solid.to_bytes()), Some(solid.clone()));
        assert_eq!(Voxels::from_bytes(&[0; 8]), None);
        let mut published = vec![0; WORDS * 64];
        solid.each(|bit| {
            let (x, y, z) = (bit / 1024, bit / 32 % 32, bit % 32);
            published[(y * SIDE + x) * SIDE + (31 - z)] = 1;
        });
        assert_eq!(Voxels::from_published(&published), Some(solid));
        assert_eq!(Voxels::from_published(&published[1..]), None);
    }

    #[test]
    fn blocks_hold_the_same_volume() {
        let solid = Voxels::solid(&sphere(|_| false));
        let mesh = solid.blocks().unwrap();
        let volume: f64 = mesh
            .triangles()
            .iter()
            .map(|t| {
                let [a, b, c] = t.map(|v| mesh.vertex(v));
                f64::from(a.dot(b.cross(c))) / 6.0
            })
            .sum();
        let expected = solid.count() as f64 / 31f64.powi(3);
        assert!((volume / expected - 1.0).abs() < 1e-4, "{volume} {expected}");
    }
}
