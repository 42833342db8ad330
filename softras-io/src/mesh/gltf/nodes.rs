//! The tree of nodes of a glTF scene: where each stands, and what is drawn.

use softras_core::math::{Mat3, Vec3};
use softras_core::scene::Affine;

use super::container::Asset;
use crate::error::Result;

/// Where every node stands in the world.
pub(super) struct Nodes {
    /// `None` for nodes that are their own ancestors.
    pub(super) world: Vec<Option<Affine<f64>>>,
    pub(super) parents: Vec<Option<usize>>,
    /// The nodes of the scene that is shown, parents first.
    pub(super) drawn: Vec<usize>,
}

impl Nodes {
    /// Reads the nodes, of which each must have one parent at most.
    pub(super) fn read(asset: &Asset<'_>) -> Result<Self> {
        let origin = asset.origin;
        let count = asset.root.nodes.len();
        let mut parents = vec![None; count];
        for n in 0..count {
            for child in children(asset, n) {
                let Some(place) = parents.get_mut(child) else {
                    let found = format!("node {n} with the child {child}");
                    return Err(origin.content(found, format!("one of the {count} nodes")));
                };
                if let Some(other) = place.replace(n) {
                    let found = format!("node {child} as a child of both {other} and {n}");
                    return Err(origin.content(found, "a tree"));
                }
            }
        }
        let mut world = vec![None; count];
        let mut stack: Vec<usize> = (0..count).filter(|&n| parents[n].is_none()).collect();
        while let Some(n) = stack.pop() {
            let local = local(asset, n)?;
            let above = parents[n].and_then(|p: usize| world[p]).unwrap_or(Affine::IDENTITY);
            let here = above.after(&local);
            if !here.is_finite() {
                return Err(origin.content(format!("node {n} at {here:?}"), "finite numbers"));
            }
            world[n] = Some(here);
            stack.extend(children(asset, n));
        }
        let drawn = drawn(asset, &world)?;
        Ok(Self { world, parents, drawn })
    }

    /// The ancestors of node `n`, nearest first; `n` must stand in the world.
    pub(super) fn ancestors(&self, n: usize) -> impl Iterator<Item = usize> + '_ {
        core::iter::successors(self.parents[n], |&p| self.parents[p])
    }
}

fn children(asset: &Asset<'_>, n: usize) -> impl Iterator<Item = usize> {
    asset.root.nodes[n].children.iter().flatten().map(|child| child.value())
}

/// The nodes below the roots of the scene to show, or all if there is no scene.
fn drawn(asset: &Asset<'_>, world: &[Option<Affine<f64>>]) -> Result<Vec<usize>> {
    let scenes = &asset.root.scenes;
    let index = asset.root.scene.map_or(0, |s| s.value());
    let Some(scene) = scenes.get(index) else {
        if scenes.is_empty() && asset.root.scene.is_none() {
            return Ok((0..world.len()).filter(|&n| world[n].is_some()).collect());
        }
        let expected = format!("one of the {} scenes", scenes.len());
        return Err(asset.origin.content(format!("the scene {index}"), expected));
    };
    let mut stack: Vec<usize> = scene.nodes.iter().rev().map(|n| n.value()).collect();
    let (mut out, mut seen) = (Vec::new(), vec![false; world.len()]);
    while let Some(n) = stack.pop() {
        if !world.get(n).is_some_and(Option::is_some) {
            let found = format!("the scene {index} with node {n}");
            return Err(asset.origin.content(found, "a node that exists and is not its own ancestor"));
        }
        if !core::mem::replace(&mut seen[n], true) {
            out.push(n);
            let below: Vec<usize> = children(asset, n).collect();
            stack.extend(below.into_iter().rev());
        }
    }
    Ok(out)
}

/// The node's own map: a matrix by columns, or translation, rotation (a quaternion) and scale.
fn local(asset: &Asset<'_>, n: usize) -> Result<Affine<f64>> {
    let node = &asset.root.nodes[n];
    if let Some(m) = &node.matrix {
        return Ok(from_columns(&m.map(f64::from)));
    }
    let [x, y, z, w] = node.rotation.map_or([0.0, 0.0, 0.0, 1.0], |q| q.0.map(f64::from));
    let norm = (x * x + y * y + z * z + w * w).sqrt();
    if !(norm > 1e-6 && norm.is_finite()) {
        let found = format!("node {n} with the rotation {:?}", [x, y, z, w]);
        return Err(asset.origin.content(found, "a quaternion of length 1"));
    }
    let [x, y, z, w] = [x, y, z, w].map(|q| q / norm);
    let rotation = [
        [1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y - z * w), 2.0 * (x * z + y * w)],
        [2.0 * (x * y + z * w), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z - x * w)],
        [2.0 * (x * z - y * w), 2.0 * (y * z + x * w), 1.0 - 2.0 * (x * x + y * y)],
    ];
    let scale = node.scale.unwrap_or([1.0; 3]).map(f64::from);
    let linear = Mat3::from(rotation.map(|row| [row[0] * scale[0], row[1] * scale[1], row[2] * scale[2]]));
    let translation = Vec3::from(node.translation.unwrap_or_default().map(f64::from));
    Ok(Affine { linear, translation })
}

/// The map of a 4 x 4 matrix by columns; its last row is 0 0 0 1 in every sound file, and not read.
pub(super) fn from_columns(m: &[f64; 16]) -> Affine<f64> {
    let row = |i: usize| Vec3::new(m[i], m[4 + i], m[8 + i]);
    Affine { linear: Mat3 { rows: [row(0), row(1), row(2)] }, translation: Vec3::new(m[12], m[13], m[14]) }
}
