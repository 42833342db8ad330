//! Real files, many of them made to break loaders: each must load, or fail, as listed here.
//!
//! The data are looked for under `SOFTRAS_DATA`, else beside the workspace. Where they are absent the trials are
//! ignored by name, unless `SOFTRAS_REQUIRE` holds `data`: then they fail.

#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

mod expected;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use ndarray::{Array2, Array3};
use softras_core::math::Vec3;
use softras_core::scene::{Body, BodyPose, Convention, Mesh, MeshTexture, axis_angle};
use softras_io::{
    Loaded, Masks, MeshOptions, Npz, PictureSize, load_body, load_cameras, load_image_set, load_mesh,
    load_npy_f64, load_orbits, load_par, load_photographs, load_png, load_skinned, save_cameras, save_glb,
    save_obj, save_off, save_par, save_ply, save_skinned_glb, save_stl,
};

use expected::Expected::{self, Colored, Error, Faces};
use expected::{Color, MESHES, TRIMESH};

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
    trials.push(("fox::joints_and_weights".into(), Box::new(fox)));
    trials.push(("body::skinning_follows_the_formula".into(), Box::new(skinned_body)));
    trials.push(("dino::masks".into(), Box::new(dino)));
    trials.push(("dino::cameras".into(), Box::new(dino_cameras)));
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
    // These join vertices at the same place, and split them by color, so that only corners can be compared.
    let corners = |mesh: &Mesh<f32>| -> Vec<_> {
        mesh.triangles().iter().map(|t| t.map(|v| mesh.vertex(v).to_array())).collect()
    };
    for name in ["a.glb", "a.stl", "a.off"] {
        let path = folder.path().join(name);
        match name {
            "a.glb" => save_glb(&path, mesh)?,
            "a.stl" => save_stl(&path, mesh)?,
            _ => save_off(&path, mesh)?,
        }
        let again = load_mesh(&path, &MeshOptions::default())?.mesh;
        if corners(&again) != corners(mesh) {
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

/// The formula of `body/README.md`, written again with 4 x 4 matrices.
fn skinned_again(body: &Body<f64>, pose: &BodyPose<f64>) -> Vec<[f64; 3]> {
    type Mat4 = [[f64; 4]; 4];
    let times = |a: &Mat4, b: &Mat4| -> Mat4 {
        core::array::from_fn(|i| core::array::from_fn(|j| (0..4).map(|k| a[i][k] * b[k][j]).sum()))
    };
    let rigid = |r: [[f64; 3]; 3], t: [f64; 3]| -> Mat4 {
        let row = |i: usize| [r[i][0], r[i][1], r[i][2], t[i]];
        [row(0), row(1), row(2), [0.0, 0.0, 0.0, 1.0]]
    };
    let p = body.parts();
    let shaped = |rows: &Array2<f64>, directions: &Array3<f64>| -> Vec<[f64; 3]> {
        let at = |v: usize, i: usize| {
            let more = pose.shape.iter().enumerate().map(|(s, b)| directions[[v, i, s]] * b);
            rows[[v, i]] + more.sum::<f64>()
        };
        (0..rows.nrows()).map(|v| [at(v, 0), at(v, 1), at(v, 2)]).collect()
    };
    let (v, j) = (shaped(&p.template, &p.directions), shaped(&p.joints, &p.joint_directions));
    let mut g: Vec<Mat4> = Vec::new();
    for (k, parent) in p.parents.iter().enumerate() {
        let r = pose.rotations[k].to_array();
        g.push(match *parent {
            None => rigid(r, j[k]),
            Some(q) => times(&g[q], &rigid(r, [0, 1, 2].map(|i| j[k][i] - j[q][i]))),
        });
    }
    let back = |k: usize| rigid([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]], j[k].map(|x| -x));
    let a: Vec<Mat4> = (0..j.len()).map(|k| times(&g[k], &back(k))).collect();
    let t = pose.translation.to_array();
    (0..v.len())
        .map(|n| {
            let one = |i: usize| {
                let terms = p.skin.joints().row(n).into_iter().zip(p.skin.weights().row(n)).map(|(&k, w)| {
                    let m = &a[k as usize];
                    w * (m[i][0] * v[n][0] + m[i][1] * v[n][1] + m[i][2] * v[n][2] + m[i][3])
                });
                terms.sum::<f64>() + t[i]
            };
            [one(0), one(1), one(2)]
        })
        .collect()
}

fn fox(root: &Path) -> Result<(), Failed> {
    let path = root.join("meshes/gltf/Fox.glb");
    let fox = load_skinned(&path, &MeshOptions::default())?;
    assert_eq!((fox.joints.len(), fox.mesh.triangles().len()), (24, 576));
    assert!(fox.joints.iter().any(|joint| joint.name == "b_Head_05"));
    // Its joints stand where it was bound, and so does the mesh that other readers show.
    let (posed, shown) = (fox.posed()?, load_mesh(&path, &MeshOptions::default())?.mesh);
    let size = fox.mesh.vertices().iter().fold(0.0_f32, |m, x| m.max(x.abs()));
    for (a, b) in posed.triangles().iter().zip(shown.triangles()) {
        for (a, b) in a.iter().zip(b) {
            assert!((posed.vertex(*a) - shown.vertex(*b)).norm() < 1e-4 * size);
        }
    }
    let folder = tempfile::tempdir()?;
    let copy = folder.path().join("fox.glb");
    save_skinned_glb(&copy, &fox)?;
    let again = load_skinned(&copy, &MeshOptions::default())?;
    assert_eq!(again.mesh.triangles().len(), 576);
    let (a, b) = (again.posed()?, fox.posed()?);
    for (s, t) in a.triangles().iter().zip(b.triangles()) {
        for (s, t) in s.iter().zip(t) {
            assert!((a.vertex(*s) - b.vertex(*t)).norm() < 1e-4 * size);
        }
    }
    // A nod moves the head and leaves the tail.
    let body = fox.body()?;
    let head = body.joint_names.iter().position(|name| name == "b_Head_05").unwrap();
    let mut pose = body.body.rest();
    pose.rotations[head] = axis_angle(Vec3::new(0.5, 0.0, 0.0));
    let nod = body.body.pose(&pose)?;
    let moved = nod.vertices().rows().into_iter().zip(fox.mesh.vertices().rows());
    let moved = moved.filter(|(a, b)| a.iter().zip(*b).any(|(a, b)| (a - b).abs() > 1e-3 * size)).count();
    let all = fox.mesh.vertices().nrows();
    assert!(moved > all / 20 && moved < 3 * all / 4, "{moved} of {all}");
    Ok(())
}

fn skinned_body(root: &Path) -> Result<(), Failed> {
    let read = load_body(root.join("body/makehuman_cmu31_lbs.npz"))?;
    assert_eq!((read.triangles.len(), read.body.joint_count(), read.body.shape_count()), (26_756, 31, 10));
    assert_eq!(read.joint_names[11], "LeftHand");
    assert_eq!(read.shape_names[5], "maxheight");
    let body: Body<f64> = read.body.cast();
    let posed = body.pose(&body.rest())?;
    // Weights sum to 1 within rounding of f32, and the body is 1.66 high.
    let far = posed.vertices().iter().zip(&body.parts().template).map(|(a, b)| (a - b).abs());
    let far = far.fold(0.0, f64::max);
    assert!(far < 1e-6, "the rest pose is {far} from the template");
    let height = |k: usize| {
        let column = posed.vertices().column(k);
        column.iter().fold(f64::MIN, |m, x| m.max(*x)) - column.iter().fold(f64::MAX, |m, x| m.min(*x))
    };
    assert!((height(1) - 1.66).abs() < 0.01, "{}", height(1));

    let noise = |i: usize| ((i as f64 * 12.9898 + 4.1).sin() * 43_758.545_3).fract();
    let turns: Vec<Vec3<f64>> =
        (0..31).map(|k| Vec3::new(noise(3 * k), noise(3 * k + 1), noise(3 * k + 2))).collect();
    let shape: Vec<f64> = (0..10).map(|s| 0.5 * noise(200 + s)).collect();
    let at = |shape: &[f64], turns: &[Vec3<f64>], x: f64| {
        BodyPose::from_turns(shape.to_vec(), turns, Vec3::new(x, 0.2, -0.3))
    };
    let pose = at(&shape, &turns, 0.1);
    let posed = body.pose(&pose)?;
    for (a, b) in posed.vertices().rows().into_iter().zip(skinned_again(&body, &pose)) {
        assert!((0..3).all(|i| (a[i] - b[i]).abs() < 1e-12), "{a} {b:?}");
    }

    // Central differences of a loss over all vertices, for numbers of every kind.
    let weight = |(v, i): (usize, usize)| noise(1000 + 3 * v + i);
    let loss = |pose: &BodyPose<f64>| -> softras_core::Result<f64> {
        let posed = body.pose(pose)?;
        Ok(posed.vertices().indexed_iter().map(|(at, x)| x * weight(at)).sum())
    };
    let grad = posed.vjp(&Array2::from_shape_fn((13_380, 3), weight), None)?.pose;
    let of_turns = grad.turns_vjp(&turns);
    let step = 1e-5;
    let difference = |one: &BodyPose<f64>, other: &BodyPose<f64>| -> softras_core::Result<f64> {
        Ok((loss(one)? - loss(other)?) / (2.0 * step))
    };
    let near = |name: String, found: f64, wanted: f64| {
        assert!((found - wanted).abs() < 1e-5 * wanted.abs().max(1.0), "{name}: {found} against {wanted}");
    };
    for s in [0, 3, 9] {
        let moved = |d: f64| {
            let mut shape = shape.clone();
            shape[s] += d;
            at(&shape, &turns, 0.1)
        };
        near(format!("shape {s}"), grad.shape[s], difference(&moved(step), &moved(-step))?);
    }
    for k in [0, 3, 10, 22] {
        let moved = |d: f64| {
            let mut turns = turns.clone();
            turns[k].y += d;
            at(&shape, &turns, 0.1)
        };
        near(format!("joint {k}"), of_turns[k].y, difference(&moved(step), &moved(-step))?);
    }
    let moved = |d: f64| at(&shape, &turns, 0.1 + d);
    near("translation".into(), grad.translation.x, difference(&moved(step), &moved(-step))?);
    Ok(())
}

/// The published bounding box comes to lie on the masks, and its centre within each of them.
fn dino_cameras(root: &Path) -> Result<(), Failed> {
    let cameras = root.join("dino/dinoSparseRing/dinoSR_par.txt");
    let found = load_photographs(&cameras, &Masks::Folder(root.join("dino/dinoSparseRing_masks")))?;
    assert_eq!(found.pictures.silhouette.dim(), (16, 480, 640));
    let (low, high) = ([-0.061897, -0.018874, -0.057845], [0.010897, 0.068227, 0.015495]);
    for (n, shot) in found.shots.iter().enumerate() {
        assert_eq!((shot.size, shot.name.as_str()), ([640, 480], format!("dinoSR{:04}.png", n + 1).as_str()));
        // The picture of the box holds every pixel of the mask, but for the part outside the field of view.
        let (mut left, mut right, mut bottom, mut top) = (f64::MAX, f64::MIN, f64::MAX, f64::MIN);
        for corner in 0..8 {
            let v = Vec3::from([0, 1, 2].map(|i| if corner >> i & 1 == 0 { low[i] } else { high[i] }));
            let Some(s) = shot.camera.screen(v)? else { return Err("a corner is not drawn".into()) };
            (left, right) = (left.min(s.x), right.max(s.x));
            (bottom, top) = (bottom.min(s.y), top.max(s.y));
        }
        let pixel = 2.0 / 480.0;
        let mask = found.pictures.silhouette.index_axis(ndarray::Axis(0), n);
        let (mut inside, mut all) = (0, 0);
        for ((row, column), value) in mask.indexed_iter() {
            if *value > 0.5 {
                let (x, y) =
                    ((2.0 * column as f64 + 1.0 - 640.0) / 480.0, (479.0 - 2.0 * row as f64) / 480.0);
                all += 1;
                let slack = 4.0 * pixel;
                let within = x > left - slack && x < right + slack && y > bottom - slack && y < top + slack;
                inside += usize::from(within);
            }
        }
        // Image 6 is known for its bad silhouette.
        assert!(all > 10_000 && (n == 5 || inside as f64 > 0.999 * all as f64), "{n}: {inside} of {all}");
    }
    let folder = tempfile::tempdir()?;
    let (json, par) = (folder.path().join("dino.json"), folder.path().join("dino_par.txt"));
    save_cameras(&json, &found.shots, Convention::OpenCv)?;
    // Bit by bit: no digit of a number is lost in the text.
    assert!(load_cameras(&json)? == found.shots);
    save_par(&par, &found.shots)?;
    for (a, b) in load_par(&par, PictureSize::Fixed([640, 480]))?.iter().zip(&found.shots) {
        assert_eq!(a.camera, b.camera);
    }
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
