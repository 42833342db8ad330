//! The colors of a body's parts: [`part_colors`].

use ndarray::Array2;
use softras_io::SkinnedBody;

/// Returns a color for each vertex, `[V, 3]`: that of the joint it follows most, see [`joint_color`].
#[must_use]
pub fn part_colors(body: &SkinnedBody) -> Array2<f32> {
    let main = main_joints(body);
    Array2::from_shape_fn((main.len(), 3), |(v, c)| joint_color(main[v])[c])
}

/// Returns the joint that each vertex follows most, `[V]`; the first of equals.
pub(crate) fn main_joints(body: &SkinnedBody) -> Vec<usize> {
    let skin = &body.body.parts().skin;
    let (joints, weights) = (skin.joints(), skin.weights());
    let main = |v: usize| {
        let row = weights.row(v);
        let best = (1..row.len()).fold(0, |best, k| if row[k] > row[best] { k } else { best });
        joints[[v, best]] as usize
    };
    (0..joints.nrows()).map(main).collect()
}

/// The color of the part of joint number `joint`: hues a golden angle apart, in three lightnesses, so that neighbours
/// differ.
#[must_use]
pub fn joint_color(joint: usize) -> [f32; 3] {
    let hue = (joint as f64 * 0.618_033_988_75).fract() * 6.0;
    let light = [1.0, 0.75, 0.55][joint % 3];
    [0.0, 4.0, 2.0].map(|at| {
        let ramp = ((hue + at) % 6.0 - 3.0).abs() - 1.0;
        (light * ramp.clamp(0.05, 1.0)) as f32
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_forty_joints_have_colors_of_their_own() {
        let colors: Vec<[f32; 3]> = (0..40).map(joint_color).collect();
        for (i, a) in colors.iter().enumerate() {
            assert!(a.iter().all(|x| (0.0..=1.0).contains(x)));
            for b in &colors[..i] {
                let apart: f32 = a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum();
                assert!(apart > 0.03, "{a:?} {b:?}");
            }
        }
    }
}
