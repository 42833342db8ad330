//! Arrays that stay on the device, and steps that are recorded: the same bits as from the host, on emulated devices whose
//! streams run ahead or lag behind.

#![expect(clippy::expect_used, reason = "a test may panic")]

mod scenes;

use std::sync::Arc;

use cudarc::driver::{CudaContext, CudaSlice, CudaStream, DevicePtr};
use softras_core::math::TextureKind;
use softras_core::raster::{Gradients, Outputs, RasterParams, Rasterizer, Wanted};
use softras_core::scene::Faces;
use softras_core::{Error, Image};
use softras_cuda::{
    Buffers, CudaRasterizer, CudaSaved, CudaStep, DeviceArray, DeviceArrayMut, DeviceFaces, DeviceGradients,
    DeviceImage, DeviceImageGrad, RawArray,
};

use scenes::{draw, grad_of, open, scene, settings};

/// Arrays of somebody else: a context and a stream of their own.
struct Theirs {
    stream: Arc<CudaStream>,
    corners: CudaSlice<f32>,
    texels: CudaSlice<f32>,
    color: CudaSlice<f32>,
    alpha: CudaSlice<f32>,
    grad_color: CudaSlice<f32>,
    grad_alpha: CudaSlice<f32>,
    grad_corners: CudaSlice<f32>,
    grad_texels: CudaSlice<f32>,
    sums: CudaSlice<f32>,
}

fn texels_of(faces: &Faces) -> &[f32] {
    faces.textures().and_then(|t| t.texels().as_slice()).expect("textures in order")
}

impl Theirs {
    /// The faces on the device, and the gradient to the picture that `image` is.
    fn new(device: usize, faces: &Faces, params: &RasterParams, image: &Image) -> Self {
        let stream = CudaContext::new(device).and_then(|c| c.new_stream()).expect("a stream");
        let give = |values: &[f32]| stream.clone_htod(values).expect("memory");
        let room = |n: usize| stream.alloc_zeros::<f32>(n).expect("memory");
        let grad = grad_of(image);
        let (batch, pixels) = (faces.batch(), params.width() * params.height());
        let (channels, texels) = (faces.channels(), texels_of(faces));
        Self {
            corners: give(faces.corners().as_slice().expect("in order")),
            texels: give(texels),
            color: room(batch * channels * pixels),
            alpha: room(batch * pixels),
            grad_color: give(grad.color.as_ref().and_then(|a| a.as_slice()).expect("in order")),
            grad_alpha: give(grad.silhouette.as_ref().and_then(|a| a.as_slice()).expect("in order")),
            grad_corners: room(faces.count() * 9),
            grad_texels: room(texels.len()),
            sums: room(batch * (channels + 5)),
            stream,
        }
    }

    fn faces<'a>(&'a self, layout: &'a Arc<Faces>) -> DeviceFaces<'a> {
        let texels = Some(DeviceArray::new(&self.texels));
        DeviceFaces { layout, corners: DeviceArray::new(&self.corners), texels }
    }

    fn forward(&mut self, device: &CudaRasterizer, layout: &Arc<Faces>, params: &RasterParams) -> CudaSaved {
        let mut saved = CudaSaved::default();
        let texels = Some(DeviceArray::new(&self.texels));
        let faces = DeviceFaces { layout, corners: DeviceArray::new(&self.corners), texels };
        let image = DeviceImage {
            color: Some(DeviceArrayMut::new(&mut self.color)),
            silhouette: Some(DeviceArrayMut::new(&mut self.alpha)),
        };
        device.forward_on_device(&faces, params, image, &mut saved).unwrap_or_else(|e| panic!("{e:?}"));
        saved
    }

    /// Draws and goes back.
    fn attempt(
        &mut self,
        device: &CudaRasterizer,
        layout: &Arc<Faces>,
        params: &RasterParams,
    ) -> softras_core::Result<CudaSaved> {
        let mut saved = CudaSaved::default();
        let texels = Some(DeviceArray::new(&self.texels));
        let faces = DeviceFaces { layout, corners: DeviceArray::new(&self.corners), texels };
        let image = DeviceImage {
            color: Some(DeviceArrayMut::new(&mut self.color)),
            silhouette: Some(DeviceArrayMut::new(&mut self.alpha)),
        };
        device.forward_on_device(&faces, params, image, &mut saved)?;
        let grad = DeviceImageGrad {
            color: Some(DeviceArray::new(&self.grad_color)),
            silhouette: Some(DeviceArray::new(&self.grad_alpha)),
        };
        let gradients = DeviceGradients {
            corners: Some(DeviceArrayMut::new(&mut self.grad_corners)),
            textures: Some(DeviceArrayMut::new(&mut self.grad_texels)),
            sums: Some(DeviceArrayMut::new(&mut self.sums)),
        };
        let texels = DeviceArray::new(&self.texels);
        device.backward_on_device(&saved, Some(&texels), &grad, gradients)?;
        Ok(saved)
    }

    fn play(&mut self, step: &mut CudaStep, layout: &Arc<Faces>) {
        let texels = Some(DeviceArray::new(&self.texels));
        let faces = DeviceFaces { layout, corners: DeviceArray::new(&self.corners), texels };
        let image = DeviceImage {
            color: Some(DeviceArrayMut::new(&mut self.color)),
            silhouette: Some(DeviceArrayMut::new(&mut self.alpha)),
        };
        step.forward(&faces, image).unwrap_or_else(|e| panic!("{e:?}"));
        let grad = DeviceImageGrad {
            color: Some(DeviceArray::new(&self.grad_color)),
            silhouette: Some(DeviceArray::new(&self.grad_alpha)),
        };
        let gradients = DeviceGradients {
            corners: Some(DeviceArrayMut::new(&mut self.grad_corners)),
            textures: Some(DeviceArrayMut::new(&mut self.grad_texels)),
            sums: Some(DeviceArrayMut::new(&mut self.sums)),
        };
        step.backward(&grad, gradients).unwrap_or_else(|e| panic!("{e:?}"));
    }

    fn backward(&mut self, device: &CudaRasterizer, saved: &CudaSaved) {
        let grad = DeviceImageGrad {
            color: Some(DeviceArray::new(&self.grad_color)),
            silhouette: Some(DeviceArray::new(&self.grad_alpha)),
        };
        let gradients = DeviceGradients {
            corners: Some(DeviceArrayMut::new(&mut self.grad_corners)),
            textures: Some(DeviceArrayMut::new(&mut self.grad_texels)),
            sums: Some(DeviceArrayMut::new(&mut self.sums)),
        };
        let texels = DeviceArray::new(&self.texels);
        device.backward_on_device(saved, Some(&texels), &grad, gradients).unwrap_or_else(|e| panic!("{e:?}"));
    }

    /// The bits of everything that was computed.
    fn bits(&self) -> Vec<u32> {
        let all = [&self.color, &self.alpha, &self.grad_corners, &self.grad_texels, &self.sums];
        let read = |slice: &CudaSlice<f32>| self.stream.clone_dtoh(slice).expect("is read");
        all.into_iter().flat_map(read).map(f32::to_bits).collect()
    }
}

/// The bits of the same from the host.
fn bits_of((image, g): &(Image, Gradients)) -> Vec<u32> {
    let mut all: Vec<f32> = Vec::new();
    all.extend(image.color.iter().flatten());
    all.extend(image.silhouette.iter().flatten());
    all.extend(g.corners.iter().chain(&g.textures).flatten());
    let background = g.background.as_ref().expect("a gradient");
    for b in 0..background.nrows() {
        all.extend(background.row(b));
        let rest = [&g.epsilon, &g.sigma, &g.gamma, &g.distribution, &g.t_conorm];
        all.extend(rest.map(|x| x.as_ref().expect("a gradient")[b]));
    }
    all.into_iter().map(f32::to_bits).collect()
}

#[test]
fn slices_give_the_bits_of_the_host() {
    for number in [0, 1] {
        let device = open(number, Buffers::Reused);
        for (i, (layout, params)) in settings().into_iter().enumerate() {
            let expected = draw(&device, &layout, &params);
            let mut theirs = Theirs::new(number, &layout, &params, &expected.0);
            let saved = theirs.forward(&device, &layout, &params);
            theirs.backward(&device, &saved);
            assert!(theirs.bits() == bits_of(&expected), "scene {i}, device {number}");
        }
    }
}

#[test]
fn raw_addresses_give_the_bits_of_the_host() {
    let device = open(1, Buffers::Exact);
    let (layout, params) = settings().remove(0);
    let expected = draw(&device, &layout, &params);
    let theirs = Theirs::new(1, &layout, &params, &expected.0);
    let stream = theirs.stream.cu_stream();
    let raw = |slice: &CudaSlice<f32>, shape: &[usize]| {
        // SAFETY: `theirs` outlives the array, and its stream orders all work on it.
        unsafe { RawArray::new(slice.device_ptr(&theirs.stream).0, shape, stream) }
    };
    let (batch, h, w) = (layout.batch(), params.height(), params.width());
    let (corners, texels) = (raw(&theirs.corners, &[layout.count(), 3, 3]), raw(&theirs.texels, &[30, 3, 3]));
    let (mut color, mut alpha) = (raw(&theirs.color, &[batch, 3, h, w]), raw(&theirs.alpha, &[batch, h, w]));
    let texels = Some(DeviceArray::raw(&texels));
    let faces = DeviceFaces { layout: &layout, corners: DeviceArray::raw(&corners), texels };
    let image = DeviceImage {
        color: Some(DeviceArrayMut::raw(&mut color)),
        silhouette: Some(DeviceArrayMut::raw(&mut alpha)),
    };
    let mut saved = CudaSaved::default();
    device.forward_on_device(&faces, &params, image, &mut saved).expect("draws");
    let drawn = theirs.stream.clone_dtoh(&theirs.color).expect("is read");
    assert!(drawn.iter().eq(expected.0.color.iter().flatten()), "the picture of the host");

    let wrong = raw(&theirs.color, &[batch, 3, w, h]);
    let grad = DeviceImageGrad { color: Some(DeviceArray::raw(&wrong)), silhouette: None };
    let gradients = DeviceGradients { corners: Some(DeviceArrayMut::raw(&mut color)), ..Default::default() };
    let error =
        device.backward_on_device(&saved, faces.texels.as_ref(), &grad, gradients).expect_err("turned");
    assert!(
        matches!(&error, Error::Shape { .. }) && error.to_string().contains("gradient of the color"),
        "{error}"
    );
}

#[test]
fn arrays_that_do_not_fit_are_refused() {
    let device = open(0, Buffers::Exact);
    let (layout, params) = settings().remove(0);
    let expected = draw(&device, &layout, &params);
    let mut theirs = Theirs::new(0, &layout, &params, &expected.0);
    let mut saved = CudaSaved::default();

    let faces = DeviceFaces { texels: None, ..theirs.faces(&layout) };
    let error = device.forward_on_device(&faces, &params, DeviceImage::default(), &mut saved);
    assert!(error.expect_err("no texels").to_string().contains("texels"));
    let error = device.forward_on_device(&theirs.faces(&layout), &params, DeviceImage::default(), &mut saved);
    assert!(error.expect_err("nowhere to draw to").to_string().contains("color"));
    let faces = DeviceFaces { corners: DeviceArray::new(&theirs.texels), ..theirs.faces(&layout) };
    let error = device.forward_on_device(&faces, &params, DeviceImage::default(), &mut saved);
    assert!(matches!(error, Err(Error::Shape { .. })));

    let saved = theirs.forward(&device, &layout, &params);
    let error = device.backward(&saved, &grad_of(&expected.0)).expect_err("they lie on the device");
    assert!(error.to_string().contains("backward_on_device"), "{error}");

    let other = Theirs::new(2, &layout, &params, &expected.0);
    let faces = DeviceFaces { corners: DeviceArray::new(&other.corners), ..theirs.faces(&layout) };
    let mut color = theirs.stream.alloc_zeros::<f32>(theirs.color.len()).expect("memory");
    let mut alpha = theirs.stream.alloc_zeros::<f32>(theirs.alpha.len()).expect("memory");
    let image = DeviceImage {
        color: Some(DeviceArrayMut::new(&mut color)),
        silhouette: Some(DeviceArrayMut::new(&mut alpha)),
    };
    let error = device.forward_on_device(&faces, &params, image, &mut CudaSaved::default());
    assert!(error.expect_err("another device's").to_string().contains("device 2"));
}

#[test]
fn null_addresses_are_refused() {
    let device = open(0, Buffers::Exact);
    let (layout, params) = settings().remove(0);
    let params = params.outputs(Outputs::Silhouette);
    let theirs = Theirs::new(0, &layout, &params, &draw(&device, &layout, &settings().remove(0).1).0);
    let stream = theirs.stream.cu_stream();
    // SAFETY: they are refused before anything is read.
    let raw = |address: u64, shape: &[usize]| unsafe { RawArray::new(address, shape, stream) };
    let at = |slice: &CudaSlice<f32>| slice.device_ptr(&theirs.stream).0;
    let (corners, alpha) = (at(&theirs.corners), at(&theirs.alpha));
    for (corners, alpha, expected) in
        [(0, alpha, "null"), (corners, 0, "null"), (corners + 2, alpha, "multiple of 4")]
    {
        let corners = raw(corners, &[layout.count(), 3, 3]);
        let mut alpha = raw(alpha, &[layout.batch(), params.height(), params.width()]);
        let faces = DeviceFaces { layout: &layout, corners: DeviceArray::raw(&corners), texels: None };
        let image = DeviceImage { color: None, silhouette: Some(DeviceArrayMut::raw(&mut alpha)) };
        let error = device.forward_on_device(&faces, &params, image, &mut CudaSaved::default());
        let error = error.expect_err("nowhere");
        assert!(matches!(&error, Error::Layout { .. }) && error.to_string().contains(expected), "{error}");
    }
    // No faces are no memory.
    let none = Arc::new(Faces::packed(ndarray::Array3::zeros((0, 3, 3)), Vec::new()).expect("valid faces"));
    let (corners, mut alpha) = (raw(0, &[0, 3, 3]), raw(0, &[0, params.height(), params.width()]));
    let faces = DeviceFaces { layout: &none, corners: DeviceArray::raw(&corners), texels: None };
    let image = DeviceImage { color: None, silhouette: Some(DeviceArrayMut::raw(&mut alpha)) };
    device.forward_on_device(&faces, &params, image, &mut CudaSaved::default()).expect("a batch of none");
}

/// Two streams of the caller's on one slice are ordered by cudarc itself, as its users expect.
#[test]
fn the_context_that_is_handed_out_tracks_events() {
    for number in [0, 1] {
        let device = open(number, Buffers::Reused);
        let context = device.context();
        assert!(context.is_event_tracking());
        let (a, b) = (context.new_stream().expect("a stream"), context.new_stream().expect("a stream"));
        let mut place = a.clone_htod(&[1.0f32]).expect("memory");
        a.memcpy_htod(&[2.0f32], &mut place).expect("copies");
        assert_eq!(b.clone_dtoh(&place).expect("copies"), [2.0], "device {number}");
    }
}

/// What a thread does first may need no memory, which would set its device.
#[test]
fn a_batch_of_none_is_drawn_by_any_thread() {
    let device = open(2, Buffers::Reused);
    let (faces, params) = settings().remove(0);
    let _warm = draw(&device, &faces, &params);
    let none = Arc::new(Faces::packed(ndarray::Array3::zeros((0, 3, 3)), Vec::new()).expect("valid faces"));
    let params = params.outputs(Outputs::Silhouette).background(&[]);
    let drawn = std::thread::spawn(move || device.forward(&none, &params).map(drop)).join();
    drawn.expect("no panic").unwrap_or_else(|e| panic!("{e:?}"));
}

#[test]
fn batches_over_the_memory_budget_are_drawn_in_runs_with_the_same_bits() {
    let device = open(0, Buffers::Reused);
    for (i, (layout, params)) in settings().into_iter().enumerate() {
        let expected = draw(&device, &layout, &params);
        let mut theirs = Theirs::new(0, &layout, &params, &expected.0);
        let (mut refused, mut cut, mut budget) = (0, 0, 64);
        while budget < 1 << 24 {
            let params = params.clone().memory_budget(budget);
            match theirs.attempt(&device, &layout, &params) {
                Ok(saved) => {
                    assert!(theirs.bits() == bits_of(&expected), "scene {i}, {budget} bytes");
                    let pairs = device.forward(&layout, &params).ok();
                    let pairs = pairs.and_then(|(_, saved)| device.pairs(&saved));
                    assert_eq!(device.pairs(&saved), pairs, "scene {i}, {budget} bytes");
                    cut += usize::from(!saved.is_whole());
                }
                Err(Error::OutOfMemory { limit, .. }) => {
                    assert_eq!(limit, u128::from(budget));
                    refused += 1;
                }
                Err(error) => panic!("{error:?}"),
            }
            budget = budget * 3 / 2 + 1;
        }
        assert!(refused > 0 && cut > 0, "scene {i}: {refused} refused, {cut} in runs");
        let tight = CudaStep::record(&device, &layout, &params.memory_budget(64), Wanted::ALL);
        assert!(matches!(tight, Err(Error::OutOfMemory { .. })), "scene {i}: a recorded step is one piece");
    }
}

/// The same faces, `by` times as large about the middle of the picture.
fn larger(faces: &Arc<Faces>, by: f32) -> Faces {
    let mut corners = faces.corners().to_owned();
    corners.indexed_iter_mut().for_each(|((_, _, i), x)| *x *= if i < 2 { by } else { 1.0 });
    let absent = (0..faces.count()).map(|f| faces.is_absent(f)).collect();
    let moved = Faces::packed(corners, faces.pictures().to_vec()).and_then(|f| f.with_absent(absent));
    let textures = faces.textures().cloned().expect("textures");
    moved.and_then(|f| f.with_textures(textures)).expect("valid faces")
}

#[test]
fn a_recorded_step_gives_the_bits_of_the_host_however_the_scene_moves() {
    for number in [0, 1] {
        let device = open(number, Buffers::Reused);
        for (i, (layout, params)) in settings().into_iter().enumerate() {
            let mut step =
                CudaStep::record(&device, &layout, &params, Wanted::ALL).unwrap_or_else(|e| panic!("{e:?}"));
            for by in [1.0, 0.9, 1.05] {
                let moved = Arc::new(larger(&layout, by));
                let expected = draw(&device, &moved, &params);
                let mut theirs = Theirs::new(number, &moved, &params, &expected.0);
                theirs.play(&mut step, &layout);
                assert!(
                    theirs.bits() == bits_of(&expected),
                    "scene {i} {by} times as large, device {number}"
                );
            }
            assert_eq!(step.recordings(), 1, "scene {i}");
        }
    }
}

#[test]
fn lists_that_outgrow_their_room_are_recorded_anew() {
    let device = open(0, Buffers::Reused);
    // 10 x 10 bins of the picture, and items of 32 x 32 pixels.
    let params = RasterParams::new(320, 310).sigma(1e-5).gamma(1e-2);
    let layout = Arc::new(larger(&scene(TextureKind::Vertex, 3), 0.02));
    let mut step = CudaStep::record(&device, &layout, &params, Wanted::ALL).expect("records");
    let moved = Arc::new(larger(&layout, 100.0));
    let expected = draw(&device, &moved, &params);
    let mut theirs = Theirs::new(0, &moved, &params, &expected.0);
    theirs.play(&mut step, &layout);
    assert_eq!(step.recordings(), 2);
    assert!(theirs.bits() == bits_of(&expected), "with more room, the bits of the host");
    assert_eq!(
        step.pairs(),
        device.forward(&moved, &params).ok().and_then(|(_, saved)| device.pairs(&saved))
    );

    let mut fresh = CudaStep::record(&device, &layout, &params, Wanted::CORNERS).expect("records");
    let nothing = DeviceGradients { sums: Some(DeviceArrayMut::new(&mut theirs.sums)), ..Default::default() };
    let error = fresh.backward(&DeviceImageGrad::default(), nothing).expect_err("nothing was drawn");
    assert!(error.to_string().contains("has not drawn"), "{error}");
}
