//! Cameras: known answers, conventions, what is dropped, and every reverse against dual numbers and differences.
#![expect(clippy::float_cmp, reason = "tests say where bits must agree")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod derivative;

use derivative::{Function, check, noise};
use ndarray::{Array2, Array3, Axis};
use proptest::prelude::*;
use softras_core::math::{Mat3, Scalar, Vec3};
use softras_core::raster::Gradients;
use softras_core::scene::{
    Camera, CameraGrad, Convention, Degrees, Distortion, Extrinsics, Faces, Intrinsics, Lens, Mesh,
    MeshTexture, Orbit, Pose, TextureKind, View, Winding, axis_angle, axis_angle_vjp, project_batch,
    project_views,
};

// ---------------------------------------------------------------- scenes

/// A tetrahedron around the origin, in front of every camera of these tests, with colors at its vertices.
fn tetrahedron() -> Mesh<f64> {
    let vertices = [0.5, -0.3, 0.2, -0.4, -0.35, 0.3, 0.1, 0.6, 0.05, -0.05, -0.1, -0.55];
    let vertices = Array2::from_shape_vec((4, 3), vertices.to_vec()).unwrap();
    let triangles = vec![[0, 1, 2], [0, 2, 3], [1, 3, 2], [0, 3, 1]];
    let colors = Array2::from_shape_fn((4, 2), |(v, c)| 0.1 * v as f64 + 0.3 * c as f64);
    Mesh::new(vertices, triangles).unwrap().with_texture(MeshTexture::Vertex(colors)).unwrap()
}

fn with_vertices<R: Scalar>(mesh: &Mesh<f64>, p: &[R]) -> Mesh<R> {
    let mut mesh = mesh.cast();
    mesh.set_vertices(Array2::from_shape_vec(mesh.vertices().raw_dim(), p.to_vec()).unwrap()).unwrap();
    mesh
}

fn gradients<R: Scalar>(faces: &Faces<R>) -> Gradients<R> {
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
fn part(g: &Gradients<f64>, rows: core::ops::Range<usize>) -> Gradients<f64> {
    let cut = |x: &Array3<f64>| x.slice_axis(Axis(0), rows.clone().into()).to_owned();
    let mut own = Gradients::default();
    (own.corners, own.textures) = (g.corners.as_ref().map(cut), g.textures.as_ref().map(cut));
    own
}

/// A loss: the corners against fixed weights. Its gradient to the faces is the weights.
fn loss<R: Scalar>(faces: &Faces<R>) -> R {
    let weights = gradients(faces).corners.unwrap();
    let mut sum = R::ZERO;
    for (x, w) in faces.corners().iter().zip(&weights) {
        sum += *x * *w;
    }
    sum
}

/// Every way to build a camera, from numbers.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Perspective,
    Orthographic,
    Official,
    LookAtPinhole,
    OpenCv,
    Rigid(Convention),
}

const KINDS: [Kind; 9] = [
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

fn vec3<R: Scalar>(p: &[R]) -> Vec3<R> {
    Vec3::new(p[0], p[1], p[2])
}

fn pinhole<R: Scalar>(p: &[R]) -> Intrinsics<R> {
    let distortion = Distortion { k1: p[4], k2: p[5], p1: p[6], p2: p[7], k3: p[8] };
    Intrinsics::new([p[0], p[1]], [p[2], p[3]], [64, 48]).distorted(distortion)
}

const PINHOLE: [f64; 9] = [70.0, 75.0, 30.2, 25.1, -0.2, 0.05, 0.01, -0.02, 0.003];
const LOOK_AT: [f64; 9] = [0.7, 1.1, 2.3, 0.1, -0.2, 0.05, 0.3, 1.2, -0.1];

/// The place of `LOOK_AT` in numbers of `convention`.
fn rigid(convention: Convention) -> Vec<f64> {
    let [eye, at, up] = [0, 3, 6].map(|i| vec3(&LOOK_AT[i..]));
    let e = Camera::look_at(eye, at).up(up).extrinsics(convention).unwrap();
    [e.rotation.to_array().as_flattened(), &e.translation.to_array()].concat()
}

fn start(kind: Kind) -> Vec<f64> {
    match kind {
        Kind::Perspective | Kind::Official => [&LOOK_AT[..], &[50.0]].concat(),
        Kind::Orthographic => [&LOOK_AT[..], &[0.8]].concat(),
        Kind::LookAtPinhole => [LOOK_AT, PINHOLE].concat(),
        Kind::OpenCv => [&rigid(Convention::OpenCv)[..], &PINHOLE].concat(),
        Kind::Rigid(convention) => [&rigid(convention)[..], &[50.0]].concat(),
    }
}

fn build<R: Scalar>(kind: Kind, p: &[R]) -> Camera<R> {
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

fn camera<R: Scalar>(kind: Kind) -> Camera<R> {
    build(kind, &start(kind).into_iter().map(R::from_f64).collect::<Vec<_>>())
}

fn flat(grad: &CameraGrad<f64>) -> Vec<f64> {
    let mut out = match grad.pose {
        Pose::LookAt { eye, at, up } => [eye, at, up].map(Vec3::to_array).as_flattened().to_vec(),
        Pose::Rigid(e) => [e.rotation.to_array().as_flattened(), &e.translation.to_array()].concat(),
    };
    match grad.lens {
        Lens::Perspective { fov } => out.push(fov.0),
        Lens::Orthographic { half_height } => out.push(half_height),
        Lens::Pinhole(i) => {
            let d = i.distortion;
            out.extend(i.focal.into_iter().chain(i.center).chain([d.k1, d.k2, d.p1, d.p2, d.k3]));
        }
    }
    out
}

// ---------------------------------------------------------------- reverses

struct OfCamera(Kind);

impl Function for OfCamera {
    fn at<R: Scalar>(&self, p: &[R]) -> R {
        loss(&build(self.0, p).project(&tetrahedron().cast()).unwrap().0)
    }
}

#[test]
fn the_gradient_to_the_camera_is_the_derivative() {
    for kind in KINDS {
        let at = start(kind);
        let (faces, view) = build(kind, &at).project(&tetrahedron()).unwrap();
        assert_eq!(view.dropped(), 0, "{kind:?}");
        let grad = flat(&view.camera_vjp(&gradients(&faces))[0]);
        assert!(grad.iter().all(|g| *g != 0.0), "{kind:?} reaches every parameter: {grad:?}");
        check(&format!("{kind:?}"), &OfCamera(kind), &at, &grad);
    }
}

struct OfVertices<'a>(&'a [Kind]);

impl Function for OfVertices<'_> {
    fn at<R: Scalar>(&self, x: &[R]) -> R {
        let cameras: Vec<Camera<R>> = self.0.iter().map(|&kind| camera(kind)).collect();
        loss(&project_views(&with_vertices(&tetrahedron(), x), &cameras).unwrap().0)
    }
}

fn check_vertices(kinds: &[Kind]) {
    let mesh = tetrahedron();
    let cameras: Vec<Camera<f64>> = kinds.iter().map(|&kind| camera(kind)).collect();
    let (faces, view) = project_views(&mesh, &cameras).unwrap();
    let grad = view.vjp(&gradients(&faces)).vertices;
    let (x, grad): (Vec<f64>, Vec<f64>) = mesh.vertices().iter().zip(&grad).unzip();
    check(&format!("vertices in {kinds:?}"), &OfVertices(kinds), &x, &grad);
}

#[test]
fn the_gradient_to_the_vertices_is_the_derivative() {
    for kind in KINDS {
        check_vertices(&[kind]);
    }
    check_vertices(&[Kind::Perspective, Kind::Orthographic, Kind::OpenCv]);
}

struct OfOrbit;

const DIRECTION: [f64; 3] = [0.3, -1.2, 0.7];

impl Function for OfOrbit {
    fn at<R: Scalar>(&self, p: &[R]) -> R {
        Orbit::new(p[0], Degrees(p[1]), Degrees(p[2])).eye().dot(vec3(&DIRECTION.map(R::from_f64)))
    }
}

#[test]
fn the_gradient_to_an_orbit_is_the_derivative() {
    let grad = Orbit::new(2.732, Degrees(30.0), Degrees(70.0)).eye_vjp(vec3(&DIRECTION));
    let grad = [grad.distance, grad.elevation.0, grad.azimuth.0];
    check("orbit", &OfOrbit, &[2.732, 30.0, 70.0], &grad);
}

struct OfAxisAngle;

fn entries<R: Scalar>() -> Mat3<R> {
    Mat3 { rows: core::array::from_fn(|i| vec3(&[0, 1, 2].map(|j| R::from_f64(noise(3 * i + j))))) }
}

impl Function for OfAxisAngle {
    fn at<R: Scalar>(&self, w: &[R]) -> R {
        let rotation = axis_angle(vec3(w));
        rotation.rows.iter().zip(entries().rows).fold(R::ZERO, |sum, (a, b)| sum + a.dot(b))
    }
}

#[test]
fn the_gradient_to_an_axis_and_angle_is_the_derivative() {
    for w in [[0.0; 3], [1e-9, -2e-9, 1e-9], [0.1, 0.2, -0.1], [0.3, 0.3, 0.3], [1.2, -0.7, 2.0]] {
        check(&format!("{w:?}"), &OfAxisAngle, &w, &axis_angle_vjp(vec3(&w), &entries()).to_array());
    }
}

#[test]
fn an_axis_and_angle_is_a_rotation() {
    assert_eq!(axis_angle(Vec3::ZERO), Mat3::<f64>::IDENTITY);
    for (angle, v) in [(0.4, [0.2, 0.5, -0.3]), (2.5, [1.0, 0.0, 0.7])] {
        let axis = [0.3, -0.8, 0.5];
        let w = Vec3::from(axis).normalize(1e-9) * angle;
        near(axis_angle(w).mul_vec(Vec3::from(v)), turned(axis, angle, Vec3::from(v)).to_array(), 1e-15);
    }
    // Counter-clockwise seen from the tip of the axis: x turns to y around z.
    let quarter = Vec3::new(0.0, 0.0, core::f64::consts::FRAC_PI_2);
    near(axis_angle(quarter).mul_vec(Vec3::new(1.0, 0.0, 0.0)), [0.0, 1.0, 0.0], 1e-15);
}

#[test]
fn many_views_share_the_texture_and_each_camera_gets_its_own_gradient() {
    let mesh = tetrahedron();
    let cameras = [Kind::Perspective, Kind::Orthographic, Kind::OpenCv].map(camera);
    let (faces, view) = project_views(&mesh, &cameras).unwrap();
    assert_eq!((faces.batch(), faces.count(), view.pictures()), (3, 12, 3));
    assert_eq!(faces.textures().unwrap().rows(), 4);
    assert!(faces.pictures().iter().all(|p| p.first_texture == 0));
    let mut g = gradients(&faces);
    assert_eq!(view.vjp(&g), view.vjp(&g), "the same bits again");
    g.textures = None;
    for (b, camera) in cameras.iter().enumerate() {
        let (_, alone) = camera.project(&mesh).unwrap();
        assert_eq!(alone.camera_vjp(&part(&g, 4 * b..4 * b + 4))[0], view.camera_vjp(&g)[b]);
    }
}

#[test]
fn colors_of_vertices_gather_their_corners() {
    let mesh = tetrahedron();
    let (faces, view) = camera::<f64>(Kind::Perspective).project(&mesh).unwrap();
    let textures = faces.textures().unwrap();
    assert_eq!(textures.kind(), TextureKind::Vertex);
    let MeshTexture::Vertex(colors) = mesh.texture() else { panic!("vertex colors") };
    let g = gradients(&faces);
    let weights = g.textures.as_ref().unwrap();
    let mut expected = Array2::<f64>::zeros((4, 2));
    for (f, triangle) in mesh.triangles().iter().enumerate() {
        for (k, &v) in triangle.iter().enumerate() {
            for c in 0..2 {
                assert_eq!(textures.texels()[[f, k, c]], colors[[v as usize, c]]);
                expected[[v as usize, c]] += weights[[f, k, c]];
            }
        }
    }
    assert_eq!(view.vjp(&g).texture, MeshTexture::Vertex(expected));
    let nothing = view.vjp(&Gradients::default());
    assert_eq!(nothing.texture, MeshTexture::None, "not asked for");
    assert!(nothing.vertices.iter().all(|x| *x == 0.0));
}

#[test]
fn each_view_of_a_batch_takes_its_own_part() {
    let surface = |mesh: &Mesh<f64>| {
        let shape = (mesh.triangles().len(), 4, 3);
        let texels = Array3::from_shape_fn(shape, |(f, t, c)| noise(f + 5 * t + 11 * c));
        mesh.clone().with_texture(MeshTexture::Surface { side: 2, texels }).unwrap()
    };
    let plain = Mesh::new(tetrahedron().vertices() * 0.5, vec![[2, 1, 0]]).unwrap();
    let meshes = [surface(&tetrahedron()), surface(&plain)];
    let cameras = [Kind::Perspective, Kind::Orthographic].map(camera);
    let items: Vec<_> = meshes.iter().zip(&cameras).collect();
    let (faces, views) = project_batch(&items).unwrap();
    assert_eq!((faces.count(), faces.textures().unwrap().rows(), views.len()), (5, 5, 2));
    assert_eq!(faces.pictures()[1].first_texture, 4);
    let g = gradients(&faces);
    for (((mesh, camera), view), rows) in items.iter().zip(&views).zip([0..4, 4..5]) {
        let (alone_faces, alone) = camera.project(mesh).unwrap();
        assert_eq!(faces.corners().slice_axis(Axis(0), rows.clone().into()), alone_faces.corners());
        let own = part(&g, rows);
        assert_eq!(alone.vjp(&own), view.vjp(&g));
        assert_eq!(alone.camera_vjp(&own), view.camera_vjp(&g));
    }
    assert!(project_batch(&[items[0], (&plain, &cameras[1])]).is_err(), "one has no texture");
    assert!(project_batch::<f64>(&[]).is_err());
    assert!(project_views(&plain, &[]).is_err());
    assert!(project_views(&plain, &[cameras[0], cameras[0].official()]).is_err(), "one front for the batch");
}

#[test]
fn an_update_draws_as_a_new_projection_does() {
    let mesh = tetrahedron();
    let cameras = [Kind::Perspective, Kind::OpenCv].map(camera);
    let (mut faces, mut views) = project_batch(&[(&mesh, &cameras[0]), (&mesh, &cameras[1])]).unwrap();
    for step in 1..4 {
        // The second step takes the mesh through the near plane.
        let moved = mesh.vertices() * if step == 2 { 9.0 } else { 1.0 + 0.1 * f64::from(step) };
        for view in &mut views {
            faces = view.update(faces, &moved).unwrap();
        }
        let moved = with_vertices(&mesh, moved.as_slice().unwrap());
        let (fresh, again) = project_batch(&[(&moved, &cameras[0]), (&moved, &cameras[1])]).unwrap();
        assert_eq!(faces, fresh);
        assert_eq!(again[0].dropped() > 0, step == 2);
        let g = gradients(&faces);
        for (view, again) in views.iter().zip(&again) {
            assert_eq!(view.dropped(), again.dropped());
            assert_eq!(view.vjp(&g), again.vjp(&g));
        }
    }
    assert!(views[0].update(faces.clone(), &Array2::zeros((3, 3))).is_err());
    assert!(views[0].update(faces, &Array2::from_elem((4, 3), f64::NAN)).is_err());
}

// ---------------------------------------------------------------- known answers

#[track_caller]
fn near(a: Vec3<f64>, b: [f64; 3], slack: f64) {
    assert!((a - Vec3::from(b)).norm() <= slack, "{a:?} against {b:?}");
}

#[track_caller]
fn seen(camera: &Camera<f64>, v: [f64; 3]) -> Vec3<f64> {
    camera.screen(Vec3::from(v)).unwrap().unwrap()
}

#[test]
fn ours_is_not_mirrored() {
    let camera = Camera::look_at(Vec3::new(0.0, 0.0, 3.0), Vec3::ZERO).perspective(Degrees(90.0));
    near(seen(&camera, [1.0, 0.0, 0.0]), [1.0 / 3.0, 0.0, 3.0], 1e-15);
    near(seen(&camera, [0.0, 1.0, 1.0]), [0.0, 0.5, 2.0], 1e-15);
    near(seen(&camera.official(), [1.0, 0.0, 0.0]), [-1.0 / 3.0, 0.0, 3.0], 1e-15);
    // From +x, the right of the picture is -z.
    let side = Camera::look_at(Vec3::new(3.0, 0.0, 0.0), Vec3::ZERO).orthographic(2.0);
    near(seen(&side, [0.0, 1.0, -1.0]), [0.5, 0.5, 3.0], 1e-15);
    assert_eq!(camera.front(), Winding::CounterClockwise);
    assert_eq!(camera.official().front(), Winding::Clockwise);
}

#[test]
fn a_triangle_that_shows_its_outside_runs_as_the_front_does() {
    // Counter-clockwise seen from +z, outside towards +z.
    let vertices = vec![0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0];
    let mesh = Mesh::new(Array2::from_shape_vec((3, 3), vertices).unwrap(), vec![[0, 1, 2]]).unwrap();
    let ours = Camera::look_at(Vec3::new(0.3, 0.2, 4.0), Vec3::ZERO);
    for camera in [ours, ours.official()] {
        let (faces, _) = camera.project(&mesh).unwrap();
        let [a, b, c] = faces.face(0).map(Vec3::from);
        let det = (b - a).cross(c - a).z;
        assert_eq!(det > 0.0, faces.front() == Winding::CounterClockwise, "det {det}");
    }
}

/// MATH 8, written again from its words: `v' = R (v - eye)`, `x / (z tan a)`.
#[test]
fn the_official_camera_is_the_one_of_the_papers_code() {
    let eye = Orbit::<f64>::usual(Degrees(0.0)).eye();
    let (up, back) = (0.5 * 2.732, 2.732 * 3.0_f64.sqrt() / 2.0);
    near(eye, [0.0, up, -back], 1e-15);
    near(Orbit::new(2.0, Degrees(0.0), Degrees(90.0)).eye(), [2.0, 0.0, 0.0], 1e-15);
    // z = norm(at - eye); x = norm(up x z) = (1, 0, 0); y = z x x = (0, z_z, -z_y)
    let z = [0.0, -0.5, 3.0_f64.sqrt() / 2.0];
    let (x, y) = ([1.0, 0.0, 0.0], [0.0, z[2], -z[1]]);
    let v = [0.3, -0.2, 0.15];
    let from_eye = [v[0], v[1] - up, v[2] + back];
    let dot = |a: [f64; 3]| a.iter().zip(from_eye).map(|(a, b)| a * b).sum::<f64>();
    let tan = 15.0_f64.to_radians().tan();
    let expected = [dot(x) / (dot(z) * tan), dot(y) / (dot(z) * tan), dot(z)];
    let camera = Camera::look_at(eye, Vec3::ZERO).official().perspective(Degrees(30.0));
    near(seen(&camera, v), expected, 1e-14);
    near(seen(&Camera::orbit(&Orbit::usual(Degrees(0.0))).official(), v), expected, 1e-14);
}

#[test]
fn conventions_name_the_same_place() {
    use Convention::{OpenCv, OpenGl, PyTorch3d, SoftRasOfficial, Softras};
    let camera = build(Kind::Perspective, &start(Kind::Perspective));
    let v = [0.2, -0.3, 0.4];
    let expected = seen(&camera, v);
    for convention in [Softras, SoftRasOfficial, OpenCv, OpenGl, PyTorch3d] {
        let place = camera.extrinsics(convention).unwrap();
        place.check().unwrap();
        let x = if convention.is_mirrored() { -expected.x } else { expected.x };
        let again = Camera::posed(place).perspective(Degrees(50.0));
        near(seen(&again, v), [x, expected.y, expected.z], 1e-14);
        let through = Camera::posed(place.convert(OpenCv)).perspective(Degrees(50.0));
        near(seen(&through, v), expected.to_array(), 1e-14);
    }
    // By hand, from +z at distance 3.
    let front = Camera::look_at(Vec3::new(0.0, 0.0, 3.0), Vec3::ZERO);
    for (convention, [x, y, z], t) in [
        (Softras, [1.0, 1.0, -1.0], 3.0),
        (SoftRasOfficial, [-1.0, 1.0, -1.0], 3.0),
        (OpenCv, [1.0, -1.0, -1.0], 3.0),
        (OpenGl, [1.0, 1.0, 1.0], -3.0),
        (PyTorch3d, [-1.0, 1.0, -1.0], 3.0),
    ] {
        let e = front.extrinsics(convention).unwrap();
        let diagonal = Mat3::from([[x, 0.0, 0.0], [0.0, y, 0.0], [0.0, 0.0, z]]);
        assert_eq!((e.rotation, e.translation), (diagonal, Vec3::new(0.0, 0.0, t)), "{convention:?}");
    }
    // A turn of 90 degrees shows which side the transpose is on.
    let turn = [[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]];
    // PyTorch3D: (1, 2, 3) R + T = (-3, 2, 1 + 5), and x points left.
    let camera = Camera::pytorch3d(turn, Vec3::new(0.0, 0.0, 5.0)).orthographic(1.0);
    near(seen(&camera, [1.0, 2.0, 3.0]), [3.0, 2.0, 6.0], 1e-15);
    // OpenGL: R (1, 2, 3) + t = (3, 2, -1 - 5), and z points back.
    let camera = Camera::opengl(turn, Vec3::new(0.0, 0.0, -5.0)).orthographic(1.0);
    near(seen(&camera, [1.0, 2.0, 3.0]), [3.0, 2.0, 6.0], 1e-15);
}

#[test]
fn a_calibrated_camera_counts_pixel_centres() {
    let size = [8, 6];
    let lens = Intrinsics::from_matrix([[10.0, 0.0, 3.0], [0.0, 12.0, 2.0], [0.0, 0.0, 1.0]], size).unwrap();
    let camera = Camera::opencv(Mat3::IDENTITY, Vec3::ZERO, lens);
    // The centre of the pixel in column u, row v (MATH 1).
    let pixel = |u: f64, v: f64| [(2.0 * u + 1.0 - 8.0) / 6.0, (6.0 - 1.0 - 2.0 * v) / 6.0, 2.0];
    near(seen(&camera, [0.0, 0.0, 2.0]), pixel(3.0, 2.0), 1e-15);
    // u = 10 * 0.1 + 3, v = 12 * 0.25 + 2: y runs down.
    near(seen(&camera, [0.2, 0.5, 2.0]), pixel(4.0, 5.0), 1e-15);
    assert_eq!(Intrinsics::new([10.0, 12.0], [3.5, 2.5], size).with_centers_at_halves(), lens);
    let skew = [[1.0, 0.1, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    assert!(Intrinsics::from_matrix(skew, size).is_err());
}

#[test]
fn distortion_is_the_one_of_opencv() {
    let d = Distortion { k1: 0.1, k2: -0.02, p1: 0.003, p2: -0.004, k3: 0.005 };
    // fx = fy = H / 2 and the principal point in the middle: the screen is (x', -y').
    let lens = Intrinsics::new([32.0, 32.0], [31.5, 31.5], [64, 64]).distorted(d);
    let camera = Camera::opencv(Mat3::IDENTITY, Vec3::ZERO, lens);
    let (x, y) = (0.3_f64, -0.2_f64);
    let q = 0.13_f64;
    let radial = 1.0 + 0.1 * q - 0.02 * q * q + 0.005 * q * q * q;
    let xd = x * radial + 2.0 * 0.003 * x * y - 0.004 * (q + 2.0 * x * x);
    let yd = y * radial + 0.003 * (q + 2.0 * y * y) - 2.0 * 0.004 * x * y;
    near(seen(&camera, [0.6, -0.4, 2.0]), [xd, -yd, 2.0], 1e-15);
}

#[test]
fn faces_at_the_near_plane_are_dropped_and_counted() {
    let rows = vec![
        [0.0, 0.0, 0.0],
        [1.0, 0.0, 0.0],
        [0.0, 1.0, 0.0],
        [0.0, 0.0, 2.95], // nearer than the near plane
        [0.0, 0.0, 5.0],  // behind
        [1e9, 0.0, 0.0],  // far off the screen
    ];
    let mesh = Mesh::new(rows.into(), vec![[0, 1, 2], [0, 1, 3], [0, 4, 2], [0, 1, 5], [3, 4, 5]]).unwrap();
    let camera = Camera::look_at(Vec3::new(0.0, 0.0, 3.0), Vec3::ZERO).near(0.1);
    let away = Camera::look_at(Vec3::new(0.0, 0.0, 30.0), Vec3::ZERO);
    let (faces, view) = project_views(&mesh, &[camera, away]).unwrap();
    assert_eq!((view.dropped(), view.dropped_in(0), view.dropped_in(1)), (6, 4, 2));
    let absent: Vec<bool> = (0..10).map(|f| faces.is_absent(f)).collect();
    assert_eq!(absent.iter().map(|&a| u8::from(a)).collect::<Vec<_>>(), [0, 1, 1, 1, 1, 0, 0, 0, 1, 1]);
    // A dropped face gives no gradient, whatever comes back for it.
    let mut g = Gradients::default();
    g.corners = Some(Array3::from_shape_fn((10, 3, 3), |(f, ..)| if absent[f] { f64::NAN } else { 0.0 }));
    assert!(view.vjp(&g).vertices.iter().all(|x| *x == 0.0));
    assert!(view.camera_vjp(&g).iter().all(|grad| flat(grad).iter().all(|x| *x == 0.0)));
    // A corner at exactly the near plane stays.
    assert_eq!(camera.near(3.0).project(&mesh).unwrap().1.dropped(), 4);
}

#[test]
fn points_beyond_the_fold_of_a_lens_are_not_drawn() {
    // r (1 - 0.3 q) turns back at q = 1 / 0.9, r = 1.054: at r = 1.8 it would be in the middle of the picture.
    let d = Distortion { k1: -0.3, ..Distortion::default() };
    let lens = Intrinsics::new([32.0, 32.0], [31.5, 31.5], [64, 64]).distorted(d);
    let camera = Camera::opencv(Mat3::IDENTITY, Vec3::ZERO, lens);
    for (x, y, drawn) in [(1.05, 0.0, true), (1.06, 0.0, false), (1.3, 1.3, false)] {
        assert_eq!(camera.screen(Vec3::new(x, y, 1.0)).unwrap().is_some(), drawn, "{x} {y}");
    }
}

#[test]
fn a_mesh_without_faces_is_an_empty_picture() {
    let mesh = Mesh::new(Array2::<f32>::zeros((0, 3)), vec![]).unwrap();
    let (faces, view) = Camera::look_at(Vec3::new(0.0, 0.0, 3.0), Vec3::ZERO).project(&mesh).unwrap();
    assert_eq!((faces.count(), faces.batch(), view.dropped()), (0, 1, 0));
    let mut g = Gradients::default();
    g.corners = Some(Array3::zeros((0, 3, 3)));
    assert_eq!(view.vjp(&g).vertices.shape(), [0, 3]);
}

#[test]
fn a_wrong_camera_says_what_is_wrong() {
    let eye = Vec3::new(0.0, 0.0, 3.0);
    let good = Camera::look_at(eye, Vec3::ZERO);
    let one: Mat3<f64> = Mat3::IDENTITY;
    let lens = Intrinsics::new([32.0, 32.0], [31.5, 31.5], [64, 64]);
    let scaled = |k: f64| Mat3 { rows: one.rows.map(|row| row * k) };
    let calibrated = |lens| Camera::opencv(one, Vec3::ZERO, lens);
    for (camera, word) in [
        (Camera::look_at(eye, eye), "two different points"),
        (good.up(Vec3::new(0.0, 0.0, -2.0)), "not parallel"),
        (good.up(Vec3::ZERO), "not parallel"),
        (good.perspective(Degrees(0.0)), "field of view"),
        (good.perspective(Degrees(180.0)), "field of view"),
        (good.perspective(Degrees(f64::NAN)), "field of view"),
        (good.orthographic(0.0), "half height"),
        (good.orthographic(f64::INFINITY), "half height"),
        (good.near(0.0), "near plane"),
        (good.near(f64::NAN), "near plane"),
        (Camera::look_at(Vec3::new(f64::NAN, 0.0, 1.0), Vec3::ZERO), "camera eye"),
        (Camera::look_at(eye, Vec3::new(f64::INFINITY, 0.0, 1.0)), "camera at"),
        (Camera::opengl(scaled(2.0), Vec3::ZERO), "orthonormal"),
        (Camera::opencv(scaled(-1.0), Vec3::ZERO, lens), "determinant -1"),
        (Camera::posed(Extrinsics::new(Convention::Softras, one, Vec3::ZERO)), "determinant -1"),
        (Camera::opengl(one, Vec3::new(f64::NAN, 0.0, 0.0)), "extrinsics"),
        (calibrated(Intrinsics::new([0.0, 1.0], [0.0; 2], [1, 1])), "focal"),
        (calibrated(Intrinsics::new([1.0, 1.0], [f64::NAN; 2], [1, 1])), "intrinsics"),
        (calibrated(Intrinsics::new([1.0, 1.0], [0.0; 2], [0, 64])), "size"),
    ] {
        let text = camera.project(&tetrahedron()).unwrap_err().to_string();
        assert!(text.contains(word) && text.contains("expected"), "{word}: {text}");
    }
}

#[test]
fn the_flow_of_the_design_compiles() -> softras_core::Result<()> {
    let mesh: Mesh = tetrahedron().cast();
    let eye = Vec3::new(0.0, 1.0, 3.0);
    let camera = Camera::look_at(eye, Vec3::ZERO).perspective(Degrees(30.0));
    let (faces, view): (Faces, View) = camera.project(&mesh)?;
    let gradients = gradients(&faces);
    let grad_mesh = view.vjp(&gradients);
    assert_eq!(grad_mesh.vertices.shape(), mesh.vertices().shape());
    Ok(())
}

// ---------------------------------------------------------------- laws

fn turned(axis: [f64; 3], angle: f64, v: Vec3<f64>) -> Vec3<f64> {
    let axis = Vec3::from(axis).normalize(1e-9);
    v * angle.cos() + axis.cross(v) * angle.sin() + axis * (axis.dot(v) * (1.0 - angle.cos()))
}

proptest! {
    #[test]
    fn moving_world_and_camera_together_changes_nothing(
        axis in [0.1..1.0, -1.0..1.0, -1.0..1.0],
        angle in -3.0..3.0,
        shift in [-9.0..9.0, -9.0..9.0, -9.0..9.0],
        eye in [-1.0..1.0, -1.0..1.0, 2.0..4.0],
        v in [-0.5..0.5, -0.5..0.5, -0.5..0.5],
    ) {
        let rigid = |v: Vec3<f64>| turned(axis, angle, v) + Vec3::from(shift);
        let (eye, v) = (Vec3::from(eye), Vec3::from(v));
        let up = turned(axis, angle, Vec3::Y);
        let perspective = Lens::Perspective { fov: Degrees(40.0) };
        for lens in [perspective, Lens::Orthographic { half_height: 0.7 }, Lens::Pinhole(pinhole(&PINHOLE))] {
            let still = Camera::look_at(eye, Vec3::ZERO).with_lens(lens);
            let moved = Camera::look_at(rigid(eye), rigid(Vec3::ZERO)).up(up).with_lens(lens);
            for (a, b) in [(still, moved), (still.official(), moved.official())] {
                let (a, b) = (a.screen(v).unwrap().unwrap(), b.screen(rigid(v)).unwrap().unwrap());
                prop_assert!((a - b).norm() < 1e-12, "{:?} {:?}", a, b);
            }
        }
    }

    #[test]
    fn the_length_of_up_does_not_matter(k in 1e-3..1e3) {
        let camera = Camera::look_at(Vec3::new(1.0, 2.0, 3.0), Vec3::ZERO);
        let [a, b] = [Vec3::Y, Vec3::Y * k]
            .map(|up| camera.up(up).screen(Vec3::new(0.1, 0.2, 0.3)).unwrap().unwrap());
        prop_assert!((a - b).norm() < 1e-14);
    }
}
