//! Writes what every kernel takes on a card of 2022 to `resources.tsv`:
//! `scripts/nvrtc 13 cargo run -p softras-cuda --example record_resources`.

use std::fmt::Write as _;
use std::path::Path;

use softras_cuda::{COLUMNS, modules};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = format!("module\t{COLUMNS}\n");
    for module in modules() {
        for kernel in module.assemble(90)?.1 {
            writeln!(out, "{}\t{kernel}", module.name)?;
        }
    }
    std::fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("resources.tsv"), out)?;
    Ok(())
}
