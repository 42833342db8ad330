//! Losses that look at one output alone.

use softras_core::ImageGrad;
use softras_core::raster::{Gradients, Wanted};

use super::{Under, law};
use crate::compare::{self, groups};
use crate::law::{Law, Outcome};
use crate::strategy::{self, Kind};
use crate::subject::Tested;

pub(super) const LAWS: &[Law] = &[law!(
    "gradient::of_one_picture_alone",
    "an image gradient that is not given is one of zeros",
    Bits,
    of_one_picture_alone
)];

fn of_one_picture_alone<R: Tested>(under: &Under<'_, R>) -> Outcome {
    under.context.for_all(strategy::scene(&under.can, Kind::Strange), |scene, gauge| {
        let (_, saved) = under.backend.forward(&scene.faces()?, &scene.params())?;
        let ImageGrad { color, silhouette } = scene.grad::<R>();
        let no_color = color.as_ref().map(|g| g.mapv(|_| R::ZERO));
        let no_silhouette = silhouette.as_ref().map(|g| g.mapv(|_| R::ZERO));
        for (given, whole) in [
            (
                ImageGrad { color: color.clone(), silhouette: None },
                ImageGrad { color: color.clone(), silhouette: no_silhouette },
            ),
            (
                ImageGrad { color: None, silhouette: silhouette.clone() },
                ImageGrad { color: no_color, silhouette },
            ),
        ] {
            let (mut found, mut expected) = (Gradients::default(), Gradients::default());
            under.backend.backward_into(&saved, &given, Wanted::ALL, &mut found)?;
            under.backend.backward_into(&saved, &whole, Wanted::ALL, &mut expected)?;
            for ((name, found), (_, expected)) in groups(&found).into_iter().zip(groups(&expected)) {
                let worst = compare::difference(&found, &expected).worst;
                gauge.within(|| format!("gradient to {name}"), worst, 0.0)?;
            }
        }
        Ok(())
    })
}
