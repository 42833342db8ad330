//! The same bits in picture and gradient every run, and wherever the work is cut.

#![expect(clippy::expect_used, reason = "a test may panic")]

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use ndarray::Array3;
use softras_core::math::{Color, DepthMap, MAX_HIDDEN, Neural, TextureKind};
use softras_core::raster::{DynRasterizer, DynSaved, Gradients, Outputs, RasterParams, Rasterizer, Wanted};
use softras_core::scene::{Faces, Picture, Textures};
use softras_core::{Error, Image, ImageGrad};
use softras_wgpu::WgpuRasterizer;

/// One of the tests, on a device.
type Test = fn(WgpuRasterizer);

const TESTS: &[(&str, Test)] = &[
    ("same_bits::every_run", every_run),
    ("same_bits::wherever_pictures_and_faces_are_cut", wherever_pictures_and_faces_are_cut),
    ("same_bits::in_tiles_and_pieces_of_any_shape", in_tiles_and_pieces_of_any_shape),
    ("same_bits::where_a_list_does_not_fit", where_a_list_does_not_fit),
    ("same_bits::past_65_535_workgroups_of_tiles_and_faces", past_65_535_workgroups_of_tiles_and_faces),
    ("same_bits::past_65_535_workgroups_of_texels", past_65_535_workgroups_of_texels),
    ("same_bits::what_cannot_be_cut_is_refused_with_its_size", what_cannot_be_cut_is_refused_with_its_size),
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let required =
        std::env::var("SOFTRAS_REQUIRE").is_ok_and(|all| all.split(',').any(|x| x.trim() == "wgpu"));
    let missing = WgpuRasterizer::new().err().map(|why| why.to_string());
    let trial = |&(name, test): &(&str, Test)| match missing.clone() {
        None => Trial::test(name, move || {
            test(WgpuRasterizer::new()?);
            Ok(())
        }),
        Some(why) if required => Trial::test(name, || Err(Failed::from(why))),
        Some(why) => Trial::test(name, || Ok(())).with_kind(why).with_ignored_flag(true),
    };
    libtest_mimic::run(&arguments, TESTS.iter().map(trial).collect()).exit_code()
}

/// A stream of numbers in 0..1 (Knuth's MMIX generator): the same on every machine.
fn numbers(mut seed: u64) -> impl FnMut() -> f32 {
    move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 40) as f32 / (1_u64 << 24) as f32
    }
}

/// Three pictures that share texture rows: small faces, faces that cover the picture, one of no area, one absent.
fn scene(kind: TextureKind, faces: usize) -> Arc<Faces> {
    let mut next = numbers(7);
    let mut corners = Array3::zeros((faces, 3, 3));
    for f in 0..faces {
        let size = [0.05, 0.3, 0.1, 4.0][if f % 40 == 3 { 3 } else { f % 3 }];
        let (x, y) = (2.0 * next() - 1.0, 2.0 * next() - 1.0);
        for k in 0..3 {
            let corner = [x + size * (next() - 0.5), y + size * (next() - 0.5), 2.0 + 3.0 * next()];
            for (i, value) in corner.into_iter().enumerate() {
                corners[[f, k, i]] = if f == 17 { 0.5 } else { value };
            }
        }
    }
    let texels = Array3::from_shape_fn((faces / 2 + 10, kind.texels(), 3), |_| next());
    let (first, second) = (faces / 2, faces / 2 + faces / 4);
    let pictures = vec![
        Picture { faces: 0..first, first_texture: 0 },
        Picture { faces: first..second, first_texture: 10 },
        Picture { faces: second + 3..faces, first_texture: 0 },
    ];
    let absent = ndarray::Array1::from_shape_fn(faces, |f| f == 29);
    let faces = Faces::packed(corners, pictures).expect("valid faces").with_absent(absent).expect("fits");
    Arc::new(faces.with_textures(Textures::new(kind, texels).expect("valid texels")).expect("rows exist"))
}

fn draw(device: &dyn DynRasterizer, faces: &Arc<Faces>, params: &RasterParams) -> (Image, Gradients) {
    let (mut image, mut saved) = (Image::default(), DynSaved::default());
    device.forward_into(faces, params, &mut image, &mut saved).expect("draws");
    let mut next = numbers(11);
    let grad = ImageGrad {
        color: image.color.as_ref().map(|a| a.map(|_| next() - 0.5)),
        silhouette: image.silhouette.as_ref().map(|a| a.map(|_| next() - 0.5)),
    };
    let mut gradients = Gradients::default();
    device.backward_into(&saved, &grad, Wanted::ALL, &mut gradients).expect("goes back");
    (image, gradients)
}

fn bits((image, g): &(Image, Gradients)) -> Vec<u32> {
    let mut all: Vec<f32> = Vec::new();
    all.extend(image.color.iter().flatten());
    all.extend(image.silhouette.iter().flatten());
    all.extend(g.corners.iter().chain(&g.textures).flatten());
    all.extend(g.background.iter().flatten());
    all.extend(g.sigma.iter().chain(&g.gamma).chain(&g.epsilon).chain(&g.weights).flatten());
    all.into_iter().map(f32::to_bits).collect()
}

fn params(width: usize, height: usize) -> RasterParams {
    RasterParams::new(width, height).sigma(1e-3).gamma(1e-2).background(&[0.2, 0.3, 0.4])
}

/// Parameters that draw with `color`, with weights if it has some.
fn drawn_with(color: Color, params: RasterParams) -> RasterParams {
    let Color::Neural { hidden } = color else { return params.color(color) };
    let mut next = numbers(13);
    let depth = Neural::depth_weights(DepthMap::Linear, 2.0, 5.0);
    let weights = Neural { hidden }.initial(3, depth, || 2.0 * f64::from(next()) - 1.0);
    params.color(color).weights(weights.into_iter().map(|w| w as f32).collect())
}

fn every_run(device: WgpuRasterizer) {
    let faces = scene(TextureKind::Vertex, 160);
    for (color, runs) in [(Color::Softmax, 20), (Color::Neural { hidden: MAX_HIDDEN }, 4)] {
        let params = drawn_with(color, params(100, 70));
        let first = bits(&draw(&device, &faces, &params));
        let different = first.iter().collect::<std::collections::HashSet<_>>().len();
        assert!(different > 10_000, "the scene draws something: {different} different numbers");
        for run in 1..runs {
            assert!(bits(&draw(&device, &faces, &params)) == first, "run {run} differs");
        }
    }
}

fn wherever_pictures_and_faces_are_cut(mut device: WgpuRasterizer) {
    for kind in [TextureKind::Vertex, TextureKind::Surface { side: 8 }] {
        for color in [Color::Softmax, Color::Over, Color::Hard, Color::Neural { hidden: 5 }] {
            let faces = scene(kind, 800);
            let params = drawn_with(color, params(70, 50)).outputs(Outputs::Both);
            device = device.with_binding_bytes(u64::MAX);
            let whole = bits(&draw(&device, &faces, &params));
            // A picture takes 126,000 bytes. At the first limit pictures go alone; at the last so do a few faces.
            for limit in [280_000, 145_000, 126_500] {
                device = device.with_binding_bytes(limit);
                let cut = bits(&draw(&device, &faces, &params));
                assert!(cut == whole, "{kind:?}, cut at {limit} bytes, differs");
            }
        }
    }
}

fn in_tiles_and_pieces_of_any_shape(mut device: WgpuRasterizer) {
    for (color, count) in [(Color::Softmax, 800), (Color::Neural { hidden: 4 }, 300)] {
        let faces = scene(TextureKind::Vertex, count);
        let params = drawn_with(color, params(150, 90));
        device = device.with_pieces(usize::MAX, usize::MAX);
        let whole = bits(&draw(&device, &faces, &params));
        let variants = Rasterizer::variants(&device);
        assert!(variants.len() >= 3);
        for variant in variants {
            let drawn = draw(&*variant.backend, &faces, &params);
            assert!(bits(&drawn) == whole, "{} differs", variant.name);
        }
        for (many, pictures) in [(1, 1), (100, 3), (255, 1), (256, 2), (257, 3)] {
            device = device.with_pieces(many, pictures);
            // One face at a time takes long.
            let (faces, whole) = if many > 1 { (Arc::clone(&faces), whole.clone()) } else { few(&params) };
            assert!(bits(&draw(&device, &faces, &params)) == whole, "{many} faces at a time differ");
        }
    }
}

/// A scene of few faces, and its bits on a device that draws it at once.
fn few(params: &RasterParams) -> (Arc<Faces>, Vec<u32>) {
    let faces = scene(TextureKind::Vertex, 40);
    let whole = WgpuRasterizer::new().expect("it is there");
    let bits = bits(&draw(&whole, &faces, params));
    (faces, bits)
}

fn where_a_list_does_not_fit(device: WgpuRasterizer) {
    let faces = scene(TextureKind::Vertex, 600);
    // Every face reaches every bin: the lists are longer than anything else.
    let params = params(80, 65).sigma(10.0).outputs(Outputs::Silhouette);
    let whole = bits(&draw(&device, &faces, &params));
    let device = device.with_binding_bytes(65_000);
    let cut = bits(&draw(&device, &faces, &params));
    assert!(cut == whole);
}

/// One small face in each of many pictures.
fn one_face_each(count: usize) -> Faces {
    let mut next = numbers(3);
    let corners = Array3::from_shape_fn((count, 3, 3), |(_, k, axis)| {
        [[-0.3, 0.3, 0.0][k] + next(), [-0.3, -0.3, 0.3][k] - next(), 2.0 + next()][axis]
    });
    let picture = |f| Picture { faces: f..f + 1, first_texture: f % 7 };
    Faces::packed(corners, (0..count).map(picture).collect()).expect("valid faces")
}

/// Draws all pictures at once, which takes more workgroups than a dimension of a dispatch has, and a few at a time.
fn all_at_once_as_few_at_a_time(
    mut device: WgpuRasterizer,
    faces: &Arc<Faces>,
    params: &RasterParams,
    few: usize,
) {
    let before = device.traffic();
    let at_once = bits(&draw(&device, faces, params));
    assert_eq!((device.traffic() - before).submissions, 2, "all of a pass goes at once");
    let gradients = at_once.iter().filter(|&&bits| f32::from_bits(bits) != 0.0).count();
    assert!(gradients > faces.count() * 9, "the scene draws something: {gradients} numbers");
    device = device.with_pieces(usize::MAX, few);
    assert!(bits(&draw(&device, faces, params)) == at_once, "{few} pictures at a time differ");
}

fn past_65_535_workgroups_of_tiles_and_faces(device: WgpuRasterizer) {
    // Four tiles each, and four workgroups of faces: 65,536 of both.
    let faces = Arc::new(one_face_each(16_384));
    let params = RasterParams::new(17, 17).sigma(1e-2).outputs(Outputs::Silhouette);
    all_at_once_as_few_at_a_time(device, &faces, &params, 5000);
}

fn past_65_535_workgroups_of_texels(device: WgpuRasterizer) {
    // A workgroup for each place of a block of 256 faces: 76,800.
    let mut next = numbers(5);
    let kind = TextureKind::Surface { side: 2 };
    let texels = Array3::from_shape_fn((7, kind.texels(), 3), |_| next());
    let textures = Textures::new(kind, texels).expect("valid texels");
    let faces = Arc::new(one_face_each(300).with_textures(textures).expect("rows exist"));
    all_at_once_as_few_at_a_time(device, &faces, &params(8, 8), 100);
}

fn what_cannot_be_cut_is_refused_with_its_size(device: WgpuRasterizer) {
    let device = device.with_binding_bytes(20_000);
    let error = Rasterizer::forward(&device, &scene(TextureKind::Vertex, 40), &params(64, 64)).err();
    assert!(matches!(error, Some(Error::OutOfMemory { needed: 100_000.., .. })), "{error:?}");
}
