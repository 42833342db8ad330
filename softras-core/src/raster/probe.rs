//! Running the functions of a back end's maths alone.

use crate::error::{Error, Result};
use crate::math::{Function, Scalar};

/// A back end whose functions can be run alone: a device by a probe kernel for each twin file.
pub trait Probe<R: Scalar = f32> {
    /// Runs `function` on rows of `inputs [N, function.inputs()]` and writes `outputs [N, function.outputs()]`.
    ///
    /// # Errors
    /// `Shape` if the rows do not fit the function or each other, `Unsupported` for a function it has not got, `Device`
    /// if the device fails.
    fn probe(&self, function: &Function, inputs: &[R], outputs: &mut [R]) -> Result<()>;
}

/// Runs `function` on the host, row by row: a [`Probe`] of the core itself.
///
/// # Errors
/// `Shape` if the rows do not fit the function or each other.
pub fn run_rows<R: Scalar>(function: &Function, inputs: &[R], outputs: &mut [R]) -> Result<()> {
    let (i, o) = (function.inputs(), function.outputs());
    let rows = inputs.len() / i;
    if inputs.len() != rows * i || outputs.len() != rows * o {
        let found = [inputs.len(), outputs.len()];
        return Err(Error::shape(function.name(), &found, format!("[N * {i}] inputs, [N * {o}] outputs")));
    }
    for (inputs, outputs) in inputs.chunks_exact(i).zip(outputs.chunks_exact_mut(o)) {
        function.run(inputs, outputs);
    }
    Ok(())
}
