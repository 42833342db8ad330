//! Which back ends are here: each by name, there or ignored with its reason. Their own crates run the laws.

use std::process::ExitCode;

use softras_conformance::{Opened, Subject, test_availability};

fn main() -> ExitCode {
    test_availability(vec![
        #[cfg(feature = "cpu")]
        Opened { name: "cpu".to_owned(), subject: Ok(Subject::both(softras::CpuRasterizer::new())) },
        #[cfg(not(feature = "cpu"))]
        absent("cpu"),
        #[cfg(feature = "wgpu")]
        Opened {
            name: "wgpu".to_owned(),
            subject: softras::WgpuRasterizer::new().map(Subject::single).map_err(|why| why.to_string()),
        },
        #[cfg(not(feature = "wgpu"))]
        absent("wgpu"),
        #[cfg(feature = "cuda")]
        Opened {
            name: "cuda".to_owned(),
            subject: softras::CudaRasterizer::new(0).map(Subject::single).map_err(|why| why.to_string()),
        },
        #[cfg(not(feature = "cuda"))]
        absent("cuda"),
    ])
}

/// A back end that is not in this build.
#[cfg(not(all(feature = "cpu", feature = "wgpu", feature = "cuda")))]
fn absent(name: &str) -> Opened {
    let why = format!("softras was built without the back end {name}");
    Opened { name: name.to_owned(), subject: Err(why) }
}
