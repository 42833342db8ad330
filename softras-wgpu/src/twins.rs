//! The shaders against the core: same files, functions, arguments, constants and fields, in the same order.

use std::collections::BTreeMap;

use crate::kernels::FILES;

/// Each twin file of the core.
const CORE: &[(&str, &str)] = &[
    ("exp.wgsl", include_str!("../../softras-core/src/math/exp.rs")),
    ("triangle.wgsl", include_str!("../../softras-core/src/math/triangle.rs")),
    ("distance.wgsl", include_str!("../../softras-core/src/math/distance.rs")),
    ("distribution.wgsl", include_str!("../../softras-core/src/math/distribution.rs")),
    ("silhouette.wgsl", include_str!("../../softras-core/src/math/silhouette.rs")),
    ("depth.wgsl", include_str!("../../softras-core/src/math/depth.rs")),
    ("color.wgsl", include_str!("../../softras-core/src/math/color.rs")),
    ("color/softmax.wgsl", include_str!("../../softras-core/src/math/color/softmax.rs")),
    ("color/over.wgsl", include_str!("../../softras-core/src/math/color/over.rs")),
    ("color/hard.wgsl", include_str!("../../softras-core/src/math/color/hard.rs")),
    ("texture.wgsl", include_str!("../../softras-core/src/math/texture.rs")),
    ("pair.wgsl", include_str!("../../softras-core/src/math/pair.rs")),
];

/// Functions of the core that a shader has no use for, and why.
const HOST_ONLY: &[&str] = &[
    // what a trait asks of its parts, and the closed lists
    "distance_metric", "distribution_function", "silhouette_aggregator", "color_aggregator", "kernel", "name",
    "device_text", "sums", "weights", "edge", "reach", "cut", "from", "fmt",
    // lanes
    "splat", "lane", "per_lane", "load", "store",
    // done once a picture, on the host
    "pixel_centre", "background_nearness", "range", "texels", "surface_texel_centre",
];

/// A function: its name and the names of its arguments.
type Function = (String, Vec<String>);
