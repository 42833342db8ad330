//! How a body stands, in the numbers that are fitted: [`BodyState`].

use serde::{Deserialize, Serialize};
use softras_core::math::Vec3;
use softras_core::scene::{BodyPose, Mesh};
use softras_io::SkinnedBody;

use crate::error::{Error, Result};

/// How a body stands, in the numbers that are fitted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BodyState {
    /// The shape coefficients, `[S]`.
    pub shape: Vec<f32>,
    /// The rotation vector of each joint, in the axes of the world, radians, `[J]`.
    pub turns: Vec<[f32; 3]>,
    /// Where the whole body moves.
    pub translation: [f32; 3],
}

impl BodyState {
    /// The body at rest.
    #[must_use]
    pub fn rest(body: &SkinnedBody) -> Self {
        let turns = vec![[0.0; 3]; body.body.joint_count()];
        Self { shape: vec![0.0; body.body.shape_count()], turns, translation: [0.0; 3] }
    }

    /// The body at rest, with some joints turned.
    ///
    /// # Errors
    /// `Setting` if the body has no joint of that name.
    pub fn turned<'n>(
        body: &SkinnedBody,
        turns: impl IntoIterator<Item = (&'n str, [f32; 3])>,
    ) -> Result<Self> {
        let mut state = Self::rest(body);
        for (name, turn) in turns {
            state.turns[joint(body, name)?] = turn;
        }
        Ok(state)
    }

    /// The rotation vectors, `[J]`.
    #[must_use]
    pub fn vectors(&self) -> Vec<Vec3> {
        self.turns.iter().map(|&w| Vec3::from(w)).collect()
    }

    /// The pose of the body.
    #[must_use]
    pub fn pose(&self) -> BodyPose<f32> {
        BodyPose::from_turns(self.shape.clone(), &self.vectors(), Vec3::from(self.translation))
    }

    /// The body as it stands, without color.
    ///
    /// # Errors
    /// `Core` if the state is not of this body.
    pub fn mesh(&self, body: &SkinnedBody) -> Result<Mesh> {
        Ok(body.mesh(&body.body.pose(&self.pose())?)?)
    }

    /// Where the joints are, `[J]`.
    ///
    /// # Errors
    /// `Core` if the state is not of this body.
    pub fn joints(&self, body: &SkinnedBody) -> Result<Vec<Vec3>> {
        Ok(body.body.pose(&self.pose())?.joints())
    }
}

/// The number of the joint `name`.
///
/// # Errors
/// `Setting` if there is none.
pub fn joint(body: &SkinnedBody, name: &str) -> Result<usize> {
    let found = body.joint_names.iter().position(|n| n == name);
    found.ok_or_else(|| Error::setting("joint", format!("{name:?}"), body.joint_names.join(", ")))
}
