//! Baking: a picture laid on a face by uv becomes the texels of the face.

use ndarray::Array3;
use softras_core::math::surface_texel_centre;

/// Side of the largest face that `TexelSize::Auto` gives.
const LARGEST_AUTO: usize = 16;
/// Most texels of a mesh that `TexelSize::Auto` gives: 200 MB of RGB.
const MOST_AUTO: usize = 1 << 24;

/// Corners of a face in a picture: u to the right, v upwards, both 0..=1 over the picture.
pub(super) type FaceUv = [[f32; 2]; 3];

/// Tells what lies beyond the border of a picture.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Beyond {
    /// The picture again.
    Repeat,
    /// Its last pixels.
    Clamp,
}

/// Fills `out [R * R, 3]` with the colors of `picture [H, W, 4]` at the texel centres of a face.
///
/// A face that lies within 0..=1 never mixes in colors from the opposite border; any other sees the picture repeat.
pub(super) fn face(picture: &Array3<f32>, uv: &FaceUv, side: usize, out: &mut [f32]) {
    let inside = uv.iter().flatten().all(|x| (0.0..=1.0).contains(x));
    let beyond = if inside { Beyond::Clamp } else { Beyond::Repeat };
    for (index, texel) in out.chunks_exact_mut(3).enumerate() {
        let [c0, c1] = surface_texel_centre(side, index);
        let mix = |k: usize| {
            let [a, b, c] = uv.map(|corner| f64::from(corner[k]));
            c0 * a + c1 * b + (1.0 - c0 - c1) * c
        };
        texel.copy_from_slice(&sample(picture, mix(0), mix(1), beyond));
    }
}

/// Returns the bilinear color of `picture` at (u, v); row 0 is at the top, where v = 1.
fn sample(picture: &Array3<f32>, u: f64, v: f64, beyond: Beyond) -> [f32; 3] {
    let (height, width, _) = picture.dim();
    let (x0, x1, fx) = neighbours(u, width, beyond);
    let (y0, y1, fy) = neighbours(1.0 - v, height, beyond);
    [0, 1, 2].map(|k| {
        let p = |y: usize, x: usize| picture[[y, x, k]];
        let top = p(y0, x0) + (p(y0, x1) - p(y0, x0)) * fx;
        let bottom = p(y1, x0) + (p(y1, x1) - p(y1, x0)) * fx;
        (top + (bottom - top) * fy).clamp(0.0, 1.0)
    })
}

/// Returns the two pixels around `t` in 0..=1 of `count` pixels, and the share of the second.
fn neighbours(t: f64, count: usize, beyond: Beyond) -> (usize, usize, f32) {
    let n = count as f64;
    let at = match beyond {
        Beyond::Repeat => (t - t.floor()) * n - 0.5,
        Beyond::Clamp => (t * n - 0.5).clamp(0.0, n - 1.0),
    };
    let low = at.floor();
    let share = (at - low) as f32;
    // With Repeat, `low` is -1 .. n - 1.
    let wrap = |i: f64| if i < 0.0 { count - 1 } else { i as usize % count };
    match beyond {
        Beyond::Repeat => (wrap(low), wrap(low + 1.0), share),
        Beyond::Clamp => (low as usize, (low as usize + 1).min(count - 1), share),
    }
}

/// Returns the side that gives `faces` faces about a texel a pixel, when those in `areas` (pixels) have a picture.
pub(super) fn auto_side(areas: &[f64], faces: usize) -> usize {
    if areas.is_empty() {
        return 1;
    }
    let mean = areas.iter().sum::<f64>() / areas.len() as f64;
    let fits = (MOST_AUTO as f64 / faces.max(1) as f64).sqrt() as usize;
    (mean.sqrt().round() as usize).clamp(1, LARGEST_AUTO).min(fits.max(1))
}

/// Returns the area of a face in a picture, in pixels.
pub(super) fn area(picture: &Array3<f32>, [a, b, c]: &FaceUv) -> f64 {
    let (height, width, _) = picture.dim();
    let edge = |p: &[f32; 2]| [f64::from(p[0]) - f64::from(a[0]), f64::from(p[1]) - f64::from(a[1])];
    let (p, q) = (edge(b), edge(c));
    0.5 * (p[0] * q[1] - p[1] * q[0]).abs() * (height * width) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture whose red is u and whose green is v at every pixel centre.
    fn ramp(height: usize, width: usize) -> Array3<f32> {
        Array3::from_shape_fn((height, width, 4), |(y, x, k)| match k {
            0 => (x as f32 + 0.5) / width as f32,
            1 => 1.0 - (y as f32 + 0.5) / height as f32,
            _ => 0.0,
        })
    }

    #[test]
    fn a_linear_ramp_gives_the_ramp_at_the_texel_centres() {
        let uv = [[0.9, 0.1], [0.2, 0.9], [0.15, 0.2]];
        for side in [1, 2, 3, 8] {
            let mut out = vec![0.0; side * side * 3];
            face(&ramp(40, 64), &uv, side, &mut out);
            for (index, texel) in out.chunks_exact(3).enumerate() {
                let [c0, c1] = surface_texel_centre(side, index).map(|c| c as f32);
                for k in 0..2 {
                    let expected = c0 * uv[0][k] + c1 * uv[1][k] + (1.0 - c0 - c1) * uv[2][k];
                    // f32 rounding of the ramp itself.
                    assert!((texel[k] - expected).abs() < 1e-6, "side {side} texel {index}: {texel:?}");
                }
            }
        }
    }

    #[test]
    fn two_by_two_texels_are_as_computed_by_hand() {
        // Corner 0 at the left bottom, 1 at the right bottom, 2 at the left top of a ramp: u = c_1, v = c_2.
        let mut out = vec![0.0; 12];
        face(&ramp(64, 64), &[[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], 2, &mut out);
        let expected = [[1.0, 4.0], [1.0, 1.0], [4.0, 1.0], [2.0, 2.0]];
        for (texel, e) in out.chunks_exact(3).zip(expected) {
            assert!(
                (texel[0] - e[0] / 6.0).abs() < 1e-6 && (texel[1] - e[1] / 6.0).abs() < 1e-6,
                "{texel:?}"
            );
        }
    }

    #[test]
    fn the_picture_repeats_beyond_its_border() {
        let (picture, uv) = (ramp(8, 8), [[0.3, 0.3], [0.6, 0.3], [0.3, 0.6]]);
        let (mut here, mut there) = (vec![0.0; 27], vec![0.0; 27]);
        face(&picture, &uv, 3, &mut here);
        face(&picture, &uv.map(|[u, v]| [u + 2.0, v - 3.0]), 3, &mut there);
        for (a, b) in here.iter().zip(&there) {
            assert!((a - b).abs() < 1e-5);
        }
        // Astronomic coordinates stay within the picture.
        face(&picture, &[[1e38, -1e38], [1e38, 0.0], [0.0, 1e38]], 3, &mut there);
        face(&picture, &[[-1e-30, 1.0], [1.0, 2.0], [0.0, 1.0]], 3, &mut there);
    }

    #[test]
    fn the_automatic_side_follows_the_pixels_of_a_face() {
        assert_eq!(auto_side(&[100.0, 44.0], 2), 8);
        assert_eq!(auto_side(&[1e9], 1), 16);
        assert_eq!(auto_side(&[1e-9], 1), 1);
        assert_eq!(auto_side(&[], 9), 1);
        assert!(auto_side(&[1e9], 1 << 23) <= 2);
        let quarter = [[0.0, 0.0], [0.5, 0.0], [0.0, 1.0]];
        assert!((area(&ramp(10, 20), &quarter) - 50.0).abs() < 1e-9);
    }
}
