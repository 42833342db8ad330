//! Why a face has no gradient, in words: [`Cause`].

use core::fmt;

use softras_core::math::{Color, DistanceMetric, Edge, Silhouette};
use softras_core::raster::RasterParams;
use softras_core::scene::Faces;

use super::Finding;
use super::survey::Reached;

/// Below this a slope or a weight is none.
const NONE: f64 = 1e-7;

/// Why a face has no gradient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Cause {
    /// No face reaches any pixel.
    BackgroundOnly,
    /// It reaches behind the camera's near plane, and is not drawn.
    BehindCamera,
    /// It lies beside the picture, farther than its reach.
    OutOfReach,
    /// It has no area.
    NoArea,
    /// It is so small on the screen that its area is none in arithmetic.
    TooSmall,
    /// It covers the whole picture, and its edges lie beside it.
    EdgesBeside,
    /// It falls between pixel centres, or its edge does: sigma is too small for the pictures.
    SigmaTooSmall,
    /// Distances are hard: the probability is 0 or 1 and has no slope.
    HardDistance,
    /// The silhouette is hard: it has no slope.
    HardSilhouette,
    /// Other faces make every pixel opaque where its edge is: the silhouette is saturated.
    Saturated,
    /// It has no color, and only the color is drawn.
    NoColor,
    /// It turns its back, which has no color.
    Culled,
    /// It is nearer than near or farther than far, where nothing has color.
    OutsideDepths,
    /// Color is hard, and it has one color all over: moving it changes no pixel's color.
    ColorDetached,
    /// Nearer faces have all the weight: gamma is too small for it to be seen through them.
    Hidden,
    /// It has all the weight wherever it reaches: gamma is so small that its probability cancels.
    GammaCancels,
    /// It is mixed with colors that are its own.
    NoContrast,
}

impl Cause {
    /// What can be done.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Self::BackgroundOnly => "nothing is in the picture: move the camera or the mesh",
            Self::BehindCamera => "move the camera away, or lower its near plane",
            Self::OutOfReach => "it is beside the picture: move it, widen the view, or raise sigma",
            Self::NoArea => "its corners lie on a line, on the screen: repair the mesh, or turn it",
            Self::TooSmall => "come nearer, narrow the view, or draw it larger",
            Self::EdgesBeside => "widen the view, or move the camera away, until an edge is in the picture",
            Self::SigmaTooSmall => {
                "raise sigma to about the square of a pixel, (2 / height)^2, or draw larger pictures"
            }
            Self::HardDistance => "take a soft distance, such as the Euclidean one",
            Self::HardSilhouette => "take the probabilistic or",
            Self::Saturated => "lower sigma, so that fewer faces lie over each other, or fit colors too",
            Self::NoColor => "give the mesh colors, or fit the silhouette",
            Self::Culled => "draw both sides, or turn its triangles round",
            Self::OutsideDepths => "set near and far so that the mesh is between them",
            Self::ColorDetached => "take a soft color aggregator (over), or fit the silhouette too",
            Self::Hidden => "raise gamma until the gap in depth to the face in front counts",
            Self::GammaCancels => {
                "raise gamma, or take the aggregator over, which keeps the silhouette in the color"
            }
            Self::NoContrast => "change the background, or fit the silhouette too",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BackgroundOnly => "background only: no face reaches a pixel",
            Self::BehindCamera => "behind the camera",
            Self::OutOfReach => "out of reach: beside the picture",
            Self::NoArea => "no area",
            Self::TooSmall => "too small: far below a pixel",
            Self::EdgesBeside => "its edges lie beside the picture, which it covers",
            Self::SigmaTooSmall => "sigma too small: its edges fall between pixels",
            Self::HardDistance => "hard distance: no slope",
            Self::HardSilhouette => "hard silhouette: no slope",
            Self::Saturated => "saturated: other faces make its pixels opaque",
            Self::NoColor => "no color",
            Self::Culled => "culled: it turns its back",
            Self::OutsideDepths => "outside near and far",
            Self::ColorDetached => "color detached: hard color, one color all over",
            Self::Hidden => "hidden: gamma too small to see it through nearer faces",
            Self::GammaCancels => "gamma so small that its probability cancels",
            Self::NoContrast => "no contrast: its color is that of all it mixes with",
        })
    }
}

/// Groups the faces `zero` by what keeps them from having a gradient.
pub(super) fn findings(
    reached: &[Reached],
    faces: &Faces<f64>,
    params: &RasterParams<f64>,
    zero: Vec<usize>,
) -> Vec<Finding> {
    let mut all: Vec<Finding> = Vec::new();
    let mut put = |cause: Cause, face: usize| match all.iter_mut().find(|f| f.cause == cause) {
        Some(finding) => finding.faces.push(face),
        None => all.push(Finding { cause, faces: vec![face] }),
    };
    let nothing = reached.iter().all(|r| r.pixels == 0);
    for f in zero {
        if nothing {
            put(Cause::BackgroundOnly, f);
        }
        match geometry(&reached[f], faces.is_absent(f), params) {
            Some(cause) => put(cause, f),
            None => {
                let outputs = params.get_outputs();
                if outputs.silhouette() {
                    put(silhouette(params), f);
                }
                if outputs.color() {
                    put(color(&reached[f], faces, params), f);
                }
            }
        }
    }
    all.sort_by_key(|finding| finding.cause);
    all
}

/// What keeps a face from reaching any pixel with a slope.
fn geometry(reached: &Reached, absent: bool, params: &RasterParams<f64>) -> Option<Cause> {
    if absent {
        Some(Cause::BehindCamera)
    } else if !reached.solid {
        Some(if reached.flat { Cause::NoArea } else { Cause::TooSmall })
    } else if reached.pixels == 0 && reached.beside {
        Some(Cause::OutOfReach)
    } else if params.get_distance().edge() == Edge::Hard {
        // A hard face in one color moves nothing; what is left is its color's own business.
        (!params.get_outputs().color()).then_some(Cause::HardDistance)
    } else if reached.pixels == 0 || reached.slope < NONE {
        Some(if reached.edges { Cause::SigmaTooSmall } else { Cause::EdgesBeside })
    } else {
        None
    }
}

fn silhouette(params: &RasterParams<f64>) -> Cause {
    if matches!(params.get_silhouette(), Silhouette::Hard) {
        Cause::HardSilhouette
    } else if params.get_distance().edge() == Edge::Hard {
        Cause::HardDistance
    } else {
        Cause::Saturated
    }
}

fn color(reached: &Reached, faces: &Faces<f64>, params: &RasterParams<f64>) -> Cause {
    let aggregator = params.get_color();
    if faces.textures().is_none() {
        Cause::NoColor
    } else if reached.facing == 0 {
        Cause::Culled
    } else if reached.in_depth == 0 {
        Cause::OutsideDepths
    } else if matches!(aggregator, Color::Hard) || params.get_distance().edge() == Edge::Hard {
        Cause::ColorDetached
    } else if reached.weight < NONE {
        Cause::Hidden
    } else if reached.mixed < NONE {
        if matches!(aggregator, Color::Over) { Cause::Saturated } else { Cause::GammaCancels }
    } else {
        Cause::NoContrast
    }
}
