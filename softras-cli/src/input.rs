//! Meshes and words from the command line.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use anyhow::{Context, Result};
use ndarray::Array2;
use serde::{Deserialize, Serialize};
use softras_core::scene::{Mesh, MeshTexture};
use softras_fit::report::studio_light;
use softras_io::shapes::{Sample, icosphere};
use softras_io::{MeshOptions, load_mesh};

use crate::output::warn;

/// Width and height in pixels: `512x384`, or `512` for a square.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Size {
    pub(crate) width: usize,
    pub(crate) height: usize,
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (width, height) = text.split_once(['x', 'X']).unwrap_or((text, text));
        match (width.parse(), height.parse()) {
            (Ok(width), Ok(height)) => Ok(Self { width, height }),
            _ => Err(format!("found {text:?}, expected WIDTHxHEIGHT or one number, in pixels")),
        }
    }
}

impl TryFrom<String> for Size {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Size> for String {
    fn from(size: Size) -> Self {
        size.to_string()
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

/// Parses `x,y,z`.
pub(crate) fn point(text: &str) -> Result<[f64; 3], String> {
    let numbers: Result<Vec<f64>, _> = text.split(',').map(|x| x.trim().parse()).collect();
    let wrong = || format!("found {text:?}, expected three numbers X,Y,Z");
    numbers.map_err(|_| wrong())?.try_into().map_err(|_| wrong())
}

/// Takes the name of a sample shape.
pub(crate) fn sample(text: &str) -> Result<String, softras_io::Error> {
    text.parse::<Sample>().map(|_| text.to_owned())
}

/// Takes the name of a back end.
pub(crate) fn backend(text: &str) -> Result<String, softras_core::Error> {
    text.parse::<softras::Device>().map(|_| text.to_owned())
}

/// Loads a mesh file, or a sample shape where the name is `sample:NAME`. What the reader left out is a warning.
pub(crate) fn mesh(name: &str, options: &MeshOptions) -> Result<Mesh> {
    if let Some(sample) = name.strip_prefix("sample:") {
        return Ok(sample.parse::<Sample>()?.mesh());
    }
    let loaded = load_mesh(Path::new(name), options)?;
    for warning in &loaded.warnings {
        warn(format!("{name}: {warning}"));
    }
    Ok(loaded.mesh)
}

/// Makes the template of a fit: `icosphere`, `icosphere:LEVEL`, `sample:NAME` or a file.
pub(crate) fn template(name: &str) -> Result<Mesh> {
    let level = match name.strip_prefix("icosphere") {
        Some("") => Some(3),
        Some(rest) => match rest.strip_prefix(':') {
            Some(level) => Some(level.parse().with_context(|| {
                format!("template: found {name:?}, expected icosphere:LEVEL, a level from 0 to 6")
            })?),
            None => None,
        },
        None => None,
    };
    match level {
        Some(level) => Ok(icosphere(level)?),
        None => mesh(name, &MeshOptions::default()),
    }
}

/// Multiplies all coordinates.
pub(crate) fn scaled(mut mesh: Mesh, factor: f64) -> Result<Mesh> {
    let vertices: Array2<f32> = mesh.vertices().mapv(|x| (f64::from(x) * factor) as f32);
    mesh.set_vertices(vertices)?;
    Ok(mesh)
}

/// Lights a mesh; one without color becomes light grey first.
pub(crate) fn lit(mesh: &Mesh) -> Result<Mesh> {
    let colored = colored(mesh)?;
    Ok(studio_light().shade(&colored)?.0)
}

/// Gives a mesh without color, or with one of other than three channels, a light grey.
pub(crate) fn colored(mesh: &Mesh) -> Result<Mesh> {
    Ok(match (mesh.channels(), mesh.texture()) {
        (3, _) => mesh.clone(),
        (1, MeshTexture::Vertex(grey)) => {
            let colors = Array2::from_shape_fn((grey.nrows(), 3), |(v, _)| grey[[v, 0]]);
            mesh.clone().with_texture(MeshTexture::Vertex(colors))?
        }
        _ => {
            let colors = Array2::from_elem((mesh.vertices().nrows(), 3), 0.8);
            mesh.clone().with_texture(MeshTexture::Vertex(colors))?
        }
    })
}
