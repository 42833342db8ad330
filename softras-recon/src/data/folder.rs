//! A folder of meshes with a manifest, drawn once: [`open_folder`].

use std::path::Path;

use rayon::prelude::*;
use softras_core::raster::DynRasterizer;
use softras_io::{MeshOptions, load_mesh, normalize};

use super::draw::{Appearance, Light, appearance};
use super::manifest::{Entry, Manifest};
use super::store::{Store, Writer};
use super::{Object, Progress};
use crate::error::Result;

/// Objects that are held in memory while a file is written.
const CHUNK: usize = 16;

/// What is drawn, and how: a file written by other code than this is made again.
pub(super) const DRAWN: &str = "24 views of 64, elevation 30, distance 2.732, light from above, solid 1";

/// Opens the pictures and solids of the meshes in `folder`, from the file `cache` if it was made of the same files, else by
/// drawing them. Each mesh is centred with its longest side 1.
///
/// A mesh that is missing or broken, or has an empty view, is skipped, by name ([`Store::skipped`]).
///
/// # Errors
/// As [`Manifest::load`]; `Write` if the cache cannot be written; `Data` if no mesh is sound.
pub fn open_folder(
    device: &dyn DynRasterizer,
    folder: &Path,
    cache: &Path,
    progress: Progress<'_>,
) -> Result<Store> {
    let manifest = Manifest::load(folder)?;
    Store::open_or(cache, &key(folder, &manifest), |writer| {
        let mut done = 0;
        for chunk in manifest.entries.chunks(CHUNK) {
            let drawn: Vec<_> = chunk.par_iter().map(|entry| draw(device, folder, entry)).collect();
            for (entry, found) in chunk.iter().zip(drawn) {
                push(writer, entry, found)?;
            }
            done += chunk.len();
            progress(done, manifest.entries.len());
        }
        Ok(())
    })
}

fn push(writer: &mut Writer, entry: &Entry, found: Result<Appearance, String>) -> Result<()> {
    let Entry { key, category, split } = entry.clone();
    writer.push(Object { name: key, category, split }, found)
}

fn draw(device: &dyn DynRasterizer, folder: &Path, entry: &Entry) -> Result<Appearance, String> {
    let Some(path) = entry.file(folder) else {
        return Err(format!("found no file {}, expected a mesh", folder.join(&entry.key).display()));
    };
    let mesh = load_mesh(&path, &MeshOptions::default()).map_err(|e| e.to_string())?.mesh;
    appearance(device, &normalize(&mesh), Light::Usual).map_err(|e| e.to_string())
}

/// The key of the cache: the manifest, and the bytes of every file it names.
fn key(folder: &Path, manifest: &Manifest) -> String {
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
    format!("folder, manifest {manifest:08x}, files {files:08x}, {DRAWN}")
}
