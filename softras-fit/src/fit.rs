//! Fitting a mesh to pictures, step by step: [`Fit`].

use ndarray::{Array2, Array3, ArrayView2};
use softras_core::Image;
use softras_core::raster::{DynRasterizer, DynSaved, Gradients, Outputs, Wanted};
use softras_core::scene::{Camera, Mesh, MeshTexture, project_views};

use crate::adam::Adam;
use crate::error::{Error, Result};
use crate::objective::{Objective, StepLoss};
use crate::order::ViewOrder;
use crate::score::{Score, score};
use crate::settings::FitSettings;
use crate::shape::Shape;
use crate::targets::Targets;

/// Numbers that are fitted together, and their optimiser.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Group {
    pub(crate) values: Vec<f32>,
    pub(crate) adam: Adam,
}

/// A fit under way.
///
/// Its bits follow from the template, the targets and the settings alone: any number of threads, and any stop between,
/// give the same ones (as long as the back end keeps the contract of `Rasterizer`).
pub struct Fit<'d> {
    device: &'d dyn DynRasterizer,
    settings: FitSettings,
    template: Mesh,
    start: Mesh, // the template in the colors the fit starts from
    targets: Targets,
    shape: Shape,
    objective: Objective,
    order: ViewOrder,
    pub(crate) positions: Group,
    pub(crate) colors: Option<Group>,
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
        let start = template.clone().with_texture(start_texture(&template, with_color, settings.texels))?;
        let shape = Shape::new(settings.model, settings.smoothness, &template)?;
        let group = |values: Vec<f32>| Group { adam: Adam::new(settings.adam, values.len()), values };
        Ok(Self {
            device,
            objective: Objective::new(settings.loss, &template)?,
            order: ViewOrder::new(settings.seed, targets.count(), settings.batch),
            positions: group(shape.start()),
            colors: with_color.then(|| group(texture_values(start.texture()).to_vec())),
            history: Vec::with_capacity(settings.steps.min(1 << 16)),
            dropped: 0,
            image: Image::default(),
            saved: DynSaved::default(),
            gradients: Gradients::default(),
            settings,
            template,
            start,
            targets,
            shape,
        })
    }

    /// Takes one step, and returns the loss before it.
    ///
    /// # Errors
    /// `Diverged` if the loss is not finite; `Core` if the back end fails.
    pub fn step(&mut self) -> Result<StepLoss> {
        let step = self.step_number();
        let views = self.order.views(step);
        let cameras: Vec<Camera> = views.iter().map(|&v| self.targets.cameras()[v]).collect();
        let mesh = self.mesh()?;
        let (faces, view) = project_views(&mesh, &cameras)?;
        self.dropped = self.dropped.max(view.dropped());

        let (width, height) = self.targets.size();
        let (outputs, wanted) = match (&self.colors, self.settings.loss.iou > 0.0) {
            (Some(_), true) => (Outputs::Both, Wanted::CORNERS | Wanted::TEXTURES),
            (Some(_), false) => (Outputs::Color, Wanted::CORNERS | Wanted::TEXTURES),
            (None, _) => (Outputs::Silhouette, Wanted::CORNERS),
        };
        let params = self.settings.raster(step, width, height, outputs);
        self.device.forward_into(&faces.into(), &params, &mut self.image, &mut self.saved)?;

        let mut loss = StepLoss::default();
        let grad_image = self.objective.pictures(&self.image, &self.targets, &views, &mut loss)?;
        self.device.backward_into(&self.saved, &grad_image, wanted, &mut self.gradients)?;
        let grad_mesh = view.vjp(&self.gradients);
        let mut grad_vertices: Array2<f32> = grad_mesh.vertices; // [V, 3]
        self.objective.surface(mesh.vertices(), &mut grad_vertices, &mut loss)?;
        let finite = grad_vertices.iter().all(|g| g.is_finite());
        if !(loss.total.is_finite() && finite) {
            return Err(Error::Diverged { step, loss: loss.total });
        }

        let grad = self.shape.vjp(&self.positions.values, grad_vertices.view());
        let lr = self.settings.lr.value(step, self.settings.steps);
        self.positions.adam.step(lr, &mut self.positions.values, &grad);
        if let Some(colors) = &mut self.colors {
            let lr = self.settings.color_lr.value(step, self.settings.steps);
            colors.adam.step(lr, &mut colors.values, texture_values(&grad_mesh.texture));
            for value in &mut colors.values {
                *value = value.clamp(0.0, 1.0);
            }
        }
        self.history.push(loss);
        Ok(loss)
    }

    /// The mesh as it is now, with its colors if they are fitted.
    ///
    /// # Errors
    /// `Core` if a coordinate is no longer finite.
    pub fn mesh(&self) -> Result<Mesh> {
        let mut mesh = self.start.clone();
        mesh.set_vertices(self.shape.vertices(&self.positions.values))?;
        match &self.colors {
            Some(colors) => Ok(mesh.with_texture(refill(self.start.texture(), &colors.values))?),
            None => Ok(mesh),
        }
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

/// Returns the texture a fit starts from.
fn start_texture(template: &Mesh, with_color: bool, side: usize) -> MeshTexture {
    let grey = 0.5;
    match (with_color, side, template.texture()) {
        (false, ..) => MeshTexture::None,
        (true, 0, MeshTexture::Vertex(colors)) if colors.ncols() == 3 => MeshTexture::Vertex(colors.clone()),
        (true, 0, _) => MeshTexture::Vertex(Array2::from_elem((template.vertices().nrows(), 3), grey)),
        (true, r, MeshTexture::Surface { side, texels }) if r == *side && texels.dim().2 == 3 => {
            MeshTexture::Surface { side: *side, texels: texels.clone() }
        }
        (true, side, _) => {
            let texels = Array3::from_elem((template.triangles().len(), side * side, 3), grey);
            MeshTexture::Surface { side, texels }
        }
    }
}

/// The numbers of a texture.
fn texture_values(texture: &MeshTexture) -> &[f32] {
    let values = match texture {
        MeshTexture::None => None,
        MeshTexture::Vertex(colors) => colors.as_slice(),
        MeshTexture::Corner(texels) | MeshTexture::Surface { texels, .. } => texels.as_slice(),
    };
    values.unwrap_or(&[])
}

/// Returns a texture of the kind of `like` with other numbers.
fn refill(like: &MeshTexture, values: &[f32]) -> MeshTexture {
    match like {
        MeshTexture::Surface { side, texels } => {
            let (f, n, c) = texels.dim();
            let texels = Array3::from_shape_fn((f, n, c), |(f, t, k)| values[(f * n + t) * c + k]);
            MeshTexture::Surface { side: *side, texels }
        }
        _ => {
            let rows = ArrayView2::from_shape((values.len() / 3, 3), values);
            rows.map_or(MeshTexture::None, |rows| MeshTexture::Vertex(rows.to_owned()))
        }
    }
}
