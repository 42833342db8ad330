//! What the last comparison that broke had seen, for the report: laws return a sentence, and this is the rest.
//!
//! It is kept for each thread, since a law runs on one: laws need not pass it on.

use core::cell::RefCell;
use core::fmt;
use std::sync::Arc;

use softras_core::math::Scalar;
use softras_core::raster::{
    Capabilities, DynRasterizer, DynSaved, Gradients, Info, Probe, RasterParams, Variant, Wanted,
};
use softras_core::scene::Faces;
use softras_core::{Error, Image, ImageGrad, Result};

use crate::law::Broken;
use crate::subject::Tested;

/// What a law's thread saw last.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    /// The share of the budget that was used where it broke; none where bits are compared.
    pub(crate) share: Option<f64>,
    /// The last picture that the back end drew.
    pub(crate) drawn: Option<Drawn>,
    /// What the back end last refused since it does not declare it.
    pub(crate) refused: Option<Refused>,
}

/// A refusal of what a back end does not declare.
#[derive(Clone, Debug)]
pub(crate) struct Refused {
    /// The text of the error.
    pub(crate) text: String,
    /// What it does not declare.
    pub(crate) what: String,
}

/// Returns what the back end does not declare, if that is why a law broke.
pub(crate) fn undeclared(why: &str) -> Option<String> {
    LAST.with_borrow(|last| {
        let refused = last.refused.as_ref()?;
        why.contains(&refused.text).then(|| refused.what.clone())
    })
}

thread_local! {
    static LAST: RefCell<Trace> = RefCell::default();
}

/// Notes that a comparison broke with this share of its budget, and says it in words.
pub(crate) fn broke(share: f64) -> Percent {
    let share = share.is_finite().then_some(share);
    LAST.with_borrow_mut(|last| last.share = share);
    Percent(share)
}

/// Takes what was noted, and leaves nothing.
pub(crate) fn take() -> Trace {
    LAST.take()
}

/// Puts back what was taken.
pub(crate) fn put(trace: Trace) {
    LAST.set(trace);
}

/// A share of a budget in words, nothing where there is none.
pub(crate) struct Percent(Option<f64>);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |share| write!(f, " ({:.0} % of the budget)", 100.0 * share))
    }
}

/// A picture in either scalar type.
#[derive(Debug)]
pub(crate) enum Drawn {
    /// In `f32`.
    Single(Picture<f32>),
    /// In `f64`.
    Double(Picture<f64>),
}

/// A picture, and what it is of.
#[derive(Debug)]
pub(crate) struct Picture<R: Scalar> {
    pub(crate) faces: Arc<Faces<R>>,
    pub(crate) params: RasterParams<R>,
    pub(crate) image: Image<R>,
}

/// A back end that notes what it drew.
pub(crate) struct Recording<'a, R: Tested>(pub(crate) &'a dyn DynRasterizer<R>);

/// For one scalar type each: a generic one would overlap with that for all rasterizers.
macro_rules! recording {
    ($r:ident, $drawn:ident) => {
        impl DynRasterizer<$r> for Recording<'_, $r> {
            fn info(&self) -> Info {
                self.0.info()
            }
            fn capabilities(&self) -> Capabilities {
                self.0.capabilities()
            }
            fn forward_into(
                &self,
                faces: &Arc<Faces<$r>>,
                params: &RasterParams<$r>,
                image: &mut Image<$r>,
                saved: &mut DynSaved,
            ) -> Result<()> {
                let result = self.0.forward_into(faces, params, image, saved);
                if let Err(error) = result {
                    if let Error::Unsupported { what, .. } = &error
                        && self.0.capabilities().check("it", faces, params).is_err()
                    {
                        let text = Broken::from_refusal(&error).0;
                        let refused = Some(Refused { text, what: what.clone() });
                        LAST.with_borrow_mut(|last| last.refused = refused);
                    }
                    return Err(error);
                }
                let (faces, params) = (Arc::clone(faces), params.clone());
                let drawn = Drawn::$drawn(Picture { faces, params, image: image.clone() });
                LAST.with_borrow_mut(|last| last.drawn = Some(drawn));
                Ok(())
            }
            fn backward_into(
                &self,
                saved: &DynSaved,
                grad: &ImageGrad<$r>,
                wanted: Wanted,
                gradients: &mut Gradients<$r>,
            ) -> Result<()> {
                self.0.backward_into(saved, grad, wanted, gradients)
            }
            fn pairs(&self, saved: &DynSaved) -> Option<u64> {
                self.0.pairs(saved)
            }
            fn variants(&self) -> Vec<Variant<$r>> {
                self.0.variants()
            }
            fn probe(&self) -> Option<&dyn Probe<$r>> {
                self.0.probe()
            }
        }
    };
}

recording!(f32, Single);
recording!(f64, Double);
