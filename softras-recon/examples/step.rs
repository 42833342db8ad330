//! Times the pictures of one published training step: 64 pairs, 128 meshes of 642 vertices, 256 pictures of 64 x 64, drawn
//! and back, on the CPU. `cargo run -p softras-recon --release --example step`

use std::error::Error;
use std::io::Write;
use std::time::Instant;

use ndarray::{Array3, Array4};
use softras_core::raster::Outputs;
use softras_cpu::CpuRasterizer;
use softras_io::icosphere;
use softras_recon::data::{PIXELS, VIEWS, cameras};
use softras_recon::loss::{Colors, PairLoss, PairTargets};
use softras_recon::settings::{LossWeights, ReconSettings};

const PAIRS: usize = 64;
const ROUNDS: usize = 7;

fn main() -> Result<(), Box<dyn Error>> {
    let sphere = icosphere(3)?;
    let count = sphere.vertices().nrows();
    let loss = PairLoss::new(sphere.triangles().to_vec(), count, cameras(), LossWeights::default())?;
    let noise = |i: usize| (i as f32 * 0.754_877_7).fract();
    // Dented spheres of radius 0.25 and more, against boxes.
    let vertices = Array3::from_shape_fn((2 * PAIRS, count, 3), |(n, v, k)| {
        sphere.vertices()[[v, k]] * (0.25 + 0.15 * noise(n) + 0.02 * noise(n * count + v))
    });
    let views: Vec<usize> = (0..PAIRS).map(|i| i * 7 % VIEWS).collect();
    let other: Vec<usize> = (0..PAIRS).map(|i| i * 5 % VIEWS).collect();
    let picture = Array4::from_shape_fn((PAIRS, 4, PIXELS, PIXELS), |(_, _, y, x)| {
        f32::from(u8::from((16..48).contains(&y) && (12..52).contains(&x)))
    });
    let targets = PairTargets {
        views_a: &views,
        views_b: &other,
        pictures_a: picture.view(),
        pictures_b: picture.view(),
    };
    let colors = Colors::Vertex(Array3::from_elem((2 * PAIRS, count, 3), 0.5));
    let settings = ReconSettings::default();
    for (name, colors) in [("silhouettes", None), ("silhouettes and colors", Some(&colors))] {
        let params = settings.raster(0.0, PairLoss::outputs(colors));
        let mut times = Vec::new();
        let mut total = 0.0;
        for _ in 0..ROUNDS {
            let start = Instant::now();
            total = loss.loss(&CpuRasterizer, &params, vertices.view(), colors, &targets)?.total;
            times.push(start.elapsed().as_secs_f64() * 1e3);
        }
        times.sort_by(f64::total_cmp);
        let pictures =
            if params.get_outputs() == &Outputs::Both { "color and silhouette" } else { "silhouette" };
        writeln!(
            std::io::stdout(),
            "{name}: 256 pictures ({pictures}) forward and backward, with projection and the losses: median {:.0} ms, best \
             {:.0} ms (loss {total:.4})",
            times[ROUNDS / 2],
            times[0]
        )?;
    }
    Ok(())
}
