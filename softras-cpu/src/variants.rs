//! The back end with a fixed number of threads: the same bits, by construction and by the conformance suite.

use std::sync::Arc;

use rayon::{ThreadPool, ThreadPoolBuilder};
use softras_core::raster::{Capabilities, Gradients, Info, RasterParams, Rasterizer, Variant, Wanted};
use softras_core::scene::Faces;
use softras_core::{Error, Image, ImageGrad, Result};

use crate::{CpuRasterizer, CpuSaved};

/// Threads of the variants: one, the least that race, and a number that divides nothing.
pub(crate) const THREADS: [usize; 3] = [1, 2, 7];

/// The back end on a pool of its own, or why there is none.
struct Pooled(core::result::Result<ThreadPool, String>);

impl Pooled {
    fn new(threads: usize) -> Self {
        Self(ThreadPoolBuilder::new().num_threads(threads).build().map_err(|why| why.to_string()))
    }

    fn on<T: Send>(&self, work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
        match &self.0 {
            Ok(pool) => pool.install(work),
            Err(why) => Err(Error::Unavailable { what: "a pool of threads".to_owned(), why: why.clone() }),
        }
    }
}

macro_rules! pooled {
    ($r:ident, $variants:ident) => {
        /// Returns the back end with each number of threads.
        pub(crate) fn $variants() -> Vec<Variant<$r>> {
            let name = |n: usize| if n == 1 { "1 thread".to_owned() } else { format!("{n} threads") };
            THREADS.map(|n| Variant::<$r> { name: name(n), backend: Box::new(Pooled::new(n)) }).into()
        }

        impl Rasterizer<$r> for Pooled {
            type Saved = CpuSaved<$r>;

            fn info(&self) -> Info {
                Rasterizer::<$r>::info(&CpuRasterizer)
            }

            fn capabilities(&self) -> Capabilities {
                Rasterizer::<$r>::capabilities(&CpuRasterizer)
            }

            fn forward_into(
                &self,
                faces: &Arc<Faces<$r>>,
                params: &RasterParams<$r>,
                image: &mut Image<$r>,
                saved: &mut CpuSaved<$r>,
            ) -> Result<()> {
                self.on(|| Rasterizer::<$r>::forward_into(&CpuRasterizer, faces, params, image, saved))
            }

            fn backward_into(
                &self,
                saved: &CpuSaved<$r>,
                grad: &ImageGrad<$r>,
                wanted: Wanted,
                gradients: &mut Gradients<$r>,
            ) -> Result<()> {
                self.on(|| Rasterizer::<$r>::backward_into(&CpuRasterizer, saved, grad, wanted, gradients))
            }

            fn pairs(&self, saved: &CpuSaved<$r>) -> Option<u64> {
                Rasterizer::<$r>::pairs(&CpuRasterizer, saved)
            }
        }
    };
}

pooled!(f32, single);
pooled!(f64, double);
