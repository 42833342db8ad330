//! The file of pictures and solids, [`Store`]: written once, read piece by piece.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `SOFTRASV` |
//! | 4 | version, 1 |
//! | n x (24 x 16,384 + 4,096) | of each object: its pictures `[24, 4, 64, 64]`, the bits of its solid |
//! | .. | JSON: the key, the objects with a checksum for each picture and solid, what was skipped |
//! | 4 | checksum of the JSON |
//! | 8 | its length |
//! | 8 | `SOFTRASV` |
//!
//! Numbers are little endian, checksums CRC-32. The file is written under a temporary name, so it is whole or not there.

use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use ndarray::{Array3, Array4};
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use super::draw::Appearance;
use super::{Object, PICTURE_BYTES, PIXELS, Skipped, Split, VIEWS};
use crate::error::{Error, Result};
use crate::voxel::Voxels;

const MAGIC: [u8; 8] = *b"SOFTRASV";
const VERSION: u32 = 1;
const HEAD: u64 = 12;
const FOOT: u64 = 20;
const RECORD: u64 = (VIEWS * PICTURE_BYTES + Voxels::BYTES) as u64;

/// What stands behind the pictures.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Index {
    key: String,
    objects: Vec<Object>,
    checksums: Vec<Vec<u32>>, // [N][24 + 1], pictures and solid
    skipped: Vec<Skipped>,
}

/// Pictures and solids of objects, in a file. Opening reads the index alone.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    file: Mutex<File>,
    index: Index,
}

impl Store {
    /// Opens a file.
    ///
    /// # Errors
    /// `Read` if it cannot be read; `Data` if it is damaged or of another version.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let read = |e| Error::read(path, e);
        let mut file = File::open(path).map_err(read)?;
        let length = file.metadata().map_err(read)?.len();
        let mut head = [0; HEAD as usize];
        let mut foot = [0; FOOT as usize];
        if length < HEAD + FOOT {
            return Err(Error::data(path, format!("{length} bytes"), "a whole file of pictures"));
        }
        file.read_exact(&mut head).map_err(read)?;
        file.seek(SeekFrom::Start(length - FOOT)).map_err(read)?;
        file.read_exact(&mut foot).map_err(read)?;
        if head[..8] != MAGIC || foot[12..] != MAGIC {
            return Err(Error::data(path, "other bytes", "a whole file of pictures, SOFTRASV at both ends"));
        }
        let version = number(&head[8..12]);
        if version != u64::from(VERSION) {
            return Err(Error::data(path, format!("version {version}"), format!("version {VERSION}")));
        }
        let (checksum, size) = (number(&foot[..4]), number(&foot[4..12]));
        let Some(start) = (length - HEAD - FOOT).checked_sub(size).map(|n| n + HEAD) else {
            return Err(Error::data(path, format!("an index of {size} bytes"), "one that fits in the file"));
        };
        let mut bytes = vec![0; size as usize];
        file.seek(SeekFrom::Start(start)).map_err(read)?;
        file.read_exact(&mut bytes).map_err(read)?;
        if u64::from(crc32fast::hash(&bytes)) != checksum {
            return Err(Error::data(path, "a damaged index", "one that fits its checksum"));
        }
        let index: Index = serde_json::from_slice(&bytes)
            .map_err(|e| Error::data(path, e.to_string(), "an index of objects"))?;
        let whole = index.objects.len() as u64 * RECORD + HEAD == start
            && index.checksums.len() == index.objects.len()
            && index.checksums.iter().all(|c| c.len() == VIEWS + 1);
        if !whole {
            let found = format!("{} bytes for {} objects", start - HEAD, index.objects.len());
            return Err(Error::data(path, found, format!("{RECORD} bytes and {} checksums each", VIEWS + 1)));
        }
        Ok(Self { path: path.into(), file: Mutex::new(file), index })
    }

    /// Opens the file if it is there and has the key `key`, else writes it anew by `fill` and opens that.
    pub(super) fn open_or(
        path: &Path,
        key: &str,
        fill: impl FnOnce(&mut Writer) -> Result<()>,
    ) -> Result<Self> {
        // A file that is missing, old, damaged or of other data: all the same, it is made again.
        if let Ok(store) = Self::open(path)
            && store.index.key == key
        {
            return Ok(store);
        }
        let mut writer = Writer::create(path, key)?;
        fill(&mut writer)?;
        writer.commit()?;
        Self::open(path)
    }

    /// The objects.
    #[must_use]
    pub fn objects(&self) -> &[Object] {
        &self.index.objects
    }
    /// The objects that were left out.
    #[must_use]
    pub fn skipped(&self) -> &[Skipped] {
        &self.index.skipped
    }
    /// The indices of the objects of `split`.
    #[must_use]
    pub fn of_split(&self, split: Split) -> Vec<usize> {
        self.objects().iter().enumerate().filter(|(_, o)| o.split == split).map(|(i, _)| i).collect()
    }

    /// Reads one picture, `[4, 64, 64]`.
    ///
    /// # Errors
    /// `Read` if the file cannot be read; `Data` if the bytes do not fit their checksum.
    ///
    /// # Panics
    /// If there is no such object or view.
    pub fn picture(&self, object: usize, view: usize) -> Result<Array3<u8>> {
        let bytes = self.bytes(object, (view * PICTURE_BYTES) as u64, PICTURE_BYTES, view)?;
        shaped(Array3::from_shape_vec((4, PIXELS, PIXELS), bytes))
    }
    /// Reads a solid.
    ///
    /// # Errors
    /// As [`Store::picture`].
    ///
    /// # Panics
    /// As [`Store::picture`].
    pub fn voxels(&self, object: usize) -> Result<Voxels> {
        let bytes = self.bytes(object, (VIEWS * PICTURE_BYTES) as u64, Voxels::BYTES, VIEWS)?;
        Voxels::from_bytes(&bytes).ok_or_else(|| {
            Error::data(&self.path, format!("{} bytes of a solid", bytes.len()), Voxels::BYTES.to_string())
        })
    }
    /// Reads all of an object.
    ///
    /// # Errors
    /// As [`Store::picture`].
    ///
    /// # Panics
    /// As [`Store::picture`].
    pub fn appearance(&self, object: usize) -> Result<Appearance> {
        let mut pictures = Vec::with_capacity(VIEWS * PICTURE_BYTES);
        for view in 0..VIEWS {
            pictures.extend(self.bytes(object, (view * PICTURE_BYTES) as u64, PICTURE_BYTES, view)?);
        }
        let pictures = shaped(Array4::from_shape_vec((VIEWS, 4, PIXELS, PIXELS), pictures))?;
        Ok(Appearance { voxels: self.voxels(object)?, pictures })
    }

    fn bytes(&self, object: usize, offset: u64, length: usize, checksum: usize) -> Result<Vec<u8>> {
        let expected = self.index.checksums[object][checksum];
        let mut bytes = vec![0; length];
        {
            // Another thread's panic leaves the file as good as it was: every read seeks.
            let mut file = self.file.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            file.seek(SeekFrom::Start(HEAD + object as u64 * RECORD + offset))
                .map_err(|e| Error::read(&self.path, e))?;
            file.read_exact(&mut bytes).map_err(|e| Error::read(&self.path, e))?;
        }
        if crc32fast::hash(&bytes) != expected {
            let found = format!("damaged bytes of {}", self.index.objects[object].name);
            return Err(Error::data(
                &self.path,
                found,
                "bytes that fit their checksum; delete the file to make it again",
            ));
        }
        Ok(bytes)
    }
}

/// A file that is being written, and goes away unless it is committed.
pub(super) struct Writer {
    path: PathBuf,
    file: BufWriter<NamedTempFile>,
    index: Index,
}

impl Writer {
    fn create(path: &Path, key: &str) -> Result<Self> {
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let write = |e| Error::write(path, e);
        std::fs::create_dir_all(folder).map_err(write)?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(".softras-").suffix(".part");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // Temporary files are private by default; this one becomes an ordinary file.
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        let file = builder.tempfile_in(folder).map_err(write)?;
        let mut file = BufWriter::new(file);
        file.write_all(&MAGIC).and_then(|()| file.write_all(&VERSION.to_le_bytes())).map_err(write)?;
        Ok(Self { path: path.into(), file, index: Index { key: key.to_owned(), ..Index::default() } })
    }
    /// Adds an object, or notes why it is left out.
    pub(super) fn push(&mut self, object: Object, found: Result<Appearance, String>) -> Result<()> {
        let found = found.and_then(|a| a.check().map(|()| a));
        let appearance = match found {
            Ok(appearance) => appearance,
            Err(reason) => {
                self.index.skipped.push(Skipped { name: object.name, reason });
                return Ok(());
            }
        };
        if appearance.pictures.dim() != (VIEWS, 4, PIXELS, PIXELS) {
            let found = format!("{:?}", appearance.pictures.shape());
            return Err(Error::setting(
                "pictures of an object",
                found,
                format!("[{VIEWS}, 4, {PIXELS}, {PIXELS}]"),
            ));
        }
        let pictures: Vec<u8> = appearance.pictures.iter().copied().collect();
        let solid = appearance.voxels.to_bytes();
        let mut checksums: Vec<u32> = pictures.chunks(PICTURE_BYTES).map(crc32fast::hash).collect();
        checksums.push(crc32fast::hash(&solid));
        self.file
            .write_all(&pictures)
            .and_then(|()| self.file.write_all(&solid))
            .map_err(|e| Error::write(&self.path, e))?;
        self.index.objects.push(object);
        self.index.checksums.push(checksums);
        Ok(())
    }
    fn commit(mut self) -> Result<()> {
        if self.index.objects.is_empty() {
            let first = self
                .index
                .skipped
                .first()
                .map_or(String::new(), |s| format!(", the first {}: {}", s.name, s.reason));
            let found = format!("no sound object, {} skipped{first}", self.index.skipped.len());
            return Err(Error::data(&self.path, found, "at least one"));
        }
        let write = |e| Error::write(&self.path, e);
        let index = serde_json::to_vec(&self.index).map_err(|e| write(e.into()))?;
        let mut tail = index.clone();
        tail.extend(crc32fast::hash(&index).to_le_bytes());
        tail.extend((index.len() as u64).to_le_bytes());
        tail.extend(MAGIC);
        self.file.write_all(&tail).and_then(|()| self.file.flush()).map_err(write)?;
        let file = self.file.into_inner().map_err(|e| write(e.into_error()))?;
        file.persist(&self.path).map(drop).map_err(|e| Error::write(&self.path, e.error))
    }
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |n, b| n << 8 | u64::from(*b))
}

fn shaped<T>(array: Result<T, ndarray::ShapeError>) -> Result<T> {
    array.map_err(|e| Error::setting("bytes of pictures", e, "as many as there were asked for"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(name: &str) -> Object {
        Object { name: name.into(), category: "thing".into(), split: Split::Train }
    }
    fn thing(value: u8) -> Appearance {
        let voxels = Voxels::from_fn(|bit| bit % (value as usize + 2) == 0);
        let pictures =
            Array4::from_shape_fn((VIEWS, 4, PIXELS, PIXELS), |(v, c, y, x)| (v + c + y * x) as u8 ^ value);
        Appearance { voxels, pictures }
    }
    fn write(path: &Path, key: &str) -> Result<Store> {
        Store::open_or(path, key, |writer| {
            writer.push(object("a"), Ok(thing(1)))?;
            let mut blind = thing(2);
            blind.pictures.index_axis_mut(ndarray::Axis(0), 7).fill(0);
            writer.push(object("blind"), Ok(blind))?;
            writer.push(object("broken"), Err("found nothing".to_owned()))?;
            writer.push(object("b"), Ok(thing(3)))
        })
    }

    #[test]
    fn what_was_written_is_read_and_what_was_bad_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache/x.views");
        let store = write(&path, "key").unwrap();
        let names: Vec<&str> = store.objects().iter().map(|o| o.name.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(store.appearance(1).unwrap(), thing(3));
        assert_eq!(store.picture(0, 5).unwrap(), thing(1).pictures.index_axis(ndarray::Axis(0), 5));
        assert_eq!(store.skipped().len(), 2);
        assert!(store.skipped()[0].reason.contains("view 7 empty"), "{:?}", store.skipped());
        assert_eq!(store.of_split(Split::Val).len(), 0);
        // The same key: nothing is written again. Another: all is.
        Store::open_or(&path, "key", |_| Err(Error::setting("this", "called", "not called"))).unwrap();
        assert!(Store::open_or(&path, "other", |_| Err(Error::setting("this", "called", "called"))).is_err());
        assert_eq!(Store::open(&path).unwrap().objects().len(), 2, "a failed writer took the old file away");
        assert_eq!(std::fs::read_dir(folder.path().join("cache")).unwrap().count(), 1);
    }

    #[test]
    fn damage_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.views");
        write(&path, "key").unwrap();
        let bytes = std::fs::read(&path).unwrap();
        for cut in [0, 11, 40, 100_000, bytes.len() - 21, bytes.len() - 1] {
            std::fs::write(&path, &bytes[..cut]).unwrap();
            assert!(Store::open(&path).is_err(), "cut at {cut}");
        }
        for at in [3, 9, bytes.len() - 30, bytes.len() - 2] {
            let mut bad = bytes.clone();
            bad[at] ^= 1;
            std::fs::write(&path, &bad).unwrap();
            assert!(Store::open(&path).is_err(), "a flipped bit at {at}");
        }
        let mut bad = bytes.clone();
        bad[20_000] ^= 1; // in view 1 of the first object
        std::fs::write(&path, &bad).unwrap();
        let store = Store::open(&path).unwrap();
        assert!(store.picture(0, 0).is_ok() && store.picture(0, 1).is_err() && store.picture(1, 1).is_ok());
        // A damaged index is made again.
        std::fs::write(&path, &bytes[..1000]).unwrap();
        assert_eq!(write(&path, "key").unwrap().objects().len(), 2);
    }

    #[test]
    fn a_file_without_objects_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.views");
        let e = Store::open_or(&path, "k", |w| w.push(object("a"), Err("found dust".into())))
            .unwrap_err()
            .to_string();
        assert!(e.contains("1 skipped, the first a: found dust"), "{e}");
        assert!(!path.exists());
    }
}
