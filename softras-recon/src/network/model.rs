//! The layers, [`Model`]: an encoder of convolutions, a decoder to a centroid and an offset of each vertex.

use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::nn::{BatchNorm, BatchNormConfig, Linear};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};

use super::initial::Initial;
use crate::data::PIXELS;
use crate::settings::Widths;

/// How much the centroid follows its layer, as published.
const CENTROID_SCALE: f32 = 0.1;

/// All layers. A picture `[N, 4, 64, 64]` becomes `[N, 512]` (in the published widths), and that an offset of each vertex
/// and one centroid.
#[derive(Module, Debug)]
pub(super) struct Model {
    convolutions: Vec<Conv2d>,
    norms: Vec<BatchNorm>,
    encoder: Vec<Linear>,
    decoder: Vec<Linear>,
    centroid: Linear,
    offsets: Linear,
}

impl Model {
    /// Makes the layers for meshes of `vertices` vertices.
    pub(super) fn new(widths: &Widths, vertices: usize, seed: u64, device: &Device) -> Self {
        let mut initial = Initial::new(seed, device);
        let Widths { convolutions: [c1, c2, c3], encoder, decoder } = *widths;
        let convolutions =
            [(4, c1), (c1, c2), (c2, c3)].map(|(i, o)| initial.convolution(i, o)).into_iter().collect();
        let norms = [c1, c2, c3].map(|c| BatchNormConfig::new(c).init(device)).into_iter().collect();
        let mut inputs = c3 * (PIXELS / 8).pow(2);
        let mut chain = |widths: &[usize]| -> Vec<Linear> {
            let mut layer = |&outputs: &usize| {
                let layer = initial.linear(inputs, outputs);
                inputs = outputs;
                layer
            };
            widths.iter().map(&mut layer).collect()
        };
        let (encoder, decoder) = (chain(&encoder), chain(&decoder));
        let (centroid, offsets) = (initial.linear(inputs, 3), initial.linear(inputs, 3 * vertices));
        Self { convolutions, norms, encoder, decoder, centroid, offsets }
    }

    /// Returns the codes `[N, C]` of pictures `[N, 4, 64, 64]`.
    pub(super) fn encode(&self, pictures: Tensor<4>) -> Tensor<2> {
        let mut x = pictures;
        for (convolution, norm) in self.convolutions.iter().zip(&self.norms) {
            x = relu(norm.forward(convolution.forward(x)));
        }
        let code: Tensor<2> = x.flatten(1, 3);
        self.encoder.iter().fold(code, |x, layer| relu(layer.forward(x)))
    }

    /// Returns the vertices `[N, V, 3]` of codes `[N, C]`; `template` is [`template`] of the sphere.
    pub(super) fn decode(&self, codes: Tensor<2>, template: &Tensor<3>) -> Tensor<3> {
        let x = self.decoder.iter().fold(codes, |x, layer| relu(layer.forward(x)));
        let [n, _] = x.dims();
        let [_, v, _] = template.dims();
        let centroid = (self.centroid.forward(x.clone()) * CENTROID_SCALE).tanh().reshape([n, 1, 3]);
        let offsets = self.offsets.forward(x).reshape([n, v, 3]);
        place(offsets, centroid, template)
    }

    /// Returns how many numbers are learnt: running means of the norms are not.
    pub(super) fn learnt(&self) -> usize {
        let running: usize = self.norms.iter().map(|norm| 2 * norm.gamma.lazy_shape().num_elements()).sum();
        self.num_params() - running
    }
}

/// Returns where each coordinate of the unit sphere `[1, V, 3]` starts: `atanh(v / 2)`.
pub(super) fn template(sphere: Tensor<3>) -> Tensor<3> {
    let v = sphere * 0.5;
    // atanh v = ln((1 + v) / (1 - v)) / 2
    ((v.clone() + 1.0) / (-v + 1.0)).log() * 0.5
}

/// Returns `(u + c (1 - |u|)) / 2` with `u = tanh(template + offset)`: inside a box of side 1, around the centroid c / 2.
///
/// The published map is `sign(v) sigmoid(logit |v| + offset)`: it leaves each vertex in its octant, and one with a
/// coordinate of exactly 0 (60 of the 642 for each axis are on a plane) can never leave that plane. Here a coordinate may
/// pass 0, and moves fastest there.
fn place(offsets: Tensor<3>, centroid: Tensor<3>, template: &Tensor<3>) -> Tensor<3> {
    let u = (offsets + template.clone()).tanh();
    let free = -u.clone().abs() + 1.0;
    (u + free * centroid) * 0.5
}
