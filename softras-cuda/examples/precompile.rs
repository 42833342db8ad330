//! Compiles every kernel module in advance, for machines without NVRTC:
//! `scripts/nvrtc 12 cargo run -p softras-cuda --example precompile -- FOLDER`.

use std::path::PathBuf;

use softras_cuda::{embedded_by, modules, rooms};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args_os().nth(1).map(PathBuf::from).ok_or("expected: precompile FOLDER")?;
    std::fs::create_dir_all(&folder)?;
    let (_, architecture) = embedded_by();
    for &room in rooms() {
        for module in modules(room) {
            let path = folder.join(module.file());
            if !path.exists() {
                std::fs::write(&path, module.compile(architecture)?)?;
            }
        }
    }
    Ok(())
}
