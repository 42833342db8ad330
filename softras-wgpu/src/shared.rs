//! What the host and the shaders share: one macro gives each structure and constant to both, so that they cannot
//! drift apart.

use bytemuck::{Pod, Zeroable};

/// Declares structures of 32-bit fields, in Rust and as the text `WGSL`.
macro_rules! structures {
    ($($(#[$doc:meta])* struct $name:ident { $($(#[$field_doc:meta])* $field:ident: $t:ident,)+ })+) => {
        $(
            $(#[$doc])*
            #[repr(C)]
            #[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
            pub(crate) struct $name {
                $($(#[$field_doc])* pub(crate) $field: $t,)+
            }
        )+
        /// The same structures in WGSL.
        pub(crate) const STRUCTURES: &str = concat!(
            $("struct ", stringify!($name), " {\n", $("    ", stringify!($field), ": ", stringify!($t), ",\n",)+ "}\n\n",)+
        );
    };
}

/// Declares whole numbers, in Rust and as the text `WGSL`.
macro_rules! constants {
    ($($(#[$doc:meta])* $name:ident = $value:literal;)+) => {
        $($(#[$doc])* pub(crate) const $name: u32 = $value;)+
        /// Some have no use but in shaders.
        const _: &[u32] = &[$($name),+];
        /// The same constants in WGSL.
        pub(crate) const CONSTANTS: &str =
            concat!($("const ", stringify!($name), ": u32 = ", stringify!($value), "u;\n",)+ "\n");
    };
}

constants! {
    /// Faces of a block: no block holds faces of two units.
    BLOCK_FACES = 256;
    /// Pixels along a side of a tile.
    TILE_SIDE = 16;
    /// Pixels along a side of an item of a big face.
    ITEM_SIDE = 32;
    /// Numbers that one workgroup scans.
    SCAN_BLOCK = 1024;
    /// Lanes of a workgroup that has a lane a number.
    NUMBER_LANES = 256;
    /// Lanes of a workgroup that has a lane a face, and walks it.
    WALK_LANES = 64;
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
}

structures! {
    /// What color aggregators share; as in the core.
    struct ColorContext {
        /// `1 / (range gamma)`.
        rate: f32,
        /// `1 / gamma`.
        inv_gamma: f32,
        /// The nearness of the background.
        background_nearness: f32,
        /// Where the aggregator's own weights begin among the numbers.
        weights: u32,
    }

    /// The numbers all pairs of a picture share; as in the core, and the choices that are uniform branches.
    struct Setting {
        /// `1 / sigma`.
        inv_sigma: f32,
        /// c, the cut of `x = s / sigma`.
        cut: f32,
        /// The slope of c along the distribution's own parameter.
        cut_slope: f32,
        /// `c sigma`.
        bound: f32,
        /// `sqrt(c sigma)`.
        box_reach: f32,
        /// 1 where the box rule can cut anything that the metric does not.
        boxed: u32,
        /// What happens beyond the cut, `CUTOFF_*`.
        cutoff: u32,
        /// The distribution's own parameter.
        distribution_shape: f32,
        /// The silhouette aggregator's own parameter.
        t_conorm_shape: f32,
        /// The number of faces of the picture.
        faces: f32,
        /// Depths nearer than this have no color.
        near: f32,
        /// Depths farther than this have no color.
        far: f32,
        /// How depth is normalised, `DEPTH_MAP_*`.
        depth_map: u32,
        /// How attributes are interpolated, `INTERPOLATION_*`.
        interpolation: u32,
        /// Which faces have color, `FACING_*`.
        facing: u32,
        /// The distance metric, `DISTANCE_*`.
        distance: u32,
        /// What color aggregators share.
        color: ColorContext,
    }

    /// One window of one picture, with the faces of one chunk.
    struct Unit {
        /// The first face, counted in the buffers of the chunk.
        first_face: u32,
        /// How many faces.
        face_count: u32,
        /// The number of the first face in its picture.
        first_number: u32,
        /// The texture row of the first face, counted in the buffers of the chunk.
        first_texture: u32,
        /// The first block of faces.
        first_block: u32,
        /// How many blocks.
        blocks: u32,
        /// How far outside its box a face can count, finite.
        cull_reach: f32,
        /// The numbers of the picture.
        setting: Setting,
    }

    /// What all invocations of a dispatch share.
    struct Globals {
        /// How many units.
        units: u32,
        /// How many blocks of faces.
        blocks: u32,
        /// How many faces.
        faces: u32,
        /// Pixels across the picture.
        width: u32,
        /// Pixels down the picture.
        height: u32,
        /// The first column of the window.
        window_x: u32,
        /// The first row of the window.
        window_y: u32,
        /// Pixels across the window.
        window_width: u32,
        /// Pixels down the window.
        window_height: u32,
        /// Pixels of the window.
        window_pixels: u32,
        /// Tiles across the window.
        tiles_across: u32,
        /// Tiles of the window.
        tiles: u32,
        /// Bins across the window.
        bins_across: u32,
        /// Bins of the window; 0 where every tile goes through all faces.
        bins: u32,
        /// Pixels along a side of a bin.
        bin_side: u32,
        /// 1 for the first chunk of faces, which begins the states.
        first_chunk: u32,
        /// 1 for the last chunk of faces, which finishes them.
        last_chunk: u32,
        /// Numbers of the state of a pixel.
        state_stride: u32,
        /// Where the color state begins in it.
        color_at: u32,
        /// Where the sums begin in it.
        sums_at: u32,
        /// Where the background colors begin among the numbers.
        background: u32,
        /// Where the color aggregator's own weights begin among the numbers.
        weights: u32,
        /// Where the texels begin among the numbers.
        texels: u32,
        /// Numbers of the texels of a face.
        texel_size: u32,
        /// Texels along a side of a face; 0 for texels at the corners.
        side: u32,
        /// Texture rows of the chunk.
        rows: u32,
        /// The most pixels of a face that one thread walks.
        small_pixels: u32,
        /// 1 if opaque pixels may be skipped.
        skip: u32,
        /// 1 if the gradient to the textures is wanted.
        wants_textures: u32,
        /// 1 if the gradient to background or epsilon is wanted.
        wants_pixel_sums: u32,
        /// The first item of this turn.
        first_item: u32,
        /// Where the items of this turn end.
        end_item: u32,
        /// The first pixel of a face's box that is walked for its texels.
        first_pixel: u32,
        /// Where those pixels end.
        end_pixel: u32,
    }

    /// What a probe reads and writes.
    struct Probed {
        /// Invocations.
        count: u32,
        /// Numbers that each reads.
        inputs: u32,
        /// Numbers that each writes.
        outputs: u32,
    }

    /// How long a scan is.
    struct ScanLength {
        /// Numbers to scan.
        length: u32,
        /// Workgroups that do it.
        blocks: u32,
    }
}
