//! The published pictures and voxels of ShapeNet: [`open_published`].
//!
//! `{class}_{train|val|test}_images.npz` holds `[N, 24, 4, 64, 64]` bytes, `.._voxels.npz` `[N, 32, 32, 32]`. Their pictures
//! are mirrored (MATH 8) and are turned over here, their voxels are `[y, x, 31 - z]`.

use std::path::{Path, PathBuf};

use ndarray::{Array4, ArrayD, Axis, Ix4};
use softras_io::Npz;

use super::draw::Appearance;
use super::store::{Store, Writer};
use super::{Object, PIXELS, Progress, Split, VIEWS};
use crate::error::{Error, Result};
use crate::voxel::{SIDE, Voxels};

/// The names of ShapeNet's classes.
const CLASSES: [(&str, &str); 13] = [
    ("02691156", "airplane"),
    ("02828884", "bench"),
    ("02933112", "cabinet"),
    ("02958343", "car"),
    ("03001627", "chair"),
    ("03211117", "display"),
    ("03636649", "lamp"),
    ("03691459", "loudspeaker"),
    ("04090263", "rifle"),
    ("04256520", "sofa"),
    ("04379243", "table"),
    ("04401088", "telephone"),
    ("04530566", "watercraft"),
];

/// The two files of a class and split.
struct Part {
    class: String,
    split: Split,
    images: PathBuf,
    voxels: PathBuf,
}

/// Opens the pictures and solids in `folder`, from the file `cache` if it was made of the same files (by name, size and
/// time), else by copying them there. One array is held in memory at a time, of 4 GiB at most.
///
/// An object with an empty view, or an empty solid, is skipped, by name.
///
/// # Errors
/// `Read` if the folder or a file cannot be read; `Data` if it has no such files, one of two is missing, or an array has
/// another shape; `File` if a file is damaged; `Write` if the cache cannot be written.
pub fn open_published(folder: &Path, cache: &Path, progress: Progress<'_>) -> Result<Store> {
    let parts = parts(folder)?;
    let mut key = String::from("published");
    for path in parts.iter().flat_map(|part| [&part.images, &part.voxels]) {
        let about = std::fs::metadata(path).map_err(|e| Error::read(path, e))?;
        let time = about.modified().ok().and_then(|t| t.duration_since(std::time::UNIX_EPOCH).ok());
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        key.push_str(&format!(", {name} {} {:?}", about.len(), time.unwrap_or_default()));
    }
    Store::open_or(cache, &key, |writer| {
        for (done, part) in parts.iter().enumerate() {
            copy(part, writer)?;
            progress(done + 1, parts.len());
        }
        Ok(())
    })
}

fn parts(folder: &Path) -> Result<Vec<Part>> {
    let read = |e| Error::read(folder, e);
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(read)? {
        names.push(entry.map_err(read)?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    let mut parts = Vec::new();
    for name in &names {
        let Some((class, split)) = name.strip_suffix("_images.npz").and_then(|n| n.rsplit_once('_')) else {
            continue;
        };
        let Some(split) = Split::ALL.into_iter().find(|s| s.name() == split) else { continue };
        let voxels = format!("{class}_{}_voxels.npz", split.name());
        if !names.contains(&voxels) {
            return Err(Error::data(folder, format!("{name} alone"), format!("{voxels} beside it")));
        }
        let (images, voxels) = (folder.join(name), folder.join(voxels));
        parts.push(Part { class: class.to_owned(), split, images, voxels });
    }
    if parts.is_empty() {
        return Err(Error::data(folder, "no pictures", "CLASS_SPLIT_images.npz and CLASS_SPLIT_voxels.npz"));
    }
    Ok(parts)
}

fn copy(part: &Part, writer: &mut Writer) -> Result<()> {
    // First what is small: a mismatch shows before gigabytes are read.
    let voxels = solids(&part.voxels)?;
    let images: ArrayD<u8> = only_array(&part.images, |npz, name| npz.read(name))?;
    let expected = [voxels.len(), VIEWS, 4, PIXELS, PIXELS];
    if images.shape() != expected {
        return Err(Error::data(
            &part.images,
            format!("an array of shape {:?}", images.shape()),
            format!("{expected:?}, as the voxels"),
        ));
    }
    let known = CLASSES.iter().find(|(id, _)| *id == part.class);
    let category = known.map_or(part.class.as_str(), |(_, name)| name);
    for (i, (pictures, voxels)) in images.axis_iter(Axis(0)).zip(voxels).enumerate() {
        let name = format!("{}_{}/{i}", part.class, part.split.name());
        let object = Object { name, category: category.to_owned(), split: part.split };
        let pictures = pictures.into_dimensionality::<Ix4>();
        let mut pictures =
            pictures.map_err(|e| Error::data(&part.images, e.to_string(), "pictures of 4 axes"))?;
        pictures.invert_axis(Axis(3));
        // A copy in order: the turned view would keep the order of the file.
        let pictures = Array4::from_shape_fn(pictures.dim(), |at| pictures[at]);
        writer.push(object, Ok(Appearance { voxels, pictures }))?;
    }
    Ok(())
}

fn solids(path: &Path) -> Result<Vec<Voxels>> {
    // Whole numbers as a rule, real ones in some copies.
    let whole: Result<ArrayD<u8>> = only_array(path, |npz, name| npz.read(name));
    let array = match whole {
        Ok(array) => array,
        Err(Error::File(e)) if matches!(*e, softras_io::Error::Content { .. }) => {
            let real: ArrayD<f32> = only_array(path, |npz, name| npz.read(name))?;
            real.mapv(|x| u8::from(x > 0.5))
        }
        Err(e) => return Err(e),
    };
    if array.ndim() != 4 || array.shape()[1..] != [SIDE; 3] {
        return Err(Error::data(path, format!("an array of shape {:?}", array.shape()), "[N, 32, 32, 32]"));
    }
    let solid =
        |one: ndarray::ArrayViewD<'_, u8>| Voxels::from_published(&one.iter().copied().collect::<Vec<u8>>());
    let solids: Option<Vec<Voxels>> = array.outer_iter().map(solid).collect();
    solids.ok_or_else(|| Error::data(path, "another number of voxels", "32^3 each"))
}

/// Reads the one array of a file.
fn only_array<T>(path: &Path, read: impl FnOnce(&mut Npz, &str) -> softras_io::Result<T>) -> Result<T> {
    let mut npz = Npz::open(path)?;
    match npz.names().as_slice() {
        [name] => Ok(read(&mut npz, name)?),
        names => Err(Error::data(path, format!("{} arrays", names.len()), "one")),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use ndarray::Array5;

    use super::*;

    fn npz(path: &Path, array: &ArrayD<u8>) {
        let part = path.with_extension("npy");
        softras_io::save_npy(&part, array.view()).unwrap();
        let mut writer = zip::ZipWriter::new(std::fs::File::create(path).unwrap());
        let options =
            zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
        writer.start_file("arr_0.npy", options).unwrap();
        writer.write_all(&std::fs::read(&part).unwrap()).unwrap();
        writer.finish().unwrap();
        std::fs::remove_file(part).unwrap();
    }
    fn folder(images: usize) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let pictures = Array5::from_shape_fn((images, VIEWS, 4, PIXELS, PIXELS), |(n, v, c, y, x)| {
            (n + 3 * v + 5 * c + 7 * y + x) as u8
        });
        npz(&folder.path().join("02691156_val_images.npz"), &pictures.into_dyn());
        let voxels = Array4::from_shape_fn((2, SIDE, SIDE, SIDE), |(n, y, x, z)| {
            u8::from(n == 0 && y == 1 && x == 2 && z == 3)
        });
        npz(&folder.path().join("02691156_val_voxels.npz"), &voxels.into_dyn());
        folder
    }

    #[test]
    fn pictures_are_turned_over_and_voxels_stand_where_ours_do() {
        let folder = folder(2);
        let cache = folder.path().join("cache.views");
        let store = open_published(folder.path(), &cache, &|_, _| {}).unwrap();
        assert_eq!(store.objects()[0].category, "airplane");
        assert_eq!(store.objects()[0].split, Split::Val);
        let picture = store.picture(0, 2).unwrap();
        assert_eq!(picture[[1, 4, 0]], (3 * 2 + 5 + 7 * 4 + 63) as u8);
        let voxels = store.voxels(0).unwrap();
        assert!(voxels.get(2, 1, 28) && voxels.count() == 1);
        // The second has an empty solid.
        assert_eq!(store.skipped().len(), 1);
        assert_eq!(store.skipped()[0].name, "02691156_val/1");
    }

    #[test]
    fn mismatched_and_truncated_files_are_refused() {
        let cache = |folder: &Path| open_published(folder, &folder.join("c.views"), &|_, _| {});
        let other = folder(3);
        assert!(cache(other.path()).unwrap_err().to_string().contains("[3, 24, 4, 64, 64]"));
        let cut = folder(2);
        let path = cut.path().join("02691156_val_images.npz");
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        assert!(cache(cut.path()).unwrap_err().to_string().contains("02691156_val_images.npz"));
        assert!(!cut.path().join("c.views").exists());
        std::fs::remove_file(cut.path().join("02691156_val_voxels.npz")).unwrap();
        assert!(cache(cut.path()).unwrap_err().to_string().contains("voxels.npz beside it"));
        assert!(cache(tempfile::tempdir().unwrap().path()).unwrap_err().to_string().contains("no pictures"));
    }
}
