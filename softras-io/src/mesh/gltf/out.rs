//! GLB files out: one mesh, its texels as an atlas, its joints if it has any.

use std::io::Write;
use std::path::Path;

use ndarray::Array3;
use serde_json::{Value, json};
use softras_core::scene::{Affine, Mesh, MeshTexture};

use super::linear::light;
use super::skinned::SkinnedMesh;
use crate::error::{Origin, Result};
use crate::mesh::atlas::Atlas;
use crate::mesh::obj_out::{check_channels, rgb_of};
use crate::picture;
use crate::staged::Staged;

const F32: u32 = 5126;
const U32: u32 = 5125;
const U16: u32 = 5123;
/// Most joints that a vertex can name.
const MOST_JOINTS: usize = 1 << 16;

/// Writes a mesh as a GLB file.
///
/// | texture | in the file |
/// |---|---|
/// | `None` | no material |
/// | `Vertex` | colors of vertices, as light |
/// | `Corner` | the same; every corner is a vertex of its own |
/// | `Surface` | an atlas, as a PNG in the file, 8 bits; every corner is a vertex of its own |
///
/// [`load_mesh`](crate::load_mesh) joins corners at the same place again. One channel is written as grey, and colors are
/// held to 0..=1. The file is written under a temporary name, then renamed.
///
/// # Errors
/// `Unsupported` for a mesh with neither 1 nor 3 channels, with more faces than an atlas holds (4.1 million), or of more
/// than 4 GiB; `Write` or `Picture` if the file cannot be written: then what stood there before is untouched.
pub fn save_glb(path: impl AsRef<Path>, mesh: &Mesh<f32>) -> Result<()> {
    write(Origin(path.as_ref()), mesh, None)
}

/// Writes a mesh with its joints as a GLB file: [`save_glb`], and joints, weights and inverse bind matrices.
///
/// # Errors
/// As [`save_glb`]; `Unsupported` for more than 65,536 joints; `Content` if mesh, skin and joints do not fit together.
pub fn save_skinned_glb(path: impl AsRef<Path>, mesh: &SkinnedMesh) -> Result<()> {
    let origin = Origin(path.as_ref());
    let sizes = |rows: usize, joints: usize| format!("{rows} vertices and {joints} joints");
    let (rows, joints) = (mesh.skin.weights().nrows(), mesh.skin.joint_count());
    let expected = (mesh.mesh.vertices().nrows(), mesh.joints.len());
    if (rows, joints) != expected {
        let found = format!("a skin of {}", sizes(rows, joints));
        return Err(origin.content(found, sizes(expected.0, expected.1)));
    }
    if let Some(k) = (0..joints).find(|&k| mesh.joints[k].parent.is_some_and(|p| p >= k)) {
        return Err(origin.content(format!("joint {k} before its parent"), "parents first"));
    }
    if joints > MOST_JOINTS {
        return Err(origin.unsupported(format!("{joints} joints"), format!("{MOST_JOINTS} or fewer")));
    }
    write(origin, &mesh.mesh, Some(mesh))
}

/// The binary chunk and the arrays in it.
#[derive(Default)]
struct Chunk {
    bytes: Vec<u8>,
    views: Vec<Value>,
    accessors: Vec<Value>,
}

impl Chunk {
    /// Adds bytes as a view, at a multiple of four, and returns its index.
    fn view(&mut self, bytes: impl IntoIterator<Item = u8>) -> usize {
        let start = self.bytes.len();
        self.bytes.extend(bytes);
        let length = self.bytes.len() - start;
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        self.views.push(json!({ "buffer": 0, "byteOffset": start, "byteLength": length }));
        self.views.len() - 1
    }
    /// Adds an array and returns the index of its accessor.
    fn array<const N: usize>(
        &mut self,
        shape: &str,
        kind: u32,
        count: usize,
        bytes: impl Iterator<Item = [u8; N]>,
    ) -> usize {
        let view = self.view(bytes.flatten());
        self.accessors
            .push(json!({ "bufferView": view, "componentType": kind, "count": count, "type": shape }));
        self.accessors.len() - 1
    }
    fn floats<const N: usize>(&mut self, shape: &str, rows: &[[f32; N]]) -> usize {
        self.array(shape, F32, rows.len(), rows.as_flattened().iter().map(|x| x.to_le_bytes()))
    }
}

/// The vertices of the file: those of the mesh, or its corners.
struct Split {
    /// For each vertex of the file, the vertex of the mesh.
    from: Vec<usize>,
    /// The corners of the triangles, `None` if they are the vertices in order.
    indices: Option<Vec<u32>>,
}

fn write(origin: Origin<'_>, mesh: &Mesh<f32>, skinned: Option<&SkinnedMesh>) -> Result<()> {
    check_channels(origin, mesh)?;
    let mut chunk = Chunk::default();
    let corners = mesh.triangles().as_flattened();
    let split = match mesh.texture() {
        MeshTexture::None | MeshTexture::Vertex(_) => {
            Split { from: (0..mesh.vertices().nrows()).collect(), indices: Some(corners.to_vec()) }
        }
        MeshTexture::Corner(_) | MeshTexture::Surface { .. } => {
            Split { from: corners.iter().map(|&v| v as usize).collect(), indices: None }
        }
    };
    let mut attributes = serde_json::Map::new();
    let positions: Vec<[f32; 3]> = split.from.iter().map(|&v| mesh.vertex(v as u32).to_array()).collect();
    let index = chunk.floats("VEC3", &positions);
    // The format asks for the box around the positions.
    let bound = |start: f32, pick: fn(f32, f32) -> f32| {
        [0, 1, 2].map(|i| positions.iter().fold(start, |m: f32, p| pick(m, p[i])))
    };
    if !positions.is_empty() {
        chunk.accessors[index]["min"] = json!(bound(f32::INFINITY, f32::min));
        chunk.accessors[index]["max"] = json!(bound(f32::NEG_INFINITY, f32::max));
    }
    attributes.insert("POSITION".into(), json!(index));
    let mut root = json!({
        "asset": { "version": "2.0", "generator": concat!("softras ", env!("CARGO_PKG_VERSION")) },
        "scene": 0, "scenes": [{ "nodes": [0] }], "nodes": [{ "mesh": 0 }],
    });
    let mut primitive = json!({ "mode": 4 });
    color(origin, mesh, &mut chunk, &mut attributes, &mut primitive, &mut root)?;
    if let Some(skinned) = skinned {
        joints(skinned, &split, &mut chunk, &mut attributes, &mut root);
    }
    if let Some(indices) = &split.indices {
        let index = chunk.array("SCALAR", U32, indices.len(), indices.iter().map(|v| v.to_le_bytes()));
        primitive["indices"] = json!(index);
    }
    primitive["attributes"] = Value::Object(attributes);
    root["meshes"] = json!([{ "primitives": [primitive] }]);
    root["buffers"] = json!([{ "byteLength": chunk.bytes.len() }]);
    root["bufferViews"] = Value::Array(chunk.views);
    root["accessors"] = Value::Array(chunk.accessors);
    let mut text = root.to_string().into_bytes();
    text.resize(text.len().next_multiple_of(4), b' ');
    let total = 12 + 8 + text.len() + 8 + chunk.bytes.len();
    let length = |n: usize| {
        let n = u32::try_from(n).ok().filter(|_| u32::try_from(total).is_ok());
        n.ok_or_else(|| origin.unsupported(format!("a file of {total} bytes"), "GLB files below 4 GiB"))
    };
    let (total, json_length, bin_length) = (length(total)?, length(text.len())?, length(chunk.bytes.len())?);
    Staged::write(origin.0, |w| {
        w.write_all(b"glTF")?;
        w.write_all(&2_u32.to_le_bytes())?;
        w.write_all(&total.to_le_bytes())?;
        for (length, kind, bytes) in [(json_length, b"JSON", &text), (bin_length, b"BIN\0", &chunk.bytes)] {
            w.write_all(&length.to_le_bytes())?;
            w.write_all(kind)?;
            w.write_all(bytes)?;
        }
        Ok::<(), std::io::Error>(())
    })?
    .commit()
}

/// Adds what colors the mesh.
fn color(
    origin: Origin<'_>,
    mesh: &Mesh<f32>,
    chunk: &mut Chunk,
    attributes: &mut serde_json::Map<String, Value>,
    primitive: &mut Value,
    root: &mut Value,
) -> Result<()> {
    let rgb = |row: ndarray::ArrayView1<'_, f32>| [0, 1, 2].map(|k| light(row[k.min(row.len() - 1)]));
    match mesh.texture() {
        MeshTexture::None => {}
        MeshTexture::Vertex(colors) => {
            let colors: Vec<[f32; 3]> = colors.rows().into_iter().map(rgb).collect();
            attributes.insert("COLOR_0".into(), json!(chunk.floats("VEC3", &colors)));
        }
        MeshTexture::Corner(colors) => {
            let colors: Vec<[f32; 3]> = colors.rows().into_iter().map(rgb).collect();
            attributes.insert("COLOR_0".into(), json!(chunk.floats("VEC3", &colors)));
        }
        MeshTexture::Surface { side, texels } => {
            let picture = atlas(origin, mesh, *side, texels)?;
            // In a glTF file v runs down.
            let uv: Vec<[f32; 2]> = (0..mesh.triangles().len())
                .flat_map(|f| picture.0.uv(f))
                .map(|[u, v]| [u as f32, (1.0 - v) as f32])
                .collect();
            attributes.insert("TEXCOORD_0".into(), json!(chunk.floats("VEC2", &uv)));
            let view = chunk.view(picture.1);
            root["images"] = json!([{ "bufferView": view, "mimeType": "image/png" }]);
            root["samplers"] = json!([{ "wrapS": 33071, "wrapT": 33071 }]);
            root["textures"] = json!([{ "source": 0, "sampler": 0 }]);
            root["materials"] = json!([{
                "pbrMetallicRoughness":
                    { "baseColorTexture": { "index": 0 }, "metallicFactor": 0.0, "roughnessFactor": 1.0 },
                "doubleSided": true,
            }]);
            primitive["material"] = json!(0);
        }
    }
    Ok(())
}

fn atlas(
    origin: Origin<'_>,
    mesh: &Mesh<f32>,
    side: usize,
    texels: &Array3<f32>,
) -> Result<(Atlas, Vec<u8>)> {
    let faces = mesh.triangles().len();
    let Some(atlas) = Atlas::new(faces, side) else {
        return Err(origin.unsupported(format!("{faces} faces with texels"), "4.1 million faces"));
    };
    let png = picture::png_bytes(origin.0, &atlas.paint(side, &rgb_of(texels)))?;
    Ok((atlas, png))
}

/// Adds joints, weights, inverse bind matrices, and a node for each joint.
fn joints(
    skinned: &SkinnedMesh,
    split: &Split,
    chunk: &mut Chunk,
    attributes: &mut serde_json::Map<String, Value>,
    root: &mut Value,
) {
    let (joints, weights) = (skinned.skin.joints(), skinned.skin.weights());
    for set in 0..weights.ncols().div_ceil(4) {
        let places = move || (4 * set..4 * set + 4).map(move |i| (i < weights.ncols()).then_some(i));
        let rows = || split.from.iter().flat_map(|&v| places().map(move |i| i.map(|i| (v, i))));
        // A weight of 0 must name joint 0.
        let joint = |at: Option<(usize, usize)>| match at {
            Some((v, i)) if weights[[v, i]] > 0.0 => joints[[v, i]] as u16,
            _ => 0,
        };
        let weight = |at: Option<(usize, usize)>| at.map_or(0.0, |(v, i)| weights[[v, i]]);
        let count = split.from.len();
        let index = chunk.array("VEC4", U16, count, rows().map(|at| joint(at).to_le_bytes()));
        attributes.insert(format!("JOINTS_{set}"), json!(index));
        let index = chunk.array("VEC4", F32, count, rows().map(|at| weight(at).to_le_bytes()));
        attributes.insert(format!("WEIGHTS_{set}"), json!(index));
    }
    let columns = |map: &Affine<f32>| -> [f32; 16] {
        let (m, t) = (map.linear.to_array(), map.translation.to_array());
        core::array::from_fn(|i| match (i / 4, i % 4) {
            (3, 3) => 1.0,
            (_, 3) => 0.0,
            (3, row) => t[row],
            (column, row) => m[row][column],
        })
    };
    let bound: Vec<[f32; 16]> = skinned.joints.iter().map(|joint| columns(&joint.inverse_bind)).collect();
    let matrices = chunk.floats("MAT4", &bound);
    // Node 0 is the mesh; joint k is node k + 1.
    let mut nodes = vec![json!({ "mesh": 0, "skin": 0 })];
    let mut roots = vec![0];
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); skinned.joints.len()];
    for (k, joint) in skinned.joints.iter().enumerate() {
        joint.parent.map_or(&mut roots, |p| &mut children[p]).push(k + 1);
    }
    for (joint, below) in skinned.joints.iter().zip(children) {
        let mut node = json!({ "name": joint.name, "matrix": columns(&joint.local) });
        // An empty list is not allowed.
        if !below.is_empty() {
            node["children"] = json!(below);
        }
        nodes.push(node);
    }
    root["nodes"] = Value::Array(nodes);
    root["scenes"] = json!([{ "nodes": roots }]);
    let names: Vec<usize> = (1..=skinned.joints.len()).collect();
    root["skins"] = json!([{ "joints": names, "inverseBindMatrices": matrices }]);
}
