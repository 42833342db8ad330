//! What is kept between calls: the state of every pixel, in blocks of lanes, and the buffers of the last call.

use std::sync::{Arc, Mutex, PoisonError};

use softras_core::math::Scalar;
use softras_core::raster::{Plan, RasterParams};
use softras_core::scene::Faces;

use crate::bins::{Bins, Grid};
use crate::blocks::Places;
use crate::row::Row;
use crate::setup::PixelRect;

/// What [`crate::CpuRasterizer`] keeps of a picture: the input, and O(pixels) aggregator state.
#[derive(Clone, Debug)]
pub struct CpuSaved<R: Scalar = f32> {
    /// The input of the last call; its buffers are reused, so it may be there when `valid` is not.
    pub(crate) drawn: Option<Drawn<R>>,
    pub(crate) valid: bool,
    pub(crate) grid: Grid,
    pub(crate) places: Places<R>,
    pub(crate) rects: Vec<PixelRect>, // [F]
    pub(crate) bins: Vec<Bins>,       // [B]
    pub(crate) layout: Layout,
    pub(crate) planes: Vec<R>, // [B, tiles, blocks, layout.count(), LANES]
    pub(crate) pairs: u64,
    pub(crate) list_entries: usize,
    workspace: Workspace<R>,
}

/// What a picture was drawn from.
#[derive(Clone, Debug)]
pub(crate) struct Drawn<R: Scalar> {
    pub(crate) faces: Arc<Faces<R>>,
    pub(crate) params: RasterParams<R>,
    pub(crate) plan: Plan<R>,
}

/// The buffers of `backward`, which only reads what was saved: a call takes them and puts them back.
#[derive(Debug, Default)]
struct Workspace<R>(Mutex<Buffers<R>>);

/// See [`CpuSaved::buffers`].
#[derive(Debug, Default)]
pub(crate) struct Buffers<R> {
    /// The gradient at every pixel, in the blocks of [`CpuSaved::planes`].
    pub(crate) cotangents: Vec<R>,
    /// States and gradients at every pixel of small pictures, row by row, `[B', H, planes, W]`, up to whole tiles.
    pub(crate) rows: Vec<R>,
    /// A bit for each block with any gradient, `[B, tiles, groups of LANES blocks]`.
    pub(crate) active: Vec<u32>,
    /// Sums over the pixels of a picture and over its faces, `[B]`.
    pub(crate) pixel_totals: Vec<Row<f64>>,
    pub(crate) totals: Vec<Row<f64>>,
    /// Sums of the gradient to the weights: a row for each tile of a picture, `[B', tiles, weights]`, and one for each run
    /// of its faces and item of its big ones.
    pub(crate) pixel_weights: Vec<f64>,
    pub(crate) face_weights: Vec<f64>,
    /// Texture gradients of faces whose rows are shared, `[F', texels, C]`.
    pub(crate) slots: Vec<R>,
}

impl<R> Clone for Workspace<R> {
    /// Buffers hold nothing between calls.
    fn clone(&self) -> Self {
        Self(Mutex::new(Buffers {
            cotangents: Vec::new(),
            rows: Vec::new(),
            active: Vec::new(),
            pixel_totals: Vec::new(),
            totals: Vec::new(),
            pixel_weights: Vec::new(),
            face_weights: Vec::new(),
            slots: Vec::new(),
        }))
    }
}

impl<R: Scalar> Default for CpuSaved<R> {
    fn default() -> Self {
        Self {
            drawn: None,
            valid: false,
            grid: Grid::default(),
            places: Places::default(),
            rects: Vec::new(),
            bins: Vec::new(),
            layout: Layout::default(),
            planes: Vec::new(),
            pairs: 0,
            list_entries: 0,
            workspace: Workspace::default(),
        }
    }
}

impl<R: Scalar> CpuSaved<R> {
    /// Forgets the picture, keeps the buffers.
    pub(crate) fn clear(&mut self) {
        self.valid = false;
        self.pairs = 0;
        self.list_entries = 0;
    }

    /// Keeps what a picture was drawn from; parameters that are kept already are not copied again.
    pub(crate) fn keep(&mut self, faces: &Arc<Faces<R>>, params: &RasterParams<R>, plan: Plan<R>) {
        let faces = Arc::clone(faces);
        match &mut self.drawn {
            Some(drawn) => {
                (drawn.faces, drawn.plan) = (faces, plan);
                if drawn.params != *params {
                    drawn.params = params.clone();
                }
            }
            None => self.drawn = Some(Drawn { faces, params: params.clone(), plan }),
        }
        self.valid = true;
    }

    /// What the last picture was drawn from, if there is one.
    pub(crate) fn picture(&self) -> Option<&Drawn<R>> {
        self.drawn.as_ref().filter(|_| self.valid)
    }

    /// Takes the buffers of `backward`; empty ones if another call has them.
    pub(crate) fn take_buffers(&self) -> Buffers<R> {
        core::mem::take(&mut *self.workspace.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts the buffers back.
    pub(crate) fn put_buffers(&self, buffers: Buffers<R>) {
        *self.workspace.0.lock().unwrap_or_else(PoisonError::into_inner) = buffers;
    }

    /// Returns how many (face, pixel) pairs counted in the last picture.
    #[must_use]
    pub const fn pairs(&self) -> u64 {
        self.pairs
    }

    /// Returns how many entries the tiles' face lists of the last picture had together.
    #[must_use]
    pub const fn list_entries(&self) -> usize {
        self.list_entries
    }
}

/// Which planes a block of pixels has: the two states and the sums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) silhouette: usize,
    pub(crate) color: usize,
    pub(crate) sums: usize,
    pub(crate) channels: usize,
    /// Lanes of a block.
    pub(crate) lanes: usize,
}

impl Layout {
    pub(crate) const fn color_at(&self) -> usize {
        self.silhouette
    }
    pub(crate) const fn sums_at(&self) -> usize {
        self.silhouette + self.color
    }
    /// Planes of states and sums.
    pub(crate) const fn count(&self) -> usize {
        self.sums_at() + self.sums
    }
}
