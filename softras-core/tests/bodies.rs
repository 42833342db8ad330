//! Skinned bodies: answers by hand, what is refused, and every reverse against dual numbers and differences.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod derivative;

use derivative::{Function, check, noise};
use ndarray::{Array2, Array3, array};
use softras_core::math::{Mat3, Scalar, Vec3};
use softras_core::scene::{Affine, Body, BodyParts, BodyPose, Skin, axis_angle};

const VERTICES: usize = 6;
const JOINTS: usize = 4;
const SHAPES: usize = 2;

/// Two roots, a child and a grandchild; vertices of three joints each.
fn parts() -> BodyParts<f64> {
    let joints = Array2::from_shape_fn((VERTICES, 3), |(v, k)| ((v + 2 * k) % JOINTS) as u32);
    let weights = Array2::from_shape_fn((VERTICES, 3), |(v, k)| {
        let w = |k: usize| 0.2 + noise(3 * v + k).abs();
        w(k) / (w(0) + w(1) + w(2))
    });
    BodyParts {
        template: Array2::from_shape_fn((VERTICES, 3), |(v, i)| noise(3 * v + i)),
        directions: Array3::from_shape_fn((VERTICES, 3, SHAPES), |(v, i, s)| noise(100 + 9 * v + 3 * s + i)),
        joints: Array2::from_shape_fn((JOINTS, 3), |(j, i)| noise(200 + 3 * j + i)),
        joint_directions: Array3::from_shape_fn((JOINTS, 3, SHAPES), |(j, i, s)| {
            noise(300 + 9 * j + 3 * s + i)
        }),
        parents: vec![None, Some(0), None, Some(1)],
        skin: Skin::new(joints, weights, JOINTS).unwrap(),
    }
}

fn vec3<R: Scalar>(p: &[R]) -> Vec3<R> {
    Vec3::new(p[0], p[1], p[2])
}

/// Shape, turns, translation and template in a row.
fn split<R: Scalar>(x: &[R]) -> (Body<R>, Vec<R>, Vec<Vec3<R>>, Vec3<R>) {
    let (shape, x) = x.split_at(SHAPES);
    let (turns, x) = x.split_at(3 * JOINTS);
    let (translation, template) = x.split_at(3);
    let mut parts = Body::new(parts()).unwrap().cast::<R>().parts().clone();
    parts.template = Array2::from_shape_vec((VERTICES, 3), template.to_vec()).unwrap();
    let turns = turns.chunks_exact(3).map(vec3).collect();
    (Body::new(parts).unwrap(), shape.to_vec(), turns, vec3(translation))
}

/// Vertices and joints against fixed weights.
struct OfPose;

impl Function for OfPose {
    fn at<R: Scalar>(&self, x: &[R]) -> R {
        let (body, shape, turns, translation) = split(x);
        let posed = body.pose(&BodyPose::from_turns(shape, &turns, translation)).unwrap();
        let joints: Vec<R> = posed.joints().iter().flat_map(|j| j.to_array()).collect();
        let values = posed.vertices().iter().copied().chain(joints);
        values.enumerate().fold(R::ZERO, |sum, (i, x)| sum + x * R::from_f64(noise(500 + i)))
    }
}

#[test]
fn the_gradient_to_shape_turns_translation_and_template_is_the_derivative() {
    let pose: Vec<f64> = (0..SHAPES + 3 * JOINTS + 3).map(|i| 0.9 * noise(40 + i)).collect();
    let x = [pose, parts().template.iter().copied().collect()].concat();
    let (body, shape, turns, translation) = split(&x);
    let posed = body.pose(&BodyPose::from_turns(shape, &turns, translation)).unwrap();
    let weights = Array2::from_shape_fn((VERTICES, 3), |(v, i)| noise(500 + 3 * v + i));
    let of_joints: Vec<Vec3<f64>> =
        (0..JOINTS).map(|j| vec3(&[0, 1, 2].map(|i| noise(500 + 3 * (VERTICES + j) + i)))).collect();
    let grad = posed.vjp(&weights, Some(&of_joints)).unwrap();
    let of_turns: Vec<f64> = grad.pose.turns_vjp(&turns).iter().flat_map(|w| w.to_array()).collect();
    let rest = grad.rest.iter().copied().collect();
    let translation = grad.pose.translation.to_array().to_vec();
    let grad = [grad.pose.shape, of_turns, translation, rest].concat();
    assert!(grad.iter().all(|g| *g != 0.0), "every number moves something: {grad:?}");
    check("body", &OfPose, &x, &grad);
}

/// A blend against fixed weights, as a function of vertices and maps that are no rotations.
struct OfBlend;

fn maps<R: Scalar>(x: &[R]) -> Vec<Affine<R>> {
    let one = |x: &[R]| Affine {
        linear: Mat3 { rows: [vec3(x), vec3(&x[3..]), vec3(&x[6..])] },
        translation: vec3(&x[9..]),
    };
    x.chunks_exact(12).map(one).collect()
}

impl Function for OfBlend {
    fn at<R: Scalar>(&self, x: &[R]) -> R {
        let (vertices, x) = x.split_at(3 * VERTICES);
        let vertices = Array2::from_shape_vec((VERTICES, 3), vertices.to_vec()).unwrap();
        let moved = parts().skin.cast::<R>().blend(&vertices, &maps(x)).unwrap();
        moved.iter().enumerate().fold(R::ZERO, |sum, (i, &x)| sum + x * R::from_f64(noise(i)))
    }
}

#[test]
fn the_gradient_through_any_maps_is_the_derivative() {
    let x: Vec<f64> = (0..3 * VERTICES + 12 * JOINTS).map(|i| noise(700 + i)).collect();
    let vertices = Array2::from_shape_vec((VERTICES, 3), x[..3 * VERTICES].to_vec()).unwrap();
    let weights = Array2::from_shape_fn((VERTICES, 3), |(v, i)| noise(3 * v + i));
    let skin = parts().skin;
    let (grad, grad_maps) = skin.blend_vjp(&vertices, &maps(&x[3 * VERTICES..]), &weights).unwrap();
    let mut all: Vec<f64> = grad.iter().copied().collect();
    for map in grad_maps {
        all.extend(map.linear.to_array().as_flattened());
        all.extend(map.translation.to_array());
    }
    check("blend", &OfBlend, &x, &all);
}

#[test]
fn at_rest_nothing_moves() {
    let body = Body::new(parts()).unwrap();
    let posed = body.pose(&body.rest()).unwrap();
    for (a, b) in posed.vertices().iter().zip(&parts().template) {
        assert!((a - b).abs() < 1e-15);
    }
    assert!(
        posed
            .joints()
            .iter()
            .zip(parts().joints.rows())
            .all(|(a, b)| { a.to_array().iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-15) })
    );
}

#[test]
fn an_arm_bends_at_its_elbow_by_hand() {
    // Shoulder at the origin, elbow at (1, 0, 0); one vertex on each bone, one in the elbow half and half.
    let joints = array![[0_u32, 1], [0, 1], [0, 1]];
    let weights = array![[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]];
    let body = Body::new(BodyParts {
        template: array![[0.5, 0.0, 0.0], [2.0, 0.0, 0.0], [1.0, 0.5, 0.0]],
        directions: Array3::zeros((3, 3, 0)),
        joints: array![[0.0, 0.0, 0.0], [1.0, 0.0, 0.0]],
        joint_directions: Array3::zeros((2, 3, 0)),
        parents: vec![None, Some(0)],
        skin: Skin::new(joints, weights, 2).unwrap(),
    })
    .unwrap();
    let quarter = Vec3::new(0.0, 0.0, core::f64::consts::FRAC_PI_2);
    let turned = |shoulder: Vec3<f64>, elbow: Vec3<f64>| {
        let pose = BodyPose::from_turns(vec![], &[shoulder, elbow], Vec3::new(0.0, 0.0, 5.0));
        body.pose(&pose).unwrap().vertices().clone()
    };
    let near = |a: Array2<f64>, b: Array2<f64>| assert!((&a - &b).iter().all(|d| d.abs() < 1e-15), "{a}");
    // The elbow alone: the hand goes up from (1, 0, 0); the skin of the elbow is the mean of two places.
    near(turned(Vec3::ZERO, quarter), array![[0.5, 0.0, 5.0], [1.0, 1.0, 5.0], [0.75, 0.25, 5.0]]);
    // The shoulder alone: all turns.
    near(turned(quarter, Vec3::ZERO), array![[0.0, 0.5, 5.0], [0.0, 2.0, 5.0], [-0.5, 1.0, 5.0]]);
    // Both: the hand points to -x from (0, 1, 0).
    near(turned(quarter, quarter), array![[0.0, 0.5, 5.0], [-1.0, 1.0, 5.0], [-0.25, 0.75, 5.0]]);
}

#[test]
fn wrong_bodies_and_poses_say_what_is_wrong() {
    let make = |change: &dyn Fn(&mut BodyParts<f64>)| {
        let mut parts = parts();
        change(&mut parts);
        Body::new(parts).unwrap_err().to_string()
    };
    let good = Body::new(parts()).unwrap();
    let pose = |change: &dyn Fn(&mut BodyPose<f64>)| {
        let mut pose = good.rest();
        change(&mut pose);
        good.pose(&pose).unwrap_err().to_string()
    };
    let skin = |joint: u32, weight: f64| {
        Skin::new(array![[joint, 0]], array![[weight, 0.5]], 2).unwrap_err().to_string()
    };
    let posed = good.pose(&good.rest()).unwrap();
    for (text, word) in [
        (make(&|p| p.parents[1] = Some(1)), "parent of joint 1"),
        (make(&|p| p.parents.truncate(3)), "[4, 3]"),
        (make(&|p| p.directions = Array3::zeros((VERTICES, 3, 1))), "[4, 3, 1]"),
        (make(&|p| p.template[[2, 1]] = f64::NAN), "NaN"),
        (make(&|p| p.template = Array2::zeros((2, 3))), "[2, 3"),
        (pose(&|p| p.shape.truncate(1)), "shape coefficients"),
        (pose(&|p| p.rotations.truncate(1)), "joint rotations"),
        (
            pose(&|p| p.rotations[2] = axis_angle(Vec3::Y).mul(&axis_angle(Vec3::Y)).plus(&Mat3::IDENTITY)),
            "joint 2",
        ),
        (pose(&|p| p.rotations[1].rows[0].x = f64::NAN), "joint 1"),
        (pose(&|p| p.translation.x = f64::INFINITY), "finite"),
        (skin(2, 0.5), "joint 2"),
        (skin(0, 0.6), "sum to 1"),
        (skin(0, -0.5), "at least 0"),
        (posed.vjp(&Array2::zeros((2, 3)), None).unwrap_err().to_string(), "[6, 3]"),
        (posed.vjp(&Array2::zeros((6, 3)), Some(&[Vec3::ZERO])).unwrap_err().to_string(), "[4]"),
    ] {
        assert!(text.contains(word) && text.contains("expected"), "{word}: {text}");
    }
}
