//! What the CUDA back end offers beside pictures is reached through the facade, with the bindings that its arrays need.

#![cfg(feature = "cuda")]

use softras::cuda::cudarc::driver::CudaSlice;
use softras::cuda::{CudaOptions, CudaSaved, DeviceArray, DeviceArrayMut, DeviceFaces, DeviceImage};
use softras::{CudaRasterizer, CudaShards, CudaStep, Error, Result};

/// A step with arrays of a program that knows the facade alone.
fn draw(
    device: &CudaRasterizer,
    layout: &std::sync::Arc<softras::scene::Faces>,
    params: &softras::raster::RasterParams,
    corners: &CudaSlice<f32>,
    alpha: &mut CudaSlice<f32>,
) -> Result<CudaStep> {
    let faces = DeviceFaces { layout, corners: DeviceArray::new(corners), texels: None };
    let image = DeviceImage { color: None, silhouette: Some(DeviceArrayMut::new(alpha)) };
    device.forward_on_device(&faces, params, image, &mut CudaSaved::default())?;
    CudaStep::record(device, layout, params, softras::raster::Wanted::CORNERS)
}

#[test]
fn devices_steps_and_shards_are_opened_or_unavailable_with_a_reason() {
    let _compiles = draw;
    match CudaOptions::new(0).open().and_then(|device| CudaShards::new(vec![device])) {
        Ok(_) => {}
        Err(Error::Unavailable { why, .. }) => assert!(!why.is_empty()),
        Err(other) => panic!("{other}"),
    }
}
