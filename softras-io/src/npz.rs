//! `.npz` files: named arrays in one archive.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use ndarray::ArrayD;
use zip::ZipArchive;
use zip::result::ZipError;

use crate::error::{Error, Origin, Result};
use crate::npy::{self, Element};

/// Most bytes of one array: an archive can claim any size.
const MOST_BYTES: u64 = 4 << 30;

/// An open `.npz` file, of which arrays are read by name.
pub struct Npz {
    path: PathBuf,
    archive: ZipArchive<BufReader<File>>,
}

impl Npz {
    /// Opens a file.
    ///
    /// # Errors
    /// `Read` if it cannot be read; `Content` if it is no archive.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let file = File::open(path).map_err(|e| Origin(path).read(e))?;
        let archive = ZipArchive::new(BufReader::new(file)).map_err(|e| broken(path, e))?;
        Ok(Self { path: path.into(), archive })
    }
    /// The names of the arrays, sorted.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<_> =
            self.archive.file_names().filter_map(|n| n.strip_suffix(".npy")).map(str::to_owned).collect();
        names.sort();
        names
    }
    /// Reads the array `name` and converts its numbers to `T` where every one of them fits.
    ///
    /// # Errors
    /// `Content` if there is no array of that name, or it is damaged or larger than 4 GiB; else as for
    /// [`load_npy`](crate::npy::load_npy).
    pub fn read<T: Element>(&mut self, name: &str) -> Result<ArrayD<T>> {
        let origin = Origin(&self.path);
        let Some(index) = self.archive.index_for_name(&format!("{name}.npy")) else {
            let known = self.names().join(", ");
            return Err(origin.content(format!("no array {name:?}"), format!("one of {known}")));
        };
        let entry = self.archive.by_index(index).map_err(|e| broken(&self.path, e))?;
        let mut bytes = Vec::new();
        let read = entry.take(MOST_BYTES + 1).read_to_end(&mut bytes);
        read.map_err(|e| origin.content(format!("array {name:?}: {e}"), "sound compressed bytes"))?;
        if bytes.len() as u64 > MOST_BYTES {
            return Err(origin.content(format!("array {name:?} of more than 4 GiB"), "4 GiB or less"));
        }
        npy::parse(origin, &format!("array {name:?}: "), &bytes)
    }
}

fn broken(path: &Path, e: ZipError) -> Error {
    match e {
        ZipError::Io(e) => Origin(path).read(e),
        other => Origin(path).content(other.to_string(), "an .npz archive"),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use ndarray::array;

    use super::*;

    #[test]
    fn arrays_are_found_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npz");
        let part = folder.path().join("b.npy");
        let b = array![[1i64, 2], [3, 4]].into_dyn();
        npy::save_npy(&part, b.view()).unwrap();
        let mut writer = zip::ZipWriter::new(File::create(&path).unwrap());
        for (name, method) in [("b", zip::CompressionMethod::Stored), ("c", zip::CompressionMethod::Deflated)]
        {
            let options = zip::write::SimpleFileOptions::default().compression_method(method);
            writer.start_file(format!("{name}.npy"), options).unwrap();
            writer.write_all(&std::fs::read(&part).unwrap()).unwrap();
        }
        writer.finish().unwrap();

        let mut npz = Npz::open(&path).unwrap();
        assert_eq!(npz.names(), ["b", "c"]);
        assert_eq!(npz.read::<i64>("b").unwrap(), b);
        assert_eq!(npz.read::<f32>("c").unwrap(), b.mapv(|x| x as f32));
        let e = npz.read::<f32>("d").unwrap_err().to_string();
        assert!(e.contains("no array \"d\", expected one of b, c"), "{e}");

        let bytes = std::fs::read(&path).unwrap();
        for cut in (0..bytes.len()).step_by(7) {
            std::fs::write(&path, &bytes[..cut]).unwrap();
            assert!(Npz::open(&path).is_err(), "cut at {cut}");
        }
        assert!(matches!(Npz::open(folder.path().join("no.npz")), Err(Error::Read { .. })));
    }
}
