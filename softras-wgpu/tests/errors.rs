//! What goes wrong is an error that says what was asked for and what was found; nothing panics.

#![expect(clippy::float_cmp, reason = "numbers that need no rounding")]

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use softras_conformance::Imitation;
use softras_conformance::scene::Scene;
use softras_core::Error;
use softras_core::math::{Color, DeviceLanguage, Distance, Euclidean};
use softras_core::raster::{Outputs, RasterParams, Rasterizer};
use softras_wgpu::{Adapter, WgpuRasterizer, adapters};

type Answer = Result<(), Failed>;

fn adapters_are_known_by_what_they_are_called() -> Answer {
    for name in ["best", "hardware", "discrete", "integrated", "virtual", "software", "3", "llvmpipe"] {
        let read: Adapter = name.parse()?;
        if read.to_string() != name {
            return Err(format!("{name} is read as {read}").into());
        }
    }
    let empty = "".parse::<Adapter>().is_err();
    if empty { Ok(()) } else { Err("an empty name is an adapter".into()) }
}

fn an_adapter_that_is_not_there_is_unavailable() -> Answer {
    for adapter in [Adapter::Named("no such adapter".to_owned()), Adapter::Index(1000)] {
        match WgpuRasterizer::open(&adapter) {
            Err(Error::Unavailable { why, .. }) if why.contains(&adapter.to_string()) => {}
            other => return Err(format!("{adapter}: {other:?}").into()),
        }
    }
    Ok(())
}

fn every_adapter_opens_by_number_kind_and_name() -> Answer {
    for found in adapters() {
        for adapter in
            [Adapter::Index(found.index), Adapter::Kind(found.kind), Adapter::Named(found.name.clone())]
        {
            let opened = WgpuRasterizer::open(&adapter)?;
            if opened.adapter().kind != found.kind {
                return Err(format!("{adapter} opened {:?}", opened.adapter()).into());
            }
        }
    }
    Ok(())
}

/// What WGSL of one's own is not is said in the device's words, and the device goes on.
fn invalid_wgsl_is_told_as_invalid() -> Answer {
    let device = WgpuRasterizer::new()?;
    for body in ["give(take()", "give(no_such_function(take()));"] {
        match device.run_wgsl(&Color::Softmax, body, 1, &[1.0], &mut [0.0]) {
            Err(Error::Device { what, .. }) if what.contains("invalid") => {}
            other => return Err(format!("{body} gave {other:?}").into()),
        }
    }
    let mut doubled = [0.0];
    device.run_wgsl(&Color::Softmax, "give(2.0 * take());", 1, &[1.5], &mut doubled)?;
    if doubled == [3.0] { Ok(()) } else { Err(format!("1.5 doubled is {doubled:?}").into()) }
}

/// A part of a user's own without WGSL is refused by name, wrong WGSL is told as invalid, and the device goes on.
fn a_part_needs_a_text_that_is_valid() -> Answer {
    let device = WgpuRasterizer::new()?;
    let scene = Scene {
        channels: 0,
        ..Scene::pixel([[-4.0, -4.0, 2.0], [4.0, -4.0, 2.0], [0.0, 4.0, 2.0]], 0.0, 0.0)
    };
    let faces = scene.faces()?;
    let params = RasterParams::new(1, 1).outputs(Outputs::Silhouette);
    let draw = |part| device.forward(&faces, &params.clone().distance(part)).map(|(image, _)| image);
    match draw(Distance::custom(Imitation::of(Euclidean))) {
        Err(Error::Unsupported { what, .. }) if what.contains("Custom") => {}
        other => return Err(format!("a part without a text gave {other:?}").into()),
    }
    let wrong = "fn custom_distance_signed(face: Triangle) -> f32 { return not_there(face); }";
    match draw(Distance::custom(Imitation::of(Euclidean).with_text(DeviceLanguage::Wgsl, wrong))) {
        Err(Error::Device { what, .. }) if what.contains("invalid") => {}
        other => return Err(format!("a wrong text gave {other:?}").into()),
    }
    draw(Distance::Euclidean)?;
    Ok(())
}

/// More than a kernel may see of a buffer is refused, with the size.
fn a_buffer_beyond_the_limit_is_refused_with_its_size() -> Answer {
    let device = WgpuRasterizer::new()?.with_binding_bytes(1 << 16);
    let (inputs, mut outputs) = (vec![0.5; (1 << 14) + 1], vec![0.0; 1]);
    match device.run_wgsl(&Color::Softmax, "give(take());", 1, &inputs, &mut outputs) {
        Err(Error::OutOfMemory { needed: 65_540, limit: 65_536, .. }) => {}
        other => return Err(format!("a number too many gave {other:?}").into()),
    }
    device.run_wgsl(&Color::Softmax, "give(take());", 1, &inputs[1..], &mut outputs)?;
    if outputs == [0.5] { Ok(()) } else { Err(format!("what fits gave {outputs:?}").into()) }
}

#[cfg(feature = "faults")]
mod planted {
    use std::sync::Arc;

    use ndarray::Array3;
    use softras_core::raster::{Gradients, RasterParams, Rasterizer, Wanted};
    use softras_core::scene::Faces;
    use softras_core::{Error, Image, ImageGrad};
    use softras_wgpu::{WgpuRasterizer, WgpuSaved};

    use super::Answer;

    /// Nine faces in two pictures, big and small ones.
    fn faces() -> Result<Arc<Faces>, Error> {
        let corners = Array3::from_shape_fn((9, 3, 3), |(f, k, axis)| {
            let size = if f % 2 == 0 { 1.6 } else { 0.1 };
            let turn = (f * 3 + k * 7) as f32;
            [0.1 * f as f32 - 0.4 + size * turn.sin(), size * turn.cos(), 2.0 + 0.1 * turn][axis]
        });
        let picture = |faces| softras_core::scene::Picture { faces, first_texture: 0 };
        Ok(Arc::new(Faces::packed(corners, vec![picture(0..4), picture(4..9)])?))
    }

    fn params() -> RasterParams {
        RasterParams::new(40, 40).sigma(1e-3).outputs(softras_core::raster::Outputs::Silhouette)
    }

    /// Draws and goes back, with so many passes starved before each; what comes out.
    fn starved(device: &WgpuRasterizer, passes: (u32, u32)) -> Result<(Image, Gradients), Error> {
        let (mut image, mut saved) = (Image::default(), WgpuSaved::default());
        device.starve(passes.0);
        device.forward_into(&faces()?, &params(), &mut image, &mut saved)?;
        let grad = ImageGrad { color: None, silhouette: image.silhouette.as_ref().map(|a| a - 0.3) };
        let mut gradients = Gradients::default();
        device.starve(passes.1);
        device.backward_into(&saved, &grad, Wanted::CORNERS | Wanted::SIGMA, &mut gradients)?;
        Ok((image, gradients))
    }

    /// Memory that runs out in the middle of a pass, at a write or a submission, makes smaller pieces of the work, with
    /// the same bits; where they cannot be smaller, the size is told, and the device goes on.
    pub(super) fn memory_that_runs_out_is_tried_again_in_smaller_pieces() -> Answer {
        let device = WgpuRasterizer::new()?;
        let whole = starved(&device, (0, 0))?;
        let corners = whole.1.corners.as_ref().ok_or("no gradient")?;
        if corners.iter().filter(|g| **g != 0.0).count() < 30 {
            return Err("the scene has hardly a gradient".into());
        }
        // 9 faces, 5, 3, 2, 1: the fifth try is the last.
        for passes in [(1, 0), (0, 1), (2, 2), (4, 0), (0, 4)] {
            if starved(&device, passes)? != whole {
                return Err(format!("{passes:?} starved passes change the bits").into());
            }
        }
        for passes in [(5, 0), (0, 5)] {
            match starved(&device, passes) {
                Err(Error::OutOfMemory { needed: 1000.., what, .. }) if what.contains("1 faces") => {}
                other => return Err(format!("{passes:?} starved passes gave {other:?}").into()),
            }
        }
        if starved(&device, (0, 0))? == whole { Ok(()) } else { Err("it does not recover".into()) }
    }

    /// An error that no call waited for is told by the next one, as what it is, once.
    pub(super) fn what_no_call_waited_for_is_told_once_as_what_it_is() -> Answer {
        let device = WgpuRasterizer::new()?;
        device.forward(&*faces()?, &params())?;
        device.misuse();
        match device.forward(&*faces()?, &params()) {
            Err(Error::Device { what, .. }) if what.contains("invalid") && !what.contains("lost") => {}
            other => return Err(format!("misuse gave {:?}", other.map(|(image, _)| image)).into()),
        }
        device.forward(&*faces()?, &params())?;
        Ok(())
    }

    /// What counting pairs failed at, which has no way to say it, the next call says.
    pub(super) fn what_pairs_failed_at_is_told_by_the_next_call() -> Answer {
        let device = WgpuRasterizer::new()?;
        let (_, saved) = device.forward(&*faces()?, &params())?;
        let counted = Rasterizer::pairs(&device, &saved);
        device.starve(1);
        if counted.is_none() || Rasterizer::pairs(&device, &saved).is_some() {
            return Err("pairs are counted without memory".into());
        }
        match device.forward(&*faces()?, &params()) {
            Err(Error::OutOfMemory { what, .. }) if what.contains("pairs") => {}
            other => return Err(format!("then forward gave {:?}", other.map(|(image, _)| image)).into()),
        }
        if Rasterizer::pairs(&device, &saved) == counted { Ok(()) } else { Err("it does not recover".into()) }
    }

    /// Whoever loses the device is told so by every call.
    pub(super) fn a_lost_device_says_so() -> Answer {
        let device = WgpuRasterizer::new()?;
        device.forward(&*faces()?, &params())?;
        device.lose();
        for _ in 0..2 {
            match device.forward(&*faces()?, &params()) {
                Err(Error::Device { what, .. }) if what.contains("lost") => {}
                other => return Err(format!("a lost device gave {:?}", other.map(|(image, _)| image)).into()),
            }
        }
        Ok(())
    }
}

fn main() -> ExitCode {
    let mut trials = vec![
        Trial::test(
            "errors::adapters_are_known_by_what_they_are_called",
            adapters_are_known_by_what_they_are_called,
        ),
        Trial::test(
            "errors::an_adapter_that_is_not_there_is_unavailable",
            an_adapter_that_is_not_there_is_unavailable,
        ),
    ];
    let required =
        std::env::var("SOFTRAS_REQUIRE").is_ok_and(|all| all.split(',').any(|x| x.trim() == "wgpu"));
    let missing = WgpuRasterizer::new().err().map(|why| why.to_string());
    let mut add = |name: &str, test: fn() -> Answer| {
        trials.push(match missing.clone() {
            None => Trial::test(name, test),
            Some(why) if required => Trial::test(name, || Err(Failed::from(why))),
            Some(why) => Trial::test(name, || Ok(())).with_kind(why).with_ignored_flag(true),
        });
    };
    add("errors::every_adapter_opens_by_number_kind_and_name", every_adapter_opens_by_number_kind_and_name);
    add("errors::invalid_wgsl_is_told_as_invalid", invalid_wgsl_is_told_as_invalid);
    add("errors::a_part_needs_a_text_that_is_valid", a_part_needs_a_text_that_is_valid);
    add(
        "errors::a_buffer_beyond_the_limit_is_refused_with_its_size",
        a_buffer_beyond_the_limit_is_refused_with_its_size,
    );
    #[cfg(feature = "faults")]
    {
        add("errors::a_lost_device_says_so", planted::a_lost_device_says_so);
        add(
            "errors::memory_that_runs_out_is_tried_again_in_smaller_pieces",
            planted::memory_that_runs_out_is_tried_again_in_smaller_pieces,
        );
        add(
            "errors::what_no_call_waited_for_is_told_once_as_what_it_is",
            planted::what_no_call_waited_for_is_told_once_as_what_it_is,
        );
        add(
            "errors::what_pairs_failed_at_is_told_by_the_next_call",
            planted::what_pairs_failed_at_is_told_by_the_next_call,
        );
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
