//! A number that is computed outside of burn, with its gradient, as one operation of burn: [`number`].
//!
//! ```text
//! forward    x -> host -> (value, gradient)      value goes on, gradient is kept
//! backward   grad_x = grad_value * gradient
//! ```
//!
//! The host is called once, forward; it may draw, compare, and walk back through the drawing. What it says of the gradient
//! reaches `x` as it is: multiplied by the 1 that a last operation gets, to the bit.

use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::tensor::{Tensor, TensorData};

use crate::error::{Error, Result};

/// The operation, for each backend of burn that is used.
#[backend_extension(Autodiff, Flex)]
pub(super) trait HostNumber: Backend {
    /// Returns `value [1]`, whose derivative by `x [N]` is `gradient [N]`.
    fn host_number(x: FloatTensor<Self>, gradient: FloatTensor<Self>, value: f32) -> FloatTensor<Self>;
}

impl HostNumber for Flex {
    fn host_number(x: FloatTensor<Self>, _: FloatTensor<Self>, value: f32) -> FloatTensor<Self> {
        let device = TensorMetadata::device(&x);
        <Self as burn::backend::ops::FloatTensorOps<Self>>::float_from_data(
            TensorData::new(vec![value], [1]),
            &device,
        )
    }
}

/// The way back of [`HostNumber::host_number`].
#[derive(Debug)]
struct HostNumberBackward;

impl<B: Backend> Backward<B, 1> for HostNumberBackward {
    type State = FloatTensor<B>; // the gradient, [N]

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let [x] = ops.parents;
        let grad = grads.consume::<B>(&ops.node); // [1]
        if let Some(x) = x {
            grads.register::<B>(x.id, B::float_mul(ops.state, grad));
        }
    }
}

impl<B: Backend + HostNumber, C: CheckpointStrategy> HostNumber for Autodiff<B, C> {
    fn host_number(x: FloatTensor<Self>, gradient: FloatTensor<Self>, value: f32) -> FloatTensor<Self> {
        let prepared = HostNumberBackward.prepare::<C>([x.node()]).compute_bound().stateful();
        let gradient = gradient.into_primitive();
        let output = B::host_number(x.into_primitive(), gradient.clone(), value);
        match prepared {
            OpsKind::Tracked(prepared) => prepared.finish(gradient, output),
            OpsKind::UnTracked(prepared) => prepared.finish(output),
        }
    }
}

/// Calls `host` with the numbers of `x`, in order; it returns a number and its derivative by each of them.
///
/// # Errors
/// What `host` reports; `Setting` if it returns another number of derivatives.
pub(crate) fn number<const D: usize>(
    x: Tensor<D>,
    host: impl FnOnce(Vec<f32>) -> Result<(f32, Vec<f32>)>,
) -> Result<Tensor<1>> {
    let count = x.shape().num_elements();
    let device = x.device();
    let (value, gradient) = host(numbers(x.clone().detach())?)?;
    if gradient.len() != count {
        return Err(Error::setting("derivatives", gradient.len(), format!("{count}, one a number")));
    }
    let gradient = Tensor::<1>::from_data(TensorData::new(gradient, [count]), &device);
    let x: Tensor<1> = x.reshape([count]);
    let number = <Dispatch as HostNumber>::host_number(x.into_dispatch(), gradient.into_dispatch(), value);
    Ok(Tensor::from_dispatch(number))
}

/// Reads the numbers of a tensor.
///
/// # Errors
/// `Network` if they are no 32-bit numbers or cannot be read.
pub(crate) fn numbers<const D: usize>(x: Tensor<D>) -> Result<Vec<f32>> {
    x.into_data().try_into_vec::<f32>().map_err(|e| Error::network(format!("{e:?}")))
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;
    use ndarray::{Array3, Array4};
    use softras_cpu::CpuRasterizer;
    use softras_io::icosphere;

    use super::*;
    use crate::data::{PIXELS, cameras};
    use crate::loss::{PairLoss, PairTargets, PairValue};
    use crate::settings::{LossWeights, ReconSettings};

    fn value(vertices: &Array3<f32>) -> PairValue<f32> {
        let sphere = icosphere(1).unwrap();
        let loss = PairLoss::new(sphere.triangles().to_vec(), 42, cameras(), LossWeights::default()).unwrap();
        let picture = Array4::from_shape_fn((1, 4, PIXELS, PIXELS), |(_, _, y, x)| {
            f32::from(u8::from((20..50).contains(&y) && (10..40).contains(&x)))
        });
        let targets = PairTargets {
            views_a: &[3],
            views_b: &[11],
            pictures_a: picture.view(),
            pictures_b: picture.view(),
        };
        let params = ReconSettings::default().raster(0.0, PairLoss::<f32>::outputs(None));
        loss.loss(&CpuRasterizer, &params, vertices.view(), None, &targets).unwrap()
    }

    #[test]
    fn the_gradient_through_the_library_is_that_of_softras_to_the_bit() {
        let sphere = icosphere(1).unwrap();
        let vertices = Array3::from_shape_fn((2, 42, 3), |(n, v, k)| {
            sphere.vertices()[[v, k]] * (0.3 + 0.04 * ((n * 42 + v) as f32).sin())
        });
        let own = value(&vertices);
        let device = Device::flex().autodiff();
        let x =
            Tensor::<3>::from_data(TensorData::new(vertices.iter().copied().collect(), [2, 42, 3]), &device)
                .require_grad();
        let through = |x: Tensor<3>| {
            number(x, |x| {
                let value = value(&Array3::from_shape_vec((2, 42, 3), x).unwrap());
                Ok((value.total, value.grad_vertices.into_raw_vec_and_offset().0))
            })
            .unwrap()
        };
        let loss = through(x.clone());
        assert_eq!(loss.clone().into_data().try_into_vec::<f32>().unwrap(), [own.total]);
        let grad = numbers(x.grad(&loss.backward()).unwrap()).unwrap();
        let bits = |x: &f32| x.to_bits();
        let expected: Vec<u32> = own.grad_vertices.iter().map(bits).collect();
        assert_eq!(grad.iter().map(bits).collect::<Vec<_>>(), expected);
        assert!(expected.iter().filter(|b| **b != 0).count() > 100);

        // Behind other operations the chain rule holds: of 3 * loss(2 y), 6 times the gradient at x = 2 y.
        let y = (x / 2.0).detach().require_grad();
        let loss = through(y.clone() * 2.0) * 3.0;
        let grad = numbers(y.grad(&loss.backward()).unwrap()).unwrap();
        for (found, expected) in grad.iter().zip(&own.grad_vertices) {
            assert!((found - 6.0 * expected).abs() <= 1e-6 * expected.abs(), "{found} {expected}");
        }
    }

    #[test]
    fn a_host_that_fails_or_miscounts_is_reported() {
        let x =
            || Tensor::<1>::from_data(TensorData::new(vec![1.0_f32, 2.0], [2]), &Device::flex().autodiff());
        assert!(number(x(), |_| Ok((1.0, vec![1.0]))).unwrap_err().to_string().contains("one a number"));
        assert!(number(x(), |_| Err(Error::network("no"))).unwrap_err().to_string().contains("no"));
        assert_eq!(numbers(number(x(), |x| Ok((x[1], x))).unwrap()).unwrap(), [2.0]);
    }
}
