//! Where meshes from outside are: `SOFTRAS_DATA`, or `shared/data` in the current folder, one above it or beside those.

use std::path::{Path, PathBuf};

/// The outside data of this machine, if there are any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Data {
    meshes: Vec<(String, PathBuf)>,
}

/// Meshes that stand in folders of their own.
const OWN: [(&str, &str); 2] = [("spot", "spot/spot_triangulated.obj"), ("bob", "bob/bob_tri.obj")];
/// A folder of meshes that are named by their files.
const FOLDER: &str = "meshes/odedstein";

impl Data {
    /// Looks for the data.
    #[must_use]
    pub fn find() -> Self {
        let named = std::env::var_os("SOFTRAS_DATA").filter(|v| !v.is_empty()).map(PathBuf::from);
        let beside = || {
            let here = std::env::current_dir().ok()?;
            here.ancestors().take(4).map(|folder| folder.join("shared/data")).find(|path| path.is_dir())
        };
        named.or_else(beside).map_or_else(Self::default, |root| Self::at(&root))
    }

    /// Lists the meshes below `root`.
    #[must_use]
    pub fn at(root: &Path) -> Self {
        let mut meshes: Vec<_> = OWN.map(|(name, path)| (name.to_owned(), root.join(path))).to_vec();
        let folder = std::fs::read_dir(root.join(FOLDER)).into_iter().flatten().flatten();
        for path in folder.map(|entry| entry.path()) {
            if let (Some(stem), Some("obj")) = (path.file_stem(), path.extension().and_then(|e| e.to_str())) {
                meshes.push((stem.to_string_lossy().into_owned(), path));
            }
        }
        meshes.retain(|(_, path)| path.is_file());
        meshes.sort();
        Self { meshes }
    }

    /// Returns the file of a mesh.
    #[must_use]
    pub fn mesh(&self, name: &str) -> Option<&Path> {
        self.meshes.iter().find(|m| m.0 == name).map(|m| m.1.as_path())
    }

    /// The names of all meshes.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.meshes.iter().map(|m| m.0.as_str())
    }
}
