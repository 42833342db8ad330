//! A step in each of the ways it can be asked for: from the host, with arrays on the device, recorded. The gradient of the
//! loss to the picture is the picture.

use std::cell::RefCell;
use std::sync::Arc;

use softras_core::raster::{Gradients, RasterParams, Rasterizer, Wanted};
use softras_core::scene::Faces;
use softras_core::{Error, Image, ImageGrad, Result};
use softras_cuda::cudarc::driver::{CudaSlice, CudaStream, DriverError};
use softras_cuda::{
    CudaRasterizer, CudaSaved, CudaStep, DeviceArray, DeviceArrayMut, DeviceFaces, DeviceGradients,
    DeviceImage, DeviceImageGrad, KernelTime,
};

/// What the gradients are wanted of.
pub(crate) fn wanted() -> Wanted {
    Wanted::CORNERS | Wanted::TEXTURES
}

fn bits(all: impl IntoIterator<Item = f32>) -> Vec<u32> {
    all.into_iter().map(f32::to_bits).collect()
}

/// The bits of a picture and its gradients.
pub(crate) fn from_host(
    device: &CudaRasterizer,
    faces: &Arc<Faces>,
    params: &RasterParams,
) -> Result<Vec<u32>> {
    let (mut image, mut saved, mut g) = (Image::default(), CudaSaved::default(), Gradients::default());
    device.forward_into(faces, params, &mut image, &mut saved)?;
    let grad = ImageGrad { color: image.color.clone(), silhouette: image.silhouette.clone() };
    device.backward_into(&saved, &grad, wanted(), &mut g)?;
    let all = image.color.iter().flatten().chain(image.silhouette.iter().flatten());
    Ok(bits(all.chain(g.corners.iter().flatten()).chain(g.textures.iter().flatten()).copied()))
}

/// Arrays on the device, as a program of somebody else has them.
pub(crate) struct Arrays {
    stream: Arc<CudaStream>,
    corners: CudaSlice<f32>,
    texels: CudaSlice<f32>,
    color: CudaSlice<f32>,
    alpha: CudaSlice<f32>,
    grad_corners: CudaSlice<f32>,
    grad_texels: CudaSlice<f32>,
}

fn failed(error: DriverError) -> Error {
    Error::Device { backend: "cuda".to_owned(), what: "arrays of a test".to_owned(), source: Box::new(error) }
}

impl Arrays {
    pub(crate) fn new(device: &CudaRasterizer, faces: &Faces, params: &RasterParams) -> Result<Self> {
        let stream = device.context().new_stream().map_err(failed)?;
        let texels = faces.textures().and_then(|t| t.texels().as_slice()).unwrap_or(&[]);
        let pixels = faces.batch() * params.width() * params.height();
        let give = |values: &[f32]| stream.clone_htod(values).map_err(failed);
        let room = |count: usize| stream.alloc_zeros::<f32>(count).map_err(failed);
        Ok(Self {
            corners: give(faces.corners().as_slice().unwrap_or(&[]))?,
            texels: give(texels)?,
            color: room(pixels * faces.channels())?,
            alpha: room(pixels)?,
            grad_corners: room(faces.count() * 9)?,
            grad_texels: room(texels.len())?,
            stream,
        })
    }

    fn bits(&self) -> Result<Vec<u32>> {
        let mut all = Vec::new();
        for slice in [&self.color, &self.alpha, &self.grad_corners, &self.grad_texels] {
            all.extend(self.stream.clone_dtoh(slice).map_err(failed)?);
        }
        Ok(bits(all))
    }

    /// Draws by `forward`, and goes back by `backward`.
    fn step<T>(
        &mut self,
        layout: &Arc<Faces>,
        forward: impl FnOnce(&DeviceFaces<'_>, DeviceImage<'_>) -> Result<T>,
        backward: impl FnOnce(T, &DeviceArray<'_>, &DeviceImageGrad<'_>, DeviceGradients<'_>) -> Result<()>,
    ) -> Result<()> {
        let texels = Some(DeviceArray::new(&self.texels));
        let faces = DeviceFaces { layout, corners: DeviceArray::new(&self.corners), texels };
        let image = DeviceImage {
            color: Some(DeviceArrayMut::new(&mut self.color)),
            silhouette: Some(DeviceArrayMut::new(&mut self.alpha)),
        };
        let drawn = forward(&faces, image)?;
        let grad = DeviceImageGrad {
            color: Some(DeviceArray::new(&self.color)),
            silhouette: Some(DeviceArray::new(&self.alpha)),
        };
        let gradients = DeviceGradients {
            corners: Some(DeviceArrayMut::new(&mut self.grad_corners)),
            textures: Some(DeviceArrayMut::new(&mut self.grad_texels)),
            sums: None,
        };
        backward(drawn, &DeviceArray::new(&self.texels), &grad, gradients)
    }
}

impl Arrays {
    /// Plays a recorded step forward and backward.
    fn play(&mut self, step: &mut CudaStep, faces: &Arc<Faces>) -> Result<()> {
        let step = RefCell::new(step);
        let forward =
            |faces: &DeviceFaces<'_>, image: DeviceImage<'_>| step.borrow_mut().forward(faces, image);
        self.step(faces, forward, |(), _, grad, gradients| step.borrow_mut().backward(grad, gradients))
    }
}

/// The same with arrays that stay on the device.
pub(crate) fn on_device(
    device: &CudaRasterizer,
    faces: &Arc<Faces>,
    params: &RasterParams,
) -> Result<Vec<u32>> {
    let mut arrays = Arrays::new(device, faces, params)?;
    let forward = |faces: &DeviceFaces<'_>, image: DeviceImage<'_>| {
        let mut saved = CudaSaved::default();
        device.forward_on_device(faces, params, image, &mut saved)?;
        Ok(saved)
    };
    arrays.step(faces, forward, |saved, texels, grad, gradients| {
        device.backward_on_device(&saved, Some(texels), grad, gradients)
    })?;
    arrays.bits()
}

/// A step that was recorded, and its arrays.
pub(crate) struct Recorded {
    step: CudaStep,
    arrays: Arrays,
}

impl Recorded {
    pub(crate) fn new(device: &CudaRasterizer, faces: &Arc<Faces>, params: &RasterParams) -> Result<Self> {
        let arrays = Arrays::new(device, faces, params)?;
        Ok(Self { step: CudaStep::record(device, faces, params, wanted())?, arrays })
    }

    /// Plays, and returns what the graphs took.
    pub(crate) fn timed(&mut self, faces: &Arc<Faces>) -> Result<Vec<KernelTime>> {
        let arrays = &mut self.arrays;
        self.step.timed(|step| arrays.play(step, faces)).map(|((), times)| times)
    }

    /// Plays, and reads the bits.
    pub(crate) fn play(&mut self, faces: &Arc<Faces>) -> Result<Vec<u32>> {
        self.arrays.play(&mut self.step, faces)?;
        self.arrays.bits()
    }
}
