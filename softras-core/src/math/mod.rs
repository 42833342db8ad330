//! The formulas of the soft rasterizer, each beside its reverse, generic over [`Real`].
//!
//! | file | what |
//! |---|---|
//! | `triangle` | a face: barycentric and clipped weights, depth |
//! | `distance` | the signed distance s |
//! | `distribution` | the probability map D = F(s / sigma) and the cut-off |
//! | `silhouette` | the aggregators A_O |
//! | `depth`, `color` | the depth softmax and the aggregators A_S, Over, hard, A_N |
//! | `texture` | colors of faces |
//! | `pair` | all of it for one face at one pixel, forward and back |
//! | `matrix`, `trig`, `ordered_sum` | rotations, angles and sums, for cameras and losses |
//! | `function` | all of them by name, to be run alone |
//! | `custom` | parts of the user's own, behind an object |

#[macro_use]
mod planes;
#[macro_use]
mod three;

mod color;
mod custom;
mod depth;
mod distance;
mod distribution;
mod dual;
mod exp;
mod function;
mod matrix;
mod ordered_sum;
mod pair;
mod real;
mod silhouette;
mod special;
mod texture;
mod triangle;
pub mod trig;
mod vector;

pub use color::{
    AnyColorState, Color, ColorAggregator, ColorContext, ColorCotangent, ColorPair, ColorPairGrad,
    ColorPixel, ColorPixelGrad, HardColor, HardState, MAX_HIDDEN, MAX_WEIGHT, Mixing, Neural, NeuralLayout,
    Over, OverCotangent, OverState, Softmax, SoftmaxCotangent, SoftmaxState, WeightSink, background_nearness,
};
pub use custom::{
    ColorOn, Custom, DeviceLanguage, DistanceOn, DistributionOn, Erase, ErasedColor, ErasedDistance,
    ErasedDistribution, ErasedSilhouette, MAX_COLOR_PLANES, MAX_LANES, SilhouetteOn,
};
pub use depth::DepthMap;
pub use distance::{
    Barycentric, Distance, DistanceMetric, Edge, Euclidean, EuclideanUnsquared, HardEdge, Invariance,
};
pub use distribution::*;
pub use dual::Dual;
pub use exp::{EXP_HIGHEST, EXP_LOWEST, NEAREST, exp_f32};
pub use function::{Argument, Function};
pub use matrix::Mat3;
pub use ordered_sum::OrderedSum;
pub(crate) use pair::color_pair;
pub use pair::{
    ColorGrad, ColorGradOf, ColorSlot, Face, PairGrad, PairSink, Parts, Setting, Shade, SilhouetteGrad, Touch,
};
pub use planes::Planes;
pub use real::{Mask, Real, Scalar};
pub use silhouette::*;
pub use texture::{
    FaceTexels, Interpolation, TexelSink, TextureKind, surface_texel, surface_texel_centre, vertex_color,
    vertex_color_vjp,
};
pub use triangle::{BoundingBox, Clipped, Facing, Triangle, ZERO_AREA, pixel_centre};
pub use vector::{Vec2, Vec3};
