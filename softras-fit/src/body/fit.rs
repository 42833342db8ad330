//! Fitting the pose of a skinned body to pictures: [`BodyFit`].

use ndarray::Array2;
use softras_core::Image;
use softras_core::math::Vec3;
use softras_core::raster::{DynRasterizer, DynSaved, Gradients, Wanted};
use softras_core::scene::{BodyPose, Camera, Convention, Mesh, MeshTexture, project_views};
use softras_io::SkinnedBody;

use super::likeness::Likeness;
use super::settings::{BodySettings, Extent, Joints};
use super::state::{BodyState, joint};
use crate::adam::{Adam, AdamSettings, StepScale};
use crate::error::{Error, Result};
use crate::pose::Descent;
use crate::targets::Targets;

/// Keeps steps finite where gradients vanish.
const ADAM_EPS: f64 = 1e-12;

/// A fit of a body under way.
pub struct BodyFit<'d> {
    device: &'d dyn DynRasterizer,
    body: &'d SkinnedBody,
    settings: BodySettings,
    targets: Targets,
    texture: MeshTexture,
    state: BodyState,
    height: f64,
    free: Vec<usize>,       // joints that turn
    descents: Vec<Descent>, // of each free joint
    shift: Adam,            // each axis by itself: pictures say less about depth
    shape: Adam,
    history: Vec<f64>,
    image: Image,
    saved: DynSaved,
    gradients: Gradients,
}

impl<'d> BodyFit<'d> {
    /// Starts at `start`, in the colors `colors [V, 3]`, which are compared if the targets have colors.
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
            settings.loss.color = 0.0;
        }
        settings.check()?;
        let free: Vec<usize> = match &settings.joints {
            Joints::All => (0..body.body.joint_count()).collect(),
            Joints::Named(names) => {
                let mut free = names.iter().map(|n| joint(body, n)).collect::<Result<Vec<_>>>()?;
                free.sort_unstable();
                free.dedup();
                free
            }
        };
        let texture = if settings.loss.color > 0.0 { MeshTexture::Vertex(colors) } else { MeshTexture::None };
        let descent = Descent::new(settings.beta1, settings.beta2);
        let adam = AdamSettings { beta1: settings.beta1, beta2: settings.beta2, eps: ADAM_EPS };
        let height = height(&BodyState::rest(body).mesh(body)?);
        if height <= 0.0 {
            return Err(Error::setting("height of the body at rest", height, "above 0"));
        }
        let fit = Self {
            device,
            body,
            height,
            descents: vec![descent; free.len()],
            shift: Adam::new(adam, StepScale::Each, 3),
            shape: Adam::new(adam, StepScale::Each, start.shape.len()),
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
        let (mut loss, grad) = self.slope(step)?;
        let turns = self.state.vectors();
        let mut of_turns = grad.turns_vjp(&turns);
        let settings = &self.settings;
        let mut of_shape = grad.shape;
        let rest = settings.rest.value(step, settings.steps);
        for &j in &self.free {
            let turn = turns[j];
            loss += rest * f64::from(turn.dot(turn));
            of_turns[j] += turn.scale(2.0 * rest as f32);
        }
        if settings.shape_rate > 0.0 {
            for (g, &b) in of_shape.iter_mut().zip(&self.state.shape) {
                loss += settings.shape_rest * f64::from(b).powi(2);
                *g += 2.0 * settings.shape_rest as f32 * b;
            }
        }
        let numbers = of_turns.iter().flat_map(|w| w.to_array()).chain(of_shape.iter().copied());
        let finite = numbers.chain(grad.translation.to_array()).all(|g| g.is_finite());
        if !(loss.is_finite() && finite) {
            return Err(Error::Diverged { step, loss });
        }
        let lr = settings.lr.value(step, settings.steps);
        for (&j, descent) in self.free.iter().zip(&mut self.descents) {
            let moved = descent.step(lr, of_turns[j].to_array().map(f64::from));
            add(&mut self.state.turns[j], moved);
        }
        if settings.shift_rate > 0.0 {
            let rate = lr * settings.shift_rate * self.height;
            self.shift.step(rate, &mut self.state.translation, &grad.translation.to_array());
        }
        if settings.shape_rate > 0.0 {
            self.shape.step(lr * settings.shape_rate, &mut self.state.shape, &of_shape);
        }
        self.history.push(loss);
        Ok(loss)
    }

    /// The loss of the pictures, and its gradient to the pose.
    fn slope(&mut self, step: usize) -> Result<(f64, BodyPose<f32>)> {
        let settings = &self.settings;
        let posed = self.body.body.pose(&self.state.pose())?;
        let mesh = self.body.mesh(&posed)?.with_texture(self.texture.clone())?;
        let cameras = self.targets.cameras();
        let (faces, view) = project_views(&mesh, cameras)?;
        let (width, height) = self.targets.size();
        let params = settings.raster(step, (width, height), extent(&mesh, cameras, self.height)?);
        self.device.forward_into(&faces.into(), &params, &mut self.image, &mut self.saved)?;
        let blur = settings.blur.value(step, settings.steps) * height as f64 / 2.0;
        let likeness = Likeness::new(self.targets.silhouette(), self.targets.color(), blur);
        let (loss, grad) = likeness.loss(&self.image, settings.loss);
        self.device.backward_into(&self.saved, &grad, Wanted::CORNERS, &mut self.gradients)?;
        let grad = view.vjp(&self.gradients);
        Ok((loss, posed.vjp(&grad.vertices, None)?.pose))
    }

    /// Takes all steps that are left.
    ///
    /// # Errors
    /// As [`BodyFit::step`].
    pub fn run(&mut self) -> Result<()> {
        while !self.is_done() {
            self.step()?;
        }
        Ok(())
    }

    /// Whether all steps are taken.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        self.history.len() >= self.settings.steps
    }
    /// The body as it stands now, in its colors if they are compared.
    ///
    /// # Errors
    /// `Core` if the state or the colors are not of this body.
    pub fn mesh(&self) -> Result<Mesh> {
        Ok(self.state.mesh(self.body)?.with_texture(self.texture.clone())?)
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
    /// What decides its bits besides body, pictures, cameras and start.
    #[must_use]
    pub const fn settings(&self) -> &BodySettings {
        &self.settings
    }
    /// What it looks at.
    #[must_use]
    pub const fn targets(&self) -> &Targets {
        &self.targets
    }
}

impl core::fmt::Debug for BodyFit<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "BodyFit {{ step: {}, state: {:?}, .. }}", self.history.len(), self.state)
    }
}

fn add(to: &mut [f32; 3], moved: [f64; 3]) {
    to.iter_mut().zip(moved).for_each(|(x, d)| *x = (f64::from(*x) + d) as f32);
}

/// How tall a mesh is along y, or the longest side of its box if that is less than half of it.
pub(crate) fn height(mesh: &Mesh) -> f64 {
    let sides = [0, 1, 2].map(|k| {
        let column = mesh.vertices().column(k);
        let (low, high) =
            column.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(l, h), &x| (l.min(x), h.max(x)));
        f64::from(high) - f64::from(low)
    });
    let longest = sides.into_iter().fold(0.0, f64::max);
    if sides[1] < longest / 2.0 { longest } else { sides[1] }
}

/// Between which depths `cameras` see `mesh`.
fn extent(mesh: &Mesh, cameras: &[Camera], height: f64) -> Result<Extent> {
    let mut at = Extent { nearest: f64::INFINITY, farthest: 0.0, height };
    for camera in cameras {
        let place = camera.extrinsics(Convention::Softras)?;
        for row in mesh.vertices().rows() {
            let v = Vec3::new(row[0], row[1], row[2]);
            let depth = f64::from(place.rotation.rows[2].dot(v) + place.translation.z);
            at.nearest = at.nearest.min(depth);
            at.farthest = at.farthest.max(depth);
        }
    }
    Ok(at)
}
