//! A fitted body with its joints, for GLB files: [`skinned_mesh`].

use softras_core::math::{Mat3, Vec3};
use softras_core::scene::{Affine, MeshTexture};
use softras_io::{Joint, SkinnedBody, SkinnedMesh};

use super::state::BodyState;
use crate::error::Result;

/// Returns the body in its shape, bound at rest, its joints as they stand in `state`: `SkinnedMesh::posed` is the body as
/// it stands, and other programs can pose it anew.
///
/// # Errors
/// `Core` if state or texture are not of this body.
pub fn skinned_mesh(body: &SkinnedBody, state: &BodyState, texture: MeshTexture) -> Result<SkinnedMesh> {
    let rest = BodyState { shape: state.shape.clone(), ..BodyState::rest(body) };
    let places = rest.joints(body)?;
    let pose = state.pose();
    let joints = body.body.parts().parents.iter().enumerate().map(|(k, &parent)| {
        let from = match parent {
            Some(p) => places[k] - places[p],
            None => places[k] + Vec3::from(state.translation),
        };
        Joint {
            name: body.joint_names[k].clone(),
            parent,
            local: Affine { linear: pose.rotations[k], translation: from },
            inverse_bind: Affine { linear: Mat3::IDENTITY, translation: -places[k] },
        }
    });
    Ok(SkinnedMesh {
        mesh: rest.mesh(body)?.with_texture(texture)?,
        skin: body.body.parts().skin.clone(),
        joints: joints.collect(),
        warnings: Vec::new(),
    })
}
