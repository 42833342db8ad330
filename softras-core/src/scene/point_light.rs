//! Lights at a place: [`PointLight`].

use crate::math::{Scalar, Vec3};

use super::light::Intensity;

/// A surface nearer to a point light than this, in world units, is not lit by it: there is no direction any more, and
/// the inverse of its cube still fits into `f32`.
const NEAREST: f64 = 1e-6;

/// How a point light fades with the distance d.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Falloff {
    /// Not at all: the light only has another direction everywhere (PyTorch3D's point lights).
    #[default]
    None,
    /// By `1 / d^2`, as real lights do.
    InverseSquare,
}

/// A light at a place: `intensity relu(n . u) f(d)`, with u the unit vector from the surface to the light.
/// As part of a gradient: d loss / d each field.
#[derive(Clone, Debug, PartialEq)]
pub struct PointLight<R = f32> {
    /// The place of the light, in the world.
    pub position: Vec3<R>,
    /// How bright it is; with [`Falloff::InverseSquare`], at distance 1.
    pub intensity: Intensity<R>,
    /// How it fades.
    pub falloff: Falloff,
}

impl<R: Scalar> PointLight<R> {
    /// `relu(n . u) f(d)` at the surface point `x` with the unit normal `n`.
    pub(super) fn reach(&self, n: Vec3<R>, x: Vec3<R>) -> R {
        let way = self.position - x;
        if way.norm().to_f64() <= NEAREST {
            return R::ZERO;
        }
        n.dot(way.normalize(NEAREST)).max(R::ZERO) * self.fade(way)
    }

    /// d loss / d n and d loss / d position, given d loss / d `reach(n, x)`; d loss / d x is minus the second.
    pub(super) fn reach_vjp(&self, n: Vec3<R>, x: Vec3<R>, grad: R) -> (Vec3<R>, Vec3<R>) {
        let way = self.position - x;
        let unit = way.normalize(NEAREST);
        let cosine = n.dot(unit);
        if way.norm().to_f64() <= NEAREST || !cosine.gt(R::ZERO) {
            return (Vec3::ZERO, Vec3::ZERO);
        }
        let fade = self.fade(way);
        let through_unit = way.normalize_vjp(NEAREST, n.scale(grad * fade));
        let through_fade = match self.falloff {
            Falloff::None => Vec3::ZERO,
            // d (1 / w . w) / d w = -2 w / (w . w)^2
            Falloff::InverseSquare => {
                let slope = fade * fade * R::from_f64(-2.0);
                way.scale(grad * cosine * slope)
            }
        };
        (unit.scale(grad * fade), through_unit + through_fade)
    }

    fn fade(&self, way: Vec3<R>) -> R {
        match self.falloff {
            Falloff::None => R::ONE,
            Falloff::InverseSquare => way.dot(way).recip(),
        }
    }
}
