//! A face on the screen as the formulas see it: barycentric weights, clipped weights, depth (MATH 2 and 5).

use super::real::{Real, Scalar};
use super::vector::Vec2;

/// Which faces may have color.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Facing {
    /// Both sides.
    Both,
    /// Those with `det > 0`.
    CounterClockwise,
    /// Those with `det < 0`.
    Clockwise,
}

/// Twice the area below which a face counts as having none (MATH 2).
pub const ZERO_AREA: f64 = 1e-10;
/// The guard of a sum of clipped weights, and of a reciprocal depth (MATH 5).
const CLIP_GUARD: f64 = 1e-5;
const DEPTH_GUARD: f64 = 1e-30;
/// Keeps the inverse of a squared edge length finite; an edge this short is a point.
const EDGE_GUARD: f64 = 1e-36;

/// A face, set up once: corners, edges and what divisions need. Distances are relative to each corner, which is
/// well conditioned in `f32` (KERNELS 1).
#[derive(Clone, Copy, Debug)]
pub struct Triangle<R: Real> {
    /// Corners on the screen, `p_k`.
    pub p: [Vec2<R>; 3],
    /// Edges `e_k = p_{k+1} - p_k`.
    pub e: [Vec2<R>; 3],
    /// `1 / |e_k|^2`, finite for an edge of no length.
    pub inv_e_sq: [R; 3],
    /// `e_k / |e_k|^2`: its product with `at - p_k` is how far along the edge a point lies, 0 to 1.
    pub along: [Vec2<R>; 3],
    /// `d w_k / d at`, the first two entries of the rows `inv_k` of MATH 2; 0 for a face of zero area.
    pub slopes: [Vec2<R>; 3],
    /// `1 / det`, det twice the signed area; 0 for a face of zero area.
    pub inv_det: R,
    /// Depths `z_k` of the corners.
    pub z: [R; 3],
    /// `1 / z_k`, finite.
    pub inv_z: [R; 3],
    /// Tells where the face has an area.
    pub solid: R::Mask,
    /// Tells where the face can have color: it has an area and every corner is in front of the camera.
    pub colored: R::Mask,
    /// Tells where `det > 0`.
    pub counter_clockwise: R::Mask,
}

/// The lowest and highest x and y of a face.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BoundingBox<R> {
    /// Lowest x and y.
    pub low: Vec2<R>,
    /// Highest x and y.
    pub high: Vec2<R>,
}

/// Barycentric weights clipped to the face, with what their reverse needs.
#[derive(Clone, Copy, Debug)]
pub struct Clipped<R: Real> {
    /// `c_k = clamp(w_k, 0, 1) / max(sum, 1e-5)`.
    pub c: [R; 3],
    /// `1 / max(sum, 1e-5)`.
    pub inv_sum: R,
    /// Where `0 < w_k < 1`: the weight moves with the pixel.
    pub free: [R::Mask; 3],
}

impl<R: Real> Triangle<R> {
    /// Sets a face up from its corners, three times (x, y, z).
    #[inline(always)]
    pub fn new(corners: [[R; 3]; 3]) -> Self {
        let p = three!(k => Vec2::new(corners[k][0], corners[k][1]));
        let z = three!(k => corners[k][2]);
        let e = [p[1] - p[0], p[2] - p[1], p[0] - p[2]];
        let det = e[2].cross(e[0]); // (p_0 - p_2) x (p_1 - p_0) = (p_1 - p_0) x (p_2 - p_0)
        let solid = det.abs().gt(det.lit(ZERO_AREA));
        let ahead = z[0].gt(z[0].zero()) & z[1].gt(z[1].zero()) & z[2].gt(z[2].zero());
        let inv_e_sq = three!(k => e[k].dot(e[k]).max(det.lit(EDGE_GUARD)).recip());
        let inv_det = R::select(solid, det, det.one()).recip().keep(solid);
        // w_{k+2} = (e_k x r) / det, so d w_{k+2} / d at = (-e_k.y, e_k.x) / det.
        let slopes = three!(k => Vec2::new(-e[k].y, e[k].x).scale(inv_det));
        Self {
            p,
            e,
            inv_e_sq,
            along: three!(k => e[k].scale(inv_e_sq[k])),
            slopes: [slopes[1], slopes[2], slopes[0]],
            inv_det,
            z,
            inv_z: three!(k => z[k].max(det.lit(DEPTH_GUARD)).recip()),
            solid,
            colored: solid & ahead,
            counter_clockwise: det.gt(det.zero()),
        }
    }

    /// Returns the barycentric weights `w_k` of the pixel at `at`: `w_{k+2} = (e_k x (at - p_k)) / det`, by its slopes.
    ///
    /// They sum to 1 for a face with an area and are all 0 for one without.
    #[inline(always)]
    pub fn barycentric(&self, at: Vec2<R>) -> [R; 3] {
        let r = three!(k => at - self.p[k]);
        [self.slopes[0].dot(r[1]), self.slopes[1].dot(r[2]), self.slopes[2].dot(r[0])]
    }

    /// Returns `d w_k / d at` for each k.
    #[inline(always)]
    pub const fn barycentric_slopes(&self) -> [Vec2<R>; 3] {
        self.slopes
    }

    /// Returns the gradient to the corners, given `grad_w`: `dw_k / d p_m = -w_m dw_k / d at` (MATH 3).
    #[inline(always)]
    pub fn barycentric_vjp(&self, w: &[R; 3], grad_w: [R; 3]) -> [Vec2<R>; 3] {
        let s = self.barycentric_slopes();
        let at = s[0].scale(grad_w[0]) + s[1].scale(grad_w[1]) + s[2].scale(grad_w[2]);
        three!(m => at.scale(-w[m]))
    }

    /// Tells where the pixel with weights `w` lies strictly inside: all `w_k > 0`, never in a face without an area.
    #[inline(always)]
    pub fn inside(&self, w: &[R; 3]) -> R::Mask {
        let zero = w[0].zero();
        w[0].gt(zero) & w[1].gt(zero) & w[2].gt(zero)
    }

    /// Tells where the closed face holds the pixel with weights `w`: all `0 <= w_k <= 1`.
    #[inline(always)]
    pub fn holds(&self, w: &[R; 3]) -> R::Mask {
        let within = three!(k => w[k].ge(w[k].zero()) & w[k].le(w[k].one()));
        self.solid & within[0] & within[1] & within[2]
    }

    /// Returns the weights clipped to the face: `c_k = clamp(w_k, 0, 1) / max(sum, 1e-5)` (MATH 5).
    #[inline(always)]
    pub fn clip(w: &[R; 3]) -> Clipped<R> {
        let held = three!(k => w[k].clamp(0.0, 1.0));
        let sum = held[0] + held[1] + held[2];
        let inv_sum = sum.max(sum.lit(CLIP_GUARD)).recip();
        Clipped {
            c: three!(k => held[k] * inv_sum),
            inv_sum,
            free: three!(k => w[k].gt(w[k].zero()) & w[k].lt(w[k].one())),
        }
    }

    /// Returns the gradient to the weights, given `grad_c`: `H_k = a_k (G_k - sum_m G_m c_m) / n` (MATH 5).
    #[inline(always)]
    pub fn clip_vjp(clipped: &Clipped<R>, grad_c: [R; 3]) -> [R; 3] {
        let Clipped { c, inv_sum, free } = clipped;
        let mean = grad_c[0] * c[0] + grad_c[1] * c[1] + grad_c[2] * c[2];
        three!(k => ((grad_c[k] - mean) * *inv_sum).keep(free[k]))
    }

    /// Returns the depth at a pixel, `z_p = 1 / sum_k(c_k / z_k)`.
    #[inline(always)]
    pub fn depth(&self, c: &[R; 3]) -> R {
        (c[0] * self.inv_z[0] + c[1] * self.inv_z[1] + c[2] * self.inv_z[2]).recip()
    }

    /// Returns the gradients (to c, to z), given `grad_z_p`: `dz_p/dc_k = -z_p^2 / z_k`, `dz_p/dz_k = z_p^2 c_k / z_k^2`.
    #[inline(always)]
    pub fn depth_vjp(&self, c: &[R; 3], z_p: R, grad_z_p: R) -> ([R; 3], [R; 3]) {
        let ratio = three!(k => z_p * self.inv_z[k]);
        let grad_c = three!(k => -(grad_z_p * z_p * ratio[k]));
        // c_k first: where it is 0 the product stays 0 however near the corner is.
        let grad_z = three!(k => grad_z_p * (c[k] * ratio[k]) * ratio[k]);
        (grad_c, grad_z)
    }

    /// Returns the perspective-correct weights `c'_k = (c_k / z_k) z_p`.
    #[inline(always)]
    pub fn perspective(&self, c: &[R; 3], z_p: R) -> [R; 3] {
        three!(k => c[k] * (self.inv_z[k] * z_p))
    }

    /// Returns the gradients (to c, to z_p, to z), given `grad` with respect to [`Triangle::perspective`] (MATH 5).
    #[inline(always)]
    pub fn perspective_vjp(&self, c: &[R; 3], z_p: R, grad: [R; 3]) -> ([R; 3], R, [R; 3]) {
        let term: [R; 3] = three!(k => grad[k] * (c[k] * self.inv_z[k]));
        (
            three!(k => grad[k] * (z_p * self.inv_z[k])),
            term[0] + term[1] + term[2],
            three!(k => -(term[k] * (self.inv_z[k] * z_p))),
        )
    }

    /// Returns the bounding box of the face.
    #[inline(always)]
    pub fn bounding_box(&self) -> BoundingBox<R> {
        let [a, b, c] = self.p;
        BoundingBox {
            low: Vec2::new(a.x.min(b.x).min(c.x), a.y.min(b.y).min(c.y)),
            high: Vec2::new(a.x.max(b.x).max(c.x), a.y.max(b.y).max(c.y)),
        }
    }

    /// Returns the same face in every lane of `like`.
    #[inline(always)]
    pub fn splat<L: Real<Scalar = R>>(&self, like: L) -> Triangle<L>
    where
        R: Scalar,
    {
        Triangle {
            p: three!(k => self.p[k].splat(like)),
            e: three!(k => self.e[k].splat(like)),
            inv_e_sq: three!(k => like.splat(self.inv_e_sq[k])),
            along: three!(k => self.along[k].splat(like)),
            slopes: three!(k => self.slopes[k].splat(like)),
            inv_det: like.splat(self.inv_det),
            z: three!(k => like.splat(self.z[k])),
            inv_z: three!(k => like.splat(self.inv_z[k])),
            solid: like.mask(self.solid),
            colored: like.mask(self.colored),
            counter_clockwise: like.mask(self.counter_clockwise),
        }
    }

    /// Returns the face of lane `i`.
    pub fn lane(&self, i: usize) -> Triangle<R::Scalar> {
        Triangle {
            p: self.p.map(|v| v.lane(i)),
            e: self.e.map(|v| v.lane(i)),
            inv_e_sq: self.inv_e_sq.map(|x| x.lane(i)),
            along: self.along.map(|v| v.lane(i)),
            slopes: self.slopes.map(|v| v.lane(i)),
            inv_det: self.inv_det.lane(i),
            z: self.z.map(|x| x.lane(i)),
            inv_z: self.inv_z.map(|x| x.lane(i)),
            solid: R::mask_lane(self.solid, i),
            colored: R::mask_lane(self.colored, i),
            counter_clockwise: R::mask_lane(self.counter_clockwise, i),
        }
    }
}

impl<R: Real> BoundingBox<R> {
    /// Returns the same box in every lane of `like`.
    #[inline(always)]
    pub fn splat<L: Real<Scalar = R>>(&self, like: L) -> BoundingBox<L>
    where
        R: Scalar,
    {
        BoundingBox { low: self.low.splat(like), high: self.high.splat(like) }
    }

    /// Tells where the box, grown by `reach` on every side, holds the point `at` (closed).
    #[inline(always)]
    pub fn holds(&self, at: Vec2<R>, reach: R) -> R::Mask {
        at.x.ge(self.low.x - reach)
            & at.x.le(self.high.x + reach)
            & at.y.ge(self.low.y - reach)
            & at.y.le(self.high.y + reach)
    }
}

/// Returns the pixel centre of (row, column) of an H x W picture: `x = (2 col + 1 - W)/H`, `y = (H - 1 - 2 row)/H`.
///
/// Every numerator is an integer that `f32` holds, so a scalar and a lane round alike.
#[inline(always)]
pub fn pixel_centre<S: Scalar>(row: usize, column: usize, height: usize, width: usize) -> Vec2<S> {
    let h = S::from_f64(height as f64);
    Vec2::new(
        S::from_f64(2.0 * column as f64 + 1.0 - width as f64) / h,
        S::from_f64(height as f64 - 1.0 - 2.0 * row as f64) / h,
    )
}
