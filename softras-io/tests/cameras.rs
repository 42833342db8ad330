//! Camera files come back as they were written, and mistakes in them are errors that say what and where.

#![expect(clippy::unwrap_used, reason = "a test panics where it fails, its helpers too")]

use std::path::Path;

use ndarray::{Array2, Array3};
use softras_core::math::Vec3;
use softras_core::scene::{Camera, Convention, Degrees, Distortion, Intrinsics};
use softras_io::{
    Masks, PictureSize, Shot, load_cameras, load_par, load_photographs, save_cameras, save_gray_png,
    save_par, save_png,
};

const CONVENTIONS: [Convention; 4] =
    [Convention::Softras, Convention::OpenCv, Convention::OpenGl, Convention::PyTorch3d];

fn shot(name: &str, change: impl Fn(Camera<f64>) -> Camera<f64>) -> Shot {
    let camera = Camera::look_at(Vec3::new(0.7, 1.1, 2.3), Vec3::new(0.1, -0.2, 0.05));
    Shot { name: name.into(), camera: change(camera), size: [8, 6], image: None, mask: None }
}

fn lens() -> Intrinsics<f64> {
    Intrinsics::new([10.0, 12.5], [3.1, 2.2], [8, 6])
}

fn shots() -> Vec<Shot> {
    let distortion = Distortion { k1: 0.1, p2: 0.01, k6: 0.02, ..Distortion::NONE };
    vec![
        shot("perspective", |c| c.perspective(Degrees(40.0)).near(0.25)),
        shot("parallel", |c| c.orthographic(1.5)),
        shot("k", |c| c.pinhole(lens())),
        shot("bent", |c| c.pinhole(lens().distorted(distortion))),
    ]
}

/// The same points of the world come to the same places.
fn same(a: &Shot, b: &Shot) {
    assert_eq!((&a.name, a.size, &a.image, &a.mask), (&b.name, b.size, &b.image, &b.mask));
    assert!((a.camera.near_plane() - b.camera.near_plane()).abs() < 1e-15);
    assert_eq!(a.camera.lens(), b.camera.lens());
    for v in [[0.0, 0.0, 0.0], [0.5, -0.2, 0.3], [-0.3, 0.4, -0.6]] {
        let [a, b] = [a, b].map(|s| s.camera.screen(Vec3::from(v)).unwrap().unwrap());
        assert!((a - b).norm() < 1e-13, "{a:?} {b:?}");
    }
}

#[test]
fn json_comes_back_in_every_convention() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.json");
    let mut shots = shots();
    shots[2].image = Some(folder.path().join("pictures/a.png"));
    shots[2].mask = Some("/elsewhere/a.png".into());
    for convention in CONVENTIONS {
        save_cameras(&path, &shots, convention).unwrap();
        let again = load_cameras(&path).unwrap();
        assert_eq!(again.len(), shots.len());
        again.iter().zip(&shots).for_each(|(a, b)| same(a, b));
        // Paths within the folder are written without it.
        assert!(std::fs::read_to_string(&path).unwrap().contains("\"pictures/a.png\""));
    }
    // Mirrored pictures need the convention that mirrors.
    let official: Vec<Shot> =
        shots.iter().map(|s| Shot { camera: s.camera.official(), ..s.clone() }).collect();
    save_cameras(&path, &official, Convention::SoftRasOfficial).unwrap();
    load_cameras(&path).unwrap().iter().zip(&official).for_each(|(a, b)| same(a, b));
    for (shots, convention) in [(&official, Convention::OpenCv), (&shots, Convention::SoftRasOfficial)] {
        let text = save_cameras(&path, shots, convention).unwrap_err().to_string();
        assert!(text.contains("mirrored") && text.contains("perspective"), "{text}");
    }
    assert_eq!(load_cameras(&path).unwrap().len(), 4, "a refused file leaves the old one");
}

const HEAD: &str = r#""format": "softras-cameras", "version": 1, "convention": "opencv""#;
const PLACE: &str =
    r#""rotation": [[1, 0, 0], [0, 1, 0], [0, 0, 1]], "translation": [0, 0, 3], "near": 0.001"#;

#[test]
fn json_by_hand_and_with_mistakes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.json");
    let read = |text: &str| {
        std::fs::write(&path, text).unwrap();
        load_cameras(&path)
    };
    let with = |place: &str, lens: &str| {
        format!(r#"{{{HEAD}, "cameras": [{{"name": "one", "size": [640, 480], {place}, "lens": {lens}}}]}}"#)
    };
    let k = r#"{"pinhole": {"k": [[500, 0, 319.5], [0, 500, 239.5], [0, 0, 1]]}}"#;
    let shots = read(&with(PLACE, k)).unwrap();
    let seen = shots[0].camera.screen(Vec3::new(0.3, 0.6, 0.0)).unwrap().unwrap();
    // u = 500 * 0.1 + 319.5; (2 u + 1 - 640) / 480; y runs down.
    assert!((seen.x - 100.0 / 480.0).abs() < 1e-15 && (seen.y + 200.0 / 480.0).abs() < 1e-15);

    let bent = k.replace("]}}", r#"], "distortion": [-0.9, 0, 0, 0]}}"#);
    let tilted = k.replace("]}}", r#"], "distortion": [0.1, 0, 0]}}"#);
    let later = HEAD.replace("\"version\": 1", "\"version\": 2");
    for (text, word) in [
        ("[]".to_owned(), "line 1"),
        ("{}".to_owned(), "format"),
        (format!("{{{HEAD}}}").replace("softras-cameras", "other"), "\"other\""),
        (format!("{{{later}, \"new\": 3}}"), "version 2"),
        (format!("{{{HEAD}, \"cameras\": []}}"), "no camera"),
        (format!("{{{HEAD}, \"camera\": []}}"), "camera"),
        (with(PLACE, k).replace("opencv", "opencvv"), "opencvv"),
        (with(PLACE, k).replace("\"near\"", "\"far\""), "far"),
        (with(PLACE, &k.replace("500", "0")), "not singular"),
        (with(PLACE, &k.replace("[500, 0,", "[500, 1,")), "[0, 0, 1]"),
        (with(PLACE, &bent), "folds"),
        (with(PLACE, &tilted), "[3]"),
        (with(&PLACE.replace("[1, 0, 0]", "[2, 0, 0]"), k), "orthonormal"),
        (with(&PLACE.replace("[1, 0, 0]", "[-1, 0, 0]"), k), "determinant"),
        (with(&PLACE.replace("0.001", "0"), k), "near plane"),
        (with(PLACE, k).replace("[640, 480]", "[0, 480]"), "size"),
        (with(PLACE, r#"{"perspective": {"fov": 180}}"#), "field of view"),
        (with(PLACE, r#"{"fisheye": {"fov": 90}}"#), "fisheye"),
    ] {
        let message = read(&text).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(message.contains(word) && message.contains("a.json"), "{word}: {message:?}");
    }
    assert!(load_cameras(folder.path().join("a.csv")).unwrap_err().to_string().contains(".json, .txt"));
}

#[test]
fn par_comes_back_and_its_mistakes_name_their_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a_par.txt");
    let shots = [shot("a.png", |c| c.pinhole(lens())), shot("b.png", |c| c.perspective(Degrees(40.0)))];
    save_par(&path, &shots).unwrap();
    let again = load_par(&path, PictureSize::Fixed([8, 6])).unwrap();
    for (a, b) in again.iter().zip(&shots) {
        let [a, b] = [a, b].map(|s| s.camera.screen(Vec3::new(0.1, 0.2, 0.3)).unwrap().unwrap());
        assert!((a - b).norm() < 1e-14);
    }
    assert_eq!(again[1].image, Some(folder.path().join("b.png")));
    // The size comes from the pictures.
    assert!(load_cameras(&path).unwrap_err().to_string().contains("a.png"));
    for name in ["a.png", "b.png"] {
        save_gray_png(folder.path().join(name), Array2::zeros((6, 8)).view()).unwrap();
    }
    assert_eq!(load_cameras(&path).unwrap(), again);

    let good = std::fs::read_to_string(&path).unwrap();
    for (text, word) in [
        ("\n \n".to_owned(), "blank"),
        ("two\n".to_owned(), "line 1"),
        ("0\n".to_owned(), "no camera"),
        (good.replacen('2', "3", 1), "3 cameras announced, 2 lines"),
        (good.replacen('2', "1", 1), "line 3: found one more line"),
        (good.replacen(" 0 ", " x ", 1), "line 2: found \"x\""),
        (good.replacen(" 0 ", " nan ", 1), "line 2: found \"nan\""),
        (good.replacen(" 0 ", " ", 1), "line 2: found 20 numbers"),
        (good.replacen(" 0 ", " 0 7 ", 1), "after t"),
        (good.replacen(" 0 ", " 0.5 ", 1), "line 2"),
        (good.replacen(" 10 ", " 0 ", 1), "not singular"),
    ] {
        std::fs::write(&path, &text).unwrap();
        let message = load_cameras(&path).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(message.contains(word) && message.contains("a_par.txt"), "{word}: {message:?}");
    }
    let bent = lens().distorted(Distortion { k1: 0.1, ..Distortion::NONE });
    for (shot, word) in [
        (shot("a.png", |c| c.orthographic(1.0)), "parallel"),
        (shot("a.png", |c| c.pinhole(bent)), "distortion"),
        (shot("a.png", Camera::official), "mirrored"),
        (shot("a b.png", |c| c), "blanks"),
        (shot("a.png", |c| c.near(0.0)), "near plane"),
        (Shot { size: [4, 3], ..shot("a.png", |c| c.pinhole(lens())) }, "[4, 3]"),
    ] {
        let message = save_par(&path, &[shot]).unwrap_err().to_string();
        assert!(message.contains(word), "{word}: {message:?}");
    }
}

fn photographs(folder: &Path) -> softras_io::Result<softras_io::Photographs> {
    load_photographs(folder.join("a.json"), &Masks::AsNamed)
}

#[test]
fn photographs_come_with_their_masks() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let color = |v: f32| Array3::from_elem((3, 6, 8), v);
    save_png(at("a.png"), color(0.2).view(), None).unwrap();
    save_png(at("b.png"), color(0.6).view(), Some(Array2::from_elem((6, 8), 0.4).view())).unwrap();
    save_gray_png(at("mask.png"), Array2::from_elem((6, 8), 0.8).view()).unwrap();
    let mut shots = vec![shot("a", |c| c), shot("b", |c| c)];
    shots[0].image = Some(at("a.png"));
    shots[0].mask = Some(at("mask.png"));
    shots[1].image = Some(at("b.png"));
    save_cameras(at("a.json"), &shots, Convention::OpenGl).unwrap();
    let found = photographs(folder.path()).unwrap();
    let near = |a: f32, b: f32| assert!((a - b).abs() < 1e-6, "{a} {b}");
    near(found.pictures.color[[0, 2, 5, 7]], 0.2);
    near(found.pictures.color[[1, 0, 0, 0]], 0.6);
    near(found.pictures.silhouette[[0, 5, 7]], 0.8);
    near(found.pictures.silhouette[[1, 0, 0]], 0.4);

    // The same names in another folder.
    std::fs::create_dir(at("masks")).unwrap();
    for (name, value) in [("a.png", 1.0), ("b.png", 0.0)] {
        save_gray_png(at("masks").join(name), Array2::from_elem((6, 8), value).view()).unwrap();
    }
    let found = load_photographs(at("a.json"), &Masks::Folder(at("masks"))).unwrap();
    near(found.pictures.silhouette[[0, 0, 0]], 1.0);
    near(found.pictures.silhouette[[1, 0, 0]], 0.0);

    let message = |shots: &[Shot]| {
        save_cameras(at("a.json"), shots, Convention::OpenGl).unwrap();
        photographs(folder.path()).unwrap_err().to_string()
    };
    let mut colored = color(0.5);
    colored[[1, 3, 4]] = 0.9;
    save_png(at("c.png"), colored.view(), None).unwrap();
    save_gray_png(at("small.png"), Array2::zeros((3, 4)).view()).unwrap();
    let with = |change: &dyn Fn(&mut [Shot])| {
        let mut shots = shots.clone();
        change(&mut shots);
        message(&shots)
    };
    for (text, word) in [
        (with(&|s| s[1].image = None), "without an image"),
        (with(&|s| s[1].image = Some(at("small.png"))), "4 x 3"),
        (with(&|s| s[1].image = Some(at("gone.png"))), "gone.png"),
        (with(&|s| s[0].mask = Some(at("c.png"))), "row 3, column 4"),
        (with(&|s| s[0].mask = Some(at("small.png"))), "4 x 3"),
        (with(&|s| s[1].size = [4, 3]), "like the first"),
    ] {
        assert!(text.contains(word), "{word}: {text}");
    }
}
