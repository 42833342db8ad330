//! The kernels' functions run alone, on rows of numbers: what the suite checks before any picture.

use softras_core::math::{Color, DepthMap, Function, Silhouette};
use softras_core::raster::Probe;
use softras_core::{Error, Result};

use crate::error::BACKEND;
use crate::family;
use crate::kernels::{Axes, ColorKernel, SilhouetteKernel, Stage};
use crate::setup::{distance_number, distribution_number};
use crate::shared::{self, Probing};
use crate::{CudaRasterizer, buffers};

/// Threads of a block of `probe`.
const PROBE_THREADS: u64 = 256;

impl Probe<f32> for CudaRasterizer {
    fn probe(&self, function: &Function, inputs: &[f32], outputs: &mut [f32]) -> Result<()> {
        let (i, o) = (function.inputs(), function.outputs());
        let rows = inputs.len() / i;
        if inputs.len() != rows * i || outputs.len() != rows * o {
            let found = [inputs.len(), outputs.len()];
            let expected = format!("[N * {i}] inputs, [N * {o}] outputs");
            return Err(Error::shape(function.name(), &found, expected));
        }
        let (number, part) = number(function).ok_or_else(|| Error::Unsupported {
            backend: BACKEND.to_owned(),
            what: format!("function {}", function.name()),
            supported: "those of built-in parts".to_owned(),
        })?;
        let (work, gpu) = (&self.work, &self.work.gpu);
        let from = work.arena.filled(gpu, "inputs of a function", inputs)?;
        let weights: Vec<f32> = function.weights().iter().map(|&w| w as f32).collect();
        let weights = work.arena.filled(gpu, "weights of a function", &weights)?;
        let to = work.arena.lend::<f32>(gpu, "outputs of a function", outputs.len())?;
        let probing = Probing {
            from: from.ptr(gpu),
            to: to.ptr(gpu),
            weights: weights.ptr(gpu),
            rows: rows as u64,
            inputs: i as u32,
            outputs: o as u32,
            function: number,
            part,
            shape: function.shape() as f32,
        };
        let silhouette = match function {
            Function::Silhouette(part) => SilhouetteKernel::of(part).unwrap_or(Axes::PAPER.silhouette),
            _ => Axes::PAPER.silhouette,
        };
        let color = match function {
            Function::Color(part) => ColorKernel::of(part).unwrap_or(Axes::PAPER.color),
            _ => Axes::PAPER.color,
        };
        let custom = work.kernels.custom(family::texts(function));
        let axes = Axes { custom, silhouette, color, ..Axes::PAPER };
        let kernel = work.kernels.get(gpu, Stage::Probe, &axes)?;
        gpu.launch(&kernel, probing.rows.div_ceil(PROBE_THREADS), &probing)?;
        Ok(buffers::read(gpu, &to, "probe", outputs)?)
    }
}

/// The numbers of a function and of its part.
fn number(function: &Function) -> Option<(u32, u32)> {
    let map = |map: &DepthMap| match map {
        DepthMap::Linear => shared::DEPTH_MAP_LINEAR,
        DepthMap::Inverse => shared::DEPTH_MAP_INVERSE,
    };
    Some(match function {
        Function::Exp => (shared::PROBED_EXP, 0),
        Function::Barycentric => (shared::PROBED_BARYCENTRIC, 0),
        Function::BarycentricVjp => (shared::PROBED_BARYCENTRIC_VJP, 0),
        Function::Clip => (shared::PROBED_CLIP, 0),
        Function::ClipVjp => (shared::PROBED_CLIP_VJP, 0),
        Function::Depth => (shared::PROBED_DEPTH, 0),
        Function::DepthVjp => (shared::PROBED_DEPTH_VJP, 0),
        Function::Perspective => (shared::PROBED_PERSPECTIVE, 0),
        Function::PerspectiveVjp => (shared::PROBED_PERSPECTIVE_VJP, 0),
        Function::Nearness(part) => (shared::PROBED_NEARNESS, map(part)),
        Function::NearnessVjp(part) => (shared::PROBED_NEARNESS_VJP, map(part)),
        Function::Signed(part) => (shared::PROBED_SIGNED, distance_number(part)?),
        Function::SignedVjp(part) => (shared::PROBED_SIGNED_VJP, distance_number(part)?),
        Function::Probability(softras_core::math::Distribution::Custom(_)) => return None,
        Function::Probability(part) => (shared::PROBED_PROBABILITY, distribution_number(part)?),
        Function::SmoothWindow => (shared::PROBED_SMOOTH_WINDOW, 0),
        Function::VertexColor => (shared::PROBED_VERTEX_COLOR, 0),
        Function::VertexColorVjp => (shared::PROBED_VERTEX_COLOR_VJP, 0),
        Function::SurfaceTexel => (shared::PROBED_SURFACE_TEXEL, 0),
        Function::Silhouette(part) => (shared::PROBED_SILHOUETTE, silhouette_number(part)?),
        Function::Color(part) => (shared::PROBED_COLOR, color_number(part)?),
        _ => return None,
    })
}

fn silhouette_number(part: &Silhouette) -> Option<u32> {
    if let Silhouette::Custom(_) = part {
        return None;
    }
    Some(match SilhouetteKernel::of(part)? {
        SilhouetteKernel::Custom => shared::PROBED_SILHOUETTE_CUSTOM,
        SilhouetteKernel::ProbabilisticOr => shared::PROBED_SILHOUETTE_OR,
        SilhouetteKernel::Sum => shared::PROBED_SILHOUETTE_SUM,
        SilhouetteKernel::Hard => shared::PROBED_SILHOUETTE_HARD,
    })
}

fn color_number(part: &Color) -> Option<u32> {
    Some(match ColorKernel::of(part)? {
        ColorKernel::Custom => return None,
        ColorKernel::Softmax => shared::PROBED_COLOR_SOFTMAX,
        ColorKernel::Over => shared::PROBED_COLOR_OVER,
        ColorKernel::Hard => shared::PROBED_COLOR_HARD,
        ColorKernel::Neural { .. } => shared::PROBED_COLOR_NEURAL,
    })
}
