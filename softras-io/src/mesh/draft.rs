//! A mesh while a file is being read: vertices and triangles gather here, then become a `Mesh`.

use ndarray::{Array2, Array3};
use softras_core::scene::{Mesh, MeshTexture};

use super::Loaded;
use crate::error::{Error, Origin, Place, Result};

/// What a reader has gathered so far.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) vertices: Vec<[f32; 3]>,
    pub(super) triangles: Vec<[u32; 3]>,
    pub(super) warnings: Vec<String>,
    /// Faces with more than three corners.
    polygons: usize,
}

impl Draft {
    /// Adds the face with these corners as a fan of triangles, and returns how many.
    pub(super) fn fan(&mut self, corners: &[u32]) -> usize {
        if corners.len() > 3 {
            self.polygons += 1;
        }
        let before = self.triangles.len();
        if let [first, rest @ ..] = corners {
            self.triangles.extend(rest.windows(2).map(|w| [*first, w[0], w[1]]));
        }
        self.triangles.len() - before
    }
    /// Adds a warning about `count` things, unless there are none.
    pub(super) fn warn(&mut self, count: usize, text: &str) {
        if count > 0 {
            self.warnings.push(format!("{count} {text}"));
        }
    }
    /// Checks that there is something to render.
    pub(super) fn check(&self, origin: Origin<'_>) -> Result<()> {
        if self.vertices.is_empty() {
            return Err(origin.content("no vertices", "at least one triangle"));
        }
        if self.triangles.is_empty() {
            let found = format!("{} vertices but no face", self.vertices.len());
            return Err(origin.content(found, "at least one triangle"));
        }
        Ok(())
    }
    /// Builds the mesh, of which every index has been checked.
    pub(super) fn finish(mut self, origin: Origin<'_>, texture: MeshTexture<f32>) -> Result<Loaded> {
        self.check(origin)?;
        let mut used = vec![false; self.vertices.len()];
        for &v in self.triangles.iter().flatten() {
            if let Some(u) = used.get_mut(v as usize) {
                *u = true;
            }
        }
        self.warn(self.polygons, "faces with more than three corners were cut into triangles as fans");
        self.warn(used.iter().filter(|u| !**u).count(), "vertices belong to no face");
        let degenerate = self.triangles.iter().filter(|[a, b, c]| a == b || b == c || c == a).count();
        self.warn(degenerate, "triangles have fewer than three distinct vertices");
        let mesh = Mesh::new(rows(&self.vertices), self.triangles)
            .and_then(|mesh| mesh.with_texture(texture))
            .map_err(|e| origin.mesh(e))?;
        Ok(Loaded { mesh, warnings: self.warnings })
    }
}

/// Returns points as an array, `[V, 3]`.
pub(super) fn rows(points: &[[f32; 3]]) -> Array2<f32> {
    Array2::from_shape_fn((points.len(), 3), |(v, k)| points[v][k])
}

/// Returns one color a triangle as a texture, `[F, 1, 3]`.
pub(super) fn face_texture(colors: &[[f32; 3]]) -> MeshTexture<f32> {
    let texels = Array3::from_shape_fn((colors.len(), 1, 3), |(f, _, k)| colors[f][k]);
    MeshTexture::Surface { side: 1, texels }
}

/// Reads a finite coordinate from text.
pub(super) fn coordinate(origin: Origin<'_>, line: usize, token: &str) -> Result<f32> {
    match token.parse::<f32>() {
        Ok(x) if x.is_finite() => Ok(x),
        _ => Err(origin.line(line, crate::error::quote(token), "a finite number")),
    }
}

/// Returns the error for a vertex index that does not exist.
pub(super) fn out_of_range(origin: Origin<'_>, place: Place, index: i64, count: usize) -> Error {
    origin.syntax(place, format!("vertex {index}"), format!("one of the {count} vertices of the file"))
}
