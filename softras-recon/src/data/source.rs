//! Data of whatever kind a folder holds: [`open`].

use std::path::Path;

use softras_core::raster::DynRasterizer;

use super::folder::open_folder;
use super::manifest::Manifest;
use super::published::open_published;
use super::sampled::{SampledSet, open_sampled};
use super::store::Store;
use super::stretch::Stretch;
use super::{Progress, Split};
use crate::error::{Error, Result};
use crate::settings::DataSettings;

/// Opens the data in `folder`: meshes if it has a `manifest.tsv`, else the published `.npz` files; without a folder,
/// procedural shapes. What is drawn or copied is kept in a file in `caches`.
///
/// # Errors
/// As [`open_folder`], [`open_published`] or [`open_sampled`].
pub fn open(
    device: &dyn DynRasterizer,
    folder: Option<&Path>,
    caches: &Path,
    settings: &DataSettings,
    progress: Progress<'_>,
) -> Result<Store> {
    let Some(folder) = folder else {
        let set =
            SampledSet { seed: settings.seed, train: settings.sampled_train, val: settings.sampled_val };
        return open_sampled(device, &set, &caches.join("procedural.views"), progress);
    };
    // Two folders of one name have two files.
    let whole = std::fs::canonicalize(folder).map_err(|e| Error::read(folder, e))?;
    let name = whole.file_name().unwrap_or_default().to_string_lossy();
    let number = crc32fast::hash(whole.to_string_lossy().as_bytes());
    if !folder.join(Manifest::FILE).exists() {
        return open_published(folder, &caches.join(format!("{name}-{number:08x}.views")), progress);
    }
    let stretch = Stretch { copies: settings.stretched, by: settings.stretch };
    // With copies and without are two files: to learn and to score take turns.
    let more = if stretch.copies == 0 { String::new() } else { format!("-stretched{}", stretch.copies) };
    open_folder(device, folder, &caches.join(format!("{name}-{number:08x}{more}.views")), stretch, progress)
}

impl Store {
    /// The objects that are scored if nothing else is said: those to be scored while developing, else those at the end,
    /// else all.
    #[must_use]
    pub fn scored(&self) -> Vec<usize> {
        let splits =
            [self.of_split(Split::Val), self.of_split(Split::Test), (0..self.objects().len()).collect()];
        splits.into_iter().find(|objects| !objects.is_empty()).unwrap_or_default()
    }
}
