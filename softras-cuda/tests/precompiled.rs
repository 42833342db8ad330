//! Machines without a compiler, and with one newer than the driver, on an emulated device: modules compiled in advance are
//! used, with the same bits; where there are none the error says which module, and what was tried.

#![expect(clippy::expect_used, reason = "a test may panic")]

mod scenes;

use std::path::{Path, PathBuf};

use softras_core::Error;
use softras_core::math::{Distribution, Function, Silhouette};
use softras_core::raster::{CustomParts, RasterParams, Rasterizer};
use softras_cuda::{Buffers, Compiling, CudaOptions, CudaRasterizer, modules};
use softras_cuda_emulator::{Refused, refuse};

use scenes::{draw, folder, open, settings};

/// The paper's renderer, another distribution, a t-conorm.
fn all() -> Vec<RasterParams> {
    let (_, params) = settings().remove(0);
    vec![
        params.clone(),
        params.clone().distribution(Distribution::Gaussian),
        params.silhouette(Silhouette::Yager).t_conorm_shape(2.0),
    ]
}

/// What there is, of a distribution and of a t-conorm that is not drawn.
fn functions() -> [Function; 2] {
    [Function::Probability(Distribution::Laplace), Function::Silhouette(Silhouette::SchweizerSklar)]
}

fn run_alone(device: &CudaRasterizer, function: &Function) -> Result<Vec<u32>, Error> {
    let inputs: Vec<f32> = (0..function.inputs() * 5).map(|i| i as f32 / 7.0 - 1.0).collect();
    let mut outputs = vec![0.0; function.outputs() * 5];
    let probe = device.probe().expect("functions run alone");
    probe.probe(function, &inputs, &mut outputs)?;
    Ok(outputs.into_iter().map(f32::to_bits).collect())
}

/// A folder with those of the listed modules that `device` has needed so far.
fn folder_for(device: &CudaRasterizer, name: &str) -> PathBuf {
    let folder = folder().join(format!("{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("is made");
    let needed = device.files_of_modules();
    let mut found = 0;
    for module in modules().iter().filter(|module| needed.contains(&module.file())) {
        let ptx = module.compile(75).expect("compiles");
        std::fs::write(folder.join(module.file()), ptx + "// in advance\n").expect("is written");
        found += 1;
    }
    assert_eq!(found, needed.len(), "all that was needed is listed");
    folder
}

fn without_compiler(folder: &Path) -> CudaRasterizer {
    let options = CudaOptions::new(0).cache(None).precompiled(Some(folder.to_owned()));
    options.compiling(Compiling::Never).open().expect("an emulated device")
}

fn text(error: &Error) -> String {
    format!("{error}: {}", std::error::Error::source(error).map(ToString::to_string).unwrap_or_default())
}

/// One test after another: they share the driver.
#[test]
fn are_used_without_a_compiler_and_with_one_that_is_too_new() {
    let (faces, _) = settings().remove(0);
    let device = open(0, Buffers::Reused);
    let expected: Vec<_> = all().iter().map(|params| draw(&device, &faces, params)).collect();
    let alone = functions().map(|function| run_alone(&device, &function).expect("runs"));
    assert!(matches!(device.capabilities().custom, CustomParts::DeviceText(_)));
    let folder = folder_for(&device, "precompiled");

    let never = without_compiler(&folder);
    let same = |device: &CudaRasterizer| {
        for (params, expected) in all().iter().zip(&expected) {
            assert!(draw(device, &faces, params) == *expected, "{params:?}");
        }
        for (function, expected) in functions().iter().zip(&alone) {
            assert_eq!(&run_alone(device, function).expect("runs"), expected);
        }
    };
    same(&never);
    assert_eq!(never.capabilities().custom, CustomParts::Refused, "their text must be compiled");
    let params = all().remove(0).distribution(Distribution::Cauchy);
    let error = never.forward(&faces, &params).expect_err("was not compiled");
    assert!(matches!(&error, Error::Device { .. }), "{error}");
    let words = text(&error);
    assert!(words.contains("forward-both-probabilistic-or-softmax-vertex-3-own"), "{words}");
    assert!(words.contains("plain") && words.contains("precompiled-"), "{words}");

    // A driver older than the compiler, which takes its machine code, or nothing of it.
    let open = |precompiled: Option<&Path>| {
        let options = CudaOptions::new(1).cache(None).precompiled(precompiled.map(Path::to_owned));
        options.open().expect("an emulated device")
    };
    refuse(Refused::Ptx).expect("is loaded");
    same(&open(None));
    refuse(Refused::All).expect("is loaded");
    same(&open(Some(&folder)));
    let error = open(Some(&folder)).forward(&faces, &params).expect_err("nothing is taken");
    let words = text(&error);
    assert!(
        words.contains("PTX of this compiler is too new") && words.contains("machine code for sm_90"),
        "{words}"
    );
    assert!(words.contains("precompiled-") && words.contains("module "), "{words}");
    refuse(Refused::Nothing).expect("is loaded");
    std::fs::remove_dir_all(&folder).expect("is removed");
}
