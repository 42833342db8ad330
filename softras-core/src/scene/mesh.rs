//! A mesh in the world: vertices, triangles, and what colors them.

use ndarray::{Array2, Array3};

use super::faces::{MAX_TEXTURE_SIDE, standard};
use crate::error::{Error, Result};
use crate::math::Scalar;

/// What colors a mesh. Channels may be colors, normals, features: any C >= 1.
#[derive(Clone, Debug, PartialEq)]
pub enum MeshTexture<R = f32> {
    /// No color: the mesh has a silhouette only.
    None,
    /// Colors at vertices, `[V, C]`, interpolated across each triangle.
    Vertex(Array2<R>),
    /// Colors at the three corners of each triangle, `[F, 3, C]`, interpolated across it.
    Corner(Array3<R>),
    /// `side * side` texels a triangle, `[F, side * side, C]`, nearest texel (layout: `math/texture.rs`).
    Surface {
        /// Texels along a side of a triangle, R in MATH 6.
        side: usize,
        /// The texels.
        texels: Array3<R>,
    },
}

/// A triangle mesh in world space. It cannot be built with an index out of range or a number that is not finite.
#[derive(Clone, Debug, PartialEq)]
pub struct Mesh<R = f32> {
    vertices: Array2<R>,      // [V, 3]
    triangles: Vec<[u32; 3]>, // [F]
    texture: MeshTexture<R>,
}

impl<R: Scalar> Mesh<R> {
    /// Builds a mesh without color from `vertices [V, 3]` and `triangles [F]`.
    ///
    /// # Errors
    /// `Shape` if `vertices` is not `[V, 3]`; `Parameter` if a coordinate is not finite; `Layout` if a triangle
    /// names a vertex that does not exist.
    pub fn new(vertices: Array2<R>, triangles: Vec<[u32; 3]>) -> Result<Self> {
        let count = check_vertices(&vertices)?;
        for (f, triangle) in triangles.iter().enumerate() {
            for &v in triangle {
                if v as usize >= count {
                    return Err(Error::layout(
                        format!("triangle {f}"),
                        format!("vertex {v}"),
                        format!("an index below {count}"),
                    ));
                }
            }
        }
        Ok(Self { vertices: standard(vertices), triangles, texture: MeshTexture::None })
    }

    /// Replaces the texture.
    ///
    /// # Errors
    /// `Shape` if it does not fit the mesh; `Parameter` if a value is not finite.
    pub fn with_texture(mut self, texture: MeshTexture<R>) -> Result<Self> {
        let f = self.triangles.len();
        let v = self.vertices.nrows();
        self.texture = match texture {
            MeshTexture::None => MeshTexture::None,
            MeshTexture::Vertex(a) => {
                if a.nrows() != v || a.ncols() == 0 {
                    return Err(Error::shape("vertex colors", a.shape(), format!("[{v}, C], C >= 1")));
                }
                MeshTexture::Vertex(standard(a))
            }
            MeshTexture::Corner(a) => {
                if a.shape()[..2] != [f, 3] || a.shape()[2] == 0 {
                    return Err(Error::shape("corner colors", a.shape(), format!("[{f}, 3, C], C >= 1")));
                }
                MeshTexture::Corner(standard(a))
            }
            MeshTexture::Surface { side, texels } => {
                if side == 0
                    || side > MAX_TEXTURE_SIDE
                    || texels.shape()[..2] != [f, side * side]
                    || texels.shape()[2] == 0
                {
                    return Err(Error::shape(
                        format!("surface texels of side {side}"),
                        texels.shape(),
                        format!("[{f}, side * side, C], C >= 1, 1 <= side <= {}", MAX_TEXTURE_SIDE),
                    ));
                }
                MeshTexture::Surface { side, texels: standard(texels) }
            }
        };
        if let Some(bad) = self.texture_values().iter().find(|x| !x.is_finite()) {
            return Err(Error::parameter("texture", format!("{bad:?}"), "finite values"));
        }
        Ok(self)
    }

    /// Moves the vertices to `vertices [V, 3]`; triangles and texture stay.
    ///
    /// # Errors
    /// `Shape` or `Parameter` as for [`Mesh::new`].
    pub fn set_vertices(&mut self, vertices: Array2<R>) -> Result<()> {
        let count = check_vertices(&vertices)?;
        if count != self.vertices.nrows() {
            return Err(Error::shape(
                "vertices",
                vertices.shape(),
                format!("[{}, 3]", self.vertices.nrows()),
            ));
        }
        self.vertices = standard(vertices);
        Ok(())
    }

    /// Vertex positions, `[V, 3]`, standard layout.
    #[must_use]
    pub fn vertices(&self) -> &Array2<R> {
        &self.vertices
    }
    /// Vertex indices of every triangle, `[F]`.
    #[must_use]
    pub fn triangles(&self) -> &[[u32; 3]] {
        &self.triangles
    }
    /// What colors the mesh.
    #[must_use]
    pub fn texture(&self) -> &MeshTexture<R> {
        &self.texture
    }
    /// The number of color channels, 0 without a texture.
    #[must_use]
    pub fn channels(&self) -> usize {
        match &self.texture {
            MeshTexture::None => 0,
            MeshTexture::Vertex(a) => a.ncols(),
            MeshTexture::Corner(a) | MeshTexture::Surface { texels: a, .. } => a.shape()[2],
        }
    }
    /// The position of vertex `v`.
    ///
    /// # Panics
    /// If there is no vertex `v`.
    #[must_use]
    pub fn vertex(&self, v: u32) -> crate::math::Vec3<R> {
        let row = self.vertices.row(v as usize);
        crate::math::Vec3::new(row[0], row[1], row[2])
    }
    /// The same mesh in another scalar type.
    #[must_use]
    pub fn cast<S: Scalar>(&self) -> Mesh<S> {
        let c = |x: &R| S::from_f64(x.to_f64());
        Mesh {
            vertices: self.vertices.map(c),
            triangles: self.triangles.clone(),
            texture: match &self.texture {
                MeshTexture::None => MeshTexture::None,
                MeshTexture::Vertex(a) => MeshTexture::Vertex(a.map(c)),
                MeshTexture::Corner(a) => MeshTexture::Corner(a.map(c)),
                MeshTexture::Surface { side, texels } => {
                    MeshTexture::Surface { side: *side, texels: texels.map(c) }
                }
            },
        }
    }

    fn texture_values(&self) -> &[R] {
        let slice = match &self.texture {
            MeshTexture::None => None,
            MeshTexture::Vertex(a) => a.as_slice(),
            MeshTexture::Corner(a) | MeshTexture::Surface { texels: a, .. } => a.as_slice(),
        };
        slice.unwrap_or(&[])
    }
}

fn check_vertices<R: Scalar>(vertices: &Array2<R>) -> Result<usize> {
    if vertices.ncols() != 3 {
        return Err(Error::shape("vertices", vertices.shape(), "[V, 3]"));
    }
    if let Some(((v, k), bad)) = vertices.indexed_iter().find(|(_, x)| !x.is_finite()) {
        return Err(Error::parameter(
            format!("coordinate {k} of vertex {v}"),
            format!("{bad:?}"),
            "a finite number",
        ));
    }
    if vertices.nrows() > u32::MAX as usize {
        return Err(Error::shape("vertices", vertices.shape(), "at most 2^32 - 1 rows"));
    }
    Ok(vertices.nrows())
}
