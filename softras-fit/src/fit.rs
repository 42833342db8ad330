//! Fitting a mesh to pictures, step by step: [`Fit`].

use softras_core::Image;
use softras_core::raster::{DynRasterizer, DynSaved, Gradients, Outputs, Wanted};
use softras_core::scene::{Camera, Lighting, Mesh, project_views};
use softras_io::subdivide;

use crate::adam::StepScale;
use crate::error::{Error, Result};
use crate::learn::Learnt;
use crate::light::{LightSettings, LightState};
use crate::objective::StepLoss;
use crate::order::ViewOrder;
use crate::score::{Score, score};
use crate::settings::FitSettings;
use crate::stage::{Group, Stage};
use crate::targets::Targets;
use crate::texture::{start_texture, texture_values};

/// A fit under way.
///
/// Its bits follow from the template, the targets and the settings alone: any number of threads, and any stop between,
/// give the same ones (as long as the back end keeps the contract of `Rasterizer`).
pub struct Fit<'d> {
    device: &'d dyn DynRasterizer,
    settings: FitSettings,
    template: Mesh,
    targets: Targets,
    smaller: Vec<(usize, Targets)>, // by their factors, those above 1
    order: ViewOrder,
    pub(crate) stage: Stage,
    pub(crate) light: Option<Group>,  // of a fitted light
    pub(crate) learnt: Option<Group>, // of the renderer
    pub(crate) history: Vec<StepLoss>,
    dropped: usize,
    image: Image,
    saved: DynSaved,
    gradients: Gradients,
}

impl<'d> Fit<'d> {
    /// Starts with `template`, its colors if it has fitting ones, else grey.
    ///
    /// Color is fitted where the targets have it and `settings.loss.color` is above 0.
    ///
    /// # Errors
    /// `Setting` names what is out of range.
    pub fn new(
        device: &'d dyn DynRasterizer,
        template: Mesh,
        targets: Targets,
        settings: FitSettings,
    ) -> Result<Self> {
        settings.check()?;
        if template.triangles().is_empty() {
            return Err(Error::setting("template", "no triangles", "at least one"));
        }
        let with_color = settings.loss.color > 0.0 && targets.color().is_some();
        if settings.loss.iou <= 0.0 && !with_color {
            return Err(Error::setting("loss", "no silhouette and no color to fit", "one of them at least"));
        }
        if settings.light.is_some() && !with_color {
            return Err(Error::setting(
                "light",
                "no color to draw",
                "pictures with color and loss.color above 0",
            ));
        }
        let start = template.clone().with_texture(start_texture(&template, with_color, settings.texels))?;
        let mut smaller: Vec<(usize, Targets)> = Vec::new();
        for &(_, factor) in &settings.shrink {
            if factor > 1 && smaller.iter().all(|(of, _)| *of != factor) {
                smaller.push((factor, targets.shrunk(factor)?));
            }
        }
        let light = settings.light.as_ref().filter(|light| light.state == LightState::Fitted);
        let learnt = settings.learn.start(&settings.raster(0, 1, 1, Outputs::Both));
        Ok(Self {
            device,
            order: ViewOrder::new(settings.seed, targets.count(), settings.batch),
            stage: Stage::new(&settings, 0, start)?,
            light: light.map(|light| Group::new(light.numbers(), settings.adam, StepScale::Each)),
            learnt: (!learnt.is_empty()).then(|| Group::new(learnt, settings.adam, StepScale::Each)),
            history: Vec::with_capacity(settings.steps.min(1 << 16)),
            dropped: 0,
            image: Image::default(),
            saved: DynSaved::default(),
            gradients: Gradients::default(),
            settings,
            template,
            targets,
            smaller,
        })
    }

    /// Takes one step, and returns the loss before it.
    ///
    /// # Errors
    /// `Diverged` if the loss is not finite; `Core` if the back end fails.
    pub fn step(&mut self) -> Result<StepLoss> {
        let step = self.step_number();
        if self.settings.refine.get(self.stage.refined) == Some(&step) {
            self.refine()?;
        }
        let views = self.order.views(step);
        let cameras: Vec<Camera> = views.iter().map(|&v| self.targets.cameras()[v]).collect();
        let mesh = self.stage.mesh()?;
        let lit = match self.lighting() {
            Some(lighting) => Some(lighting.shade(&mesh)?),
            None => None,
        };
        let (faces, view) = project_views(lit.as_ref().map_or(&mesh, |lit| &lit.0), &cameras)?;
        self.dropped = self.dropped.max(view.dropped());

        let factor = self.settings.shrink_at(step);
        let smaller = self.smaller.iter().find(|(of, _)| *of == factor);
        let targets = smaller.map_or(&self.targets, |(_, targets)| targets);
        let (width, height) = targets.size();
        let outputs = match (mesh.channels() > 0, self.settings.loss.iou > 0.0) {
            (true, true) => Outputs::Both,
            (true, false) => Outputs::Color,
            (false, _) => Outputs::Silhouette,
        };
        let wanted = match self.stage.colors.is_some() || lit.is_some() {
            true => Wanted::CORNERS | Wanted::TEXTURES,
            false => Wanted::CORNERS,
        };
        let mut params = self.settings.raster(step, width, height, outputs);
        if let Some(learnt) = &self.learnt {
            params = self.settings.learn.apply(&learnt.values, params);
        }
        let wanted = wanted | self.settings.learn.wanted();
        self.device.forward_into(&faces.into(), &params, &mut self.image, &mut self.saved)?;

        let mut loss = StepLoss::default();
        let grad_image = self.stage.objective.pictures(&self.image, targets, &views, &mut loss)?;
        self.device.backward_into(&self.saved, &grad_image, wanted, &mut self.gradients)?;
        let mut grad_mesh = view.vjp(&self.gradients);
        if let Some((_, shading)) = &lit {
            let (unlit, grad_light) = shading.vjp(&grad_mesh);
            grad_mesh = unlit;
            if let (Some(light), Some(settings)) = (&mut self.light, &self.settings.light) {
                let lr = settings.lr.value(step, self.settings.steps);
                light.adam.step(lr, &mut light.values, &LightSettings::numbers_vjp(&grad_light));
            }
        }
        self.stage.objective.surface(mesh.vertices(), &mut grad_mesh.vertices, &mut loss)?;
        let learnt =
            self.learnt.as_ref().map(|learnt| self.settings.learn.vjp(&learnt.values, &self.gradients));
        let numbers = grad_mesh.vertices.iter().chain(learnt.iter().flatten());
        let finite = numbers.copied().all(f32::is_finite);
        if !(loss.total.is_finite() && finite) {
            return Err(Error::Diverged { step, loss: loss.total });
        }

        let Stage { shape, positions, colors, .. } = &mut self.stage;
        let grad = shape.vjp(&positions.values, grad_mesh.vertices.view());
        positions.adam.step(self.settings.lr.value(step, self.settings.steps), &mut positions.values, &grad);
        if let Some(colors) = colors {
            let lr = self.settings.color_lr.value(step, self.settings.steps);
            colors.adam.step(lr, &mut colors.values, texture_values(&grad_mesh.texture));
            for value in &mut colors.values {
                *value = value.clamp(0.0, 1.0);
            }
        }
        if let (Some(learnt), Some(grad)) = (&mut self.learnt, learnt) {
            let settings = &self.settings.learn;
            learnt.adam.step(settings.lr.value(step, self.settings.steps), &mut learnt.values, &grad);
            settings.clamp(&self.settings.parts, &mut learnt.values);
        }
        self.history.push(loss);
        Ok(loss)
    }

    /// Cuts every triangle in four; the optimisers of the surface start anew.
    fn refine(&mut self) -> Result<()> {
        let finer = subdivide(&self.stage.mesh()?)?;
        self.stage = Stage::new(&self.settings, self.stage.refined + 1, finer)?;
        Ok(())
    }

    /// The template in the colors the fit starts from.
    pub(crate) fn stage_zero(&self) -> Result<Mesh> {
        let texture = start_texture(&self.template, self.stage.start.channels() > 0, self.settings.texels);
        Ok(self.template.clone().with_texture(texture)?)
    }

    /// The light on the mesh as it is now, if there is any.
    #[must_use]
    pub fn lighting(&self) -> Option<Lighting> {
        let light = self.settings.light.as_ref()?;
        Some(match &self.light {
            Some(fitted) => light.lighting(&fitted.values),
            None => light.lighting(&light.numbers()),
        })
    }

    /// The numbers of the renderer as they are now, of those that are learnt.
    #[must_use]
    pub fn learnt(&self) -> Vec<(Learnt, f64)> {
        let values = self.learnt.iter().flat_map(|group| &group.values);
        self.settings.learn.numbers.iter().zip(values).map(|(&of, &value)| (of, of.number(value))).collect()
    }

    /// The mesh as it is now, with its colors if they are fitted.
    ///
    /// # Errors
    /// `Core` if a coordinate is no longer finite.
    pub fn mesh(&self) -> Result<Mesh> {
        self.stage.mesh()
    }

    /// Scores the mesh as it is now over all targets.
    ///
    /// # Errors
    /// `Core` if the back end fails.
    pub fn score(&self) -> Result<Score> {
        score(self.device, &self.mesh()?, &self.targets)
    }

    /// The number of steps taken, by this process and those before it.
    #[must_use]
    pub const fn step_number(&self) -> usize {
        self.history.len()
    }
    /// Tells whether all steps are taken.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        self.history.len() >= self.settings.steps
    }
    /// The loss of each step.
    #[must_use]
    pub fn history(&self) -> &[StepLoss] {
        &self.history
    }
    /// The mesh it started from, as it was given.
    #[must_use]
    pub const fn template(&self) -> &Mesh {
        &self.template
    }
    /// What it looks at.
    #[must_use]
    pub const fn targets(&self) -> &Targets {
        &self.targets
    }
    /// What decides its bits besides template and targets.
    #[must_use]
    pub const fn settings(&self) -> &FitSettings {
        &self.settings
    }
    /// What it draws with.
    #[must_use]
    pub fn device(&self) -> &'d dyn DynRasterizer {
        self.device
    }
    /// The most faces that a step since the start of this process dropped (behind the near plane, or far out).
    #[must_use]
    pub const fn dropped(&self) -> usize {
        self.dropped
    }
}
