//! What is kept between forward and backward: the input, and the state of every pixel, on the device.

use std::sync::Arc;

use softras_core::math::TextureKind;
use softras_core::raster::{Plan, RasterParams, TextureFamily};
use softras_core::scene::{Faces, Textures};

use crate::axes::{Axes, Tile, axes};
use crate::buffers::Buffer;
use crate::device::Gpu;
use crate::error::Result;
use crate::shared::Globals;
use crate::turns::{Pieces, Sizes, Turn};

/// What [`crate::WgpuRasterizer`] keeps of a picture: the input, and O(pixels) aggregator state on the device.
#[derive(Debug, Default)]
pub struct WgpuSaved {
    pub(crate) drawn: Option<Drawn>,
}

impl WgpuSaved {
    /// Returns how many entries the face lists of all bins had together; 0 where pictures are small enough to need none.
    #[must_use]
    pub fn list_entries(&self) -> u64 {
        self.drawn.iter().flat_map(|drawn| &drawn.turns).map(|(_, buffers)| buffers.entries).sum()
    }
}

/// A finished batch.
#[derive(Debug)]
pub(crate) struct Drawn {
    /// The device that holds the buffers.
    pub(crate) gpu: Arc<Gpu>,
    pub(crate) faces: Arc<Faces>,
    pub(crate) params: RasterParams,
    pub(crate) plan: Plan<f32>,
    pub(crate) layout: Layout,
    pub(crate) turns: Vec<(Turn, TurnBuffers)>,
}

/// The device's side of a turn.
#[derive(Debug)]
pub(crate) struct TurnBuffers {
    /// `[pictures, window pixels, layout.state_stride]`.
    pub(crate) state: Buffer,
    pub(crate) chunks: Vec<ChunkBuffers>,
    /// How many entries the lists of its bins had.
    pub(crate) entries: u64,
}

/// The device's side of a chunk of faces.
#[derive(Debug)]
pub(crate) struct ChunkBuffers {
    pub(crate) globals: Globals,
    /// The same, on the device.
    pub(crate) uniform: Buffer,
    pub(crate) units: Buffer,
    /// `[faces, 3, 3]`.
    pub(crate) corners: Buffer,
    /// A bit for each face that is not drawn.
    pub(crate) absent: Buffer,
    /// `[faces, 2]`.
    pub(crate) rects: Buffer,
    /// Pixel centres of the window's columns and rows, backgrounds, weights, texels.
    pub(crate) numbers: Buffer,
    /// Where the items of each face begin, `[faces + 1]`.
    pub(crate) items: Buffer,
    /// How many items there are.
    pub(crate) item_count: u32,
}

impl ChunkBuffers {
    /// Numbers of the texture rows that the faces read.
    pub(crate) fn row_numbers(&self) -> u64 {
        u64::from(self.globals.rows) * u64::from(self.globals.texel_size)
    }
}

/// How the numbers of a pixel and a face lie in the buffers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    pub(crate) axes: Axes,
    pub(crate) state_stride: u32,
    pub(crate) color_at: u32,
    pub(crate) sums_at: u32,
    /// Numbers of the texels of a face that are read; 0 where no color is drawn.
    pub(crate) texel_size: u32,
    /// Texels along a side of a face; 0 for texels at the corners.
    pub(crate) side: u32,
}

impl Layout {
    pub(crate) fn new(faces: &Faces, params: &RasterParams, plan: &Plan<f32>) -> Result<Self> {
        let textures = faces.textures().filter(|_| plan.draws_color);
        let kind = textures.map_or(TextureKind::Vertex, Textures::kind);
        let axes = axes(params, TextureFamily::from(kind), plan.channels)?;
        let color_at = if plan.draws_silhouette { axes.silhouette.planes() } else { 0 };
        let sums_at = color_at + if plan.draws_color { axes.color.planes() } else { 0 };
        Ok(Self {
            axes,
            // And how many faces counted.
            state_stride: sums_at + if plan.draws_color { axes.sums() } else { 0 } + 1,
            color_at,
            sums_at,
            texel_size: textures.map_or(0, |_| (kind.texels() * plan.channels) as u32),
            side: match kind {
                TextureKind::Surface { side } => side as u32,
                TextureKind::Vertex => 0,
            },
        })
    }

    /// How much room things take, where a buffer holds `limit` numbers.
    pub(crate) fn sizes(&self, plan: &Plan<f32>, params: &RasterParams, limit: u64, tile: Tile) -> Sizes {
        let widest = self.state_stride.max(self.axes.cotangent_stride()).max(self.axes.picture_planes());
        Sizes {
            size: (plan.width as u32, plan.height as u32),
            pixel: widest.into(),
            channels: plan.channels as u64,
            texels: self.texel_size.into(),
            face_weights: self.axes.face_weights().into(),
            tile_weights: self.axes.tile_weights().into(),
            limit,
            pieces: Pieces::LARGEST,
            run: usize::MAX,
            tile,
            budget: params.get_memory_budget() / 4,
            work_pixel: u64::from(self.axes.cotangent_stride() + self.axes.picture_planes()),
        }
    }
}

/// Returns a number that a 32-bit float of a shader holds: infinity becomes the largest it needs.
pub(crate) fn finite(x: f64) -> f32 {
    x.min(1e30) as f32
}
