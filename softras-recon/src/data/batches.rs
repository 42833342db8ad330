//! Random objects, each from two random sides: [`Batches`].

use std::collections::{BTreeMap, BTreeSet};

use ndarray::{Array4, Axis};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use softras_fit::ViewOrder;

use super::store::Store;
use super::{PIXELS, Split, VIEWS};
use crate::error::{Error, Result};

/// What one step learns from.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// The objects, `[B]`, as indices into the store.
    pub objects: Vec<usize>,
    /// The views a, `[B]`.
    pub views_a: Vec<usize>,
    /// The views b, `[B]`.
    pub views_b: Vec<usize>,
    /// The pictures of the views a, `[B, 4, 64, 64]` in 0..=1: red, green, blue over black, and the silhouette.
    pub pictures_a: Array4<f32>,
    /// The pictures of the views b.
    pub pictures_b: Array4<f32>,
}

/// Goes through some objects of a store again and again, each time in another order, with random views.
///
/// It has no state: a batch follows from the seed and the number of the step, so training that is resumed sees what an
/// unbroken one would see. Only the pictures of the batch are read.
#[derive(Clone, Debug)]
pub struct Batches<'s> {
    store: &'s Store,
    objects: Vec<usize>,
    order: ViewOrder,
    seed: u64,
}

impl<'s> Batches<'s> {
    /// Takes `size` of `objects` a step; all of them if there are fewer.
    ///
    /// # Errors
    /// `Setting` if there is no object or `size` is 0.
    pub fn new(store: &'s Store, objects: Vec<usize>, size: usize, seed: u64) -> Result<Self> {
        if objects.is_empty() || size == 0 {
            let found = format!("{size} of {} objects", objects.len());
            return Err(Error::setting("batch", found, "at least one of at least one"));
        }
        let order = ViewOrder::new(seed, objects.len(), size);
        Ok(Self { store, objects, order, seed })
    }

    /// Reads the batch of `step`.
    ///
    /// # Errors
    /// As [`Store::picture`].
    pub fn read(&self, step: usize) -> Result<Batch> {
        let objects: Vec<usize> = self.order.views(step).into_iter().map(|i| self.objects[i]).collect();
        let mut random = ChaCha8Rng::seed_from_u64(self.seed ^ 0x5bd1_e995);
        random.set_stream(step as u64);
        // The bias of the remainder is below 2^-27.
        let mut views =
            || -> Vec<usize> { objects.iter().map(|_| random.next_u32() as usize % VIEWS).collect() };
        let (views_a, views_b) = (views(), views());
        let pictures_a = self.pictures(&objects, &views_a)?;
        let pictures_b = self.pictures(&objects, &views_b)?;
        Ok(Batch { objects, views_a, views_b, pictures_a, pictures_b })
    }

    fn pictures(&self, objects: &[usize], views: &[usize]) -> Result<Array4<f32>> {
        let mut pictures = Array4::zeros((objects.len(), 4, PIXELS, PIXELS));
        for ((&object, &view), mut picture) in objects.iter().zip(views).zip(pictures.axis_iter_mut(Axis(0)))
        {
            picture.assign(&self.store.picture(object, view)?.mapv(|b| f32::from(b) / 255.0));
        }
        Ok(pictures)
    }
}

impl Store {
    /// Cuts the training objects in those to learn from and about `share` of each category to tell when to stop. Which
    /// ones follows from their names and the seed; a category keeps at least one to learn from. Stretched copies are learnt from
    /// where what they are copies of is.
    ///
    /// # Errors
    /// `Setting` if `share` is not in 0..1.
    pub fn carve(&self, share: f64, seed: u64) -> Result<(Vec<usize>, Vec<usize>)> {
        if !(0.0..1.0).contains(&share) {
            return Err(Error::setting("share of the stop split", share, "at least 0 and below 1"));
        }
        let mut categories: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for i in self.of_split(Split::Train) {
            categories.entry(&self.objects()[i].category).or_default().push(i);
        }
        let (mut learn, mut stop) = (Vec::new(), Vec::new());
        for mut members in categories.into_values() {
            members.sort_by_cached_key(|&i| {
                crc32fast::hash(format!("{seed} {}", self.objects()[i].name).as_bytes())
            });
            let count = ((members.len() as f64 * share).round() as usize).min(members.len() - 1);
            stop.extend(members.drain(..count));
            learn.extend(members);
        }
        let names: BTreeSet<&str> = learn.iter().map(|&i| self.objects()[i].name.as_str()).collect();
        let copies = self.of_split(Split::Stretched).into_iter();
        let own =
            |i: &usize| self.objects()[*i].name.rsplit_once('~').is_some_and(|(of, _)| names.contains(of));
        let copies: Vec<usize> = copies.filter(own).collect();
        learn.extend(copies);
        learn.sort_unstable();
        stop.sort_unstable();
        Ok((learn, stop))
    }
}

#[cfg(test)]
mod tests {
    use softras_cpu::CpuRasterizer;

    use super::super::{SampledSet, open_sampled};
    use super::*;

    #[test]
    fn batches_follow_from_seed_and_step_and_splits_do_not_meet() {
        let folder = tempfile::tempdir().unwrap();
        let set = SampledSet { seed: 1, train: 4, val: 1 };
        let store = open_sampled(&CpuRasterizer, &set, &folder.path().join("s.views"), &|_, _| {}).unwrap();
        assert!(store.skipped().is_empty());
        let (learn, stop) = store.carve(0.25, 3).unwrap();
        let categories = crate::shapes::Category::ALL.len();
        assert_eq!((learn.len(), stop.len()), (3 * categories, categories));
        assert!(stop.iter().all(|i| !learn.contains(i) && store.objects()[*i].split == Split::Train));
        assert_ne!(store.carve(0.25, 4).unwrap().1, stop);
        assert!(store.carve(1.0, 0).is_err() && store.carve(0.0, 0).unwrap().1.is_empty());

        let batches = Batches::new(&store, learn.clone(), 8, 5).unwrap();
        let batch = batches.read(2).unwrap();
        assert_eq!(batch, Batches::new(&store, learn.clone(), 8, 5).unwrap().read(2).unwrap());
        assert_ne!(batch.views_a, batch.views_b);
        assert_ne!(
            batch.objects,
            Batches::new(&store, learn.clone(), 8, 6).unwrap().read(2).unwrap().objects
        );
        let picture = store.picture(batch.objects[1], batch.views_b[1]).unwrap();
        assert_eq!(batch.pictures_b.index_axis(Axis(0), 1).mapv(|x| (x * 255.0).round() as u8), picture);
        assert!(Batches::new(&store, vec![], 8, 5).is_err());
    }
}
