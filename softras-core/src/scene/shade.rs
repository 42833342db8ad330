//! From a mesh and lights to a lit mesh, and back: [`Lighting::shade`], [`Shading`].
//!
//! A texel is multiplied by the factor of its *site*: its triangle, its vertex, or three vertices interpolated.

use ndarray::{Array2, Array3, Axis};

use super::light::{Directional, Lighting, LightingGrad, NormalKind, SHORTEST};
use super::mesh::{Mesh, MeshTexture};
use super::normals::{of_faces, of_faces_vjp, of_vertices, of_vertices_vjp};
use super::project::texels;
use super::rows::{from_rows, to_rows};
use super::view::MeshGrad;
use crate::error::{Error, Result};
use crate::math::{OrderedSum, Scalar, Vec3, surface_texel_centre};

/// How a mesh was lit: brings gradients back to the mesh without light, and to the lights.
#[derive(Clone, Debug)]
pub struct Shading<R = f32> {
    mesh: Mesh<R>,
    lighting: Lighting<R>,
    normals: Vec<Vec3<R>>, // [N], of triangles or vertices
    factors: Array2<R>,    // [N, C]
}

impl<R: Scalar> Lighting<R> {
    /// Lights `mesh`: the same mesh with a darker or brighter texture. The [`Shading`] brings gradients back.
    ///
    /// | texture | on face normals | on vertex normals |
    /// |---|---|---|
    /// | `Vertex` | becomes `Corner` (a vertex looks different in each triangle) | `Vertex` |
    /// | `Corner` | `Corner` | `Corner` |
    /// | `Surface` | `Surface` | `Surface`, the factor interpolated to the texel's centre (MATH 6) |
    ///
    /// # Errors
    /// As [`Lighting::check`]; `Layout` if the mesh has no texture; `Parameter` if a lit texel is not finite.
    pub fn shade(&self, mesh: &Mesh<R>) -> Result<(Mesh<R>, Shading<R>)> {
        if *mesh.texture() == MeshTexture::None {
            return Err(Error::layout(
                "texture of a mesh to light",
                "none",
                "colors of vertices, corners or surface",
            ));
        }
        self.check(mesh.channels())?;
        let vertices = from_rows(mesh.vertices());
        let normals = match self.normals {
            NormalKind::Face => of_faces(&vertices, mesh.triangles()),
            NormalKind::Vertex => of_vertices(&vertices, mesh.triangles()),
        };
        let factors =
            Array2::from_shape_fn((normals.len(), mesh.channels()), |(n, c)| self.factor(normals[n], c));
        let shading = Shading { mesh: mesh.clone(), lighting: self.clone(), normals, factors };
        let mut lit = shading.unlit();
        shading.each_texel(|row, texel, sites| {
            for c in 0..mesh.channels() {
                lit[[row, texel, c]] = lit[[row, texel, c]] * shading.factor(sites, c);
            }
        });
        let texture = match mesh.texture() {
            MeshTexture::Surface { side, .. } => MeshTexture::Surface { side: *side, texels: lit },
            MeshTexture::Vertex(_) if self.normals == NormalKind::Vertex => {
                MeshTexture::Vertex(lit.index_axis_move(Axis(1), 0))
            }
            _ => MeshTexture::Corner(lit),
        };
        Ok((mesh.clone().with_texture(texture)?, shading))
    }
}

/// The factors of a texel: rows of `factors` and their weights.
type Sites<R> = [(usize, R)];

impl<R: Scalar> Shading<R> {
    /// Returns d loss / d mesh without light and d loss / d lights, given d loss / d lit mesh. The gradient to the
    /// vertices is the sum of the one given and the one through the normals.
    ///
    /// # Panics
    /// If `grad` is not of the lit mesh: of another shape, or another kind of texture (but `None` counts as zero).
    #[must_use]
    pub fn vjp(&self, grad: &MeshGrad<R>) -> (MeshGrad<R>, LightingGrad<R>) {
        let channels = self.mesh.channels();
        let mut grad_texels = self.texels_of(grad);
        let unlit = self.unlit();
        let mut grad_factors = Array2::from_elem(self.factors.raw_dim(), R::ZERO);
        self.each_texel(|row, texel, sites| {
            for c in 0..channels {
                let grad = grad_texels[[row, texel, c]];
                for &(site, weight) in sites {
                    grad_factors[[site, c]] += grad * unlit[[row, texel, c]] * weight;
                }
                grad_texels[[row, texel, c]] = grad * self.factor(sites, c);
            }
        });
        let (grad_normals, lights) = self.lights_vjp(&grad_factors);
        let vertices = from_rows(self.mesh.vertices());
        let through_normals = match self.lighting.normals {
            NormalKind::Face => of_faces_vjp(&vertices, self.mesh.triangles(), &grad_normals),
            NormalKind::Vertex => of_vertices_vjp(&vertices, self.mesh.triangles(), &grad_normals),
        };
        let vertices = &grad.vertices + &to_rows(&through_normals);
        let texture =
            if grad.texture == MeshTexture::None { MeshTexture::None } else { self.unlit_vjp(grad_texels) };
        (MeshGrad { vertices, texture }, lights)
    }

    /// d loss / d normals and d loss / d lights, given d loss / d factors.
    fn lights_vjp(&self, grad_factors: &Array2<R>) -> (Vec<Vec3<R>>, LightingGrad<R>) {
        let mut grad_normals = vec![Vec3::ZERO; self.normals.len()];
        let column = |c: usize, of: &dyn Fn(usize) -> R| {
            OrderedSum::of(R::ZERO, (0..self.normals.len()).map(|n| grad_factors[[n, c]] * of(n)))
        };
        let channels = || 0..self.mesh.channels();
        let one_light = |light: &Directional<R>| {
            let mut grad_unit = OrderedSum::new(Vec3::ZERO);
            for (n, &normal) in self.normals.iter().enumerate() {
                let terms = channels().map(|c| grad_factors[[n, c]] * light.intensity.channel(c));
                let (grad_normal, grad_direction) =
                    light.cosine_vjp(normal, terms.fold(R::ZERO, |a, b| a + b));
                grad_normals[n] += grad_normal;
                grad_unit.push(grad_direction);
            }
            let per_channel = channels().map(|c| column(c, &|n| light.cosine(self.normals[n]))).collect();
            Directional {
                direction: light.direction.normalize_vjp(SHORTEST, grad_unit.total()),
                intensity: light.intensity.channels_vjp(per_channel),
            }
        };
        let lights = self.lighting.lights.iter().map(one_light).collect();
        let per_channel = channels().map(|c| column(c, &|_| R::ONE)).collect();
        let ambient = self.lighting.ambient.channels_vjp(per_channel);
        (grad_normals, LightingGrad { ambient, lights })
    }

    fn factor(&self, sites: &Sites<R>, c: usize) -> R {
        sites.iter().fold(R::ZERO, |sum, &(site, weight)| sum + self.factors[[site, c]] * weight)
    }

    /// Whether texels are those of vertices, one a row.
    fn has_vertex_rows(&self) -> bool {
        self.lighting.normals == NormalKind::Vertex && matches!(self.mesh.texture(), MeshTexture::Vertex(_))
    }

    /// The texels before light: `[V, 1, C]` for colors of vertices on vertex normals, else `[F, texels, C]`.
    fn unlit(&self) -> Array3<R> {
        match self.mesh.texture() {
            MeshTexture::Vertex(colors) if self.has_vertex_rows() => colors.clone().insert_axis(Axis(1)),
            _ => texels(&self.mesh),
        }
    }

    /// The texture whose texels [`Shading::unlit`] returns, as a gradient: the corners of a vertex are summed.
    fn unlit_vjp(&self, grad: Array3<R>) -> MeshTexture<R> {
        match self.mesh.texture() {
            MeshTexture::None => MeshTexture::None,
            MeshTexture::Corner(_) => MeshTexture::Corner(grad),
            MeshTexture::Surface { side, .. } => MeshTexture::Surface { side: *side, texels: grad },
            MeshTexture::Vertex(_) if self.has_vertex_rows() => {
                MeshTexture::Vertex(grad.index_axis_move(Axis(1), 0))
            }
            MeshTexture::Vertex(colors) => {
                let mut sum = Array2::from_elem(colors.raw_dim(), R::ZERO);
                for (f, triangle) in self.mesh.triangles().iter().enumerate() {
                    for (k, &v) in triangle.iter().enumerate() {
                        for c in 0..self.mesh.channels() {
                            sum[[v as usize, c]] += grad[[f, k, c]];
                        }
                    }
                }
                MeshTexture::Vertex(sum)
            }
        }
    }

    /// The gradient of the lit texels, in the shape of [`Shading::unlit`].
    fn texels_of(&self, grad: &MeshGrad<R>) -> Array3<R> {
        let unlit = self.unlit();
        let texels = match &grad.texture {
            MeshTexture::None => Array3::from_elem(unlit.raw_dim(), R::ZERO),
            MeshTexture::Vertex(colors) => colors.clone().insert_axis(Axis(1)),
            MeshTexture::Corner(texels) | MeshTexture::Surface { texels, .. } => texels.clone(),
        };
        assert_eq!(texels.shape(), unlit.shape(), "gradient of another mesh than the lit one: texture");
        assert_eq!(grad.vertices.shape(), self.mesh.vertices().shape(), "gradient of another mesh: vertices");
        texels
    }

    /// Calls `visit` with row, texel and sites of every texel, in order.
    fn each_texel(&self, mut visit: impl FnMut(usize, usize, &Sites<R>)) {
        if self.has_vertex_rows() {
            for v in 0..self.mesh.vertices().nrows() {
                visit(v, 0, &[(v, R::ONE)]);
            }
            return;
        }
        let centers = match self.mesh.texture() {
            MeshTexture::Surface { side, .. } => texel_centers(*side),
            _ => vec![[R::ONE, R::ZERO, R::ZERO], [R::ZERO, R::ONE, R::ZERO], [R::ZERO, R::ZERO, R::ONE]],
        };
        for (f, triangle) in self.mesh.triangles().iter().enumerate() {
            for (texel, center) in centers.iter().enumerate() {
                match self.lighting.normals {
                    NormalKind::Face => visit(f, texel, &[(f, R::ONE)]),
                    NormalKind::Vertex => {
                        visit(f, texel, &[0, 1, 2].map(|k| (triangle[k] as usize, center[k])));
                    }
                }
            }
        }
    }
}

/// The barycentrics of the centres of the `side * side` texels of a triangle (MATH 6).
fn texel_centers<R: Scalar>(side: usize) -> Vec<[R; 3]> {
    let center = |texel: usize| {
        let [x, y] = surface_texel_centre(side, texel);
        [x, y, 1.0 - x - y].map(R::from_f64)
    };
    (0..side * side).map(center).collect()
}
