//! `softras render`.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use ndarray::{Array3, Array4, Axis};
use serde_json::json;
use softras_core::Image;
use softras_core::math::{Color, DepthMap};
use softras_core::raster::{DynRasterizer, DynSaved, RasterParams};
use softras_core::scene::{Camera, Degrees, Faces, Mesh, Orbit};
use softras_fit::distill::Network;
use softras_io::{MeshOptions, RgbFrame, TexelSize, normalize, save_gif, save_gray_png, save_png};

use crate::args::RenderArgs;
use crate::backend;
use crate::config::{overlay, read};
use crate::input::{self, colored, lit};
use crate::output::{Usage, finish, say, warn, warn_of_reach};
use crate::render_config::{Background, RenderColor, RenderConfig};

/// Depths nearer than this have no color, in world units.
const NEAR: f32 = 1e-2;

/// Draws a mesh.
pub(crate) fn run(args: &RenderArgs) -> Result<ExitCode> {
    let begin = Instant::now();
    let file = args.config.as_deref().map(read::<RenderConfig>).transpose()?.unwrap_or_default();
    let config: RenderConfig = overlay(&RenderConfig::default(), &[&file, &args.table()])?;
    if args.print_config {
        say(toml::to_string_pretty(&config)?.trim_end());
        return Ok(ExitCode::SUCCESS);
    }
    let Some(name) = &args.mesh else {
        return Err(Usage("found no mesh, expected a file or sample:NAME".into()).into());
    };
    for path in [args.output.as_deref(), args.silhouette.as_deref()].into_iter().flatten() {
        check_ending(path, "png")?;
    }
    let turns = args.turntable()?;
    if let Some((_, path)) = &turns {
        check_ending(path, "gif")?;
    }

    // What can be wrong with the numbers comes before files are read.
    softras_fit::check_size((config.size.width, config.size.height))?;
    let network = network(&config)?;
    let mut params = params(&config);
    params.check()?;
    warn_of_reach(&config.parts, config.sigma, *params.get_dist_eps());
    let device = backend::open(&config.backend, config.threads)?;
    let texels = if config.texels == 0 { TexelSize::Auto } else { TexelSize::Fixed(config.texels) };
    let mut mesh = input::mesh(name, &MeshOptions::default().texels(texels))?;
    if config.normalize {
        mesh = normalize(&mesh);
    }
    let mesh = if config.light { lit(&mesh)? } else { colored(&mesh)? };
    if let Some(network) = &network {
        params = placed(network, &mesh, &config).draw_with(params);
    }
    let artist = Artist { device: device.as_ref(), mesh: &mesh, config: &config, params };

    let picture = artist.picture(config.azimuth)?;
    let mut frames = Vec::new();
    for i in 0..turns.as_ref().map_or(0, |t| t.0) {
        let turn = 360.0 * i as f64 / turns.as_ref().map_or(1, |t| t.0) as f64;
        frames.push(artist.frame(config.azimuth + turn)?);
    }
    // Everything is drawn; from here on files are written.
    let mut written = Vec::new();
    if let Some(path) = &args.output {
        let alpha = picture.alpha.as_ref().map(|a| a.index_axis(Axis(0), 0));
        save_png(path, picture.color.index_axis(Axis(0), 0), alpha)?;
        written.push(path.display().to_string());
    }
    if let Some(path) = &args.silhouette {
        save_gray_png(path, picture.silhouette.index_axis(Axis(0), 0))?;
        written.push(path.display().to_string());
    }
    if let Some((_, path)) = &turns {
        save_gif(path, &frames, Duration::from_millis(80))?;
        written.push(path.display().to_string());
    }

    let covered = picture.silhouette.iter().filter(|a| **a > 0.5).count();
    let seconds = begin.elapsed().as_secs_f64();
    let value = json!({
        "out": written, "faces": mesh.triangles().len(), "dropped": picture.dropped, "covered_pixels": covered,
        "width": config.size.width, "height": config.size.height, "seconds": seconds,
    });
    finish(
        args.json,
        &value,
        format!("{} ({} faces, {seconds:.2} s)", written.join(", "), mesh.triangles().len()),
    );
    Ok(ExitCode::SUCCESS)
}

fn check_ending(path: &Path, ending: &str) -> Result<()> {
    if path.extension().is_some_and(|e| e.eq_ignore_ascii_case(ending)) {
        return Ok(());
    }
    bail!("{}: found another ending, expected .{ending}", path.display())
}

fn params(config: &RenderConfig) -> RasterParams {
    let params = RasterParams::new(config.size.width, config.size.height)
        .sigma(config.sigma as f32)
        .gamma(config.gamma as f32)
        .color(match config.color {
            RenderColor::Softmax | RenderColor::Neural => Color::Softmax,
            RenderColor::Over => Color::Over,
            RenderColor::Hard => Color::Hard,
        })
        .near(NEAR)
        .background(&config.background.color());
    config.parts.apply(params)
}

/// Reads the network that colors are drawn by, if they are.
fn network(config: &RenderConfig) -> Result<Option<Network>> {
    match (config.color, config.weights.as_str()) {
        (RenderColor::Neural, "") => {
            Err(Usage("color neural: found no weights, expected --weights FILE of softras distill".into())
                .into())
        }
        (RenderColor::Neural, _) if config.background == Background::Transparent => {
            // It does not mix linearly: two pictures do not tell what comes through.
            Err(Usage("color neural: found a transparent background, expected a color".into()).into())
        }
        (RenderColor::Neural, path) => {
            let network = Network::load(path)?;
            if network.channels() != 3 {
                bail!("{path}: found weights for {} channels, expected 3", network.channels());
            }
            Ok(Some(network))
        }
        (_, "") => Ok(None),
        (_, path) => {
            Err(Usage(format!("weights: found {path:?}, expected none without --color neural")).into())
        }
    }
}

/// Places a network at the depths of a mesh: those of the sphere around it whose middle the camera looks at.
fn placed(network: &Network, mesh: &Mesh, config: &RenderConfig) -> Network {
    let away = |v: ndarray::ArrayView1<'_, f32>| {
        v.iter().zip(&config.at).map(|(x, at)| (f64::from(*x) - at).powi(2)).sum::<f64>().sqrt()
    };
    let radius = mesh.vertices().rows().into_iter().map(away).fold(0.0, f64::max);
    network.for_depths(DepthMap::Linear, config.distance - radius, config.distance + radius)
}

/// Draws one mesh from several sides.
struct Artist<'a> {
    device: &'a dyn DynRasterizer,
    mesh: &'a Mesh,
    config: &'a RenderConfig,
    params: RasterParams,
}

/// A picture, ready to be written.
struct Picture {
    color: Array4<f32>,         // [1, 3, H, W]
    silhouette: Array3<f32>,    // [1, H, W]
    alpha: Option<Array3<f32>>, // [1, H, W], where the background is transparent
    dropped: usize,
}

impl Artist<'_> {
    fn camera(&self, azimuth: f64) -> Camera {
        let c = self.config;
        let degrees = |x: f64| Degrees(x as f32);
        let orbit = Orbit::new(c.distance as f32, degrees(c.elevation), degrees(azimuth));
        softras_fit::orbit_camera(&orbit, c.at.map(|x| x as f32).into()).perspective(degrees(c.fov))
    }

    /// Draws the picture with all that belongs to it, and warns where it is empty or faces are missing.
    fn picture(&self, azimuth: f64) -> Result<Picture> {
        let (faces, view) = self.camera(azimuth).project(self.mesh)?;
        let dropped = view.dropped();
        let (mut color, silhouette) = self.forward(&faces, &self.params)?;
        let mut alpha = None;
        if self.config.background == Background::Transparent {
            // Drawn over white and over black, a picture tells how much of either comes through.
            let black = self.forward(&faces, &self.params.clone().background(&[0.0; 3]))?.0;
            let mut through = silhouette.clone();
            for ((_, y, x), a) in through.indexed_iter_mut() {
                let white: f32 = (0..3).map(|c| color[[0, c, y, x]] - black[[0, c, y, x]]).sum();
                *a = (1.0 - white / 3.0).clamp(0.0, 1.0);
            }
            for ((_, c, y, x), value) in color.indexed_iter_mut() {
                let a = through[[0, y, x]];
                *value = if a > 0.0 { (black[[0, c, y, x]] / a).clamp(0.0, 1.0) } else { 0.0 };
            }
            alpha = Some(through);
        }
        let count = self.mesh.triangles().len();
        if dropped > 0 {
            warn(format!("{dropped} of {count} faces reach behind the camera and are not drawn"));
        }
        if silhouette.iter().all(|a| *a < 0.5 / 255.0) {
            warn("the picture is empty: no face is in front of the camera and inside the picture");
        }
        Ok(Picture { color, silhouette, alpha, dropped })
    }

    /// Draws a picture of a film.
    fn frame(&self, azimuth: f64) -> Result<RgbFrame> {
        let (faces, _) = self.camera(azimuth).project(self.mesh)?;
        let (color, _) = self.forward(&faces, &self.params)?;
        Ok(RgbFrame::from_color(color.index_axis(Axis(0), 0))?)
    }

    fn forward(&self, faces: &Faces, params: &RasterParams) -> Result<(Array4<f32>, Array3<f32>)> {
        let (mut image, mut saved) = (Image::default(), DynSaved::default());
        self.device.forward_into(&faces.clone().into(), params, &mut image, &mut saved)?;
        let color = image.color.context("a bug of softras: the back end drew no color")?;
        let silhouette = image.silhouette.context("a bug of softras: the back end drew no silhouette")?;
        Ok((color, silhouette))
    }
}
