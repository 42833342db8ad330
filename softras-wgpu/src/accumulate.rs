//! Sums over the faces and tiles of a picture, in a fixed order and in `f64`: the same bits wherever the work is cut.

use softras_core::raster::Gradients;

use crate::turns::{Chunk, Turn};

/// The gradients to the numbers of each picture, so far.
pub(crate) struct Sums {
    /// sigma, gamma, and the two shapes, `[B, 4]`.
    faces: Vec<[f64; 4]>,
    /// Background and epsilon, `[B, C + 1]`.
    tiles: Vec<f64>,
    channels: usize,
    /// The weights of the color aggregator, `[N]`: those that faces see, then those that pixels see.
    weights: Vec<f64>,
}

impl Sums {
    pub(crate) fn new(batch: usize, channels: usize, weights: usize) -> Self {
        let (faces, tiles) = (vec![[0.0; 4]; batch], vec![0.0; batch * (channels + 1)]);
        Self { faces, tiles, channels, weights: vec![0.0; weights] }
    }

    /// Adds the gradients of the faces of a chunk: `[faces, 3, 3]` to those of the batch, then `[faces, 4]`.
    pub(crate) fn add_faces(&mut self, chunk: &Chunk, numbers: &[f32], mut all: Option<&mut [f32]>) {
        let (corners, params) = numbers.split_at(chunk.faces * 9);
        for span in &chunk.spans {
            let own = span.first_face..span.first_face + span.faces.len();
            if let Some(all) = &mut all {
                let to = &mut all[span.faces.start * 9..span.faces.end * 9];
                // Each window of a picture adds its share; the first adds to zeros.
                for (to, from) in to.iter_mut().zip(&corners[own.start * 9..own.end * 9]) {
                    *to += from;
                }
            }
            let sums = &mut self.faces[span.picture];
            for row in params[own.start * 4..own.end * 4].chunks_exact(4) {
                for (sum, &value) in sums.iter_mut().zip(row) {
                    *sum += f64::from(value);
                }
            }
        }
    }

    /// Adds the sums of the tiles of a turn, `[pictures, tiles, C + 1]`.
    pub(crate) fn add_tiles(&mut self, turn: &Turn, numbers: &[f32]) {
        let row = self.channels + 1;
        let picture = turn.window.tiles() as usize * row;
        for (b, own) in turn.pictures.clone().zip(numbers.chunks_exact(picture)) {
            let sums = &mut self.tiles[b * row..(b + 1) * row];
            for tile in own.chunks_exact(row) {
                for (sum, &value) in sums.iter_mut().zip(tile) {
                    *sum += f64::from(value);
                }
            }
        }
    }

    /// Adds rows of the gradient to the `count` weights that faces see.
    pub(crate) fn add_face_weights(&mut self, count: u32, numbers: &[f32]) {
        add_rows(&mut self.weights[..count as usize], numbers);
    }

    /// Adds rows of the gradient to the `count` weights that pixels see.
    pub(crate) fn add_tile_weights(&mut self, count: u32, numbers: &[f32]) {
        let first = self.weights.len() - count as usize;
        add_rows(&mut self.weights[first..], numbers);
    }

    /// Writes the sums where they are wanted.
    pub(crate) fn finish(self, gradients: &mut Gradients) {
        let wanted = [
            &mut gradients.sigma,
            &mut gradients.gamma,
            &mut gradients.distribution,
            &mut gradients.t_conorm,
        ];
        for (i, out) in wanted.into_iter().enumerate() {
            for (out, sums) in out.iter_mut().flatten().zip(&self.faces) {
                *out = sums[i] as f32;
            }
        }
        for (out, &sum) in gradients.weights.iter_mut().flatten().zip(&self.weights) {
            *out = sum as f32;
        }
        let rows = self.tiles.chunks_exact(self.channels + 1);
        for (b, row) in rows.enumerate() {
            if let Some(out) = &mut gradients.epsilon {
                out[b] = row[self.channels] as f32;
            }
            if let Some(out) = &mut gradients.background {
                for (c, &value) in row[..self.channels].iter().enumerate() {
                    out[[b, c]] = value as f32;
                }
            }
        }
    }
}

/// Adds rows to one.
fn add_rows(sums: &mut [f64], numbers: &[f32]) {
    for row in numbers.chunks_exact(sums.len().max(1)) {
        for (sum, &value) in sums.iter_mut().zip(row) {
            *sum += f64::from(value);
        }
    }
}
