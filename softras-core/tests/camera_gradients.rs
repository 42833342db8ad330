//! Cameras and projection: every reverse against dual numbers and differences.
#![expect(clippy::float_cmp, reason = "tests say where bits must agree")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod derivative;
mod rig;

use derivative::{Function, check, noise};
use ndarray::{Array2, Array3, Axis};
use rig::*;
use softras_core::math::{Mat3, Scalar};
use softras_core::raster::Gradients;
use softras_core::scene::{
    Camera, Degrees, Mesh, MeshTexture, Orbit, TextureKind, axis_angle, axis_angle_vjp, project_batch,
    project_views,
};

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
