//! Writing without halves: a file is written under a temporary name in its folder, then renamed.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::error::{Error, Result};

/// A file that is complete under a temporary name, and goes away unless it is committed.
pub(crate) struct Staged {
    file: NamedTempFile,
    path: PathBuf,
}

impl Staged {
    /// Writes the file that is to stand at `path`.
    pub(crate) fn write<E: Into<std::io::Error>>(
        path: &Path,
        body: impl FnOnce(&mut BufWriter<&File>) -> Result<(), E>,
    ) -> Result<Self> {
        let file = temporary(path)?;
        let mut writer = BufWriter::new(file.as_file());
        body(&mut writer).map_err(Into::into).and_then(|()| writer.flush()).map_err(|e| failed(path, e))?;
        drop(writer);
        Ok(Self { file, path: path.into() })
    }
    /// Gives the file its name, over whatever had that name before.
    pub(crate) fn commit(self) -> Result<()> {
        commit(self.file, &self.path)
    }
}

/// Writes a file whole: under a temporary name in its folder, which is then renamed.
///
/// # Errors
/// `Write` if that fails; whatever had the name before is then still there.
pub fn replace_file(path: impl AsRef<Path>, bytes: &[u8]) -> Result<()> {
    Staged::write(path.as_ref(), |w| w.write_all(bytes))?.commit()
}

/// Checks that [`replace_file`] can write there, before hours are spent on what is to be written. Leaves nothing.
///
/// # Errors
/// `Write` if its folder takes no file, or the name is that of a folder.
pub fn check_replaceable(path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    if path.is_dir() {
        return Err(failed(path, std::io::ErrorKind::IsADirectory.into()));
    }
    temporary(path).map(drop)
}

/// Opens a temporary file in the folder of `path`, readable to all that the user's mask allows.
pub(crate) fn temporary(path: &Path) -> Result<NamedTempFile> {
    let folder = match path.parent() {
        Some(p) if !p.as_os_str().is_empty() => p,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".softras-").suffix(".part");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // Temporary files are private by default; this one becomes an ordinary file.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder).map_err(|e| failed(path, e))
}

/// Renames a temporary file to `path`.
pub(crate) fn commit(file: NamedTempFile, path: &Path) -> Result<()> {
    file.persist(path).map(drop).map_err(|e| failed(path, e.error))
}

fn failed(path: &Path, source: std::io::Error) -> Error {
    Error::Write { path: path.into(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        std::fs::write(&path, "old").unwrap();
        let failed = Staged::write(&path, |w| {
            w.write_all(b"half of the new")?;
            Err(std::io::Error::other("the disk is full"))
        });
        assert!(matches!(failed, Err(Error::Write { .. })));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_cannot_be_replaced_is_found_without_a_trace() {
        let folder = tempfile::tempdir().unwrap();
        check_replaceable(folder.path().join("a.txt")).unwrap();
        assert!(check_replaceable(folder.path()).is_err());
        assert!(check_replaceable(folder.path().join("none/a.txt")).is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        replace_file(folder.path().join("a.txt"), b"new").unwrap();
        assert_eq!(std::fs::read_to_string(folder.path().join("a.txt")).unwrap(), "new");
    }

    #[test]
    fn a_commit_replaces_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        std::fs::write(&path, "old").unwrap();
        Staged::write(&path, |w| w.write_all(b"new")).unwrap().commit().unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
