//! Meshes and cameras that the tests of cameras share.
#![allow(dead_code, reason = "each test file uses a part of it")]

use crate::derivative::noise;
use ndarray::{Array2, Array3, Axis};
use softras_core::math::{Mat3, Scalar, Vec3};
use softras_core::raster::Gradients;
use softras_core::scene::{
    Camera, CameraGrad, Convention, Degrees, Distortion, Extrinsics, Faces, Intrinsics, Lens, Mesh,
    MeshTexture, Pose,
};

/// A tetrahedron around the origin, in front of every camera of these tests, with colors at its vertices.
pub(crate) fn tetrahedron() -> Mesh<f64> {
    let vertices = [0.5, -0.3, 0.2, -0.4, -0.35, 0.3, 0.1, 0.6, 0.05, -0.05, -0.1, -0.55];
    let vertices = Array2::from_shape_vec((4, 3), vertices.to_vec()).unwrap();
    let triangles = vec![[0, 1, 2], [0, 2, 3], [1, 3, 2], [0, 3, 1]];
    let colors = Array2::from_shape_fn((4, 2), |(v, c)| 0.1 * v as f64 + 0.3 * c as f64);
    Mesh::new(vertices, triangles).unwrap().with_texture(MeshTexture::Vertex(colors)).unwrap()
}

pub(crate) fn with_vertices<R: Scalar>(mesh: &Mesh<f64>, p: &[R]) -> Mesh<R> {
    let mut mesh = mesh.cast();
    mesh.set_vertices(Array2::from_shape_vec(mesh.vertices().raw_dim(), p.to_vec()).unwrap()).unwrap();
    mesh
}

pub(crate) fn gradients<R: Scalar>(faces: &Faces<R>) -> Gradients<R> {
    let mut g = Gradients::default();
    let shape = faces.corners().raw_dim();
    g.corners = Some(Array3::from_shape_fn(shape, |(f, k, i)| R::from_f64(noise(9 * f + 3 * k + i))));
    g.textures = faces.textures().map(|t| {
        let shape = t.texels().raw_dim();
        Array3::from_shape_fn(shape, |(f, k, c)| R::from_f64(noise(1000 + 31 * f + 7 * k + c)))
    });
    g
}

/// The rows `rows` of corners and textures.
pub(crate) fn part(g: &Gradients<f64>, rows: core::ops::Range<usize>) -> Gradients<f64> {
    let cut = |x: &Array3<f64>| x.slice_axis(Axis(0), rows.clone().into()).to_owned();
    let mut own = Gradients::default();
    (own.corners, own.textures) = (g.corners.as_ref().map(cut), g.textures.as_ref().map(cut));
    own
}

/// A loss: the corners against fixed weights. Its gradient to the faces is the weights.
pub(crate) fn loss<R: Scalar>(faces: &Faces<R>) -> R {
    let weights = gradients(faces).corners.unwrap();
    let mut sum = R::ZERO;
    for (x, w) in faces.corners().iter().zip(&weights) {
        sum += *x * *w;
    }
    sum
}

/// Every way to build a camera, from numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Perspective,
    Orthographic,
    Official,
    LookAtPinhole,
    OpenCv,
    Rigid(Convention),
}

pub(crate) const KINDS: [Kind; 9] = [
    Kind::Perspective,
    Kind::Orthographic,
    Kind::Official,
    Kind::LookAtPinhole,
    Kind::OpenCv,
    Kind::Rigid(Convention::Softras),
    Kind::Rigid(Convention::SoftRasOfficial),
    Kind::Rigid(Convention::OpenGl),
    Kind::Rigid(Convention::PyTorch3d),
];

pub(crate) fn vec3<R: Scalar>(p: &[R]) -> Vec3<R> {
    Vec3::new(p[0], p[1], p[2])
}

pub(crate) fn pinhole<R: Scalar>(p: &[R]) -> Intrinsics<R> {
    let distortion = Distortion::from_coefficients(&p[4..12]).unwrap();
    Intrinsics::new([p[0], p[1]], [p[2], p[3]], [64, 48]).distorted(distortion)
}

/// fx, fy, cx, cy and k1, k2, p1, p2, k3 .. k6.
pub(crate) const PINHOLE: [f64; 12] =
    [70.0, 75.0, 30.2, 25.1, -0.2, 0.05, 0.01, -0.02, 0.003, 0.04, -0.03, 0.02];
pub(crate) const LOOK_AT: [f64; 9] = [0.7, 1.1, 2.3, 0.1, -0.2, 0.05, 0.3, 1.2, -0.1];

/// The place of `LOOK_AT` in numbers of `convention`.
pub(crate) fn rigid(convention: Convention) -> Vec<f64> {
    let [eye, at, up] = [0, 3, 6].map(|i| vec3(&LOOK_AT[i..]));
    let e = Camera::look_at(eye, at).up(up).extrinsics(convention).unwrap();
    [e.rotation.to_array().as_flattened(), &e.translation.to_array()].concat()
}

pub(crate) fn start(kind: Kind) -> Vec<f64> {
    match kind {
        Kind::Perspective | Kind::Official => [&LOOK_AT[..], &[50.0]].concat(),
        Kind::Orthographic => [&LOOK_AT[..], &[0.8]].concat(),
        Kind::LookAtPinhole => [&LOOK_AT[..], &PINHOLE].concat(),
        Kind::OpenCv => [&rigid(Convention::OpenCv)[..], &PINHOLE].concat(),
        Kind::Rigid(convention) => [&rigid(convention)[..], &[50.0]].concat(),
    }
}

pub(crate) fn build<R: Scalar>(kind: Kind, p: &[R]) -> Camera<R> {
    let look_at = || Camera::look_at(vec3(p), vec3(&p[3..])).up(vec3(&p[6..]));
    let rotation = || Mat3 { rows: [vec3(p), vec3(&p[3..]), vec3(&p[6..])] };
    match kind {
        Kind::Perspective => look_at().perspective(Degrees(p[9])),
        Kind::Official => look_at().official().perspective(Degrees(p[9])),
        Kind::Orthographic => look_at().orthographic(p[9]),
        Kind::LookAtPinhole => look_at().pinhole(pinhole(&p[9..])),
        Kind::OpenCv => Camera::opencv(rotation(), vec3(&p[9..]), pinhole(&p[12..])),
        Kind::Rigid(convention) => {
            let place = Extrinsics::new(convention, rotation(), vec3(&p[9..]));
            Camera::posed(place).perspective(Degrees(p[12]))
        }
    }
}

pub(crate) fn camera<R: Scalar>(kind: Kind) -> Camera<R> {
    build(kind, &start(kind).into_iter().map(R::from_f64).collect::<Vec<_>>())
}

pub(crate) fn flat(grad: &CameraGrad<f64>) -> Vec<f64> {
    let mut out = match grad.pose {
        Pose::LookAt { eye, at, up } => [eye, at, up].map(Vec3::to_array).as_flattened().to_vec(),
        Pose::Rigid(e) => [e.rotation.to_array().as_flattened(), &e.translation.to_array()].concat(),
    };
    match grad.lens {
        Lens::Perspective { fov } => out.push(fov.0),
        Lens::Orthographic { half_height } => out.push(half_height),
        Lens::Pinhole(i) => {
            out.extend(i.focal.into_iter().chain(i.center).chain(i.distortion.coefficients()));
        }
    }
    out
}
