//! What is fitted between two refinements of the surface: [`Stage`].

use softras_core::scene::Mesh;

use crate::adam::{Adam, AdamSettings, StepScale};
use crate::error::Result;
use crate::objective::Objective;
use crate::settings::{Albedo, FitSettings};
use crate::shape::Shape;
use crate::texture::{refill, texture_values};

/// Numbers that are fitted together, and their optimiser.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Group {
    pub(crate) values: Vec<f32>,
    pub(crate) adam: Adam,
}

impl Group {
    pub(crate) fn new(values: Vec<f32>, settings: AdamSettings, scale: StepScale) -> Self {
        Self { adam: Adam::new(settings, scale, values.len()), values }
    }
}

/// A surface of one fineness, and what is fitted on it.
#[derive(Clone, Debug)]
pub(crate) struct Stage {
    /// How often the template was refined to get here.
    pub(crate) refined: usize,
    /// The surface and the colors the stage starts from.
    pub(crate) start: Mesh,
    pub(crate) shape: Shape,
    pub(crate) objective: Objective,
    pub(crate) positions: Group,
    pub(crate) colors: Option<Group>,
}

impl Stage {
    /// Starts on `start`, which has the colors that are drawn, if any are.
    pub(crate) fn new(settings: &FitSettings, refined: usize, start: Mesh) -> Result<Self> {
        let shape = Shape::new(settings.model, settings.smoothness, &start)?;
        let fits_color = start.channels() > 0 && settings.albedo == Albedo::Fitted;
        Ok(Self {
            refined,
            objective: Objective::new(settings.loss, &start)?,
            positions: Group::new(shape.start(), settings.adam, settings.step_scale),
            colors: fits_color.then(|| {
                Group::new(texture_values(start.texture()).to_vec(), settings.adam, StepScale::Each)
            }),
            shape,
            start,
        })
    }

    /// The surface as it is now.
    ///
    /// # Errors
    /// `Core` if a coordinate is no longer finite.
    pub(crate) fn mesh(&self) -> Result<Mesh> {
        let mut mesh = self.start.clone();
        mesh.set_vertices(self.shape.vertices(&self.positions.values))?;
        match &self.colors {
            Some(colors) => Ok(mesh.with_texture(refill(self.start.texture(), &colors.values))?),
            None => Ok(mesh),
        }
    }
}
