//! The gradient to the weights of a color aggregator: a row of sums for each face and each block of pixels, then a sum of
//! rows for each picture.
//!
//! Faces see the weights of phi, and pixels those of rho.

use softras_core::Result;
use softras_core::math::NeuralLayout;

use crate::backward::{PREPARE_PIXELS, lend};
use crate::buffers::Buffer;
use crate::kernels::{Axes, ColorKernel, Stage};
use crate::shared::{CHUNK_FACES, Globals, Ptr, Reducing, Reversing};
use crate::workspace::Drawn;

/// How many weights there are.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Weights {
    /// Those that faces see, which come first.
    of_faces: u32,
    /// Those that pixels see.
    of_pixels: u32,
}

impl Weights {
    pub(crate) const fn count(self) -> usize {
        (self.of_faces + self.of_pixels) as usize
    }

    /// Numbers that their gradients take on the device.
    pub(crate) fn numbers(self, globals: &Globals) -> u64 {
        let faces = u64::from(globals.faces) * u64::from(self.of_faces);
        faces
            + blocks(globals) * u64::from(self.of_pixels)
            + u64::from(globals.pictures) * self.count() as u64
    }
}

/// Blocks of pixels of all pictures.
fn blocks(globals: &Globals) -> u64 {
    u64::from(globals.pictures) * u64::from(globals.pixels.div_ceil(PREPARE_PIXELS))
}

impl Drawn {
    /// The weights of the color aggregator, none where it has none.
    pub(crate) const fn weights(&self) -> Weights {
        let ColorKernel::Neural { hidden } = self.axes.color else {
            return Weights { of_faces: 0, of_pixels: 0 };
        };
        let layout = NeuralLayout { hidden: hidden as usize, channels: self.plan.channels };
        let of_faces = layout.rho(0) as u32;
        Weights { of_faces, of_pixels: layout.count() as u32 - of_faces }
    }

    /// Writes the gradient to the weights of each picture, `[B, N]`, to `to`, after `prepare`.
    pub(crate) fn reverse_weights(
        &self,
        axes: &Axes,
        reversing: &mut Reversing,
        to: Ptr<f32>,
        held: &mut Vec<Buffer>,
    ) -> Result<()> {
        let (work, gpu, weights) = (&self.work, &self.work.gpu, self.weights());
        let globals = reversing.globals;
        let numbers = globals.faces as usize * weights.of_faces as usize;
        held.push(lend(work, "weight gradients of faces", numbers, &mut reversing.face_weights)?);
        let numbers = blocks(&globals) as usize * weights.of_pixels as usize;
        held.push(lend(work, "weight gradients of pixels", numbers, &mut reversing.pixel_weights)?);
        let kernel = work.kernels.get(gpu, Stage::PrepareWeights, axes)?;
        gpu.launch(&kernel, blocks(&globals), &*reversing)?;
        if globals.chunks > 0 {
            let kernel = work.kernels.get(gpu, Stage::BackwardWeights, axes)?;
            gpu.launch(&kernel, u64::from(globals.chunks) * u64::from(CHUNK_FACES), &*reversing)?;
        }
        let reducing = Reducing {
            globals,
            face_weights: reversing.face_weights,
            pixel_weights: reversing.pixel_weights,
            weights: to,
            of_faces: weights.of_faces,
            of_pixels: weights.of_pixels,
            blocks: globals.pixels.div_ceil(PREPARE_PIXELS),
            ..Reducing::default()
        };
        let kernel = work.kernels.get(gpu, Stage::ReduceWeights, axes)?;
        Ok(gpu.launch(&kernel, u64::from(globals.pictures) * weights.count() as u64, &reducing)?)
    }
}
