//! A training step that reuses its buffers allocates nothing.

#![expect(clippy::expect_used, reason = "a test may panic")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ndarray::Array3;
use softras_core::math::{Color, DepthMap, MAX_HIDDEN, Neural, TextureKind};
use softras_core::raster::{Gradients, RasterParams, Rasterizer, Wanted};
use softras_core::scene::{Faces, Picture, Textures};
use softras_core::{Image, ImageGrad};
use softras_cpu::{CpuRasterizer, CpuSaved};

/// Counts what is allocated, by any thread.
struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`, and `at` came from `System`.
        unsafe { System.dealloc(at, layout) }
    }
    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `realloc`, and `at` came from `System`.
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// A picture of many small faces and one that covers everything, and a second picture that shares its texture rows.
fn scene() -> Arc<Faces> {
    let mut corners = Array3::zeros((800, 3, 3));
    for f in 0..800 {
        let (x, y) = ((f % 20) as f32 / 10.0 - 1.0, (f / 20 % 20) as f32 / 10.0 - 1.0);
        let size = if f % 400 == 7 { 5.0 } else { 0.08 };
        for (k, (dx, dy)) in [(-1.0, -1.0), (1.0, -1.0), (0.0, 1.0)].into_iter().enumerate() {
            corners[[f, k, 0]] = x + size * dx;
            corners[[f, k, 1]] = y + size * dy;
            corners[[f, k, 2]] = 2.0 + 0.001 * f as f32;
        }
    }
    let pictures =
        vec![Picture { faces: 0..400, first_texture: 0 }, Picture { faces: 400..800, first_texture: 0 }];
    let texels = Array3::from_shape_fn((400, 3, 3), |(f, k, c)| ((f + 3 * k + c) % 7) as f32 / 7.0);
    let textures = Textures::new(TextureKind::Vertex, texels).expect("valid texels");
    Arc::new(Faces::packed(corners, pictures).and_then(|f| f.with_textures(textures)).expect("valid faces"))
}

/// The widest network, whose sums and weights are the most numbers a step keeps.
fn with_network(params: RasterParams) -> RasterParams {
    let part = Neural { hidden: MAX_HIDDEN };
    let mut i = 0;
    let weights = part.initial(3, Neural::depth_weights(DepthMap::Linear, 2.0, 3.0), || {
        i += 1;
        f64::from(i * 37 % 200) / 100.0 - 1.0
    });
    let weights = weights.into_iter().map(|w| w as f32).collect();
    params.color(Color::Neural { hidden: MAX_HIDDEN }).weights(weights)
}

#[test]
fn allocates_nothing() {
    let params = RasterParams::new(100, 70).sigma(1e-4).background(&[0.1, 0.2, 0.3]);
    // One after the other: what any thread allocates counts.
    assert_eq!(counted(&params), 0, "allocations in ten steps");
    assert_eq!(counted(&with_network(params)), 0, "allocations in ten steps of a network");
}

/// Draws and goes back a few times, and returns how often anything was allocated in the last ten.
fn counted(params: &RasterParams) -> usize {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("threads");
    pool.install(|| {
        let (device, faces) = (CpuRasterizer::new(), scene());
        let (mut image, mut saved) = (Image::default(), CpuSaved::default());
        let mut gradients = Gradients::default();
        Rasterizer::forward_into(&device, &faces, params, &mut image, &mut saved).expect("draws");
        let grad = ImageGrad { color: image.color.clone(), silhouette: image.silhouette.clone() };
        let mut step = || {
            Rasterizer::forward_into(&device, &faces, params, &mut image, &mut saved).expect("draws");
            Rasterizer::backward_into(&device, &saved, &grad, Wanted::ALL, &mut gradients)
                .expect("goes back");
        };
        // The first steps make the buffers, those of the thread pool included.
        for _ in 0..10 {
            step();
        }
        let before = ALLOCATIONS.load(Ordering::Relaxed);
        for _ in 0..10 {
            step();
        }
        ALLOCATIONS.load(Ordering::Relaxed) - before
    })
}
