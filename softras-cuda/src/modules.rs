//! Every kernel module, for checks that need no device: compile all of them, report what they take, embed the PTX.

use softras_core::raster::{Outputs, TextureFamily};

use crate::compiler;
use crate::custom::Texts;
use crate::error::CudaError;
use crate::kernels::{Axes, ColorKernel, Family, ROOMS, SilhouetteKernel, program};
use crate::ptx;
use crate::resources::{self, Resources};

/// A kernel module before it is compiled.
#[derive(Clone, Debug)]
pub struct Module {
    /// What it is: its family and its axes.
    pub name: String,
    /// Whether its PTX is embedded, for machines without NVRTC.
    pub is_default: bool,
    family: Family,
    axes: Axes,
}

impl Module {
    /// Its text in CUDA C++.
    #[must_use]
    pub fn text(&self) -> String {
        program(self.family, &self.axes, &Texts::default()).text
    }

    /// The name of its file in a folder of modules compiled in advance; see [`crate::CudaOptions::precompiled`].
    #[must_use]
    pub fn file(&self) -> String {
        program(self.family, &self.axes, &Texts::default()).file()
    }

    /// The options it is compiled with for an architecture, 90 for `compute_90`.
    #[must_use]
    pub fn options(&self, architecture: u32) -> Vec<String> {
        compiler::options(&program(self.family, &self.axes, &Texts::default()), architecture)
    }

    /// Compiles it to PTX for an architecture, 90 for `compute_90`.
    ///
    /// # Errors
    /// `NoCompiler` without NVRTC; `Compiler` with its words if it refuses.
    pub fn compile(&self, architecture: u32) -> Result<String, CudaError> {
        compiler::check_installed()?;
        let program = program(self.family, &self.axes, &Texts::default());
        compiler::compile(&program, compiler::options(&program, architecture))
    }

    /// What each of its kernels takes of a multiprocessor of an architecture, 90 for `sm_90`.
    ///
    /// # Errors
    /// `NoCompiler` without NVRTC; `Compiler` with its words if it refuses.
    pub fn resources(&self, architecture: u32) -> Result<Vec<Resources>, CudaError> {
        resources::of(&program(self.family, &self.axes, &Texts::default()), architecture)
    }

    /// Its PTX that is embedded for machines without NVRTC, if it is a default module.
    #[must_use]
    pub fn embedded(&self) -> Option<&'static str> {
        ptx::embedded(&self.name)
    }
}

/// What the embedded PTX was compiled with: the version of NVRTC, and the architecture.
#[must_use]
pub const fn embedded_by() -> ((i32, i32), u32) {
    (ptx::VERSION, ptx::ARCHITECTURE)
}

/// The version of NVRTC that is installed.
///
/// # Errors
/// `NoCompiler` if there is none.
pub fn compiler_version() -> Result<(i32, i32), CudaError> {
    compiler::version()
}

/// Numbers of color channels that kernels are compiled for; a picture uses the first that holds its own.
#[must_use]
pub const fn rooms() -> &'static [u32] {
    ROOMS
}

/// Returns every module with room for `channels` color channels, one for each point of the axes.
#[must_use]
pub fn modules(channels: u32) -> Vec<Module> {
    let mut all = Vec::new();
    let mut add = |family: Family, axes: Axes| {
        let axes = axes.of_family(family);
        let known = |m: &Module| m.family == family && m.axes == axes;
        if !all.iter().any(known) {
            let name = axes.name(family);
            let paper = !matches!(family, Family::Probe | Family::Brute)
                && axes.silhouette == SilhouetteKernel::ProbabilisticOr
                && axes.color == ColorKernel::Softmax
                && (axes.vertex_texture() || !axes.outputs.color())
                && axes.outputs != Outputs::Color;
            all.push(Module { name, is_default: paper, family, axes });
        }
    };
    for family in [Family::Plain, Family::Forward, Family::Backward, Family::Probe, Family::Brute] {
        for outputs in [Outputs::Both, Outputs::Silhouette, Outputs::Color] {
            for &silhouette in SilhouetteKernel::ALL {
                for &color in ColorKernel::ALL {
                    for texture in [TextureFamily::Vertex, TextureFamily::Surface] {
                        add(family, Axes { outputs, silhouette, color, texture, channels, custom: None });
                    }
                }
            }
        }
    }
    all
}
