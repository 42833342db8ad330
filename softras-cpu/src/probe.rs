//! The functions of the maths run alone, on the lanes that the kernels use.

use softras_core::math::{Function, Real, Scalar};
use softras_core::raster::Probe;
use softras_core::{Error, Result};

use crate::CpuRasterizer;
use crate::lanes::{Kernel, Vector};

/// Rows of one function, a lane a row.
struct Rows<'a, R> {
    function: &'a Function,
    inputs: &'a [R],
    outputs: &'a mut [R],
}

impl<R: Scalar> Kernel<R> for Rows<'_, R> {
    type Output = ();

    #[inline(always)]
    fn run<L: Real<Scalar = R>>(self, like: L) {
        let (i, o) = (self.function.inputs(), self.function.outputs());
        let rows = self.inputs.len() / i;
        let (mut x, mut y) = (vec![like; i], vec![like; o]);
        for first in (0..rows).step_by(L::LANES) {
            // Lanes beyond the last row repeat it.
            let row = |lane: usize| (first + lane).min(rows - 1);
            for (k, x) in x.iter_mut().enumerate() {
                *x = like.per_lane(|lane| self.inputs[row(lane) * i + k]);
            }
            self.function.run(&x, &mut y);
            for lane in 0..L::LANES.min(rows - first) {
                for (k, y) in y.iter().enumerate() {
                    self.outputs[(first + lane) * o + k] = y.lane(lane);
                }
            }
        }
    }
}

impl<R: Vector> Probe<R> for CpuRasterizer {
    fn probe(&self, function: &Function, inputs: &[R], outputs: &mut [R]) -> Result<()> {
        let (i, o) = (function.inputs(), function.outputs());
        let rows = inputs.len() / i;
        if inputs.len() != rows * i || outputs.len() != rows * o {
            let found = [inputs.len(), outputs.len()];
            let expected = format!("[N * {i}] inputs, [N * {o}] outputs");
            return Err(Error::shape(function.name(), &found, expected));
        }
        R::dispatch_few(Rows { function, inputs, outputs });
        Ok(())
    }
}
