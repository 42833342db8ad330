//! glTF 2.0 in and out: `.gltf` with its buffers and pictures, `.glb`, skins and the colors of vertices.

mod accessor;
mod container;
mod gather;
mod linear;
mod nodes;
mod out;
mod skinned;

use std::collections::HashMap;

use gltf_json::accessor::Type;
use ndarray::{Array2, Array3};
use softras_core::scene::{Affine, MeshTexture};

use self::container::{Asset, resource};
use self::gather::{Gathered, Placing};
use self::linear::{light, shown};
use self::nodes::{Nodes, from_columns};
use super::draft::face_texture;
use super::surface::{Coat, surface};
use super::{Loaded, MeshOptions};
use crate::error::{Origin, Result};
use crate::picture;

pub use out::{save_glb, save_skinned_glb};
pub use skinned::{Joint, SkinnedMesh, load_skinned};

/// Reads a `.gltf` or `.glb` file: every mesh of its scene, as it stands there, as one mesh.
pub(super) fn load(origin: Origin<'_>, options: &MeshOptions) -> Result<Loaded> {
    let mut asset = container::open(origin)?;
    let nodes = Nodes::read(&asset)?;
    let mut gathered = Gathered::default();
    for &n in &nodes.drawn {
        let Some(mesh) = asset.root.nodes[n].mesh else { continue };
        match asset.root.nodes[n].skin {
            None => {
                let place = nodes.world[n].unwrap_or(Affine::IDENTITY);
                gathered.mesh(&asset, mesh.value(), &Placing::Node(&place))?;
            }
            Some(skin) => {
                let maps = joint_maps(&asset, &nodes, skin.value())?;
                gathered.mesh(&asset, mesh.value(), &Placing::Joints(&maps))?;
            }
        }
    }
    gathered.warn();
    gathered.draft.warnings.append(&mut asset.warnings);
    gathered.draft.check(origin)?;
    let texture = texture(&mut gathered, &asset, options)?;
    gathered.draft.finish(origin, texture)
}

/// The map of each joint of the skin `index`: where it stands, after the inverse of where it was bound.
fn joint_maps(asset: &Asset<'_>, nodes: &Nodes, index: usize) -> Result<Vec<Affine<f64>>> {
    let (joints, bound) = skin(asset, index)?;
    joints
        .iter()
        .zip(&bound)
        .map(|(&n, inverse_bind)| match nodes.world.get(n).copied().flatten() {
            Some(world) => Ok(world.after(inverse_bind)),
            None => {
                let found = format!("joint {n} of the skin {index}");
                Err(asset.origin.content(found, "a node that exists and is not its own ancestor"))
            }
        })
        .collect()
}

/// The nodes of the joints of the skin `index`, and their inverse bind maps.
fn skin(asset: &Asset<'_>, index: usize) -> Result<(Vec<usize>, Vec<Affine<f64>>)> {
    let Some(skin) = asset.root.skins.get(index) else {
        let expected = format!("one of the {} skins", asset.root.skins.len());
        return Err(asset.origin.content(format!("the skin {index}"), expected));
    };
    let joints: Vec<usize> = skin.joints.iter().map(|n| n.value()).collect();
    let Some(matrices) = skin.inverse_bind_matrices else {
        return Ok((joints.clone(), vec![Affine::IDENTITY; joints.len()]));
    };
    let matrices = asset.numbers(matrices.value(), "inverse bind matrices", &[Type::Mat4])?;
    if matrices.count() < joints.len() {
        let found = format!("{} inverse bind matrices for {} joints", matrices.count(), joints.len());
        return Err(asset.origin.content(found, "one for each"));
    }
    let one = |m: &[f64]| from_columns(&core::array::from_fn(|i| m[i]));
    let bound = matrices.values.chunks_exact(16).take(joints.len()).map(one).collect();
    Ok((joints, bound))
}

/// What colors the mesh: pictures, else colors of vertices, else materials.
fn texture(gathered: &mut Gathered, asset: &Asset<'_>, options: &MeshOptions) -> Result<MeshTexture<f32>> {
    let pictures = pictures(gathered, asset);
    let seen = |tint: &[f32; 3]| tint.map(shown);
    let pictured = |coat: &gather::Look| coat.picture.is_some_and(|(image, _)| pictures.contains_key(&image));
    if gathered.looks.iter().any(pictured) {
        let coats: Vec<Coat<'_>> = gathered
            .looks
            .iter()
            .map(|look| Coat {
                picture: look.picture.and_then(|(image, uv)| Some((pictures.get(&image)?, uv))),
                tint: look.tint,
            })
            .collect();
        // Pictures hold what a screen shows; the product is one of light.
        return surface(asset.origin, options, &coats, |picture, tint| {
            let white = tint.map(f32::to_bits) == [1.0_f32.to_bits(); 3];
            match picture {
                Some(color) if white => color,
                Some(color) => [0, 1, 2].map(|k| shown(light(color[k]) * tint[k])),
                None => tint.map(shown),
            }
        });
    }
    let looks = &gathered.looks;
    Ok(if gathered.colored && !gathered.jumps {
        let tints = &gathered.tints;
        MeshTexture::Vertex(Array2::from_shape_fn((tints.len(), 3), |(v, k)| shown(tints[v][k])))
    } else if gathered.colored {
        MeshTexture::Corner(Array3::from_shape_fn((looks.len(), 3, 3), |(f, c, k)| {
            shown(looks[f].tint[c][k])
        }))
    } else if gathered.has_material {
        face_texture(&looks.iter().map(|look| seen(&look.tint[0])).collect::<Vec<_>>())
    } else {
        MeshTexture::None
    })
}

/// Reads the pictures that triangles name, by image. What cannot be read becomes a warning.
fn pictures(gathered: &mut Gathered, asset: &Asset<'_>) -> HashMap<usize, Array3<f32>> {
    let mut named: Vec<usize> = gathered.looks.iter().filter_map(|look| Some(look.picture?.0)).collect();
    named.sort_unstable();
    named.dedup();
    let mut read = HashMap::new();
    for image in named {
        match picture(asset, image) {
            Ok(pixels) => {
                read.insert(image, pixels);
            }
            Err(e) => gathered.draft.warnings.push(format!("a texture is left out: {e}")),
        }
    }
    read
}

fn picture(asset: &Asset<'_>, index: usize) -> Result<Array3<f32>> {
    let name = format!("the image {index}");
    let Some(image) = asset.root.images.get(index) else {
        return Err(asset.origin.content(name, format!("one of the {} images", asset.root.images.len())));
    };
    let fetched;
    let bytes = match (&image.buffer_view, &image.uri) {
        (Some(view), _) => asset.view(&name, view.value())?.0,
        (None, Some(uri)) => {
            fetched = resource(asset.origin, uri)?;
            &fetched
        }
        (None, None) => return Err(asset.origin.content(format!("{name} without bytes"), "a view or a uri")),
    };
    Ok(picture::rgba(&picture::decode_bytes(asset.origin.0, bytes, None)?))
}
