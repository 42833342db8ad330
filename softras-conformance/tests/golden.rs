//! The outside pictures, drawn by the reference: tile by tile, since all faces at all pixels would take half an hour.

use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use ndarray::Array3;
use softras_conformance::law::Context;
use softras_conformance::{Rung, Settings, Subject, laws};
use softras_core::raster::{Capabilities, Gradients, Info, PerPicture, RasterParams, Rasterizer, Wanted};
use softras_core::reference::Reference;
use softras_core::scene::Faces;
use softras_core::{Error, Image, ImageGrad, Result};

/// Pixels along a side of a tile.
const TILE: usize = 16;

/// The reference in `f64`, on tiles: each is a picture of its own, of the faces that reach it (the law
/// `symmetry::of_place_and_scale`). Silhouettes alone, and no gradients.
struct Tiled;

impl Rasterizer<f32> for Tiled {
    type Saved = ();

    fn info(&self) -> Info {
        Info { backend: "tiled reference".to_owned(), ..Rasterizer::<f32>::info(&Reference) }
    }

    fn capabilities(&self) -> Capabilities {
        Rasterizer::<f32>::capabilities(&Reference)
    }

    fn forward_into(
        &self,
        faces: &Arc<Faces<f32>>,
        params: &RasterParams<f32>,
        image: &mut Image<f32>,
        (): &mut (),
    ) -> Result<()> {
        let (w, h) = (params.width(), params.height());
        let &PerPicture::Same(sigma) = params.get_sigma() else {
            return Err(Error::parameter("sigma", "one each", "one"));
        };
        let reach = (9.3 * f64::from(sigma)).sqrt();
        let mut alpha = Array3::<f32>::zeros((faces.batch(), h, w));
        for (b, picture) in faces.pictures().iter().enumerate() {
            let corners: Vec<[[f64; 3]; 3]> =
                picture.faces.clone().map(|f| faces.face(f).map(|c| c.map(f64::from))).collect();
            for (row, column) in (0..h).step_by(TILE).flat_map(|y| (0..w).step_by(TILE).map(move |x| (y, x)))
            {
                // The middle of the tile, half its side, and by how much it is magnified.
                let side = TILE as f64 / h as f64;
                let x = (2.0 * column as f64 + TILE as f64 - w as f64) / h as f64;
                let y = (h as f64 - TILE as f64 - 2.0 * row as f64) / h as f64;
                let near = |face: &&[[f64; 3]; 3]| {
                    let span = |i: usize| {
                        face.iter().fold((f64::MAX, f64::MIN), |(a, b), c| (a.min(c[i]), b.max(c[i])))
                    };
                    let hits = |(low, high): (f64, f64), at: f64| {
                        low - reach < at + side && high + reach > at - side
                    };
                    hits(span(0), x) && hits(span(1), y)
                };
                let own: Vec<_> = corners.iter().filter(near).collect();
                let k = 1.0 / side;
                let moved = Array3::from_shape_fn((own.len(), 3, 3), |(f, c, i)| match i {
                    0 => (own[f][c][0] - x) * k,
                    1 => (own[f][c][1] - y) * k,
                    _ => own[f][c][2],
                });
                let settings = params.cast::<f64>().size(TILE, TILE).sigma(f64::from(sigma) * k * k);
                let (tile, _) = Rasterizer::<f64>::forward(&Reference, &Faces::new(moved)?, &settings)?;
                for ((_, y, x), &a) in tile.silhouette.iter().flat_map(|t| t.indexed_iter()) {
                    alpha[[b, row + y, column + x]] = a as f32;
                }
            }
        }
        image.silhouette = Some(alpha);
        Ok(())
    }

    fn backward_into(&self, (): &(), _: &ImageGrad<f32>, _: Wanted, _: &mut Gradients<f32>) -> Result<()> {
        Err(Error::Unsupported {
            backend: "tiled reference".to_owned(),
            what: "gradients".to_owned(),
            supported: "pictures".to_owned(),
        })
    }
}

/// Checks a law on the tiled reference.
fn holds(name: &str, settings: &Settings) -> core::result::Result<(), Failed> {
    let subject = Subject::single(Tiled).rung(Rung::Scalar);
    let law = laws::find(name).ok_or_else(|| format!("there is no law {name}"))?;
    let data = settings.data.clone();
    let context = Context { subject: &subject, law: law.name, cases: 1, seed: 0, shrink: 0, data };
    (law.run)(&context).map(drop).map_err(|broken| format!("{name}: {broken}").into())
}

fn main() -> std::process::ExitCode {
    let settings = match Settings::from_environment() {
        Ok(settings) => settings,
        Err(why) => {
            eprintln!("{why}");
            return std::process::ExitCode::FAILURE;
        }
    };
    let missing = settings.data.is_none();
    let needed = settings.require.iter().any(|name| name == "data");
    let trials = ["golden::blenders_teapot", "golden::pytorch3d_silhouettes", "golden::deformation_demo"]
        .map(|name| {
            let settings = settings.clone();
            let check = move || match settings.data {
                Some(_) => holds(name, &settings),
                None => Err("no data, and SOFTRAS_REQUIRE asks for it".into()),
            };
            let trial = Trial::test(name, check).with_ignored_flag(missing && !needed);
            if missing { trial.with_kind("no data") } else { trial }
        });
    libtest_mimic::run(&Arguments::from_args(), trials.into()).exit_code()
}
