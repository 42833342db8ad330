//! Real files, many of them made to break loaders: each must load, or fail, as listed here.
//!
//! The data are looked for under `SOFTRAS_DATA`, else beside the workspace. Where they are absent the trials are
//! ignored by name, unless `SOFTRAS_REQUIRE` holds `data`: then they fail.

#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use softras_core::scene::{Mesh, MeshTexture};
use softras_io::{
    Loaded, MeshOptions, Npz, load_image_set, load_mesh, load_npy_f64, load_orbits, load_png, save_obj,
    save_ply,
};

/// What must come of a file.
enum Expected {
    /// This many triangles.
    Faces(usize),
    /// This many triangles, colored so.
    Colored(usize, Color),
    /// An error whose text holds these words.
    Error(&'static str),
}
use Expected::{Colored, Error, Faces};

#[derive(Debug, PartialEq)]
enum Color {
    Vertex,
    /// Flat faces.
    Face,
    /// Baked from a picture, at least 2 texels a side.
    Picture,
}

/// Every file of `meshes/trimesh`, decided one by one.
const TRIMESH: &[(&str, Expected)] = &[
    // Not a mesh, or a format that is not read.
    ("BoxInterleaved.glb", Error("unsupported format")),
    ("BoxTextured.glb", Error("unsupported format")),
    ("LICENSE.md", Error("unsupported format")),
    ("Mesh_PrimitiveMode_04.bin", Error("unsupported format")),
    ("Mesh_PrimitiveMode_04.gltf", Error("unsupported format")),
    ("box.mtl", Error("unsupported format")),
    ("cubevc.glb", Error("unsupported format")),
    ("empty_nodes.glb", Error("unsupported format")),
    ("fuze uv.jpg", Error("unsupported format")),
    ("fuze.obj.mtl", Error("unsupported format")),
    ("nested.glb", Error("unsupported format")),
    ("no_indices_3storybuilding.glb", Error("unsupported format")),
    ("rgb_cube_with_primitives.gltf", Error("unsupported format")),
    // Nothing to render.
    ("empty.obj", Error("no vertices")),
    ("empty.ply", Error("no vertices")),
    ("face_in_group_name.obj", Error("1 vertices but no face")),
    ("points_bin.ply", Error("5 vertices but no face")),
    ("emptyIO/obj_empty.obj", Error("no vertices")),
    ("emptyIO/obj_points.obj", Error("8 vertices but no face")),
    ("emptyIO/obj_wireframe.obj", Error("8 vertices but no face")),
    ("emptyIO/ply_empty_ascii.ply", Error("no vertices")),
    ("emptyIO/ply_empty_bin.ply", Error("no vertices")),
    ("emptyIO/ply_empty_header.ply", Error("no vertices")),
    ("emptyIO/ply_points_ascii.ply", Error("8 vertices but no face")),
    ("emptyIO/ply_points_bin.ply", Error("8 vertices but no face")),
    ("emptyIO/stl_empty_ascii.stl", Error("no vertices")),
    ("emptyIO/stl_empty_bin.stl", Error("no vertices")),
    // A face of two corners.
    ("notenoughindices.obj", Error("line 9: found a face of 2 corners")),
    // Its faces have more numbers than its header says.
    ("fuze_ascii.ply", Error("line 523: found one more number")),
    // The rest are meshes. Those that name a material they do not have are grey.
    ("box.obj", Colored(12, Color::Face)),
    ("bunny.ply", Faces(16301)),
    ("busted.STL", Faces(3878)),
    ("comments.off", Colored(12, Color::Face)),
    ("cube.OBJ", Faces(12)),
    ("cube_blender_uv.ply", Faces(12)),
    ("cube_compressed.obj", Faces(12)),
    ("cubevt.obj", Faces(12)),
    ("featuretype.ply", Faces(3476)),
    ("fuze.obj", Colored(1000, Color::Picture)),
    ("fuze.ply", Colored(1000, Color::Vertex)),
    ("joined_tetrahedra.obj", Faces(8)),
    ("metadata.ply", Faces(2)),
    ("multibody.stl", Faces(32)),
    ("nancolor.obj", Faces(12)),
    ("negative_indices.obj", Faces(12)),
    ("noimg.obj", Colored(1000, Color::Face)),
    ("not_convex.obj", Faces(96)),
    ("obj_with_no_face_in_chunk.obj", Colored(1, Color::Face)),
    ("plane_tri.ply", Faces(2)),
    ("polygonfaces.obj", Colored(3, Color::Face)),
    ("quadknot.obj", Colored(2880, Color::Vertex)),
    ("singlevn.obj", Colored(2, Color::Face)),
    ("soup.stl", Faces(100)),
    ("suzanne.ply", Faces(968)),
    ("textured_tetrahedron.obj", Faces(4)),
    ("torus.STL", Faces(8700)),
    ("tube.obj", Colored(120, Color::Face)),
    ("two_objects.obj", Faces(16)),
    ("wallhole.obj", Colored(66, Color::Face)),
    ("whitespace.off", Colored(12, Color::Face)),
];

/// Other meshes, and the number of their triangles.
const MESHES: &[(&str, Expected)] = &[
    ("spot/spot_triangulated.obj", Colored(5856, Color::Picture)),
    ("bob/bob_tri.obj", Colored(10688, Color::Picture)),
    ("deform/plane.obj", Faces(2700)),
    ("deform/sphere_1352.obj", Faces(2700)),
    ("deform/sphere_642.obj", Colored(1280, Color::Face)),
    ("golden/nmr/teapot.obj", Faces(2464)),
    ("meshes/odedstein/bunny.obj", Faces(6598)),
    ("meshes/odedstein/cat-low-resolution.obj", Faces(15894)),
    ("meshes/odedstein/fish.obj", Faces(21568)),
    ("meshes/odedstein/fish_control_mesh.obj", Faces(220)),
    ("meshes/odedstein/goathead.obj", Faces(5522)),
    ("meshes/odedstein/hand_closed.obj", Faces(15982)),
    ("meshes/odedstein/human_man.obj", Faces(13776)),
    ("meshes/odedstein/koala_low_resolution.obj", Faces(7116)),
    ("meshes/odedstein/penguin.obj", Faces(6720)),
    ("meshes/odedstein/plane_holes.obj", Faces(16747)),
    ("meshes/odedstein/scorpion_low_resolution.obj", Faces(12626)),
    ("meshes/odedstein/spot_control_mesh.obj", Faces(372)),
    ("meshes/odedstein/spot_low_resolution.obj", Faces(1654)),
    ("meshes/odedstein/torus.obj", Faces(4608)),
    ("meshes/odedstein/wingnut.obj", Faces(6090)),
];

/// A test that is given the folder of the data.
type Run = Box<dyn FnOnce(&Path) -> Result<(), Failed> + Send>;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let root = std::env::var_os("SOFTRAS_DATA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data")),
        PathBuf::from,
    );
    let required =
        std::env::var("SOFTRAS_REQUIRE").is_ok_and(|list| list.split(',').any(|word| word.trim() == "data"));
    let absent = !root.join("meshes/trimesh").is_dir();

    let mut trials: Vec<(String, Run)> = Vec::new();
    for (name, expected) in TRIMESH {
        let path = format!("meshes/trimesh/{name}");
        trials.push((format!("trimesh::{name}"), Box::new(move |root| check(&root.join(path), expected))));
    }
    for (path, expected) in MESHES {
        let name = path.strip_prefix("meshes/").unwrap_or(path).replacen('/', "::", 1);
        trials.push((name, Box::new(move |root| check(&root.join(path), expected))));
    }
    trials.push(("trimesh::every_file_is_listed".into(), Box::new(every_file_is_listed)));
    trials.push(("deform::pictures_and_cameras".into(), Box::new(deform)));
    trials.push(("body::arrays_by_name".into(), Box::new(body)));
    trials.push(("dino::masks".into(), Box::new(dino)));
    trials.push(("golden::pictures".into(), Box::new(golden)));

    let trials = trials
        .into_iter()
        .map(|(name, run)| {
            let root = root.clone();
            let name = if absent && !required { format!("{name} [ignored: no data]") } else { name };
            Trial::test(name, move || {
                if absent {
                    return Err(format!("no data at {}", root.display()).into());
                }
                run(&root)
            })
            .with_ignored_flag(absent && !required)
        })
        .collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn check(path: &Path, expected: &Expected) -> Result<(), Failed> {
    match (load_mesh(path, &MeshOptions::default()), expected) {
        (Err(e), Error(words)) => {
            let text = e.to_string();
            let file = path.file_name().unwrap().to_string_lossy();
            if text.contains(words) && text.contains(&*file) { Ok(()) } else { Err(text.into()) }
        }
        (Ok(_), Error(words)) => Err(format!("loaded, expected an error with {words:?}").into()),
        (Err(e), _) => Err(e.to_string().into()),
        (Ok(loaded), Faces(n)) => same(&loaded, *n, None),
        (Ok(loaded), Colored(n, color)) => same(&loaded, *n, Some(color)),
    }
}

fn same(loaded: &Loaded, faces: usize, color: Option<&Color>) -> Result<(), Failed> {
    let found = match loaded.mesh.texture() {
        MeshTexture::Vertex(_) => Some(Color::Vertex),
        MeshTexture::Surface { side: 1, .. } => Some(Color::Face),
        MeshTexture::Surface { .. } => Some(Color::Picture),
        _ => None,
    };
    let n = loaded.mesh.triangles().len();
    if n != faces || found.as_ref() != color {
        let text =
            format!("{n} faces, {found:?}; expected {faces}, {color:?}; warnings {:?}", loaded.warnings);
        return Err(text.into());
    }
    both_ways(&loaded.mesh)
}

/// What was loaded is written and read again.
fn both_ways(mesh: &Mesh<f32>) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    for name in ["a.obj", "a.ply"] {
        let path = folder.path().join(name);
        if name == "a.obj" {
            save_obj(&path, mesh)?
        } else {
            save_ply(&path, mesh)?
        }
        let again = load_mesh(&path, &MeshOptions::default())?.mesh;
        if again.triangles() != mesh.triangles() || again.vertices() != mesh.vertices() {
            return Err(format!("{name} came back as another mesh").into());
        }
    }
    Ok(())
}

fn every_file_is_listed(root: &Path) -> Result<(), Failed> {
    let listed: BTreeSet<String> = TRIMESH.iter().map(|(name, _)| (*name).to_owned()).collect();
    let mut found = BTreeSet::new();
    for folder in ["", "emptyIO/"] {
        for entry in std::fs::read_dir(root.join("meshes/trimesh").join(folder))? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                found.insert(format!("{folder}{}", entry.file_name().to_string_lossy()));
            }
        }
    }
    let difference: Vec<_> = listed.symmetric_difference(&found).collect();
    if difference.is_empty() { Ok(()) } else { Err(format!("not in both lists: {difference:?}").into()) }
}

fn deform(root: &Path) -> Result<(), Failed> {
    let set = load_image_set(root.join("deform/source.npy"))?;
    assert_eq!(set.color.dim(), (120, 3, 64, 64));
    assert_eq!(set.silhouette.dim(), (120, 64, 64));
    assert!(set.silhouette.iter().all(|x| (0.0..=1.0).contains(x)));
    let covered = set.silhouette.iter().filter(|x| **x > 0.5).count();
    assert!(covered > 120 * 100, "{covered} covered pixels");
    let orbits = load_orbits(root.join("deform/camera.npy"))?;
    assert_eq!(orbits.len(), 120);
    // In Fortran order: a mistake would mix the columns.
    assert!(orbits.iter().all(|o| (o.distance - 2.732).abs() < 1e-3));
    assert!(
        orbits.iter().all(|o| (-60.0..=60.0).contains(&o.elevation) && (-345.0..=0.0).contains(&o.azimuth))
    );
    assert_eq!(load_npy_f64(root.join("deform/camera.npy"))?.shape(), [120, 3]);
    Ok(())
}

fn body(root: &Path) -> Result<(), Failed> {
    let mut npz = Npz::open(root.join("body/makehuman_cmu31_lbs.npz"))?;
    let names = npz.names();
    let mut vertices = 0;
    for name in &names {
        let array = npz.read::<f64>(name)?;
        assert!(array.iter().all(|x| x.is_finite()), "{name}");
        vertices += usize::from(array.shape() == [13_380, 3]);
    }
    assert!(vertices > 0, "no array of 13,380 vertices in {names:?}");
    Ok(())
}

fn dino(root: &Path) -> Result<(), Failed> {
    let set = load_image_set(root.join("dino/dinoSparseRing_masks"))?;
    assert_eq!(set.silhouette.dim(), (16, 480, 640));
    let set = load_image_set(root.join("dino/dinoSparseRing"))?;
    assert_eq!(set.color.dim(), (16, 3, 480, 640));
    Ok(())
}

fn golden(root: &Path) -> Result<(), Failed> {
    assert_eq!(load_png(root.join("golden/nmr/teapot_blender.png"))?.dim(), (256, 256, 4));
    let silhouette = load_png(root.join("golden/pytorch3d/test_PerspectiveCameras_silhouette.png"))?;
    assert_eq!(silhouette.dim(), (512, 512, 4));
    Ok(())
}
