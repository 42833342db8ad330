//! The half of a network that makes meshes of codes, with the gradient to the codes: [`Decoder`].

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use ndarray::{Array2, Array3, ArrayView2, ArrayView4, Axis};

use super::host::{number, numbers};
use super::learner::{Network, Sphere, TOGETHER, loaded, shaped, tensor};
use super::model::Model;
use crate::error::{Error, Result};

/// A network whose weights stay and whose codes may move.
#[derive(Clone, Debug)]
pub(crate) struct Decoder {
    model: Model,
    sphere: Sphere,
    device: Device,
}

impl Decoder {
    /// Takes the weights of `network`.
    ///
    /// # Errors
    /// `Core` if the sphere cannot be made; `Network` if the library fails.
    pub(crate) fn new(network: &Network) -> Result<Self> {
        let (settings, device) = (network.settings(), Device::flex().autodiff());
        let sphere = Sphere::new(settings.symmetry, &device)?;
        let model = Model::new(&settings.kind.widths(), sphere.count(), 0, &device);
        let model = loaded(model, &network.to_bytes()?)?.no_grad();
        Ok(Self { model, sphere, device })
    }

    /// Calls `loss` with the vertices `[N, V, 3]` of `codes [N, C]`; it returns a number and its gradient, of the same shape.
    /// Returns the gradient of that number to the codes.
    ///
    /// # Errors
    /// What `loss` reports; `Network` if the library fails.
    pub(crate) fn gradient(
        &self,
        codes: ArrayView2<'_, f32>,
        loss: impl FnOnce(Array3<f32>) -> Result<(f32, Array3<f32>)>,
    ) -> Result<Array2<f32>> {
        let (n, c) = codes.dim();
        let codes = matrix(codes, &self.device).require_grad();
        let value = number(self.sphere.decode(&self.model, codes.clone()), |vertices| {
            let (value, gradient) = loss(shaped(n, self.sphere.count(), vertices)?)?;
            Ok((value, gradient.as_standard_layout().iter().copied().collect()))
        })?;
        let gradient =
            codes.grad(&value.backward()).ok_or_else(|| Error::network("no gradient to the codes"))?;
        Array2::from_shape_vec((n, c), numbers(gradient)?).map_err(|e| Error::network(e.to_string()))
    }
}

impl Network {
    /// Returns the codes `[N, C]` of `pictures [N, 4, 64, 64]`.
    ///
    /// # Errors
    /// `Network` if the library fails.
    pub(crate) fn codes(&self, pictures: ArrayView4<'_, f32>) -> Result<Array2<f32>> {
        let width = self.settings().kind.widths().encoder[2];
        let mut codes = Vec::with_capacity(pictures.dim().0 * width);
        for some in pictures.axis_chunks_iter(Axis(0), TOGETHER) {
            codes.extend(numbers(self.model.encode(tensor(some, &self.sphere.device())))?);
        }
        Array2::from_shape_vec((pictures.dim().0, width), codes).map_err(|e| Error::network(e.to_string()))
    }

    /// Returns the vertices `[N, V, 3]` of `codes [N, C]`.
    ///
    /// # Errors
    /// `Network` if the library fails.
    pub(crate) fn decode(&self, codes: ArrayView2<'_, f32>) -> Result<Array3<f32>> {
        let vertices = self.sphere.decode(&self.model, matrix(codes, &self.sphere.device()));
        shaped(codes.nrows(), self.sphere.count(), numbers(vertices)?)
    }
}

fn matrix(codes: ArrayView2<'_, f32>, device: &Device) -> Tensor<2> {
    let (n, c) = codes.dim();
    Tensor::from_data(TensorData::new(codes.iter().copied().collect(), [n, c]), device)
}

#[cfg(test)]
mod tests {
    use ndarray::Array4;

    use super::super::learner::Learner;
    use super::*;
    use crate::data::PIXELS;
    use crate::settings::{NetworkKind, NetworkSettings, Symmetry};

    #[test]
    fn codes_make_the_same_mesh_and_their_gradient_is_the_slope() {
        let settings = NetworkSettings { kind: NetworkKind::Small, symmetry: Symmetry::Mirror };
        let network = Learner::new(settings, 1e-8, 7).unwrap().network().unwrap();
        let pictures = Array4::from_shape_fn((2, 4, PIXELS, PIXELS), |(n, c, y, x)| {
            f32::from(u8::from((y + 7 * n) % 64 > 20 && (x + 11 * c) % 64 > 30))
        });
        let codes = network.codes(pictures.view()).unwrap();
        assert_eq!(network.decode(codes.view()).unwrap(), network.vertices(pictures.view()).unwrap());

        // Of sum w v, w another number for each coordinate.
        let weight = |i: usize| (i as f32 * 0.7).sin();
        let sum = |vertices: &Array3<f32>| -> f64 {
            vertices.iter().enumerate().map(|(i, x)| f64::from(weight(i) * x)).sum()
        };
        let decoder = Decoder::new(&network).unwrap();
        let gradient = decoder
            .gradient(codes.view(), |vertices| {
                let weights =
                    Array3::from_shape_fn(vertices.dim(), |(n, v, k)| weight((n * 642 + v) * 3 + k));
                Ok((sum(&vertices) as f32, weights))
            })
            .unwrap();
        assert_eq!(gradient.dim(), codes.dim());
        let step = 0.02;
        let along = &gradient * (step / gradient.mapv(|g| g * g).sum().sqrt());
        let ahead = sum(&network.decode((&codes + &along).view()).unwrap());
        let behind = sum(&network.decode((&codes - &along).view()).unwrap());
        let expected = f64::from(2.0 * step * gradient.mapv(|g| g * g).sum().sqrt());
        assert!((ahead - behind - expected).abs() < 0.02 * expected, "{} {expected}", ahead - behind);
    }
}
