//! The lists of faces at 1.3 million of them: as long as the CPU's would be, nothing dropped. It takes minutes in
//! software, so `cargo test -p softras-wgpu --test bins -- --ignored` runs it.

#![expect(clippy::expect_used, reason = "a test may panic")]

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};
use ndarray::Array3;
use softras_core::Image;
use softras_core::raster::{Outputs, RasterParams, Rasterizer};
use softras_core::scene::Faces;
use softras_wgpu::{WgpuRasterizer, WgpuSaved};

/// Faces of two triangles a cell over the whole picture, `side` cells across and down.
fn grid(side: usize) -> Arc<Faces> {
    let at = |i: usize| -1.0 + 2.0 * i as f32 / side as f32;
    let corners = Array3::from_shape_fn((2 * side * side, 3, 3), |(f, k, axis)| {
        let (cell, upper) = (f / 2, f % 2);
        let (x, y) = (cell % side, cell / side);
        let (dx, dy) = [[(0, 0), (1, 0), (0, 1)], [(1, 0), (1, 1), (0, 1)]][upper][k];
        [at(x + dx), at(y + dy), 2.0][axis]
    });
    Arc::new(Faces::new(corners).expect("valid faces"))
}

/// Draws, and returns the length of all lists, the number of pairs, and the alphas.
fn lists(device: &WgpuRasterizer, faces: &Arc<Faces>, params: &RasterParams) -> (u64, u64, Vec<u32>) {
    let (mut image, mut saved) = (Image::default(), WgpuSaved::default());
    device.forward_into(faces, params, &mut image, &mut saved).expect("draws");
    let pairs = Rasterizer::pairs(device, &saved).expect("counts");
    let alphas = image.silhouette.iter().flatten().map(|a| a.to_bits()).collect();
    (saved.list_entries(), pairs, alphas)
}

/// How many bins of `bin` pixels the boxes of all faces reach, by a loop over all faces on the host.
fn expected(faces: &Faces, size: usize, bin: usize, reach: f64) -> (u64, u64) {
    let (mut least, mut most) = (0, 0);
    let half = size as f64 / 2.0;
    for face in faces.corners().outer_iter() {
        // With next to no margin, and with more than the device takes.
        for (sum, margin) in
            [(&mut least, reach * (1.0 - 1e-3) - 1e-6), (&mut most, reach * (1.0 + 1e-3) + 1e-5)]
        {
            let range = |axis: usize| {
                let values = [0, 1, 2].map(|k| f64::from(face[[k, axis]]));
                let low = values.into_iter().fold(f64::INFINITY, f64::min) - margin;
                let high = values.into_iter().fold(f64::NEG_INFINITY, f64::max) + margin;
                // Pixel centres within: x = (2 i + 1 - size) / size. Rows are mirrored, which changes no count.
                let first = ((low * half + half - 0.5).ceil().max(0.0)) as i64;
                let last = ((high * half + half - 0.5).floor().min(size as f64 - 1.0)) as i64;
                if first > last { 0 } else { last / bin as i64 - first / bin as i64 + 1 }
            };
            *sum += (range(0) * range(1)) as u64;
        }
    }
    (least, most)
}

fn check(device: WgpuRasterizer, side: usize, size: usize, bin: usize) {
    let sigma = 1e-6_f32;
    let faces = grid(side);
    let params = RasterParams::new(size, size).sigma(sigma).outputs(Outputs::Silhouette);
    let reach = (f64::from(sigma) * (1.0 / 1e-4_f64 - 1.0).ln()).sqrt();
    let (least, most) = expected(&faces, size, bin, reach);
    let (entries, pairs, alphas) = lists(&device, &faces, &params);
    eprintln!("{} faces: {entries} entries of {least} to {most}, {pairs} pairs", faces.count());
    assert!((least..=most).contains(&entries), "{entries} entries, expected {least} to {most}");
    assert!(pairs >= (size * size) as u64, "every pixel has a face: {pairs} pairs");
    // The same in pieces of another size.
    let device = device.with_pieces(faces.count() / 3 + 7, 1);
    let (in_pieces, again, bits) = lists(&device, &faces, &params);
    assert_eq!((in_pieces, again), (entries, pairs));
    assert!(bits == alphas, "the same bits in pieces");
}

fn ten_thousand_faces(device: WgpuRasterizer) {
    check(device, 72, 160, 16);
}

fn more_than_a_million_faces(device: WgpuRasterizer) {
    check(device, 810, 1024, 64);
}

/// A trial that is ignored by name where there is no device, and fails where there must be one.
fn trial(name: &str, test: fn(WgpuRasterizer)) -> Trial {
    let required =
        std::env::var("SOFTRAS_REQUIRE").is_ok_and(|all| all.split(',').any(|x| x.trim() == "wgpu"));
    match WgpuRasterizer::new() {
        Ok(device) => Trial::test(name, move || {
            test(device);
            Ok(())
        }),
        Err(why) if required => Trial::test(name, move || Err(why.to_string().into())),
        Err(why) => Trial::test(name, || Ok(())).with_kind(why.to_string()).with_ignored_flag(true),
    }
}

fn main() -> ExitCode {
    let trials = vec![
        trial("bins::of_ten_thousand_faces_lack_none", ten_thousand_faces),
        // It takes minutes in software.
        trial("bins::of_1_3_million_faces_lack_none", more_than_a_million_faces).with_ignored_flag(true),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
