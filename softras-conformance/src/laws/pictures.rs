//! Pictures that other renderers drew (DATA.md), with no more of a camera than a few lines.

use std::path::Path;

use ndarray::Array3;
use softras_core::math::{Distance, Silhouette};
use softras_core::raster::{Outputs, RasterParams};
use softras_core::scene::{Faces, Picture};

use super::golden::{data, read};
use super::{Under, built, law_single};
use crate::law::{Broken, Gauge, Law, Outcome};

pub(super) const LAWS: &[Law] = &[
    law_single!(
        "golden::blenders_teapot",
        "the hard mask of a teapot is the one Blender drew, at each of 65,536 pixels",
        Bits.of("hard parts").needs(DataAndCulling),
        blenders_teapot
    ),
    law_single!(
        "golden::pytorch3d_silhouettes",
        "silhouettes of a sphere of 20,480 faces are those PyTorch3D drew, within one grey level",
        Budget.of("the probabilistic or").needs(DataAndCulling),
        pytorch3d_silhouettes
    ),
    law_single!(
        "golden::deformation_demo",
        "the airplane of the official demo covers its 120 target pictures with a soft IoU of 0.80895",
        Budget.of("the probabilistic or").needs(DataAndCulling),
        deformation_demo
    ),
];

/// Vertices and faces of an OBJ file, nothing else.
pub(super) struct Mesh {
    vertices: Vec<[f64; 3]>,
    faces: Vec<[usize; 3]>,
}

/// Reads the `v` and `f` lines of an OBJ file of triangles.
fn read_obj(path: &Path) -> Result<Mesh, Broken> {
    let bad = |line: &str| Broken(format!("{}: {line:?} is not understood", path.display()));
    let text = String::from_utf8_lossy(&read(path)?).into_owned();
    let mut mesh = Mesh { vertices: Vec::new(), faces: Vec::new() };
    for line in text.lines() {
        let mut words = line.split_whitespace();
        match words.next() {
            Some("v") => {
                let numbers: Vec<f64> = words.map_while(|w| w.parse().ok()).collect();
                let &[x, y, z, ..] = numbers.as_slice() else { return Err(bad(line)) };
                mesh.vertices.push([x, y, z]);
            }
            Some("f") => {
                let first = |w: &str| w.split('/').next().and_then(|n| n.parse::<usize>().ok());
                let corners: Vec<usize> = words.map_while(first).collect();
                let &[a, b, c] = corners.as_slice() else { return Err(bad(line)) };
                if [a, b, c].iter().any(|n| !(1..=mesh.vertices.len()).contains(n)) {
                    return Err(bad(line));
                }
                mesh.faces.push([a - 1, b - 1, c - 1]);
            }
            _ => {}
        }
    }
    Ok(mesh)
}

impl Mesh {
    /// The corners of its faces after a map of its vertices to (x, y, z) on the screen.
    pub(super) fn corners(&self, project: impl Fn([f64; 3]) -> [f64; 3]) -> Vec<[[f64; 3]; 3]> {
        let seen: Vec<[f64; 3]> = self.vertices.iter().map(|&v| project(v)).collect();
        self.faces.iter().map(|f| f.map(|v| seen[v])).collect()
    }
}

/// A look-at of the official code: at the origin from `eye`, half-angle `half` in degrees (MATH 8).
pub(super) fn official_camera(eye: [f64; 3], half: f64) -> impl Fn([f64; 3]) -> [f64; 3] {
    let cross = |a: [f64; 3], b: [f64; 3]| {
        [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
    };
    let dot = |a: [f64; 3], b: [f64; 3]| a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
    let unit = |a: [f64; 3]| a.map(|x| x / dot(a, a).sqrt());
    let z = unit(eye.map(|x| -x));
    let x = unit(cross([0.0, 1.0, 0.0], z));
    let y = unit(cross(z, x));
    let width = half.to_radians().tan();
    move |v| {
        let r = [v[0] - eye[0], v[1] - eye[1], v[2] - eye[2]];
        let depth = dot(z, r);
        [dot(x, r) / (depth * width), dot(y, r) / (depth * width), depth]
    }
}

/// The alphas of one picture without color.
fn silhouette(
    under: &Under<'_, f32>,
    corners: &[[[f64; 3]; 3]],
    params: &RasterParams<f32>,
) -> Result<Vec<f64>, Broken> {
    let params = params.clone().outputs(Outputs::Silhouette);
    let (image, _) = under.backend.forward(&built::picture(corners)?, &params)?;
    Ok(image.silhouette.as_ref().map(crate::compare::widen).unwrap_or_default())
}

/// A picture file in RGBA.
fn read_png(path: &Path) -> Result<image::RgbaImage, Broken> {
    let decoded = image::load_from_memory(&read(path)?);
    Ok(decoded.map_err(|e| Broken(format!("{}: {e}", path.display())))?.to_rgba8())
}

fn blenders_teapot(under: &Under<'_, f32>) -> Outcome {
    let folder = data(under)?.join("golden/nmr");
    let mut mesh = read_obj(&folder.join("teapot.obj"))?;
    let bounds = |mesh: &Mesh, pick: fn(f64, f64) -> f64, start: f64| {
        mesh.vertices.iter().fold([start; 3], |a, v| core::array::from_fn(|i| pick(a[i], v[i])))
    };
    let low = bounds(&mesh, f64::min, f64::INFINITY);
    mesh.vertices.iter_mut().for_each(|v| (0..3).for_each(|i| v[i] -= low[i]));
    let largest = mesh.vertices.iter().flatten().fold(0.0, |a: f64, x| a.max(x.abs()));
    mesh.vertices.iter_mut().flatten().for_each(|x| *x *= 2.0 / largest);
    let high = bounds(&mesh, f64::max, f64::NEG_INFINITY);
    mesh.vertices.iter_mut().for_each(|v| (0..3).for_each(|i| v[i] -= high[i] / 2.0));
    let eye = [0.0, 0.0, -(1.0 / 30f64.to_radians().tan() + 1.0)];
    let params = RasterParams::new(256, 256).distance(Distance::Hard).silhouette(Silhouette::Hard);
    let found = silhouette(under, &mesh.corners(official_camera(eye, 30.0)), &params)?;
    let picture = read_png(&folder.join("teapot_blender.png"))?;
    let mask = picture.pixels().map(|p| p.0[..3].iter().min() != Some(&255));
    let (mut differ, mut covered) = (0, 0);
    for (&a, is) in found.iter().zip(mask) {
        covered += u32::from(is);
        differ += u32::from((a > 0.5) != is);
    }
    let mut gauge = Gauge::default();
    gauge.holds(|| format!("{differ} of {} pixels differ, {covered} covered", found.len()), differ == 0)?;
    gauge.holds(|| format!("{covered} pixels are covered"), covered == 7580)?;
    Ok(gauge)
}

/// A sphere by halving the edges of an icosahedron `level` times, as PyTorch3D makes it.
pub(super) fn icosphere(level: u32) -> Mesh {
    let (a, b) = (0.52573, 0.85065);
    let mut vertices = vec![
        [-a, b, 0.0],
        [a, b, 0.0],
        [-a, -b, 0.0],
        [a, -b, 0.0],
        [0.0, -a, b],
        [0.0, a, b],
        [0.0, -a, -b],
        [0.0, a, -b],
        [b, 0.0, -a],
        [b, 0.0, a],
        [-b, 0.0, -a],
        [-b, 0.0, a],
    ];
    #[rustfmt::skip]
    let mut faces = vec![
        [0, 11, 5], [0, 5, 1], [0, 1, 7], [0, 7, 10], [0, 10, 11], [1, 5, 9], [5, 11, 4], [11, 10, 2], [10, 7, 6], [7, 1, 8],
        [3, 9, 4], [3, 4, 2], [3, 2, 6], [3, 6, 8], [3, 8, 9], [4, 9, 5], [2, 4, 11], [6, 2, 10], [8, 6, 7], [9, 8, 1],
    ];
    for _ in 0..level {
        let mut halves = std::collections::HashMap::new();
        let mut half = |i: usize, j: usize| {
            *halves.entry((i.min(j), i.max(j))).or_insert_with(|| {
                let middle: [f64; 3] = core::array::from_fn(|k| vertices[i][k] + vertices[j][k]);
                let length = middle.iter().map(|x| x * x).sum::<f64>().sqrt();
                vertices.push(middle.map(|x| x / length));
                vertices.len() - 1
            })
        };
        faces = faces
            .iter()
            .flat_map(|&[i, j, k]| {
                let (ij, jk, ki) = (half(i, j), half(j, k), half(k, i));
                [[i, ij, ki], [j, jk, ij], [k, ki, jk], [ij, jk, ki]]
            })
            .collect();
    }
    Mesh { vertices, faces }
}

fn pytorch3d_silhouettes(under: &Under<'_, f32>) -> Outcome {
    let mut gauge = Gauge::default();
    let folder = data(under)?.join("golden/pytorch3d");
    let sphere = icosphere(5);
    let (n, wide) = (512, 30f64.to_radians().tan());
    // (file, width of the view at depth 1, largest and mean difference that DATA.md measured, the mean where it did)
    for (file, width, worst, mean) in [
        ("test_FoVPerspectiveCameras_silhouette.png", wide, 0.0079, 0.0079),
        ("test_PerspectiveCameras_silhouette.png", 1.0, 0.077, 0.00065),
    ] {
        let corners = sphere.corners(|[x, y, z]| {
            let depth = 2.7 - z;
            [x / (depth * width), y / (depth * width), depth]
        });
        let alphas = silhouette(under, &corners, &RasterParams::new(n, n).sigma(1e-4))?;
        let picture = read_png(&folder.join(file))?;
        // The file has the alpha in its fourth channel, or in each of them.
        let opaque = picture.pixels().all(|p| p.0[3] == 255);
        let theirs: Vec<f64> =
            picture.pixels().map(|p| f64::from(p.0[if opaque { 0 } else { 3 }]) / 255.0).collect();
        gauge.holds(|| format!("{file} has {} pixels", theirs.len()), theirs.len() == alphas.len())?;
        let off: Vec<f64> = alphas.iter().zip(&theirs).map(|(a, b)| (a - b).abs()).collect();
        let largest = off.iter().fold(0.0, |a: f64, x| a.max(*x));
        gauge.within(|| format!("{file}: largest difference"), largest, worst)?;
        gauge.within(
            || format!("{file}: mean difference"),
            off.iter().sum::<f64>() / off.len() as f64,
            mean,
        )?;
    }
    Ok(gauge)
}

/// The bytes of the numbers of an .npy file, after checking how they are stored.
fn read_npy(path: &Path, descr: &str) -> Result<Vec<u8>, Broken> {
    let bytes = read(path)?;
    let length = bytes.get(8..10).map_or(0, |b| usize::from(b[0]) + 256 * usize::from(b[1]));
    let header = bytes.get(10..10 + length).map(String::from_utf8_lossy).unwrap_or_default();
    if !header.contains(descr) {
        return Err(Broken(format!("{}: {header:?}, expected {descr}", path.display())));
    }
    Ok(bytes[10 + length..].to_vec())
}

fn deformation_demo(under: &Under<'_, f32>) -> Outcome {
    let mut gauge = Gauge::default();
    let folder = data(under)?.join("deform");
    let mesh = read_obj(&folder.join("plane.obj"))?;
    let source = read_npy(
        &folder.join("source.npy"),
        "{'descr': '|u1', 'fortran_order': False, 'shape': (120, 4, 64, 64)",
    )?;
    let cameras: Vec<f64> =
        read_npy(&folder.join("camera.npy"), "{'descr': '<f8', 'fortran_order': True, 'shape': (120, 3)")?
            .chunks_exact(8)
            .map(|b| f64::from_le_bytes(core::array::from_fn(|i| b[i])))
            .collect();
    let n = 64;
    let sizes = (cameras.len(), source.len());
    gauge.holds(|| format!("sizes {sizes:?}"), sizes == (120 * 3, 120 * 4 * n * n))?;
    // Column by column: all distances, all elevations, all azimuths.
    let views: Vec<_> = (0..120)
        .map(|b| {
            let (d, e, a) = (cameras[b], cameras[120 + b].to_radians(), cameras[240 + b].to_radians());
            let eye = [d * e.cos() * a.sin(), d * e.sin(), -d * e.cos() * a.cos()];
            mesh.corners(official_camera(eye, 15.0))
        })
        .collect();
    // All 120 views in one batch.
    let count = mesh.faces.len();
    let corners = Array3::from_shape_fn((count * views.len(), 3, 3), |(f, k, i)| {
        views[f / count][f % count][k][i] as f32
    });
    let pictures = (0..views.len()).map(|b| Picture { faces: b * count..(b + 1) * count, first_texture: 0 });
    let params = RasterParams::new(n, n).sigma(1e-4).outputs(Outputs::Silhouette);
    let (image, _) = under.backend.forward(&Faces::packed(corners, pictures.collect())?, &params)?;
    let Some(alpha) = image.silhouette else { return Err(Broken("no silhouette was drawn".to_owned())) };
    let mut ious = Vec::new();
    for (b, view) in alpha.outer_iter().enumerate() {
        let target = &source[(b * 4 + 3) * n * n..(b * 4 + 4) * n * n];
        let (mut both, mut either) = (0.0, 0.0);
        for (a, &t) in view.iter().zip(target) {
            let (a, t) = (f64::from(*a), f64::from(t) / 255.0);
            both += a * t;
            either += a + t - a * t;
        }
        ious.push(both / either);
    }
    let mean = ious.iter().sum::<f64>() / ious.len() as f64;
    gauge.near(|| "mean soft IoU of 120 views".to_owned(), mean, 0.80895, 1e-5)?;
    let least = ious.iter().fold(1.0, |a: f64, x| a.min(*x));
    let most = ious.iter().fold(0.0, |a: f64, x| a.max(*x));
    gauge.near(|| "least".to_owned(), least, 0.437, 1e-3)?;
    gauge.near(|| "most".to_owned(), most, 0.860, 1e-3)?;
    Ok(gauge)
}
