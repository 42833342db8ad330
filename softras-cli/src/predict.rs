//! `softras predict`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

/// What `softras predict` is given.
#[derive(Debug, Args)]
pub(crate) struct PredictArgs {
    /// The trained network
    #[arg(long, value_name = "FILE")]
    checkpoint: PathBuf,
    /// A PNG file: an object before a transparent background, seen from a little above, its longest side about two
    /// thirds of the picture
    #[arg(long, value_name = "FILE")]
    image: PathBuf,
    /// The mesh to write: .obj, .glb, .ply, .off or .stl; colors of texels are kept by the first two, of faces by the next
    /// two
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Steps of fitting the mesh to the picture, 0 for none [default: as the network was trained with]
    #[arg(long, value_name = "N")]
    refine: Option<usize>,
    /// What draws: auto, cpu, wgpu, wgpu:ADAPTER, cuda or cuda:NUMBER
    #[arg(long, default_value = "auto", value_parser = crate::input::backend)]
    backend: String,
    /// Threads, 0 for all; the mesh is the same for any number
    #[arg(long, default_value_t = 0)]
    threads: usize,
    /// Print one JSON object as the last line of stdout
    #[arg(long)]
    pub(crate) json: bool,
}

#[cfg(not(feature = "recon"))]
pub(crate) fn run(_: &PredictArgs) -> Result<ExitCode> {
    Err(crate::output::Usage(format!("softras predict: {}", crate::train::NO_NETWORK)).into())
}

/// Predicts.
#[cfg(feature = "recon")]
pub(crate) fn run(args: &PredictArgs) -> Result<ExitCode> {
    use ndarray::Axis;
    use serde_json::json;
    use softras_io::{check_mesh_name, save_mesh};
    use softras_recon::data::shown;
    use softras_recon::train::Checkpoint;

    check_mesh_name(&args.output).map_err(|e| crate::output::Usage(e.to_string()))?;
    let checkpoint = Checkpoint::open(&args.checkpoint)?;
    let picture = shown(softras_io::load_png(&args.image)?.view())?.insert_axis(Axis(0));
    let device = crate::backend::open(&args.backend, args.threads)?;
    let mut refine = checkpoint.settings.refine;
    refine.steps = args.refine.unwrap_or(refine.steps);
    let mesh = checkpoint
        .refined(device.as_ref(), refine)?
        .meshes(picture.view())?
        .pop()
        .ok_or_else(|| anyhow::anyhow!("found no mesh, expected one for one picture"))?;
    save_mesh(&args.output, &mesh)?;
    let (vertices, faces) = (mesh.vertices().nrows(), mesh.triangles().len());
    let value = json!({ "out": args.output, "vertices": vertices, "faces": faces });
    crate::output::finish(
        args.json,
        &value,
        format!("{vertices} vertices, {faces} faces\n{}", args.output.display()),
    );
    Ok(ExitCode::SUCCESS)
}
