//! The functions of the shaders, run alone on rows of numbers.

use std::sync::Arc;

use softras_core::math::{Color, DepthMap, Distance, Function, Silhouette};
use softras_core::raster::{Outputs, Probe, TextureFamily};
use softras_core::{Error, Result};

use crate::WgpuRasterizer;
use crate::axes::{Axes, ColorKernel, DistanceKernel, DistributionKernel, SilhouetteKernel};
use crate::buffers::{Commands, Use, read_back};
use crate::kernels::{Access, Pipeline, assemble, probe_source};
use crate::shared::{Probed, WALK_LANES};

const PROBE: &str = include_str!("shaders/probe.wgsl");

/// Lines that several functions begin with.
const FACE: &str = "let face = take_flat();
    let at = take2();
    let w = triangle_barycentric(face, at);
    ";
const DEEP: &str = "let c = take3();
    let face = take_deep();
    let depth = triangle_depth(face, c);
    ";

const SILHOUETTE: &str = "let x = array<f32, 4>(take(), take(), take(), take());
    var state = SILHOUETTE_identity();
    for (var j = 0u; j < 4u; j++) {
        SILHOUETTE_push(&state, logistic_probability(x[j], 1.0), true, SHAPE);
    }
    give(SILHOUETTE_finish(&state, 4.0, SHAPE));
    for (var j = 0u; j < 4u; j++) {
        let p = logistic_probability(x[j], 1.0);
        give(probability_vjp(p, SILHOUETTE_pair_vjp(state, p, 4.0, SHAPE, 1.0)));
    }";

// Of three channels the first alone is used.
const COLOR: &str = "let x = take3();
    let z = take3();
    let own = take3();
    let context = ColorContext(1.0 / 0.9, 10.0, -10.0, first_weight());
    var pairs: array<ColorPair, 3>;
    for (var j = 0u; j < 3u; j++) {
        let p = logistic_probability(x[j], 1.0);
        let nearness = depth_map_nearness(DEPTH_MAP_LINEAR, z[j]);
        pairs[j] = ColorPair(p, nearness, z[j], f32(j), x[j] > 0.0, true, Channels(own[j], 0.0, 0.0));
    }
    var state = COLOR_identity();
    var sums: Sums;
    for (var j = 0u; j < 3u; j++) {
        COLOR_push(context, &state, &sums, pairs[j]);
    }
    let background = Channels(0.3, 0.0, 0.0);
    var drawn: Channels;
    COLOR_finish(context, &state, &sums, background, &drawn);
    give(drawn[0]);
    let pixel = COLOR_Pixel(state, sums, background);
    var grad_sums: Sums;
    var grad_background: Channels;
    var epsilon = 0.0;
    let grad = Channels(1.0, 0.0, 0.0);
    let fixed = COLOR_pixel_vjp(context, pixel, grad, &grad_sums, &grad_background, &epsilon);
    for (var j = 0u; j < 3u; j++) {
        var grad_color: Channels;
        let g = COLOR_pair_vjp(context, pixel, fixed, grad_sums, pairs[j], &grad_color);
        give(probability_vjp(pairs[j].p, g.p));
        give(depth_map_nearness_vjp(DEPTH_MAP_LINEAR, z[j], g.nearness));
        give(grad_color[0]);
    }";

/// What the shader does with one row, if it has the function.
fn body(function: &Function) -> Option<String> {
    let map = |map: DepthMap| match map {
        DepthMap::Linear => "DEPTH_MAP_LINEAR",
        DepthMap::Inverse => "DEPTH_MAP_INVERSE",
    };
    let metric = |metric: &Distance| match metric {
        Distance::Euclidean => Some("DISTANCE_EUCLIDEAN"),
        Distance::Barycentric => Some("DISTANCE_BARYCENTRIC"),
        Distance::EuclideanUnsquared => Some("DISTANCE_EUCLIDEAN_UNSQUARED"),
        Distance::Hard => Some("DISTANCE_HARD"),
        _ => None,
    };
    let shape = function.shape() as f32;
    Some(match function {
        Function::Exp => "give(exp_f32(take()));".to_owned(),
        Function::Barycentric => format!("{FACE}give3(w);"),
        Function::BarycentricVjp => format!("{FACE}give_xy(triangle_barycentric_vjp(face, w, take3()));"),
        Function::Clip => "give3(triangle_clip(take3()).c);".to_owned(),
        Function::ClipVjp => "let clipped = triangle_clip(take3());
            give3(triangle_clip_vjp(clipped, take3()));"
            .to_owned(),
        Function::Depth => format!("{DEEP}give(depth);"),
        Function::DepthVjp => format!(
            "{DEEP}let g = triangle_depth_vjp(face, c, depth, take());
            give3(g.c);
            give3(g.z);"
        ),
        Function::Perspective => format!("{DEEP}give3(triangle_perspective(face, c, depth));"),
        Function::PerspectiveVjp => format!(
            "{DEEP}let g = triangle_perspective_vjp(face, c, depth, take3());
            give3(g.c);
            give(g.z_p);
            give3(g.z);"
        ),
        Function::Nearness(own) => format!("give(depth_map_nearness({}, take()));", map(*own)),
        Function::NearnessVjp(own) => format!(
            "let z = take();
            give(depth_map_nearness_vjp({}, z, take()));",
            map(*own)
        ),
        Function::Signed(own) => format!("{FACE}give(distance_signed({}, face, at, w));", metric(own)?),
        Function::SignedVjp(own) => {
            format!("{FACE}give_xy(distance_signed_vjp({}, face, at, w, take()));", metric(own)?)
        }
        Function::Probability(_) => {
            format!("give_probability(distribution_probability(take(), {shape:?}));")
        }
        Function::SmoothWindow => "let x = take();
            give_probability(smooth_window(logistic_probability(x, 1.0), x, 9.21024));"
            .to_owned(),
        Function::VertexColor => "let c = take3();
            give(vertex_color(c, take3()));"
            .to_owned(),
        Function::VertexColorVjp => "let c = take3();
            let corners = take3();
            let g = vertex_color_vjp(c, corners, take());
            give3(g.c);
            give3(g.corners);"
            .to_owned(),
        Function::SurfaceTexel => "give(surface_texel(take3(), 4.0));".to_owned(),
        Function::Silhouette(_) => SILHOUETTE.replace("SHAPE", &format!("{shape:?}")),
        Function::Color(_) => COLOR.to_owned(),
        _ => return None,
    })
}

/// The axes under which the shader has the function.
fn axes(function: &Function) -> Option<Axes> {
    let distribution = match function {
        Function::Probability(part) => DistributionKernel::of(part)?,
        _ => DistributionKernel::LOGISTIC,
    };
    let silhouette = match function {
        Function::Silhouette(part) => SilhouetteKernel::of(part)?,
        _ => SilhouetteKernel::of(&Silhouette::ProbabilisticOr)?,
    };
    let color = match function {
        Function::Color(part) => ColorKernel::of(part)?,
        _ => ColorKernel::of(&Color::Softmax)?,
    };
    let (outputs, texture) = (Outputs::Both, TextureFamily::Vertex);
    let distance = DistanceKernel::BuiltIn;
    Some(Axes { outputs, distance, distribution, silhouette, color, texture, channels: 3 })
}

/// The text of the module that runs `function`.
fn text(function: &Function) -> Option<String> {
    Some(module(&axes(function)?, &body(function)?))
}

/// The text of the module that runs `body` on each row.
fn module(axes: &Axes, body: &str) -> String {
    let body = format!("fn probe_one() {{\n    {body}\n}}\n");
    probe_source(axes, &[PROBE, &body])
}

impl WgpuRasterizer {
    /// Runs WGSL of your own on `rows` rows of numbers: `body` reads its row with `take()`, writes one with `give(x)`, and
    /// calls whatever `shaders/*.wgsl` has, the twins of the core's formulas. `COLOR_push` and its like are those of `color`,
    /// whose weights, if it has some, are those of [`Function::weights`].
    ///
    /// # Errors
    /// `Shape` if inputs or outputs are no whole number of rows, `Unsupported` for a color aggregator without kernels,
    /// `Device` if the text is invalid or the device fails, `OutOfMemory` if it has no room.
    pub fn run_wgsl(
        &self,
        color: &Color,
        body: &str,
        rows: usize,
        inputs: &[f32],
        outputs: &mut [f32],
    ) -> Result<()> {
        if rows == 0 || !inputs.len().is_multiple_of(rows) || !outputs.len().is_multiple_of(rows) {
            let found = [inputs.len(), outputs.len()];
            return Err(Error::shape("rows", &found, format!("{rows} rows of inputs and of outputs")));
        }
        let function = Function::Color(color.clone());
        let Some(axes) = axes(&function) else {
            return Err(unsupported(format!("color aggregator {}", color.name()), "built-in parts"));
        };
        Ok(self.run_module("WGSL", module(&axes, body), rows, (inputs, &function.weights()), outputs)?)
    }

    /// Runs the module `text` on rows, behind which weights lie.
    fn run_module(
        &self,
        what: &str,
        text: String,
        rows: usize,
        (inputs, weights): (&[f32], &[f64]),
        outputs: &mut [f32],
    ) -> crate::error::Result<()> {
        self.gpu.begin()?;
        let bytes = 4 * (inputs.len() + 2 * outputs.len()) as u64;
        self.gpu.attempt(&format!("running {what}"), bytes, || {
            let build = || Ok(assemble(&self.gpu, "probe", &[Access::Read, Access::Write], text));
            let kernel = self.gpu.guarded(&|| what.to_owned(), build).map(Arc::new)?;
            self.run_rows(&kernel, (inputs, weights), rows, outputs)
        })
    }

    /// Runs the rows of `inputs` through `kernel`.
    fn run_rows(
        &self,
        kernel: &Arc<Pipeline>,
        (inputs, weights): (&[f32], &[f64]),
        rows: usize,
        outputs: &mut [f32],
    ) -> crate::error::Result<()> {
        if rows == 0 {
            return Ok(());
        }
        let probed = Probed {
            count: rows as u32,
            inputs: (inputs.len() / rows) as u32,
            outputs: (outputs.len() / rows) as u32,
        };
        let uniform = self.filled(Use::Uniform, "probe", &[probed])?;
        let numbers: Vec<f32> = inputs.iter().copied().chain(weights.iter().map(|&w| w as f32)).collect();
        let numbers = self.filled(Use::Storage, "inputs of a function", &numbers)?;
        let count = outputs.len() as u64;
        let results = self.lend("outputs of a function", count)?;
        let host = self.arena.lend(&self.gpu, Use::Host, "outputs of a function", count)?;
        let mut commands = Commands::new(&self.gpu);
        commands.run(kernel, &uniform, &[&numbers, &results], (rows as u64).div_ceil(WALK_LANES.into()))?;
        commands.copy((&results, 0), (&host, 0), count)?;
        read_back(&self.gpu, commands, &host, |all: &[f32]| outputs.copy_from_slice(&all[..outputs.len()]))
    }
}

fn unsupported(what: String, supported: &str) -> Error {
    Error::Unsupported { backend: "wgpu".to_owned(), what, supported: supported.to_owned() }
}

impl Probe for WgpuRasterizer {
    fn probe(&self, function: &Function, inputs: &[f32], outputs: &mut [f32]) -> Result<()> {
        let (i, o) = (function.inputs(), function.outputs());
        let rows = inputs.len() / i;
        if inputs.len() != rows * i || outputs.len() != rows * o {
            let found = [inputs.len(), outputs.len()];
            return Err(Error::shape(
                function.name(),
                &found,
                format!("[N * {i}] inputs, [N * {o}] outputs"),
            ));
        }
        let Some(text) = text(function) else {
            return Err(unsupported(format!("function {}", function.name()), "functions of built-in parts"));
        };
        Ok(self.run_module(&function.name(), text, rows, (inputs, &function.weights()), outputs)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_has_a_module_that_is_valid() {
        for function in Function::all() {
            let text = text(&function).expect("a module");
            let module = wgpu::naga::front::wgsl::parse_str(&text)
                .unwrap_or_else(|e| panic!("{}: {}", function.name(), e.emit_to_string(&text)));
            let flags = wgpu::naga::valid::ValidationFlags::all();
            let mut validator =
                wgpu::naga::valid::Validator::new(flags, wgpu::naga::valid::Capabilities::empty());
            let valid = validator.validate(&module);
            assert!(valid.is_ok(), "{}: {valid:?}", function.name());
        }
    }
}
