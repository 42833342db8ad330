//! Reading the gradients of resident pictures, summed as the trait's path sums them.

use softras_core::raster::Gradients;
use softras_core::{Error, Result};

use super::{Resident, Step};
use crate::accumulate::Sums;
use crate::axes::Axes;
use crate::backward::{Asked, Walk};
use crate::buffers::{Buffer, Commands, Use, read_submitted};

impl Resident<'_> {
    /// Reads the gradients that are wanted, as `backward_into` gives them.
    ///
    /// # Errors
    /// `Layout` if no gradient was gone back from since the last change; `OutOfMemory` and `Device` as
    /// [`Resident::forward`].
    pub fn read_gradients(&mut self, gradients: &mut Gradients) -> Result<()> {
        let Step::Back(axes) = self.step else {
            return Err(Error::layout(
                "resident gradients",
                "none yet",
                "those that `backward` computed last",
            ));
        };
        let asked = Asked::new(self.wanted, &axes, self.faces.textures().is_some());
        gradients.fit(self.wanted, &self.faces, &self.plan, self.params.get_weights().len());
        Ok(self.attempt("reading gradients", || self.gradients(&axes, asked, gradients))?)
    }

    fn gradients(&self, axes: &Axes, asked: Asked, gradients: &mut Gradients) -> crate::error::Result<()> {
        let gpu = &self.device.gpu;
        let lend = |numbers: u64| self.device.arena.lend(gpu, Use::Host, "gradients", numbers);
        let mut commands = Commands::new(gpu);
        let mut hosts: Vec<(Buffer, Vec<Buffer>)> = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            // Of a picture without color nothing was prepared.
            let of_tiles = lend(if axes.outputs.color() { part.prepared.count() } else { 0 })?;
            if axes.outputs.color() {
                part.prepared.copy(&of_tiles, 0, &mut commands)?;
            }
            let mut of_chunks = Vec::with_capacity(part.chunks.len());
            for (own, grads) in part.chunks.iter().zip(&part.grads) {
                let count = if asked.faces { Walk::counts(asked, &own.globals).0 } else { 0 };
                let weights = Walk::weight_count(asked, axes, &own.globals);
                let host = lend(count + weights)?;
                commands.copy((&grads.faces, 0), (&host, 0), count)?;
                commands.copy((&grads.weights, 0), (&host, count), weights)?;
                of_chunks.push(host);
            }
            hosts.push((of_tiles, of_chunks));
        }
        let of_texels = match (&self.texels, gradients.textures.as_mut().and_then(|a| a.as_slice_mut())) {
            (Some(texels), Some(to)) if asked.textures => {
                let host = lend(to.len() as u64)?;
                commands.copy((texels, 0), (&host, 0), to.len() as u64)?;
                Some((host, to))
            }
            _ => None,
        };
        let submission = commands.submit();
        if let Some((host, to)) = of_texels {
            let read = |numbers: &[f32]| to.copy_from_slice(&numbers[..to.len()]);
            read_submitted(gpu, submission.clone(), &host, read)?;
        }
        let weights = self.params.get_weights().len();
        let mut sums = Sums::new(self.plan.batch, self.plan.channels, weights);
        for (part, (of_tiles, of_chunks)) in self.parts.iter().zip(&hosts) {
            if axes.outputs.color() && part.prepared.count() > 0 {
                let read = |numbers: &[f32]| part.prepared.add(axes, &part.turn, numbers, &mut sums);
                read_submitted(gpu, submission.clone(), of_tiles, read)?;
            }
            for ((chunk, own), host) in part.turn.chunks.iter().zip(&part.chunks).zip(of_chunks) {
                let count = if asked.faces { Walk::counts(asked, &own.globals).0 as usize } else { 0 };
                let weights = Walk::weight_count(asked, axes, &own.globals) as usize;
                if count + weights > 0 {
                    let all = gradients.corners.as_mut().and_then(|a| a.as_slice_mut());
                    let read = |numbers: &[f32]| {
                        let (of_faces, rest) = numbers.split_at(count);
                        if count > 0 {
                            sums.add_faces(chunk, of_faces, all);
                        }
                        sums.add_face_weights(axes.face_weights(), &rest[..weights]);
                    };
                    read_submitted(gpu, submission.clone(), host, read)?;
                }
            }
        }
        sums.finish(gradients);
        Ok(())
    }
}
