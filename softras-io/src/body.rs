//! Skinned bodies from `.npz` files: [`load_body`].

use std::path::Path;

use ndarray::{Array, Array2, ArrayD, Dimension};
use serde::Deserialize;
use softras_core::scene::{Body, BodyParts, Mesh, Posed, Skin};

use crate::error::{Error, Origin, Result};
use crate::npz::Npz;

/// A skinned body and its triangles, with what people call its parts.
#[derive(Clone, Debug, PartialEq)]
pub struct SkinnedBody {
    /// The body, in world units of the file.
    pub body: Body<f32>,
    /// Vertex indices of every triangle, `[F]`; each is below the number of vertices.
    pub triangles: Vec<[u32; 3]>,
    /// The names of the joints, `[J]`.
    pub joint_names: Vec<String>,
    /// The names of the shape coefficients, `[S]`.
    pub shape_names: Vec<String>,
}

impl SkinnedBody {
    /// Returns the body in a pose as a mesh without color.
    ///
    /// # Errors
    /// As [`Mesh::new`], for a pose of another body.
    pub fn mesh(&self, posed: &Posed<'_, f32>) -> Result<Mesh<f32>> {
        Ok(Mesh::new(posed.vertices().clone(), self.triangles.clone())?)
    }
}

/// The names beside the arrays; other entries are for people.
#[derive(Deserialize, Default)]
struct Names {
    #[serde(default)]
    joints: Vec<String>,
    #[serde(default)]
    shape_names: Vec<String>,
}

/// Reads a body from the arrays of an `.npz` file, and its names from the `.json` file of the same name beside it, if
/// there is one (else joints and shapes are numbered):
///
/// | array | shape | |
/// |---|---|---|
/// | `v_template` | `[V, 3]` | vertices at rest |
/// | `faces` | `[F, 3]` | |
/// | `shapedirs` | `[V, 3, S]` | what each shape coefficient adds |
/// | `j_template`, `j_shapedirs` | `[J, 3]`, `[J, 3, S]` | the same for joints |
/// | `parents` | `[J]` | -1 for a root; parents come before children |
/// | `weight_idx`, `weight_val` | `[V, K]` | which joints each vertex follows, and how much |
///
/// The formula is that of [`Body`].
///
/// # Errors
/// `Read` if a file cannot be read; `Content` if an array is missing, of another shape, or out of range; `Mesh` if
/// the parts do not fit together; `Syntax` if the names are no JSON.
pub fn load_body(path: impl AsRef<Path>) -> Result<SkinnedBody> {
    let path = path.as_ref();
    let origin = Origin(path);
    let mut npz = Npz::open(path)?;
    let template: Array2<f32> = shaped(origin, "v_template", npz.read("v_template")?)?;
    let parents = shaped::<i64, ndarray::Ix1>(origin, "parents", npz.read("parents")?)?;
    let parents = parents
        .iter()
        .enumerate()
        .map(|(k, &p)| match p {
            -1 => Ok(None),
            p => usize::try_from(p).map(Some).map_err(|_| {
                origin.content(format!("the parent {p} of joint {k}"), "-1, or the index of a joint")
            }),
        })
        .collect::<Result<Vec<_>>>()?;
    let joints: Array2<i64> = shaped(origin, "weight_idx", npz.read("weight_idx")?)?;
    if let Some(bad) = joints.iter().find(|k| u32::try_from(**k).is_err()) {
        return Err(origin.content(format!("{bad} in weight_idx"), "the index of a joint"));
    }
    let weights = shaped(origin, "weight_val", npz.read("weight_val")?)?;
    let wrong = |e: softras_core::Error| Error::Mesh { path: path.into(), source: e };
    let skin = Skin::new(joints.map(|&k| k as u32), weights, parents.len()).map_err(wrong)?;
    let body = Body::new(BodyParts {
        template,
        directions: shaped(origin, "shapedirs", npz.read("shapedirs")?)?,
        joints: shaped(origin, "j_template", npz.read("j_template")?)?,
        joint_directions: shaped(origin, "j_shapedirs", npz.read("j_shapedirs")?)?,
        parents,
        skin,
    })
    .map_err(wrong)?;
    let triangles = triangles(origin, &mut npz, body.parts().template.nrows())?;
    let names = names(&path.with_extension("json"))?;
    let joint_names = numbered(origin, names.joints, body.joint_count(), "joint")?;
    let shape_names = numbered(origin, names.shape_names, body.shape_count(), "shape")?;
    Ok(SkinnedBody { body, triangles, joint_names, shape_names })
}

fn shaped<T, D: Dimension>(origin: Origin<'_>, name: &str, array: ArrayD<T>) -> Result<Array<T, D>> {
    let found = format!("array {name:?} of shape {:?}", array.shape());
    let axes = D::NDIM.unwrap_or(0);
    array.into_dimensionality().map_err(|_| origin.content(found, format!("an array of {axes} axes")))
}

fn triangles(origin: Origin<'_>, npz: &mut Npz, vertices: usize) -> Result<Vec<[u32; 3]>> {
    let faces: Array2<i64> = shaped(origin, "faces", npz.read("faces")?)?;
    if faces.ncols() != 3 {
        return Err(origin.content(format!("array \"faces\" of shape {:?}", faces.shape()), "[F, 3]"));
    }
    if let Some(bad) = faces.iter().find(|v| usize::try_from(**v).map_or(true, |v| v >= vertices)) {
        return Err(
            origin.content(format!("vertex {bad} in \"faces\""), format!("an index below {vertices}"))
        );
    }
    Ok(faces.rows().into_iter().map(|f| [f[0] as u32, f[1] as u32, f[2] as u32]).collect())
}

fn names(path: &Path) -> Result<Names> {
    if !path.exists() {
        return Ok(Names::default());
    }
    let origin = Origin(path);
    serde_json::from_slice(&origin.bytes()?)
        .map_err(|e| origin.line(e.line(), e.to_string(), "names of joints and shapes"))
}

/// Returns the names that are there, or numbers.
fn numbered(origin: Origin<'_>, names: Vec<String>, count: usize, what: &str) -> Result<Vec<String>> {
    match names.len() {
        0 => Ok((0..count).map(|i| format!("{what} {i}")).collect()),
        n if n == count => Ok(names),
        n => Err(origin.content(format!("{n} names for {count} {what}s"), "one for each")),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use ndarray::{ArrayD, array};

    use super::*;
    use crate::npy::{Element, save_npy};

    /// Arrays by name, to be written as one archive.
    struct Archive {
        folder: tempfile::TempDir,
        parts: Vec<(String, Vec<u8>)>,
    }

    impl Archive {
        fn set<T: Element>(&mut self, name: &str, array: ArrayD<T>) {
            let path = self.folder.path().join("part.npy");
            save_npy(&path, array.view()).unwrap();
            self.parts.retain(|(n, _)| n != name);
            self.parts.push((name.to_owned(), std::fs::read(path).unwrap()));
        }
        fn load(&self) -> Result<SkinnedBody> {
            let path = self.folder.path().join("a.npz");
            let mut writer = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
            for (name, bytes) in &self.parts {
                writer.start_file(format!("{name}.npy"), zip::write::SimpleFileOptions::default()).unwrap();
                writer.write_all(bytes).unwrap();
            }
            writer.finish().unwrap();
            load_body(path)
        }
    }

    /// Three vertices, two joints, one shape.
    fn archive() -> Archive {
        let mut archive = Archive { folder: tempfile::tempdir().unwrap(), parts: Vec::new() };
        archive.set("v_template", array![[0.0f32, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]].into_dyn());
        archive.set("faces", array![[0i64, 1, 2]].into_dyn());
        archive.set("shapedirs", ArrayD::<f32>::zeros(vec![3, 3, 1]));
        archive.set("j_template", array![[0.0f32, 0.0, 0.0], [1.0, 0.0, 0.0]].into_dyn());
        archive.set("j_shapedirs", ArrayD::<f32>::zeros(vec![2, 3, 1]));
        archive.set("parents", array![-1i64, 0].into_dyn());
        archive.set("weight_idx", array![[0u8, 1], [0, 1], [1, 0]].into_dyn());
        archive.set("weight_val", array![[1.0f32, 0.0], [0.5, 0.5], [0.25, 0.75]].into_dyn());
        archive
    }

    #[test]
    fn arrays_become_a_body_with_names() {
        let archive = archive();
        let read = archive.load().unwrap();
        assert_eq!((read.body.joint_count(), read.body.shape_count()), (2, 1));
        assert_eq!(
            (&read.joint_names[1], &read.shape_names[0]),
            (&"joint 1".to_owned(), &"shape 0".to_owned())
        );
        let posed = read.body.pose(&read.body.rest()).unwrap();
        assert_eq!(read.mesh(&posed).unwrap().triangles(), [[0, 1, 2]]);
        let names = archive.folder.path().join("a.json");
        std::fs::write(&names, r#"{"joints": ["a", "b"], "shape_names": ["tall"], "units": "metre"}"#)
            .unwrap();
        let read = archive.load().unwrap();
        assert_eq!((read.joint_names.concat(), read.shape_names.concat()), ("ab".into(), "tall".into()));
        for (text, word) in [(r#"{"joints": ["a"]}"#, "1 names for 2 joints"), ("{", "line 1")] {
            std::fs::write(&names, text).unwrap();
            let message = archive.load().err().map(|e| e.to_string()).unwrap_or_default();
            assert!(message.contains(word), "{message}");
        }
    }

    #[test]
    fn mistakes_name_the_array() {
        let message = |change: &dyn Fn(&mut Archive)| {
            let mut archive = archive();
            change(&mut archive);
            archive.load().err().map(|e| e.to_string()).unwrap_or_default()
        };
        for (text, word) in [
            (message(&|a| a.parts.retain(|(n, _)| n != "parents")), "no array \"parents\""),
            (message(&|a| a.set("parents", array![-1i64, 1].into_dyn())), "parent of joint 1"),
            (message(&|a| a.set("parents", array![-1i64, -2].into_dyn())), "parent -2 of joint 1"),
            (message(&|a| a.set("parents", array![[-1i64, 0]].into_dyn())), "1 axes"),
            (message(&|a| a.set("faces", array![[0i64, 1, 3]].into_dyn())), "vertex 3"),
            (message(&|a| a.set("faces", array![[0i64, 1, -1]].into_dyn())), "vertex -1"),
            (message(&|a| a.set("faces", array![[0i64, 1]].into_dyn())), "[F, 3]"),
            (message(&|a| a.set("weight_idx", array![[0i64, 1], [0, 1], [2, 0]].into_dyn())), "joint 2"),
            (
                message(&|a| a.set("weight_idx", array![[0i64, 1], [0, 1], [-1, 0]].into_dyn())),
                "-1 in weight_idx",
            ),
            (message(&|a| a.set("weight_val", ArrayD::<f32>::zeros(vec![3, 2]))), "sum to 1"),
            (message(&|a| a.set("v_template", ArrayD::<f32>::from_elem(vec![3, 3], f32::NAN))), "NaN"),
            (message(&|a| a.set("v_template", ArrayD::<f32>::zeros(vec![4, 3]))), "[4, 3"),
            (message(&|a| a.set("shapedirs", ArrayD::<f32>::zeros(vec![3, 3]))), "3 axes"),
        ] {
            assert!(text.contains(word) && text.contains("a.npz"), "{word}: {text:?}");
        }
    }
}
