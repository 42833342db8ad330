//! From the primitives of a glTF scene to one mesh: vertices at one place become one, triangles keep their looks.
//!
//! A glTF file splits vertices wherever a normal or a texture coordinate jumps. Losses on vertices need the surface as it
//! is, so that what lies at the same place, and follows the same joints, is joined again.

use std::collections::HashMap;

use gltf_json::accessor::Type;
use gltf_json::mesh::{Mode, Primitive, Semantic};
use gltf_json::validation::Checked;
use softras_core::math::Vec3;
use softras_core::scene::Affine;

use super::accessor::Numbers;
use super::container::Asset;
use crate::error::Result;
use crate::mesh::bake::FaceUv;
use crate::mesh::draft::Draft;

/// Most triangles of a scene: nodes may show one mesh over and over.
const MOST_TRIANGLES: usize = 1 << 26;

/// The joints of a vertex and their weights, in the order of the skin's joints.
pub(super) type Influences = Vec<(u32, f32)>;

/// What a triangle looks like.
pub(super) struct Look {
    /// The material's picture as an index of an image, and where the corners lie in it, v upwards.
    pub(super) picture: Option<(usize, FaceUv)>,
    /// Light at the corners: the material's factor, times the colors of the vertices.
    pub(super) tint: [[f32; 3]; 3],
}

/// How positions come from a file.
pub(super) enum Placing<'a> {
    /// As the node stands.
    Node(&'a Affine<f64>),
    /// As the joints stand: the map of each.
    Joints(&'a [Affine<f64>]),
    /// As written, with the influences of `joints` joints kept.
    Bind {
        /// The number of joints.
        joints: usize,
    },
}

/// What has been gathered so far.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) draft: Draft,
    pub(super) looks: Vec<Look>,
    /// Light at the vertices, `[V]`; of no meaning unless `colored`.
    pub(super) tints: Vec<[f32; 3]>,
    /// What each vertex follows, `[V]`; empty unless placed by [`Placing::Bind`].
    pub(super) influences: Vec<Influences>,
    /// Some vertices have colors.
    pub(super) colored: bool,
    /// Vertices at one place differ in color.
    pub(super) jumps: bool,
    /// Some triangles have a material.
    pub(super) has_material: bool,
    known: HashMap<[u32; 3], Vec<u32>>,
    other_modes: usize,
    loose_ends: usize,
    transparent: usize,
    morphed: usize,
}

/// What a primitive says of its vertices.
struct Source {
    positions: Vec<[f32; 3]>,
    uvs: Option<Vec<[f32; 2]>>,
    colors: Option<Vec<[f32; 3]>>,
    influences: Option<Vec<Influences>>,
}

/// A color factor, and the picture that it tints with its set of texture coordinates.
type Paint = ([f32; 3], Option<(usize, u32)>);

impl Gathered {
    /// Adds all primitives of the mesh `index`.
    pub(super) fn mesh(&mut self, asset: &Asset<'_>, index: usize, placing: &Placing<'_>) -> Result<()> {
        let Some(mesh) = asset.root.meshes.get(index) else {
            let expected = format!("one of the {} meshes", asset.root.meshes.len());
            return Err(asset.origin.content(format!("the mesh {index}"), expected));
        };
        for primitive in &mesh.primitives {
            self.primitive(asset, primitive, placing)?;
        }
        Ok(())
    }

    /// Moves what people should know to the draft.
    pub(super) fn warn(&mut self) {
        let draft = &mut self.draft;
        draft.warn(self.other_modes, "primitives of points or lines were skipped");
        draft.warn(self.loose_ends, "indices that make no whole triangle were skipped");
        draft.warn(self.transparent, "primitives are see-through: they are read as opaque");
        draft.warn(self.morphed, "primitives have morph targets, which are not read");
    }

    fn primitive(&mut self, asset: &Asset<'_>, primitive: &Primitive, placing: &Placing<'_>) -> Result<()> {
        let Checked::Valid(mode) = primitive.mode else {
            return Err(asset.origin.content("a primitive of an unknown mode", "points, lines or triangles"));
        };
        let position = attribute(primitive, Semantic::Positions);
        let (Mode::Triangles | Mode::TriangleStrip | Mode::TriangleFan, Some(position)) = (mode, position)
        else {
            self.other_modes += 1;
            return Ok(());
        };
        let (factor, picture) = self.material(asset, primitive)?;
        let source = Source {
            positions: asset.numbers(position, "positions", &[Type::Vec3])?.rows().collect(),
            uvs: match &picture {
                Some((_, set)) => uvs(asset, primitive, *set)?,
                None => None,
            },
            colors: colors(asset, primitive)?,
            influences: match placing {
                Placing::Node(_) => None,
                Placing::Joints(maps) => Some(influences(asset, primitive, maps.len())?),
                Placing::Bind { joints } => Some(influences(asset, primitive, *joints)?),
            },
        };
        source.check(asset)?;
        let indices = match primitive.indices {
            None => (0..source.positions.len() as u32).collect(),
            Some(index) => indices(asset, index.value(), source.positions.len())?,
        };
        let (mut triangles, loose) = triangles(mode, &indices);
        self.loose_ends += loose;
        self.morphed += usize::from(primitive.targets.as_ref().is_some_and(|t| !t.is_empty()));
        if self.draft.triangles.len() + triangles.len() > MOST_TRIANGLES {
            return Err(asset.origin.unsupported("a larger scene", format!("{MOST_TRIANGLES} triangles")));
        }
        if let Placing::Node(map) = placing
            && map.linear.determinant() < 0.0
        {
            triangles.iter_mut().for_each(|t| t.swap(1, 2));
        }

        let tint = |v: usize| {
            let color = source.colors.as_ref().map_or([1.0; 3], |colors| colors[v]);
            [0, 1, 2].map(|k| factor[k] * color[k])
        };
        let own: Vec<u32> = (0..source.positions.len())
            .map(|v| {
                let place = placed(asset, &source, v, placing)?;
                let kept = matches!(placing, Placing::Bind { .. }).then(|| source.influences_of(v));
                self.vertex(asset, place, kept, tint(v))
            })
            .collect::<Result<_>>()?;
        self.colored |= source.colors.is_some();
        for triangle in triangles {
            let corners = triangle.map(|v| v as usize);
            self.draft.triangles.push(corners.map(|v| own[v]));
            let picture = picture.zip(source.uvs.as_ref());
            self.looks.push(Look {
                // In a glTF file v runs down.
                picture: picture
                    .map(|((image, _), uvs)| (image, corners.map(|v| [uvs[v][0], 1.0 - uvs[v][1]]))),
                tint: corners.map(tint),
            });
        }
        Ok(())
    }

    /// The factor of the primitive's material, and its picture with the set of texture coordinates.
    fn material(&mut self, asset: &Asset<'_>, primitive: &Primitive) -> Result<Paint> {
        let Some(index) = primitive.material else { return Ok(([1.0; 3], None)) };
        let Some(material) = asset.root.materials.get(index.value()) else {
            let expected = format!("one of the {} materials", asset.root.materials.len());
            return Err(asset.origin.content(format!("the material {}", index.value()), expected));
        };
        self.has_material = true;
        let opaque = Checked::Valid(gltf_json::material::AlphaMode::Opaque);
        self.transparent += usize::from(material.alpha_mode != opaque);
        let surface = &material.pbr_metallic_roughness;
        let [r, g, b, _] = surface.base_color_factor.0;
        if ![r, g, b].iter().all(|x| x.is_finite()) {
            return Err(asset.origin.content(format!("the color {:?}", [r, g, b]), "finite numbers"));
        }
        let picture: Option<Result<(usize, u32)>> = surface.base_color_texture.as_ref().map(|info| {
            let texture = asset.root.textures.get(info.index.value()).ok_or_else(|| {
                let expected = format!("one of the {} textures", asset.root.textures.len());
                asset.origin.content(format!("the texture {}", info.index.value()), expected)
            })?;
            Ok((texture.source.value(), info.tex_coord))
        });
        Ok(([r, g, b], picture.transpose()?))
    }

    /// Returns the vertex at `place`, a new one if there is none with the same influences.
    fn vertex(
        &mut self,
        asset: &Asset<'_>,
        place: [f32; 3],
        influences: Option<&Influences>,
        tint: [f32; 3],
    ) -> Result<u32> {
        // Adding zero makes -0 into 0, which is the same place.
        let candidates = self.known.entry(place.map(|x| (x + 0.0).to_bits())).or_default();
        for &v in candidates.iter() {
            if influences.is_none_or(|i| *i == self.influences[v as usize]) {
                self.jumps |= self.tints[v as usize].map(f32::to_bits) != tint.map(f32::to_bits);
                return Ok(v);
            }
        }
        let v = u32::try_from(self.draft.vertices.len())
            .map_err(|_| asset.origin.unsupported("a larger scene", "2^32 - 1 vertices"))?;
        candidates.push(v);
        self.draft.vertices.push(place);
        self.tints.push(tint);
        self.influences.extend(influences.cloned());
        Ok(v)
    }
}

impl Source {
    /// Checks that there is one of everything for each position.
    fn check(&self, asset: &Asset<'_>) -> Result<()> {
        let count = self.positions.len();
        for (name, found) in [
            ("texture coordinates", self.uvs.as_ref().map(Vec::len)),
            ("colors", self.colors.as_ref().map(Vec::len)),
            ("joints and weights", self.influences.as_ref().map(Vec::len)),
        ] {
            if let Some(found) = found.filter(|&found| found < count) {
                let found = format!("{found} {name} for {count} positions");
                return Err(asset.origin.content(found, "one for each"));
            }
        }
        Ok(())
    }

    fn influences_of(&self, v: usize) -> &Influences {
        const NONE: &Influences = &Vec::new();
        self.influences.as_ref().map_or(NONE, |all| &all[v])
    }
}

fn attribute(primitive: &Primitive, semantic: Semantic) -> Option<usize> {
    primitive.attributes.get(&Checked::Valid(semantic)).map(|index| index.value())
}

fn uvs(asset: &Asset<'_>, primitive: &Primitive, set: u32) -> Result<Option<Vec<[f32; 2]>>> {
    let Some(index) = attribute(primitive, Semantic::TexCoords(set)) else { return Ok(None) };
    Ok(Some(asset.numbers(index, "texture coordinates", &[Type::Vec2])?.rows().collect()))
}

fn colors(asset: &Asset<'_>, primitive: &Primitive) -> Result<Option<Vec<[f32; 3]>>> {
    let Some(index) = attribute(primitive, Semantic::Colors(0)) else { return Ok(None) };
    Ok(Some(asset.numbers(index, "colors", &[Type::Vec3, Type::Vec4])?.rows().collect()))
}

fn indices(asset: &Asset<'_>, index: usize, vertices: usize) -> Result<Vec<u32>> {
    let Numbers { values, .. } = asset.numbers(index, "indices", &[Type::Scalar])?;
    let one = |(i, &x): (usize, &f64)| {
        let whole = x >= 0.0 && x < vertices as f64 && x.fract() == 0.0;
        whole.then_some(x as u32).ok_or_else(|| {
            let found = format!("vertex {x} at place {i} of accessor {index} (indices)");
            asset.origin.content(found, format!("one of the {vertices} vertices of the primitive"))
        })
    };
    values.iter().enumerate().map(one).collect()
}

/// The joints and weights of each vertex, over all sets; weights that do not sum to 1 are scaled.
fn influences(asset: &Asset<'_>, primitive: &Primitive, joint_count: usize) -> Result<Vec<Influences>> {
    let mut out: Vec<Influences> = Vec::new();
    for set in 0.. {
        let joints = attribute(primitive, Semantic::Joints(set));
        let weights = attribute(primitive, Semantic::Weights(set));
        let (Some(joints), Some(weights)) = (joints, weights) else { break };
        let joints = asset.numbers(joints, "joints", &[Type::Vec4])?;
        let weights = asset.numbers(weights, "weights", &[Type::Vec4])?;
        if joints.count() != weights.count() || (set > 0 && joints.count() != out.len()) {
            let found = format!("{} joints and {} weights", joints.count(), weights.count());
            return Err(asset.origin.content(found, "as many of each"));
        }
        out.resize(joints.count(), Vec::new());
        let both = joints.values.chunks_exact(4).zip(weights.values.chunks_exact(4));
        for (v, (joints, weights)) in both.enumerate() {
            for (&joint, &weight) in joints.iter().zip(weights) {
                if weight < 0.0 {
                    return Err(asset.origin.content(format!("the weight {weight}"), "at least 0"));
                }
                if weight > 0.0 {
                    if joint.is_nan() || joint >= joint_count as f64 {
                        let expected = format!("one of the {joint_count} joints of the skin");
                        return Err(asset.origin.content(format!("joint {joint} of vertex {v}"), expected));
                    }
                    out[v].push((joint as u32, weight as f32));
                }
            }
        }
    }
    for (v, row) in out.iter_mut().enumerate() {
        let sum: f64 = row.iter().map(|(_, w)| f64::from(*w)).sum();
        if sum <= 0.0 {
            return Err(asset
                .origin
                .content(format!("vertex {v} that follows no joint"), "a weight above 0"));
        }
        row.iter_mut().for_each(|(_, w)| *w = (f64::from(*w) / sum) as f32);
    }
    Ok(out)
}

/// Where vertex `v` stands.
fn placed(asset: &Asset<'_>, source: &Source, v: usize, placing: &Placing<'_>) -> Result<[f32; 3]> {
    let written = Vec3::from(source.positions[v].map(f64::from));
    let place = match placing {
        Placing::Bind { .. } => return Ok(source.positions[v]),
        Placing::Node(map) => map.apply(written),
        Placing::Joints(maps) => {
            let mut sum = Vec3::ZERO;
            for &(joint, weight) in source.influences_of(v) {
                sum += maps[joint as usize].apply(written).scale(f64::from(weight));
            }
            sum
        }
    };
    let place = place.to_array().map(|x| x as f32);
    if place.iter().all(|x| x.is_finite()) {
        Ok(place)
    } else {
        Err(asset.origin.content(format!("a vertex at {place:?}"), "finite numbers"))
    }
}

/// The triangles of a list, strip or fan, and the number of indices that make none. Strips turn over at every other
/// triangle; those that only turn a corner in a strip are left out.
fn triangles(mode: Mode, indices: &[u32]) -> (Vec<[u32; 3]>, usize) {
    let whole = |t: &[u32; 3]| t[0] != t[1] && t[1] != t[2] && t[2] != t[0];
    let loose = if indices.len() < 3 { indices.len() } else { 0 };
    match mode {
        Mode::TriangleStrip => {
            let one =
                |(i, w): (usize, &[u32])| if i % 2 == 0 { [w[0], w[1], w[2]] } else { [w[1], w[0], w[2]] };
            (indices.windows(3).enumerate().map(one).filter(whole).collect(), loose)
        }
        Mode::TriangleFan => match indices {
            [first, rest @ ..] => (rest.windows(2).map(|w| [*first, w[0], w[1]]).collect(), loose),
            [] => (Vec::new(), 0),
        },
        _ => (indices.chunks_exact(3).map(|t| [t[0], t[1], t[2]]).collect(), indices.len() % 3),
    }
}
