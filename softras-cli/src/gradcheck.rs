//! `softras gradcheck`.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use serde_json::json;
use softras_core::raster::{Outputs, RasterParams, Sides};
use softras_core::scene::{Camera, Degrees, Orbit};
use softras_fit::gradcheck::{CheckSettings, check};
use softras_io::{MeshOptions, normalize};

use crate::args::ColorArg;
use crate::input::{self, Size};
use crate::output::{Usage, finish, note, say, warn};

/// What `softras gradcheck` is given.
#[derive(Debug, Args)]
pub(crate) struct GradcheckArgs {
    /// A mesh file, or sample:NAME
    mesh: String,
    /// Size in pixels, WxH or one number: every face is visited at every pixel
    #[arg(long, value_name = "WxH", default_value = "32")]
    size: Size,
    /// Softness of edges, a squared screen distance
    #[arg(long, default_value_t = 1e-3)]
    sigma: f64,
    /// Softness in depth
    #[arg(long, default_value_t = 1e-4)]
    gamma: f64,
    /// Depths nearer than this have no color
    #[arg(long, default_value_t = 1e-2)]
    near: f64,
    /// Depths farther than this have no color
    #[arg(long, default_value_t = 100.0)]
    far: f64,
    /// How faces make the color of a pixel
    #[arg(long, default_value = "over")]
    color: ColorArg,
    /// Check the silhouette alone
    #[arg(long)]
    silhouette: bool,
    /// Color the fronts of faces alone
    #[arg(long)]
    front: bool,
    /// Distance of the camera from the origin
    #[arg(long, default_value_t = 2.732)]
    distance: f64,
    /// Degrees above the horizon
    #[arg(long, default_value_t = 30.0, allow_hyphen_values = true)]
    elevation: f64,
    /// Degrees around
    #[arg(long, default_value_t = 0.0, allow_hyphen_values = true)]
    azimuth: f64,
    /// Full vertical field of view in degrees
    #[arg(long, default_value_t = 30.0)]
    fov: f64,
    /// Keep the mesh where and as large as it is
    #[arg(long)]
    no_normalize: bool,
    /// Faces whose corners are differenced
    #[arg(long, default_value_t = 8)]
    probes: usize,
    /// Decides the weights of the pixels
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Print one JSON object as the last line of stdout
    #[arg(long)]
    pub(crate) json: bool,
}

/// Checks the gradient of a scene.
pub(crate) fn run(args: &GradcheckArgs) -> Result<ExitCode> {
    if args.probes == 0 {
        return Err(
            Usage("--probes: found 0, expected at least 1: nothing would be compared".to_owned()).into()
        );
    }
    softras_fit::check_size((args.size.width, args.size.height))?;
    let mut mesh = input::mesh(&args.mesh, &MeshOptions::default())?;
    if !args.no_normalize {
        mesh = normalize(&mesh);
    }
    let mesh = input::colored(&mesh)?.cast::<f64>();
    let orbit = Orbit::new(args.distance, Degrees(args.elevation), Degrees(args.azimuth));
    let camera = Camera::orbit(&orbit).perspective(Degrees(args.fov));
    let (faces, _) = camera.project(&mesh)?;
    let params = RasterParams::new(args.size.width, args.size.height)
        .sigma(args.sigma)
        .gamma(args.gamma)
        .near(args.near)
        .far(args.far)
        .color(args.color.into())
        .sides(if args.front { Sides::Front } else { Sides::Double })
        .outputs(if args.silhouette { Outputs::Silhouette } else { Outputs::Both });
    if !args.json {
        let pixels = args.size.width * args.size.height;
        note(format!("every one of {} faces at every one of {pixels} pixels, many times", faces.count()));
    }
    let report = check(&faces, &params, CheckSettings { seed: args.seed, probes: args.probes })?;
    if !args.json {
        for odd in &report.odd {
            let axis = ["x", "y", "z"][odd.axis];
            say(format!(
                "odd: face {}, corner {}, {axis}: gradient {:e}, difference {:e}; a pixel lies on a kink there, most \
                 likely",
                odd.face, odd.corner, odd.gradient, odd.difference
            ));
        }
        for finding in &report.zero {
            let first: Vec<String> = finding.faces.iter().take(6).map(ToString::to_string).collect();
            let more = if finding.faces.len() > 6 { ", .." } else { "" };
            say(format!(
                "no gradient, {} of {} faces ({}{more}): {}. {}",
                finding.faces.len(),
                report.faces,
                first.join(", "),
                finding.cause,
                finding.cause.advice()
            ));
        }
    }
    if report.compared == 0 {
        warn("nothing was compared: no face before the camera has an area on the screen");
    }
    let text = format!(
        "{} coordinates compared, {} odd, worst {:.1e}; {} of {} faces have a gradient",
        report.compared,
        report.odd.len(),
        report.worst,
        report.moved,
        report.faces
    );
    finish(args.json, &json!(report), text);
    Ok(if report.compared == 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
