//! A network that colors, [`Painter`], and one that learns to, [`ColorLearner`].

use burn::module::Module;
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Tensor};
use ndarray::{Array3, Array4, ArrayView4, Axis};

use super::palette::PaletteModel;
use super::settings::ColorSettings;
use crate::error::{Error, Result};
use crate::network::{Learner, loaded, number, numbers, tensor, weights};

/// Pictures that are colored together.
const TOGETHER: usize = 64;

/// A network that gives texels to the faces of predicted meshes, each picture by itself.
#[derive(Clone, Debug)]
pub struct Painter {
    model: PaletteModel,
    faces: usize,
    side: usize,
    colors: usize,
}

/// A network that learns to.
pub struct ColorLearner {
    model: PaletteModel,
    optimizer: ModuleOptimizer,
    device: Device,
    faces: usize,
    side: usize,
    colors: usize,
}

/// How the texels of pictures came to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Mixtures {
    /// The colors of each picture, `[N, P, 3]`.
    pub palette: Array3<f32>,
    /// How much of each of them a texel has, `[N, F * side * side, P]`.
    pub selection: Array3<f32>,
}

/// The loss of texels, and its gradient, of the same shape.
pub type TexelLoss = (f32, Array4<f32>);

impl Painter {
    /// Reads what [`Painter::to_bytes`] wrote, of a network for meshes of `faces` faces with the same settings.
    ///
    /// # Errors
    /// `Network` if the bytes are not those of such a network.
    pub fn from_bytes(settings: &ColorSettings, faces: usize, bytes: &[u8]) -> Result<Self> {
        let (side, colors) = (settings.texels, settings.palette);
        let model = loaded(PaletteModel::new(faces * side * side, colors, 0, &Device::flex()), bytes)?;
        Ok(Self { model: model.valid(), faces, side, colors })
    }
    /// Returns the weights, in the form of the library.
    ///
    /// # Errors
    /// `Network` if the library fails.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        weights(&self.model)
    }
    /// Texels along a side of a face.
    #[must_use]
    pub const fn side(&self) -> usize {
        self.side
    }
    /// How many numbers it has, with the running means of its norms.
    #[must_use]
    pub fn parameters(&self) -> usize {
        self.model.num_params()
    }

    /// Returns the texels `[N, F, side * side, 3]` of the meshes that are predicted from `pictures [N, 4, 64, 64]`.
    ///
    /// # Errors
    /// `Network` if the library fails.
    pub fn texels(&self, pictures: ArrayView4<'_, f32>) -> Result<Array4<f32>> {
        let mut texels = Vec::new();
        for some in pictures.axis_chunks_iter(Axis(0), TOGETHER) {
            texels.extend(numbers(self.model.forward(tensor(some, &Device::flex())).texels)?);
        }
        shaped(pictures.dim().0, self.faces, self.side, texels)
    }

    /// Returns palettes and selections of `pictures [N, 4, 64, 64]`.
    ///
    /// # Errors
    /// As [`Painter::texels`].
    pub fn mixtures(&self, pictures: ArrayView4<'_, f32>) -> Result<Mixtures> {
        let (n, texels) = (pictures.dim().0, self.faces * self.side * self.side);
        let found = self.model.forward(tensor(pictures, &Device::flex()));
        let array = |shape: (usize, usize, usize), tensor: Tensor<3>| {
            Array3::from_shape_vec(shape, numbers(tensor)?).map_err(|e| Error::network(e.to_string()))
        };
        Ok(Mixtures {
            palette: array((n, self.colors, 3), found.palette)?,
            selection: array((n, texels, self.colors), found.selection)?,
        })
    }
}

impl ColorLearner {
    /// Makes a network with weights by `seed`, for meshes of `faces` faces.
    #[must_use]
    pub fn new(settings: &ColorSettings, faces: usize, adam_epsilon: f64, seed: u64) -> Self {
        let device = Device::flex().autodiff();
        let (side, colors) = (settings.texels, settings.palette);
        let model = PaletteModel::new(faces * side * side, colors, seed, &device);
        let optimizer = AdamConfig::new().with_epsilon(adam_epsilon as f32).init();
        Self { model, optimizer, device, faces, side, colors }
    }

    /// Returns the network as it is now.
    #[must_use]
    pub fn painter(&self) -> Painter {
        let Self { faces, side, colors, .. } = *self;
        Painter { model: self.model.valid(), faces, side, colors }
    }

    /// Takes one step: colors the meshes that are predicted from `pictures [N, 4, 64, 64]`, asks `loss` for the loss of the
    /// texels `[N, F, side * side, 3]`, and moves all weights by its gradient.
    ///
    /// # Errors
    /// What `loss` reports; `Network` if the library fails. The weights are then as before, the running means of the norms
    /// are not.
    pub fn step(
        &mut self,
        pictures: ArrayView4<'_, f32>,
        lr: f64,
        loss: impl FnOnce(Array4<f32>) -> Result<TexelLoss>,
    ) -> Result<()> {
        let (n, faces, side) = (pictures.dim().0, self.faces, self.side);
        let texels = self.model.forward(tensor(pictures, &self.device)).texels;
        let loss = number(texels, |texels| {
            let (value, gradient) = loss(shaped(n, faces, side, texels)?)?;
            Ok((value, gradient.as_standard_layout().iter().copied().collect()))
        })?;
        let gradients = GradientsParams::from_grads(loss.backward(), &self.model);
        self.model = self.optimizer.step(lr, self.model.clone(), gradients);
        Ok(())
    }

    /// Takes one step with the shapes: as [`ColorLearner::step`], and `loss` is asked with the vertices of `shapes` too,
    /// `[N, V, 3]`, and returns their gradient too.
    ///
    /// # Errors
    /// As [`ColorLearner::step`].
    pub fn step_jointly(
        &mut self,
        shapes: &mut Learner,
        pictures: ArrayView4<'_, f32>,
        (shape_lr, lr): (f64, f64),
        loss: impl FnOnce(Array3<f32>, Array4<f32>) -> Result<(f32, Array3<f32>, Array4<f32>)>,
    ) -> Result<()> {
        let (n, v, faces, side) = (pictures.dim().0, shapes.vertex_count(), self.faces, self.side);
        let vertices: Tensor<1> = shapes.forward(pictures).reshape([n * v * 3]);
        let texels = self.model.forward(tensor(pictures, &self.device)).texels;
        let texels: Tensor<1> = texels.reshape([n * faces * side * side * 3]);
        let both = number(Tensor::cat(vec![vertices, texels], 0), |mut numbers| {
            let texels = shaped(n, faces, side, numbers.split_off(n * v * 3))?;
            let vertices =
                Array3::from_shape_vec((n, v, 3), numbers).map_err(|e| Error::network(e.to_string()))?;
            let (value, grad_vertices, grad_texels) = loss(vertices, texels)?;
            Ok((value, grad_vertices.iter().chain(grad_texels.iter()).copied().collect()))
        })?;
        let mut gradients = both.backward();
        shapes.apply(&mut gradients, shape_lr);
        let own = GradientsParams::from_module(&mut gradients, &self.model);
        self.model = self.optimizer.step(lr, self.model.clone(), own);
        Ok(())
    }
}

fn shaped(n: usize, faces: usize, side: usize, texels: Vec<f32>) -> Result<Array4<f32>> {
    Array4::from_shape_vec((n, faces, side * side, 3), texels).map_err(|e| Error::network(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::PIXELS;

    /// A red half and a green half on black, in places of their own.
    fn pictures(n: usize) -> Array4<f32> {
        Array4::from_shape_fn((n, 4, PIXELS, PIXELS), |(n, c, y, x)| {
            let covered = (10 + n..50).contains(&y) && (12..54 - n).contains(&x);
            let color = if x < 32 { [0.9, 0.1 * n as f32, 0.0] } else { [0.2, 0.8, 0.1] };
            match (covered, c) {
                (false, _) => 0.0,
                (true, 3) => 1.0,
                (true, c) => color[c],
            }
        })
    }

    fn learner(settings: &ColorSettings) -> ColorLearner {
        ColorLearner::new(settings, 80, 1e-8, 3)
    }

    /// Half the faces want red, the others green.
    fn want(texels: Array4<f32>) -> Result<TexelLoss> {
        let target = |f: usize| if f < 40 { [0.9, 0.1, 0.0] } else { [0.2, 0.8, 0.1] };
        let gradient =
            Array4::from_shape_fn(texels.dim(), |(n, f, t, c)| texels[[n, f, t, c]] - target(f)[c]);
        Ok((gradient.mapv(|g| g * g / 2.0).sum(), gradient))
    }

    #[test]
    fn a_palette_is_inside_the_hull_of_the_picture_and_a_selection_sums_to_one() {
        for (palette, texels) in [(16, 1), (5, 2)] {
            let settings = ColorSettings { palette, texels, ..ColorSettings::default() };
            let mut learner = learner(&settings);
            for round in 0..3 {
                let painter = learner.painter();
                let Mixtures { palette: found, selection } = painter.mixtures(pictures(3).view()).unwrap();
                assert_eq!(found.dim(), (3, palette, 3));
                for ((n, _), color) in ndarray::indices((3, palette)).into_iter().zip(found.lanes(Axis(2))) {
                    // Two colors: the hull is the line between them. How far along is told by the green of it.
                    let (red, green) = ([0.9, 0.1 * n as f32, 0.0], [0.2, 0.8, 0.1]);
                    let along = (red[0] - color[0]) / (red[0] - green[0]);
                    assert!((-1e-5..=1.0 + 1e-5).contains(&along), "round {round}: {color}");
                    for c in 0..3 {
                        let expected = red[c] + along * (green[c] - red[c]);
                        assert!((color[c] - expected).abs() < 1e-5, "round {round}: {color}");
                    }
                }
                assert_eq!(selection.dim(), (3, 80 * texels * texels, palette));
                for shares in selection.lanes(Axis(2)) {
                    assert!(
                        (shares.sum() - 1.0).abs() < 1e-5 && shares.iter().all(|s| *s >= 0.0),
                        "{shares}"
                    );
                }
                let texels = painter.texels(pictures(3).view()).unwrap();
                for ((n, f, t, c), found_texel) in texels.indexed_iter() {
                    let row = f * texels.dim().2 + t;
                    let expected: f32 = (0..palette).map(|p| selection[[n, row, p]] * found[[n, p, c]]).sum();
                    assert!((found_texel - expected).abs() < 1e-5);
                }
                (0..5).for_each(|_| learner.step(pictures(3).view(), 3e-3, want).unwrap());
            }
        }
    }

    #[test]
    fn a_few_steps_lower_the_loss_the_same_way_every_time_and_bytes_hold_the_network() {
        let settings = ColorSettings::default();
        let run = |learner: &mut ColorLearner, steps: usize| -> Vec<f32> {
            let mut losses = Vec::new();
            for _ in 0..steps {
                let step = learner.step(pictures(4).view(), 3e-3, |texels| {
                    let (value, gradient) = want(texels)?;
                    losses.push(value);
                    Ok((value, gradient))
                });
                step.unwrap();
            }
            losses
        };
        let (mut one, mut two) = (learner(&settings), learner(&settings));
        let losses = run(&mut one, 40);
        assert!(losses[39] < 0.3 * losses[0], "{losses:?}");
        assert_eq!(losses, run(&mut two, 40));
        let texels = |painter: &Painter| painter.texels(pictures(2).view()).unwrap().mapv(f32::to_bits);
        let painter = one.painter();
        assert_eq!(texels(&painter), texels(&two.painter()));
        let again = Painter::from_bytes(&settings, 80, &painter.to_bytes().unwrap()).unwrap();
        assert_eq!(texels(&painter), texels(&again));
        assert!(Painter::from_bytes(&settings, 81, &painter.to_bytes().unwrap()).is_err());
    }
}
