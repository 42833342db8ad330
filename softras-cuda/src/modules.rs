//! Every kernel module of built-in parts, for checks that need no device: compile all of them, report what they take, embed
//! the PTX; and for machines without NVRTC.
//!
//! | which | rooms for color channels |
//! |---|---|
//! | every point of the axes, with the paper's distribution | all |
//! | each other distribution, with the paper's aggregators and colors at the vertices | those of at most [`FAMILY_ROOM`] |
//! | each t-conorm, with the paper's distribution, color aggregator and colors at the vertices | the same |
//! | functions run alone: with each distribution, and with each t-conorm | - |
//!
//! That is all that the conformance suite asks for (`tests/emulated.rs` checks it). Two parts of the family at once, and
//! parts of a user's own, are compiled when they are asked for, and need NVRTC.

use std::collections::HashSet;

use softras_core::math::{Distribution, Silhouette};
use softras_core::raster::{Outputs, TextureFamily};

use crate::compiler::{self, Target};
use crate::custom::Texts;
use crate::error::CudaError;
use crate::family;
use crate::kernels::{Axes, ColorKernel, Family, ROOMS, SilhouetteKernel, program};
use crate::ptx;
use crate::resources::{self, Resources, VERBOSE};

/// The most color channels for which modules of the family are listed.
const FAMILY_ROOM: u32 = 8;

/// A kernel module before it is compiled.
#[derive(Clone, Debug)]
pub struct Module {
    /// What it is: its kernels, its axes, and the part of the family, if it has one.
    pub name: String,
    /// Whether its PTX is embedded, for machines without NVRTC.
    pub is_default: bool,
    family: Family,
    axes: Axes,
    texts: Texts,
}

impl Module {
    fn program(&self) -> compiler::Program {
        program(self.family, &self.axes, &self.texts)
    }

    /// Its text in CUDA C++.
    #[must_use]
    pub fn text(&self) -> String {
        self.program().text
    }

    /// The name of its file in a folder of modules compiled in advance; see [`crate::CudaOptions::precompiled`].
    #[must_use]
    pub fn file(&self) -> String {
        self.program().file()
    }

    /// Compiles it to PTX for an architecture, 90 for `compute_90`.
    ///
    /// # Errors
    /// `NoCompiler` without NVRTC; `Compiler` with its words if it refuses.
    pub fn compile(&self, architecture: u32) -> Result<String, CudaError> {
        self.program().build(Target::Ptx(architecture), &[])?.ptx()
    }

    /// Compiles it down to machine code for an architecture, 90 for `sm_90`; returns the PTX on the way, and what each of
    /// its kernels takes of a multiprocessor.
    ///
    /// # Errors
    /// `NoCompiler` without NVRTC; `Compiler` with its words if it refuses.
    pub fn assemble(&self, architecture: u32) -> Result<(String, Vec<Resources>), CudaError> {
        let built = self.program().build(Target::Machine(architecture), &[VERBOSE])?;
        Ok((built.ptx()?, resources::of(&self.name, &built.log)?))
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

/// Modules, each once.
#[derive(Default)]
struct List {
    modules: Vec<Module>,
    files: HashSet<String>,
}

impl List {
    /// Adds the module of `family` at `axes` if it is new; `part` is the word of the part that `texts` are of.
    fn add(&mut self, family: Family, axes: Axes, texts: &Texts, part: &str) {
        let axes = axes.of_family(family);
        let program = program(family, &axes, texts);
        if !self.files.insert(program.file()) {
            return;
        }
        let name = match program.name.strip_suffix("own").map(|rest| rest.trim_end_matches('-')) {
            Some(rest) if rest.contains("custom-silhouette") => rest.replace("custom-silhouette", part),
            Some(rest) => format!("{rest}-{part}"),
            None if *texts != Texts::default() => format!("{}-{part}", program.name),
            None => program.name,
        };
        let is_default = ptx::embedded(&name).is_some();
        self.modules.push(Module { name, is_default, family, axes, texts: texts.clone() });
    }

    /// Adds what draws, goes back and runs alone with a part of the family.
    fn add_part(&mut self, texts: &Texts, part: &str) {
        let silhouette = match texts.silhouette {
            Some(_) => SilhouetteKernel::Custom,
            None => Axes::PAPER.silhouette,
        };
        // Texts stand at a number that kernels do not know.
        let axes = Axes { silhouette, custom: Some(0), ..Axes::PAPER };
        for family in [Family::Forward, Family::Backward] {
            for outputs in OUTPUTS {
                for &channels in ROOMS.iter().filter(|&&room| room <= FAMILY_ROOM) {
                    self.add(family, Axes { outputs, channels, ..axes }, texts, part);
                }
            }
        }
        self.add(Family::Probe, axes, texts, part);
    }
}

const OUTPUTS: [Outputs; 3] = [Outputs::Both, Outputs::Silhouette, Outputs::Color];

/// Returns every module of built-in parts that is compiled in advance and checked; the paper's own with room for three
/// channels first.
#[must_use]
pub fn modules() -> Vec<Module> {
    let (mut list, none) = (List::default(), Texts::default());
    for &channels in ROOMS {
        for family in [Family::Plain, Family::Forward, Family::Backward, Family::Probe, Family::Brute] {
            for outputs in OUTPUTS {
                for &silhouette in SilhouetteKernel::ALL {
                    for &color in ColorKernel::ALL {
                        for texture in [TextureFamily::Vertex, TextureFamily::Surface] {
                            let axes = Axes { outputs, silhouette, color, texture, channels, ..Axes::PAPER };
                            list.add(family, axes, &none, "");
                        }
                    }
                }
            }
        }
    }
    for part in Distribution::BUILT_IN {
        if let Some(text) = family::distribution(part.name()) {
            list.add_part(&Texts { distribution: Some(text), ..Texts::default() }, part.name());
        }
    }
    for part in Silhouette::BUILT_IN {
        if let Some(text) = family::silhouette(part.name()) {
            let texts = Texts { silhouette: Some(text), ..Texts::default() };
            if SilhouetteKernel::drawn(part).is_some() {
                list.add_part(&texts, part.name());
            } else {
                let axes = Axes { silhouette: SilhouetteKernel::Custom, custom: Some(0), ..Axes::PAPER };
                list.add(Family::Probe, axes, &texts, part.name());
            }
        }
    }
    list.modules
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_module_has_a_name_and_a_file_of_its_own() {
        let all = modules();
        let names: HashSet<_> = all.iter().map(|module| &module.name).collect();
        let files: HashSet<_> = all.iter().map(Module::file).collect();
        assert_eq!((names.len(), files.len()), (all.len(), all.len()));
        assert_eq!(all.iter().filter(|module| module.is_default).count(), ptx::COUNT);
    }

    #[test]
    fn every_built_in_part_is_in_some_module() {
        let all = modules();
        let has = |end: &str| all.iter().any(|module| module.name.split('-').eq(end.split('-')));
        for part in Distribution::BUILT_IN.iter().filter(|part| **part != Distribution::Logistic) {
            let name = part.name();
            assert!(has(&format!("probe-{name}")), "{name}");
            assert!(has(&format!("forward-silhouette-probabilistic-or-{name}")), "{name}");
            assert!(has(&format!("backward-both-probabilistic-or-softmax-vertex-8-{name}")), "{name}");
        }
        for part in Silhouette::BUILT_IN {
            if family::silhouette(part.name()).is_some() {
                assert!(has(&format!("probe-{}", part.name())), "{part:?}");
            }
        }
    }
}
