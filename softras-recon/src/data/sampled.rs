//! Procedural shapes, drawn once: [`open_sampled`].

use std::path::Path;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rayon::prelude::*;
use softras_core::raster::DynRasterizer;

use super::draw::{Light, appearance};
use super::folder::DRAWN;
use super::store::Store;
use super::{Object, Progress, Split};
use crate::error::{Error, Result};
use crate::shapes::Category;

/// How many procedural shapes there are, and which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SampledSet {
    /// Decides every shape.
    pub seed: u64,
    /// Shapes of each category to learn from.
    pub train: usize,
    /// Shapes of each category to be scored on.
    pub val: usize,
}

impl Default for SampledSet {
    fn default() -> Self {
        Self { seed: 0, train: 40, val: 5 }
    }
}

/// Opens pictures and solids of procedural shapes of every [`Category`], from the file `cache` if it holds the same, else by
/// drawing them. A shape depends on the seed, its category and its number alone: more of them leave the others as they are.
///
/// # Errors
/// `Setting` if there are none; `Write` if the cache cannot be written; `Fit` or `Core` if the back end fails.
pub fn open_sampled(
    device: &dyn DynRasterizer,
    set: &SampledSet,
    cache: &Path,
    progress: Progress<'_>,
) -> Result<Store> {
    if set.train + set.val == 0 {
        return Err(Error::setting("procedural shapes", 0, "at least one of each category"));
    }
    let key = format!("procedural 3, seed {}, train {}, val {}, {DRAWN}", set.seed, set.train, set.val);
    Store::open_or(cache, &key, |writer| {
        for (c, category) in Category::ALL.into_iter().enumerate() {
            let numbers =
                (0..set.train).map(|i| (Split::Train, i)).chain((0..set.val).map(|i| (Split::Val, i)));
            let numbers: Vec<_> = numbers.collect();
            let drawn: Vec<Result<_>> = numbers
                .par_iter()
                .map(|&(split, i)| {
                    let mut random = ChaCha8Rng::seed_from_u64(set.seed);
                    random.set_stream((c as u64) << 33 | u64::from(split == Split::Val) << 32 | i as u64);
                    appearance(device, &category.mesh(&mut random)?, Light::Usual)
                })
                .collect();
            for ((split, i), appearance) in numbers.into_iter().zip(drawn) {
                let name = format!("{category}/{}-{i}", split.name());
                let object = Object { name, category: category.to_string(), split };
                writer.push(object, Ok(appearance?))?;
            }
            progress(c + 1, Category::ALL.len());
        }
        Ok(())
    })
}
