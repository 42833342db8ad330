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
    /// The mesh to write: .obj, .glb, .ply, .off or .stl
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
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
    use softras_core::scene::Mesh;
    use softras_recon::data::shown;
    use softras_recon::train::Checkpoint;

    let save = writer(&args.output)?;
    let network = Checkpoint::open(&args.checkpoint)?.network()?;
    let picture = shown(softras_io::load_png(&args.image)?.view())?.insert_axis(Axis(0));
    let vertices = network.vertices(picture.view())?.index_axis_move(Axis(0), 0);
    let mesh = Mesh::new(vertices, network.triangles().to_vec())?;
    save(&args.output, &mesh)?;
    let (vertices, faces) = (mesh.vertices().nrows(), mesh.triangles().len());
    let value = json!({ "out": args.output, "vertices": vertices, "faces": faces });
    crate::output::finish(
        args.json,
        &value,
        format!("{vertices} vertices, {faces} faces\n{}", args.output.display()),
    );
    Ok(ExitCode::SUCCESS)
}

/// What writes a mesh to a file of this name.
#[cfg(feature = "recon")]
type Writer = fn(&std::path::Path, &softras_core::scene::Mesh) -> softras_io::Result<()>;

#[cfg(feature = "recon")]
fn writer(path: &std::path::Path) -> Result<Writer> {
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    Ok(match extension.as_str() {
        "obj" => |path, mesh| softras_io::save_obj(path, mesh),
        "glb" => |path, mesh| softras_io::save_glb(path, mesh),
        "ply" => |path, mesh| softras_io::save_ply(path, mesh),
        "off" => |path, mesh| softras_io::save_off(path, mesh),
        "stl" => |path, mesh| softras_io::save_stl(path, mesh),
        _ => {
            let text =
                format!("{}: found .{extension}, expected .obj, .glb, .ply, .off or .stl", path.display());
            return Err(crate::output::Usage(text).into());
        }
    })
}
