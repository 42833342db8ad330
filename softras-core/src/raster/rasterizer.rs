//! The contract of a back end: [`Rasterizer`], and [`DynRasterizer`] for a choice at run time.

use core::any::Any;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::image::{Image, ImageGrad};
use crate::math::Scalar;
use crate::scene::Faces;

use super::capabilities::Capabilities;
use super::gradients::{Gradients, Wanted};
use super::params::RasterParams;
use super::probe::Probe;

/// Who a back end is, for reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    /// The back end: `cpu`, `wgpu`, `cuda`, `reference`.
    pub backend: String,
    /// The device it runs on, in its maker's words.
    pub device: String,
    /// Versions, driver, instruction set, threads: whatever explains a difference between two machines.
    pub details: String,
}

/// A back end: faces in, picture out, gradient back.
///
/// # The gradient contract
/// Let f be the function that `forward` computed, cut-offs included. `backward` returns the product of the transposed
/// derivative of f with the given image gradient. Each line is a law of the conformance suite:
///
/// - **vjp**: it is that product, every term of it; at kinks and ties either one-sided derivative will do.
/// - **linear** in the image gradient.
/// - **zero** image gradient gives exactly zero.
/// - **pure**: calling it twice gives the same bits, and `forward` is unchanged by it.
/// - **shape**: every gradient has the shape of what it is the gradient of.
/// - **finite** for every input that validation lets pass, degenerate and saturated faces included.
/// - **batch**: a batch equals its pictures drawn one by one.
/// - **deterministic**: the same bits every run, for any number of threads.
/// - **descends**: a small step against the gradient lowers the loss.
/// - **reaches** every face within reach of a pixel, at any depth, hidden or not; beyond its reach it is exactly 0.
///
/// # Errors
/// Input is checked by [`super::Plan::new`] and [`Capabilities::check`] before anything is written.
pub trait Rasterizer<R: Scalar = f32>: Send + Sync {
    /// What `forward` keeps for `backward`: the faces, the parameters and a few numbers a pixel. Reused between steps,
    /// its large buffers are.
    type Saved: Default + Send + 'static;

    /// Returns who this is.
    fn info(&self) -> Info;

    /// Returns what it can do.
    fn capabilities(&self) -> Capabilities;

    /// Draws `faces` into `image`, and keeps in `saved` what `backward` needs.
    ///
    /// Arrays in `image` are reused where they have the right shape and replaced where not.
    ///
    /// # Errors
    /// `Parameter`, `Shape`, `OutOfMemory` for bad input, `Unsupported` for what the back end cannot do. On an error
    /// `saved` holds no picture.
    fn forward_into(
        &self,
        faces: &Arc<Faces<R>>,
        params: &RasterParams<R>,
        image: &mut Image<R>,
        saved: &mut Self::Saved,
    ) -> Result<()>;

    /// Writes the gradient of a loss, given `grad` with respect to the picture that filled `saved`.
    ///
    /// Arrays in `gradients` are reused where they have the right shape; fields that are not wanted become `None`.
    ///
    /// # Errors
    /// `Layout` if `saved` holds no picture; `Shape` if `grad` does not fit it; `Parameter` if `grad` is not finite.
    fn backward_into(
        &self,
        saved: &Self::Saved,
        grad: &ImageGrad<R>,
        wanted: Wanted,
        gradients: &mut Gradients<R>,
    ) -> Result<()>;

    /// Returns how many (face, pixel) pairs counted in the picture that filled `saved`: those whose face was not cut
    /// off at the pixel, over the whole batch. `None` if `saved` holds no picture or the back end does not count.
    fn pairs(&self, _saved: &Self::Saved) -> Option<u64> {
        None
    }

    /// Returns the same back end in other configurations: another number of threads, width of vectors, shape of tiles or
    /// size of chunks. Each must give the same bits, which the conformance suite checks. None by default.
    fn variants(&self) -> Vec<Variant<R>> {
        Vec::new()
    }

    /// Returns what runs the functions of its maths alone, if there is such a thing.
    fn probe(&self) -> Option<&dyn Probe<R>> {
        None
    }

    /// Draws `faces`; see [`Rasterizer::forward_into`].
    ///
    /// # Errors
    /// As [`Rasterizer::forward_into`].
    fn forward(&self, faces: &Faces<R>, params: &RasterParams<R>) -> Result<(Image<R>, Self::Saved)> {
        let (mut image, mut saved) = (Image::default(), Self::Saved::default());
        self.forward_into(&Arc::new(faces.clone()), params, &mut image, &mut saved)?;
        Ok((image, saved))
    }

    /// Returns the gradient with respect to corners and textures; see [`Rasterizer::backward_into`].
    ///
    /// # Errors
    /// As [`Rasterizer::backward_into`].
    fn backward(&self, saved: &Self::Saved, grad: &ImageGrad<R>) -> Result<Gradients<R>> {
        let mut gradients = Gradients::default();
        self.backward_into(saved, grad, Wanted::default(), &mut gradients)?;
        Ok(gradients)
    }
}

/// A back end in another configuration, which must give the same bits.
pub struct Variant<R: Scalar = f32> {
    /// What is different: `2 threads`.
    pub name: String,
    /// The back end.
    pub backend: Box<dyn DynRasterizer<R>>,
}

impl<R: Scalar> core::fmt::Debug for Variant<R> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Variant").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What [`DynRasterizer::forward_into`] keeps: the `Saved` of whichever back end filled it.
#[derive(Default)]
pub struct DynSaved(Option<Box<dyn Any + Send>>);

impl core::fmt::Debug for DynSaved {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(if self.0.is_some() { "DynSaved(..)" } else { "DynSaved(empty)" })
    }
}

/// A [`Rasterizer`] as an object, for a choice at run time. Every `Rasterizer` is one.
pub trait DynRasterizer<R: Scalar = f32>: Send + Sync {
    /// See [`Rasterizer::info`].
    fn info(&self) -> Info;
    /// See [`Rasterizer::capabilities`].
    fn capabilities(&self) -> Capabilities;
    /// See [`Rasterizer::forward_into`].
    ///
    /// # Errors
    /// As [`Rasterizer::forward_into`].
    fn forward_into(
        &self,
        faces: &Arc<Faces<R>>,
        params: &RasterParams<R>,
        image: &mut Image<R>,
        saved: &mut DynSaved,
    ) -> Result<()>;
    /// See [`Rasterizer::backward_into`].
    ///
    /// # Errors
    /// As [`Rasterizer::backward_into`]; `Layout` if `saved` was filled by another back end.
    fn backward_into(
        &self,
        saved: &DynSaved,
        grad: &ImageGrad<R>,
        wanted: Wanted,
        gradients: &mut Gradients<R>,
    ) -> Result<()>;
    /// See [`Rasterizer::pairs`]; also `None` if `saved` was filled by another back end.
    fn pairs(&self, saved: &DynSaved) -> Option<u64>;
    /// See [`Rasterizer::variants`].
    fn variants(&self) -> Vec<Variant<R>>;
    /// See [`Rasterizer::probe`].
    fn probe(&self) -> Option<&dyn Probe<R>>;
    /// See [`Rasterizer::forward`].
    ///
    /// # Errors
    /// As [`Rasterizer::forward_into`].
    fn forward(&self, faces: &Faces<R>, params: &RasterParams<R>) -> Result<(Image<R>, DynSaved)> {
        let (mut image, mut saved) = (Image::default(), DynSaved::default());
        self.forward_into(&Arc::new(faces.clone()), params, &mut image, &mut saved)?;
        Ok((image, saved))
    }
    /// See [`Rasterizer::backward`].
    ///
    /// # Errors
    /// As [`Rasterizer::backward_into`].
    fn backward(&self, saved: &DynSaved, grad: &ImageGrad<R>) -> Result<Gradients<R>> {
        let mut gradients = Gradients::default();
        self.backward_into(saved, grad, Wanted::default(), &mut gradients)?;
        Ok(gradients)
    }
}

impl<R: Scalar, T: Rasterizer<R>> DynRasterizer<R> for T {
    fn info(&self) -> Info {
        Rasterizer::info(self)
    }
    fn capabilities(&self) -> Capabilities {
        Rasterizer::capabilities(self)
    }
    fn forward_into(
        &self,
        faces: &Arc<Faces<R>>,
        params: &RasterParams<R>,
        image: &mut Image<R>,
        saved: &mut DynSaved,
    ) -> Result<()> {
        if !saved.0.as_ref().is_some_and(|s| s.is::<T::Saved>()) {
            saved.0 = Some(Box::<T::Saved>::default());
        }
        match saved.0.as_mut().and_then(|s| s.downcast_mut::<T::Saved>()) {
            Some(own) => Rasterizer::forward_into(self, faces, params, image, own),
            None => Err(Error::layout("saved state", "one of another type", "one of this back end")),
        }
    }
    fn backward_into(
        &self,
        saved: &DynSaved,
        grad: &ImageGrad<R>,
        wanted: Wanted,
        gradients: &mut Gradients<R>,
    ) -> Result<()> {
        match saved.0.as_ref().map(|s| s.downcast_ref::<T::Saved>()) {
            Some(Some(own)) => Rasterizer::backward_into(self, own, grad, wanted, gradients),
            Some(None) => Err(Error::layout(
                "saved state",
                "one that another back end filled",
                format!("one that {} filled", Rasterizer::info(self).backend),
            )),
            None => Err(Error::layout("saved state", "an empty one", "one that forward filled")),
        }
    }
    fn pairs(&self, saved: &DynSaved) -> Option<u64> {
        Rasterizer::pairs(self, saved.0.as_ref()?.downcast_ref::<T::Saved>()?)
    }
    fn variants(&self) -> Vec<Variant<R>> {
        Rasterizer::variants(self)
    }
    fn probe(&self) -> Option<&dyn Probe<R>> {
        Rasterizer::probe(self)
    }
}
