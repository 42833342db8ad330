//! Forward: for every pixel, push every face, finish.

use std::sync::Arc;

use crate::image::Image;
use crate::math::{ColorAggregator, ColorSlot, Scalar, SilhouetteAggregator, pixel_centre};
use crate::raster::{Plan, RasterParams};
use crate::scene::Faces;

use super::{Drawn, PixelState, parts};

pub(super) fn forward<R: Scalar>(
    faces: &Arc<Faces<R>>,
    params: &RasterParams<R>,
    plan: Plan<R>,
    image: &mut Image<R>,
) -> Drawn<R> {
    let parts = parts(params);
    let channels = plan.channels;
    let mut pixels = Vec::with_capacity(plan.batch * plan.pixels());
    let mut pairs = 0;
    let (mut scratch, mut color) = (vec![R::ZERO; channels], vec![R::ZERO; channels]);
    for (b, picture) in faces.pictures().iter().enumerate() {
        let setting = plan.setting(b, params.get_weights());
        let background = &plan.background[b * channels..(b + 1) * channels];
        let set_up: Vec<_> =
            picture.faces.clone().filter(|&f| !faces.is_absent(f)).map(|f| plan.face(faces, b, f)).collect();
        for row in 0..plan.height {
            for column in 0..plan.width {
                let at = pixel_centre(row, column, plan.height, plan.width);
                let mut state = PixelState {
                    silhouette: parts.silhouette.identity(R::ZERO),
                    color: parts.color.identity(R::ZERO),
                    sums: vec![R::ZERO; if plan.draws_color { parts.color.sums(channels) } else { 0 }],
                };
                for face in &set_up {
                    let silhouette = plan.draws_silhouette.then_some(&mut state.silhouette);
                    let own = plan.draws_color.then_some(ColorSlot {
                        state: &mut state.color,
                        sums: &mut state.sums,
                        scratch: &mut scratch,
                    });
                    pairs += u64::from(parts.forward(&setting, face, at, silhouette, own));
                }
                if let Some(alpha) = &mut image.silhouette {
                    alpha[[b, row, column]] =
                        parts.silhouette.finish(&mut state.silhouette, setting.faces, setting.t_conorm_shape);
                }
                if let Some(image) = &mut image.color {
                    let (own, sums) = (&mut state.color, &mut state.sums);
                    parts.color.finish(&setting.color, own, sums, background, &mut color);
                    for (c, &value) in color.iter().enumerate() {
                        image[[b, c, row, column]] = value;
                    }
                }
                pixels.push(state);
            }
        }
    }
    Drawn { faces: Arc::clone(faces), params: params.clone(), plan, pixels, pairs }
}
