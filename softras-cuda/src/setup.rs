//! Setup: what kernels read of faces and pictures, brought to the device; each face set up once.

use softras_core::math::{
    Cutoff, DepthMap, Distance, Distribution, Facing, Interpolation, Setting as CoreSetting, TextureKind,
};
use softras_core::raster::{Outputs, Plan, RasterParams, Saturation, cull_reach};
use softras_core::scene::{Faces, Textures};
use softras_core::{Error, Result};

use crate::Work;
use crate::buffers::Buffer;
use crate::error::BACKEND;
use crate::family;
use crate::kernels::Axes;
use crate::shared::{
    self, CHUNK_FACES, ColorContext, Globals, MAX_BINS_SIDE, Picture, Ptr, RECORD_BYTES, RECT_BYTES, Setting,
    TILE_SIDE,
};

/// Pictures of at most this many pixels a side need no lists: every tile goes through all faces.
const NO_BINS_SIDE: u32 = 64;

/// Where corners and texels come from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Source {
    /// From the host, with the faces.
    Host,
    /// They lie on the device.
    Device {
        /// `[F, 3, 3]`.
        corners: Ptr<f32>,
        /// `[rows, texels, C]`; null where no color is drawn.
        texels: Ptr<f32>,
    },
}

/// Brings the step to the device; returns where everything lies, and what holds it.
pub(crate) fn upload(
    work: &Work,
    faces: &Faces,
    params: &RasterParams,
    plan: &Plan<f32>,
    axes: &Axes,
    source: Source,
) -> Result<(Globals, Vec<Buffer>)> {
    let gpu = &work.gpu;
    let mut held = Vec::new();
    macro_rules! filled {
        ($what:literal, $values:expr) => {{
            held.push(work.arena.filled(gpu, $what, $values)?);
            held[held.len() - 1].ptr(gpu)
        }};
    }
    let weights = if plan.draws_color && !params.get_weights().is_empty() {
        filled!("weights", params.get_weights())
    } else {
        Ptr::default()
    };
    let pictures = pictures(faces, params, plan, weights)?;
    let mut globals = Globals {
        picture: filled!("pictures", &pictures),
        corners: match source {
            Source::Host => filled!("corners", faces.corners().as_slice().unwrap_or(&[])),
            Source::Device { corners, .. } => corners,
        },
        chunks: pictures.last().map_or(0, |p| p.first_chunk + p.chunks),
        skip: u32::from(skips(params)),
        ..sizes(faces, plan)?
    };
    if globals.chunks == 0 {
        // There may be faces that belong to no picture; there are no lists then.
        globals.bins = 0;
    }
    let absent: Vec<u8> = (0..faces.count()).map(|f| u8::from(faces.is_absent(f))).collect();
    if absent.contains(&1) {
        globals.absent = filled!("absent faces", &absent);
    }
    if plan.draws_color {
        globals.background = filled!("background", &plan.background);
        globals.texels = match source {
            Source::Host => {
                filled!("texels", faces.textures().and_then(|t| t.texels().as_slice()).unwrap_or(&[]))
            }
            Source::Device { texels, .. } => texels,
        };
    }
    macro_rules! lent {
        ($what:literal, $bytes:expr) => {{
            held.push(work.arena.lend::<u8>(gpu, $what, $bytes)?);
            held[held.len() - 1].ptr(gpu)
        }};
    }
    globals.records = lent!("faces that are set up", faces.count() * RECORD_BYTES as usize);
    globals.rects = lent!("pixels of faces", faces.count() * RECT_BYTES as usize);
    let planes = state_planes(axes, plan);
    (globals.color_at, globals.sums_at) = (planes.0, planes.1);
    let numbers = usize::try_from(globals.all_pixels).unwrap_or(usize::MAX).saturating_mul(planes.2 as usize);
    globals.state = lent!("state of the pixels", numbers.saturating_mul(4));
    Ok((globals, held))
}

/// Tells whether opaque pixels may be skipped: where it was asked for, of silhouettes alone.
fn skips(params: &RasterParams) -> bool {
    *params.get_saturation() == Saturation::Skip && *params.get_outputs() == Outputs::Silhouette
}

/// The planes of the state where the color and the sums begin, and where they end.
fn state_planes(axes: &Axes, plan: &Plan<f32>) -> (u32, u32, u32) {
    let color_at = if plan.draws_silhouette { axes.silhouette.planes() } else { 0 };
    if !plan.draws_color {
        return (color_at, color_at, color_at);
    }
    let sums_at = color_at + axes.color.planes();
    (color_at, sums_at, sums_at + axes.color.sums(plan.channels as u32))
}

fn sizes(faces: &Faces, plan: &Plan<f32>) -> Result<Globals> {
    let whole = |what: &str, n: usize| {
        u32::try_from(n).map_err(|_| Error::Unsupported {
            backend: BACKEND.to_owned(),
            what: format!("{n} {what}"),
            supported: format!("at most {}", u32::MAX),
        })
    };
    let (width, height) = (whole("pixels across", plan.width)?, whole("pixels down", plan.height)?);
    let (across, down) = (width.div_ceil(TILE_SIDE), height.div_ceil(TILE_SIDE));
    let bin_side = across.max(down).div_ceil(MAX_BINS_SIDE) * TILE_SIDE;
    let bins_across = width.div_ceil(bin_side);
    let small = width.max(height) <= NO_BINS_SIDE;
    let kind = faces.textures().map_or(TextureKind::Vertex, Textures::kind);
    let has_texels = plan.draws_color && faces.textures().is_some();
    Ok(Globals {
        all_pixels: (plan.batch * plan.pixels()) as u64,
        pictures: whole("pictures", plan.batch)?,
        faces: whole("faces", faces.count())?,
        width,
        height,
        pixels: whole("pixels", plan.pixels())?,
        tiles_across: across,
        tiles: across * down,
        bins_across,
        bins: if small || faces.count() == 0 { 0 } else { bins_across * height.div_ceil(bin_side) },
        bin_side,
        channels: whole("channels", plan.channels)?,
        side: match kind {
            TextureKind::Vertex => 0,
            TextureKind::Surface { side } => whole("texels along a side", side)?,
        },
        texel_size: if has_texels {
            whole("numbers of a texture row", kind.texels() * plan.channels)?
        } else {
            0
        },
        rows: whole("texture rows", faces.textures().map_or(0, Textures::rows))?,
        ..Globals::default()
    })
}

/// The pictures as kernels read them, with the chunks of their faces.
fn pictures(
    faces: &Faces,
    params: &RasterParams,
    plan: &Plan<f32>,
    weights: Ptr<f32>,
) -> Result<Vec<Picture>> {
    let mut first_chunk = 0;
    let mut all = Vec::with_capacity(plan.batch);
    for (b, picture) in faces.pictures().iter().enumerate() {
        let setting = plan.setting(b, &[]);
        let face_count = picture.faces.len() as u32; // `sizes` has checked that all faces fit
        let chunks = face_count.div_ceil(CHUNK_FACES);
        all.push(Picture {
            cull_reach: cull_reach(params, &setting),
            first_face: picture.faces.start as u32,
            face_count,
            first_texture: u32::try_from(picture.first_texture).map_err(|_| {
                Error::layout("first texture", picture.first_texture, format!("at most {}", u32::MAX))
            })?,
            first_chunk,
            chunks,
            setting: device_setting(&setting, params, plan.channels, weights)?,
        });
        first_chunk += chunks;
    }
    Ok(all)
}

/// The kernels' number of a metric, if they have it.
pub(crate) const fn distance_number(distance: &Distance) -> Option<u32> {
    match distance {
        Distance::Euclidean => Some(shared::DISTANCE_EUCLIDEAN),
        Distance::Barycentric => Some(shared::DISTANCE_BARYCENTRIC),
        Distance::EuclideanUnsquared => Some(shared::DISTANCE_EUCLIDEAN_UNSQUARED),
        Distance::Hard => Some(shared::DISTANCE_HARD),
        _ => None,
    }
}

/// The kernels' number of a distribution, if they have it.
pub(crate) fn distribution_number(distribution: &Distribution) -> Option<u32> {
    match distribution {
        Distribution::Logistic => Some(shared::DISTRIBUTION_LOGISTIC),
        // By its text.
        Distribution::Custom(_) => Some(shared::DISTRIBUTION_CUSTOM),
        other => family::distribution(other.name()).map(|_| shared::DISTRIBUTION_CUSTOM),
    }
}

fn device_setting(
    setting: &CoreSetting<'_, f32>,
    params: &RasterParams,
    channels: usize,
    weights: Ptr<f32>,
) -> Result<Setting> {
    let refuse = |what: &str, name: &str| Error::Unsupported {
        backend: BACKEND.to_owned(),
        what: format!("{what} {name}"),
        supported: "the built-in ones".to_owned(),
    };
    let (distance, distribution) = (params.get_distance(), params.get_distribution());
    Ok(Setting {
        inv_sigma: setting.inv_sigma,
        cut: setting.cut,
        bound: setting.bound,
        box_reach: setting.box_reach,
        boxed: u32::from(setting.boxed),
        cutoff: match setting.cutoff {
            Cutoff::Hard => shared::CUTOFF_HARD,
            Cutoff::None => shared::CUTOFF_NONE,
            Cutoff::Smooth => shared::CUTOFF_SMOOTH,
        },
        distribution_shape: setting.distribution_shape,
        t_conorm_shape: setting.t_conorm_shape,
        faces: setting.faces,
        near: setting.near,
        far: setting.far,
        depth_map: match setting.depth_map {
            DepthMap::Linear => shared::DEPTH_MAP_LINEAR,
            DepthMap::Inverse => shared::DEPTH_MAP_INVERSE,
        },
        interpolation: match setting.interpolation {
            Interpolation::Perspective => shared::INTERPOLATION_PERSPECTIVE,
            Interpolation::Screen => shared::INTERPOLATION_SCREEN,
        },
        facing: match setting.facing {
            Facing::Both => shared::FACING_BOTH,
            Facing::CounterClockwise => shared::FACING_COUNTER_CLOCKWISE,
            Facing::Clockwise => shared::FACING_CLOCKWISE,
        },
        distance: match distance {
            Distance::Custom(_) => shared::DISTANCE_CUSTOM,
            _ => distance_number(distance).ok_or_else(|| refuse("distance", distance.name()))?,
        },
        distribution: distribution_number(distribution)
            .ok_or_else(|| refuse("distribution", distribution.name()))?,
        color: ColorContext {
            rate: setting.color.rate,
            inv_gamma: setting.color.inv_gamma,
            background_nearness: setting.color.background_nearness,
            channels: channels as u32, // `sizes` checks that they fit
            weights,
        },
    })
}
