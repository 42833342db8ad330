//! Layers with weights by seed: uniform in `+-1 / sqrt(inputs)`, as the published code has them. burn's own come from
//! one global source, which another thread may read from too.

use burn::module::Param;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{Linear, LinearConfig, PaddingConfig2d};
use burn::tensor::{Device, Tensor, TensorData};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// Makes layers, one after the other.
pub(crate) struct Initial<'d> {
    random: ChaCha8Rng,
    device: &'d Device,
}

impl<'d> Initial<'d> {
    pub(crate) fn new(seed: u64, device: &'d Device) -> Self {
        Self { random: ChaCha8Rng::seed_from_u64(seed ^ 0x0e1e_c7a5), device }
    }

    pub(crate) fn linear(&mut self, inputs: usize, outputs: usize) -> Linear {
        let mut layer = LinearConfig::new(inputs, outputs).init(self.device);
        layer.weight = self.uniform([inputs, outputs], inputs);
        layer.bias = Some(self.uniform([outputs], inputs));
        layer
    }

    /// 5 x 5, half the size.
    pub(crate) fn convolution(&mut self, inputs: usize, outputs: usize) -> Conv2d {
        let config = Conv2dConfig::new([inputs, outputs], [5, 5])
            .with_stride([2, 2])
            .with_padding(PaddingConfig2d::Explicit(2, 2, 2, 2));
        let mut layer = config.init(self.device);
        layer.weight = self.uniform([outputs, inputs, 5, 5], inputs * 25);
        layer.bias = Some(self.uniform([outputs], inputs * 25));
        layer
    }

    /// Uniform numbers, as for a layer of `inputs` inputs.
    pub(crate) fn uniform<const D: usize>(&mut self, shape: [usize; D], inputs: usize) -> Param<Tensor<D>> {
        let bound = 1.0 / (inputs as f32).sqrt();
        let unit = 2.0 / (1 << 24) as f32;
        let mut number = || ((self.random.next_u32() >> 8) as f32 * unit - 1.0) * bound;
        let numbers: Vec<f32> = (0..shape.iter().product()).map(|_| number()).collect();
        Param::from_tensor(Tensor::from_data(TensorData::new(numbers, shape), self.device))
    }
}
