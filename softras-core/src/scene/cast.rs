//! Cameras in another scalar type: files hold `f64`, rendering is often done in `f32`.

use super::camera::Camera;
use super::convention::Extrinsics;
use super::distortion::Distortion;
use super::lens::Lens;
use super::orbit::Degrees;
use super::pinhole::Intrinsics;
use super::pose::Pose;
use crate::math::{Mat3, Scalar, Vec3};

fn number<R: Scalar, S: Scalar>(x: R) -> S {
    S::from_f64(x.to_f64())
}

fn vector<R: Scalar, S: Scalar>(v: Vec3<R>) -> Vec3<S> {
    Vec3::from(v.to_array().map(number))
}

impl<R: Scalar> Extrinsics<R> {
    /// The same place in another scalar type.
    #[must_use]
    pub fn cast<S: Scalar>(&self) -> Extrinsics<S> {
        let rotation = Mat3 { rows: self.rotation.rows.map(vector) };
        Extrinsics { convention: self.convention, rotation, translation: vector(self.translation) }
    }
}

impl<R: Scalar> Intrinsics<R> {
    /// The same lens in another scalar type.
    #[must_use]
    pub fn cast<S: Scalar>(&self) -> Intrinsics<S> {
        let [k1, k2, p1, p2, k3, k4, k5, k6] = self.distortion.coefficients().map(number);
        let distortion = Distortion { k1, k2, p1, p2, k3, k4, k5, k6 };
        Intrinsics::new(self.focal.map(number), self.center.map(number), self.size).distorted(distortion)
    }
}

impl<R: Scalar> Camera<R> {
    /// The same camera in another scalar type.
    #[must_use]
    pub fn cast<S: Scalar>(&self) -> Camera<S> {
        let pose = match *self.pose() {
            Pose::LookAt { eye, at, up } => Pose::LookAt { eye: vector(eye), at: vector(at), up: vector(up) },
            Pose::Rigid(place) => Pose::Rigid(place.cast()),
        };
        let lens = match *self.lens() {
            Lens::Perspective { fov } => Lens::Perspective { fov: Degrees(number(fov.0)) },
            Lens::Orthographic { half_height } => Lens::Orthographic { half_height: number(half_height) },
            Lens::Pinhole(intrinsics) => Lens::Pinhole(intrinsics.cast()),
        };
        let camera = Camera::at(pose).with_lens(lens).near(number(self.near_plane()));
        if self.is_mirrored() { camera.official() } else { camera }
    }
}
