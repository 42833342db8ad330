//! Steps for a few numbers that belong together: [`Descent`].

/// Adam with one scale for all three numbers of a group, so that steps do not know how the axes lie: a turn is the same
/// turn in any frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Descent {
    beta1: f64,
    beta2: f64,
    mean: [f64; 3],
    square: f64,
    steps: i32,
}

impl Descent {
    /// Starts with no memory.
    #[must_use]
    pub const fn new(beta1: f64, beta2: f64) -> Self {
        Self { beta1, beta2, mean: [0.0; 3], square: 0.0, steps: 0 }
    }

    /// Returns the step against `gradient`, about `lr` long where gradients agree, 0 where they were always 0.
    pub fn step(&mut self, lr: f64, gradient: [f64; 3]) -> [f64; 3] {
        self.steps = self.steps.saturating_add(1);
        let size: f64 = gradient.iter().map(|g| g * g).sum();
        self.square = self.beta2 * self.square + (1.0 - self.beta2) * size;
        for (m, g) in self.mean.iter_mut().zip(gradient) {
            *m = self.beta1 * *m + (1.0 - self.beta1) * g;
        }
        let scale = (self.square / (1.0 - self.beta2.powi(self.steps))).sqrt();
        let full = 1.0 - self.beta1.powi(self.steps);
        if scale > 0.0 { self.mean.map(|m| -lr * m / full / scale) } else { [0.0; 3] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_lr_long_and_turns_with_the_gradient() {
        let mut descent = Descent::new(0.9, 0.99);
        let step = descent.step(0.1, [3e-9, 0.0, 4e-9]);
        for (found, expected) in step.iter().zip([-0.06, 0.0, -0.08]) {
            assert!((found - expected).abs() < 1e-12, "{step:?}");
        }
        assert_eq!(Descent::new(0.9, 0.99).step(0.1, [0.0; 3]).map(f64::to_bits), [0; 3]);
    }

    #[test]
    fn a_bowl_is_descended_to_its_bottom() {
        let mut descent = Descent::new(0.8, 0.95);
        let mut x = [3.0, -2.0, 0.5];
        for step in 0..600 {
            let gradient = [2.0 * x[0], 20.0 * x[1], 0.2 * x[2]];
            let moved = descent.step(0.2 * 0.985_f64.powi(step), gradient);
            x.iter_mut().zip(moved).for_each(|(x, d)| *x += d);
        }
        assert!(x[..2].iter().all(|x| x.abs() < 1e-2), "{x:?}");
    }
}
