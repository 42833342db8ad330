//! Fitting the pose of a rigid mesh, from many starts in one batch: [`PoseFit`].

use ndarray::Array2;
use softras_core::Image;
use softras_core::math::Vec3;
use softras_core::raster::{DynRasterizer, DynSaved, Gradients, Wanted};
use softras_core::scene::{Camera, Convention, Mesh, project_views};

use super::compare::Goal;
use super::descent::Descent;
use super::lens::{LensChange, LensGrad, calibrated};
use super::placement::Placement;
use super::settings::{Depths, Freedom, PoseSettings};
use crate::error::{Error, Result};
use crate::targets::Targets;

/// A pose that is being fitted, from one start.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Where the mesh stands.
    pub placement: Placement,
    /// What is changed of the cameras' lenses.
    pub lens: LensChange,
    /// The loss when it was last drawn.
    pub loss: f64,
}

/// A fit of poses under way: every start by itself, all of them in one batch of pictures.
///
/// A start's bits do not depend on the others beside it, as long as the back end keeps the contract of `Rasterizer`.
pub struct PoseFit<'d> {
    device: &'d dyn DynRasterizer,
    settings: PoseSettings,
    mesh: Mesh, // its middle at the origin: turns are around it
    middle: Vec3<f64>,
    radius: f64,
    targets: Targets,
    candidates: Vec<Candidate>,
    descents: Vec<[Descent; 4]>, // rotation, translation, focal length, principal point
    history: Vec<Vec<f64>>,      // [step][start]
    image: Image,
    saved: DynSaved,
    gradients: Gradients,
}

impl<'d> PoseFit<'d> {
    /// Starts at `starts`, which are meant as the final poses are: `v` of the mesh stands at `R v + t`.
    ///
    /// # Errors
    /// `Setting` names what is out of range.
    pub fn new(
        device: &'d dyn DynRasterizer,
        mesh: &Mesh,
        targets: Targets,
        starts: &[Placement],
        settings: PoseSettings,
    ) -> Result<Self> {
        settings.check()?;
        if mesh.triangles().is_empty() {
            return Err(Error::setting("mesh", "no triangles", "at least one"));
        }
        if starts.is_empty() {
            return Err(Error::setting("starts", 0, "at least 1"));
        }
        let colored = mesh.channels() == 3 && targets.color().is_some();
        let mut settings = settings;
        if !colored {
            settings.loss.color = 0.0;
            settings.check()?;
        }
        let targets = match settings.freedom {
            Freedom::Lens => targets.with_lenses(calibrated)?,
            Freedom::Rotation | Freedom::Pose | Freedom::Focal => targets,
        };
        let (middle, radius) = ball(mesh);
        let mut centred = if colored { mesh.clone() } else { crate::targets::uncolored(mesh)? };
        let shift = middle.to_array();
        centred.set_vertices(Array2::from_shape_fn(mesh.vertices().raw_dim(), |(v, k)| {
            (f64::from(mesh.vertices()[[v, k]]) - shift[k]) as f32
        }))?;
        let candidates: Vec<Candidate> = starts
            .iter()
            .map(|start| Candidate {
                placement: about(start, middle, 1.0),
                lens: LensChange::NONE,
                loss: f64::INFINITY,
            })
            .collect();
        let descent = || Descent::new(settings.beta1, settings.beta2);
        Ok(Self {
            device,
            descents: candidates.iter().map(|_| [0; 4].map(|_| descent())).collect(),
            candidates,
            mesh: centred,
            middle,
            radius,
            targets,
            history: Vec::new(),
            settings,
            image: Image::default(),
            saved: DynSaved::default(),
            gradients: Gradients::default(),
        })
    }

    /// Takes one step from every start, and returns the losses before it.
    ///
    /// # Errors
    /// `Diverged` if a loss or a gradient is not finite; `Core` if the back end fails.
    pub fn step(&mut self) -> Result<&[f64]> {
        let step = self.history.len();
        let steps = self.settings.steps;
        let views = self.targets.count();
        let cameras = self.cameras()?;
        let (faces, view) = project_views(&self.mesh, &cameras)?;
        let (width, height) = self.targets.size();
        let params = self.settings.raster(step, (width, height), depths_of(&cameras, self.radius)?);
        self.device.forward_into(&faces.into(), &params, &mut self.image, &mut self.saved)?;
        let blur = self.settings.blur.value(step, steps) * height as f64 / 2.0;
        let goal = Goal::new(self.targets.silhouette(), self.targets.color(), blur);
        let (losses, grad) = goal.losses(&self.image, self.settings.loss);
        self.device.backward_into(&self.saved, &grad, Wanted::CORNERS, &mut self.gradients)?;
        let grads = view.camera_vjp(&self.gradients);

        let lr = self.settings.lr.value(step, steps);
        let mut now = Vec::with_capacity(self.candidates.len());
        for (s, candidate) in self.candidates.iter_mut().enumerate() {
            let own = s * views..(s + 1) * views;
            candidate.loss = losses[own.clone()].iter().sum::<f64>() / views as f64;
            now.push(candidate.loss);
            let (mut turn, mut shift, mut lens) = ([0.0; 3], [0.0; 3], LensGrad::default());
            for (v, grad) in own.zip(0..views).map(|(b, v)| (v, &grads[b])) {
                let camera = &self.targets.cameras()[v];
                let part = candidate.placement.camera_vjp(camera, grad)?;
                for k in 0..3 {
                    turn[k] += part.turn[k] / views as f64;
                    shift[k] += part.shift[k] / views as f64;
                }
                let part = LensGrad::of(&candidate.lens.camera(camera)?, grad);
                lens.focal += part.focal / views as f64;
                (0..2).for_each(|k| lens.center[k] += part.center[k] / views as f64);
            }
            let mut numbers = turn.iter().chain(&shift).chain(&lens.center).chain([&lens.focal]);
            if !(candidate.loss.is_finite() && numbers.all(|g| g.is_finite())) {
                return Err(Error::Diverged { step, loss: candidate.loss });
            }
            let [of_turn, of_shift, of_focal, of_center] = &mut self.descents[s];
            let turn = of_turn.step(lr, turn);
            let shift = match self.settings.freedom {
                Freedom::Rotation => [0.0; 3],
                _ => of_shift.step(lr * self.settings.shift_rate * self.radius, shift),
            };
            candidate.placement = candidate.placement.moved(turn, shift);
            if matches!(self.settings.freedom, Freedom::Focal | Freedom::Lens) {
                let [change, ..] = of_focal.step(lr * self.settings.focal_rate, [lens.focal, 0.0, 0.0]);
                candidate.lens.focal *= change.exp();
            }
            if self.settings.freedom == Freedom::Lens {
                let [x, y] = lens.center;
                let [right, down, _] = of_center.step(lr * self.settings.center_rate, [x, y, 0.0]);
                candidate.lens.center[0] += right;
                candidate.lens.center[1] += down;
            }
        }
        self.history.push(now);
        Ok(self.history.last().map_or(&[], Vec::as_slice))
    }

    /// Takes all steps that are left.
    ///
    /// # Errors
    /// As [`PoseFit::step`].
    pub fn run(&mut self) -> Result<()> {
        while self.history.len() < self.settings.steps {
            self.step()?;
        }
        Ok(())
    }

    /// The poses as they are now, in the order of the starts, each with the loss before the last step.
    #[must_use]
    pub fn candidates(&self) -> Vec<Candidate> {
        let back =
            |c: &Candidate| Candidate { placement: about(&c.placement, self.middle, -1.0), ..c.clone() };
        self.candidates.iter().map(back).collect()
    }

    /// The pose with the lowest loss, the first of equals.
    #[must_use]
    pub fn best(&self) -> Candidate {
        let mut best = 0;
        for (i, candidate) in self.candidates.iter().enumerate() {
            if candidate.loss < self.candidates[best].loss {
                best = i;
            }
        }
        self.candidates().swap_remove(best)
    }

    /// The losses of every step: of each start.
    #[must_use]
    pub fn history(&self) -> &[Vec<f64>] {
        &self.history
    }
    /// What decides its bits besides mesh, targets and starts.
    #[must_use]
    pub const fn settings(&self) -> &PoseSettings {
        &self.settings
    }
    /// What it looks at.
    #[must_use]
    pub const fn targets(&self) -> &Targets {
        &self.targets
    }

    /// One camera for every start and view, views of a start together.
    fn cameras(&self) -> Result<Vec<Camera>> {
        let mut cameras = Vec::with_capacity(self.candidates.len() * self.targets.count());
        for candidate in &self.candidates {
            for camera in self.targets.cameras() {
                cameras.push(candidate.placement.camera(&candidate.lens.camera(camera)?)?);
            }
        }
        Ok(cameras)
    }
}

/// Between which depths `cameras` see the origin, and `radius`.
fn depths_of(cameras: &[Camera], radius: f64) -> Result<Depths> {
    let mut depths = Depths { nearest: f64::INFINITY, farthest: 0.0, radius };
    for camera in cameras {
        let place = camera.extrinsics(Convention::Softras)?;
        let depth = f64::from(place.translation.z).max(radius);
        depths.nearest = depths.nearest.min(depth);
        depths.farthest = depths.farthest.max(depth);
    }
    Ok(depths)
}

/// Writes a placement of a mesh as one of the mesh with its `middle` at the origin, `R v + t = R (v - m) + (R m + t)`;
/// with `sign` -1 back.
fn about(place: &Placement, middle: Vec3<f64>, sign: f64) -> Placement {
    let turned = softras_core::math::Mat3::from(place.rotation).mul_vec(middle);
    let translation = (Vec3::from(place.translation) + turned.scale(sign)).to_array();
    Placement { translation, ..*place }
}

/// The middle of the bounding box, and the radius of the ball around it.
fn ball(mesh: &Mesh) -> (Vec3<f64>, f64) {
    let (mut low, mut high) = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
    for row in mesh.vertices().rows() {
        for k in 0..3 {
            low[k] = low[k].min(f64::from(row[k]));
            high[k] = high[k].max(f64::from(row[k]));
        }
    }
    let middle = Vec3::from(core::array::from_fn(|k| (low[k] + high[k]) / 2.0));
    let norm = |row: ndarray::ArrayView1<'_, f32>| {
        (Vec3::from([f64::from(row[0]), f64::from(row[1]), f64::from(row[2])]) - middle).norm()
    };
    (middle, mesh.vertices().rows().into_iter().map(norm).fold(1e-12, f64::max))
}
