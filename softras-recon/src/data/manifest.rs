//! `manifest.tsv`: a line for each mesh, its columns named by the first line: [`Manifest`].

use std::collections::HashSet;
use std::path::{Component, Path, PathBuf};

use super::Split;
use crate::error::{Error, Result};

/// A line of the manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name of the mesh; its file is this with `.ply` or another ending.
    pub key: String,
    /// What it is.
    pub category: String,
    /// What it is for.
    pub split: Split,
}

/// What a folder of meshes holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Its lines, in order.
    pub entries: Vec<Entry>,
    /// The bytes of the file.
    pub(super) bytes: Vec<u8>,
}

impl Manifest {
    /// The name of the file.
    pub const FILE: &'static str = "manifest.tsv";

    /// Reads the manifest of `folder`. The columns `key`, `category` and `split` are needed, in any order; others are
    /// not read. A missing split column means that everything is to be scored (`test`).
    ///
    /// # Errors
    /// `Read` if there is no manifest; `Data`, with the line, for a missing column, a line of another length, an unknown
    /// split, a key that comes twice or leads out of the folder, or no line at all.
    pub fn load(folder: &Path) -> Result<Self> {
        let path = folder.join(Self::FILE);
        let bytes = std::fs::read(&path).map_err(|e| Error::read(&path, e))?;
        let text =
            std::str::from_utf8(&bytes).map_err(|e| Error::data(&path, e.to_string(), "text in UTF-8"))?;
        let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let head: Vec<&str> =
            lines.next().map_or_else(Vec::new, |(_, line)| line.split('\t').map(str::trim).collect());
        let column = |name: &str| head.iter().position(|h| *h == name);
        let need = |name: &str| {
            column(name).ok_or_else(|| {
                Error::data(&path, format!("the columns {}", head.join(", ")), format!("a column {name}"))
            })
        };
        let (key_at, category_at, split_at) = (need("key")?, need("category")?, column("split"));

        let mut entries = Vec::new();
        let mut known = HashSet::new();
        for (n, line) in lines {
            let wrong = |found: String, expected: String| {
                Error::data(&path, format!("line {}: {found}", n + 1), expected)
            };
            let fields: Vec<&str> = line.split('\t').map(str::trim).collect();
            if fields.len() != head.len() {
                return Err(wrong(
                    format!("{} columns", fields.len()),
                    format!("{}, as the first line", head.len()),
                ));
            }
            let key = fields[key_at].to_owned();
            let inside = Path::new(&key).components().all(|c| matches!(c, Component::Normal(_)));
            if key.is_empty() || !inside {
                return Err(wrong(format!("the key {key:?}"), "a name inside the folder".into()));
            }
            let split = split_at
                .map_or(Some(Split::Test), |at| Split::ALL.into_iter().find(|s| s.name() == fields[at]));
            let Some(split) = split else {
                let found = split_at.map_or("", |at| fields[at]);
                return Err(wrong(format!("the split {found:?}"), "train, val or test".into()));
            };
            if fields[category_at].is_empty() {
                return Err(wrong("no category".into(), "one".into()));
            }
            if !known.insert(key.clone()) {
                return Err(wrong(format!("the key {key:?} again"), "each once".into()));
            }
            entries.push(Entry { key, category: fields[category_at].to_owned(), split });
        }
        if entries.is_empty() {
            return Err(Error::data(&path, "no line but the first", "a line for each mesh"));
        }
        Ok(Self { entries, bytes })
    }
}

impl Entry {
    /// Returns the file of the mesh in `folder`, if there is one.
    pub(super) fn file(&self, folder: &Path) -> Option<PathBuf> {
        // Names hold dots: an ending is added, never exchanged.
        let with = |ending: &str| folder.join(format!("{}{ending}", self.key));
        ["", ".ply", ".obj", ".off", ".stl", ".glb", ".gltf"]
            .into_iter()
            .map(with)
            .find(|path| path.is_file())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Result<Manifest> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(Manifest::FILE), text).unwrap();
        Manifest::load(folder.path())
    }

    #[test]
    fn columns_are_found_by_name() {
        let manifest =
            load("split\tkey\tlicence\tcategory\nval\ta/b.1\tCC0\tlamp\ntrain\tc\tCC0\tcar\n").unwrap();
        let first = Entry { key: "a/b.1".into(), category: "lamp".into(), split: Split::Val };
        assert_eq!(manifest.entries[0], first);
        assert_eq!(manifest.entries.len(), 2);
        assert_eq!(load("key\tcategory\na\tlamp\n").unwrap().entries[0].split, Split::Test);
    }

    #[test]
    fn mistakes_name_their_line() {
        for (text, expected) in [
            ("", "a column key"),
            ("key\tsplit\n", "a column category"),
            ("key\tcategory\tsplit\n", "no line but the first"),
            ("key\tcategory\tsplit\na\tb\n", "line 2: 2 columns"),
            ("key\tcategory\tsplit\na\tb\ttrian\n", "line 2: the split \"trian\""),
            ("key\tcategory\tsplit\na\tb\tval\na\tb\tval\n", "line 3: the key \"a\" again"),
            ("key\tcategory\tsplit\n../a\tb\tval\n", "inside the folder"),
            ("key\tcategory\tsplit\n/a\tb\tval\n", "inside the folder"),
            ("key\tcategory\tsplit\na\t\tval\n", "no category"),
        ] {
            let e = load(text).unwrap_err().to_string();
            assert!(e.contains(expected), "{text:?}: {e}");
        }
    }
}
