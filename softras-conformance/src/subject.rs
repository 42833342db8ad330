//! The back end under test.

use std::sync::Arc;

use softras_core::math::Scalar;
use softras_core::raster::{Capabilities, DynRasterizer, Info, Outputs, Rasterizer};

use crate::budget::{Budget, Rung};
use crate::own_parts::{OwnParts, WithParts};
use crate::scene::Scene;
use crate::trace::Recording;

/// A back end under test: what it does in `f32`, and in `f64` if it can.
#[derive(Clone)]
pub struct Subject {
    single: Arc<dyn DynRasterizer<f32>>,
    double: Option<Arc<dyn DynRasterizer<f64>>>,
    rung: Rung,
    expected: Vec<(String, String)>, // (law, why it breaks)
}

impl core::fmt::Debug for Subject {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Subject")
            .field("info", &self.info())
            .field("rung", &self.rung)
            .finish_non_exhaustive()
    }
}

impl Subject {
    /// A back end that draws in `f32`.
    #[must_use]
    pub fn single<T: Rasterizer<f32> + 'static>(backend: T) -> Self {
        Self::built(Arc::new(backend), None)
    }

    /// A back end that draws in `f32` and in `f64`.
    #[must_use]
    pub fn both<T: Rasterizer<f32> + Rasterizer<f64> + 'static>(backend: T) -> Self {
        let backend = Arc::new(backend);
        Self::built(Arc::<T>::clone(&backend), Some(backend))
    }

    fn built(single: Arc<dyn DynRasterizer<f32>>, double: Option<Arc<dyn DynRasterizer<f64>>>) -> Self {
        let rung = match single.info().backend.as_str() {
            "reference" => Rung::Reference,
            "cpu" => Rung::Simd,
            _ => Rung::Device,
        };
        let listed = |name: &&str| single.capabilities().scalars.contains(name);
        Self { double: double.filter(|_| listed(&"f64")), single, rung, expected: Vec::new() }
    }

    /// The same back end, held to the bounds of `rung`. The default is `Reference` for the reference, `Simd` for a
    /// back end that calls itself `cpu`, and `Device` for all others.
    #[must_use]
    pub const fn rung(mut self, rung: Rung) -> Self {
        self.rung = rung;
        self
    }

    /// The same back end, which is known to break `law`, and why. That it breaks is then no failure; that it holds is.
    #[must_use]
    pub fn expected_to_break(mut self, law: impl Into<String>, why: impl Into<String>) -> Self {
        self.expected.push((law.into(), why.into()));
        self
    }

    /// The same back end with parts of a user's own among those that it declares: half of the scenes that laws draw at random
    /// have one. What it gives with them is held against their Rust, in the reference.
    #[must_use]
    pub fn with_parts(mut self, parts: &OwnParts) -> Self {
        self.single = Arc::new(WithParts { below: self.single, parts: parts.clone() });
        self.double = self.double.map(|below| -> Arc<dyn DynRasterizer<f64>> {
            Arc::new(WithParts { below, parts: parts.clone() })
        });
        self
    }

    /// Why `law` is expected to break, if it is.
    #[must_use]
    pub fn expectation(&self, law: &str) -> Option<&str> {
        self.expected.iter().find(|(name, _)| name == law).map(|(_, why)| why.as_str())
    }

    /// The laws that are expected to break.
    pub(crate) fn expected(&self) -> impl Iterator<Item = &str> {
        self.expected.iter().map(|(name, _)| name.as_str())
    }

    /// The bounds that it is held to.
    #[must_use]
    pub const fn held_to(&self) -> Rung {
        self.rung
    }

    /// Who it is.
    #[must_use]
    pub fn info(&self) -> Info {
        self.single.info()
    }
    /// What it can do.
    #[must_use]
    pub fn capabilities(&self) -> Capabilities {
        self.single.capabilities()
    }
    /// The back end in `f64`, if it has one.
    #[must_use]
    pub fn double(&self) -> Option<&dyn DynRasterizer<f64>> {
        self.double.as_deref()
    }
    /// Draws a face over the whole of one pixel, and tells whether it covers it.
    ///
    /// # Errors
    /// If the back end refuses.
    pub fn draws(&self) -> softras_core::Result<bool> {
        let corners = [[-4.0, -4.0, 2.0], [4.0, -4.0, 2.0], [0.0, 4.0, 2.0]];
        let scene = Scene { channels: 0, ..Scene::pixel(corners, 0.0, 0.0) };
        let scene = scene.style(|s| s.outputs = Outputs::Silhouette);
        let (image, _) = self.single.forward(&scene.faces()?, &scene.params())?;
        Ok(image.silhouette.is_some_and(|alpha| alpha.iter().all(|a| *a > 0.99)))
    }

    /// Tells whether this is the reference.
    #[must_use]
    pub fn is_reference(&self) -> bool {
        self.rung == Rung::Reference
    }
    /// Tells whether every draw costs a launch.
    #[must_use]
    pub fn is_device(&self) -> bool {
        self.rung == Rung::Device
    }
    /// The name that trials begin with: `cpu[AVX-512]`.
    #[must_use]
    pub fn name(&self) -> String {
        let info = self.info();
        format!("{}[{}]", info.backend, info.device)
    }
}

/// A scalar type that back ends are tested in.
pub trait Tested: Scalar {
    /// The back end in this type, if it has one.
    fn backend(subject: &Subject) -> Option<&dyn DynRasterizer<Self>>;
    /// The bounds for this type.
    fn budget(subject: &Subject) -> Budget;
    /// The bits of a number.
    fn bits(self) -> u64;
    /// The same back end, which notes what it draws.
    #[doc(hidden)]
    fn recording<'a>(backend: &'a dyn DynRasterizer<Self>) -> Box<dyn DynRasterizer<Self> + 'a>;
}

impl Tested for f32 {
    fn backend(subject: &Subject) -> Option<&dyn DynRasterizer<Self>> {
        Some(&*subject.single)
    }
    fn budget(subject: &Subject) -> Budget {
        Budget::single(subject.rung)
    }
    fn bits(self) -> u64 {
        u64::from(self.to_bits())
    }
    fn recording<'a>(backend: &'a dyn DynRasterizer<Self>) -> Box<dyn DynRasterizer<Self> + 'a> {
        Box::new(Recording(backend))
    }
}

impl Tested for f64 {
    fn backend(subject: &Subject) -> Option<&dyn DynRasterizer<Self>> {
        subject.double()
    }
    fn budget(subject: &Subject) -> Budget {
        Budget::double(subject.rung)
    }
    fn bits(self) -> u64 {
        self.to_bits()
    }
    fn recording<'a>(backend: &'a dyn DynRasterizer<Self>) -> Box<dyn DynRasterizer<Self> + 'a> {
        Box::new(Recording(backend))
    }
}

/// A back end that was asked for: there, or not and why.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The name of its crate, less `softras-`.
    pub name: String,
    /// The back end, or the reason why it cannot be had.
    pub subject: Result<Subject, String>,
}

/// Turns whatever a back end's constructor returns (it or a `Result`, with `f64` or without) into a [`Subject`].
///
/// Method look-up takes the first trait that fits, by the number of references in front of a `Probe`: what
/// specialisation would do.
#[doc(hidden)]
pub mod open {
    use super::{Rasterizer, Subject};
    use core::cell::Cell;
    use core::fmt::Display;

    pub struct Probe<T>(Cell<Option<T>>);

    impl<T> Probe<T> {
        pub const fn new(value: T) -> Self {
            Self(Cell::new(Some(value)))
        }
        fn take(&self) -> Result<T, String> {
            self.0.take().ok_or_else(|| "it was opened twice".to_owned())
        }
    }

    pub trait Ready {
        fn subject(&self) -> Result<Subject, String>;
    }
    impl Ready for &&&&Probe<Subject> {
        fn subject(&self) -> Result<Subject, String> {
            self.take()
        }
    }
    pub trait TryBoth {
        fn subject(&self) -> Result<Subject, String>;
    }
    impl<T: Rasterizer<f32> + Rasterizer<f64> + 'static, E: Display> TryBoth for &&&Probe<Result<T, E>> {
        fn subject(&self) -> Result<Subject, String> {
            self.take()?.map(Subject::both).map_err(|e| e.to_string())
        }
    }
    pub trait TrySingle {
        fn subject(&self) -> Result<Subject, String>;
    }
    impl<T: Rasterizer<f32> + 'static, E: Display> TrySingle for &&Probe<Result<T, E>> {
        fn subject(&self) -> Result<Subject, String> {
            self.take()?.map(Subject::single).map_err(|e| e.to_string())
        }
    }
    pub trait Both {
        fn subject(&self) -> Result<Subject, String>;
    }
    impl<T: Rasterizer<f32> + Rasterizer<f64> + 'static> Both for &Probe<T> {
        fn subject(&self) -> Result<Subject, String> {
            self.take().map(Subject::both)
        }
    }
    pub trait Single {
        fn subject(&self) -> Result<Subject, String>;
    }
    impl<T: Rasterizer<f32> + 'static> Single for Probe<T> {
        fn subject(&self) -> Result<Subject, String> {
            self.take().map(Subject::single)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use softras_core::raster::{DynRasterizer, Gradients, RasterParams, Wanted};
    use softras_core::reference::{Reference, ReferenceSaved};
    use softras_core::scene::Faces;
    use softras_core::{Image, ImageGrad};

    /// The reference without f64.
    #[derive(Default)]
    struct Single;
    impl Rasterizer<f32> for Single {
        type Saved = ReferenceSaved<f32>;
        fn info(&self) -> Info {
            Rasterizer::<f32>::info(&Reference)
        }
        fn capabilities(&self) -> Capabilities {
            Rasterizer::<f32>::capabilities(&Reference)
        }
        fn forward_into(
            &self,
            faces: &Arc<Faces<f32>>,
            params: &RasterParams<f32>,
            image: &mut Image<f32>,
            saved: &mut ReferenceSaved<f32>,
        ) -> softras_core::Result<()> {
            Rasterizer::forward_into(&Reference, faces, params, image, saved)
        }
        fn backward_into(
            &self,
            saved: &ReferenceSaved<f32>,
            grad: &ImageGrad<f32>,
            wanted: Wanted,
            gradients: &mut Gradients<f32>,
        ) -> softras_core::Result<()> {
            Rasterizer::backward_into(&Reference, saved, grad, wanted, gradients)
        }
    }

    fn has_double(opened: Opened) -> Result<bool, String> {
        let double: Option<bool> = opened
            .subject
            .as_ref()
            .ok()
            .map(|s| s.double().is_some_and(|d| DynRasterizer::<f64>::info(d).backend == "reference"));
        opened.subject.map(|_| double == Some(true))
    }

    #[test]
    fn whatever_a_constructor_returns_is_opened() {
        assert_eq!(has_double(crate::open!(Reference)), Ok(true));
        assert_eq!(has_double(crate::open!(Single)), Ok(false));
        assert_eq!(has_double(crate::open!(Ok::<_, String>(Reference))), Ok(true));
        assert_eq!(has_double(crate::open!(Ok::<_, softras_core::Error>(Single))), Ok(false));
        assert_eq!(has_double(crate::open!(Subject::both(Reference).rung(Rung::Scalar))), Ok(true));
        assert_eq!(has_double(crate::open!(Err::<Single, _>("no driver"))), Err("no driver".to_owned()));
        assert_eq!(crate::open!(Single).name, "conformance");
    }
}
