//! Staged faces: set up a lane each, kept side by side, read one at a time into every lane.
//!
//! Setting a face up costs seven divisions; a lane a face makes that cheap enough to do for every tile, so nothing is
//! kept of a mesh but which pixels its faces reach.

use softras_core::math::{BoundingBox, Face, FaceTexels, Real, Scalar, Setting, TextureKind, Triangle, Vec2};
use softras_core::raster::{Plan, RasterParams, cull_halo};
use softras_core::scene::{Faces, Picture};

use crate::blocks::{Blocks, Spots};
use crate::faults;
use crate::setup::PixelRect;

/// The most faces staged at once: a bit for each fits a word.
pub(crate) const CHUNK: usize = 64;

/// Rounding that culling allows for: of distances, relative to the coordinates; of a reach, relative to it.
const ROUNDING: f64 = 4e-6;
const REACH_ROUNDING: f64 = 1e-4;

/// The faces of one picture, and what culls them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Own<'a, R: Scalar> {
    corners: &'a [R],
    /// All texels, with the kind and the channels.
    texels: Option<(TextureKind, usize, &'a [R])>,
    pub(crate) rects: &'a [PixelRect],
    pub(crate) picture: &'a Picture,
    /// How far from a face a pixel can count.
    halo: f64,
    /// Half the distance between the first and last pixel centre of a block, across and down.
    half: (f64, f64),
    /// The largest coordinate of a pixel.
    extent: f64,
}

impl<'a, R: Scalar> Own<'a, R> {
    pub(crate) fn new(
        faces: &'a Faces<R>,
        rects: &'a [PixelRect],
        params: &RasterParams<R>,
        plan: &Plan<R>,
        b: usize,
        lanes: usize,
    ) -> Self {
        let height = plan.height as f64;
        Self {
            texels: faces.textures().and_then(|t| Some((t.kind(), t.channels(), t.texels().as_slice()?))),
            corners: faces.corners().as_slice().unwrap_or_default(),
            rects,
            picture: &faces.pictures()[b],
            halo: faults::reach(cull_halo(params, &faults::setting(plan, b, &[])), params),
            half: ((Blocks::across(lanes) - 1) as f64 / height, (Blocks::down(lanes) - 1) as f64 / height),
            extent: (plan.width as f64 / height).max(1.0),
        }
    }

    /// The texels of face `local` of the picture.
    #[inline(always)]
    pub(crate) fn texels(&self, local: usize) -> Option<FaceTexels<'a, R>> {
        let (kind, channels, texels) = self.texels?;
        let first = faults::first_texture(self.picture.first_texture);
        let (row, size) = (first + local, kind.texels() * channels);
        let own = FaceTexels { kind, texels: &texels[row * size..(row + 1) * size], channels };
        Some(faults::texels(own, texels, row * size))
    }

    /// The three RGB texels at the corners of face `local`.
    #[inline(always)]
    pub(crate) fn rgb(&self, local: usize) -> Option<FaceTexels<'a, R>> {
        let (_, _, texels) = self.texels?;
        let texels = texels.get((self.picture.first_texture + local) * 9..)?.first_chunk::<9>()?;
        Some(FaceTexels { kind: TextureKind::Vertex, texels, channels: 3 })
    }
}

/// What decides whether a face may touch a block: its weights, how far below 0 they may go, and its pixels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outline<L: Real> {
    p: [Vec2<L>; 3],
    slopes: [Vec2<L>; 3],
    /// A block whose middle has a weight below this is out of reach.
    lowest: [L; 3],
    low: Vec2<L>,
    high: Vec2<L>,
}

impl<L: Real> Outline<L> {
    /// Tells where the face may touch a block; a superset of where it does.
    #[inline(always)]
    pub(crate) fn may_touch(&self, spots: &Spots<L>) -> L::Mask {
        let Spots { first, middle } = spots;
        let [s0, s1, s2] = self.slopes;
        let w0 = s0.dot(*middle - self.p[1]);
        let w1 = s1.dot(*middle - self.p[2]);
        let w2 = s2.dot(*middle - self.p[0]);
        let far = w0.lt(self.lowest[0]) | w1.lt(self.lowest[1]) | w2.lt(self.lowest[2]);
        let across = w0.lit(Blocks::across(L::LANES) as f64);
        let down = w0.lit(Blocks::down(L::LANES) as f64);
        self.low.x.lt(first.x + across)
            & self.low.y.lt(first.y + down)
            & self.high.x.gt(first.x)
            & self.high.y.gt(first.y)
            & !far
    }
}

/// `N` faces, set up.
#[derive(Debug)]
pub(crate) struct Staged<R, const N: usize> {
    p: [[[R; N]; 2]; 3],
    e: [[[R; N]; 2]; 3],
    along: [[[R; N]; 2]; 3],
    slopes: [[[R; N]; 2]; 3],
    inv_e_sq: [[R; N]; 3],
    inv_det: [R; N],
    z: [[R; N]; 3],
    inv_z: [[R; N]; 3],
    bounds: [[R; N]; 4],
    lowest: [[R; N]; 3],
    rect: [[R; N]; 4],
    number: [R; N],
    /// 1 where the face has an area, where it may have color, where it runs counter-clockwise.
    solid: [R; N],
    colored: [R; N],
    counter_clockwise: [R; N],
    /// A bit for each of a group's faces that may have color as seen from here.
    sees: [u32; N],
}

impl<R: Scalar, const N: usize> Staged<R, N> {
    pub(crate) const fn new() -> Self {
        let row = [R::ZERO; N];
        Self {
            p: [[row; 2]; 3],
            e: [[row; 2]; 3],
            along: [[row; 2]; 3],
            slopes: [[row; 2]; 3],
            inv_e_sq: [row; 3],
            inv_det: row,
            z: [row; 3],
            inv_z: [row; 3],
            bounds: [row; 4],
            lowest: [row; 3],
            rect: [row; 4],
            number: row,
            solid: row,
            colored: row,
            counter_clockwise: row,
            sees: [0; N],
        }
    }

    /// Sets up the faces `locals` of a picture, at most `LANES`, as group `group`.
    #[inline(always)]
    pub(crate) fn set_up<L: Real<Scalar = R>>(
        &mut self,
        like: L,
        own: &Own<'_, R>,
        setting: &Setting<'_, L>,
        group: usize,
        locals: impl Iterator<Item = u32>,
    ) {
        let at = group * L::LANES;
        let mut table = [[R::ZERO; 16]; 9];
        // A lane without a face has no pixels, so it touches nothing.
        for side in &mut self.rect {
            for place in &mut side[at..at + L::LANES] {
                *place = R::ZERO;
            }
        }
        for (i, local) in locals.enumerate() {
            let f = own.picture.faces.start + local as usize;
            for (row, &value) in table.iter_mut().zip(&own.corners[f * 9..f * 9 + 9]) {
                row[i] = value;
            }
            let PixelRect { x, y } = own.rects[f];
            for (row, side) in self.rect.iter_mut().zip([x.0, x.1, y.0, y.1]) {
                row[at + i] = R::from_f64(f64::from(side));
            }
            self.number[at + i] = R::from_f64(f64::from(local));
        }
        let [a, b, c, d, e, f, g, h, i] = &table;
        let read = [like.load(a), like.load(b), like.load(c), like.load(d), like.load(e)];
        let rest = [like.load(f), like.load(g), like.load(h), like.load(i)];
        let triangle = faults::triangle(Triangle::new([
            [read[0], read[1], read[2]],
            [read[3], read[4], rest[0]],
            [rest[1], rest[2], rest[3]],
        ]));
        let bounds = triangle.bounding_box();
        for k in 0..3 {
            for (rows, vector) in [
                (&mut self.p, &triangle.p),
                (&mut self.e, &triangle.e),
                (&mut self.along, &triangle.along),
                (&mut self.slopes, &triangle.slopes),
            ] {
                vector[k].x.store(&mut rows[k][0][at..]);
                vector[k].y.store(&mut rows[k][1][at..]);
            }
            triangle.inv_e_sq[k].store(&mut self.inv_e_sq[k][at..]);
            triangle.z[k].store(&mut self.z[k][at..]);
            triangle.inv_z[k].store(&mut self.inv_z[k][at..]);
        }
        triangle.inv_det.store(&mut self.inv_det[at..]);
        bounds.low.x.store(&mut self.bounds[0][at..]);
        bounds.low.y.store(&mut self.bounds[1][at..]);
        bounds.high.x.store(&mut self.bounds[2][at..]);
        bounds.high.y.store(&mut self.bounds[3][at..]);
        // How far below 0 a weight may be at the middle of a block that holds a pixel within the halo: the slope of
        // the weight times that distance, and what it changes from the middle to the block's own corner.
        let extent =
            bounds.low.x.abs().max(bounds.low.y.abs()).max(bounds.high.x.abs()).max(bounds.high.y.abs());
        let halo = like.lit(own.halo * (1.0 + REACH_ROUNDING))
            + extent.max(like.lit(own.extent)) * like.lit(ROUNDING);
        for k in 0..3 {
            let slope = triangle.slopes[k];
            let across = slope.x.abs() * like.lit(own.half.0) + slope.y.abs() * like.lit(own.half.1);
            let margin = (across + slope.dot(slope).sqrt() * halo) * like.lit(1.0 + REACH_ROUNDING);
            (-margin).store(&mut self.lowest[k][at..]);
        }
        let one = like.one();
        one.keep(triangle.solid).store(&mut self.solid[at..]);
        one.keep(triangle.colored).store(&mut self.colored[at..]);
        one.keep(triangle.counter_clockwise).store(&mut self.counter_clockwise[at..]);
        self.sees[group % N] = L::bits(setting.sees(&triangle));
    }

    /// Returns a bit for each face of the first `groups` that may touch the block at `spots`, the same in every lane.
    #[inline(always)]
    pub(crate) fn touching<L: Real<Scalar = R>>(&self, like: L, groups: usize, spots: &Spots<L>) -> u64 {
        let mut bits = 0;
        for group in 0..groups {
            bits |= u64::from(self.group_touching(like, group, spots)) << (group * L::LANES % 64);
        }
        bits
    }

    #[inline(always)]
    fn group_touching<L: Real<Scalar = R>>(&self, like: L, group: usize, spots: &Spots<L>) -> u32 {
        let at = group * L::LANES;
        let vector = |rows: &[[R; N]; 2]| Vec2::new(like.load(&rows[0][at..]), like.load(&rows[1][at..]));
        let outline = Outline {
            p: [vector(&self.p[0]), vector(&self.p[1]), vector(&self.p[2])],
            slopes: [vector(&self.slopes[0]), vector(&self.slopes[1]), vector(&self.slopes[2])],
            lowest: [
                like.load(&self.lowest[0][at..]),
                like.load(&self.lowest[1][at..]),
                like.load(&self.lowest[2][at..]),
            ],
            low: Vec2::new(like.load(&self.rect[0][at..]), like.load(&self.rect[2][at..])),
            high: Vec2::new(like.load(&self.rect[1][at..]), like.load(&self.rect[3][at..])),
        };
        L::bits(outline.may_touch(spots))
    }

    /// Returns the outline of face `i`, in every lane, for the pixels of `rect` alone.
    #[inline(always)]
    pub(crate) fn outline<L: Real<Scalar = R>>(&self, like: L, i: usize, rect: &PixelRect) -> Outline<L> {
        let i = i % N;
        let side = |side: u32| like.splat(R::from_f64(f64::from(side)));
        let vector = |rows: &[[R; N]; 2]| Vec2::new(like.splat(rows[0][i]), like.splat(rows[1][i]));
        Outline {
            p: [vector(&self.p[0]), vector(&self.p[1]), vector(&self.p[2])],
            slopes: [vector(&self.slopes[0]), vector(&self.slopes[1]), vector(&self.slopes[2])],
            lowest: [
                like.splat(self.lowest[0][i]),
                like.splat(self.lowest[1][i]),
                like.splat(self.lowest[2][i]),
            ],
            low: Vec2::new(side(rect.x.0), side(rect.y.0)),
            high: Vec2::new(side(rect.x.1), side(rect.y.1)),
        }
    }

    /// Tells whether face `i` may have color.
    #[inline(always)]
    pub(crate) const fn sees<L: Real>(&self, i: usize) -> bool {
        (self.sees[i / L::LANES % N] >> (i % L::LANES)) & 1 == 1
    }

    /// Returns face `i` in every lane.
    #[inline(always)]
    pub(crate) fn face<'a, L: Real<Scalar = R>>(
        &self,
        like: L,
        i: usize,
        texels: Option<FaceTexels<'a, R>>,
    ) -> Face<'a, L> {
        let i = i % N;
        macro_rules! splat {
            ($row:expr) => {
                like.splat($row[i])
            };
        }
        macro_rules! vectors {
            ($rows:expr) => {
                [
                    Vec2::new(splat!($rows[0][0]), splat!($rows[0][1])),
                    Vec2::new(splat!($rows[1][0]), splat!($rows[1][1])),
                    Vec2::new(splat!($rows[2][0]), splat!($rows[2][1])),
                ]
            };
        }
        macro_rules! numbers {
            ($rows:expr) => {
                [splat!($rows[0]), splat!($rows[1]), splat!($rows[2])]
            };
        }
        let zero = like.zero();
        Face {
            triangle: Triangle {
                p: vectors!(self.p),
                e: vectors!(self.e),
                along: vectors!(self.along),
                slopes: vectors!(self.slopes),
                inv_e_sq: numbers!(self.inv_e_sq),
                inv_det: splat!(self.inv_det),
                z: numbers!(self.z),
                inv_z: numbers!(self.inv_z),
                solid: splat!(self.solid).gt(zero),
                colored: splat!(self.colored).gt(zero),
                counter_clockwise: splat!(self.counter_clockwise).gt(zero),
            },
            bounds: BoundingBox {
                low: Vec2::new(splat!(self.bounds[0]), splat!(self.bounds[1])),
                high: Vec2::new(splat!(self.bounds[2]), splat!(self.bounds[3])),
            },
            number: splat!(self.number),
            texels,
        }
    }
}
