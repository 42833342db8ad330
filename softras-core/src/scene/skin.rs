//! Linear blend skinning: each vertex follows a few joints, [`Skin`].

use ndarray::{Array2, ArrayRef2};

use super::affine::Affine;
use super::rows::{from_rows, to_rows};
use crate::error::{Error, Result};
use crate::math::{OrderedSum, Scalar, Vec3};

/// How far the weights of a vertex may sum to another number than 1: rounding in `f32` and in files.
const WEIGHT_SLACK: f64 = 1e-3;

/// Which joints each vertex follows, and how much: `v' = sum_k weight_k A_k v` (Magnenat-Thalmann et al.,
/// *Joint-Dependent Local Deformations*, 1988). It cannot be built with a joint or a weight out of range.
#[derive(Clone, Debug, PartialEq)]
pub struct Skin<R = f32> {
    joints: Array2<u32>, // [V, K]
    weights: Array2<R>,  // [V, K]
    joint_count: usize,
}

impl<R: Scalar> Skin<R> {
    /// Builds a skin over `joint_count` joints from `joints` and `weights`, both `[V, K]`, K >= 1.
    ///
    /// # Errors
    /// `Shape` if the shapes differ; `Layout` if a joint does not exist; `Parameter` if a weight is negative or not
    /// finite, or those of a vertex do not sum to 1 (within 1e-3).
    pub fn new(joints: Array2<u32>, weights: Array2<R>, joint_count: usize) -> Result<Self> {
        if joints.shape() != weights.shape() || joints.ncols() == 0 {
            let expected = format!("{:?} as the weights, [V, K] with K >= 1", weights.shape());
            return Err(Error::shape("joints of a skin", joints.shape(), expected));
        }
        if let Some(((v, _), bad)) = joints.indexed_iter().find(|(_, k)| **k as usize >= joint_count) {
            let expected = format!("an index below {joint_count}");
            return Err(Error::layout(format!("skin of vertex {v}"), format!("joint {bad}"), expected));
        }
        for (v, row) in weights.rows().into_iter().enumerate() {
            let good = row.iter().all(|w| w.is_finite() && w.to_f64() >= 0.0);
            let sum: f64 = row.iter().map(|w| w.to_f64()).sum();
            if !(good && (sum - 1.0).abs() <= WEIGHT_SLACK) {
                let expected = "finite numbers of at least 0 that sum to 1";
                return Err(Error::parameter(format!("weights of vertex {v}"), format!("{row:?}"), expected));
            }
        }
        Ok(Self { joints, weights, joint_count })
    }

    /// The joints of each vertex, `[V, K]`.
    #[must_use]
    pub const fn joints(&self) -> &Array2<u32> {
        &self.joints
    }
    /// How much each of them counts, `[V, K]`; rows sum to 1.
    #[must_use]
    pub const fn weights(&self) -> &Array2<R> {
        &self.weights
    }
    /// The number of joints that there are.
    #[must_use]
    pub const fn joint_count(&self) -> usize {
        self.joint_count
    }
    /// The same skin in another scalar type.
    #[must_use]
    pub fn cast<S: Scalar>(&self) -> Skin<S> {
        Skin {
            joints: self.joints.clone(),
            weights: self.weights.map(|w| S::from_f64(w.to_f64())),
            joint_count: self.joint_count,
        }
    }

    /// Returns `vertices [V, 3]` moved by `maps`, one for each joint.
    ///
    /// # Errors
    /// `Shape` if the vertices are not `[V, 3]`, or there is not one map for each joint.
    pub fn blend(&self, vertices: &ArrayRef2<R>, maps: &[Affine<R>]) -> Result<Array2<R>> {
        self.check(vertices, maps)?;
        Ok(to_rows(&self.moved(&from_rows(vertices), maps)))
    }

    /// Returns d loss / d vertices, `[V, 3]`, and d loss / d maps, given d loss / d `blend(vertices, maps)`.
    ///
    /// # Errors
    /// `Shape` as for [`Skin::blend`], or if the gradient is not `[V, 3]`.
    pub fn blend_vjp(
        &self,
        vertices: &ArrayRef2<R>,
        maps: &[Affine<R>],
        grad: &ArrayRef2<R>,
    ) -> Result<(Array2<R>, Vec<Affine<R>>)> {
        self.check(vertices, maps)?;
        if grad.shape() != vertices.shape() {
            let expected = format!("{:?} as the vertices", vertices.shape());
            return Err(Error::shape("gradient of skinned vertices", grad.shape(), expected));
        }
        let (grad_vertices, grad_maps) = self.moved_vjp(&from_rows(vertices), maps, &from_rows(grad));
        Ok((to_rows(&grad_vertices), grad_maps))
    }

    fn check(&self, vertices: &ArrayRef2<R>, maps: &[Affine<R>]) -> Result<()> {
        if vertices.shape() != [self.weights.nrows(), 3] {
            let expected = format!("[{}, 3]", self.weights.nrows());
            return Err(Error::shape("vertices of a skin", vertices.shape(), expected));
        }
        if maps.len() != self.joint_count {
            let expected = format!("[{}], one for each joint", self.joint_count);
            return Err(Error::shape("maps of the joints of a skin", &[maps.len()], expected));
        }
        Ok(())
    }

    /// The joint and weight of everything that moves vertex `v`.
    fn at(&self, v: usize) -> impl Iterator<Item = (usize, R)> + '_ {
        let joints = self.joints.row(v).into_iter().map(|&k| k as usize);
        joints.zip(self.weights.row(v).into_iter().copied())
    }

    fn blended(&self, v: usize, maps: &[Affine<R>]) -> Affine<R> {
        let mut sum = Affine::ZERO;
        for (k, weight) in self.at(v) {
            sum += maps[k].scale(weight);
        }
        sum
    }

    /// [`Skin::blend`] over vectors that are known to fit.
    pub(super) fn moved(&self, vertices: &[Vec3<R>], maps: &[Affine<R>]) -> Vec<Vec3<R>> {
        vertices.iter().enumerate().map(|(v, &at)| self.blended(v, maps).apply(at)).collect()
    }

    /// [`Skin::blend_vjp`] over vectors that are known to fit.
    pub(super) fn moved_vjp(
        &self,
        vertices: &[Vec3<R>],
        maps: &[Affine<R>],
        grad: &[Vec3<R>],
    ) -> (Vec<Vec3<R>>, Vec<Affine<R>>) {
        let mut sums = vec![OrderedSum::new(Affine::ZERO); self.joint_count];
        let mut grad_vertices = Vec::with_capacity(vertices.len());
        for (v, (&at, &grad)) in vertices.iter().zip(grad).enumerate() {
            grad_vertices.push(self.blended(v, maps).linear.transpose_mul_vec(grad));
            let one = Affine { linear: crate::math::Mat3::outer(grad, at), translation: grad };
            for (k, weight) in self.at(v) {
                sums[k].push(one.scale(weight));
            }
        }
        (grad_vertices, sums.into_iter().map(OrderedSum::total).collect())
    }
}
