//! What goes wrong is an error that says what was asked for and what was found; nothing panics.

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use softras_core::Error;
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

/// Whoever loses the device is told so by every call.
#[cfg(feature = "faults")]
fn a_lost_device_says_so() -> Answer {
    use softras_core::raster::{Outputs, RasterParams, Rasterizer};
    use softras_core::scene::Faces;
    let device = WgpuRasterizer::new()?;
    let corners = ndarray::arr3(&[[[-1.0, -1.0, 2.0], [1.0, -1.0, 2.0], [0.0, 1.0, 2.0]]]);
    let faces = Faces::new(corners)?;
    let params = RasterParams::new(8, 8).outputs(Outputs::Silhouette);
    device.forward(&faces, &params)?;
    device.lose();
    for _ in 0..2 {
        match device.forward(&faces, &params) {
            Err(Error::Device { .. }) => {}
            other => return Err(format!("a lost device gave {:?}", other.map(|(image, _)| image)).into()),
        }
    }
    Ok(())
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
    #[cfg(feature = "faults")]
    add("errors::a_lost_device_says_so", a_lost_device_says_so);
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
