//! Writes the PTX of the default modules to a folder: `scripts/nvrtc 12 cargo run -p softras-cuda --example embed_ptx`.

use std::path::Path;

use softras_cuda::{compiler_version, embedded_by, modules};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ptx");
    let (version, architecture) = embedded_by();
    let found = compiler_version()?;
    if found != version {
        return Err(
            format!("NVRTC {}.{} is needed, this is {}.{}", version.0, version.1, found.0, found.1).into()
        );
    }
    for module in modules().into_iter().filter(|module| module.is_default) {
        let path = folder.join(format!("{}.ptx", module.name));
        std::fs::write(&path, module.compile(architecture)?)?;
    }
    Ok(())
}
