//! Several devices as one: each draws a run of the pictures of a batch, with the same bits as one device.
//!
//! Pictures share nothing but texture rows. Where pictures of two devices share some, the sums of one device go on from
//! those of the device before, so that they are added in the order of one device.

use core::ops::Range;
use std::sync::Arc;

use ndarray::{Array1, Array3, Axis, Slice};
use softras_core::raster::{
    Capabilities, Gradients, Info, PerPicture, Plan, RasterParams, Rasterizer, Wanted,
};
use softras_core::scene::{Faces, Picture, Textures};
use softras_core::{Error, Image, ImageGrad, Result};

use crate::error::BACKEND;
use crate::{CudaRasterizer, CudaSaved};

/// The CUDA back end on several devices at once: a batch is cut into runs of pictures, one a device.
#[derive(Clone, Debug)]
pub struct CudaShards {
    devices: Vec<CudaRasterizer>,
}

/// What [`CudaShards`] keeps of a batch.
#[derive(Debug, Default)]
pub struct CudaShardsSaved {
    drawn: Option<Drawn>,
}

#[derive(Debug)]
struct Drawn {
    faces: Arc<Faces>,
    plan: Plan<f32>,
    weights: usize,
    shards: Vec<Shard>,
}

/// What one device draws.
#[derive(Debug)]
struct Shard {
    pictures: Range<usize>,
    /// Its faces, of those of the batch.
    faces: Range<usize>,
    /// Its texture rows, of those of the batch.
    rows: Range<usize>,
    image: Image,
    saved: CudaSaved,
}

impl CudaShards {
    /// Draws on `devices`, in their order; a device may be named more than once.
    ///
    /// # Errors
    /// `Parameter` if there are none.
    pub fn new(devices: Vec<CudaRasterizer>) -> Result<Self> {
        if devices.is_empty() {
            return Err(Error::parameter("devices", "none", "one at least"));
        }
        Ok(Self { devices })
    }
}

/// The run of a batch that device `i` of `count` draws.
fn run_of(batch: usize, i: usize, count: usize) -> Range<usize> {
    batch * i / count..batch * (i + 1) / count
}

/// The faces of a run of pictures as a batch of its own, and where they were.
fn cut(faces: &Faces, pictures: &Range<usize>) -> Result<(Faces, Range<usize>, Range<usize>)> {
    let own = &faces.pictures()[pictures.clone()];
    let range = own.first().map_or(0, |p| p.faces.start)..own.last().map_or(0, |p| p.faces.end);
    let rows = own.iter().map(|p| p.first_texture).min().unwrap_or(0)
        ..own.iter().map(|p| p.first_texture + p.faces.len()).max().unwrap_or(0);
    let rows = if faces.textures().is_some() { rows } else { 0..0 };
    let moved = own.iter().map(|p| Picture {
        faces: p.faces.start - range.start..p.faces.end - range.start,
        first_texture: p.first_texture.saturating_sub(rows.start),
    });
    let corners = faces.corners().slice_axis(Axis(0), Slice::from(range.clone())).to_owned();
    let absent = Array1::from_iter(range.clone().map(|f| faces.is_absent(f)));
    let mut cut = Faces::packed(corners, moved.collect())?.with_front(faces.front()).with_absent(absent)?;
    if let Some(textures) = faces.textures() {
        let texels = textures.texels().slice_axis(Axis(0), Slice::from(rows.clone())).to_owned();
        cut = cut.with_textures(Textures::new(textures.kind(), texels)?)?;
    }
    Ok((cut, range, rows))
}

/// The parameters of a run of pictures.
fn params_of(params: &RasterParams, pictures: &Range<usize>) -> RasterParams {
    let mut own = params.clone();
    macro_rules! each {
        ($($get:ident, $set:ident;)+) => {$(
            if let PerPicture::Each(values) = params.$get() {
                own = own.$set(values[pictures.clone()].to_vec());
            }
        )+};
    }
    each! {
        get_sigma, sigma_each;
        get_gamma, gamma_each;
        get_epsilon, epsilon_each;
        get_distribution_shape, distribution_shape_each;
        get_t_conorm_shape, t_conorm_shape_each;
    }
    let background = params.get_background();
    if background.nrows() > 1 {
        own = own.background_each(background.slice_axis(Axis(0), Slice::from(pictures.clone())).to_owned());
    }
    own
}

/// Runs `work` on every shard, each on a thread of its own; the first error in their order is returned.
fn at_once<T: Send, U: Send>(items: Vec<T>, work: impl Fn(T) -> Result<U> + Sync) -> Result<Vec<U>> {
    let results: Vec<Result<U>> = std::thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> = items.into_iter().map(|item| scope.spawn(move || work(item))).collect();
        let join = |thread: std::thread::ScopedJoinHandle<'_, Result<U>>| match thread.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        threads.into_iter().map(join).collect()
    });
    results.into_iter().collect()
}

impl Rasterizer<f32> for CudaShards {
    type Saved = CudaShardsSaved;

    fn info(&self) -> Info {
        let infos: Vec<Info> = self.devices.iter().map(|d| d.info()).collect();
        let join = |f: fn(&Info) -> &str| infos.iter().map(f).collect::<Vec<_>>().join(" + ");
        Info { backend: BACKEND.to_owned(), device: join(|i| &i.device), details: join(|i| &i.details) }
    }

    fn capabilities(&self) -> Capabilities {
        self.devices[0].capabilities()
    }

    fn forward_into(
        &self,
        faces: &Arc<Faces>,
        params: &RasterParams,
        image: &mut Image,
        saved: &mut CudaShardsSaved,
    ) -> Result<()> {
        saved.drawn = None;
        let plan = Plan::new(faces, params)?;
        self.capabilities().check(BACKEND, faces, params)?;
        image.fit(&plan);
        let count = self.devices.len();
        let runs = self.devices.iter().enumerate().map(|(i, d)| (d, run_of(plan.batch, i, count)));
        let runs = runs.filter(|(_, pictures)| !pictures.is_empty()).collect();
        let shards = at_once(runs, |(device, pictures): (&CudaRasterizer, Range<usize>)| {
            let (own, range, rows) = cut(faces, &pictures)?;
            let (mut image, mut saved) = (Image::default(), CudaSaved::default());
            let params = params_of(params, &pictures);
            device.forward_into(&Arc::new(own), &params, &mut image, &mut saved)?;
            Ok(Shard { pictures, faces: range, rows, image, saved })
        })?;
        for shard in &shards {
            let run = Slice::from(shard.pictures.clone());
            if let (Some(to), Some(from)) = (&mut image.color, &shard.image.color) {
                to.slice_axis_mut(Axis(0), run).assign(from);
            }
            if let (Some(to), Some(from)) = (&mut image.silhouette, &shard.image.silhouette) {
                to.slice_axis_mut(Axis(0), run).assign(from);
            }
        }
        let weights = params.get_weights().len();
        saved.drawn = Some(Drawn { faces: Arc::clone(faces), plan, weights, shards });
        Ok(())
    }

    fn backward_into(
        &self,
        saved: &CudaShardsSaved,
        grad: &ImageGrad,
        wanted: Wanted,
        gradients: &mut Gradients,
    ) -> Result<()> {
        let Some(drawn) = &saved.drawn else {
            return Err(Error::layout("saved state", "an empty one", "one that forward filled"));
        };
        grad.check(&drawn.plan)?;
        gradients.fit(wanted, &drawn.faces, &drawn.plan, drawn.weights);
        let one = |shard: &Shard, carried: Option<Array3<f32>>| {
            let run = Slice::from(shard.pictures.clone());
            let own = ImageGrad {
                color: grad.color.as_ref().map(|a| a.slice_axis(Axis(0), run).to_owned()),
                silhouette: grad.silhouette.as_ref().map(|a| a.slice_axis(Axis(0), run).to_owned()),
            };
            let mut gradients = Gradients::default();
            let device = self.device_of(shard)?;
            device.backward_from(&shard.saved, &own, wanted, &mut gradients, carried)?;
            Ok(gradients)
        };
        if gradients.textures.is_some() && drawn.shares_rows() {
            for shard in &drawn.shards {
                let rows = Slice::from(shard.rows.clone());
                let carried = gradients.textures.as_ref().map(|a| a.slice_axis(Axis(0), rows).to_owned());
                join(gradients, shard, &one(shard, carried)?);
            }
            return Ok(());
        }
        let all = at_once(drawn.shards.iter().collect(), |shard| one(shard, None))?;
        for (shard, own) in drawn.shards.iter().zip(&all) {
            join(gradients, shard, own);
        }
        Ok(())
    }

    fn pairs(&self, saved: &CudaShardsSaved) -> Option<u64> {
        let shards = &saved.drawn.as_ref()?.shards;
        shards.iter().map(|shard| self.devices[0].pairs(&shard.saved)).sum()
    }
}

impl CudaShards {
    /// The device that filled a shard.
    fn device_of(&self, shard: &Shard) -> Result<&CudaRasterizer> {
        self.devices.iter().find(|device| device.filled(&shard.saved)).ok_or_else(|| {
            Error::layout("saved state", "one that other devices filled", "one of these devices")
        })
    }
}

impl Drawn {
    /// Tells whether pictures of two devices share texture rows.
    fn shares_rows(&self) -> bool {
        let pairs =
            self.shards.iter().enumerate().flat_map(|(i, a)| self.shards[..i].iter().map(move |b| (a, b)));
        pairs.into_iter().any(|(a, b)| a.rows.start < b.rows.end && b.rows.start < a.rows.end)
    }
}

/// Puts the gradients of a shard where they belong.
fn join(gradients: &mut Gradients, shard: &Shard, own: &Gradients) {
    macro_rules! put {
        ($($field:ident: $range:expr;)+) => {$(
            if let (Some(to), Some(from)) = (&mut gradients.$field, &own.$field) {
                to.slice_axis_mut(Axis(0), Slice::from($range.clone())).assign(from);
            }
        )+};
    }
    put! {
        corners: shard.faces;
        textures: shard.rows;
        background: shard.pictures;
        sigma: shard.pictures;
        gamma: shard.pictures;
        epsilon: shard.pictures;
        distribution: shard.pictures;
        t_conorm: shard.pictures;
    }
}
