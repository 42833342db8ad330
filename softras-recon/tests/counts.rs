//! Voxel counts of shapes from outside, which others counted too.
//!
//! Ignored by name where the data is absent, unless `SOFTRAS_REQUIRE` holds `data`: then they fail.

use std::path::{Path, PathBuf};

use libtest_mimic::{Arguments, Failed, Trial};
use softras_io::load_obj;
use softras_recon::Voxels;

fn main() {
    let root = std::env::var_os("SOFTRAS_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"), PathBuf::from);
    let required =
        std::env::var("SOFTRAS_REQUIRE").is_ok_and(|list| list.split(',').any(|word| word.trim() == "data"));
    let cases = [
        ("sphere", "deform/sphere_642.obj", 0.25, 2536, 1112),
        ("airplane", "deform/plane.obj", 1.0, 511, 507),
    ];
    let trials = cases.map(|(name, file, scale, solid, shell)| {
        let path = root.join(file);
        let absent = !path.is_file() && !required;
        let mark = if absent { " [ignored: no data]" } else { "" };
        let name = format!("voxels::{name}_has_the_published_counts{mark}");
        Trial::test(name, move || counts(&path, scale, solid, shell)).with_ignored_flag(absent)
    });
    libtest_mimic::run(&Arguments::from_args(), trials.into()).exit();
}

fn counts(path: &Path, scale: f32, solid: usize, shell: usize) -> Result<(), Failed> {
    let mut mesh = load_obj(path)?;
    mesh.set_vertices(mesh.vertices() * scale)?;
    let found = (Voxels::solid(&mesh).count(), Voxels::shell(&mesh).count());
    if found == (solid, shell) {
        Ok(())
    } else {
        Err(format!("found {found:?}, expected {:?}", (solid, shell)).into())
    }
}
