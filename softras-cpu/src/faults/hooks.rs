//! What the hooks in the kernels call. Without a fault each returns what it is given.

use core::ops::Range;
use std::borrow::Cow;

use ndarray::{Array3, CowArray, Ix3};

#[cfg(not(feature = "faults"))]
use softras_core::math::{
    ColorAggregator, ColorGradOf, DistanceMetric, DistributionFunction, Face, PairGrad, PairSink, Parts,
    SilhouetteAggregator, SilhouetteGrad,
};
use softras_core::math::{Cutoff, Distance, TextureKind};
use softras_core::math::{
    DepthMap, FaceTexels, Facing, Interpolation, Real, Scalar, Setting, Triangle, Vec2,
};
use softras_core::raster::{Plan, RasterParams};
use softras_core::scene::Faces;

use super::{Fault, active};
use crate::bins::Grid;
use crate::setup::PixelRect;

/// Takes the plan of a picture that is about to be drawn.
pub(crate) fn plan<R: Scalar>(plan: &mut Plan<R>) {
    if active(Fault::BackgroundOfTheFirstPicture) {
        let channels = plan.channels;
        for i in channels..plan.background.len() {
            plan.background[i] = plan.background[i % channels];
        }
    }
    #[cfg(feature = "faults")]
    if active(Fault::SharesScratch) {
        super::planted::share(&mut plan.background);
    }
}

/// Returns the numbers that all pairs of picture `b` share.
#[inline(always)]
pub(crate) fn setting<'a, R: Scalar>(plan: &Plan<R>, b: usize, weights: &'a [R]) -> Setting<'a, R> {
    let b = if active(Fault::SettingsOfSixteen) { b % 16 } else { b };
    let mut setting = plan.setting(b, weights);
    if active(Fault::SigmaOfTheFirstPicture) {
        let first = plan.setting(0, weights);
        setting.inv_sigma = first.inv_sigma;
        setting.bound = first.bound;
        setting.box_reach = first.box_reach;
    }
    if active(Fault::DoublesTheBackgroundLogit) {
        let background = &mut setting.color.background_nearness;
        let farthest = setting.depth_map.nearness(setting.far);
        *background = *background + (*background - farthest);
    }
    if active(Fault::NearAndFarExclusive) {
        let inwards = 4.0 * unit::<R>();
        setting.near = setting.near * R::from_f64(1.0 + inwards);
        setting.far = setting.far * R::from_f64(1.0 - inwards);
    }
    if active(Fault::TurnsSides) {
        setting.facing = match setting.facing {
            Facing::Both => Facing::Both,
            Facing::CounterClockwise => Facing::Clockwise,
            Facing::Clockwise => Facing::CounterClockwise,
        };
    }
    if active(Fault::AffineInterpolation) {
        setting.interpolation = Interpolation::Screen;
    }
    if active(Fault::LinearDepth) {
        setting.depth_map = DepthMap::Linear;
    }
    if active(Fault::OverflowsAtSmallGamma) && setting.color.inv_gamma > R::from_f64(1e9) {
        let infinity = R::from_f64(f64::INFINITY);
        (setting.color.inv_gamma, setting.color.rate) = (infinity, infinity);
    }
    if active(Fault::IgnoresTheCut) && setting.cutoff == Cutoff::Hard {
        setting.cutoff = Cutoff::None;
    }
    if active(Fault::GuardsEpsilon) {
        let range = setting.color.inv_gamma / setting.color.rate;
        let lowest = setting.depth_map.nearness(setting.far) - range;
        setting.color.background_nearness = setting.color.background_nearness.max(lowest);
    }
    let guards = active(Fault::GuardsSigma)
        || active(Fault::GuardsTheCut)
        || active(Fault::GuardsGamma)
        || active(Fault::CapsGamma);
    if guards { guarded(setting) } else { setting }
}

/// Returns the numbers of a picture with settings beyond a guard taken for the guard.
#[inline(always)]
fn guarded<'a, R: Scalar>(mut setting: Setting<'a, R>) -> Setting<'a, R> {
    let wide = |x: R| x.to_f64();
    let sigma = setting.inv_sigma.recip();
    if active(Fault::GuardsSigma) && wide(sigma) < 1e-6 {
        setting.inv_sigma = R::from_f64(1e6);
        setting.bound = setting.cut * R::from_f64(1e-6);
    }
    if active(Fault::GuardsTheCut) && wide(setting.cut) > 27.6 {
        setting.cut = R::from_f64(27.6);
        setting.bound = setting.cut * sigma;
    }
    setting.box_reach = setting.bound.sqrt();
    let color = &mut setting.color;
    let gamma = wide(color.inv_gamma.recip());
    let range = wide(color.inv_gamma) / wide(color.rate);
    let guarded = match gamma {
        _ if active(Fault::GuardsGamma) => gamma.max(1e-4),
        _ if active(Fault::CapsGamma) => gamma.min(1e3),
        _ => return setting,
    };
    color.inv_gamma = R::from_f64(1.0 / guarded);
    color.rate = R::from_f64(1.0 / (guarded * range));
    setting
}

/// Returns half a unit in the last place at 1.
pub(super) fn unit<R: Scalar>() -> f64 {
    if R::NAME == "f32" { f64::from(f32::EPSILON) / 2.0 } else { f64::EPSILON / 2.0 }
}

/// Returns the numbers of a tile whose list has `faces` entries.
#[inline(always)]
pub(crate) fn of_tile<'a, R: Scalar>(setting: &Setting<'a, R>, faces: usize) -> Setting<'a, R> {
    let mut setting = *setting;
    if active(Fault::MeanOfTheTile) {
        setting.faces = R::from_f64(faces as f64);
    }
    setting
}

/// Returns the faces of a picture that go into lists.
#[inline(always)]
pub(crate) fn listed(rects: &[PixelRect]) -> &[PixelRect] {
    let lost = usize::from(active(Fault::LosesTheLastFace));
    &rects[..rects.len().saturating_sub(lost)]
}

/// Returns the end of the rows of a box, as lists see it.
#[inline(always)]
pub(crate) fn row_end(end: usize) -> usize {
    if active(Fault::OffByOneTile) { end.saturating_sub(1) } else { end }
}

/// Returns the tile whose list tile `t` draws.
#[inline(always)]
pub(crate) fn lister(t: usize, grid: &Grid) -> usize {
    let column = t % grid.across;
    if active(Fault::WrapsTileColumns) { t - column + column % 64 } else { t }
}

/// Returns the list of a tile of picture `b`.
#[inline(always)]
pub(crate) fn list<'a, R: Scalar>(list: &'a [u32], b: usize, plan: &Plan<R>) -> Cow<'a, [u32]> {
    if active(Fault::CutsListsAt64) {
        return Cow::Borrowed(&list[..list.len().min(64)]);
    }
    let turned = (active(Fault::BatchesInAnotherOrder) && b > 0)
        || (active(Fault::ColorAloneInAnotherOrder) && !plan.draws_silhouette);
    #[cfg(feature = "faults")]
    let turned = turned
        || (active(Fault::ListsInAnyOrder) && list.len() > 100 && super::planted::turn().is_multiple_of(2));
    if turned { Cow::Owned(list.iter().rev().copied().collect()) } else { Cow::Borrowed(list) }
}

/// Tells whether a tile is left as it is.
#[inline(always)]
pub(crate) fn skips(list: &[u32]) -> bool {
    active(Fault::SkipsEmptyTiles) && list.is_empty()
}

/// Tells whether setup is left out, for `count` faces that were set up for `old` before.
#[inline(always)]
pub(crate) fn keeps_old((rects, old): (&[PixelRect], &Grid), (count, grid): (usize, &Grid)) -> bool {
    active(Fault::KeepsOldFaces) && rects.len() == count && old == grid
}

/// Returns faces that were set up.
#[inline(always)]
pub(crate) fn triangle<L: Real>(mut triangle: Triangle<L>) -> Triangle<L> {
    if active(Fault::DividesByNoArea) {
        let [a, b, c] = triangle.e;
        let infinite = a.x.one() / a.x.zero();
        for (slope, e) in triangle.slopes.iter_mut().zip([b, c, a]) {
            *slope = Vec2::select(triangle.solid, *slope, Vec2::new(-e.y, e.x).scale(infinite));
        }
    }
    triangle
}

/// Tells whether setup drops face `f` of picture `b`.
#[inline(always)]
pub(crate) fn drops<R: Scalar>(faces: &Faces<R>, f: usize, plan: &Plan<R>, b: usize) -> bool {
    let some = active(Fault::CullsBacks)
        || active(Fault::DropsFacesWithoutArea)
        || active(Fault::DropsFacesBehindTheCamera)
        || active(Fault::DropsCopies);
    if !some {
        return false;
    }
    let triangle = Triangle::new(faces.face(f));
    let back = match plan.setting(b, &[]).facing {
        Facing::Both => false,
        Facing::CounterClockwise => !triangle.counter_clockwise,
        Facing::Clockwise => triangle.counter_clockwise,
    };
    (active(Fault::CullsBacks) && back)
        || (active(Fault::DropsFacesWithoutArea) && !triangle.solid)
        || (active(Fault::DropsFacesBehindTheCamera) && triangle.solid && !triangle.colored)
        || (active(Fault::DropsCopies) && f > 0 && faces.face(f) == faces.face(f - 1))
}

/// Returns how far outside its box a face can count.
#[inline(always)]
pub(crate) fn reach<R: Scalar>(reach: f64, params: &RasterParams<R>) -> f64 {
    let custom = matches!(params.get_distance(), Distance::Custom(_));
    if active(Fault::CustomPartsReachNothing) && custom { 0.0 } else { reach }
}

/// Returns the box of pixels that a face can reach.
#[inline(always)]
pub(crate) fn rect(mut rect: PixelRect) -> PixelRect {
    if active(Fault::BoxTooSmall) {
        rect.x.1 = rect.x.1.saturating_sub(1);
    }
    rect
}

/// Returns the pixel centres of a block.
#[inline(always)]
pub(crate) fn centres<L: Real>(mut at: Vec2<L>, (width, height): (usize, usize)) -> Vec2<L> {
    if active(Fault::CentresPixelsAtCorners) {
        at.x -= at.x.lit(1.0 / height as f64);
    }
    if active(Fault::StretchesPictures) {
        at.x = at.x * at.x.lit(height as f64 / width as f64);
    }
    at
}

/// Returns the texture row of the first face of a picture.
#[inline(always)]
pub(crate) fn first_texture(first: usize) -> usize {
    if active(Fault::TexturesOfTheFirstPicture) { 0 } else { first }
}

/// Returns the texels of a face, which begin at `start` of `all`.
#[inline(always)]
pub(crate) fn texels<'a, R: Scalar>(own: FaceTexels<'a, R>, all: &'a [R], start: usize) -> FaceTexels<'a, R> {
    let TextureKind::Surface { side } = own.kind else { return own };
    if active(Fault::ShortensTextures) {
        return FaceTexels { kind: TextureKind::Surface { side: side.max(2) - 1 }, ..own };
    }
    if active(Fault::ShiftsTexels) {
        let size = own.texels.len();
        let later = start + own.channels;
        let start = if later + size <= all.len() { later } else { start.saturating_sub(own.channels) };
        return FaceTexels { texels: &all[start..start + size], ..own };
    }
    own
}

/// Returns how many columns of a block are copied to the picture, of `columns` that the picture has.
#[inline(always)]
pub(crate) fn columns(columns: usize, across: usize) -> usize {
    if active(Fault::LosesTheLastColumn) && columns < across { columns - 1 } else { columns }
}

/// Returns the row of a tile that is written for row `y`.
#[inline(always)]
pub(crate) fn row(y: usize, height: usize) -> usize {
    if active(Fault::TurnsRows) { height - 1 - y } else { y }
}

/// Writes a row of a block to the picture.
#[inline(always)]
pub(crate) fn write<R: Scalar>(out: &mut [R], values: &[R]) {
    if active(Fault::LeavesEmptyPixels) {
        for (out, &value) in out.iter_mut().zip(values).filter(|(_, value)| **value != R::ZERO) {
            *out = value;
        }
        return;
    }
    out.copy_from_slice(values);
}

/// Returns which pixels of a block count.
#[inline(always)]
pub(crate) fn counted(member: u32, inside: u32) -> u32 {
    if active(Fault::CountsBeyondTheBorder) { member } else { member & inside }
}

/// Returns the image gradient at a block.
#[inline(always)]
pub(crate) fn image_grad<L: Real>(grad: L) -> L {
    if active(Fault::ClampsImageGradients) { grad.clamp(-2.0, 2.0) } else { grad }
}

/// Returns the gradient of a silhouette for which none was given.
#[inline(always)]
pub(crate) fn invented<'a, R: Scalar>(plan: &Plan<R>) -> Option<CowArray<'a, R, Ix3>> {
    let ones = || Array3::from_elem((plan.batch, plan.height, plan.width), R::ONE).into();
    (active(Fault::InventsImageGradients) && plan.draws_silhouette).then(ones)
}

/// Returns an exponential.
#[inline(always)]
pub(crate) fn exp<L: Real>(exp: L) -> L {
    if active(Fault::LooseExponential) { exp * exp.lit(1.0 + 1e-6) } else { exp }
}

/// Returns the picture whose gradient the sums of picture `b` are.
#[inline(always)]
pub(crate) fn picture(b: usize, pictures: &Range<usize>) -> usize {
    if active(Fault::MixesBatchGradients) { pictures.start + pictures.end - 1 - b } else { b }
}

/// Notes that a state was drawn.
#[inline(always)]
#[cfg_attr(not(feature = "faults"), expect(unused_variables, reason = "a fault needs it"))]
pub(crate) fn drawn<R>(planes: &[R]) {
    #[cfg(feature = "faults")]
    if active(Fault::UsesUpTheState) {
        super::planted::drawn(planes);
    }
}

/// Tells whether a state has no gradient left.
#[inline(always)]
#[cfg_attr(not(feature = "faults"), expect(unused_variables, reason = "a fault needs it"))]
pub(crate) fn used_up<R>(planes: &[R]) -> bool {
    #[cfg(feature = "faults")]
    if active(Fault::UsesUpTheState) {
        return super::planted::reversed(planes) > 0;
    }
    false
}

/// Returns the sum of the lanes.
#[inline(always)]
pub(crate) fn sum<L: Real>(lanes: L) -> L::Scalar {
    #[cfg(feature = "faults")]
    if active(Fault::AddsInAnyOrder) || active(Fault::AddsByThreads) {
        let by_turn = active(Fault::AddsInAnyOrder);
        let first = 7 * if by_turn { super::planted::turn() } else { rayon::current_num_threads() };
        let mut sum = lanes.lane(first % L::LANES);
        for i in 1..L::LANES {
            sum += lanes.lane((first + i) % L::LANES);
        }
        return sum;
    }
    if active(Fault::LiftsGradients) {
        return (lanes + lanes.lit(1e-20)).sum();
    }
    lanes.sum()
}

/// Returns the sum of the lanes of each of four.
#[inline(always)]
pub(crate) fn sums<L: Real>(four: &[L; 4]) -> [L::Scalar; 4] {
    if cfg!(feature = "faults") { four.map(sum) } else { L::sums(four) }
}

/// Returns the parts that the kernels run.
#[cfg(not(feature = "faults"))]
#[inline(always)]
pub(crate) fn parts<R: Scalar, M, F, S, A>(
    parts: Parts<M, F, S, A>,
    _: &RasterParams<R>,
) -> Parts<M, F, S, A> {
    parts
}

/// Returns the gradient of a pair: [`Parts::backward`].
#[cfg(not(feature = "faults"))]
#[inline(always)]
pub(crate) fn backward<L: Real, M, F, S, A>(
    parts: &Parts<M, F, S, A>,
    setting: &Setting<'_, L>,
    (face, at): (&Face<'_, L>, Vec2<L>),
    silhouette: Option<&SilhouetteGrad<S::State<L>, L>>,
    color: Option<&ColorGradOf<'_, A, L>>,
    sink: &mut PairSink<'_, L>,
) -> PairGrad<L>
where
    M: DistanceMetric,
    F: DistributionFunction,
    S: SilhouetteAggregator,
    A: ColorAggregator,
{
    parts.backward(setting, face, at, silhouette, color, sink)
}
