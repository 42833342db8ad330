//! Meshes with a skeleton, as glTF files hold them: [`SkinnedMesh`].

use std::path::Path;

use ndarray::{Array2, Array3};
use softras_core::math::Vec3;
use softras_core::scene::{Affine, Body, BodyParts, BodyPose, Mesh, Skin};

use super::gather::{Gathered, Placing};
use super::nodes::Nodes;
use super::{container, skin, texture};
use crate::body::SkinnedBody;
use crate::error::{Error, Origin, Result};
use crate::mesh::MeshOptions;

/// A joint of a [`SkinnedMesh`].
#[derive(Clone, Debug, PartialEq)]
pub struct Joint {
    /// Its name, or its number.
    pub name: String,
    /// The joint that it follows, which stands before it; `None` for a root.
    pub parent: Option<usize>,
    /// Where it stands against its parent, or in the world.
    pub local: Affine<f32>,
    /// From the mesh to the joint, where it was bound.
    pub inverse_bind: Affine<f32>,
}

/// A mesh, and the joints that its vertices follow: `v' = sum_k weight_k G_k B_k v`, with `G_k = G_parent(k) local_k` and
/// the inverse bind map `B_k`.
#[derive(Clone, Debug, PartialEq)]
pub struct SkinnedMesh {
    /// The mesh as it was bound.
    pub mesh: Mesh<f32>,
    /// Which joints each vertex follows.
    pub skin: Skin<f32>,
    /// The joints, parents first.
    pub joints: Vec<Joint>,
    /// What was left out or changed, one sentence each, for people to read.
    pub warnings: Vec<String>,
}

impl SkinnedMesh {
    /// Returns where each joint stands in the world, `G_k`.
    #[must_use]
    pub fn chain(&self) -> Vec<Affine<f32>> {
        let mut chain: Vec<Affine<f32>> = Vec::with_capacity(self.joints.len());
        for joint in &self.joints {
            let above = joint.parent.and_then(|p| chain.get(p)).copied();
            chain.push(above.map_or(joint.local, |above| above.after(&joint.local)));
        }
        chain
    }

    /// Returns the mesh as its joints stand.
    ///
    /// # Errors
    /// `Argument` if the parts do not fit together, or a vertex is carried beyond all numbers.
    pub fn posed(&self) -> Result<Mesh<f32>> {
        let chain = self.chain();
        let maps: Vec<Affine<f32>> =
            chain.iter().zip(&self.joints).map(|(g, joint)| g.after(&joint.inverse_bind)).collect();
        let mut mesh = self.mesh.clone();
        mesh.set_vertices(self.skin.blend(mesh.vertices(), &maps)?)?;
        Ok(mesh)
    }

    /// Returns the mesh as it was bound as a body without shape coefficients, to be posed by rotations in the axes of
    /// the mesh.
    ///
    /// # Errors
    /// `Argument` if an inverse bind map has no inverse, or the parts do not fit together.
    pub fn body(&self) -> Result<SkinnedBody> {
        let mut places = Vec::with_capacity(self.joints.len());
        for (k, joint) in self.joints.iter().enumerate() {
            let Some(bind) = joint.inverse_bind.inverse() else {
                let name = format!("inverse bind map of joint {k} ({:?})", joint.name);
                let found = format!("{:?}", joint.inverse_bind);
                return Err(softras_core::Error::parameter(name, found, "one with an inverse").into());
            };
            places.push(bind.translation.to_array());
        }
        let vertices = self.mesh.vertices();
        let body = Body::new(BodyParts {
            template: vertices.clone(),
            directions: Array3::zeros((vertices.nrows(), 3, 0)),
            joints: Array2::from_shape_fn((places.len(), 3), |(k, i)| places[k][i]),
            joint_directions: Array3::zeros((places.len(), 3, 0)),
            parents: self.joints.iter().map(|joint| joint.parent).collect(),
            skin: self.skin.clone(),
        })?;
        Ok(SkinnedBody {
            body,
            triangles: self.mesh.triangles().to_vec(),
            joint_names: self.joints.iter().map(|joint| joint.name.clone()).collect(),
            shape_names: Vec::new(),
        })
    }

    /// Returns a body in a pose as a mesh with joints: bound in its shape at rest, standing in the pose.
    ///
    /// # Errors
    /// As [`Body::pose`], for a pose of another body.
    pub fn from_body(read: &SkinnedBody, pose: &BodyPose<f32>) -> Result<Self> {
        let parts = read.body.parts();
        let rest = BodyPose { shape: pose.shape.clone(), ..read.body.rest() };
        let rest = read.body.pose(&rest)?;
        read.body.pose(pose)?;
        let places = rest.joints();
        let joint = |(k, parent): (usize, &Option<usize>)| {
            let start = parent.map_or(-pose.translation, |p| places[p]);
            Joint {
                name: read.joint_names.get(k).cloned().unwrap_or_else(|| format!("joint {k}")),
                parent: *parent,
                local: Affine { linear: pose.rotations[k], translation: places[k] - start },
                inverse_bind: Affine { translation: -places[k], ..Affine::IDENTITY },
            }
        };
        Ok(Self {
            mesh: read.mesh(&rest)?,
            skin: parts.skin.clone(),
            joints: parts.parents.iter().enumerate().map(joint).collect(),
            warnings: Vec::new(),
        })
    }
}

/// Reads the skinned mesh of a `.gltf` or `.glb` file, with what colors it (see [`load_mesh`](crate::load_mesh)).
///
/// # Errors
/// As [`load_mesh`](crate::load_mesh); `Content` for a file with no skin, or with several.
pub fn load_skinned(path: impl AsRef<Path>, options: &MeshOptions) -> Result<SkinnedMesh> {
    let origin = Origin(path.as_ref());
    let asset = container::open(origin)?;
    let nodes = Nodes::read(&asset)?;
    let skinned = |n: &usize| Some((asset.root.nodes[*n].mesh?.value(), asset.root.nodes[*n].skin?.value()));
    let shown: Vec<(usize, usize)> = nodes.drawn.iter().filter_map(skinned).collect();
    let Some(&(_, index)) = shown.first() else {
        return Err(origin.content("no skinned mesh", "one"));
    };
    if let Some((_, other)) = shown.iter().find(|(_, skin)| *skin != index) {
        return Err(origin.content(format!("the skins {index} and {other}"), "one skin"));
    }
    let (order, joints) = joints(&asset, &nodes, index)?;
    let mut gathered = Gathered::default();
    for &(mesh, _) in &shown {
        gathered.mesh(&asset, mesh, &Placing::Bind { joints: joints.len() })?;
    }
    gathered.warn();
    let others = nodes.drawn.iter().filter(|&&n| asset.root.nodes[n].mesh.is_some()).count() - shown.len();
    gathered.draft.warn(others, "meshes follow no joints, and were skipped");
    gathered.draft.warnings.extend(asset.warnings.iter().cloned());
    gathered.draft.check(origin)?;
    let texture = texture(&mut gathered, &asset, options)?;
    let influences = core::mem::take(&mut gathered.influences);
    let loaded = gathered.draft.finish(origin, texture)?;
    let width = influences.iter().map(Vec::len).max().unwrap_or(1);
    let at = |v: usize, i: usize| influences[v].get(i).copied().unwrap_or((0, 0.0));
    let shape = (influences.len(), width);
    let skin = Skin::new(
        Array2::from_shape_fn(shape, |(v, i)| order[at(v, i).0 as usize] as u32),
        Array2::from_shape_fn(shape, |(v, i)| at(v, i).1),
        joints.len(),
    )
    .map_err(|source| Error::Mesh { path: path.as_ref().into(), source })?;
    Ok(SkinnedMesh { mesh: loaded.mesh, skin, joints, warnings: loaded.warnings })
}

/// The joints of the skin `index`, parents first, and the place of each joint of the file among them.
fn joints(asset: &container::Asset<'_>, nodes: &Nodes, index: usize) -> Result<(Vec<usize>, Vec<Joint>)> {
    let (files, bound) = skin(asset, index)?;
    let mut sorted: Vec<usize> = (0..files.len()).collect();
    for &n in &files {
        if !nodes.world.get(n).is_some_and(Option::is_some) {
            let found = format!("joint {n} of the skin {index}");
            return Err(asset.origin.content(found, "a node that exists and is not its own ancestor"));
        }
    }
    sorted.sort_by_cached_key(|&k| nodes.ancestors(files[k]).count());
    let mut order = vec![0; files.len()];
    let mut place_of_node = std::collections::HashMap::new();
    for (place, &k) in sorted.iter().enumerate() {
        order[k] = place;
        if let Some(other) = place_of_node.insert(files[k], place) {
            let found = format!("node {} as the joints {other} and {place} of a skin", files[k]);
            return Err(asset.origin.content(found, "each node once"));
        }
    }
    let mut out = Vec::with_capacity(files.len());
    for &k in &sorted {
        let node = files[k];
        let parent = nodes.ancestors(node).find_map(|n| place_of_node.get(&n).copied().zip(Some(n)));
        let here = nodes.world[node].unwrap_or(Affine::IDENTITY);
        let above = parent.map_or(Some(Affine::IDENTITY), |(_, n)| nodes.world[n]?.inverse());
        let Some(above) = above else {
            let found = format!("a joint above joint {node} that flattens everything");
            return Err(asset.origin.content(found, "a map with an inverse"));
        };
        let name = asset.root.nodes[node].name.clone();
        out.push(Joint {
            name: name.unwrap_or_else(|| format!("joint {}", out.len())),
            parent: parent.map(|(place, _)| place),
            local: narrow(&above.after(&here)),
            inverse_bind: narrow(&bound[k]),
        });
    }
    Ok((order, out))
}

fn narrow(map: &Affine<f64>) -> Affine<f32> {
    let vector = |v: Vec3<f64>| Vec3::from(v.to_array().map(|x| x as f32));
    Affine {
        linear: softras_core::math::Mat3 { rows: map.linear.rows.map(vector) },
        translation: vector(map.translation),
    }
}
