//! The way back from faces on the screen to the mesh and the cameras: [`View`].

use ndarray::{Array1, Array2, Array3, ArrayRef2, Axis, Slice};

use super::camera::{CameraGrad, ReadyCamera};
use super::faces::Faces;
use super::fans::Fans;
use super::mesh::{Mesh, MeshTexture};
use super::project::{draw, put};
use super::rows::from_rows;
use crate::error::{Error, Result};
use crate::math::{OrderedSum, Scalar, Vec3};
use crate::raster::Gradients;

/// d loss / d [`Mesh`].
#[derive(Clone, Debug, PartialEq)]
pub struct MeshGrad<R = f32> {
    /// d loss / d vertices, `[V, 3]`.
    pub vertices: Array2<R>,
    /// d loss / d texture, of the mesh's kind and shape; `None` for a mesh without texture, or where the gradient of
    /// textures was not asked for.
    pub texture: MeshTexture<R>,
}

/// Where the pictures of a view lie in their batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct ViewPlace {
    pub(super) first_face: usize,
    pub(super) first_texture: usize,
    pub(super) batch_faces: usize,
}

/// The shape of a mesh's texture.
#[derive(Clone, Copy, Debug)]
enum TextureShape {
    None,
    Vertex,
    Corner,
    Surface { side: usize },
}

/// How one mesh came to the screen, in one picture or several: brings gradients back to the mesh and the cameras.
///
/// It holds the vertices, the triangles and the cameras, no texels. Every sum has a fixed order: the same gradients
/// give the same bits every run. Dropped faces give zero.
#[derive(Clone, Debug)]
pub struct View<R = f32> {
    cameras: Vec<ReadyCamera<R>>, // [B]
    vertices: Vec<Vec3<R>>,       // [V]
    triangles: Vec<[u32; 3]>,     // [F]
    fans: Fans,
    absent: Vec<bool>, // [B F]
    texture: TextureShape,
    place: ViewPlace,
    spare: Array3<R>, // corners of the whole batch, or empty: the buffer that `update` swaps
}

impl<R: Scalar> View<R> {
    /// The view of `mesh` in `cameras` whose faces stand in `faces` at `place`.
    pub(super) fn new(
        mesh: &Mesh<R>,
        cameras: Vec<ReadyCamera<R>>,
        place: ViewPlace,
        faces: &Faces<R>,
    ) -> Self {
        let count = mesh.triangles().len() * cameras.len();
        Self {
            cameras,
            vertices: from_rows(mesh.vertices()),
            triangles: mesh.triangles().to_vec(),
            fans: Fans::new(mesh.triangles(), mesh.vertices().nrows()),
            absent: (place.first_face..place.first_face + count).map(|f| faces.is_absent(f)).collect(),
            texture: match mesh.texture() {
                MeshTexture::None => TextureShape::None,
                MeshTexture::Vertex(_) => TextureShape::Vertex,
                MeshTexture::Corner(_) => TextureShape::Corner,
                MeshTexture::Surface { side, .. } => TextureShape::Surface { side: *side },
            },
            place,
            spare: Array3::from_elem((0, 3, 3), R::ZERO),
        }
    }

    /// The number of pictures of this mesh, B.
    #[must_use]
    pub const fn pictures(&self) -> usize {
        self.cameras.len()
    }
    /// The number of faces that were dropped (see [`Camera::project`](super::Camera::project)), over all pictures.
    #[must_use]
    pub fn dropped(&self) -> usize {
        self.absent.iter().filter(|&&absent| absent).count()
    }
    /// The number of faces that were dropped in picture `b` of this view.
    ///
    /// # Panics
    /// If there is no picture `b`.
    #[must_use]
    pub fn dropped_in(&self, b: usize) -> usize {
        let count = self.triangles.len();
        self.absent[b * count..(b + 1) * count].iter().filter(|&&absent| absent).count()
    }

    /// Returns d loss / d mesh, given d loss / d faces; summed over the pictures of this view.
    ///
    /// A gradient that is absent (not asked for) counts as zero.
    ///
    /// # Panics
    /// If the gradients are not those of the faces that this view came with.
    #[must_use]
    pub fn vjp(&self, gradients: &Gradients<R>) -> MeshGrad<R> {
        let mut vertices = Array2::from_elem((self.vertices.len(), 3), R::ZERO);
        for b in 0..self.pictures() {
            self.gather(gradients, b, |v, grad| {
                let (grad_v, _) = self.cameras[b].screen_vjp(self.vertices[v], grad);
                for (to, from) in vertices.row_mut(v).iter_mut().zip(grad_v.to_array()) {
                    *to += from;
                }
            });
        }
        MeshGrad { vertices, texture: self.texture_vjp(gradients) }
    }

    /// Returns d loss / d camera of each picture, `[B]`, given d loss / d faces.
    ///
    /// # Panics
    /// As [`View::vjp`].
    #[must_use]
    pub fn camera_vjp(&self, gradients: &Gradients<R>) -> Vec<CameraGrad<R>> {
        let of_picture = |(b, camera): (usize, &ReadyCamera<R>)| {
            let mut sum = OrderedSum::new(camera.zero_grad());
            self.gather(gradients, b, |v, grad| sum.push(camera.screen_vjp(self.vertices[v], grad).1));
            camera.camera_vjp(&sum.total())
        };
        self.cameras.iter().enumerate().map(of_picture).collect()
    }

    /// Draws the mesh again with its vertices at `vertices [V, 3]`, into the faces this view came with; cameras,
    /// triangles and textures stay. For loops: it allocates no new corners from its second call on.
    ///
    /// # Errors
    /// `Shape` if the vertices are not `[V, 3]`, or the faces are not those of this view; `Parameter` if a coordinate
    /// is not finite. The view is unchanged then; the faces are gone.
    pub fn update(&mut self, mut faces: Faces<R>, vertices: &ArrayRef2<R>) -> Result<Faces<R>> {
        if vertices.shape() != [self.vertices.len(), 3] {
            let expected = format!("[{}, 3]", self.vertices.len());
            return Err(Error::shape("vertices", vertices.shape(), expected));
        }
        if let Some((at, bad)) = vertices.indexed_iter().find(|(_, x)| !x.is_finite()) {
            let name = format!("vertex coordinate {at:?}");
            return Err(Error::parameter(name, format!("{bad:?}"), "a finite number"));
        }
        if faces.count() != self.place.batch_faces {
            let expected = format!("[{}, 3, 3]", self.place.batch_faces);
            return Err(Error::shape("faces of a view", faces.corners().shape(), expected));
        }
        self.vertices = from_rows(vertices);
        let mut absent: Array1<bool> = (0..faces.count()).map(|f| faces.is_absent(f)).collect();
        let mut corners = core::mem::take(&mut self.spare);
        if corners.shape() == faces.corners().shape() {
            corners.assign(faces.corners());
        } else {
            corners = faces.corners().clone();
        }
        let mut f = self.place.first_face;
        for camera in &self.cameras {
            for face in draw(camera, &self.vertices, &self.triangles) {
                absent[f] = put(&mut corners, f, face);
                self.absent[f - self.place.first_face] = absent[f];
                f += 1;
            }
        }
        self.spare = faces.replace_corners(corners)?;
        faces.with_absent(absent)
    }

    /// Calls `visit` with each vertex that has a face in picture `b`, in order, and d loss / d its place on the screen.
    fn gather(&self, gradients: &Gradients<R>, b: usize, mut visit: impl FnMut(usize, Vec3<R>)) {
        let Some(corners) = &gradients.corners else { return };
        let expected = [self.place.batch_faces, 3, 3];
        assert_eq!(corners.shape(), expected, "gradients of other faces than this view's: corners");
        let absent = &self.absent[b * self.triangles.len()..(b + 1) * self.triangles.len()];
        let first = self.place.first_face + b * self.triangles.len();
        for v in 0..self.vertices.len() {
            let mut sum: Option<Vec3<R>> = None;
            for (f, k) in self.fans.at(v).filter(|&(f, _)| !absent[f]) {
                let at = |i| corners[[first + f, k, i]];
                let grad = Vec3::new(at(0), at(1), at(2));
                sum = Some(sum.map_or(grad, |sum| sum + grad));
            }
            // A vertex without a face that is drawn may not be drawn itself: its reverse is not to be asked for.
            if let Some(grad) = sum {
                visit(v, grad);
            }
        }
    }

    fn texture_vjp(&self, gradients: &Gradients<R>) -> MeshTexture<R> {
        let Some(textures) = &gradients.textures else { return MeshTexture::None };
        let rows = self.place.first_texture..self.place.first_texture + self.triangles.len();
        assert!(rows.end <= textures.shape()[0], "gradients of other faces than this view's: textures");
        let own = textures.slice_axis(Axis(0), Slice::from(rows));
        match self.texture {
            TextureShape::None => MeshTexture::None,
            TextureShape::Corner => MeshTexture::Corner(own.to_owned()),
            TextureShape::Surface { side } => MeshTexture::Surface { side, texels: own.to_owned() },
            TextureShape::Vertex => {
                let mut colors = Array2::from_elem((self.vertices.len(), own.shape()[2]), R::ZERO);
                for (v, mut color) in colors.rows_mut().into_iter().enumerate() {
                    for (f, k) in self.fans.at(v) {
                        for (c, sum) in color.iter_mut().enumerate() {
                            *sum += own[[f, k, c]];
                        }
                    }
                }
                MeshTexture::Vertex(colors)
            }
        }
    }
}
