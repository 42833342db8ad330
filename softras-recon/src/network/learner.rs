//! A network that is trained, [`Learner`], and one that is used, [`Network`].

use burn::module::Module;
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer, OptimizerRecord};
use burn::store::{ModuleRecord, RecordError};
use burn::tensor::{Bytes, Device, Gradients, Int, Tensor, TensorData};
use ndarray::{Array3, ArrayView4, Axis};
use softras_core::scene::Mesh;
use softras_io::icosphere;

use super::host::{number, numbers};
use super::model::{Model, template};
use crate::error::{Error, Result};
use crate::settings::{NetworkSettings, Symmetry};

/// Pictures that are looked at together when predicting.
pub(super) const TOGETHER: usize = 64;

/// A network that predicts, each picture by itself.
#[derive(Clone, Debug)]
pub struct Network {
    settings: NetworkSettings,
    pub(super) model: Model,
    pub(super) sphere: Sphere,
}

/// What vertices start from.
#[derive(Clone, Debug)]
pub(super) struct Sphere {
    triangles: Vec<[u32; 3]>,
    template: Tensor<3>, // [1, V, 3]
    mirror: Option<Mirror>,
}

/// How a mesh becomes its mirror image.
#[derive(Clone, Debug)]
struct Mirror {
    partners: Tensor<1, Int>, // [V], where each vertex comes from
    signs: Tensor<3>,         // [1, 1, 3], -1 for x
}

/// A network that is trained.
pub struct Learner {
    settings: NetworkSettings,
    model: Model,
    sphere: Sphere,
    optimizer: ModuleOptimizer,
    device: Device,
}

/// All that a [`Learner`] has to keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LearnerBytes {
    /// As [`Network::to_bytes`].
    pub weights: Vec<u8>,
    /// Moments of the optimiser, in the form of the library.
    pub optimizer: Vec<u8>,
}

impl Sphere {
    pub(super) fn new(symmetry: Symmetry, device: &Device) -> Result<Self> {
        let mesh = icosphere(3)?;
        let count = mesh.vertices().nrows();
        let data = TensorData::new(mesh.vertices().iter().copied().collect(), [1, count, 3]);
        Ok(Self {
            triangles: mesh.triangles().to_vec(),
            template: template(Tensor::from_data(data, device)),
            mirror: match symmetry {
                Symmetry::None => None,
                Symmetry::Mirror => Some(Mirror {
                    partners: Tensor::from_data(TensorData::new(partners(&mesh), [count]), device),
                    signs: Tensor::from_data(TensorData::new(vec![-1.0_f32, 1.0, 1.0], [1, 1, 3]), device),
                }),
            },
        })
    }
    /// Returns the vertices that `model` makes of `pictures`.
    fn vertices(&self, model: &Model, pictures: Tensor<4>) -> Tensor<3> {
        self.decode(model, model.encode(pictures))
    }
    /// Returns the vertices that `model` makes of codes.
    pub(super) fn decode(&self, model: &Model, codes: Tensor<2>) -> Tensor<3> {
        let vertices = model.decode(codes, &self.template);
        match &self.mirror {
            None => vertices,
            Some(Mirror { partners, signs }) => {
                let image = vertices.clone().select(1, partners.clone()) * signs.clone();
                (vertices + image) * 0.5
            }
        }
    }
    pub(super) fn device(&self) -> Device {
        self.template.device()
    }
    pub(super) fn count(&self) -> usize {
        self.template.dims()[1]
    }
}

impl Network {
    /// Reads what [`Network::to_bytes`] wrote, of a network of the same settings.
    ///
    /// # Errors
    /// `Network` if the bytes are not those of such a network.
    pub fn from_bytes(settings: NetworkSettings, bytes: &[u8]) -> Result<Self> {
        let device = Device::flex();
        let sphere = Sphere::new(settings.symmetry, &device)?;
        let model = loaded(Model::new(&settings.kind.widths(), sphere.count(), 0, &device), bytes)?;
        Ok(Self { settings, model: model.valid(), sphere })
    }

    /// Returns the weights, in the form of the library.
    ///
    /// # Errors
    /// `Network` if the library fails.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        weights(&self.model)
    }

    /// Its sizes.
    #[must_use]
    pub const fn settings(&self) -> NetworkSettings {
        self.settings
    }
    /// The triangles of every prediction.
    #[must_use]
    pub fn triangles(&self) -> &[[u32; 3]] {
        &self.sphere.triangles
    }
    /// The vertices of every prediction.
    #[must_use]
    pub fn vertex_count(&self) -> usize {
        self.sphere.count()
    }
    /// How many numbers were learnt.
    #[must_use]
    pub fn parameters(&self) -> usize {
        self.model.learnt()
    }

    /// Returns the vertices `[N, V, 3]` of meshes that look like `pictures [N, 4, 64, 64]`.
    ///
    /// # Errors
    /// `Network` if the library fails.
    pub fn vertices(&self, pictures: ArrayView4<'_, f32>) -> Result<Array3<f32>> {
        let count = self.sphere.count();
        let mut vertices = Vec::with_capacity(pictures.dim().0 * count * 3);
        for some in pictures.axis_chunks_iter(Axis(0), TOGETHER) {
            let input = tensor(some, &self.sphere.template.device());
            vertices.extend(numbers(self.sphere.vertices(&self.model, input))?);
        }
        shaped(pictures.dim().0, count, vertices)
    }
}

impl Learner {
    /// Makes a network with weights by `seed`.
    ///
    /// # Errors
    /// `Core` if the sphere cannot be made.
    pub fn new(settings: NetworkSettings, adam_epsilon: f64, seed: u64) -> Result<Self> {
        let device = Device::flex().autodiff();
        let sphere = Sphere::new(settings.symmetry, &device)?;
        let model = Model::new(&settings.kind.widths(), sphere.count(), seed, &device);
        let optimizer = AdamConfig::new().with_epsilon(adam_epsilon as f32).init();
        Ok(Self { settings, model, sphere, optimizer, device })
    }

    /// Goes on from what [`Learner::to_bytes`] wrote.
    ///
    /// # Errors
    /// `Network` if the bytes are not those of such a network.
    pub fn from_bytes(settings: NetworkSettings, adam_epsilon: f64, bytes: &LearnerBytes) -> Result<Self> {
        let mut learner = Self::new(settings, adam_epsilon, 0)?;
        learner.model = loaded(learner.model, &bytes.weights)?;
        let record =
            OptimizerRecord::from_bytes(Bytes::from_bytes_vec(bytes.optimizer.clone())).map_err(failed)?;
        learner.optimizer = learner.optimizer.load_record(record);
        Ok(learner)
    }

    /// Goes on from the weights of a network, [`Network::to_bytes`], with a new optimiser.
    ///
    /// # Errors
    /// `Network` if the bytes are not those of such a network.
    pub fn from_weights(settings: NetworkSettings, adam_epsilon: f64, bytes: &[u8]) -> Result<Self> {
        let mut learner = Self::new(settings, adam_epsilon, 0)?;
        learner.model = loaded(learner.model, bytes)?;
        Ok(learner)
    }

    /// Returns the vertices `[N, V, 3]` of pictures, for a loss of more than them.
    pub(crate) fn forward(&self, pictures: ArrayView4<'_, f32>) -> Tensor<3> {
        self.sphere.vertices(&self.model, tensor(pictures, &self.device))
    }

    /// Moves all weights by their part of `gradients`.
    pub(crate) fn apply(&mut self, gradients: &mut Gradients, lr: f64) {
        let own = GradientsParams::from_module(gradients, &self.model);
        self.model = self.optimizer.step(lr, self.model.clone(), own);
    }

    /// Returns all that is needed to go on.
    ///
    /// # Errors
    /// `Network` if the library fails.
    pub fn to_bytes(&self) -> Result<LearnerBytes> {
        let optimizer = self.optimizer.to_record().into_bytes().map_err(failed)?;
        Ok(LearnerBytes { weights: weights(&self.model)?, optimizer: optimizer.to_vec() })
    }

    /// Returns the network as it is now.
    ///
    /// # Errors
    /// `Core` if the sphere cannot be made.
    pub fn network(&self) -> Result<Network> {
        let sphere = Sphere::new(self.settings.symmetry, &Device::flex())?;
        Ok(Network { settings: self.settings, model: self.model.valid(), sphere })
    }

    /// Takes one step: predicts the vertices `[N, V, 3]` of `pictures [N, 4, 64, 64]`, asks `loss` for their loss and its
    /// gradient, of the same shape, and moves all weights by it.
    ///
    /// # Errors
    /// What `loss` reports; `Network` if the library fails. The weights are then as before, the running means of the norms
    /// are not.
    pub fn step(
        &mut self,
        pictures: ArrayView4<'_, f32>,
        lr: f64,
        loss: impl FnOnce(Array3<f32>) -> Result<(f32, Array3<f32>)>,
    ) -> Result<()> {
        let (n, v) = (pictures.dim().0, self.sphere.count());
        let vertices = self.sphere.vertices(&self.model, tensor(pictures, &self.device));
        let loss = number(vertices, |vertices| {
            let (value, gradient) = loss(shaped(n, v, vertices)?)?;
            Ok((value, gradient.as_standard_layout().iter().copied().collect()))
        })?;
        let gradients = GradientsParams::from_grads(loss.backward(), &self.model);
        self.model = self.optimizer.step(lr, self.model.clone(), gradients);
        Ok(())
    }

    /// The triangles of every prediction.
    #[must_use]
    pub fn triangles(&self) -> &[[u32; 3]] {
        &self.sphere.triangles
    }
    /// The vertices of every prediction.
    #[must_use]
    pub fn vertex_count(&self) -> usize {
        self.sphere.count()
    }
}

/// Returns which vertex stands where each would be in the mirror image: the sphere is its own.
fn partners(sphere: &Mesh) -> Vec<i32> {
    let vertices = sphere.vertices();
    let apart = |v: usize, w: usize| {
        let [x, y, z] = [0, 1, 2].map(|k| (vertices[[v, k]], vertices[[w, k]]));
        (x.0 + x.1).abs() + (y.0 - y.1).abs() + (z.0 - z.1).abs()
    };
    let all = 0..vertices.nrows();
    let nearest = |v| all.clone().min_by(|a, b| apart(v, *a).total_cmp(&apart(v, *b))).unwrap_or(v) as i32;
    all.clone().map(nearest).collect()
}

pub(crate) fn tensor(pictures: ArrayView4<'_, f32>, device: &Device) -> Tensor<4> {
    let (n, c, h, w) = pictures.dim();
    Tensor::from_data(TensorData::new(pictures.iter().copied().collect(), [n, c, h, w]), device)
}

pub(super) fn shaped(n: usize, v: usize, vertices: Vec<f32>) -> Result<Array3<f32>> {
    Array3::from_shape_vec((n, v, 3), vertices).map_err(|e| Error::network(e.to_string()))
}

/// Running means are brought up to date first: the library keeps the last step's apart.
pub(crate) fn weights<M: Module>(model: &M) -> Result<Vec<u8>> {
    Ok(model.valid().into_record().into_bytes().map_err(failed)?.to_vec())
}

pub(crate) fn loaded<M: Module>(model: M, bytes: &[u8]) -> Result<M> {
    let record = ModuleRecord::from_bytes(Bytes::from_bytes_vec(bytes.to_vec())).map_err(failed)?;
    model.try_load_record(record).map_err(failed)
}

fn failed(e: RecordError) -> Error {
    Error::network(e.to_string())
}

#[cfg(test)]
mod tests {
    use ndarray::Array4;

    use super::*;
    use crate::data::PIXELS;
    use crate::settings::NetworkKind;

    fn pictures(n: usize) -> Array4<f32> {
        Array4::from_shape_fn((n, 4, PIXELS, PIXELS), |(n, c, y, x)| {
            f32::from(u8::from((y + 7 * n) % 64 > 20 && (x + 11 * c) % 64 > 30))
        })
    }

    /// Pulls all vertices of mesh n towards a point of its own.
    fn pull(vertices: Array3<f32>) -> Result<(f32, Array3<f32>)> {
        let gradient =
            Array3::from_shape_fn(vertices.dim(), |(n, v, k)| vertices[[n, v, k]] - 0.1 * n as f32);
        Ok((gradient.mapv(|g| g * g / 2.0).sum(), gradient))
    }

    const SMALL: NetworkSettings = NetworkSettings { kind: NetworkKind::Small, symmetry: Symmetry::None };

    fn small() -> Learner {
        Learner::new(SMALL, 1e-8, 7).unwrap()
    }

    #[test]
    fn the_published_network_has_the_published_size() {
        let network = Learner::new(NetworkSettings::default(), 1e-8, 0).unwrap().network().unwrap();
        assert_eq!(network.parameters(), 25_961_417);
        assert_eq!(network.vertices(pictures(1).view()).unwrap().dim(), (1, 642, 3));
        assert_eq!(small().network().unwrap().parameters(), 3_872_681);
    }

    #[test]
    fn an_untrained_network_predicts_about_the_sphere_and_no_coordinate_is_frozen() {
        let network = small().network().unwrap();
        let vertices = network.vertices(pictures(3).view()).unwrap();
        let sphere = icosphere(3).unwrap();
        for ((_, v, k), x) in vertices.indexed_iter() {
            assert!((x - 0.25 * sphere.vertices()[[v, k]]).abs() < 0.06, "{x}");
        }
        // On a plane of the sphere: half a coordinate of 0 would stay 0 in the published map.
        let on_plane = (0..642).filter(|v| sphere.vertices()[[*v, 0]] == 0.0).collect::<Vec<_>>();
        assert!(on_plane.len() > 20);
        assert!(on_plane.iter().all(|v| (vertices[[0, *v, 0]] - vertices[[1, *v, 0]]).abs() > 0.0));
    }

    #[test]
    fn a_mirrored_network_predicts_what_is_its_own_mirror_image() {
        let settings = NetworkSettings { symmetry: Symmetry::Mirror, ..SMALL };
        let network = Learner::new(settings, 1e-8, 7).unwrap().network().unwrap();
        let (own, plain) = (network.vertices(pictures(1).view()).unwrap(), {
            small().network().unwrap().vertices(pictures(1).view()).unwrap()
        });
        let partners = partners(&icosphere(3).unwrap());
        assert!(partners.iter().enumerate().all(|(v, &w)| partners[w as usize] as usize == v));
        assert!(partners.iter().enumerate().filter(|&(v, &w)| v == w as usize).count() < 60);
        for (v, &w) in partners.iter().enumerate() {
            for (k, sign) in [(0, -1.0), (1, 1.0), (2, 1.0)] {
                let w = w as usize;
                assert!((own[[0, v, k]] - sign * own[[0, w, k]]).abs() < 1e-6, "{v} {w}");
                let mean = (plain[[0, v, k]] + sign * plain[[0, w, k]]) / 2.0;
                assert!((own[[0, v, k]] - mean).abs() < 1e-6, "{v} {w}");
            }
        }
    }

    #[test]
    fn a_step_is_the_same_to_the_bit_and_goes_on_from_bytes() {
        let run = |learner: &mut Learner, steps: usize| {
            let mut losses = Vec::new();
            for _ in 0..steps {
                let step = learner.step(pictures(4).view(), 1e-3, |vertices| {
                    let (value, gradient) = pull(vertices)?;
                    losses.push(value);
                    Ok((value, gradient))
                });
                step.unwrap();
            }
            losses
        };
        let (mut one, mut two) = (small(), small());
        let first = run(&mut one, 3);
        assert_eq!(first, run(&mut two, 3));
        assert!(first[2] < first[0], "{first:?}");
        let bits = |learner: &Learner| {
            let vertices = learner.network().unwrap().vertices(pictures(2).view()).unwrap();
            vertices.mapv(f32::to_bits)
        };
        assert_eq!(bits(&one), bits(&two));

        let bytes = one.to_bytes().unwrap();
        let mut again = Learner::from_bytes(SMALL, 1e-8, &bytes).unwrap();
        assert_eq!(bits(&one), bits(&again));
        assert_eq!(run(&mut one, 2), run(&mut again, 2));
        assert_eq!(bits(&one), bits(&again));
        // Saving changed nothing either.
        run(&mut two, 2);
        assert_eq!(bits(&one), bits(&two));

        let network = Network::from_bytes(SMALL, &one.to_bytes().unwrap().weights).unwrap();
        assert_eq!(network.vertices(pictures(2).view()).unwrap().mapv(f32::to_bits), bits(&one));
        assert!(Network::from_bytes(NetworkSettings::default(), &bytes.weights).is_err());
        assert!(Network::from_bytes(SMALL, &bytes.weights[..1000]).is_err());
    }
}
