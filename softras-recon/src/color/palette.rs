//! The layers, [`PaletteModel`]: a picture becomes a palette, and each texel a mixture of it.
//!
//! ```text
//! code      = encoder(picture)                                              [N, E]
//! sampling  = softmax over pixels (query(code) . key(pixel))                [N, P, H W]
//! palette   = sampling . colors of the pixels                               [N, P, 3]
//! selection = softmax over the palette (texel's vector . choice(code))      [N, T, P]
//! texels    = selection . palette                                           [N, T, 3]
//! ```
//!
//! Both softmaxes are as published: a color of the palette is a mixture of the picture's own, over the pixels that the
//! object covers, and a texel is one of the palette's. How their logits are made is not published; here each is a product of
//! what the picture says and what the pixel or texel is, which is a layer to all logits at once of low rank.

use burn::module::{Module, Param};
use burn::nn::conv::Conv2d;
use burn::nn::{BatchNorm, BatchNormConfig, Linear};
use burn::tensor::activation::{relu, softmax};
use burn::tensor::{Device, Tensor, TensorData};

use crate::data::PIXELS;
use crate::network::Initial;

/// Channels after each convolution.
const CHANNELS: [usize; 3] = [16, 32, 64];
/// Numbers that tell one picture from another, E.
const CODE: usize = 256;
/// Numbers that tell a pixel from another.
const KEY: usize = 24;
/// Numbers that tell a texel from another.
const TEXEL: usize = 64;
/// What keeps pixels that the object does not cover out of a softmax.
const OUTSIDE: f32 = 1e4;

/// All layers.
#[derive(Module, Debug)]
pub(super) struct PaletteModel {
    convolutions: Vec<Conv2d>,
    norms: Vec<BatchNorm>,
    encoder: Vec<Linear>,
    keys: Vec<Linear>,
    query: Linear,
    texel: Param<Tensor<2>>, // [T, TEXEL]
    bias: Param<Tensor<2>>,  // [T, P]
    choice: Linear,
}

/// What becomes of pictures.
pub(super) struct Mixture {
    /// `[N, P, 3]`.
    pub(super) palette: Tensor<3>,
    /// `[N, T, P]`.
    pub(super) selection: Tensor<3>,
    /// `[N, T, 3]`.
    pub(super) texels: Tensor<3>,
}

impl PaletteModel {
    /// Makes the layers for `texels` texels of `colors` colors.
    pub(super) fn new(texels: usize, colors: usize, seed: u64, device: &Device) -> Self {
        let mut initial = Initial::new(seed ^ 0xc010_0435, device);
        let [c1, c2, c3] = CHANNELS;
        let convolutions =
            [(4, c1), (c1, c2), (c2, c3)].map(|(i, o)| initial.convolution(i, o)).into_iter().collect();
        let norms = CHANNELS.map(|c| BatchNormConfig::new(c).init(device)).into_iter().collect();
        let encoder = [(c3 * (PIXELS / 8).pow(2), CODE), (CODE, CODE)]
            .map(|(i, o)| initial.linear(i, o))
            .into_iter()
            .collect();
        // Of a pixel: red, green, blue, silhouette, and where it is.
        let keys = [(6, KEY), (KEY, KEY)].map(|(i, o)| initial.linear(i, o)).into_iter().collect();
        Self {
            convolutions,
            norms,
            encoder,
            keys,
            query: initial.linear(CODE, colors * KEY),
            texel: initial.uniform([texels, TEXEL], 1),
            bias: initial.uniform([texels, colors], TEXEL),
            choice: initial.linear(CODE, TEXEL * colors),
        }
    }

    /// Returns palette, selection and texels of pictures `[N, 4, 64, 64]`.
    pub(super) fn forward(&self, pictures: Tensor<4>) -> Mixture {
        let device = pictures.device();
        let pixels = pictures.clone().flatten::<3>(2, 3); // [N, 4, H W]
        let mut x = pictures;
        for (convolution, norm) in self.convolutions.iter().zip(&self.norms) {
            x = relu(norm.forward(convolution.forward(x)));
        }
        let mut code: Tensor<2> = x.flatten(1, 3);
        for layer in &self.encoder {
            code = relu(layer.forward(code));
        }
        let [n, _] = code.dims();
        let [texels, colors] = self.bias.dims();

        let count = PIXELS * PIXELS;
        let places = Tensor::<3>::from_data(TensorData::new(places(), [1, 2, count]), &device);
        let features = Tensor::cat(vec![pixels.clone(), places.repeat_dim(0, n)], 1).swap_dims(1, 2);
        let mut keys = features; // [N, H W, 6]
        for (i, layer) in self.keys.iter().enumerate() {
            keys = layer.forward(keys);
            if i + 1 < self.keys.len() {
                keys = relu(keys);
            }
        }
        let query = self.query.forward(code.clone()).reshape([n, colors, KEY]);
        let outside = (pixels.clone().narrow(1, 3, 1).greater_elem(0.5).float() - 1.0) * OUTSIDE; // [N, 1, H W]
        let sampling = softmax(query.matmul(keys.swap_dims(1, 2)) + outside, 2); // [N, P, H W]
        let palette = sampling.matmul(pixels.narrow(1, 0, 3).swap_dims(1, 2)); // [N, P, 3]

        let choice = self.choice.forward(code).reshape([n, TEXEL, colors]);
        let texel = self.texel.val().reshape([1, texels, TEXEL]).repeat_dim(0, n);
        let bias = self.bias.val().reshape([1, texels, colors]);
        let selection = softmax(texel.matmul(choice) + bias, 2); // [N, T, P]
        let texels = selection.clone().matmul(palette.clone());
        Mixture { palette, selection, texels }
    }
}

/// Returns x, then y of each pixel's centre, -1 to 1, `[2, H W]`.
fn places() -> Vec<f32> {
    let centre = |i: usize| (2 * i + 1) as f32 / PIXELS as f32 - 1.0;
    let across = (0..PIXELS * PIXELS).map(|i| centre(i % PIXELS));
    across.chain((0..PIXELS * PIXELS).map(|i| centre(i / PIXELS))).collect()
}
