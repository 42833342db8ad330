//! Copies of meshes, each stretched along its axes by chance: few shapes to learn from become more, [`Stretch`].

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use softras_core::scene::Mesh;
use softras_io::normalize;

use crate::error::{Error, Result};

/// How many copies of each mesh to learn from there are, and how unlike they are.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stretch {
    /// Copies of each.
    pub copies: usize,
    /// Each axis is stretched by a factor between 1 / (1 + x) and 1 + x, evenly in its logarithm.
    pub by: f64,
}

impl Stretch {
    /// The most copies of a mesh.
    pub const MOST: usize = 64;

    /// Checks the ranges.
    ///
    /// # Errors
    /// `Setting` names the number out of range.
    pub fn check(&self) -> Result<()> {
        if self.copies > Self::MOST {
            return Err(Error::setting("data.stretched", self.copies, format!("at most {}", Self::MOST)));
        }
        if !(0.0..=4.0).contains(&self.by) {
            return Err(Error::setting("data.stretch", self.by, "from 0 to 4"));
        }
        Ok(())
    }

    /// Returns copy `number` of the mesh `name`, centred with its longest side 1. It follows from the three.
    ///
    /// # Errors
    /// `Core` if a coordinate is not finite.
    pub fn copy(&self, mesh: &Mesh, name: &str, number: usize) -> Result<Mesh> {
        let mut random = ChaCha8Rng::seed_from_u64(u64::from(crc32fast::hash(name.as_bytes())));
        random.set_stream(number as u64);
        let most = (1.0 + self.by).ln();
        let mut factor = || (most * (f64::from(random.next_u32()) / 2_147_483_648.0 - 1.0)).exp() as f32;
        let factors = [factor(), factor(), factor()];
        let mut vertices = mesh.vertices().clone();
        for (mut axis, factor) in vertices.columns_mut().into_iter().zip(factors) {
            axis.mapv_inplace(|x| x * factor);
        }
        let mut copy = mesh.clone();
        copy.set_vertices(vertices)?;
        Ok(normalize(&copy))
    }
}

#[cfg(test)]
mod tests {
    use softras_io::shapes::Sample;

    use super::*;

    #[test]
    fn copies_differ_within_what_was_asked_for() {
        let mesh = normalize(&Sample::Chair.mesh());
        let sides = |mesh: &Mesh| {
            let side = |k: usize| {
                let column = mesh.vertices().column(k).to_owned();
                column.fold(f32::MIN, |a, &b| a.max(b)) - column.fold(f32::MAX, |a, &b| a.min(b))
            };
            [side(0), side(1), side(2)]
        };
        let stretch = Stretch { copies: 8, by: 0.5 };
        let own = sides(&mesh);
        let mut widest: f32 = 1.0;
        for number in 0..8 {
            let copy = stretch.copy(&mesh, "chair", number).unwrap();
            assert_eq!(copy, stretch.copy(&mesh, "chair", number).unwrap());
            let found = sides(&copy);
            assert!((found.iter().copied().fold(0.0, f32::max) - 1.0).abs() < 1e-5, "{found:?}");
            // Against one another, two axes change by at most 1.5 squared.
            let ratio = (found[0] / found[1]) / (own[0] / own[1]);
            assert!((1.0 / 2.26..2.26).contains(&ratio), "{ratio}");
            widest = widest.max(ratio.max(1.0 / ratio));
        }
        assert!(widest > 1.2, "{widest}");
        assert_ne!(stretch.copy(&mesh, "chair", 0).unwrap(), stretch.copy(&mesh, "sofa", 0).unwrap());
        assert!(
            Stretch { copies: 65, by: 0.5 }.check().is_err()
                && Stretch { copies: 1, by: -1.0 }.check().is_err()
        );
    }
}
