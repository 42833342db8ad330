//! Cameras around the origin: a list of distance, elevation and azimuth.

use std::path::Path;

use ndarray::Ix2;
use serde::Deserialize;

use crate::error::{Error, Origin, Result};
use crate::npy::load_npy_f64;

/// A camera that looks at the origin.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Orbit {
    /// Distance from the origin, above 0.
    pub distance: f64,
    /// Elevation above the xz plane, in degrees.
    pub elevation: f64,
    /// Azimuth around the y axis, in degrees.
    pub azimuth: f64,
}

/// An orbit as text: by name or as three numbers in this order.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Named(Orbit),
    Row([f64; 3]),
}

/// The table of a TOML file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    orbits: Vec<Written>,
}

/// Reads a list of cameras.
///
/// | file | content |
/// |---|---|
/// | `.npy` | numbers `[N, 3]`: distance, elevation, azimuth |
/// | `.json` | `[{"distance": 2.7, "elevation": 30, "azimuth": 0}, ..]` or `[[2.7, 30, 0], ..]` |
/// | `.toml` | `orbits = [ .. ]` of either form, or `[[orbits]]` tables |
///
/// # Errors
/// `Read` if the file cannot be read; `Unsupported` for another ending; `Syntax` or `Content` if it does not have this
/// form, has no row, a number that is not finite, or a distance that is not above 0.
pub fn load_orbits(path: impl AsRef<Path>) -> Result<Vec<Orbit>> {
    let path = path.as_ref();
    let origin = Origin(path);
    let ending = path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    let written = match ending.as_str() {
        "npy" => from_npy(origin)?,
        "json" => serde_json::from_slice(&origin.bytes()?)
            .map_err(|e| origin.line(e.line(), e.to_string(), "a list of distance, elevation and azimuth"))?,
        "toml" => {
            let text = String::from_utf8_lossy(&origin.bytes()?).into_owned();
            let table: Table = toml::from_str(&text).map_err(|e| from_toml(origin, &text, &e))?;
            table.orbits
        }
        other => {
            return Err(origin.unsupported(format!(".{other} for a list of cameras"), ".npy, .json, .toml"));
        }
    };
    let orbits: Vec<Orbit> = written
        .into_iter()
        .map(|w| match w {
            Written::Named(orbit) => orbit,
            Written::Row([distance, elevation, azimuth]) => Orbit { distance, elevation, azimuth },
        })
        .collect();
    if orbits.is_empty() {
        return Err(origin.content("no camera", "at least one"));
    }
    for (n, o) in orbits.iter().enumerate() {
        let finite = [o.distance, o.elevation, o.azimuth].iter().all(|x| x.is_finite());
        if !finite || o.distance <= 0.0 {
            let found = format!(
                "camera {n} with distance {}, elevation {}, azimuth {}",
                o.distance, o.elevation, o.azimuth
            );
            return Err(origin.content(found, "finite numbers and a distance above 0"));
        }
    }
    Ok(orbits)
}

fn from_npy(origin: Origin<'_>) -> Result<Vec<Written>> {
    let array = load_npy_f64(origin.0)?;
    let found = format!("shape {:?}", array.shape());
    match array.into_dimensionality::<Ix2>() {
        Ok(rows) if rows.ncols() == 3 => {
            Ok(rows.rows().into_iter().map(|r| Written::Row([r[0], r[1], r[2]])).collect())
        }
        _ => Err(origin.content(found, "[N, 3]: distance, elevation, azimuth")),
    }
}

fn from_toml(origin: Origin<'_>, text: &str, e: &toml::de::Error) -> Error {
    let before = e.span().and_then(|s| text.get(..s.start)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    origin.line(line, e.message(), "orbits = [[distance, elevation, azimuth], ..]")
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::npy::save_npy;

    fn read(name: &str, text: &str) -> Result<Vec<Orbit>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        load_orbits(path)
    }

    #[test]
    fn every_form_gives_the_same_cameras() {
        let expected = [
            Orbit { distance: 2.5, elevation: 30.0, azimuth: 0.0 },
            Orbit { distance: 2.0, elevation: -15.5, azimuth: 90.0 },
        ];
        let named = r#"[{"distance": 2.5, "elevation": 30, "azimuth": 0}, [2, -15.5, 90]]"#;
        assert_eq!(read("a.json", named).unwrap(), expected);
        let tables = "[[orbits]]\ndistance = 2.5\nelevation = 30.0\nazimuth = 0.0\n\
                      [[orbits]]\ndistance = 2.0\nelevation = -15.5\nazimuth = 90.0\n";
        assert_eq!(read("a.toml", tables).unwrap(), expected);
        assert_eq!(read("a.TOML", "orbits = [[2.5, 30.0, 0.0], [2.0, -15.5, 90.0]]").unwrap(), expected);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        save_npy(&path, array![[2.5, 30.0, 0.0], [2.0, -15.5, 90.0]].into_dyn().view()).unwrap();
        assert_eq!(load_orbits(&path).unwrap(), expected);
    }

    #[test]
    fn mistakes_are_errors() {
        let cases = [
            ("a.json", "[]", "no camera"),
            ("a.json", "[[1, 2]]", "line 1"),
            ("a.json", "[[0, 2, 3]]", "camera 0 with distance 0"),
            ("a.json", r#"[{"distance": 1, "elevation": 2, "azimut": 3}]"#, "line 1"),
            ("a.toml", "a = 1\norbits = [[1.0]]", "expected orbits"),
            ("a.toml", "orbits = [[1.0, nan, 3.0]]", "camera 0"),
            ("a.csv", "1,2,3", "supported are .npy, .json, .toml"),
            ("a.npy", "not an array", "NUMPY"),
        ];
        for (name, text, expected) in cases {
            let message = read(name, text).err().map(|e| e.to_string()).unwrap_or_default();
            assert!(message.contains(expected), "{name} {text}: {message}");
        }
    }
}
