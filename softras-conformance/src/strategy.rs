//! Random scenes: ordinary ones, and all the ways a scene can be strange.

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::select;
use proptest::strategy::BoxedStrategy;
use softras_core::math::{Color, DepthMap, Distance, Distribution, Interpolation, Silhouette, TextureKind};
use softras_core::raster::{Capabilities, Choices, Sides, TextureFamily};
use softras_core::scene::Winding;

use crate::covering;
use crate::scene::{Corners, Scene, Style, noise};

/// Which faces a scene may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Faces with an area, in front of the camera.
    Ordinary,
    /// Those, and slivers, points, lines, copies, faces behind the camera, huge and tiny ones.
    Strange,
}

/// A number between `low` and `high`, evenly in its logarithm.
pub fn log_uniform(low: f32, high: f32) -> impl Strategy<Value = f32> {
    (low.ln()..high.ln()).prop_map(f32::exp)
}

/// A face with an area around a point of the picture: from a pixel across to all of it.
pub fn ordinary_face() -> impl Strategy<Value = Corners> {
    let angles = (0.0..core::f32::consts::TAU, 0.8..2.2f32, 0.8..2.2f32, any::<bool>());
    let depths = (1.2..8.0f32, -0.6..0.6f32, -0.6..0.6f32);
    (-1.2..1.2f32, -1.0..1.0f32, log_uniform(0.05, 2.0), angles, depths).prop_map(
        |(x, y, radius, (start, a, b, turned), (z, dz1, dz2))| {
            let corner = |angle: f32, z: f32| [x + radius * angle.cos(), y + radius * angle.sin(), z];
            let (p, q, r) = (corner(start, z), corner(start + a, z + dz1), corner(start + a + b, z + dz2));
            if turned { [p, r, q] } else { [p, q, r] }
        },
    )
}

/// A face of any kind that the constructors accept.
pub fn strange_face() -> impl Strategy<Value = Corners> {
    let scaled =
        |k: f32| ordinary_face().prop_map(move |face: Corners| face.map(|[x, y, z]| [x * k, y * k, z]));
    prop_oneof![
        20 => ordinary_face(), // so that one huge face in doubt does not hide all others
        1 => (ordinary_face(), log_uniform(1e-7, 1e-2)).prop_map(|([a, b, c], k)| {
            let along = |t: f32, i: usize| a[i] + t * (b[i] - a[i]);
            [a, b, [along(0.4, 0) + k * c[0], along(0.4, 1) + k * c[1], c[2]]] // a sliver
        }),
        1 => ordinary_face().prop_map(|[a, b, _]| [a, b, b]), // a line
        1 => ordinary_face().prop_map(|[a, _, _]| [a, a, a]), // a point
        1 => ordinary_face().prop_map(|[a, b, _]| { // three points on a line, the middle one between
            [a, b, [(a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0, a[2]]]
        }),
        1 => (ordinary_face(), 0..3usize, -4.0..0.0f32).prop_map(|(mut f, k, z)| {
            f[k][2] = z; // reaches behind the camera
            f
        }),
        1 => ordinary_face().prop_map(|f| f.map(|[x, y, z]| [x, y, -z])), // is behind the camera
        1 => scaled(1e-3),
        1 => scaled(1e-6),
        1 => scaled(1e2),
        1 => scaled(3e5),
        1 => (ordinary_face(), log_uniform(1e-3, 1e3)).prop_map(|(f, k)| f.map(|[x, y, z]| [x, y, z * k])),
    ]
}

/// A choice of everything that the back end can do.
pub fn style(can: &Capabilities) -> BoxedStrategy<Style> {
    let textures: Vec<TextureKind> = can.textures.iter().flat_map(|&t| texture_kinds(t)).collect();
    let parts = (
        mostly(&[], &can.distances),
        mostly(IN_PAPER.0, &can.distributions),
        mostly(IN_PAPER.1, &can.silhouettes),
        mostly(&[], &can.colors),
    );
    let maps = (
        select(vec![DepthMap::Linear, DepthMap::Inverse]),
        select(vec![Interpolation::Perspective, Interpolation::Screen]),
    );
    let sides = (
        select(vec![Sides::Double, Sides::Front]),
        select(vec![Winding::CounterClockwise, Winding::Clockwise]),
    );
    let cutoffs = select(can.cutoffs.clone());
    let choices = can.choices;
    (parts, cutoffs, maps, sides, select(can.outputs.clone()), select(textures))
        .prop_map(
            move |(
                (distance, distribution, silhouette, color),
                cutoff,
                maps,
                (sides, front),
                outputs,
                texture,
            )| {
                let (depth_map, interpolation) = maps;
                // A kernel is built for each new choice: one of the two at a time, with the paper's parts.
                let alone = choices == Choices::Kernels && !IN_PAPER.1.contains(&silhouette);
                let distribution = if alone { Distribution::Logistic } else { distribution };
                let other = alone || choices == Choices::Kernels && distribution != Distribution::Logistic;
                let silhouette = if other && !alone { Silhouette::ProbabilisticOr } else { silhouette };
                let (color, texture) =
                    if other { (Color::Softmax, TextureKind::Vertex) } else { (color, texture) };
                Style {
                    distance,
                    distribution,
                    silhouette,
                    color,
                    cutoff,
                    depth_map,
                    interpolation,
                    sides,
                    front,
                    outputs,
                    texture,
                }
            },
        )
        .boxed()
}

/// The distributions and silhouettes of half of all scenes, which a device is drawn with in every combination.
const IN_PAPER: (&[Distribution], &[Silhouette]) =
    (&[Distribution::Logistic], &[Silhouette::ProbabilisticOr, Silhouette::Sum, Silhouette::Hard]);

/// A part that a back end may list.
pub trait Listed: Clone + PartialEq + core::fmt::Debug + 'static {
    /// All that are built in.
    fn built_in() -> &'static [Self];
    /// Whether it is a user's own.
    fn is_custom(&self) -> bool;
}

macro_rules! listed {
    ($($part:ident),+) => {$(
        impl Listed for $part {
            fn built_in() -> &'static [Self] {
                Self::BUILT_IN
            }
            fn is_custom(&self) -> bool {
                matches!(self, Self::Custom(_))
            }
        }
    )+};
}
listed!(Distance, Distribution, Silhouette, Color);

/// Tells whether laws draw with a part: one that is built in, or a user's own that was handed over.
pub fn is_known<T: Listed>(part: &T) -> bool {
    part.is_custom() || T::built_in().contains(part)
}

/// One of all that are listed, but half of the time one of the user's own; of those that are `usual` if there are none.
fn mostly<T: Listed>(usual: &[T], listed: &[T]) -> BoxedStrategy<T> {
    let all = known(listed);
    let own: Vec<T> = all.iter().filter(|part| part.is_custom()).cloned().collect();
    let usual: Vec<T> = all.iter().filter(|part| usual.contains(part)).cloned().collect();
    match if own.is_empty() { usual } else { own } {
        half if half.is_empty() => select(all).boxed(),
        half => prop_oneof![select(half), select(all)].boxed(),
    }
}

fn texture_kinds(family: TextureFamily) -> Vec<TextureKind> {
    match family {
        TextureFamily::Vertex => vec![TextureKind::Vertex; 3],
        TextureFamily::Surface => [1, 2, 5].map(|side| TextureKind::Surface { side }).to_vec(),
    }
}

/// What is listed by the back end, and known.
fn known<T: Listed>(listed: &[T]) -> Vec<T> {
    listed.iter().filter(|part| is_known(*part)).cloned().collect()
}

/// One to three pictures of a few faces, mostly one.
pub fn scene(can: &Capabilities, kind: Kind) -> BoxedStrategy<Scene> {
    scenes(can, kind, Batches::Any)
}

/// Two or three pictures of a few faces, each with its own sigma, gamma and epsilon.
pub fn batch(can: &Capabilities, kind: Kind) -> BoxedStrategy<Scene> {
    scenes(can, kind, Batches::Several)
}

/// How many pictures a scene has.
#[derive(Clone, Copy, PartialEq)]
enum Batches {
    Any,
    Several,
}

fn scenes(can: &Capabilities, kind: Kind, batches: Batches) -> BoxedStrategy<Scene> {
    let face = match kind {
        Kind::Ordinary => ordinary_face().boxed(),
        Kind::Strange => strange_face().boxed(),
    };
    let faces = (vec(face, 0..12), any::<bool>()).prop_map(move |(mut faces, copy)| {
        if let (Kind::Strange, true, Some(&first)) = (kind, copy, faces.first()) {
            faces.push(first); // the same face twice
        }
        faces
    });
    let pictures = match batches {
        Batches::Any => prop_oneof![3 => vec(faces.clone(), 1..=1), 1 => vec(faces, 1..=3)].boxed(),
        Batches::Several => vec(faces, 2..=3).boxed(),
    };
    let size = prop_oneof![
        4 => (1..14usize, 1..14usize),
        1 => Just((1, 1)),
        1 => (1..3usize, 20..34usize),
    ];
    let numbers = move |count: usize| {
        let n = match batches {
            Batches::Any => prop_oneof![3 => Just(1), 1 => Just(count)].boxed(),
            Batches::Several => Just(count).boxed(),
        };
        let sigma = log_uniform(1e-5, 1e-2);
        let gamma = log_uniform(1e-4, 1.0);
        (
            (n.clone(), n.clone(), n),
            vec(sigma, count),
            vec(gamma, count),
            vec(prop_oneof![Just(1e-3f32), 0.0..0.5f32, Just(-0.5f32)], count),
        )
            .prop_map(|((s, g, e), mut sigma, mut gamma, mut epsilon)| {
                sigma.truncate(s);
                gamma.truncate(g);
                epsilon.truncate(e);
                (sigma, gamma, epsilon)
            })
    };
    let range = select(vec![(1.0f32, 100.0f32), (1.0, 10.0), (2.0, 5.0), (0.1, 1e3)]);
    let rest = (
        size,
        prop_oneof![4 => 1..=4usize, 1 => Just(5usize)],
        any::<bool>(),
        style(can),
        prop_oneof![3 => Just(1e-4f64), 1 => Just(1e-10), 1 => Just(0.3)],
        range,
        (any::<u64>(), [0.0..1.0f32, 0.0..1.0f32]),
    );
    pictures
        .prop_flat_map(move |pictures| {
            let count = pictures.len();
            (Just(pictures), numbers(count))
        })
        .prop_flat_map(move |(pictures, numbers)| (Just(pictures), Just(numbers), rest.clone()))
        .prop_map(
            |(
                pictures,
                (sigma, gamma, epsilon),
                (size, channels, shared_textures, style, dist_eps, range, (seed, shapes)),
            )| {
                Scene {
                    pictures,
                    size,
                    channels,
                    shared_textures,
                    style,
                    sigma,
                    gamma,
                    epsilon,
                    shapes,
                    dist_eps,
                    range,
                    seed,
                }
            },
        )
        .boxed()
}

/// Every combination of what a back end can do, with the first distribution and silhouette it lists; then rows in which
/// any choices of any [`covering::STRENGTH`] axes meet, those two among them. Where a choice is a kernel of its own, each
/// other distribution and silhouette once with the first of everything instead.
#[must_use]
pub fn every_style(can: &Capabilities) -> Vec<Style> {
    let distances = known(&can.distances);
    let distributions = known(&can.distributions);
    let silhouettes = known(&can.silhouettes);
    let colors = known(&can.colors);
    let textures: Vec<TextureKind> = can
        .textures
        .iter()
        .map(|t| match t {
            TextureFamily::Vertex => TextureKind::Vertex,
            TextureFamily::Surface => TextureKind::Surface { side: 3 },
        })
        .collect();
    let maps = [DepthMap::Linear, DepthMap::Inverse];
    let interpolations = [Interpolation::Perspective, Interpolation::Screen];
    let sides = [Sides::Double, Sides::Front];
    let style = |row: &[usize]| Style {
        distribution: distributions[row[0]].clone(),
        silhouette: silhouettes[row[1]].clone(),
        texture: textures[row[2]],
        distance: distances[row[3]].clone(),
        color: colors[row[4]].clone(),
        cutoff: can.cutoffs[row[5]],
        depth_map: maps[row[6]],
        interpolation: interpolations[row[7]],
        sides: sides[row[8]],
        outputs: can.outputs[row[9]],
        ..Style::default()
    };
    let rest = [textures.len(), distances.len(), colors.len(), can.cutoffs.len(), 2, 2, 2, can.outputs.len()];
    let with = |family: [usize; 2]| [&family[..], &rest].concat();
    let mut rows = covering::product(&with([1, 1]));
    match can.choices {
        Choices::Branches => rows.extend(covering::rows(&with([distributions.len(), silhouettes.len()]))),
        Choices::Kernels => {
            let single = |axis: usize| {
                move |n: usize| (0..rest.len() + 2).map(|i| if i == axis { n } else { 0 }).collect()
            };
            rows.extend((1..distributions.len()).map(single(0)));
            rows.extend((1..silhouettes.len()).map(single(1)));
        }
    }
    rows.iter().map(|row| style(row)).collect()
}

/// Six faces of all kinds that have color, in general position, two pictures.
#[must_use]
pub fn small_scene(style: Style, seed: u64) -> Scene {
    let face = |i: usize| {
        let r = |k: usize| (noise(seed, 100 + i as u64, k) as f32 - 0.5) * 2.0;
        let size = [1.0, 0.4, 0.15][i % 3];
        let (x, y, z) = (r(0) * 0.6, r(1) * 0.6, 3.0 + 1.5 * r(2));
        core::array::from_fn(|k| [x + size * r(3 + 3 * k), y + size * r(4 + 3 * k), z + 0.4 * r(5 + 3 * k)])
    };
    let front = if seed.is_multiple_of(2) { Winding::CounterClockwise } else { Winding::Clockwise };
    Scene {
        pictures: vec![(0..4).map(face).collect(), (4..6).map(face).collect()],
        size: (5, 4),
        channels: 2,
        shared_textures: seed.is_multiple_of(3),
        style: Style { front, ..style },
        sigma: vec![2e-2, 5e-3],
        gamma: vec![0.1, 0.4],
        epsilon: vec![1e-3, 0.1],
        range: (1.5, 6.0),
        shapes: [0, 1].map(|k| noise(seed, 90, k) as f32),
        seed,
        ..Scene::default()
    }
}
