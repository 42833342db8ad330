//! From a mesh and lights to a lit mesh, and back: [`Lighting::shade`], [`Shading`].
//!
//! A texel is multiplied by the factor of its *site*: its triangle, its vertex, or three vertices interpolated.

use ndarray::{Array2, Array3, Axis};

use super::harmonics::{HARMONICS, Harmonics, harmonics, harmonics_vjp};
use super::light::{Directional, Lighting, LightingGrad, NormalKind, SHORTEST};
use super::mesh::{Mesh, MeshTexture};
use super::normals::{of_faces, of_faces_vjp, of_vertices, of_vertices_vjp};
use super::point_light::PointLight;
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
    sites: Vec<Site<R>>, // [N], triangles or vertices
    factors: Array2<R>,  // [N, C]
}

/// A place that is lit; in the reverse, d loss / d both.
#[derive(Clone, Copy, Debug)]
struct Site<R> {
    normal: Vec3<R>,
    position: Vec3<R>,
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
        let sites = self.sites(mesh);
        let factors = Array2::from_shape_fn((sites.len(), mesh.channels()), |(n, c)| {
            self.factor(sites[n].normal, sites[n].position, c)
        });
        let shading = Shading { mesh: mesh.clone(), lighting: self.clone(), sites, factors };
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

    /// The places of `mesh` that are lit: triangles at their centroids, or vertices.
    fn sites(&self, mesh: &Mesh<R>) -> Vec<Site<R>> {
        let vertices = from_rows(mesh.vertices());
        let (normals, positions) = match self.normals {
            NormalKind::Face => {
                let third = R::from_f64(1.0 / 3.0);
                let centroid = |triangle: &[u32; 3]| {
                    let [a, b, c] = triangle.map(|v| vertices[v as usize]);
                    (a + b + c).scale(third)
                };
                let positions = mesh.triangles().iter().map(centroid).collect();
                (of_faces(&vertices, mesh.triangles()), positions)
            }
            NormalKind::Vertex => (of_vertices(&vertices, mesh.triangles()), vertices),
        };
        normals.into_iter().zip(positions).map(|(normal, position)| Site { normal, position }).collect()
    }

    /// d loss / d vertices, given d loss / d `sites(mesh)`.
    fn sites_vjp(&self, mesh: &Mesh<R>, grad: &[Site<R>]) -> Vec<Vec3<R>> {
        let vertices = from_rows(mesh.vertices());
        let grad_normals: Vec<Vec3<R>> = grad.iter().map(|site| site.normal).collect();
        match self.normals {
            NormalKind::Face => {
                let mut out = of_faces_vjp(&vertices, mesh.triangles(), &grad_normals);
                let third = R::from_f64(1.0 / 3.0);
                for (triangle, site) in mesh.triangles().iter().zip(grad) {
                    for &v in triangle {
                        out[v as usize] += site.position.scale(third);
                    }
                }
                out
            }
            NormalKind::Vertex => {
                let mut out = of_vertices_vjp(&vertices, mesh.triangles(), &grad_normals);
                for (out, site) in out.iter_mut().zip(grad) {
                    *out += site.position;
                }
                out
            }
        }
    }
}

/// The factors of a texel: rows of `factors` and their weights.
type Sites<R> = [(usize, R)];

impl<R: Scalar> Shading<R> {
    /// Returns d loss / d mesh without light and d loss / d lights, given d loss / d lit mesh. The gradient to the
    /// vertices is the sum of the one given and the one through normals and places.
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
        let (grad_sites, lights) = self.lights_vjp(&grad_factors);
        let through_light = self.lighting.sites_vjp(&self.mesh, &grad_sites);
        let vertices = &grad.vertices + &to_rows(&through_light);
        let texture =
            if grad.texture == MeshTexture::None { MeshTexture::None } else { self.unlit_vjp(grad_texels) };
        (MeshGrad { vertices, texture }, lights)
    }

    /// d loss / d sites and d loss / d lights, given d loss / d factors.
    fn lights_vjp(&self, grad_factors: &Array2<R>) -> (Vec<Site<R>>, LightingGrad<R>) {
        let mut grad = vec![Site { normal: Vec3::ZERO, position: Vec3::ZERO }; self.sites.len()];
        let lighting = &self.lighting;
        let lights =
            lighting.lights.iter().map(|l| self.directional_vjp(l, grad_factors, &mut grad)).collect();
        let points = lighting.points.iter().map(|l| self.point_vjp(l, grad_factors, &mut grad)).collect();
        let harmonics = lighting.harmonics.as_ref().map(|l| self.harmonics_vjp(l, grad_factors, &mut grad));
        let ambient = lighting.ambient.channels_vjp(self.per_channel(grad_factors, |_| R::ONE));
        (grad, LightingGrad { ambient, lights, points, harmonics })
    }

    /// The sum over the sites of a gradient and what `of` returns for a site, `[C]`.
    fn per_channel(&self, grad_factors: &Array2<R>, of: impl Fn(&Site<R>) -> R) -> Vec<R> {
        let values: Vec<R> = self.sites.iter().map(of).collect();
        let column = |c| {
            let terms = values.iter().enumerate().map(|(n, &value)| grad_factors[[n, c]] * value);
            OrderedSum::of(R::ZERO, terms)
        };
        (0..self.mesh.channels()).map(column).collect()
    }

    /// The sum over the channels of the gradients at site `n`, each times `of(channel)`.
    fn over_channels(&self, grad_factors: &Array2<R>, n: usize, of: impl Fn(usize) -> R) -> R {
        (0..self.mesh.channels()).fold(R::ZERO, |sum, c| sum + grad_factors[[n, c]] * of(c))
    }

    fn directional_vjp(
        &self,
        light: &Directional<R>,
        grad_factors: &Array2<R>,
        grad: &mut [Site<R>],
    ) -> Directional<R> {
        let mut grad_unit = OrderedSum::new(Vec3::ZERO);
        for (n, site) in self.sites.iter().enumerate() {
            let grad_cosine = self.over_channels(grad_factors, n, |c| light.intensity.channel(c));
            let (grad_normal, grad_direction) = light.cosine_vjp(site.normal, grad_cosine);
            grad[n].normal += grad_normal;
            grad_unit.push(grad_direction);
        }
        let intensity = self.per_channel(grad_factors, |site| light.cosine(site.normal));
        Directional {
            direction: light.direction.normalize_vjp(SHORTEST, grad_unit.total()),
            intensity: light.intensity.channels_vjp(intensity),
        }
    }

    fn point_vjp(
        &self,
        light: &PointLight<R>,
        grad_factors: &Array2<R>,
        grad: &mut [Site<R>],
    ) -> PointLight<R> {
        let mut sum = OrderedSum::new(Vec3::ZERO);
        for (n, site) in self.sites.iter().enumerate() {
            let grad_reach = self.over_channels(grad_factors, n, |c| light.intensity.channel(c));
            let (grad_normal, grad_position) = light.reach_vjp(site.normal, site.position, grad_reach);
            grad[n].normal += grad_normal;
            grad[n].position -= grad_position;
            sum.push(grad_position);
        }
        let intensity = self.per_channel(grad_factors, |site| light.reach(site.normal, site.position));
        PointLight {
            position: sum.total(),
            intensity: light.intensity.channels_vjp(intensity),
            falloff: light.falloff,
        }
    }

    fn harmonics_vjp(
        &self,
        light: &Harmonics<R>,
        grad_factors: &Array2<R>,
        grad: &mut [Site<R>],
    ) -> Harmonics<R> {
        for (n, site) in self.sites.iter().enumerate() {
            let grad_y: [R; HARMONICS] = core::array::from_fn(|k| {
                self.over_channels(grad_factors, n, |c| light.coefficients[k].channel(c))
            });
            grad[n].normal += harmonics_vjp(site.normal, &grad_y);
        }
        let coefficient = |k: usize| {
            let per_channel = self.per_channel(grad_factors, |site| harmonics(site.normal)[k]);
            light.coefficients[k].channels_vjp(per_channel)
        };
        Harmonics { coefficients: core::array::from_fn(coefficient) }
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
