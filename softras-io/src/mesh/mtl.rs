//! MTL files: the color and the picture of each material of an OBJ file.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// The color where a material is missing or says nothing.
pub(super) const GREY: [f32; 3] = [0.8; 3];

/// What colors the faces of one material.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Material {
    /// Diffuse color, `Kd`.
    pub(super) color: [f32; 3],
    /// Picture, `map_Kd`, beside the MTL file.
    pub(super) picture: Option<PathBuf>,
}

impl Default for Material {
    fn default() -> Self {
        Self { color: GREY, picture: None }
    }
}

/// Adds the materials of the MTL file `path` to `materials`. What cannot be read becomes a warning.
pub(super) fn read(path: &Path, materials: &mut HashMap<String, Material>, warnings: &mut Vec<String>) {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(e) => {
            warnings.push(format!("the material file {} cannot be read: {e}", path.display()));
            return;
        }
    };
    let folder = path.parent().unwrap_or(Path::new(""));
    let text = String::from_utf8_lossy(&bytes);
    let mut current: Option<&mut Material> = None;
    for (n, line) in text.lines().enumerate() {
        let line = line.trim();
        let (key, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        match (key, &mut current) {
            ("newmtl", _) => {
                let material = materials.entry(rest.to_owned()).or_default();
                *material = Material::default();
                current = Some(material);
            }
            ("Kd", Some(material)) => match color(rest) {
                Some(c) => material.color = c,
                None => warnings.push(format!(
                    "{}, line {}: Kd {rest:?} is not a color of three numbers",
                    path.display(),
                    n + 1
                )),
            },
            ("map_Kd", Some(material)) => {
                let name = file_name(rest);
                material.picture = (!name.is_empty()).then(|| folder.join(name.replace('\\', "/")));
            }
            _ => {}
        }
    }
}

/// Returns three finite numbers held to 0..=1; one number stands for a grey.
fn color(text: &str) -> Option<[f32; 3]> {
    let numbers: Vec<f32> = text.split_whitespace().map_while(|t| t.parse().ok()).collect();
    let c = match numbers[..] {
        [grey] => [grey; 3],
        [r, g, b, ..] => [r, g, b],
        _ => return None,
    };
    c.iter().all(|x| x.is_finite()).then(|| c.map(|x| x.clamp(0.0, 1.0)))
}

/// Returns the file name that follows the options of a map; it may hold blanks.
fn file_name(mut text: &str) -> &str {
    while let Some(option) = text.strip_prefix('-') {
        let (name, mut rest) = option.split_once(char::is_whitespace).unwrap_or((option, ""));
        let (least, most, numeric) = match name {
            "blendu" | "blendv" | "cc" | "clamp" | "imfchan" | "type" => (1, 1, false),
            "bm" | "boost" | "texres" => (1, 1, true),
            "mm" => (2, 2, true),
            "o" | "s" | "t" => (1, 3, true),
            _ => break,
        };
        for k in 0..most {
            rest = rest.trim_start();
            let (value, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            if k >= least && numeric && value.parse::<f32>().is_err() {
                break;
            }
            rest = after;
        }
        text = rest.trim_start();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_before_a_picture_name_are_skipped() {
        assert_eq!(file_name("a b.png"), "a b.png");
        assert_eq!(file_name("-s 1 1 1 -o 0.5 0 a.png"), "a.png");
        assert_eq!(file_name("-clamp on -bm 0.3 a b.png"), "a b.png");
        assert_eq!(file_name("-s 2 7.png"), "7.png");
        assert_eq!(file_name("-s"), "");
    }

    #[test]
    fn colors_are_three_numbers_or_one() {
        assert_eq!(color("0.1 0.2 0.3"), Some([0.1, 0.2, 0.3]));
        assert_eq!(color("0.5"), Some([0.5; 3]));
        assert_eq!(color("2 -1 0"), Some([1.0, 0.0, 0.0]));
        assert_eq!(color("nan 0 0"), None);
        assert_eq!(color("red"), None);
    }

    #[test]
    fn a_missing_file_is_a_warning() {
        let (mut materials, mut warnings) = (HashMap::new(), Vec::new());
        read(Path::new("/nowhere/a.mtl"), &mut materials, &mut warnings);
        assert!(materials.is_empty());
        assert!(warnings[0].contains("a.mtl"));
    }
}
