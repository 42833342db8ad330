#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub use softras_core::{Error, Image, ImageGrad, Result, loss, math, raster, reference, scene};

#[cfg(feature = "cpu")]
pub use softras_cpu::CpuRasterizer;
/// All of the CUDA back end: several devices as one (`CudaShards`), recorded steps (`CudaStep`), arrays that stay on the
/// device (`DeviceArray` and those after it), and the bindings they are passed by (`cudarc`).
#[cfg(feature = "cuda")]
pub use softras_cuda as cuda;
#[cfg(feature = "cuda")]
pub use softras_cuda::{CudaBrute, CudaRasterizer, CudaShards, CudaStep, devices as cuda_devices};
#[cfg(feature = "wgpu")]
pub use softras_wgpu::WgpuRasterizer;

mod device;

pub use device::{Device, devices, open};

/// The README of the repository compiles.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct RepositoryReadme;
