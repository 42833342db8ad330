//! Lights and normals: known answers, degenerate triangles, and every reverse against dual numbers and differences.
#![expect(clippy::float_cmp, reason = "tests say where bits must agree")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod derivative;

use derivative::{Function, check, noise};
use ndarray::{Array2, Array3};
use softras_core::math::{Scalar, Vec3};
use softras_core::scene::{
    Falloff, HARMONICS, Intensity, Lighting, LightingGrad, Mesh, MeshGrad, MeshTexture, NormalKind,
    face_normals, face_normals_vjp, harmonics, vertex_normals, vertex_normals_vjp,
};

const VERTICES: usize = 5;
const CHANNELS: usize = 2;
const TRIANGLES: [[u32; 3]; 4] = [[0, 1, 2], [0, 2, 3], [1, 3, 2], [0, 3, 4]];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Texture {
    Vertex,
    Corner,
    Surface,
}

/// Vertices without a pattern, in general position.
fn vertices() -> Vec<f64> {
    (0..3 * VERTICES).map(|i| noise(7 * i + 2)).collect()
}

fn texel_count(texture: Texture) -> usize {
    let rows = if texture == Texture::Vertex { VERTICES } else { TRIANGLES.len() };
    rows * CHANNELS * [1, 3, 9][texture as usize]
}

fn mesh<R: Scalar>(vertices: &[R], texels: &[R], texture: Texture) -> Mesh<R> {
    let vertices = Array2::from_shape_vec((vertices.len() / 3, 3), vertices.to_vec()).unwrap();
    let mesh = Mesh::new(vertices, TRIANGLES.to_vec()).unwrap();
    let texels = texels.to_vec();
    mesh.with_texture(match texture {
        Texture::Vertex => MeshTexture::Vertex(Array2::from_shape_vec((VERTICES, CHANNELS), texels).unwrap()),
        Texture::Corner => {
            MeshTexture::Corner(Array3::from_shape_vec((TRIANGLES.len(), 3, CHANNELS), texels).unwrap())
        }
        Texture::Surface => MeshTexture::Surface {
            side: 3,
            texels: Array3::from_shape_vec((TRIANGLES.len(), 9, CHANNELS), texels).unwrap(),
        },
    })
    .unwrap()
}

fn texel_values<R: Scalar>(texture: &MeshTexture<R>) -> Vec<R> {
    match texture {
        MeshTexture::None => vec![],
        MeshTexture::Vertex(a) => a.iter().copied().collect(),
        MeshTexture::Corner(a) | MeshTexture::Surface { texels: a, .. } => a.iter().copied().collect(),
    }
}

/// Ambient, a white light and a colored one, 1 + 4 + 5 numbers; two lights at a place, 4 + 5; from all around, 10.
const LIGHTS: [f64; 29] = [
    0.3, 0.2, 1.1, 0.4, 0.7, -0.8, 0.3, 0.9, 0.5, 0.25, //
    0.6, 1.7, -0.9, 0.8, -1.1, 0.4, 1.3, 0.5, 0.35, //
    0.5, 0.25, -0.3, 0.2, 0.15, 0.4, -0.1, 0.3, 0.05, 0.12,
];

fn lighting<R: Scalar>(p: &[R], normals: NormalKind) -> Lighting<R> {
    let vec3 = |i: usize| Vec3::new(p[i], p[i + 1], p[i + 2]);
    let mut around: [Intensity<R>; HARMONICS] = core::array::from_fn(|k| Intensity::Uniform(p[19 + k]));
    around[8] = [p[27], p[28]].into();
    Lighting::ambient(p[0])
        .directional(vec3(1), p[4])
        .directional(vec3(5), [p[8], p[9]])
        .point(vec3(10), p[13], Falloff::None)
        .point(vec3(14), [p[17], p[18]], Falloff::InverseSquare)
        .harmonics(around)
        .on(normals)
}

fn flat_intensity(intensity: &Intensity<f64>) -> Vec<f64> {
    match intensity {
        Intensity::Uniform(x) => vec![*x],
        Intensity::Channels(x) => x.clone(),
    }
}

fn flat_lights(grad: &LightingGrad<f64>) -> Vec<f64> {
    let mut out = flat_intensity(&grad.ambient);
    for light in &grad.lights {
        out.extend(light.direction.to_array());
        out.extend(flat_intensity(&light.intensity));
    }
    for light in &grad.points {
        out.extend(light.position.to_array());
        out.extend(flat_intensity(&light.intensity));
    }
    out.extend(grad.harmonics.iter().flat_map(|h| &h.coefficients).flat_map(flat_intensity));
    out
}

/// The lit texels and the vertices against fixed weights, as a function of vertices, texels and lights.
struct OfLight(Texture, NormalKind);

impl Function for OfLight {
    fn at<R: Scalar>(&self, x: &[R]) -> R {
        let (vertices, x) = x.split_at(3 * VERTICES);
        let (texels, lights) = x.split_at(texel_count(self.0));
        let (lit, _) = lighting(lights, self.1).shade(&mesh(vertices, texels, self.0)).unwrap();
        let values = lit.vertices().iter().copied().chain(texel_values(lit.texture()));
        values.enumerate().fold(R::ZERO, |sum, (i, x)| sum + x * R::from_f64(noise(i)))
    }
}

/// A gradient of the lit mesh: the weights of [`OfLight`].
fn weights(lit: &Mesh<f64>) -> MeshGrad<f64> {
    let mut i = 0;
    let mut next = |_: &f64| {
        i += 1;
        noise(i - 1)
    };
    let vertices = lit.vertices().map(&mut next);
    let texture = match lit.texture() {
        MeshTexture::None => MeshTexture::None,
        MeshTexture::Vertex(a) => MeshTexture::Vertex(a.map(next)),
        MeshTexture::Corner(a) => MeshTexture::Corner(a.map(next)),
        MeshTexture::Surface { side, texels } => {
            MeshTexture::Surface { side: *side, texels: texels.map(next) }
        }
    };
    MeshGrad { vertices, texture }
}

#[test]
fn the_gradient_through_light_is_the_derivative() {
    for texture in [Texture::Vertex, Texture::Corner, Texture::Surface] {
        for normals in [NormalKind::Face, NormalKind::Vertex] {
            let texels: Vec<f64> = (0..texel_count(texture)).map(|i| 0.5 + 0.5 * noise(i + 77)).collect();
            let x = [vertices(), texels.clone(), LIGHTS.to_vec()].concat();
            let unlit = mesh(&vertices(), &texels, texture);
            let (lit, shading) = lighting(&LIGHTS, normals).shade(&unlit).unwrap();
            let (grad, lights) = shading.vjp(&weights(&lit));
            let kind = |t: &MeshTexture<f64>| core::mem::discriminant(t);
            assert_eq!(kind(&grad.texture), kind(unlit.texture()));
            if texture == Texture::Vertex && normals == NormalKind::Face {
                assert!(
                    matches!(lit.texture(), MeshTexture::Corner(_)),
                    "it looks different in each triangle"
                );
            } else {
                assert_eq!(kind(lit.texture()), kind(unlit.texture()));
            }
            let texels = texel_values(&grad.texture);
            let grad = [grad.vertices.iter().copied().collect(), texels, flat_lights(&lights)].concat();
            check(&format!("{texture:?} on {normals:?}"), &OfLight(texture, normals), &x, &grad);
        }
    }
}

#[test]
fn a_gradient_of_the_silhouette_passes_light_unchanged() {
    let unlit = mesh(&vertices(), &vec![0.5; texel_count(Texture::Corner)], Texture::Corner);
    let (lit, shading) = lighting(&LIGHTS, NormalKind::Vertex).shade(&unlit).unwrap();
    let grad = MeshGrad { texture: MeshTexture::None, ..weights(&lit) };
    let (back, lights) = shading.vjp(&grad);
    assert_eq!(back, grad);
    assert!(flat_lights(&lights).iter().all(|x| *x == 0.0));
}

// ---------------------------------------------------------------- normals

/// Normals against fixed weights.
struct OfNormals(NormalKind);

fn plain<R: Scalar>(vertices: &[R]) -> Mesh<R> {
    let vertices = Array2::from_shape_vec((vertices.len() / 3, 3), vertices.to_vec()).unwrap();
    Mesh::new(vertices, TRIANGLES.to_vec()).unwrap()
}

impl Function for OfNormals {
    fn at<R: Scalar>(&self, x: &[R]) -> R {
        let normals = match self.0 {
            NormalKind::Face => face_normals(&plain(x)),
            NormalKind::Vertex => vertex_normals(&plain(x)),
        };
        normals.iter().enumerate().fold(R::ZERO, |sum, (i, &n)| sum + n * R::from_f64(noise(i)))
    }
}

#[test]
fn the_gradient_through_normals_is_the_derivative_at_any_scale() {
    for scale in [1.0, 1e-5, 1e4] {
        let x: Vec<f64> = vertices().iter().map(|x| scale * x).collect();
        // The step of the differences suits numbers of size 1, so the scale goes into the function.
        struct Scaled(OfNormals, f64);
        impl Function for Scaled {
            fn at<R: Scalar>(&self, x: &[R]) -> R {
                self.0.at(&x.iter().map(|&x| x * R::from_f64(self.1)).collect::<Vec<_>>())
            }
        }
        let weights = |rows: usize| Array2::from_shape_fn((rows, 3), |(r, c)| scale * noise(3 * r + c));
        let faces = face_normals_vjp(&plain(&x), &weights(TRIANGLES.len()));
        let at_vertices = vertex_normals_vjp(&plain(&x), &weights(VERTICES));
        for (kind, grad) in [(NormalKind::Face, faces), (NormalKind::Vertex, at_vertices)] {
            let grad: Vec<f64> = grad.iter().copied().collect();
            check(&format!("{kind:?} x {scale}"), &Scaled(OfNormals(kind), scale), &vertices(), &grad);
        }
    }
}

fn rows<R: Scalar>(rows: &[[f64; 3]]) -> Array2<R> {
    Array2::from_shape_fn((rows.len(), 3), |(r, c)| R::from_f64(rows[r][c]))
}

#[test]
fn normals_point_outwards_where_triangles_run_counter_clockwise() {
    // Seen from +z, the triangle runs counter-clockwise; a second, four times as large, stands on its edge.
    let vertices = rows::<f64>(&[[0.0; 3], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 4.0]]);
    let mesh = Mesh::new(vertices, vec![[0, 1, 2], [0, 2, 3]]).unwrap();
    assert_eq!(face_normals(&mesh), rows(&[[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]));
    let mean = [4.0 / 17.0_f64.sqrt(), 0.0, 1.0 / 17.0_f64.sqrt()];
    let expected = rows::<f64>(&[mean, [0.0, 0.0, 1.0], mean, [1.0, 0.0, 0.0]]);
    let found = vertex_normals(&mesh);
    assert!((&found - &expected).iter().all(|d| d.abs() < 1e-15), "{found}");
}

#[test]
fn triangles_without_area_have_no_normal_and_no_gradient() {
    let vertices = [[0.0; 3], [1.0, 0.0, 0.0], [3.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.5, 1e-9, 0.0]];
    // A line, an edge, a point, a sliver; a triangle and its back; vertex 4 of the sliver only.
    let triangles = vec![[0, 1, 2], [0, 1, 1], [2, 2, 2], [0, 1, 4], [0, 1, 3], [0, 3, 1]];
    let mesh = Mesh::new(rows::<f32>(&vertices), triangles).unwrap();
    let normals = face_normals(&mesh);
    assert!((0..4).all(|f| normals.row(f).iter().all(|n| *n == 0.0)));
    assert!((4..6).all(|f| normals[[f, 2]].abs() == 1.0));
    let mut grad = Array2::<f32>::zeros((6, 3));
    grad.slice_axis_mut(ndarray::Axis(0), (0..4).into()).fill(1.0);
    assert!(face_normals_vjp(&mesh, &grad).iter().all(|g| *g == 0.0));
    // The two sides cancel at every vertex.
    assert!(vertex_normals(&mesh).iter().all(|n| *n == 0.0));
    assert!(vertex_normals_vjp(&mesh, &Array2::ones((5, 3))).iter().all(|g| *g == 0.0));
    // Numbers at the ends of what f32 holds stay finite.
    for scale in [1e-25, 1e-16, 1e15, 1e25] {
        let big = Mesh::new(rows::<f32>(&vertices) * scale, vec![[0, 1, 3], [0, 1, 2]]).unwrap();
        for grad in
            [face_normals_vjp(&big, &Array2::ones((2, 3))), vertex_normals_vjp(&big, &Array2::ones((5, 3)))]
        {
            assert!(grad.iter().all(|g| g.is_finite()), "{scale}: {grad}");
        }
        assert!(face_normals(&big).iter().chain(&vertex_normals(&big)).all(|n| n.is_finite()));
    }
}

// ---------------------------------------------------------------- known answers

#[test]
fn light_follows_the_formula() {
    // One triangle in the plane z = 0, outside towards +z; a light at 60 degrees, one from behind.
    let vertices = rows::<f64>(&[[0.0; 3], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]);
    let colors = MeshTexture::Vertex(rows(&[[1.0, 0.5, 0.25], [0.0, 1.0, 0.5], [0.2, 0.4, 0.6]]));
    let mesh = Mesh::new(vertices, vec![[0, 1, 2]]).unwrap().with_texture(colors).unwrap();
    let slanted = Vec3::new(0.0, 2.0 * 3.0_f64.sqrt(), 2.0); // length 4, cosine 1/2
    let lighting = Lighting::ambient(0.25)
        .directional(slanted, [1.0, 0.5, 0.0])
        .directional(Vec3::new(0.0, 0.0, -1.0), 9.0);
    let factor = [0.75, 0.5, 0.25];
    let (lit, _) = lighting.shade(&mesh).unwrap();
    let MeshTexture::Corner(found) = lit.texture() else { panic!("corner colors") };
    let MeshTexture::Vertex(colors) = mesh.texture() else { panic!("vertex colors") };
    for ((_, v, c), x) in found.indexed_iter() {
        assert!((x - colors[[v, c]] * factor[c]).abs() < 1e-15);
    }
    // A flat mesh looks the same on the normals of its vertices.
    let (smooth, _) = lighting.on(NormalKind::Vertex).shade(&mesh).unwrap();
    for (a, b) in texel_values(smooth.texture()).iter().zip(texel_values(lit.texture())) {
        assert!((a - b).abs() < 1e-15);
    }
    // From above, by default: a wall gets the ambient half.
    let (lit, _) = Lighting::default().shade(&mesh).unwrap();
    assert_eq!(texel_values(lit.texture())[..3], [0.5, 0.25, 0.125]);
}

#[test]
fn a_light_at_a_place_fades_and_turns_with_the_surface() {
    // One triangle in the plane z = 0 with its centroid at (1, 1, 0), outside towards +z.
    let vertices = rows::<f64>(&[[0.0; 3], [3.0, 0.0, 0.0], [0.0, 3.0, 0.0]]);
    let colors = MeshTexture::Vertex(rows(&[[1.0; 3]; 3]));
    let mesh = Mesh::new(vertices, vec![[0, 1, 2]]).unwrap().with_texture(colors).unwrap();
    let factor = |lighting: Lighting<f64>| texel_values(lighting.shade(&mesh).unwrap().0.texture());
    let dark = || Lighting::ambient(0.0);
    // Straight above the centroid at distance 2; then 45 degrees aside at distance 2 sqrt(2).
    let (above, aside) = (Vec3::new(1.0, 1.0, 2.0), Vec3::new(3.0, 1.0, 2.0));
    let half = 0.5_f64.sqrt();
    for (place, falloff, wanted) in [
        (above, Falloff::None, 3.0),
        (above, Falloff::InverseSquare, 0.75),
        (aside, Falloff::None, 3.0 * half),
        (aside, Falloff::InverseSquare, 3.0 * half / 8.0),
        (Vec3::new(1.0, 1.0, -2.0), Falloff::None, 0.0),
        (Vec3::new(1.0, 1.0, 0.0), Falloff::InverseSquare, 0.0), // in the surface itself
    ] {
        let found = factor(dark().point(place, 3.0, falloff));
        assert!(found.iter().all(|x| (x - wanted).abs() < 1e-15), "{place:?} {falloff:?}: {found:?}");
    }
    // On vertex normals each vertex sees the light from its own place.
    let found = factor(dark().point(above, 1.0, Falloff::None).on(NormalKind::Vertex));
    let wanted = [2.0 / 6.0_f64.sqrt(), 2.0 / 9.0_f64.sqrt(), 2.0 / 9.0_f64.sqrt()];
    for (v, wanted) in wanted.into_iter().enumerate() {
        assert!((found[3 * v] - wanted).abs() < 1e-15, "{found:?}");
    }
}

#[test]
fn a_light_in_the_surface_has_finite_gradients_in_f32() {
    let texels = vec![0.5; texel_count(Texture::Vertex)];
    let mesh: Mesh<f32> = mesh(&vertices(), &texels, Texture::Vertex).cast();
    for away in [0.0, 1e-30, 1e-7, 1e-5] {
        let lighting = Lighting::ambient(0.0)
            .point(mesh.vertex(0) + Vec3::new(0.0, away, 0.0), 1.0, Falloff::InverseSquare)
            .on(NormalKind::Vertex);
        let (lit, shading) = lighting.shade(&mesh).unwrap();
        let grad = MeshGrad { vertices: lit.vertices().clone(), texture: lit.texture().clone() };
        let (grad, lights) = shading.vjp(&grad);
        assert!(grad.vertices.iter().all(|x| x.is_finite()), "{away}: {grad:?}");
        assert!(lights.points[0].position.to_array().iter().all(|x| x.is_finite()), "{away}");
    }
}

#[test]
fn harmonics_are_orthonormal_on_the_sphere() {
    // Midpoints of 400 bands of equal height and 16 steps around: exact for these polynomials but for O(1e-5).
    let (bands, steps) = (400, 16);
    let mut products = [[0.0; HARMONICS]; HARMONICS];
    for i in 0..bands {
        let z = (2 * i + 1) as f64 / bands as f64 - 1.0;
        for j in 0..steps {
            let angle = core::f64::consts::TAU * j as f64 / steps as f64;
            let flat = (1.0 - z * z).sqrt();
            let y = harmonics(Vec3::new(flat * angle.cos(), flat * angle.sin(), z));
            for (k, row) in products.iter_mut().enumerate() {
                for (l, sum) in row.iter_mut().enumerate() {
                    *sum += y[k] * y[l] * 4.0 * core::f64::consts::PI / (bands * steps) as f64;
                }
            }
        }
    }
    for (k, row) in products.iter().enumerate() {
        for (l, found) in row.iter().enumerate() {
            let wanted = if k == l { 1.0 } else { 0.0 };
            assert!((found - wanted).abs() < 1e-4, "{k} {l}: {found}");
        }
    }
    // The order: y, z, x, then xy, yz, z^2, xz, x^2 - y^2.
    let y = harmonics(Vec3::new(0.0, 1.0, 0.0));
    assert!(y[1] > 0.0 && y[2] == 0.0 && y[3] == 0.0 && y[6] < 0.0 && y[8] < 0.0);
}

#[test]
fn wrong_lights_say_what_is_wrong() {
    let good = mesh(&vertices(), &vec![0.5; texel_count(Texture::Vertex)], Texture::Vertex);
    let none = Mesh::new(good.vertices().clone(), TRIANGLES.to_vec()).unwrap();
    let ambient = Lighting::ambient(0.5);
    let bad = Vec3::new(f64::NAN, 0.0, 1.0);
    for (lighting, mesh, word) in [
        (ambient.clone(), &none, "texture"),
        (Lighting::ambient([0.1, 0.2, 0.3]), &good, "[2], the mesh's channels"),
        (Lighting::ambient(f64::INFINITY), &good, "ambient"),
        (ambient.clone().directional(Vec3::ZERO, 1.0), &good, "direction of light 0"),
        (ambient.clone().directional(Vec3::Y, 1.0).directional(bad, 1.0), &good, "direction of light 1"),
        (ambient.clone().point(bad, 1.0, Falloff::None), &good, "position of point light 0"),
        (ambient.clone().point(Vec3::Y, [1.0], Falloff::None), &good, "intensity of point light 0"),
        (ambient.clone().harmonics([f64::NAN; HARMONICS]), &good, "coefficient 0"),
        (ambient.clone().harmonics([[1.0; 3]; HARMONICS]), &good, "[2], the mesh's channels"),
        (ambient.directional(Vec3::Y, [1.0]), &good, "intensity of light 0"),
    ] {
        let text = lighting.shade(mesh).unwrap_err().to_string();
        assert!(text.contains(word) && text.contains("expected"), "{word}: {text}");
    }
}
