//! From meshes to faces on the screen: [`Camera::project`], [`project_views`], [`project_batch`].
//!
//! Each vertex is projected once a view, and the corners of the faces gather from there. The way back is [`View`].

use ndarray::{Array1, Array3, Axis, concatenate};

use super::camera::{Camera, ReadyCamera};
use super::faces::{Faces, Picture, Textures};
use super::mesh::{Mesh, MeshTexture};
use super::rows::from_rows;
use super::view::{View, ViewPlace};
use crate::error::{Error, Result};
use crate::math::{Scalar, TextureKind, Vec3};

impl<R: Scalar> Camera<R> {
    /// Draws `mesh` on the screen: one picture of all its triangles, in order, with its texture (colors of vertices
    /// become colors of corners). The [`View`] brings gradients back.
    ///
    /// A face is **dropped** if a corner
    /// * is nearer than the near plane (cutting the face in two would count its D twice along the cut),
    /// * lies beyond `MAX_COORDINATE` on the screen or `MAX_DEPTH` before it (its square would overflow in `f32`),
    /// * or lies where the distortion of a calibrated lens folds, and the polynomial means nothing any more.
    ///
    /// It keeps its place and its texture, touches no pixel, gets no gradient, and is counted in [`View::dropped`].
    ///
    /// # Errors
    /// As [`Camera::check`]; `Layout` if the mesh has more faces than a picture may hold.
    pub fn project(&self, mesh: &Mesh<R>) -> Result<(Faces<R>, View<R>)> {
        project_views(mesh, core::slice::from_ref(self))
    }
}

/// Draws `mesh` once for each of `cameras`: a batch of B pictures that share one texture. Gradients through the
/// [`View`] are sums over the pictures, in order.
///
/// # Errors
/// As [`Camera::project`]; `Layout` if there is no camera; `Parameter` if only some cameras mirror their pictures (the
/// faces of a batch have one front).
pub fn project_views<R: Scalar>(mesh: &Mesh<R>, cameras: &[Camera<R>]) -> Result<(Faces<R>, View<R>)> {
    let (faces, mut views) = assemble(&[(mesh, cameras)])?;
    match views.pop() {
        Some(view) => Ok((faces, view)),
        None => Err(Error::layout("projected meshes", 0, "one")),
    }
}

/// Draws each mesh with its own camera: a batch of B pictures, and a [`View`] for each, which takes its own part out
/// of the gradients of the batch. Each item has its own texture rows, even where two items are the same mesh.
///
/// # Errors
/// As [`project_views`]; `Layout` if the meshes differ in the kind of texture (colors at vertices and corners are one
/// kind) or its channels.
pub fn project_batch<R: Scalar>(items: &[(&Mesh<R>, &Camera<R>)]) -> Result<(Faces<R>, Vec<View<R>>)> {
    let items: Vec<_> = items.iter().map(|&(mesh, camera)| (mesh, core::slice::from_ref(camera))).collect();
    assemble(&items)
}

/// Draws each mesh with its cameras, all into one batch.
fn assemble<R: Scalar>(items: &[(&Mesh<R>, &[Camera<R>])]) -> Result<(Faces<R>, Vec<View<R>>)> {
    let mut cameras = Vec::with_capacity(items.len());
    for (_, of_mesh) in items {
        cameras.push(of_mesh.iter().map(Camera::ready).collect::<Result<Vec<_>>>()?);
    }
    let Some(first) = cameras.iter().flatten().next() else {
        return Err(Error::layout("cameras", 0, "at least one"));
    };
    let front = first.front();
    if cameras.iter().flatten().any(|camera| camera.front() != front) {
        let found = "mirrored and not mirrored ones";
        return Err(Error::parameter("cameras of a batch", found, "one kind (see Camera::official)"));
    }

    let count = items.iter().map(|(mesh, of_mesh)| mesh.triangles().len() * of_mesh.len()).sum();
    let mut corners = Array3::from_elem((count, 3, 3), R::ZERO);
    let mut absent = vec![false; count];
    let (mut pictures, mut places) = (Vec::new(), Vec::with_capacity(items.len()));
    let (mut first_face, mut first_texture) = (0, 0);
    for ((mesh, _), cameras) in items.iter().zip(&cameras) {
        places.push(ViewPlace { first_face, first_texture, batch_faces: count });
        let vertices = from_rows(mesh.vertices());
        for camera in cameras {
            let faces = first_face..first_face + mesh.triangles().len();
            first_face = faces.end;
            for (f, face) in faces.clone().zip(draw(camera, &vertices, mesh.triangles())) {
                absent[f] = put(&mut corners, f, face);
            }
            pictures.push(Picture { faces, first_texture });
        }
        first_texture += mesh.triangles().len();
    }

    let mut faces = Faces::packed(corners, pictures)?.with_front(front).with_absent(Array1::from(absent))?;
    if let Some(textures) = join_textures(items)? {
        faces = faces.with_textures(textures)?;
    }
    let views = items.iter().zip(cameras).zip(places);
    let views = views.map(|(((mesh, _), cameras), place)| View::new(mesh, cameras, place, &faces)).collect();
    Ok((faces, views))
}

/// Projects `vertices` once, and returns the corners of each triangle, `None` for a face that is dropped.
pub(super) fn draw<R: Scalar>(
    camera: &ReadyCamera<R>,
    vertices: &[Vec3<R>],
    triangles: &[[u32; 3]],
) -> impl Iterator<Item = Option<[Vec3<R>; 3]>> {
    let screen: Vec<Option<Vec3<R>>> = vertices.iter().map(|&v| camera.screen(v)).collect();
    triangles.iter().map(move |triangle| {
        let [a, b, c] = triangle.map(|v| screen[v as usize]);
        Some([a?, b?, c?])
    })
}

/// Writes the corners of face `f` and returns whether it is absent; then they are harmless and finite.
pub(super) fn put<R: Scalar>(corners: &mut Array3<R>, f: usize, face: Option<[Vec3<R>; 3]>) -> bool {
    let harmless = Vec3::new(R::ZERO, R::ZERO, R::ONE);
    for (k, corner) in face.unwrap_or([harmless; 3]).into_iter().enumerate() {
        for (i, value) in corner.to_array().into_iter().enumerate() {
            corners[[f, k, i]] = value;
        }
    }
    face.is_none()
}

/// How the texture of `mesh` is read on the screen, and its channels.
fn texture_kind<R: Scalar>(mesh: &Mesh<R>) -> Option<(TextureKind, usize)> {
    let kind = match mesh.texture() {
        MeshTexture::None => return None,
        MeshTexture::Vertex(_) | MeshTexture::Corner(_) => TextureKind::Vertex,
        MeshTexture::Surface { side, .. } => TextureKind::Surface { side: *side },
    };
    Some((kind, mesh.channels()))
}

/// Returns the textures of all items, one after the other.
fn join_textures<R: Scalar>(items: &[(&Mesh<R>, &[Camera<R>])]) -> Result<Option<Textures<R>>> {
    let Some((first, _)) = items.first() else { return Ok(None) };
    let kind = texture_kind(first);
    for (i, (mesh, _)) in items.iter().enumerate() {
        if texture_kind(mesh) != kind {
            return Err(Error::layout(
                format!("texture kind and channels of mesh {i}"),
                format!("{:?}", texture_kind(mesh)),
                format!("{kind:?} as of mesh 0"),
            ));
        }
    }
    let Some((kind, _)) = kind else { return Ok(None) };
    let mut texels: Vec<Array3<R>> = items.iter().map(|(mesh, _)| texels(mesh)).collect();
    let all = if texels.len() == 1 {
        texels.swap_remove(0)
    } else {
        let parts: Vec<_> = texels.iter().map(|a| a.view()).collect();
        concatenate(Axis(0), &parts)
            .map_err(|e| Error::layout("textures of a batch", e, "texels of one shape"))?
    };
    Textures::new(kind, all).map(Some)
}

/// Returns the texels of each face of `mesh`, `[F, texels, C]`; of no texture, `[F, 3, 0]`.
pub(super) fn texels<R: Scalar>(mesh: &Mesh<R>) -> Array3<R> {
    match mesh.texture() {
        MeshTexture::Corner(texels) | MeshTexture::Surface { texels, .. } => texels.clone(),
        MeshTexture::None | MeshTexture::Vertex(_) => {
            let (triangles, channels) = (mesh.triangles(), mesh.channels());
            let mut out = Array3::from_elem((triangles.len(), 3, channels), R::ZERO);
            if let MeshTexture::Vertex(colors) = mesh.texture() {
                for (f, triangle) in triangles.iter().enumerate() {
                    for (k, &v) in triangle.iter().enumerate() {
                        for (c, &color) in colors.row(v as usize).iter().enumerate() {
                            out[[f, k, c]] = color;
                        }
                    }
                }
            }
            out
        }
    }
}
