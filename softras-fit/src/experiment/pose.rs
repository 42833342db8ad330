//! The rigid pose of a colored cube from one picture: [`run`].
//!
//! **Starts**, as in the paper: pose and start are two rotations drawn evenly over all rotations, 126.5 degrees apart on
//! average; the cube stands still. All methods have the same pictures, the same starts and the same number of steps, and
//! one start for each picture, but for the row that says otherwise.

use std::time::Instant;

use ndarray::Array3;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde_json::{Map, Value, json};
use softras_core::math::Vec3;
use softras_core::raster::DynRasterizer;
use softras_core::reference::PublishedTerms;
use softras_core::scene::{Camera, Degrees, Mesh, MeshTexture};
use softras_io::picture;
use softras_io::shapes::Sample;

use super::Setup;
use super::chart::{Chart, Scale, Series};
use super::findings::{Figure, Findings, Method};
use super::landscape::{Drawing, Landscape, basin};
use super::visible::VisibleOnly;
use crate::error::Result;
use crate::pose::{Freedom, Placement, PoseFit, PoseLoss, PoseSettings};
use crate::report::Studio;
use crate::schedule::Schedule;
use crate::settings::ColorMode;
use crate::targets::Targets;

/// Pixels along a side of the pictures.
pub(crate) const SIZE: usize = 32;
/// Behind the cube: the mean of its colors, so that a silhouette says nothing before colors do.
const BACKGROUND: [f32; 3] = [0.5; 3];
/// Of the sides +z, -z, +x, -x, +y, -y: primaries, and their complements across.
const COLORS: [[f32; 3]; 6] =
    [[1.0, 0.0, 0.0], [0.0, 1.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 1.0], [0.0, 0.0, 1.0], [1.0, 1.0, 0.0]];
/// Distance of the camera.
const DISTANCE: f64 = 4.0;
/// Starts of a picture in the row of restarts; the one with the lowest loss counts.
const RESTARTS: usize = 4;
/// How far a color may be off by rounding and still be the same.
const ROUNDING: f32 = 1e-3;
/// Degrees between two points of the landscape.
const STEP: f64 = 3.0;
/// The landscapes: name and how it is drawn.
const DRAWINGS: [(&str, Drawing); 6] = [
    ("soft, sigma 3e-2", Drawing::Soft(3e-2, 1e-2)),
    ("soft, sigma 3e-3", Drawing::Soft(3e-3, 1e-3)),
    ("soft, sigma 3e-4", Drawing::Soft(3e-4, 1e-4)),
    ("hard", Drawing::Hard),
    ("hard, blurred by 0.15", Drawing::Blurred(0.15)),
    ("hard, blurred by 0.05", Drawing::Blurred(0.05)),
];

/// The recommended settings: from soft to sharp, from blurred to clear, and from long steps, which tumble over all
/// rotations at first, to short ones (docs/experiments/pose.md says why these).
pub(crate) fn scheduled() -> PoseSettings {
    PoseSettings {
        steps: 600,
        freedom: Freedom::Rotation,
        background: BACKGROUND,
        sigma: Schedule::geometric(1e-2, 1e-4),
        depth_softness: Schedule::geometric(0.5, 0.1),
        blur: Schedule::geometric(0.5, 0.05),
        dist_eps: 1e-8,
        lr: Schedule::geometric(2.0, 0.002),
        loss: PoseLoss { iou: 0.0, color: 1.0 },
        ..PoseSettings::default()
    }
}

/// The same with sigma and gamma as they are at the end, and nothing blurred; steps shorten as before.
fn unscheduled() -> PoseSettings {
    PoseSettings { sigma: 1e-4.into(), depth_softness: 0.1.into(), blur: 0.05.into(), ..scheduled() }
}

/// How a method draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gradient {
    Complete,
    Visible,
    Published,
}

/// A method: name, what it is, settings, gradient, starts of a picture.
struct Recipe {
    name: &'static str,
    about: &'static str,
    settings: PoseSettings,
    gradient: Gradient,
    starts: usize,
}

fn recipes() -> Vec<Recipe> {
    let recipe = |name, about, settings, gradient, starts| Recipe { name, about, settings, gradient, starts };
    let (one, hard) = (1, PoseSettings { color: ColorMode::Hard, ..scheduled() });
    vec![
        recipe(
            "schedule",
            "ours: sigma, gamma and blur from coarse to fine",
            scheduled(),
            Gradient::Complete,
            one,
        ),
        recipe(
            "schedule_restarts",
            "the same, the best of 4 starts",
            scheduled(),
            Gradient::Complete,
            RESTARTS,
        ),
        recipe("no_schedule", "sigma, gamma and blur as at the end", unscheduled(), Gradient::Complete, one),
        recipe(
            "visible_only",
            "with schedule; hidden faces get no gradient",
            scheduled(),
            Gradient::Visible,
            one,
        ),
        recipe(
            "visible_only_no_schedule",
            "without schedule; hidden faces get no gradient",
            unscheduled(),
            Gradient::Visible,
            one,
        ),
        recipe(
            "published_terms",
            "with schedule; the gradient of the paper's code, without d z / d xy and d C / d xy",
            scheduled(),
            Gradient::Published,
            one,
        ),
        recipe("hard_color", "with schedule; the nearest face's color", hard, Gradient::Complete, one),
    ]
}

/// A picture to be explained, and where its fits start.
pub(crate) struct Case {
    pub(crate) truth: Placement,
    pub(crate) starts: Vec<Placement>,
    pub(crate) targets: Targets,
}

impl Case {
    /// Whether one color alone is seen of the cube: then turning it by 90 degrees around that side's normal changes
    /// nothing, and no picture says which of the four poses it is. Pixels at its border are mixed with the background;
    /// those of a second side are not on the line between that and the first side's color.
    fn shows_one_side(&self) -> bool {
        let Some(color) = self.targets.color() else { return false };
        let pixel = |y: usize, x: usize| [0, 1, 2].map(|c| color[[0, c, y, x]] - BACKGROUND[c]);
        let (mut most, mut side) = (0.0, [0.0; 3]);
        for (y, x) in (0..SIZE).flat_map(|y| (0..SIZE).map(move |x| (y, x))) {
            let size = pixel(y, x).iter().map(|c| c * c).sum::<f32>();
            if size > most {
                (most, side) = (size, pixel(y, x));
            }
        }
        (0..SIZE).flat_map(|y| (0..SIZE).map(move |x| (y, x))).all(|(y, x)| {
            let (found, share) = (pixel(y, x), dot(pixel(y, x), side) / most);
            (0..3).all(|c| (found[c] - share * side[c]).abs() < ROUNDING)
        })
    }
}

fn dot(a: [f32; 3], b: [f32; 3]) -> f32 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// Runs the experiment.
pub(super) fn run(setup: &Setup<'_>) -> Result<Findings> {
    let begin = Instant::now();
    let (mesh, camera) = cube()?;
    let count = setup.effort.choose(100, 3);
    let cases = (0..count).map(|i| case(setup, &mesh, camera, i as u64)).collect::<Result<Vec<_>>>()?;

    let visible = VisibleOnly::new(setup.device);
    let (mut methods, mut details, mut series) = (Vec::new(), Map::new(), Vec::new());
    let mut shown = Vec::new();
    for recipe in recipes() {
        let device: &dyn DynRasterizer = match recipe.gradient {
            Gradient::Complete => setup.device,
            Gradient::Visible => &visible,
            Gradient::Published => &PublishedTerms,
        };
        let mut settings = recipe.settings.clone();
        settings.steps = setup.effort.choose(settings.steps, 20);
        let (mut errors, mut found) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for case in &cases {
            let starts = &case.starts[..recipe.starts];
            let mut fit = PoseFit::new(device, &mesh, case.targets.clone(), starts, settings.clone())?;
            fit.run()?;
            let best = fit.best().placement;
            errors.push(best.degrees_from(&case.truth));
            found.push(best);
        }
        (setup.progress)(&format!("{}: mean {:.2} degrees", recipe.name, mean(&errors)));
        let within = |limit: f64| errors.iter().filter(|e| **e <= limit).count() as f64 / count as f64;
        methods.push(Method {
            name: recipe.name,
            about: recipe.about.to_owned(),
            values: vec![mean(&errors), quantile(&errors, 0.5), within(5.0), within(1.0)],
        });
        series.push(Series { name: recipe.name.replace('_', " "), points: shares(&errors) });
        details.insert(format!("degrees_{}", recipe.name), json!(errors));
        if shown.is_empty() {
            shown = found;
        }
    }
    let before: Vec<f64> = cases.iter().map(|c| c.starts[0].degrees_from(&c.truth)).collect();
    details.insert("degrees_start".to_owned(), json!(before));
    let ambiguous: Vec<usize> = (0..count).filter(|&i| cases[i].shows_one_side()).collect();
    details.insert("pictures_of_one_side".to_owned(), json!(ambiguous));

    let errors = Chart {
        x: "degrees from the truth".to_owned(),
        y: "share of the fits at most so far".to_owned(),
        scale: Scale::Linear,
        series,
    };
    let (landscape, basins) = landscape(setup, &mesh, camera)?;
    details.insert("basin_degrees".to_owned(), basins);
    Ok(Findings {
        title: format!("The pose of a colored cube from one picture, {count} random poses"),
        text: vec![
            format!(
                "Pose and start are even over all rotations: the starts are {:.1} degrees off on average. Same \
                 pictures, same starts, same number of steps for every method.",
                mean(&before)
            ),
            answer(&methods),
            format!(
                "{} of the {count} pictures show one side of the cube alone: four poses make the same picture there, and a \
                 fit can only guess among them.",
                ambiguous.len()
            ),
        ],
        columns: vec!["mean_degrees", "median_degrees", "within_5_degrees", "within_1_degree"],
        methods,
        figures: vec![
            Figure::picture(
                "poses",
                "Target, start, and found with schedule",
                gallery(setup, &mesh, camera, &cases, &shown)?,
            ),
            Figure::curves("errors", "How far off the fits end", errors),
            Figure::curves(
                "landscape",
                "The loss over rotation: soft, hard, and hard but blurred",
                landscape,
            ),
        ],
        settings: settings()?,
        details,
        seconds: begin.elapsed().as_secs_f64(),
    })
}

/// Everything that decided the numbers.
fn settings() -> Result<Value> {
    let mut methods = Map::new();
    for recipe in recipes() {
        methods.insert(recipe.name.to_owned(), json!(recipe.settings));
    }
    Ok(json!({
        "size": SIZE,
        "camera": { "distance": DISTANCE, "fov": 30.0 },
        "colors": COLORS,
        "starts": "truth and start: two independent rotations, each even over all rotations",
        "restarts": RESTARTS,
        "methods": methods,
    }))
}

/// The cube in its colors, and the camera that sees it.
pub(crate) fn cube() -> Result<(Mesh, Camera)> {
    let texels = Array3::from_shape_fn((12, 3, 3), |(f, _, k)| COLORS[f / 2][k]);
    let mesh = Sample::Cube.mesh().with_texture(MeshTexture::Corner(texels))?;
    let eye = Vec3::new(0.0, 0.0, DISTANCE as f32);
    Ok((mesh, Camera::look_at(eye, Vec3::ZERO).perspective(Degrees(30.0))))
}

/// Makes picture `i`: it and its starts follow from the seed and `i` alone.
pub(crate) fn case(setup: &Setup<'_>, mesh: &Mesh, camera: Camera, i: u64) -> Result<Case> {
    let mut random = ChaCha8Rng::seed_from_u64(setup.seed);
    random.set_stream(i);
    let truth = Placement::random(&mut random);
    let starts = (0..RESTARTS).map(|_| Placement::random(&mut random)).collect();
    let seen = vec![truth.camera(&camera)?];
    let drawn = Targets::from_mesh(setup.device, mesh, seen, (SIZE, SIZE), BACKGROUND)?;
    let targets = Targets::new(drawn.silhouette().clone(), drawn.color().cloned(), vec![camera])?;
    Ok(Case { truth, starts, targets })
}

pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// The value below which a share `at` of `values` lies; the mean of the two in the middle for an even number and 1/2.
pub(crate) fn quantile(values: &[f64], at: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = at * (sorted.len() - 1) as f64;
    let (low, high) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    low + (high - low) * (place - place.floor())
}

/// The share of `errors` at most d, for d from 0 to 180.
fn shares(errors: &[f64]) -> Vec<(f64, f64)> {
    let share = |d: f64| errors.iter().filter(|e| **e <= d).count() as f64 / errors.len() as f64;
    (0..=180).map(|d| (f64::from(d), share(f64::from(d)))).collect()
}

/// What came out, in words.
fn answer(methods: &[Method]) -> String {
    let of = |name: &str, column: usize| {
        methods.iter().find(|m| m.name == name).map_or(f64::NAN, |m| m.values[column])
    };
    let compare = |what: &str, name: &str| {
        let (ours, theirs) = (of("schedule", 2), of(name, 2));
        let word = if ours > theirs + 0.03 {
            "helps"
        } else if ours < theirs - 0.03 {
            "hurts"
        } else {
            "makes no difference beyond chance"
        };
        format!("{what} {word}: {:.0} % within 5 degrees against {:.0} %.", 100.0 * ours, 100.0 * theirs)
    };
    [
        compare("The schedule", "no_schedule"),
        compare("Gradient to hidden faces", "visible_only"),
        compare("The complete gradient", "published_terms"),
        compare("Soft color", "hard_color"),
        format!(
            "The best of {RESTARTS} starts: {:.0} % within 5 degrees.",
            100.0 * of("schedule_restarts", 2)
        ),
    ]
    .join(" ")
}

/// Three rows: target, start, found.
fn gallery(
    setup: &Setup<'_>,
    mesh: &Mesh,
    camera: Camera,
    cases: &[Case],
    found: &[Placement],
) -> Result<softras_io::RgbFrame> {
    let studio = Studio { device: setup.device, size: (96, 96), background: BACKGROUND, target: None };
    let shown = cases.len().min(10);
    let mut frames = Vec::new();
    for row in 0..3 {
        for (case, found) in cases.iter().zip(found).take(shown) {
            let place = [&case.truth, &case.starts[0], found][row];
            frames.push(studio.draw(mesh, &place.camera(&camera)?)?);
        }
    }
    Ok(picture::grid(&frames, shown, 4, BACKGROUND.map(|c| (c * 255.0).round() as u8))?)
}

/// The loss over a turn around random axes, and how far it falls towards the truth.
fn landscape(setup: &Setup<'_>, mesh: &Mesh, camera: Camera) -> Result<(Chart, Value)> {
    let landscape = Landscape { device: setup.device, mesh, camera, size: 64, background: BACKGROUND };
    let mut random = ChaCha8Rng::seed_from_u64(setup.seed);
    let truths: Vec<(Placement, [f64; 3])> = (0..setup.effort.choose(20, 2))
        .map(|_| {
            let truth = Placement::random(&mut random);
            // The first row of another random rotation is a random direction.
            (truth, Placement::random(&mut random).rotation[0])
        })
        .collect();
    let degrees: Vec<f64> = (-60..=60).map(|i| f64::from(i) * STEP).collect();
    let (mut series, mut basins) = (Vec::new(), Map::new());
    for (name, drawing) in DRAWINGS {
        (setup.progress)(&format!("landscape, {name}"));
        let mut sums = vec![0.0; degrees.len()];
        let mut width = 0.0;
        for (truth, axis) in &truths {
            let turn = |d: &f64| truth.moved(Vec3::from(*axis).scale(d.to_radians()).to_array(), [0.0; 3]);
            let places: Vec<_> = degrees.iter().map(turn).collect();
            let losses = landscape.losses(drawing, truth, &places)?;
            width += basin(&losses) as f64 * STEP / truths.len() as f64;
            let highest = losses.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
            for (sum, loss) in sums.iter_mut().zip(&losses) {
                *sum += loss / highest / truths.len() as f64;
            }
        }
        let points = degrees.iter().copied().zip(sums).collect();
        series.push(Series { name: name.to_owned(), points });
        basins.insert(name.to_owned(), json!(width));
    }
    let chart = Chart {
        x: "degrees from the truth".to_owned(),
        y: "loss, share of its highest".to_owned(),
        scale: Scale::Linear,
        series,
    };
    Ok((chart, Value::Object(basins)))
}
