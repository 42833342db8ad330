//! A body with a skeleton: shape coefficients, joint rotations and a translation, [`Body`].
//!
//! With shape coefficients b, joint rotations `R_k` and a translation t:
//! `v = template + directions b`, `J = joints + joint directions b`,
//! `G_k = G_parent(k) [R_k | J_k - J_parent(k)]` (a root: `[R_k | J_k]`),
//! `A_k = [rot G_k | transl G_k - rot(G_k) J_k]`, `v' = sum_k weight_k A_k v + t`.
//! This is SMPL (Loper et al., SIGGRAPH Asia 2015, equations 2 to 4 and 6) without its pose-dependent corrections.
//! Rotations are written in the axes of the world, and the rest pose has none.

use ndarray::{Array2, Array3, ArrayRef2};

use super::affine::Affine;
use super::convention::check_rotation;
use super::rotation::{axis_angle, axis_angle_vjp};
use super::rows::{from_rows, to_rows};
use super::skin::Skin;
use crate::error::{Error, Result};
use crate::math::{Mat3, OrderedSum, Scalar, Vec3};

/// A template with a skeleton: see the formulas of [`Body::pose`]. It cannot be built with parts that do not fit.
#[derive(Clone, Debug, PartialEq)]
pub struct Body<R = f32> {
    parts: BodyParts<R>,
}

/// What a [`Body`] is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct BodyParts<R = f32> {
    /// The vertices at rest with all coefficients 0, `[V, 3]`.
    pub template: Array2<R>,
    /// What each coefficient adds to the vertices, `[V, 3, S]`; S may be 0.
    pub directions: Array3<R>,
    /// The joints at rest with all coefficients 0, `[J, 3]`.
    pub joints: Array2<R>,
    /// What each coefficient adds to the joints, `[J, 3, S]`.
    pub joint_directions: Array3<R>,
    /// The parent of each joint, which stands before it, `[J]`; `None` for a root.
    pub parents: Vec<Option<usize>>,
    /// Which joints each vertex follows.
    pub skin: Skin<R>,
}

/// How a [`Body`] stands. As a gradient: d loss / d each number (the nine entries of a rotation count as free).
#[derive(Clone, Debug, PartialEq)]
pub struct BodyPose<R = f32> {
    /// The shape coefficients, `[S]`.
    pub shape: Vec<R>,
    /// The rotation of each joint against its parent, in the axes of the world, `[J]`.
    pub rotations: Vec<Mat3<R>>,
    /// Where the whole body moves.
    pub translation: Vec3<R>,
}

impl<R: Scalar> BodyPose<R> {
    /// The pose with the rotation vectors `turns [J]` (see [`axis_angle`]).
    pub fn from_turns(shape: Vec<R>, turns: &[Vec3<R>], translation: Vec3<R>) -> Self {
        Self { shape, rotations: turns.iter().map(|&w| axis_angle(w)).collect(), translation }
    }

    /// Returns d loss / d turns, `[J]`, if `self` is the gradient to the pose of [`BodyPose::from_turns`].
    ///
    /// # Panics
    /// If there is another number of turns.
    #[must_use]
    pub fn turns_vjp(&self, turns: &[Vec3<R>]) -> Vec<Vec3<R>> {
        assert_eq!(turns.len(), self.rotations.len(), "turns of another body");
        turns.iter().zip(&self.rotations).map(|(&w, grad)| axis_angle_vjp(w, grad)).collect()
    }
}

/// A body in a pose: its vertices and joints, and the way back.
#[derive(Clone, Debug)]
pub struct Posed<'a, R = f32> {
    body: &'a Body<R>,
    pose: BodyPose<R>,
    rest: Vec<Vec3<R>>,        // v, [V]
    rest_joints: Vec<Vec3<R>>, // J, [J]
    chain: Vec<Affine<R>>,     // G, [J]
    maps: Vec<Affine<R>>,      // A, [J]
    vertices: Array2<R>,       // v', [V, 3]
}

/// d loss / d what a [`Posed`] body came from.
#[derive(Clone, Debug, PartialEq)]
pub struct BodyGrad<R = f32> {
    /// To the pose.
    pub pose: BodyPose<R>,
    /// To the vertices at rest (the template, or offsets added to it), `[V, 3]`.
    pub rest: Array2<R>,
}

impl<R: Scalar> Body<R> {
    /// Builds a body from its parts.
    ///
    /// # Errors
    /// `Shape` if their sizes do not fit together; `Layout` if a parent does not stand before its child; `Parameter` if
    /// a number is not finite.
    pub fn new(parts: BodyParts<R>) -> Result<Self> {
        let (v, j) = (parts.template.nrows(), parts.parents.len());
        let s = parts.directions.shape()[2];
        let shapes: [(&str, &[usize], Vec<usize>); 5] = [
            ("template of a body", parts.template.shape(), vec![v, 3]),
            ("shape directions of a body", parts.directions.shape(), vec![v, 3, s]),
            ("joints of a body", parts.joints.shape(), vec![j, 3]),
            ("joint directions of a body", parts.joint_directions.shape(), vec![j, 3, s]),
            (
                "skin of a body, [vertices, joints]",
                &[parts.skin.joints().nrows(), parts.skin.joint_count()],
                vec![v, j],
            ),
        ];
        for (name, found, expected) in shapes {
            if found != expected {
                return Err(Error::shape(name, found, format!("{expected:?}")));
            }
        }
        for (k, parent) in parts.parents.iter().enumerate() {
            if let Some(p) = parent.filter(|&p| p >= k) {
                let expected = format!("none, or an index below {k}: parents come first");
                return Err(Error::layout(format!("parent of joint {k}"), p, expected));
            }
        }
        let numbers = parts.template.iter().chain(&parts.directions).chain(&parts.joints);
        if let Some(bad) = numbers.chain(&parts.joint_directions).find(|x| !x.is_finite()) {
            return Err(Error::parameter("coordinates of a body", format!("{bad:?}"), "finite numbers"));
        }
        Ok(Self { parts })
    }

    /// What the body is made of.
    #[must_use]
    pub const fn parts(&self) -> &BodyParts<R> {
        &self.parts
    }
    /// The number of shape coefficients, S.
    #[must_use]
    pub fn shape_count(&self) -> usize {
        self.parts.directions.shape()[2]
    }
    /// The number of joints, J.
    #[must_use]
    pub fn joint_count(&self) -> usize {
        self.parts.parents.len()
    }
    /// The pose that changes nothing.
    #[must_use]
    pub fn rest(&self) -> BodyPose<R> {
        BodyPose {
            shape: vec![R::ZERO; self.shape_count()],
            rotations: vec![Mat3::IDENTITY; self.joint_count()],
            translation: Vec3::ZERO,
        }
    }
    /// The same body in another scalar type.
    #[must_use]
    pub fn cast<S: Scalar>(&self) -> Body<S> {
        let c = |x: &R| S::from_f64(x.to_f64());
        let p = &self.parts;
        Body {
            parts: BodyParts {
                template: p.template.map(c),
                directions: p.directions.map(c),
                joints: p.joints.map(c),
                joint_directions: p.joint_directions.map(c),
                parents: p.parents.clone(),
                skin: p.skin.cast(),
            },
        }
    }

    /// Puts the body in a pose.
    ///
    /// # Errors
    /// `Shape` if the pose has not S coefficients and J rotations; `Parameter` if a number is not finite or a matrix is
    /// not a rotation (within 1e-2).
    pub fn pose(&self, pose: &BodyPose<R>) -> Result<Posed<'_, R>> {
        self.check(pose)?;
        let rest = add_directions(&self.parts.template, &self.parts.directions, &pose.shape);
        let rest_joints = add_directions(&self.parts.joints, &self.parts.joint_directions, &pose.shape);
        let mut chain: Vec<Affine<R>> = Vec::with_capacity(rest_joints.len());
        for (k, parent) in self.parts.parents.iter().enumerate() {
            let linear = pose.rotations[k];
            chain.push(match *parent {
                None => Affine { linear, translation: rest_joints[k] },
                Some(p) => {
                    let translation = rest_joints[k] - rest_joints[p];
                    chain[p].after(&Affine { linear, translation })
                }
            });
        }
        let about = |(g, &joint): (&Affine<R>, &Vec3<R>)| Affine {
            linear: g.linear,
            translation: g.translation - g.linear.mul_vec(joint),
        };
        let maps: Vec<Affine<R>> = chain.iter().zip(&rest_joints).map(about).collect();
        let moved: Vec<Vec3<R>> =
            self.parts.skin.moved(&rest, &maps).into_iter().map(|v| v + pose.translation).collect();
        let vertices = to_rows(&moved);
        Ok(Posed { body: self, pose: pose.clone(), rest, rest_joints, chain, maps, vertices })
    }

    fn check(&self, pose: &BodyPose<R>) -> Result<()> {
        for (name, found, expected) in [
            ("shape coefficients", pose.shape.len(), self.shape_count()),
            ("joint rotations", pose.rotations.len(), self.joint_count()),
        ] {
            if found != expected {
                return Err(Error::shape(name, &[found], format!("[{expected}]")));
            }
        }
        let numbers = pose.shape.iter().copied().chain(pose.translation.to_array());
        if let Some(bad) = numbers.into_iter().find(|x| !x.is_finite()) {
            let name = "shape coefficients and translation";
            return Err(Error::parameter(name, format!("{bad:?}"), "finite numbers"));
        }
        for (k, rotation) in pose.rotations.iter().enumerate() {
            check_rotation(&format!("rotation of joint {k}"), rotation, 1.0)?;
        }
        Ok(())
    }
}

impl<R: Scalar> Posed<'_, R> {
    /// The vertices, `[V, 3]`.
    #[must_use]
    pub const fn vertices(&self) -> &Array2<R> {
        &self.vertices
    }
    /// The joints, `[J]`.
    #[must_use]
    pub fn joints(&self) -> Vec<Vec3<R>> {
        self.chain.iter().map(|g| g.translation + self.pose.translation).collect()
    }

    /// Returns d loss / d pose and d loss / d vertices at rest, given d loss / d [`vertices`](Self::vertices) and, if
    /// the loss sees them, d loss / d [`joints`](Self::joints).
    ///
    /// # Errors
    /// `Shape` if a gradient is not `[V, 3]` or `[J]`.
    pub fn vjp(&self, grad: &ArrayRef2<R>, grad_joints: Option<&[Vec3<R>]>) -> Result<BodyGrad<R>> {
        let parts = &self.body.parts;
        if grad.shape() != self.vertices.shape() {
            let expected = format!("{:?} as the vertices", self.vertices.shape());
            return Err(Error::shape("gradient of posed vertices", grad.shape(), expected));
        }
        if let Some(found) = grad_joints.map(<[_]>::len).filter(|&n| n != self.chain.len()) {
            return Err(Error::shape("gradient of joints", &[found], format!("[{}]", self.chain.len())));
        }
        let grad = from_rows(grad);
        let (grad_rest, grad_maps) = parts.skin.moved_vjp(&self.rest, &self.maps, &grad);
        let mut grad_translation = OrderedSum::of(Vec3::ZERO, grad.iter().copied());
        let mut grad_rest_joints = vec![Vec3::ZERO; self.chain.len()];
        // A = [Q | g - Q J]
        let mut grad_chain = grad_maps;
        for (k, g) in grad_chain.iter_mut().enumerate() {
            let joint = self.rest_joints[k];
            g.linear = g.linear.plus(&Mat3::outer(-g.translation, joint));
            grad_rest_joints[k] -= self.chain[k].linear.transpose_mul_vec(g.translation);
            if let Some(grad_joints) = grad_joints {
                g.translation += grad_joints[k];
                grad_translation += grad_joints[k];
            }
        }
        let mut rotations = vec![Mat3::ZERO; self.chain.len()];
        for (k, parent) in parts.parents.iter().enumerate().rev() {
            let g = grad_chain[k];
            let Some(p) = *parent else {
                rotations[k] = g.linear;
                grad_rest_joints[k] += g.translation;
                continue;
            };
            // G = G_p [R | d]: Q = Q_p R, g = Q_p d + g_p
            let turn = self.chain[p].linear;
            let reach = self.rest_joints[k] - self.rest_joints[p];
            rotations[k] = turn.transpose().mul(&g.linear);
            let grad_reach = turn.transpose_mul_vec(g.translation);
            grad_rest_joints[k] += grad_reach;
            grad_rest_joints[p] -= grad_reach;
            let grad_turn =
                g.linear.mul(&self.pose.rotations[k].transpose()).plus(&Mat3::outer(g.translation, reach));
            grad_chain[p] += Affine { linear: grad_turn, translation: g.translation };
        }
        let shape = directions_vjp(&parts.directions, &grad_rest)
            .into_iter()
            .zip(directions_vjp(&parts.joint_directions, &grad_rest_joints))
            .map(|(a, b)| a + b)
            .collect();
        let pose = BodyPose { shape, rotations, translation: grad_translation };
        Ok(BodyGrad { pose, rest: to_rows(&grad_rest) })
    }
}

/// `rows + directions shape`.
fn add_directions<R: Scalar>(rows: &Array2<R>, directions: &Array3<R>, shape: &[R]) -> Vec<Vec3<R>> {
    let mut out = from_rows(rows);
    for (out, direction) in out.iter_mut().zip(directions.outer_iter()) {
        let [x, y, z] =
            [0, 1, 2].map(|i| direction.row(i).iter().zip(shape).fold(R::ZERO, |sum, (&d, &b)| sum + d * b));
        *out += Vec3::new(x, y, z);
    }
    out
}

/// d loss / d shape, given d loss / d `add_directions`.
fn directions_vjp<R: Scalar>(directions: &Array3<R>, grad: &[Vec3<R>]) -> Vec<R> {
    let one = |s: usize| {
        let terms = grad.iter().enumerate().map(|(v, g)| {
            let d = |i: usize| directions[[v, i, s]];
            g.dot(Vec3::new(d(0), d(1), d(2)))
        });
        OrderedSum::of(R::ZERO, terms)
    };
    (0..directions.shape()[2]).map(one).collect()
}
