//! What the host and the kernels share: one macro gives each structure to both, and one each constant (`constants`), so that
//! they cannot drift apart.

use core::marker::PhantomData;

use cudarc::driver::DeviceRepr;

pub(crate) use crate::constants::*;

/// A place on the device that kernels read or write; null where there is nothing.
#[repr(transparent)]
#[derive(Debug)]
pub(crate) struct Ptr<T>(u64, PhantomData<fn() -> T>);

impl<T> Clone for Ptr<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Ptr<T> {}
impl<T> Default for Ptr<T> {
    fn default() -> Self {
        Self(0, PhantomData)
    }
}
impl<T> Ptr<T> {
    pub(crate) const fn new(address: u64) -> Self {
        Self(address, PhantomData)
    }

    pub(crate) const fn address(self) -> u64 {
        self.0
    }

    pub(crate) const fn is_null(self) -> bool {
        self.0 == 0
    }
}

/// Four numbers of 32 bits that one face's pixels take: columns x0..x1, rows y0..y1.
#[derive(Debug)]
pub(crate) enum PixelRect {}
/// A face, set up; see `faces.cuh`.
#[derive(Debug)]
pub(crate) enum Record {}

/// Declares structures, in Rust and as the text `STRUCTURES`.
macro_rules! structures {
    ($($(#[$doc:meta])* struct $name:ident { $($(#[$field_doc:meta])* $field:ident: $t:ty,)+ })+) => {
        $(
            $(#[$doc])*
            #[repr(C)]
            #[derive(Clone, Copy, Debug, Default)]
            pub(crate) struct $name {
                $($(#[$field_doc])* pub(crate) $field: $t,)+
            }
            // SAFETY: `repr(C)` of numbers and addresses, declared the same way in CUDA C++ below.
            unsafe impl DeviceRepr for $name {}
        )+
        /// The same structures in CUDA C++.
        pub(crate) const STRUCTURES: &str = concat!(
            $("struct ", stringify!($name), " {\n", $("    ", stringify!($t), " ", stringify!($field), ";\n",)+ "};\n\n",)+
        );
        /// The size of each structure, checked by the compiler of the kernels.
        pub(crate) const SIZES: &[(&str, usize)] = &[$((stringify!($name), size_of::<$name>())),+];
    };
}

/// The number types that both know.
pub(crate) const TYPES: &str = "typedef float f32;
typedef double f64;
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;
struct PixelRect;
struct Record;
template <class T>
using Ptr = T*;

";

structures! {
    /// What color aggregators share; as in the core.
    struct ColorContext {
        /// `1 / (range gamma)`.
        rate: f32,
        /// `1 / gamma`.
        inv_gamma: f32,
        /// The nearness of the background.
        background_nearness: f32,
        /// Color channels.
        channels: u32,
        /// The aggregator's own weights, null where it has none.
        weights: Ptr<f32>,
    }

    /// The numbers all pairs of a picture share; as in the core, and the choices that are uniform branches.
    struct Setting {
        /// `1 / sigma`.
        inv_sigma: f32,
        /// c, the cut of `x = s / sigma`.
        cut: f32,
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
        /// The distribution, `DISTRIBUTION_*`.
        distribution: u32,
        /// What color aggregators share.
        color: ColorContext,
    }

    /// One picture of the batch.
    struct Picture {
        /// How far outside its box a face can count; may be infinite.
        cull_reach: f64,
        /// The first face.
        first_face: u32,
        /// How many faces.
        face_count: u32,
        /// The texture row of the first face.
        first_texture: u32,
        /// The first chunk of faces.
        first_chunk: u32,
        /// How many chunks.
        chunks: u32,
        /// The numbers of the picture.
        setting: Setting,
    }

    /// What all kernels of a step read.
    struct Globals {
        /// The pictures, `[pictures]`.
        picture: Ptr<Picture>,
        /// Three times (x, y, z), `[faces, 9]`.
        corners: Ptr<f32>,
        /// 1 for faces that are not drawn, `[faces]`; null if all are.
        absent: Ptr<u8>,
        /// The background colors, `[pictures, channels]`.
        background: Ptr<f32>,
        /// The texels, `[rows, texel_size]`.
        texels: Ptr<f32>,
        /// The faces, set up, `[faces]`.
        records: Ptr<Record>,
        /// The pixels each face can reach, `[faces]`.
        rects: Ptr<PixelRect>,
        /// Where each list begins: of bins, `[pictures][bins][chunks of the picture]`, then of classes,
        /// `[CLASSES][chunks]`, then where the last one ends.
        offsets: Ptr<u64>,
        /// The lists: face numbers in the picture (bins) or in the batch (classes).
        lists: Ptr<u32>,
        /// The state of the pixels, planes of `all_pixels`.
        state: Ptr<f32>,
        /// How many entries the lists have room for. Where they need more nothing is written, and the host is told.
        list_room: u64,
        /// How many pixels all pictures have.
        all_pixels: u64,
        /// How many pictures.
        pictures: u32,
        /// How many chunks of faces.
        chunks: u32,
        /// How many faces.
        faces: u32,
        /// Pixels across a picture.
        width: u32,
        /// Pixels down a picture.
        height: u32,
        /// Pixels of a picture.
        pixels: u32,
        /// Tiles across a picture.
        tiles_across: u32,
        /// Tiles of a picture.
        tiles: u32,
        /// Bins across a picture.
        bins_across: u32,
        /// Bins of a picture; 0 where every tile goes through all faces.
        bins: u32,
        /// Pixels along a side of a bin.
        bin_side: u32,
        /// Color channels.
        channels: u32,
        /// Texels along a side of a face; 0 for texels at the corners.
        side: u32,
        /// Numbers of the texels of a face.
        texel_size: u32,
        /// Texture rows.
        rows: u32,
        /// The plane of the state where the color begins.
        color_at: u32,
        /// The plane of the state where the sums begin.
        sums_at: u32,
        /// 1 where opaque pixels may be skipped.
        skip: u32,
    }

    /// What `setup`, `bin_count`, `bin_fill` and `totals` read.
    struct Building {
        /// The step.
        globals: Globals,
        /// Where lists end: all bins, then each class, `[1 + CLASSES]`; `totals` writes it.
        ends: Ptr<u64>,
    }

    /// What `scan` and `scan_add` read.
    struct Scanning {
        /// The numbers to be scanned.
        data: Ptr<u64>,
        /// The sum of each block.
        sums: Ptr<u64>,
        /// How many numbers.
        length: u64,
    }

    /// What `forward` reads.
    struct Drawing {
        /// The step.
        globals: Globals,
        /// The picture, `[pictures, channels, height, width]`.
        color: Ptr<f32>,
        /// The silhouette, `[pictures, height, width]`.
        alpha: Ptr<f32>,
        /// How many pairs counted in each tile, `[pictures, tiles]`.
        pairs: Ptr<u64>,
    }

    /// What `prepare`, `backward` and their like for textures and weights read.
    struct Reversing {
        /// The step.
        globals: Globals,
        /// Gradient to the picture, `[pictures, channels, height, width]`.
        grad_color: Ptr<f32>,
        /// Gradient to the silhouette, `[pictures, height, width]`.
        grad_alpha: Ptr<f32>,
        /// What faces read of each pixel, planes of `all_pixels`.
        cotangents: Ptr<f32>,
        /// Sums over blocks of pixels, `[pictures, blocks, channels + 1]`; null if they are not wanted.
        partials: Ptr<f32>,
        /// Gradient to the corners, `[faces, 9]`.
        corners: Ptr<f32>,
        /// Gradients to sigma, gamma and the shapes, `[FACE_PARAMETERS, faces]`.
        parameters: Ptr<f32>,
        /// Gradient to the texels of each face, `[faces, texel_size]`; null if it is not wanted.
        texels: Ptr<f32>,
        /// Gradient to the weights of phi, of each face, `[faces, weights]`.
        face_weights: Ptr<f32>,
        /// Gradient to the weights of rho, of each block of pixels, `[pictures, blocks, weights]`.
        pixel_weights: Ptr<f32>,
        /// Gradients of items, `[items, item_values]`.
        items: Ptr<f32>,
        /// Where lists end, as `totals` wrote it: where the host does not know how many entries there are; else null.
        ends: Ptr<u64>,
        /// The class that is walked.
        class_walked: u32,
        /// How many entries, if `ends` is null.
        entries: u32,
        /// The first entry of the list that is walked, if `ends` is null.
        first: u64,
        /// How many lanes walk a face: 1, 8, 32 or 64.
        lanes: u32,
        /// 1 if the entries are items of big faces.
        walks_items: u32,
        /// Numbers of an item.
        item_values: u32,
    }

    /// What `probe` reads.
    struct Probing {
        /// The inputs, `[rows, inputs]`.
        from: Ptr<f32>,
        /// The weights of the color aggregator.
        weights: Ptr<f32>,
        /// The outputs, `[rows, outputs]`.
        to: Ptr<f32>,
        /// How many rows.
        rows: u64,
        /// Numbers that a row reads.
        inputs: u32,
        /// Numbers that a row writes.
        outputs: u32,
        /// The function, `PROBED_*`.
        function: u32,
        /// Its part: a distance, a distribution, a depth map, or `PROBED_SILHOUETTE_*`, `PROBED_COLOR_*`.
        part: u32,
        /// The shape of the part.
        shape: f32,
    }

    /// A picture as the brute force reads it.
    struct BrutePicture {
        /// The softness of edges.
        sigma: f32,
        /// The softness of depth.
        gamma: f32,
        /// The logit of the background.
        epsilon: f32,
        /// The squared distance at which a face is cut off.
        threshold: f32,
        /// The distance.
        reach: f32,
        /// The first face.
        first_face: u32,
        /// How many faces.
        face_count: u32,
        /// The texture row of the first face.
        first_texture: u32,
    }

    /// What the kernels of the brute force read.
    struct Brute {
        /// The pictures, `[pictures]`.
        picture: Ptr<BrutePicture>,
        /// Three times (x, y, z), `[faces, 9]`.
        corners: Ptr<f32>,
        /// The texels, `[rows, 9]`.
        texels: Ptr<f32>,
        /// The background colors, `[pictures, 3]`.
        background: Ptr<f32>,
        /// What a face has once, `[faces, 21]`: barycentric rows, the Gram matrix, which corners are obtuse.
        prepared: Ptr<f32>,
        /// The picture, `[pictures, 3, height, width]`.
        color: Ptr<f32>,
        /// The silhouette, `[pictures, height, width]`.
        alpha: Ptr<f32>,
        /// The sum of the weights and the highest logit, `[pictures, height, width, 2]`.
        softmax: Ptr<f32>,
        /// Gradient to the picture.
        grad_color: Ptr<f32>,
        /// Gradient to the silhouette.
        grad_alpha: Ptr<f32>,
        /// Gradient to the corners, which is added to.
        grad_corners: Ptr<f32>,
        /// Gradient to the textures, which is added to.
        grad_texels: Ptr<f32>,
        /// How many faces.
        faces: u64,
        /// How many pictures.
        pictures: u32,
        /// Pixels across a picture.
        width: u32,
        /// Pixels down a picture.
        height: u32,
        /// Depths nearer than this have no color.
        near: f32,
        /// Depths farther than this have no color.
        far: f32,
    }

    /// What `reduce`, `reduce_weights` and `gather` read.
    struct Reducing {
        /// The step.
        globals: Globals,
        /// As in `Reversing`; null if they are not wanted.
        partials: Ptr<f32>,
        /// As in `Reversing`.
        parameters: Ptr<f32>,
        /// Sums over each picture, `[pictures, channels + 1 + FACE_PARAMETERS]`.
        sums: Ptr<f32>,
        /// As in `Reversing`.
        texels: Ptr<f32>,
        /// Gradient to the textures, `[rows, texel_size]`.
        grad_rows: Ptr<f32>,
        /// As in `Reversing`.
        face_weights: Ptr<f32>,
        /// As in `Reversing`.
        pixel_weights: Ptr<f32>,
        /// Gradient to the weights, `[pictures, of_faces + of_pixels]`.
        weights: Ptr<f32>,
        /// Weights that faces see.
        of_faces: u32,
        /// Weights that pixels see.
        of_pixels: u32,
        /// Blocks of pixels of a picture.
        blocks: u32,
        /// 1 if no pictures share texture rows, and the rows ascend with the pictures.
        rows_ascend: u32,
        /// 1 if the sums go on from what `grad_rows` holds.
        carries: u32,
    }
}
