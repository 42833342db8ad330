use ndarray::*;
use softras_core::math::*;
use softras_core::raster::{Gradients, RasterParams, Rasterizer, Wanted};
use softras_core::reference::Reference;
use softras_core::scene::*;
use softras_core::*;
use softras_cpu::*;
use std::sync::Arc;
use std::time::Instant;
fn rnd(s: &mut u64) -> f64 {
    *s = s.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
    ((*s >> 33) as f64) / (1u64 << 31) as f64
}
fn ico(level: u32) -> (Vec<[f64; 3]>, Vec<[usize; 3]>) {
    let (a, b) = (0.52573, 0.85065);
    let mut v = vec![];
    for s in [-1., 1.] {
        for t in [-1., 1.] {
            v.push([s * a, t * b, 0.]);
            v.push([0., s * a, t * b]);
            v.push([t * b, 0., s * a]);
        }
    }
    let mut f = vec![];
    let d = |p: &[f64; 3], q: &[f64; 3]| {
        ((p[0] - q[0]).powi(2) + (p[1] - q[1]).powi(2) + (p[2] - q[2]).powi(2)).sqrt()
    };
    for i in 0..12 {
        for j in i + 1..12 {
            for k in j + 1..12 {
                if d(&v[i], &v[j]) < 1.1 && d(&v[j], &v[k]) < 1.1 && d(&v[i], &v[k]) < 1.1 {
                    f.push([i, j, k]);
                }
            }
        }
    }
    assert_eq!(f.len(), 20);
    for _ in 0..level {
        let mut m = std::collections::HashMap::new();
        let mut g = vec![];
        for t in &f {
            let mut mid = |i: usize, j: usize| {
                let key = (i.min(j), i.max(j));
                *m.entry(key).or_insert_with(|| {
                    let mut p = [0.; 3];
                    for c in 0..3 {
                        p[c] = v[i][c] + v[j][c];
                    }
                    let n = (p[0] * p[0] + p[1] * p[1] + p[2] * p[2]).sqrt();
                    v.push([p[0] / n, p[1] / n, p[2] / n]);
                    v.len() - 1
                })
            };
            let (a, b, c) = (mid(t[0], t[1]), mid(t[1], t[2]), mid(t[2], t[0]));
            g.extend([[t[0], a, c], [a, t[1], b], [c, b, t[2]], [a, b, c]]);
        }
        f = g;
    }
    (v, f)
}
fn main() {
    let mut s = 7u64;
    let n = 30;
    let corners =
        Array3::from_shape_fn(
            (n, 3, 3),
            |(_, _, i)| if i == 2 { 2. + 3. * rnd(&mut s) } else { 2. * rnd(&mut s) - 1. },
        );
    for kind in [TextureKind::Vertex, TextureKind::Surface { side: 3 }] {
        for d in Distance::BUILT_IN {
            for si in Silhouette::BUILT_IN {
                for co in Color::BUILT_IN {
                    for it in [Interpolation::Perspective, Interpolation::Screen] {
                        let tex = Array3::from_shape_fn((20, kind.texels(), 3), |_| rnd(&mut s));
                        let faces = Faces::packed(
                            corners.clone(),
                            vec![
                                Picture { faces: 0..15, first_texture: 2 },
                                Picture { faces: 15..30, first_texture: 3 },
                            ],
                        )
                        .unwrap()
                        .with_textures(Textures::new(kind, tex).unwrap())
                        .unwrap();
                        let p = RasterParams::<f64>::new(37, 21)
                            .sigma(3e-3)
                            .gamma(0.02)
                            .far(6.)
                            .distance(d.clone())
                            .silhouette(si.clone())
                            .color(co.clone())
                            .interpolation(it)
                            .background(&[0.2, 0.5, 0.1]);
                        let (ia, sa) = Rasterizer::forward(&Reference, &faces, &p).unwrap();
                        let (ib, sb) = Rasterizer::<f64>::forward(&CpuRasterizer::new(), &faces, &p).unwrap();
                        let e = |a: &[f64], b: &[f64]| {
                            a.iter().zip(b).map(|(x, y)| (x - y).abs()).fold(0., f64::max)
                        };
                        let e1 = e(
                            ia.color.as_ref().unwrap().as_slice().unwrap(),
                            ib.color.as_ref().unwrap().as_slice().unwrap(),
                        );
                        let e2 = e(
                            ia.silhouette.as_ref().unwrap().as_slice().unwrap(),
                            ib.silhouette.as_ref().unwrap().as_slice().unwrap(),
                        );
                        let g = ImageGrad {
                            color: Some(ia.color.as_ref().unwrap().map(|_| rnd(&mut s) - 0.5)),
                            silhouette: Some(ia.silhouette.as_ref().unwrap().map(|_| rnd(&mut s) - 0.5)),
                        };
                        let (mut ga, mut gb) = (Gradients::default(), Gradients::default());
                        Rasterizer::backward_into(&Reference, &sa, &g, Wanted::ALL, &mut ga).unwrap();
                        Rasterizer::backward_into(&CpuRasterizer::new(), &sb, &g, Wanted::ALL, &mut gb)
                            .unwrap();
                        let r = [
                            e(
                                ga.corners.as_ref().unwrap().as_slice().unwrap(),
                                gb.corners.as_ref().unwrap().as_slice().unwrap(),
                            ),
                            e(
                                ga.textures.as_ref().unwrap().as_slice().unwrap(),
                                gb.textures.as_ref().unwrap().as_slice().unwrap(),
                            ),
                            e(
                                ga.background.as_ref().unwrap().as_slice().unwrap(),
                                gb.background.as_ref().unwrap().as_slice().unwrap(),
                            ),
                            e(
                                ga.sigma.as_ref().unwrap().as_slice().unwrap(),
                                gb.sigma.as_ref().unwrap().as_slice().unwrap(),
                            ),
                            e(
                                ga.gamma.as_ref().unwrap().as_slice().unwrap(),
                                gb.gamma.as_ref().unwrap().as_slice().unwrap(),
                            ),
                            e(
                                ga.epsilon.as_ref().unwrap().as_slice().unwrap(),
                                gb.epsilon.as_ref().unwrap().as_slice().unwrap(),
                            ),
                        ];
                        let worst = r.iter().fold(e1.max(e2), |a, &b| a.max(b));
                        if worst > 1e-9 || sa.pairs() != sb.pairs() {
                            println!(
                                "{kind:?} {} {} {} {e1:.1e} {e2:.1e} {r:?} pairs {} {}",
                                d.name(),
                                si.name(),
                                co.name(),
                                sa.pairs(),
                                sb.pairs()
                            );
                        }
                    }
                }
            }
        }
    }
    for (level, size, sigma) in [(3, 64, 1e-4f32), (4, 256, 1e-4), (4, 256, 1e-3), (6, 512, 1e-5)] {
        let (v, f) = ico(level);
        let t = (15f64).to_radians().tan();
        let pr = |p: &[f64; 3]| {
            let z = 2.732 - p[2] * 0.5;
            [(p[0] * 0.5 / (z * t)) as f32, (p[1] * 0.5 / (z * t)) as f32, z as f32]
        };
        let c = Array3::from_shape_fn((f.len(), 3, 3), |(i, k, j)| pr(&v[f[i][k]])[j]);
        let tex = Array3::from_shape_fn((f.len(), 3, 3), |_| rnd(&mut s) as f32);
        let faces = Arc::new(
            Faces::new(c).unwrap().with_textures(Textures::new(TextureKind::Vertex, tex).unwrap()).unwrap(),
        );
        let p = RasterParams::<f32>::new(size, size).sigma(sigma);
        let (mut im, mut sv) = (Image::<f32>::default(), CpuSaved::<f32>::default());
        let r = CpuRasterizer::new();
        let mut g = Gradients::<f32>::default();
        let (mut tf, mut tb) = (f64::MAX, f64::MAX);
        for _ in 0..5 {
            let t0 = Instant::now();
            r.forward_into(&faces, &p, &mut im, &mut sv).unwrap();
            tf = tf.min(t0.elapsed().as_secs_f64());
            let ig = ImageGrad {
                color: im.color.as_ref().map(|c| c.map(|_| 1.0)),
                silhouette: im.silhouette.as_ref().map(|c| c.map(|_| 1.0)),
            };
            let t0 = Instant::now();
            r.backward_into(&sv, &ig, Wanted::default(), &mut g).unwrap();
            tb = tb.min(t0.elapsed().as_secs_f64());
        }
        println!(
            "level {level} size {size} sigma {sigma:e}: pairs {} fwd {:.2} ms bwd {:.2} ms",
            sv.pairs(),
            tf * 1e3,
            tb * 1e3
        );
    }
}
