//! Whole numbers that the host and the kernels share: one macro gives each to both.

/// Declares whole numbers, in Rust and as the text `CONSTANTS`.
macro_rules! constants {
    ($($(#[$doc:meta])* $name:ident = $value:literal;)+) => {
        $(
            $(#[$doc])*
            #[allow(dead_code, reason = "some are for the kernels alone")]
            pub(crate) const $name: u32 = $value;
        )+
        /// The same constants in CUDA C++.
        pub(crate) const CONSTANTS: &str =
            concat!($("#define ", stringify!($name), " ", stringify!($value), "u\n",)+ "\n");
    };
}

constants! {
    /// Faces of a chunk: no chunk holds faces of two pictures.
    CHUNK_FACES = 256;
    /// Bytes of a face that is set up.
    RECORD_BYTES = 96;
    /// Bytes of a rectangle of pixels.
    RECT_BYTES = 16;
    /// Pixels along a side of a tile.
    TILE_SIDE = 16;
    /// The most bins along a side of a picture.
    MAX_BINS_SIDE = 16;
    /// Pixels along a side of an item of a big face.
    ITEM_SIDE = 32;
    /// Classes of faces by the number of their pixels: those that 1, 8 or 32 lanes walk, and those walked in items.
    CLASSES = 4;
    /// The class of faces that are walked in items.
    CLASS_ITEMS = 3;
    /// The most pixels of a face that one lane walks.
    LANE_PIXELS = 16;
    /// The most pixels of a face that 8 lanes walk.
    OCTET_PIXELS = 128;
    /// The most pixels of a face that a warp walks, and of an item.
    WARP_PIXELS = 1024;
    /// Numbers of the gradient of a face: its corners, sigma, gamma and the two shapes.
    FACE_VALUES = 13;
    /// Those of them that are not its corners.
    FACE_PARAMETERS = 4;
    /// `Distance::Euclidean`.
    DISTANCE_EUCLIDEAN = 0;
    /// `Distance::Barycentric`.
    DISTANCE_BARYCENTRIC = 1;
    /// `Distance::EuclideanUnsquared`.
    DISTANCE_EUCLIDEAN_UNSQUARED = 2;
    /// `Distance::Hard`.
    DISTANCE_HARD = 3;
    /// `Distance::Custom`.
    DISTANCE_CUSTOM = 4;
    /// `Distribution::Logistic`.
    DISTRIBUTION_LOGISTIC = 0;
    /// `Distribution::Custom`.
    DISTRIBUTION_CUSTOM = 1;
    /// `Cutoff::Hard`.
    CUTOFF_HARD = 0;
    /// `Cutoff::None`.
    CUTOFF_NONE = 1;
    /// `Cutoff::Smooth`.
    CUTOFF_SMOOTH = 2;
    /// `DepthMap::Linear`.
    DEPTH_MAP_LINEAR = 0;
    /// `DepthMap::Inverse`.
    DEPTH_MAP_INVERSE = 1;
    /// `Interpolation::Perspective`.
    INTERPOLATION_PERSPECTIVE = 0;
    /// `Interpolation::Screen`.
    INTERPOLATION_SCREEN = 1;
    /// `Facing::Both`.
    FACING_BOTH = 0;
    /// `Facing::CounterClockwise`.
    FACING_COUNTER_CLOCKWISE = 1;
    /// `Facing::Clockwise`.
    FACING_CLOCKWISE = 2;
    /// `Function::Exp`.
    PROBED_EXP = 0;
    /// `Function::Barycentric`.
    PROBED_BARYCENTRIC = 1;
    /// `Function::BarycentricVjp`.
    PROBED_BARYCENTRIC_VJP = 2;
    /// `Function::Clip`.
    PROBED_CLIP = 3;
    /// `Function::ClipVjp`.
    PROBED_CLIP_VJP = 4;
    /// `Function::Depth`.
    PROBED_DEPTH = 5;
    /// `Function::DepthVjp`.
    PROBED_DEPTH_VJP = 6;
    /// `Function::Perspective`.
    PROBED_PERSPECTIVE = 7;
    /// `Function::PerspectiveVjp`.
    PROBED_PERSPECTIVE_VJP = 8;
    /// `Function::Nearness`.
    PROBED_NEARNESS = 9;
    /// `Function::NearnessVjp`.
    PROBED_NEARNESS_VJP = 10;
    /// `Function::Signed`.
    PROBED_SIGNED = 11;
    /// `Function::SignedVjp`.
    PROBED_SIGNED_VJP = 12;
    /// `Function::Probability`.
    PROBED_PROBABILITY = 13;
    /// `Function::SmoothWindow`.
    PROBED_SMOOTH_WINDOW = 14;
    /// `Function::VertexColor`.
    PROBED_VERTEX_COLOR = 15;
    /// `Function::VertexColorVjp`.
    PROBED_VERTEX_COLOR_VJP = 16;
    /// `Function::SurfaceTexel`.
    PROBED_SURFACE_TEXEL = 17;
    /// `Function::Silhouette`.
    PROBED_SILHOUETTE = 18;
    /// `Function::Color`.
    PROBED_COLOR = 19;
    /// `Silhouette::ProbabilisticOr`, for `probe`.
    PROBED_SILHOUETTE_OR = 0;
    /// `Silhouette::Sum`, for `probe`.
    PROBED_SILHOUETTE_SUM = 1;
    /// `Silhouette::Hard`, for `probe`.
    PROBED_SILHOUETTE_HARD = 2;
    /// A silhouette by its text, for `probe`.
    PROBED_SILHOUETTE_CUSTOM = 3;
    /// `Color::Softmax`, for `probe`.
    PROBED_COLOR_SOFTMAX = 0;
    /// `Color::Over`, for `probe`.
    PROBED_COLOR_OVER = 1;
    /// `Color::Hard`, for `probe`.
    PROBED_COLOR_HARD = 2;
    /// `Color::Neural`, for `probe`.
    PROBED_COLOR_NEURAL = 3;
}
