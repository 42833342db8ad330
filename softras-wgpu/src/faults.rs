//! Test-only: deliberately broken kernels and dispatches.
//!
//! Each [`Fault`] is a bug that the back end of a graphics processor could plausibly have. Without the feature `faults`
//! none can be planted, and the compiler knows.

use std::borrow::Cow;

use crate::kernels::Stage;

softras_core::faults! {
    /// Corners are not uploaded where a buffer of the same size was uploaded before.
    StaleCorners => "forward::agrees_around_tiles",
    /// Pixels begin with what their state's buffer holds from earlier work.
    StaleStates => "forward::agrees_with_the_reference",
    /// The lanes that add up a tile do not wait for each other.
    MissingBarrierInSums => "gradient::is_the_derivative_of_the_picture",
    /// The lanes that list the faces of a bin do not wait for each other.
    MissingBarrierInBins => "forward::agrees_on_large_pictures",
    /// The lanes that look for the faces of a tile do not wait for each other.
    MissingBarrierInTiles => "forward::pairs_of_a_sphere",
    /// Of several workgroups that draw the last is not run.
    ShortDispatch => "forward::agrees_around_tiles",
    /// A last workgroup of faces that is not full is not run.
    UnpaddedTail => "gradient::is_the_derivative_of_the_picture",
}

/// Passes that find no memory, though the device has some: none, but where they were planted.
#[derive(Debug, Default)]
pub(crate) struct Starved(#[cfg(feature = "faults")] core::sync::atomic::AtomicU32);

impl Starved {
    /// The next `passes` passes find none.
    #[cfg(feature = "faults")]
    pub(crate) fn plant(&self, passes: u32) {
        self.0.store(passes, core::sync::atomic::Ordering::Relaxed);
    }

    /// Tells whether this pass is one of them.
    #[cfg(feature = "faults")]
    pub(crate) fn take(&self) -> bool {
        use core::sync::atomic::Ordering::Relaxed;
        self.0.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok()
    }
    /// Tells whether this pass is one of them: it is not, without the feature.
    #[cfg(not(feature = "faults"))]
    #[expect(clippy::unused_self, reason = "with the feature it is asked")]
    pub(crate) const fn take(&self) -> bool {
        false
    }
}

/// The fault of a back end: none, but where one was planted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Planted {
    #[cfg(feature = "faults")]
    pub(crate) fault: Option<Fault>,
}

impl Planted {
    /// Tells whether it is this one.
    #[cfg(feature = "faults")]
    fn is(self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }
    /// Tells whether it is this one: it is not, without the feature.
    #[cfg(not(feature = "faults"))]
    #[expect(clippy::unused_self, reason = "with the feature it is asked")]
    const fn is(self, _: Fault) -> bool {
        false
    }

    /// The text of a kernel.
    pub(crate) fn text(self, stage: Stage, text: String) -> String {
        let no_barriers = match stage {
            Stage::Prepare => self.is(Fault::MissingBarrierInSums),
            Stage::BinCount | Stage::BinFill => self.is(Fault::MissingBarrierInBins),
            Stage::Forward => self.is(Fault::MissingBarrierInTiles),
            _ => false,
        };
        if no_barriers {
            text.replace("workgroupBarrier();", "")
        } else if stage == Stage::Forward && self.is(Fault::StaleStates) {
            text.replace("globals.first_chunk == 0u", "true")
        } else {
            text
        }
    }

    /// How many workgroups draw.
    pub(crate) fn tiles(self, groups: u64) -> u64 {
        if groups > 1 && self.is(Fault::ShortDispatch) { groups - 1 } else { groups }
    }

    /// How many workgroups walk small faces.
    pub(crate) fn walks(self, groups: u64, faces: u32) -> u64 {
        if self.is(Fault::UnpaddedTail) { u64::from(faces / crate::shared::WALK_LANES) } else { groups }
    }

    /// The corners that are uploaded.
    pub(crate) fn corners(self, own: &[f32]) -> Cow<'_, [f32]> {
        if self.is(Fault::StaleCorners) { stale(own) } else { Cow::Borrowed(own) }
    }
}

#[cfg(not(feature = "faults"))]
const fn stale(own: &[f32]) -> Cow<'_, [f32]> {
    Cow::Borrowed(own)
}

/// The first corners of that number.
#[cfg(feature = "faults")]
fn stale(own: &[f32]) -> Cow<'_, [f32]> {
    use std::collections::HashMap;
    use std::sync::{Mutex, PoisonError};
    static OLD: Mutex<Option<HashMap<usize, Vec<f32>>>> = Mutex::new(None);
    let mut old = OLD.lock().unwrap_or_else(PoisonError::into_inner);
    let old = old.get_or_insert_default().entry(own.len()).or_insert_with(|| own.to_vec());
    Cow::Owned(old.clone())
}
