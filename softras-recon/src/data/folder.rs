//! A folder of meshes with a manifest, drawn once: [`open_folder`].

use std::path::Path;

use rayon::prelude::*;
use softras_core::raster::DynRasterizer;
use softras_core::scene::Mesh;
use softras_io::{MeshOptions, load_mesh, normalize};

use super::draw::{Appearance, Light, appearance};
use super::manifest::{Entry, Manifest};
use super::store::Store;
use super::stretch::Stretch;
use super::{Object, Progress, Split};
use crate::error::Result;

/// Objects that are held in memory while a file is written.
const CHUNK: usize = 16;

/// What is drawn, and how: a file written by other code than this is made again.
pub(super) const DRAWN: &str = "24 views of 64, elevation 30, distance 2.732, light from above, solid 1";

/// What is drawn of a mesh, or why it is not.
type Drawn = Result<Appearance, String>;

/// Opens the pictures and solids of the meshes in `folder`, from the file `cache` if it was made of the same files, else by
/// drawing them. Each mesh is centred with its longest side 1.
///
/// A mesh that is missing or broken, or has an empty view, is skipped, by name ([`Store::skipped`]). Meshes to learn from are
/// followed by their stretched copies, NAME~1 and so on.
///
/// # Errors
/// As [`Manifest::load`] and [`Stretch::check`]; `Write` if the cache cannot be written; `Data` if no mesh is sound.
pub fn open_folder(
    device: &dyn DynRasterizer,
    folder: &Path,
    cache: &Path,
    stretch: Stretch,
    progress: Progress<'_>,
) -> Result<Store> {
    stretch.check()?;
    let manifest = Manifest::load(folder)?;
    Store::open_or(cache, &key(folder, &manifest, stretch), |writer| {
        let mut done = 0;
        for chunk in manifest.entries.chunks(CHUNK) {
            let drawn: Vec<_> = chunk.par_iter().map(|entry| draw(device, folder, entry, stretch)).collect();
            for (entry, (own, copies)) in chunk.iter().zip(drawn) {
                let Entry { key, category, split } = entry.clone();
                for (i, found) in copies.into_iter().enumerate() {
                    let (name, category) = (format!("{key}~{}", i + 1), category.clone());
                    writer.push(Object { name, category, split: Split::Stretched }, found)?;
                }
                writer.push(Object { name: key, category, split }, own)?;
            }
            done += chunk.len();
            progress(done, manifest.entries.len());
        }
        Ok(())
    })
}

/// Draws a mesh, and the stretched copies of one to learn from; none of one that is not sound.
fn draw(device: &dyn DynRasterizer, folder: &Path, entry: &Entry, stretch: Stretch) -> (Drawn, Vec<Drawn>) {
    let mesh = match load(folder, entry) {
        Ok(mesh) => mesh,
        Err(why) => return (Err(why), Vec::new()),
    };
    let draw = |mesh: &Mesh| appearance(device, mesh, Light::Usual).map_err(|e| e.to_string());
    let copies = if entry.split == Split::Train { stretch.copies } else { 0 };
    let copy = |i: usize| draw(&stretch.copy(&mesh, &entry.key, i).map_err(|e| e.to_string())?);
    (draw(&mesh), (0..copies).map(copy).collect())
}

fn load(folder: &Path, entry: &Entry) -> Result<Mesh, String> {
    let Some(path) = entry.file(folder) else {
        return Err(format!("found no file {}, expected a mesh", folder.join(&entry.key).display()));
    };
    let mesh = load_mesh(&path, &MeshOptions::default()).map_err(|e| e.to_string())?.mesh;
    Ok(normalize(&mesh))
}

/// The key of the cache: the manifest, and the bytes of every file it names.
fn key(folder: &Path, manifest: &Manifest, stretch: Stretch) -> String {
    let checksum = |entry: &Entry| {
        let bytes = entry.file(folder).and_then(|path| std::fs::read(path).ok());
        // A file that cannot be read is skipped when it is drawn; here it counts as missing.
        bytes.map_or([0; 12], |bytes| {
            let mut both = [0; 12];
            both[..4].copy_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
            both[4..].copy_from_slice(&(bytes.len() as u64 + 1).to_le_bytes());
            both
        })
    };
    let files: Vec<u8> = manifest.entries.par_iter().flat_map_iter(checksum).collect();
    let (manifest, files) = (crc32fast::hash(&manifest.bytes), crc32fast::hash(&files));
    let copies = match stretch {
        Stretch { copies: 0, .. } => String::new(),
        Stretch { copies, by } => format!(", stretched {copies} times by {by}"),
    };
    format!("folder, manifest {manifest:08x}, files {files:08x}{copies}, {DRAWN}")
}
