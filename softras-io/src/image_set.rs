//! Image sets: pictures of one object from many sides, each with its silhouette.

use std::path::{Path, PathBuf};

use image::{ColorType, ImageFormat};
use ndarray::{Array3, Array4, Axis, Ix4, Slice};

use crate::error::{Origin, Result};
use crate::npy::load_npy_u8;
use crate::picture;

/// Pictures of the same size and their silhouettes, in 0..=1.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageSet {
    /// Red, green and blue, `[N, 3, H, W]`, as in the file: neither gamma-corrected nor multiplied by alpha.
    pub color: Array4<f32>,
    /// Alpha, `[N, H, W]`.
    pub silhouette: Array3<f32>,
}

impl ImageSet {
    /// The number of pictures.
    #[must_use]
    pub fn len(&self) -> usize {
        self.silhouette.len_of(Axis(0))
    }
    /// Tells whether there is no picture; a loaded set has at least one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Returns the pictures that show nothing: their silhouette is 0 everywhere.
    pub fn empty(&self) -> impl Iterator<Item = usize> + '_ {
        let rows = self.silhouette.outer_iter().enumerate();
        rows.filter(|(_, picture)| picture.iter().all(|a| *a <= 0.0)).map(|(n, _)| n)
    }
    /// Tells whether every pixel counts as the object: no picture has an alpha channel or a mask that says otherwise.
    #[must_use]
    pub fn is_opaque(&self) -> bool {
        self.silhouette.iter().all(|a| *a >= 1.0)
    }
}

/// Reads an image set from an `.npy` file or from a folder of PNG files.
///
/// The file holds 8-bit numbers, `[N, 4, H, W]`: red, green, blue and alpha. From a folder every `.png` is taken, in the
/// order of the names, compared byte by byte (so number them with leading zeros):
///
/// | PNG | color | silhouette |
/// |---|---|---|
/// | RGBA, grey with alpha | red, green, blue | alpha |
/// | grey | the grey, three times | the grey: the file is a mask |
/// | RGB | red, green, blue | 1 everywhere |
///
/// # Errors
/// `Read`, `Picture` or `Syntax` if a file cannot be read; `Content` for a file of another shape, a folder without
/// PNG files, or pictures of different sizes.
pub fn load_image_set(path: impl AsRef<Path>) -> Result<ImageSet> {
    let path = path.as_ref();
    if path.is_dir() {
        return from_folder(path);
    }
    let ending = path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    if path.exists() && ending != "npy" {
        return Err(Origin(path).unsupported("another file", "a folder of .png files, or an .npy file"));
    }
    from_npy(path)
}

fn from_npy(path: &Path) -> Result<ImageSet> {
    let origin = Origin(path);
    let array = load_npy_u8(path)?;
    let expected = "[N, 4, H, W] (red, green, blue, alpha), none of them 0";
    let found = format!("shape {:?}", array.shape());
    let array = array.into_dimensionality::<Ix4>().map_err(|_| origin.content(&found, expected))?;
    if array.len_of(Axis(1)) != 4 || array.is_empty() {
        return Err(origin.content(found, expected));
    }
    let unit = |x: &u8| f32::from(*x) / 255.0;
    Ok(ImageSet {
        color: array.slice_axis(Axis(1), Slice::from(..3)).map(unit).as_standard_layout().into_owned(),
        silhouette: array.index_axis(Axis(1), 3).map(unit).as_standard_layout().into_owned(),
    })
}

fn from_folder(folder: &Path) -> Result<ImageSet> {
    let origin = Origin(folder);
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|e| origin.read(e))? {
        let path = entry.map_err(|e| origin.read(e))?.path();
        if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("png")) {
            paths.push(path);
        }
    }
    paths.sort_by(|a, b| a.as_os_str().as_encoded_bytes().cmp(b.as_os_str().as_encoded_bytes()));
    let mut set: Option<ImageSet> = None;
    for (n, path) in paths.iter().enumerate() {
        let picture = picture::decode(path, Some(ImageFormat::Png))?;
        let mask = matches!(picture.color(), ColorType::L8 | ColorType::L16);
        let rgba = picture::rgba(&picture);
        let (height, width, _) = rgba.dim();
        let set = set.get_or_insert_with(|| ImageSet {
            color: Array4::zeros((paths.len(), 3, height, width)),
            silhouette: Array3::zeros((paths.len(), height, width)),
        });
        let (_, h, w) = set.silhouette.dim();
        if (height, width) != (h, w) {
            let found = format!("a picture of {width} x {height}");
            return Err(Origin(path).content(found, format!("{w} x {h}, like the first of the folder")));
        }
        let planes = rgba.permuted_axes([2, 0, 1]);
        set.color.index_axis_mut(Axis(0), n).assign(&planes.slice_axis(Axis(0), Slice::from(..3)));
        let alpha = if mask { 0 } else { 3 };
        set.silhouette.index_axis_mut(Axis(0), n).assign(&planes.index_axis(Axis(0), alpha));
    }
    set.ok_or_else(|| origin.content("a folder without .png files", "at least one"))
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::npy::save_npy;
    use crate::picture::{save_gray_png, save_png};

    #[test]
    fn a_folder_is_read_in_order_of_names() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let color = |v: f32| Array3::from_elem((3, 2, 3), v);
        save_png(at("b.png"), color(0.2).view(), Some(Array2::from_elem((2, 3), 0.4).view())).unwrap();
        save_png(at("c.PNG"), color(0.6).view(), None).unwrap();
        save_gray_png(at("a.png"), Array2::from_elem((2, 3), 1.0).view()).unwrap();
        std::fs::write(at("notes.txt"), "no picture").unwrap();
        let set = load_image_set(folder.path()).unwrap();
        assert_eq!((set.len(), set.color.dim()), (3, (3, 3, 2, 3)));
        assert!(!set.is_opaque());
        let near = |a: f32, b: f32| (a - b).abs() < 1e-6;
        assert!(near(set.silhouette[[0, 1, 2]], 1.0) && near(set.color[[0, 1, 0, 0]], 1.0));
        assert!(near(set.silhouette[[1, 1, 2]], 0.4) && near(set.color[[1, 2, 1, 2]], 0.2));
        assert!(near(set.silhouette[[2, 1, 2]], 1.0) && near(set.color[[2, 0, 0, 0]], 0.6));
        save_gray_png(at("d.png"), Array2::zeros((3, 3)).view()).unwrap();
        let e = load_image_set(folder.path()).unwrap_err().to_string();
        assert!(e.contains("d.png") && e.contains("3 x 3"), "{e}");
    }

    #[test]
    fn other_shapes_and_empty_folders_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        assert!(load_image_set(folder.path()).is_err());
        assert!(load_image_set(folder.path().join("no.npy")).is_err());
        let path = folder.path().join("a.npy");
        for shape in [vec![2, 3, 4, 4], vec![2, 4, 4], vec![0, 4, 4, 4]] {
            save_npy(&path, ndarray::ArrayD::<u8>::zeros(shape).view()).unwrap();
            assert!(load_image_set(&path).unwrap_err().to_string().contains("[N, 4, H, W]"));
        }
        save_npy(&path, ndarray::ArrayD::<u8>::from_elem(vec![1, 4, 2, 2], 51).view()).unwrap();
        let set = load_image_set(&path).unwrap();
        assert!((set.silhouette[[0, 1, 1]] - 0.2).abs() < 1e-6);
    }
}
