//! The device-resident path: the bits of the trait's path, and no traffic but what changed and what is asked for.

#![expect(clippy::expect_used, reason = "a test may panic")]

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use ndarray::Array3;
use softras_core::math::{Color, Neural, TextureKind};
use softras_core::raster::{Gradients, Outputs, RasterParams, Rasterizer, Wanted};
use softras_core::scene::{Faces, Picture, Textures};
use softras_core::{Error, Image, ImageGrad};
use softras_wgpu::{WgpuRasterizer, WgpuSaved};

/// One of the tests, on a device.
type Test = fn(&WgpuRasterizer);

const TESTS: &[(&str, Test)] = &[
    ("resident::gives_the_bits_of_the_trait", gives_the_bits_of_the_trait),
    (
        "resident::moves_only_what_changed_and_what_is_asked_for",
        moves_only_what_changed_and_what_is_asked_for,
    ),
    ("resident::buffers_hold_what_is_read", buffers_hold_what_is_read),
    ("resident::refuses_what_is_out_of_order", refuses_what_is_out_of_order),
];

fn main() -> ExitCode {
    let required =
        std::env::var("SOFTRAS_REQUIRE").is_ok_and(|all| all.split(',').any(|x| x.trim() == "wgpu"));
    let missing = WgpuRasterizer::new().err().map(|why| why.to_string());
    let trial = |&(name, test): &(&str, Test)| match missing.clone() {
        None => Trial::test(name, move || {
            test(&WgpuRasterizer::new()?);
            Ok(())
        }),
        Some(why) if required => Trial::test(name, || Err(Failed::from(why))),
        Some(why) => Trial::test(name, || Ok(())).with_kind(why).with_ignored_flag(true),
    };
    libtest_mimic::run(&Arguments::from_args(), TESTS.iter().map(trial).collect()).exit_code()
}

/// Views of a strip of faces, turned by `angle`; all share one texture.
fn views(count: usize, faces: usize, angle: f32, kind: TextureKind) -> Faces {
    let corners = Array3::from_shape_fn((count * faces, 3, 3), |(row, k, axis)| {
        let (view, face) = (row / faces, row % faces);
        let turn = angle + view as f32 + 0.7 * face as f32 + 2.1 * k as f32;
        let size = if face % 5 == 0 { 1.1 } else { 0.15 };
        let at = 0.05 * face as f32 - 0.4;
        [at + size * turn.cos(), size * turn.sin() - at, 2.0 + 0.01 * face as f32][axis]
    });
    let texels = Array3::from_shape_fn((faces, kind.texels(), 3), |(f, t, c)| {
        0.5 + 0.5 * (angle + (f * 7 + t * 3 + c) as f32).sin()
    });
    let picture = |view| Picture { faces: view * faces..(view + 1) * faces, first_texture: 0 };
    let packed = Faces::packed(corners, (0..count).map(picture).collect()).expect("valid faces");
    packed.with_textures(Textures::new(kind, texels).expect("valid texels")).expect("rows exist")
}

fn params(width: usize, height: usize) -> RasterParams {
    RasterParams::new(width, height).sigma(1e-3).gamma(1e-2).background(&[0.2, 0.3, 0.4])
}

/// The same, drawn by a network.
fn of_a_network(params: RasterParams) -> RasterParams {
    let part = Neural { hidden: 3 };
    let mut i = 0.0;
    let random = || {
        i += 1.0;
        f64::sin(i * i)
    };
    let weights = part.initial(3, [-2.2, 3.0], random).into_iter().map(|w| w as f32).collect();
    params.color(Color::Neural { hidden: part.hidden }).weights(weights)
}

fn grad_of(image: &Image) -> ImageGrad {
    ImageGrad {
        color: image.color.as_ref().map(|a| a.map(|x| x - 0.4)),
        silhouette: image.silhouette.as_ref().map(|a| a.map(|x| 0.7 - x)),
    }
}

fn by_the_trait(device: &WgpuRasterizer, faces: &Faces, params: &RasterParams) -> (Image, Gradients) {
    let (mut image, mut saved) = (Image::default(), WgpuSaved::default());
    device.forward_into(&Arc::new(faces.clone()), params, &mut image, &mut saved).expect("draws");
    let mut gradients = Gradients::default();
    device.backward_into(&saved, &grad_of(&image), Wanted::ALL, &mut gradients).expect("goes back");
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

fn gives_the_bits_of_the_trait(device: &WgpuRasterizer) {
    let surface = TextureKind::Surface { side: 3 };
    // Small pictures at once; pictures with lists of faces; pictures and faces in pieces.
    let scenes = [
        (TextureKind::Vertex, params(40, 30), None),
        (surface, params(40, 30), None),
        (TextureKind::Vertex, params(90, 70), None),
        (surface, params(24, 24).outputs(Outputs::Color), Some((7, 2))),
        (TextureKind::Vertex, of_a_network(params(20, 18)), None),
        (surface, of_a_network(params(24, 24)), Some((7, 2))),
    ];
    for (kind, params, pieces) in scenes {
        let own = in_pieces(device, pieces);
        let mut moving = views(5, 30, 0.0, kind);
        let mut scene = own.resident(&moving, &params, Wanted::ALL).expect("fits");
        for step in 0..3 {
            let (mut image, mut gradients) = (Image::default(), Gradients::default());
            scene.forward().expect("draws");
            scene.read_images(&mut image).expect("reads");
            scene.backward(&grad_of(&image)).expect("goes back");
            scene.read_gradients(&mut gradients).expect("reads");
            let expected = bits(&by_the_trait(&own, &moving, &params));
            let different = expected.iter().collect::<std::collections::HashSet<_>>().len();
            assert!(different > 2_000, "the scene draws something: {different} different numbers");
            assert!(bits(&(image, gradients)) == expected, "step {step} of {kind:?} {pieces:?} differs");
            moving = views(5, 30, 0.3 * (step + 1) as f32, kind);
            scene.upload_corners(moving.corners().clone()).expect("uploads");
            scene.upload_textures(moving.textures().expect("it has some").clone()).expect("uploads");
        }
    }
}

fn in_pieces(like: &WgpuRasterizer, pieces: Option<(usize, usize)>) -> WgpuRasterizer {
    let own = WgpuRasterizer::open(&softras_wgpu::Adapter::Index(like.adapter().index)).expect("opens");
    let (faces, pictures) = pieces.unwrap_or((usize::MAX, usize::MAX));
    own.with_pieces(faces, pictures)
}

fn moves_only_what_changed_and_what_is_asked_for(device: &WgpuRasterizer) {
    let (count, faces) = (16, 30);
    let kind = TextureKind::Vertex;
    let params = params(32, 32);
    let wanted = Wanted::CORNERS | Wanted::TEXTURES;
    let mut scene = device.resident(&views(count, faces, 0.0, kind), &params, wanted).expect("fits");
    let (mut image, mut gradients) = (Image::default(), Gradients::default());
    let bytes = |numbers: usize| 4 * numbers as u64;
    let (corners, pictures) = (bytes(count * faces * 9), bytes(count * 4 * 32 * 32));
    for step in 0..4 {
        let moved = views(count, faces, 0.1 * step as f32, kind);
        let before = device.traffic();
        scene.upload_corners(moved.corners().clone()).expect("uploads");
        scene.forward().expect("draws");
        let drawn = device.traffic() - before;
        scene.read_images(&mut image).expect("reads");
        let read = device.traffic() - before;
        scene.backward(&grad_of(&image)).expect("goes back");
        let back = device.traffic() - before;
        scene.read_gradients(&mut gradients).expect("reads");
        let all = device.traffic() - before;
        eprintln!("step {step}: drawn {drawn:?}, read {read:?}, back {back:?}, all {all:?}");
        if step == 0 {
            continue;
        }
        // Beside what changed, a pass tells the device how long a scan is, and how many items there are.
        let words = 512;
        assert!((corners..corners + words).contains(&drawn.uploaded), "{drawn:?}");
        assert_eq!((drawn.read_back, drawn.submissions), (0, 1));
        assert_eq!(read.uploaded, drawn.uploaded);
        assert!((pictures..pictures + words).contains(&read.read_back), "{read:?}");
        let uploaded = corners + pictures;
        assert!((uploaded..uploaded + 2 * words).contains(&back.uploaded), "{back:?}");
        assert_eq!((back.read_back, back.submissions), (read.read_back, 3));
        assert_eq!((all.uploaded, all.submissions), (back.uploaded, 4));
        // The corners, and four numbers a face beside; the texels.
        let asked = corners + bytes(count * faces * 4) + bytes(faces * 9);
        let found = all.read_back - back.read_back;
        assert!((asked..asked + words).contains(&found), "{found} bytes of gradients, {asked} are asked for");
        assert_eq!(all.buffers, 0, "a step makes no buffers");
    }
}

/// Reads the rows of an array from its buffer, by copies of the test's own.
fn read(device: &WgpuRasterizer, array: &softras_wgpu::ResidentArray<'_>) -> Vec<f32> {
    use softras_wgpu::wgpu;
    let count = array.rows.len() * array.row.iter().product::<usize>();
    let host = device.device().create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: 4 * count as u64,
        usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
        mapped_at_creation: false,
    });
    let mut encoder = device.device().create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    encoder.copy_buffer_to_buffer(array.buffer, 4 * array.first, &host, 0, 4 * count as u64);
    device.queue().submit([encoder.finish()]);
    host.slice(..).map_async(wgpu::MapMode::Read, |mapped| mapped.expect("it is mapped"));
    device.device().poll(wgpu::PollType::wait_indefinitely()).expect("it answers");
    let view = host.slice(..).get_mapped_range().expect("it is mapped");
    let number = |four: &[u8]| f32::from_le_bytes([four[0], four[1], four[2], four[3]]);
    view.chunks_exact(4).map(number).collect()
}

fn buffers_hold_what_is_read(device: &WgpuRasterizer) {
    let faces = views(3, 30, 0.2, TextureKind::Vertex);
    let params = params(20, 10);
    let mut scene = device.resident(&faces, &params, Wanted::ALL).expect("fits");
    let held: Vec<f32> =
        scene.corners().expect("is there").iter().flat_map(|array| read(device, array)).collect();
    assert_eq!(Some(held.as_slice()), faces.corners().as_slice());
    let held: Vec<f32> =
        scene.textures().expect("is there").iter().flat_map(|array| read(device, array)).collect();
    assert_eq!(Some(held.as_slice()), faces.textures().and_then(|t| t.texels().as_slice()));
    let (mut image, mut gradients) = (Image::default(), Gradients::default());
    scene.forward().expect("draws");
    scene.read_images(&mut image).expect("reads");
    let arrays = scene.images().expect("is there");
    assert_eq!((arrays.len(), arrays[0].rows.clone(), arrays[0].row.clone()), (1, 0..3, vec![4, 10, 20]));
    let held = read(device, &arrays[0]);
    let (color, alpha) = (image.color.as_ref().expect("drawn"), image.silhouette.as_ref().expect("drawn"));
    let planes = |b: usize| {
        color
            .index_axis(ndarray::Axis(0), b)
            .into_iter()
            .chain(alpha.index_axis(ndarray::Axis(0), b))
            .copied()
            .collect::<Vec<f32>>()
    };
    assert_eq!(held, (0..3).flat_map(planes).collect::<Vec<f32>>());
    // What the host would upload, written by commands of the test's own.
    let grad = grad_of(&image);
    scene.backward(&grad).expect("goes back");
    scene.read_gradients(&mut gradients).expect("reads");
    let array = scene.image_gradients().expect("is there")[0].clone();
    let uploaded: Vec<u8> = read(device, &array).iter().flat_map(|x| x.to_le_bytes()).collect();
    device.queue().write_buffer(array.buffer, 0, &vec![0; uploaded.len()]);
    device.queue().write_buffer(array.buffer, 0, &uploaded);
    scene.forward().expect("draws");
    scene.backward_on_device().expect("goes back");
    let mut again = Gradients::default();
    scene.read_gradients(&mut again).expect("reads");
    assert_eq!(again, gradients);
    let held: Vec<f32> =
        scene.corner_gradients().expect("is there").iter().flat_map(|array| read(device, array)).collect();
    assert_eq!(Some(held.as_slice()), gradients.corners.as_ref().and_then(|g| g.as_slice()));
    let texels = scene.texture_gradients().expect("is there").expect("it is wanted");
    assert_eq!(
        Some(read(device, &texels).as_slice()),
        gradients.textures.as_ref().and_then(|g| g.as_slice())
    );
}

fn refuses_what_is_out_of_order(device: &WgpuRasterizer) {
    let faces = views(2, 5, 0.2, TextureKind::Vertex);
    let mut scene = device.resident(&faces, &params(8, 8), Wanted::CORNERS).expect("fits");
    let (mut image, mut gradients) = (Image::default(), Gradients::default());
    let is_layout = |answer: Result<(), Error>| matches!(answer, Err(Error::Layout { .. }));
    assert!(is_layout(scene.read_images(&mut image)) && is_layout(scene.backward_on_device()));
    scene.forward().expect("draws");
    assert!(is_layout(scene.read_gradients(&mut gradients)));
    scene.read_images(&mut image).expect("reads");
    let grad = grad_of(&image);
    scene.upload_corners(faces.corners().clone()).expect("uploads");
    assert!(is_layout(scene.backward(&grad)), "what was drawn is of other corners");
    assert!(scene.upload_corners(Array3::zeros((3, 3, 3))).is_err());
    assert!(scene.upload_corners(faces.corners() * f32::NAN).is_err());
    let other = views(2, 4, 0.2, TextureKind::Vertex);
    assert!(scene.upload_textures(other.textures().expect("it has some").clone()).is_err());
    scene.forward().expect("draws");
}
