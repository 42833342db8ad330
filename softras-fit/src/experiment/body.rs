//! A hand hidden behind the back must come forward to match the picture: [`run`].
//!
//! Start, target, cameras and seed stand in `body/scene.json`, which was committed before the first fit and has not been
//! changed since. What was tuned are the settings below, the same for every method; baselines differ from ours in what
//! their name says and nothing else.

use std::collections::BTreeMap;
use std::time::Instant;

use ndarray::Array2;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use softras_core::math::Vec3;
use softras_core::raster::DynRasterizer;
use softras_core::scene::{Camera, Degrees, Mesh, MeshTexture, Orbit};
use softras_io::{RgbFrame, SkinnedBody, SkinnedMesh, load_body, picture, save_skinned_glb};

use super::Setup;
use super::chart::{Chart, Scale, Series};
use super::findings::{Figure, Findings, Method};
use super::visible::VisibleOnly;
use crate::body::{BodyFit, BodyLoss, BodySettings, BodyState, joint, main_joints, part_colors};
use crate::error::{Error, Result};
use crate::report::Studio;
use crate::targets::{Targets, draw_hard, orbit_camera};

/// The file of the data.
const FILE: &str = "makehuman_cmu31_lbs.npz";
/// Behind the body.
const BACKGROUND: [f32; 3] = [0.0; 3];
/// What the hand must reach, in percent of the body's height.
const REACH: f64 = 3.0;
/// Pixels along a side of the pictures of the page.
const SHOWN: usize = 224;
/// States of a fit that the page shows.
const MOMENTS: usize = 6;

/// What the experiment is about.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Scene {
    about: String,
    start: Stand,
    target: Stand,
    camera: Seen,
    size: usize,
    starts: Starts,
    /// The joints whose parts are the hand.
    hand: Vec<String>,
    /// The joint whose place is measured.
    measured: String,
    /// Added to that of the setup.
    seed: u64,
}

/// How the body stands: joints that turn, and where it is moved.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Stand {
    turns: BTreeMap<String, [f32; 3]>,
    translation: [f32; 3],
}

/// Cameras around the body, the first one in front of it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Seen {
    distance: f32,
    fov: f32,
    elevation: f32,
    azimuths: Vec<f32>,
}

/// How many starts there are; in all but the first every joint is turned by a random vector of deviation `jitter`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Starts {
    count: usize,
    jitter: f64,
}

impl Scene {
    fn read() -> Result<Self> {
        serde_json::from_str(include_str!("body/scene.json"))
            .map_err(|e| Error::setting("scene of the experiment", e, "the file as it was committed"))
    }

    fn cameras(&self) -> Vec<Camera> {
        let Seen { distance, fov, elevation, azimuths } = &self.camera;
        let camera = |&azimuth: &f32| {
            let orbit = Orbit::new(*distance, Degrees(*elevation), Degrees(azimuth));
            orbit_camera(&orbit, Vec3::ZERO).perspective(Degrees(*fov))
        };
        azimuths.iter().map(camera).collect()
    }

    /// Start number `i`: it follows from the seed and `i` alone.
    fn start(&self, body: &SkinnedBody, seed: u64, i: u64) -> Result<BodyState> {
        let mut state = self.start.state(body)?;
        if i > 0 {
            let mut random = ChaCha8Rng::seed_from_u64(seed.wrapping_add(self.seed));
            random.set_stream(i);
            // Even over an interval of this deviation.
            let reach = 3_f64.sqrt() * self.starts.jitter;
            for x in state.turns.as_flattened_mut() {
                let unit = (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
                *x += (reach * (2.0 * unit - 1.0)) as f32;
            }
        }
        Ok(state)
    }
}

impl Stand {
    fn state(&self, body: &SkinnedBody) -> Result<BodyState> {
        let turns = self.turns.iter().map(|(name, &turn)| (name.as_str(), turn));
        Ok(BodyState { translation: self.translation, ..BodyState::turned(body, turns)? })
    }
}

/// The recommended settings, those of `softras body`: pictures from soft and blurred to sharp.
fn scheduled() -> BodySettings {
    BodySettings { background: BACKGROUND, ..BodySettings::default() }
}

/// Which faces get a gradient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reached {
    All,
    Visible,
}

/// A method: name, what it is, number of pictures, settings, gradient.
struct Recipe {
    name: &'static str,
    about: &'static str,
    views: usize,
    settings: BodySettings,
    reached: Reached,
}

fn recipes() -> Vec<Recipe> {
    let recipe = |name, about, views, settings, reached| Recipe { name, about, views, settings, reached };
    let alone = || BodySettings { loss: BodyLoss { silhouette: 20.0, color: 0.0 }, ..scheduled() };
    vec![
        recipe("one_view", "ours: one picture", 1, scheduled(), Reached::All),
        recipe("three_views", "ours: three pictures", 3, scheduled(), Reached::All),
        recipe(
            "one_view_visible_only",
            "one picture; hidden faces get no gradient",
            1,
            scheduled(),
            Reached::Visible,
        ),
        recipe(
            "three_views_visible_only",
            "three pictures; hidden faces get no gradient",
            3,
            scheduled(),
            Reached::Visible,
        ),
        recipe("one_view_silhouette", "one silhouette, no part colors", 1, alone(), Reached::All),
    ]
}

/// What all fits share.
struct Bench<'a> {
    setup: &'a Setup<'a>,
    scene: &'a Scene,
    body: &'a SkinnedBody,
    colors: Array2<f32>,
    height: f64,
    hand: usize,
    truth: BodyState,
    starts: Vec<BodyState>,
    cameras: Vec<Camera>,
    size: usize,
}

/// One fit, from its start to its end.
struct Course {
    /// Of every step: how it stood before it. The last is the end.
    states: Vec<BodyState>,
    losses: Vec<f64>,
    hands: Vec<f64>,
}

impl Bench<'_> {
    fn colored(&self, state: &BodyState) -> Result<Mesh> {
        Ok(state.mesh(self.body)?.with_texture(MeshTexture::Vertex(self.colors.clone()))?)
    }

    /// How far the hand, and the joints on average, are from the truth, in percent of the height.
    fn errors(&self, state: &BodyState) -> Result<(f64, f64)> {
        let (found, truth) = (state.joints(self.body)?, self.truth.joints(self.body)?);
        let far: Vec<f64> = found
            .iter()
            .zip(&truth)
            .map(|(a, b)| 100.0 * f64::from((*a - *b).norm()) / self.height)
            .collect();
        Ok((far[self.hand], mean(&far)))
    }

    /// How many pixels the hand holds in the hard picture of the first camera.
    fn hand_pixels(&self, state: &BodyState) -> Result<f64> {
        let hand = self.scene.hand.iter().map(|name| joint(self.body, name)).collect::<Result<Vec<_>>>()?;
        let marks: Vec<f32> =
            main_joints(self.body).iter().map(|k| f32::from(u8::from(hand.contains(k)))).collect();
        let marks = Array2::from_shape_fn((marks.len(), 3), |(v, _)| marks[v]);
        let mesh = state.mesh(self.body)?.with_texture(MeshTexture::Vertex(marks))?;
        let size = (self.size, self.size);
        let drawn = draw_hard(self.setup.device, &mesh, &self.cameras[0], size, BACKGROUND)?;
        let color = drawn.color.unwrap_or_default();
        Ok(color.iter().map(|x| f64::from(*x)).sum::<f64>() / 3.0)
    }

    fn fit(
        &self,
        device: &dyn DynRasterizer,
        targets: &Targets,
        start: &BodyState,
        settings: &BodySettings,
    ) -> Result<Course> {
        let (colors, targets) = (self.colors.clone(), targets.clone());
        let mut fit = BodyFit::new(device, self.body, colors, targets, start.clone(), settings.clone())?;
        let mut course = Course { states: vec![start.clone()], losses: Vec::new(), hands: Vec::new() };
        course.hands.push(self.errors(start)?.0);
        while !fit.is_done() {
            course.losses.push(fit.step()?);
            course.states.push(fit.state().clone());
            course.hands.push(self.errors(fit.state())?.0);
        }
        Ok(course)
    }
}

/// Runs the experiment.
pub(super) fn run(setup: &Setup<'_>) -> Result<Findings> {
    let begin = Instant::now();
    let scene = Scene::read()?;
    let body = load_body(setup.data("body")?.join(FILE))?;
    let count = setup.effort.choose(scene.starts.count, 1);
    let bench = Bench {
        setup,
        scene: &scene,
        body: &body,
        colors: part_colors(&body),
        height: crate::body::height(&BodyState::rest(&body).mesh(&body)?),
        hand: joint(&body, &scene.measured)?,
        truth: scene.target.state(&body)?,
        starts: (0..count as u64).map(|i| scene.start(&body, setup.seed, i)).collect::<Result<_>>()?,
        cameras: scene.cameras(),
        size: setup.effort.choose(scene.size, 32),
    };
    let hidden: Vec<f64> = bench.starts.iter().map(|s| bench.hand_pixels(s)).collect::<Result<_>>()?;
    let before: Vec<(f64, f64)> = bench.starts.iter().map(|s| bench.errors(s)).collect::<Result<_>>()?;
    let targets = Targets::from_mesh(
        setup.device,
        &bench.colored(&bench.truth)?,
        bench.cameras.clone(),
        (bench.size, bench.size),
        BACKGROUND,
    )?;

    let visible = VisibleOnly::new(setup.device);
    let (mut methods, mut details, mut courses) = (Vec::new(), Map::new(), Vec::new());
    for recipe in recipes() {
        let since = Instant::now();
        let device: &dyn DynRasterizer = match recipe.reached {
            Reached::All => setup.device,
            Reached::Visible => &visible,
        };
        let mut settings = recipe.settings.clone();
        settings.steps = setup.effort.choose(settings.steps, 3);
        let seen = targets.select(&(0..recipe.views).collect::<Vec<_>>())?;
        let mut own = Vec::with_capacity(count);
        for start in &bench.starts {
            own.push(bench.fit(device, &seen, start, &settings)?);
        }
        let ends: Vec<(f64, f64)> =
            own.iter().map(|c| bench.errors(&c.states[c.losses.len()])).collect::<Result<_>>()?;
        let hands: Vec<f64> = ends.iter().map(|e| e.0).collect();
        let within = hands.iter().filter(|h| **h <= REACH).count() as f64 / count as f64;
        let method = Method {
            name: recipe.name,
            about: recipe.about.to_owned(),
            values: vec![
                mean(&hands),
                hands.iter().copied().fold(0.0, f64::max),
                within,
                mean(&ends.iter().map(|e| e.1).collect::<Vec<_>>()),
                mean(&before.iter().map(|e| e.0).collect::<Vec<_>>()),
                mean(&before.iter().map(|e| e.1).collect::<Vec<_>>()),
            ],
        };
        (setup.progress)(&format!("{:.0} s", since.elapsed().as_secs_f64()));
        methods.push(super::fitting::row(setup, method));
        details.insert(format!("hands_{}", recipe.name), json!(hands));
        courses.push((recipe, own));
    }
    details.insert("hands_start".to_owned(), json!(before.iter().map(|e| e.0).collect::<Vec<_>>()));
    details.insert("hand_pixels_start".to_owned(), json!(hidden));
    details.insert("hand_pixels_target".to_owned(), json!(bench.hand_pixels(&bench.truth)?));
    details.insert("height".to_owned(), json!(bench.height));
    let found: Map<String, Value> =
        courses.iter().map(|(r, own)| (r.name.to_owned(), json!(own[0].states.last()))).collect();
    details.insert("found".to_owned(), Value::Object(found));
    for (recipe, own) in courses.iter().take(2) {
        if let Some(state) = own[0].states.last() {
            let mut skinned = SkinnedMesh::from_body(&body, &state.pose())?;
            skinned.mesh = skinned.mesh.with_texture(MeshTexture::Vertex(bench.colors.clone()))?;
            save_skinned_glb(setup.folder.file(&format!("{}.glb", recipe.name)), &skinned)?;
        }
    }
    Ok(Findings {
        title: "A hand hidden behind the back comes forward".to_owned(),
        text: vec![
            format!(
                "The left hand starts behind the back, {:.1} pixels of it seen from in front, and must come before \
                 the chest; other joints move, too. All {} joints and the translation are free. Errors are distances \
                 of joints in percent of the body's height; the hand's is that of its wrist. Means are over {count} \
                 start(s): the first is the one of the committed scene, in the others every joint is turned at random.",
                hidden[0],
                body.body.joint_count()
            ),
            answer(&methods),
        ],
        columns: vec![
            "hand_after",
            "hand_worst",
            "within_3_percent",
            "joints_after",
            "hand_before",
            "joints_before",
        ],
        methods,
        figures: figures(&bench, &courses)?,
        settings: settings(&scene)?,
        details,
        seconds: begin.elapsed().as_secs_f64(),
    })
}

/// Everything that decided the numbers.
fn settings(scene: &Scene) -> Result<Value> {
    let methods: Map<String, Value> =
        recipes().into_iter().map(|r| (r.name.to_owned(), json!(r.settings))).collect();
    Ok(json!({ "scene": scene, "background": BACKGROUND, "reach_percent": REACH, "methods": methods }))
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// What came out, in words.
fn answer(methods: &[Method]) -> String {
    let say = |method: &Method| {
        let word = if method.values[1] <= REACH {
            "comes forward from every start"
        } else if method.values[2] > 0.0 {
            "comes forward from some starts"
        } else {
            "does not arrive"
        };
        let name = method.name.replace('_', " ");
        format!(
            "{name}: the hand {word} ({:.2} % off, at worst {:.2} %).",
            method.values[0], method.values[1]
        )
    };
    methods.iter().map(say).collect::<Vec<_>>().join(" ")
}

/// The bodies, two fits under way, and their curves.
fn figures(bench: &Bench<'_>, courses: &[(Recipe, Vec<Course>)]) -> Result<Vec<Figure>> {
    let size = bench.setup.effort.choose(SHOWN, 48);
    let studio =
        Studio { device: bench.setup.device, size: (size, size), background: BACKGROUND, target: None };
    let draw = |state: &BodyState, camera: &Camera| studio.draw(&bench.colored(state)?, camera);
    let mut bodies: Vec<RgbFrame> = Vec::new();
    let ends = courses.iter().take(4).filter_map(|(_, own)| own[0].states.last());
    for state in [&bench.truth, &bench.starts[0]].into_iter().chain(ends) {
        for camera in &bench.cameras {
            bodies.push(draw(state, camera)?);
        }
    }
    let mut film = Vec::new();
    for name in ["one_view", "one_view_visible_only"] {
        for (_, own) in courses.iter().filter(|(recipe, _)| recipe.name == name) {
            let states = &own[0].states;
            for i in 0..MOMENTS {
                film.push(draw(&states[i * (states.len() - 1) / (MOMENTS - 1)], &bench.cameras[0])?);
            }
        }
    }
    let curves = |pick: &dyn Fn(&Course) -> Vec<f64>| -> Vec<Series> {
        let series = |(recipe, own): &(Recipe, Vec<Course>)| Series {
            name: recipe.name.replace('_', " "),
            points: pick(&own[0]).into_iter().enumerate().map(|(i, y)| (i as f64, y)).collect(),
        };
        courses.iter().map(series).collect()
    };
    let chart = |y: &str, scale, series| Chart { x: "step".to_owned(), y: y.to_owned(), scale, series };
    Ok(vec![
        Figure::picture(
            "bodies",
            "Target, start, one view, three views, one view visible-only, three views visible-only; a row each, from \
             the three cameras",
            picture::grid(&bodies, bench.cameras.len(), 4, [64; 3])?,
        ),
        Figure::picture(
            "film",
            "From one picture, under way: ours above, visible-only below",
            picture::grid(&film, MOMENTS, 4, [64; 3])?,
        ),
        Figure::curves(
            "hand",
            "How far the hand is off, from the first start",
            chart("percent of the height", Scale::Linear, curves(&|c| c.hands.clone())),
        ),
        Figure::curves(
            "loss",
            "The loss; those without color or with another blur are no comparison",
            chart("loss", Scale::Logarithmic, curves(&|c| c.losses.clone())),
        ),
    ])
}
