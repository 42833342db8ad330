//! Sums in a fixed order: parameters over a picture, texture rows over the pictures that share them.

use softras_core::Result;
use softras_core::raster::Gradients;

use crate::backward::PREPARE_PIXELS;
use crate::buffers;
use crate::kernels::{Axes, Stage};
use crate::shared::{FACE_PARAMETERS, Ptr, Reducing, Reversing};
use crate::workspace::Drawn;

/// Where the sums of texture gradients begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// At zero.
    Zero,
    /// At what the gradients hold: the sums of another device.
    Carried,
}

/// Writes what is summed over the faces or pixels of a picture. `of_faces` says whether faces were walked.
pub(crate) fn reduce(
    drawn: &Drawn,
    axes: &Axes,
    reversing: &Reversing,
    of_faces: bool,
    gradients: &mut Gradients,
) -> Result<()> {
    let (work, gpu, globals) = (&drawn.work, &drawn.work.gpu, &drawn.globals);
    let mut reducing = Reducing {
        globals: *globals,
        partials: reversing.partials,
        parameters: if of_faces { reversing.parameters } else { Ptr::default() },
        blocks: globals.pixels.div_ceil(PREPARE_PIXELS),
        ..Reducing::default()
    };
    let per_face = [&gradients.sigma, &gradients.gamma, &gradients.distribution, &gradients.t_conorm];
    let wants_faces = of_faces && per_face.iter().any(|g| g.is_some());
    let wants_pixels = gradients.background.is_some() || gradients.epsilon.is_some();
    if wants_faces || wants_pixels {
        let channels = globals.channels as usize;
        let values = channels + 1 + FACE_PARAMETERS as usize;
        let sums = work.arena.lend::<f32>(gpu, "sums over pictures", drawn.plan.batch * values)?;
        reducing.sums = sums.ptr(gpu);
        let kernel = work.kernels.get(gpu, Stage::Reduce, axes)?;
        gpu.launch(&kernel, (drawn.plan.batch * values) as u64, &reducing)?;
        let mut read = vec![0.0_f32; drawn.plan.batch * values];
        buffers::read(gpu, &sums, "reduce", &mut read)?;
        for (b, sums) in read.chunks(values).enumerate() {
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
    Ok(())
}

/// Adds the texels of the faces to the gradient of the textures.
pub(crate) fn gather(
    drawn: &Drawn,
    axes: &Axes,
    reversing: &Reversing,
    start: Start,
    gradients: &mut Gradients,
) -> Result<()> {
    let (work, gpu) = (&drawn.work, &drawn.work.gpu);
    let to = gradients.textures.as_mut().and_then(|a| a.as_slice_mut());
    let Some(to) = to.filter(|_| axes.outputs.color()) else { return Ok(()) };
    let rows = match start {
        Start::Zero => work.arena.lend::<f32>(gpu, "gradient of the textures", to.len())?,
        Start::Carried => work.arena.filled(gpu, "gradient of the textures", to)?,
    };
    let reducing = Reducing {
        globals: drawn.globals,
        texels: reversing.texels,
        grad_rows: rows.ptr(gpu),
        rows_ascend: u32::from(rows_ascend(drawn)),
        carries: u32::from(start == Start::Carried),
        ..Reducing::default()
    };
    let kernel = work.kernels.get(gpu, Stage::Gather, axes)?;
    gpu.launch(&kernel, (to.len() as u64).div_ceil(256), &reducing)?;
    Ok(buffers::read(gpu, &rows, "gather", to)?)
}

/// Tells whether no pictures share texture rows, and the rows ascend with the pictures: the usual case, in which a row
/// need not ask every picture.
fn rows_ascend(drawn: &Drawn) -> bool {
    let pictures = drawn.faces.pictures();
    pictures.windows(2).all(|two| two[1].first_texture >= two[0].first_texture + two[0].faces.len())
}
