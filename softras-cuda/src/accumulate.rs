//! Sums in a fixed order: parameters over a picture, texture rows over the pictures that share them.

use softras_core::Result;
use softras_core::raster::Gradients;

use crate::Work;
use crate::backward::PREPARE_PIXELS;
use crate::kernels::{Axes, Stage};
use crate::shared::{FACE_PARAMETERS, Globals, Ptr, Reducing, Reversing};
use crate::workspace::Drawn;

/// Where the sums of texture gradients begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// At zero.
    Zero,
    /// At what the gradients hold: the sums of another device, or of pictures that went before.
    Carried,
}

/// How many numbers are summed over each picture: the background, epsilon, and those of the faces.
pub(crate) const fn sums_of_picture(channels: usize) -> usize {
    channels + 1 + FACE_PARAMETERS as usize
}

/// Writes what is summed over the faces or pixels of each picture, `[B, C + 5]`, to `sums`.
pub(crate) fn reduce(work: &Work, axes: &Axes, reversing: &Reversing, sums: Ptr<f32>) -> Result<()> {
    let globals = reversing.globals;
    let reducing = Reducing {
        globals,
        partials: reversing.partials,
        parameters: reversing.parameters,
        sums,
        blocks: globals.pixels.div_ceil(PREPARE_PIXELS),
        ..Reducing::default()
    };
    let values = sums_of_picture(globals.channels as usize) as u64;
    let kernel = work.kernels.get(&work.gpu, Stage::Reduce, axes)?;
    Ok(work.gpu.launch(&kernel, u64::from(globals.pictures) * values, &reducing)?)
}

/// Puts the sums over the pictures where they belong.
pub(crate) fn share(sums: &[f32], channels: usize, gradients: &mut Gradients) {
    for (b, sums) in sums.chunks(sums_of_picture(channels)).enumerate() {
        if let Some(background) = &mut gradients.background {
            for (c, &sum) in sums[..channels].iter().enumerate() {
                background[[b, c]] = sum;
            }
        }
        for (to, &sum) in [
            (&mut gradients.epsilon, &sums[channels]),
            (&mut gradients.sigma, &sums[channels + 1]),
            (&mut gradients.gamma, &sums[channels + 2]),
            (&mut gradients.distribution, &sums[channels + 3]),
            (&mut gradients.t_conorm, &sums[channels + 4]),
        ] {
            if let Some(to) = to {
                to[b] = sum;
            }
        }
    }
}

/// Adds the gradients to weights of all pictures, `[B, N]`, picture by picture: the same bits however many go back at once.
pub(crate) fn share_weights(of_pictures: &[f32], gradients: &mut Gradients) {
    let Some(weights) = gradients.weights.as_mut().filter(|weights| !weights.is_empty()) else { return };
    let mut sums = vec![0.0_f64; weights.len()];
    for row in of_pictures.chunks_exact(weights.len()) {
        for (sum, &value) in sums.iter_mut().zip(row) {
            *sum += f64::from(value);
        }
    }
    for (to, sum) in weights.iter_mut().zip(sums) {
        *to = sum as f32;
    }
}

/// Adds the texels of the faces to the gradient of the textures, at `rows`.
pub(crate) fn gather(
    drawn: &Drawn,
    axes: &Axes,
    reversing: &Reversing,
    start: Start,
    rows: Ptr<f32>,
) -> Result<()> {
    let globals: Globals = reversing.globals;
    let reducing = Reducing {
        globals,
        texels: reversing.texels,
        grad_rows: rows,
        rows_ascend: u32::from(rows_ascend(drawn)),
        carries: u32::from(start == Start::Carried),
        ..Reducing::default()
    };
    let (work, gpu) = (&drawn.work, &drawn.work.gpu);
    let kernel = work.kernels.get(gpu, Stage::Gather, axes)?;
    let numbers = u64::from(globals.rows) * u64::from(globals.texel_size);
    Ok(gpu.launch(&kernel, numbers.div_ceil(256), &reducing)?)
}

/// Tells whether no pictures share texture rows, and the rows ascend with the pictures: the usual case, in which a row
/// need not ask every picture.
fn rows_ascend(drawn: &Drawn) -> bool {
    let pictures = drawn.faces.pictures();
    pictures.windows(2).all(|two| two[1].first_texture >= two[0].first_texture + two[0].faces.len())
}
