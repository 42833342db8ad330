//! OBJ files out: colors of vertices in the file itself, texels as an MTL file and an atlas beside it.

use softras_core::math::surface_texel_centre;
use std::io::Write;
use std::path::Path;

use ndarray::Array3;
use softras_core::scene::{Mesh, MeshTexture};

use super::atlas::Atlas;
use crate::error::{Origin, Result};
use crate::picture;
use crate::staged::Staged;

/// Texels a side for colors that are interpolated between corners.
const CORNER_SIDE: usize = 8;

/// Writes a mesh as an OBJ file.
///
/// Colors of vertices are written as `v x y z r g b`. Texels, and colors of corners (as 8 x 8 texels a face unless each
/// face has one color), go to `NAME.png` and `NAME.mtl` beside `NAME.obj`; [`load_mesh`](super::load_mesh) with
/// `TexelSize::Fixed` of the same side reads them back, to 8 bits. One channel is written as grey. Colors are held to
/// 0..=1. The files are written under temporary names, then renamed.
///
/// # Errors
/// `Unsupported` for a mesh with neither 1 nor 3 channels or with more faces than an atlas holds (4.1 million);
/// `Write` or `Picture` if a file cannot be written: then none of them has changed, unless it is a renaming that failed.
pub fn save_obj(path: impl AsRef<Path>, mesh: &Mesh<f32>) -> Result<()> {
    let path = path.as_ref();
    let origin = Origin(path);
    check_channels(origin, mesh)?;
    let expanded;
    let (side, texels) = match mesh.texture() {
        MeshTexture::None | MeshTexture::Vertex(_) => {
            return Staged::write(path, |w| write(w, mesh, None))?.commit();
        }
        MeshTexture::Corner(corners) => {
            let side = if is_flat(corners) { 1 } else { CORNER_SIDE };
            expanded = expand(corners, side);
            (side, &expanded)
        }
        MeshTexture::Surface { side, texels } => (*side, texels),
    };
    let atlas = Atlas::new(mesh.triangles().len(), side).ok_or_else(|| {
        origin
            .unsupported(format!("{} faces with texels", mesh.triangles().len()), "4.1 million faces, or PLY")
    })?;
    let rgb = atlas.paint(side, &rgb_of(texels));
    let (mtl_path, png_path) = (path.with_extension("mtl"), path.with_extension("png"));
    let name = |p: &Path| p.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let mtl_text = format!("newmtl surface\nKd 1 1 1\nmap_Kd {}\n", name(&png_path));

    let png = picture::stage_png(&png_path, rgb.permuted_axes([2, 0, 1]).view(), None)?;
    let mtl = Staged::write(&mtl_path, |w| w.write_all(mtl_text.as_bytes()))?;
    let obj = Staged::write(path, |w| write(w, mesh, Some((&name(&mtl_path), &atlas))))?;
    png.commit()?;
    mtl.commit()?;
    obj.commit()
}

/// Refuses a mesh whose channels are no colors.
pub(super) fn check_channels(origin: Origin<'_>, mesh: &Mesh<f32>) -> Result<()> {
    match (mesh.texture(), mesh.channels()) {
        (MeshTexture::None, _) | (_, 1 | 3) => Ok(()),
        (_, n) => {
            Err(origin.unsupported(format!("a mesh of {n} channels"), "1 (grey) and 3 (red, green, blue)"))
        }
    }
}

fn write(w: &mut impl Write, mesh: &Mesh<f32>, atlas: Option<(&str, &Atlas)>) -> std::io::Result<()> {
    if let Some((library, _)) = atlas {
        writeln!(w, "mtllib {library}")?;
    }
    for (v, p) in mesh.vertices().rows().into_iter().enumerate() {
        write!(w, "v {} {} {}", p[0], p[1], p[2])?;
        if let MeshTexture::Vertex(colors) = mesh.texture() {
            let row = colors.row(v);
            for k in 0..3 {
                write!(w, " {}", row[k.min(row.len() - 1)].clamp(0.0, 1.0))?;
            }
        }
        writeln!(w)?;
    }
    let Some((_, atlas)) = atlas else {
        for [a, b, c] in mesh.triangles() {
            writeln!(w, "f {} {} {}", u64::from(*a) + 1, u64::from(*b) + 1, u64::from(*c) + 1)?;
        }
        return Ok(());
    };
    for f in 0..mesh.triangles().len() {
        for [u, v] in atlas.uv(f) {
            writeln!(w, "vt {u} {v}")?;
        }
    }
    writeln!(w, "usemtl surface")?;
    for (f, triangle) in mesh.triangles().iter().enumerate() {
        write!(w, "f")?;
        for (k, v) in triangle.iter().enumerate() {
            write!(w, " {}/{}", u64::from(*v) + 1, 3 * f + k + 1)?;
        }
        writeln!(w)?;
    }
    Ok(())
}

/// Tells whether the three corners of every face have the same color.
fn is_flat(corners: &Array3<f32>) -> bool {
    corners.outer_iter().all(|face| face.row(0) == face.row(1) && face.row(1) == face.row(2))
}

/// Returns texels, `[F, R * R, C]`, of colors interpolated between corners, `[F, 3, C]`.
fn expand(corners: &Array3<f32>, side: usize) -> Array3<f32> {
    let (faces, _, channels) = corners.dim();
    Array3::from_shape_fn((faces, side * side, channels), |(f, t, k)| {
        let [c0, c1] = surface_texel_centre(side, t).map(|c| c as f32);
        c0 * corners[[f, 0, k]] + c1 * corners[[f, 1, k]] + (1.0 - c0 - c1) * corners[[f, 2, k]]
    })
}

/// Returns three channels, `[F, T, 3]`, of one or three.
pub(super) fn rgb_of(colors: &Array3<f32>) -> Array3<f32> {
    let (faces, texels, channels) = colors.dim();
    Array3::from_shape_fn((faces, texels, 3), |(f, t, k)| colors[[f, t, k.min(channels - 1)]])
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::error::Error;
    use crate::mesh::{MeshOptions, TexelSize, load_mesh, load_obj};

    fn square() -> Mesh<f32> {
        let vertices = array![[0.0, 0.0, 0.1], [1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [0.0, 1.0, 1e-9]];
        Mesh::new(vertices, vec![[0, 1, 2], [0, 2, 3]]).unwrap()
    }

    #[test]
    fn vertex_colors_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.obj");
        let mesh = square()
            .with_texture(MeshTexture::Vertex(array![[0.1, 0.2, 0.3], [1.0, 0.0, 0.5], [0.0; 3], [1.0; 3]]))
            .unwrap();
        save_obj(&path, &mesh).unwrap();
        assert_eq!(load_obj(&path).unwrap(), mesh);
        save_obj(&path, &square()).unwrap();
        assert_eq!(load_obj(&path).unwrap(), square());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn texels_come_back_to_eight_bits() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("with a blank.obj");
        for side in [1, 3, 4] {
            let texels = Array3::from_shape_fn((2, side * side, 3), |(f, t, k)| {
                ((f * 91 + t * 53 + k * 17) % 256) as f32 / 255.0
            });
            let mesh = square().with_texture(MeshTexture::Surface { side, texels: texels.clone() }).unwrap();
            save_obj(&path, &mesh).unwrap();
            let loaded = load_mesh(&path, &MeshOptions::default().texels(TexelSize::Fixed(side))).unwrap();
            assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
            let MeshTexture::Surface { texels: again, .. } = loaded.mesh.texture() else { panic!() };
            for (a, b) in again.iter().zip(&texels) {
                assert!((a - b).abs() < 1.0 / 255.0, "side {side}: {a} {b}");
            }
        }
    }

    #[test]
    fn corner_colors_become_texels_and_many_channels_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.obj");
        let corner = Array3::from_shape_fn((2, 3, 1), |(f, k, _)| (f + k) as f32 / 4.0);
        let mesh = square().with_texture(MeshTexture::Corner(corner)).unwrap();
        save_obj(&path, &mesh).unwrap();
        let again = load_mesh(&path, &MeshOptions::default().texels(TexelSize::Fixed(1))).unwrap().mesh;
        let MeshTexture::Surface { texels, .. } = again.texture() else { panic!() };
        // The mean of the corners: 0, 1, 2 and 1, 2, 3 quarters.
        assert!(
            (texels[[0, 0, 0]] - 0.25).abs() < 0.03 && (texels[[1, 0, 2]] - 0.5).abs() < 0.03,
            "{texels}"
        );

        let five = square().with_texture(MeshTexture::Vertex(ndarray::Array2::zeros((4, 5)))).unwrap();
        assert!(matches!(save_obj(&path, &five), Err(Error::Unsupported { .. })));
        assert!(matches!(save_obj(folder.path().join("no/a.obj"), &square()), Err(Error::Write { .. })));
    }
}
