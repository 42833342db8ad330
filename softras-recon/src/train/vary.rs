//! Pictures changed by chance, so that few objects are more: [`vary`].

use ndarray::{Array4, ArrayViewMut3, Axis};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use crate::data::{Batch, VIEWS};
use crate::settings::TrainSettings;

/// Changes the batch of `step` and returns what the network is shown, `[2 B, 4, 64, 64]`: the pictures a, then b.
///
/// - A share `mirror` of the objects is mirrored left to right, in all that is shown and compared with. A picture of a
///   mirrored object from azimuth -A is the mirrored picture of the object from azimuth A, so the views change too.
/// - By `recolor`, r, a picture that is shown (not the one compared with) has its channels swapped, with probability r, and
///   each of them multiplied by up to `1 +- r / 2`.
///
/// It follows from the seed and the number of the step.
pub(crate) fn vary(batch: &mut Batch, step: usize, settings: &TrainSettings) -> Array4<f32> {
    let mut random = ChaCha8Rng::seed_from_u64(settings.seed ^ 0x7a11_9e3d);
    random.set_stream(step as u64);
    let mut unit = || f64::from(random.next_u32()) / 4_294_967_296.0;

    for i in 0..batch.objects.len() {
        if unit() < settings.mirror {
            for (views, pictures) in
                [(&mut batch.views_a, &mut batch.pictures_a), (&mut batch.views_b, &mut batch.pictures_b)]
            {
                views[i] = (VIEWS - views[i]) % VIEWS;
                let mut picture = pictures.index_axis_mut(Axis(0), i);
                let mut mirrored = picture.to_owned();
                mirrored.invert_axis(Axis(2));
                picture.assign(&mirrored);
            }
        }
    }
    let mut shown = ndarray::concatenate![Axis(0), batch.pictures_a, batch.pictures_b];
    for picture in shown.outer_iter_mut() {
        let (swap, order) = (unit() < settings.recolor, ORDERS[(unit() * 6.0) as usize % 6]);
        let gains = [(); 3].map(|()| 1.0 + settings.recolor * (unit() - 0.5));
        recolor(picture, if swap { order } else { ORDERS[0] }, gains);
    }
    shown
}

const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

fn recolor(mut picture: ArrayViewMut3<'_, f32>, order: [usize; 3], gains: [f64; 3]) {
    let from = picture.to_owned();
    for (c, gain) in gains.into_iter().enumerate() {
        let channel = from.index_axis(Axis(0), order[c]).mapv(|x| (x * gain as f32).min(1.0));
        picture.index_axis_mut(Axis(0), c).assign(&channel);
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;
    use softras_core::scene::{Mesh, MeshTexture};
    use softras_cpu::CpuRasterizer;
    use softras_io::shapes::Sample;

    use super::*;
    use crate::data::{Light, draw_views};

    fn batch(pictures: &Array4<u8>, views: [usize; 2]) -> Batch {
        let picture = |view: usize| {
            pictures.index_axis(Axis(0), view).mapv(|b| f32::from(b) / 255.0).insert_axis(Axis(0))
        };
        Batch {
            objects: vec![0],
            views_a: vec![views[0]],
            views_b: vec![views[1]],
            pictures_a: picture(views[0]),
            pictures_b: picture(views[1]),
        }
    }

    #[test]
    fn a_mirrored_picture_is_one_of_the_mirrored_object() {
        let chair = Sample::Chair.mesh();
        // Lopsided, so that it is not its own mirror image.
        let vertices = Array2::from_shape_fn(chair.vertices().dim(), |(v, k)| {
            let [x, y] = [chair.vertices()[[v, 0]], chair.vertices()[[v, 1]]];
            0.6 * chair.vertices()[[v, k]] + if k == 0 { 0.2 * y + 0.1 * x } else { 0.0 }
        });
        let mesh = |sign: f32| {
            let mut vertices = vertices.clone();
            vertices.column_mut(0).mapv_inplace(|x| sign * x);
            let colors = Array2::from_elem((vertices.nrows(), 3), 0.5);
            let mesh = Mesh::new(vertices, chair.triangles().to_vec()).unwrap();
            mesh.with_texture(MeshTexture::Vertex(colors)).unwrap()
        };
        let draw = |sign| draw_views(&CpuRasterizer, &mesh(sign), Light::None).unwrap();
        let (own, mirrored) = (draw(1.0), draw(-1.0));
        let settings = TrainSettings { mirror: 1.0, ..TrainSettings::default() };
        for views in [[0, 3], [7, 12], [20, 23]] {
            let mut found = batch(&own, views);
            vary(&mut found, 5, &settings);
            let expected = batch(&mirrored, [found.views_a[0], found.views_b[0]]);
            for (found, expected) in
                [(&found.pictures_a, &expected.pictures_a), (&found.pictures_b, &expected.pictures_b)]
            {
                let apart = (found - expected).mapv(f32::abs).mean().unwrap();
                assert!(apart < 1e-3, "{views:?}: {apart}");
            }
            assert!(
                (&found.pictures_a - &batch(&own, [found.views_a[0], 0]).pictures_a).mapv(f32::abs).sum()
                    > 1.0
            );
        }
    }

    #[test]
    fn colors_change_where_they_are_shown_alone() {
        let pictures = Array4::from_shape_fn((24, 4, 64, 64), |(v, c, y, x)| (v + 50 * c + y + x) as u8);
        let settings = TrainSettings { recolor: 1.0, ..TrainSettings::default() };
        let mut found = batch(&pictures, [1, 2]);
        let shown = vary(&mut found, 3, &settings);
        assert_eq!(found, batch(&pictures, [1, 2]));
        let channel =
            |pictures: &Array4<f32>, n, c| pictures.index_axis(Axis(0), n).index_axis(Axis(0), c).to_owned();
        assert!((0..3).all(|c| channel(&shown, 0, c) != channel(&found.pictures_a, 0, c)));
        assert_eq!(channel(&shown, 0, 3), channel(&found.pictures_a, 0, 3));
        assert_eq!(shown, vary(&mut found, 3, &settings));
        assert_ne!(shown, vary(&mut found, 4, &settings));
        let plain = vary(&mut found, 3, &TrainSettings::default());
        assert!((0..4).all(|c| channel(&plain, 1, c) == channel(&found.pictures_b, 0, c)));
    }
}
