//! Fitting the pose of a skinned body to silhouettes and part colors: [`BodyFit`].

use ndarray::Array2;
use serde::{Deserialize, Serialize};
use softras_core::Image;
use softras_core::math::Vec3;
use softras_core::raster::{DynRasterizer, DynSaved, Gradients, Wanted};
use softras_core::scene::{BodyPose, Mesh, MeshTexture, project_views};
use softras_io::SkinnedBody;

use crate::adam::{Adam, AdamSettings};
use crate::error::{Error, Result};
use crate::pose::{Goal, PoseSettings};
use crate::targets::Targets;

/// How a body stands, in the numbers that are fitted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BodyState {
    /// The shape coefficients.
    pub shape: Vec<f32>,
    /// The rotation vector of each joint, in the axes of the world.
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

    /// At rest, with some joints turned.
    ///
    /// # Errors
    /// `Setting` if the body has no joint of that name.
    pub fn turned(body: &SkinnedBody, turns: &[(&str, [f32; 3])]) -> Result<Self> {
        let mut state = Self::rest(body);
        for (name, turn) in turns {
            state.turns[joint(body, name)?] = *turn;
        }
        Ok(state)
    }

    fn vectors(&self) -> Vec<Vec3> {
        self.turns.iter().map(|&w| Vec3::from(w)).collect()
    }

    /// The pose of the body.
    #[must_use]
    pub fn pose(&self) -> BodyPose<f32> {
        BodyPose::from_turns(self.shape.clone(), &self.vectors(), Vec3::from(self.translation))
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

/// Returns a color for each vertex, `[V, 3]`: that of the joint it follows most, all joints different.
#[must_use]
pub fn part_colors(body: &SkinnedBody) -> Array2<f32> {
    let skin = &body.body.parts().skin;
    let (joints, weights) = (skin.joints(), skin.weights());
    let main = |v: usize| {
        let row = weights.row(v);
        let best = (1..row.len()).fold(0, |best, k| if row[k] > row[best] { k } else { best });
        joints[[v, best]] as usize
    };
    Array2::from_shape_fn((joints.nrows(), 3), |(v, c)| joint_color(main(v))[c])
}

/// Hues a golden angle apart, in three lightnesses.
fn joint_color(joint: usize) -> [f32; 3] {
    let hue = (joint as f64 * 0.618_033_988_75).fract() * 6.0;
    let light = [1.0, 0.75, 0.55][joint % 3];
    [0.0, 4.0, 2.0].map(|at| {
        let ramp = ((hue + at) % 6.0 - 3.0).abs() - 1.0;
        (light * ramp.clamp(0.05, 1.0)) as f32
    })
}

/// What is fitted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Joints {
    /// All.
    #[default]
    All,
    /// Those of these names.
    Named(Vec<String>),
}

/// Everything that decides the bits of a body fit, besides body, pictures, cameras and start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BodySettings {
    /// How pictures are drawn and compared; its freedom, its rates and its memory are not used.
    pub picture: PoseSettings,
    /// Which joints turn.
    pub joints: Joints,
    /// Squared rotation vectors, summed: what keeps joints at rest that no picture shows.
    pub rest: f64,
    /// How the optimiser averages.
    pub adam: AdamSettings,
}

impl Default for BodySettings {
    fn default() -> Self {
        Self {
            picture: PoseSettings::default(),
            joints: Joints::All,
            rest: 1e-3,
            adam: AdamSettings { beta1: 0.9, beta2: 0.99, eps: 1e-12 },
        }
    }
}

/// A fit of a body under way.
pub struct BodyFit<'d> {
    device: &'d dyn DynRasterizer,
    body: &'d SkinnedBody,
    settings: BodySettings,
    targets: Targets,
    texture: MeshTexture,
    state: BodyState,
    free: Vec<usize>,
    adam: Adam,
    history: Vec<f64>,
    image: Image,
    saved: DynSaved,
    gradients: Gradients,
}

impl<'d> BodyFit<'d> {
    /// Starts at `start`, in the colors `colors [V, 3]`.
    ///
    /// # Errors
    /// `Setting` names what is out of range; `Core` if start or colors are not of this body.
    pub fn new(
        device: &'d dyn DynRasterizer,
        body: &'d SkinnedBody,
        colors: Array2<f32>,
        targets: Targets,
        start: BodyState,
        mut settings: BodySettings,
    ) -> Result<Self> {
        if targets.color().is_none() {
            settings.picture.loss.color = 0.0;
        }
        settings.picture.check()?;
        settings.adam.check()?;
        if !(settings.rest.is_finite() && settings.rest >= 0.0) {
            return Err(Error::setting("rest", settings.rest, "a finite number, at least 0"));
        }
        let free = match &settings.joints {
            Joints::All => (0..body.body.joint_count()).collect(),
            Joints::Named(names) => names.iter().map(|n| joint(body, n)).collect::<Result<Vec<_>>>()?,
        };
        let texture = match settings.picture.loss.color > 0.0 {
            true => MeshTexture::Vertex(colors),
            false => MeshTexture::None,
        };
        let fit = Self {
            device,
            body,
            adam: Adam::new(settings.adam, 3 * free.len()),
            settings,
            targets,
            texture,
            state: start,
            free,
            history: Vec::new(),
            image: Image::default(),
            saved: DynSaved::default(),
            gradients: Gradients::default(),
        };
        fit.mesh()?;
        Ok(fit)
    }

    /// Takes one step, and returns the loss before it.
    ///
    /// # Errors
    /// `Diverged` if the loss or the gradient is not finite; `Core` if the back end fails.
    pub fn step(&mut self) -> Result<f64> {
        let step = self.history.len();
        let picture = &self.settings.picture;
        let posed = self.body.body.pose(&self.state.pose())?;
        let mesh = self.body.mesh(&posed)?.with_texture(self.texture.clone())?;
        let (faces, view) = project_views(&mesh, self.targets.cameras())?;
        let (width, height) = self.targets.size();
        let depths = crate::pose::depths(&mesh, self.targets.cameras())?;
        let params = picture.raster(step, (width, height), depths);
        self.device.forward_into(&faces.into(), &params, &mut self.image, &mut self.saved)?;
        let blur = picture.blur.value(step, picture.steps) * height as f64 / 2.0;
        let goal = Goal::new(self.targets.silhouette(), self.targets.color(), blur);
        let (losses, grad) = goal.losses(&self.image, picture.loss);
        self.device.backward_into(&self.saved, &grad, Wanted::CORNERS, &mut self.gradients)?;
        let grad = view.vjp(&self.gradients);
        let turns = self.state.vectors();
        let grad = posed.vjp(&grad.vertices, None)?.pose.turns_vjp(&turns);

        let mut loss = losses.iter().sum::<f64>();
        let (mut values, mut slopes) = (Vec::new(), Vec::new());
        for &j in &self.free {
            for (w, g) in turns[j].to_array().into_iter().zip(grad[j].to_array()) {
                loss += self.settings.rest * f64::from(w).powi(2);
                values.push(w);
                slopes.push(g + (2.0 * self.settings.rest * f64::from(w)) as f32);
            }
        }
        if !(loss.is_finite() && slopes.iter().all(|g| g.is_finite())) {
            return Err(Error::Diverged { step, loss });
        }
        self.adam.step(picture.lr.value(step, picture.steps), &mut values, &slopes);
        for (&j, turn) in self.free.iter().zip(values.chunks_exact(3)) {
            self.state.turns[j].copy_from_slice(turn);
        }
        self.history.push(loss);
        Ok(loss)
    }

    /// Takes all steps that are left.
    ///
    /// # Errors
    /// As [`BodyFit::step`].
    pub fn run(&mut self) -> Result<()> {
        while self.history.len() < self.settings.picture.steps {
            self.step()?;
        }
        Ok(())
    }

    /// The body as it stands now, in its colors if they are compared.
    ///
    /// # Errors
    /// `Core` if the state or the colors are not of this body.
    pub fn mesh(&self) -> Result<Mesh> {
        let posed = self.body.body.pose(&self.state.pose())?;
        Ok(self.body.mesh(&posed)?.with_texture(self.texture.clone())?)
    }
    /// How it stands now.
    #[must_use]
    pub const fn state(&self) -> &BodyState {
        &self.state
    }
    /// The loss of each step.
    #[must_use]
    pub fn history(&self) -> &[f64] {
        &self.history
    }
}
