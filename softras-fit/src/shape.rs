//! From the numbers that are fitted to vertices, and back: [`Shape`].

use ndarray::{Array2, ArrayView2};
use softras_core::scene::Mesh;

use crate::error::{Error, Result};
use crate::settings::ShapeModel;
use crate::solver::Smoother;

/// Coordinates of the box model stay this far inside 0 and 1, where the logit is finite.
const MARGIN: f64 = 1e-6;

/// How the vertices of a template follow from a flat slice of parameters, which starts at [`Shape::start`].
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    /// `v = template + p`.
    Offset { template: Vec<f64> },
    /// `v = template + (I + lambda L)^-1 p`.
    Smooth { template: Vec<f64>, smoother: Smoother },
    /// `m = logistic(logit(|template|) + p)`, `c = tanh(p_centre)`, `v = c + m (1 - c)` where the template is positive,
    /// `c - m (1 + c)` where negative, `c` where 0.
    Box { logits: Vec<f64>, signs: Vec<f64> },
}

impl Shape {
    /// Takes `template` as the start.
    ///
    /// # Errors
    /// `Setting` if the template does not fit the box of the box model.
    pub(crate) fn new(model: ShapeModel, smoothness: f64, template: &Mesh) -> Result<Self> {
        let flat: Vec<f64> = template.vertices().iter().map(|&x| f64::from(x)).collect();
        Ok(match model {
            ShapeModel::Offset => Self::Offset { template: flat },
            ShapeModel::Smooth => {
                let smoother = Smoother::new(smoothness, template.vertices().nrows(), template.triangles())?;
                Self::Smooth { template: flat, smoother }
            }
            ShapeModel::Box => {
                if let Some(bad) = flat.iter().find(|x| x.abs() >= 1.0) {
                    let expected = "coordinates between -1 and 1 for the box model (scale the template)";
                    return Err(Error::setting("template", format!("the coordinate {bad}"), expected));
                }
                let logit = |x: &f64| {
                    let m = x.abs().clamp(MARGIN, 1.0 - MARGIN);
                    (m / (1.0 - m)).ln()
                };
                let sign = |x: &f64| if x.abs() > 0.0 { x.signum() } else { 0.0 };
                Self::Box { logits: flat.iter().map(logit).collect(), signs: flat.iter().map(sign).collect() }
            }
        })
    }

    /// The parameters whose vertices are the template's.
    pub(crate) fn start(&self) -> Vec<f32> {
        match self {
            Self::Offset { template } | Self::Smooth { template, .. } => vec![0.0; template.len()],
            Self::Box { logits, .. } => vec![0.0; logits.len() + 3],
        }
    }

    /// Returns the vertices, `[V, 3]`.
    pub(crate) fn vertices(&self, parameters: &[f32]) -> Array2<f32> {
        let at = |i: usize| f64::from(parameters[i]);
        match self {
            Self::Offset { template } => matrix(template.len(), |i| template[i] + at(i)),
            Self::Smooth { template, smoother } => {
                let smooth = smoother.solve(&(0..template.len()).map(at).collect::<Vec<_>>());
                matrix(template.len(), |i| template[i] + smooth[i])
            }
            Self::Box { logits, signs } => matrix(logits.len(), |i| {
                let centre = at(logits.len() + i % 3).tanh();
                let m = logistic(logits[i] + at(i));
                // 1 - c, -(1 + c) or 0
                centre + m * (signs[i] - signs[i].abs() * centre)
            }),
        }
    }

    /// Returns d loss / d parameters, given d loss / d vertices.
    pub(crate) fn vjp(&self, parameters: &[f32], grad: ArrayView2<'_, f32>) -> Vec<f32> {
        let grad: Vec<f64> = grad.iter().map(|&g| f64::from(g)).collect();
        match self {
            Self::Offset { .. } => grad.iter().map(|&g| g as f32).collect(),
            // The matrix is symmetric.
            Self::Smooth { smoother, .. } => smoother.solve(&grad).into_iter().map(|g| g as f32).collect(),
            Self::Box { logits, signs } => {
                let n = logits.len();
                let mut out = vec![0.0_f32; n + 3];
                let mut grad_centre = [0.0; 3];
                for i in 0..n {
                    let centre = f64::from(parameters[n + i % 3]).tanh();
                    let m = logistic(logits[i] + f64::from(parameters[i]));
                    out[i] = (grad[i] * (signs[i] - signs[i].abs() * centre) * m * (1.0 - m)) as f32;
                    grad_centre[i % 3] += grad[i] * (1.0 - signs[i].abs() * m) * (1.0 - centre * centre);
                }
                for (to, from) in out[n..].iter_mut().zip(grad_centre) {
                    *to = from as f32;
                }
                out
            }
        }
    }
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn matrix(count: usize, value: impl Fn(usize) -> f64) -> Array2<f32> {
    Array2::from_shape_fn((count / 3, 3), |(v, k)| value(3 * v + k) as f32)
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    fn template() -> Mesh {
        let vertices = array![[0.5, 0.0, -0.25], [-0.5, 0.3, 0.1], [0.2, -0.4, 0.3], [-0.1, -0.2, -0.3]];
        Mesh::new(vertices, vec![[0, 1, 2], [0, 2, 3], [0, 3, 1]]).unwrap()
    }

    #[test]
    fn the_start_is_the_template() {
        for model in [ShapeModel::Offset, ShapeModel::Smooth, ShapeModel::Box] {
            let shape = Shape::new(model, 4.0, &template()).unwrap();
            let start = shape.vertices(&shape.start());
            for (a, b) in start.iter().zip(template().vertices()) {
                assert!((a - b).abs() < 1e-6, "{model:?}: {a} {b}");
            }
        }
    }

    #[test]
    fn the_reverse_is_the_derivative() {
        let weights = Array2::from_shape_fn((4, 3), |(v, k)| (v as f32 - 1.3) * (k as f32 + 0.7));
        for model in [ShapeModel::Offset, ShapeModel::Smooth, ShapeModel::Box] {
            let shape = Shape::new(model, 4.0, &template()).unwrap();
            let mut p = shape.start();
            for (i, x) in p.iter_mut().enumerate() {
                *x = ((i * 7 % 5) as f32 - 2.0) * 0.1;
            }
            let loss = |p: &[f32]| -> f64 {
                let v = shape.vertices(p);
                v.iter().zip(&weights).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
            };
            let grad = shape.vjp(&p, weights.view());
            for i in 0..p.len() {
                let step = 1e-2_f32;
                let (mut low, mut high) = (p.clone(), p.clone());
                low[i] -= step;
                high[i] += step;
                let difference = (loss(&high) - loss(&low)) / f64::from(high[i] - low[i]);
                // The difference has an error of step^2 and of f32 vertices over the step.
                assert!(
                    (difference - f64::from(grad[i])).abs() < 2e-4,
                    "{model:?} {i}: {difference} {}",
                    grad[i]
                );
            }
        }
    }

    #[test]
    fn the_box_refuses_what_does_not_fit() {
        let mut big = template();
        big.set_vertices(big.vertices() * 2.0).unwrap();
        assert!(Shape::new(ShapeModel::Box, 0.0, &big).is_err());
    }
}
