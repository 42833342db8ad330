//! Where the texels of a face lie: `Surface(R)` of MATH 6, its centres and its look-up.

/// Returns (c_0, c_1) at the centre of texel `index`, `index = wy R + wx`, of a face with `side` R texels a side.
///
/// For wx + wy < R: `((wx + 1/3) / R, (wy + 1/3) / R)`, else `((R-1-wx + 2/3) / R, (R-1-wy + 2/3) / R)`.
pub(crate) fn centre(side: usize, index: usize) -> [f64; 2] {
    let (wx, wy) = (index % side, index / side);
    let place = |w: usize| {
        let (cell, part) = if wx + wy < side { (w, 1.0 / 3.0) } else { (side - 1 - w, 2.0 / 3.0) };
        (cell as f64 + part) / side as f64
    };
    [place(wx), place(wy)]
}

/// Returns the texel that colors the point (c_0, c_1) of a face, both in 0..=1.
pub(crate) fn at(side: usize, [c0, c1]: [f64; 2]) -> usize {
    let scale = side as f64;
    let cell = |c: f64| ((c * scale) as usize).min(side - 1);
    let (wx, wy) = (cell(c0), cell(c1));
    let lower = wx + wy == side - 1 || (c0 + c1) * scale - (wx + wy) as f64 <= 1.0;
    if lower { wy * side + wx } else { (side - 1 - wy) * side + (side - 1 - wx) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_by_two_centres_are_as_computed_by_hand() {
        // Texels 0, 1, 2 are lower triangles at (0,0), (1,0), (0,1); texel 3 is the upper one of cell (0,0).
        let expected = [[1.0, 1.0], [4.0, 1.0], [1.0, 4.0], [2.0, 2.0]];
        for (index, e) in expected.iter().enumerate() {
            let c = centre(2, index);
            assert!((c[0] - e[0] / 6.0).abs() < 1e-15 && (c[1] - e[1] / 6.0).abs() < 1e-15, "{index}: {c:?}");
        }
    }

    #[test]
    fn every_texel_is_found_at_its_own_centre() {
        for side in 1..=33 {
            for index in 0..side * side {
                assert_eq!(at(side, centre(side, index)), index, "side {side}");
            }
        }
    }

    #[test]
    fn centres_lie_inside_the_face_and_average_to_its_middle() {
        for side in 1..=16 {
            let all: Vec<_> = (0..side * side).map(|i| centre(side, i)).collect();
            assert!(all.iter().all(|c| c[0] > 0.0 && c[1] > 0.0 && c[0] + c[1] < 1.0));
            let mean = all.iter().map(|c| c[0]).sum::<f64>() / all.len() as f64;
            assert!((mean - 1.0 / 3.0).abs() < 1e-12, "side {side}: {mean}");
        }
    }

    #[test]
    fn corners_and_edges_have_a_texel() {
        for side in 1..=9 {
            for k in 0..=64 {
                let t = f64::from(k) / 64.0;
                for c in [[t, 0.0], [0.0, t], [t, 1.0 - t]] {
                    assert!(at(side, c) < side * side);
                }
            }
        }
    }
}
