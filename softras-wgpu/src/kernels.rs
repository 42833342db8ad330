//! The shader modules: their text, one for each point of the compile-time axes, and the pipelines built from them.
//!
//! The axes are stage, outputs, silhouette aggregator, color aggregator, texture kind and number of channels; all other
//! choices are uniform branches. A module is built when it is first used, and kept.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::axes::{Axes, ColorKernel, Depends, DistanceKernel, DistributionKernel, SilhouetteKernel, Tile};
use crate::device::Gpu;
use crate::error::Result;
use crate::faults::Planted;
use crate::shared::{CONSTANTS, STRUCTURES};

macro_rules! shaders {
    ($($name:ident = $file:literal;)+) => {
        $(const $name: &str = include_str!(concat!("shaders/", $file));)+
        /// Every shader file: name and text.
        #[cfg(test)]
        pub(crate) const FILES: &[(&str, &str)] = &[$(($file, $name)),+];
    };
}

shaders! {
    REAL = "real.wgsl";
    VECTOR = "vector.wgsl";
    EXP = "exp.wgsl";
    TRIANGLE = "triangle.wgsl";
    DISTANCE = "distance.wgsl";
    DISTRIBUTION = "distribution.wgsl";
    SPECIAL = "special.wgsl";
    TAIL = "distribution/tail.wgsl";
    SYMMETRIC = "distribution/symmetric.wgsl";
    ONE_SIDED = "distribution/one_sided.wgsl";
    SILHOUETTE = "silhouette.wgsl";
    MAX = "silhouette/max.wgsl";
    T_CONORM = "silhouette/t_conorm.wgsl";
    DEPTH = "depth.wgsl";
    COLOR = "color.wgsl";
    SOFTMAX = "color/softmax.wgsl";
    OVER = "color/over.wgsl";
    HARD = "color/hard.wgsl";
    NEURAL = "color/neural.wgsl";
    TEXTURE = "texture.wgsl";
    PAIR = "pair.wgsl";
    GRID = "grid.wgsl";
    UNITS = "units.wgsl";
    CORNERS = "corners.wgsl";
    FACES = "faces.wgsl";
    STATE = "state.wgsl";
    COTANGENT = "cotangent.wgsl";
    SETUP = "setup.wgsl";
    SCAN = "scan.wgsl";
    BIN = "bin.wgsl";
    FORWARD = "forward.wgsl";
    PREPARE = "prepare.wgsl";
    PREPARE_WEIGHTS = "prepare_weights.wgsl";
    BACKWARD = "backward.wgsl";
    BACKWARD_ITEMS = "backward_items.wgsl";
    COMBINE = "combine.wgsl";
    BACKWARD_TEXTURE = "backward_texture.wgsl";
    BACKWARD_WEIGHTS = "backward_weights.wgsl";
    GATHER = "gather.wgsl";
}

/// A kernel: an entry point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Stage {
    Setup,
    Scan,
    ScanAdd,
    BinCount,
    BinFill,
    Forward,
    Prepare,
    PrepareWeights,
    Backward,
    BackwardItems,
    Combine,
    BackwardTexture,
    BackwardWeights,
    Gather,
}

/// What a kernel does with a storage buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
}

impl Stage {
    /// Every stage.
    #[cfg(test)]
    pub(crate) const ALL: &[Self] = &[
        Self::Setup,
        Self::Scan,
        Self::ScanAdd,
        Self::BinCount,
        Self::BinFill,
        Self::Forward,
        Self::Prepare,
        Self::PrepareWeights,
        Self::Backward,
        Self::BackwardItems,
        Self::Combine,
        Self::BackwardTexture,
        Self::BackwardWeights,
        Self::Gather,
    ];

    /// The name of the entry point.
    pub(crate) const fn entry(self) -> &'static str {
        match self {
            Self::Setup => "setup",
            Self::Scan => "scan",
            Self::ScanAdd => "scan_add",
            Self::BinCount => "bin_count",
            Self::BinFill => "bin_fill",
            Self::Forward => "forward",
            Self::Prepare => "prepare",
            Self::PrepareWeights => "prepare_weights",
            Self::Backward => "backward",
            Self::BackwardItems => "backward_items",
            Self::Combine => "combine",
            Self::BackwardTexture => "backward_texture",
            Self::BackwardWeights => "backward_weights",
            Self::Gather => "gather",
        }
    }

    /// What the kernel does with its storage buffers, from binding 1 on; binding 0 is the uniform.
    pub(crate) const fn bindings(self) -> &'static [Access] {
        use Access::{Read, Write};
        match self {
            Self::Setup => &[Read, Read, Read, Write, Write],
            Self::Scan | Self::ScanAdd => &[Write, Write],
            Self::BinCount | Self::BinFill => &[Read, Read, Write, Write],
            Self::Forward => &[Read, Read, Read, Read, Read, Read, Write, Write],
            Self::Prepare => &[Read, Read, Read, Read, Write, Write],
            Self::PrepareWeights => &[Read, Read, Read, Read, Write],
            Self::Backward => &[Read, Read, Read, Read, Read, Read, Write, Write],
            Self::BackwardItems => &[Read, Read, Read, Read, Read, Read, Read, Write],
            Self::Combine => &[Read, Read, Write, Write],
            Self::BackwardTexture | Self::BackwardWeights => &[Read, Read, Read, Read, Read, Read, Write],
            Self::Gather => &[Read, Read, Write],
        }
    }

    /// Tells on which axes the text of the kernel depends.
    pub(crate) const fn depends_on(self) -> (Depends, Depends) {
        use Depends::{No, Yes};
        match self {
            Self::Setup | Self::Scan | Self::ScanAdd | Self::BinCount | Self::BinFill | Self::Gather => {
                (No, No)
            }
            Self::Prepare | Self::PrepareWeights => (Yes, No),
            Self::Combine => (No, Yes),
            Self::Forward
            | Self::Backward
            | Self::BackwardItems
            | Self::BackwardTexture
            | Self::BackwardWeights => (Yes, Yes),
        }
    }

    /// The twins of the core's formulas.
    fn math() -> Vec<&'static str> {
        vec![
            REAL,
            VECTOR,
            EXP,
            TRIANGLE,
            DISTANCE,
            DISTRIBUTION,
            SILHOUETTE,
            DEPTH,
            COLOR,
            SOFTMAX,
            OVER,
            HARD,
            TEXTURE,
            PAIR,
        ]
    }

    fn files(self) -> Vec<&'static str> {
        let with = |own: &[&'static str]| [Self::math().as_slice(), own].concat();
        match self {
            Self::Setup => vec![REAL, VECTOR, TRIANGLE, GRID, UNITS, CORNERS, SETUP],
            Self::Scan | Self::ScanAdd => vec![GRID, SCAN],
            Self::BinCount | Self::BinFill => vec![GRID, UNITS, BIN],
            Self::Forward => with(&[GRID, CORNERS, FACES, STATE, FORWARD]),
            Self::Prepare => with(&[GRID, STATE, PREPARE]),
            Self::PrepareWeights => with(&[GRID, STATE, PREPARE_WEIGHTS]),
            Self::Backward => with(&[GRID, UNITS, CORNERS, FACES, STATE, COTANGENT, BACKWARD]),
            Self::BackwardItems => with(&[GRID, UNITS, CORNERS, FACES, STATE, COTANGENT, BACKWARD_ITEMS]),
            Self::Combine => vec![GRID, COMBINE],
            Self::BackwardTexture => with(&[GRID, UNITS, CORNERS, FACES, STATE, COTANGENT, BACKWARD_TEXTURE]),
            Self::BackwardWeights => with(&[GRID, UNITS, CORNERS, FACES, STATE, COTANGENT, BACKWARD_WEIGHTS]),
            Self::Gather => vec![GRID, GATHER],
        }
    }
}

/// The text of the module of `stage` at `axes`, for tiles of that shape.
pub(crate) fn source(stage: Stage, axes: &Axes, tile: Tile) -> String {
    tile.constants() + &assembled(axes, &stage.files())
}

fn assembled(axes: &Axes, files: &[&str]) -> String {
    let mut text = String::from(CONSTANTS);
    text.push_str(STRUCTURES);
    text.push_str(&axes.constants());
    for file in files {
        text.push_str(file);
        text.push('\n');
    }
    if files.contains(&DISTRIBUTION) {
        text.push_str(&family(axes));
    }
    if files.contains(&COLOR) {
        text.push_str(if axes.layout().is_some() { NEURAL } else { "alias Sums = Channels;\n" });
    }
    let (silhouette, silhouette_state) = axes.silhouette.names();
    let (color, color_structures) = axes.color.names();
    let text = text.replace("OTHER_DISTANCE_", axes.distance.prefix());
    let mut replaced = text.replace("SILHOUETTE_State", silhouette_state).replace("SILHOUETTE_", silhouette);
    for structure in ["State", "Pixel", "Cotangent"] {
        replaced = replaced.replace(&format!("COLOR_{structure}"), &format!("{color_structures}{structure}"));
    }
    replaced.replace("COLOR_", color)
}

/// What the line begins with that a section of a file starts with; its name follows.
const SECTION: &str = "\n// == ";

/// The section `name` of a file, with all that stands before the first.
fn section(file: &str, name: &str) -> Option<String> {
    let mut sections = file.split(SECTION);
    let before = sections.next()?;
    let own = sections.find_map(|section| section.strip_prefix(name)?.strip_prefix('\n'))?;
    Some([before, "\n", own, "\n"].concat())
}

/// Tells whether a file of the family has a section of that name.
pub(crate) fn has_section(name: &str) -> bool {
    [SYMMETRIC, ONE_SIDED, T_CONORM].iter().any(|file| section(file, name).is_some())
}

/// The text of the parts of a module, beside those that all have.
fn family(axes: &Axes) -> String {
    let mut text = String::new();
    let prefix = axes.distribution.prefix();
    let own = match axes.distribution {
        DistributionKernel::Named(name) => [SYMMETRIC, ONE_SIDED].iter().find_map(|file| section(file, name)),
        DistributionKernel::Custom(own) => Some(own.wgsl()),
    };
    let generator = match axes.silhouette {
        SilhouetteKernel::TConorm(name) => {
            section(T_CONORM, name).map(|text| text.replace("GENERATOR_", &(name.replace('-', "_") + "_")))
        }
        SilhouetteKernel::Max => Some(MAX.to_owned()),
        SilhouetteKernel::Custom(own) => Some(own.wgsl()),
        SilhouetteKernel::ProbabilisticOr | SilhouetteKernel::Sum | SilhouetteKernel::Hard => None,
    };
    if let DistanceKernel::Custom(own) = axes.distance {
        text.push_str(&own.wgsl());
    }
    if let ColorKernel::Custom(own) = axes.color {
        text.push_str(&own.wgsl());
    }
    if own.is_some() || generator.is_some() {
        text.push_str(SPECIAL);
        text.push_str(TAIL);
    }
    let shaped = own.as_ref().is_some_and(|own| own.contains(&format!("fn {prefix}shape_vjp(")));
    text.extend(own);
    text.extend(generator);
    text.push_str(&format!(
        "fn distribution_probability(x: f32, shape: f32) -> Probability {{
    return {prefix}probability(x, shape);
}}
"
    ));
    let slope = if shaped { format!("{prefix}shape_vjp(x, shape, grad)") } else { "0.0".to_owned() };
    text.push_str(&format!(
        "fn distribution_shape_vjp(x: f32, shape: f32, grad: ProbabilityGrad) -> f32 {{
    return {slope};
}}
"
    ));
    text
}

/// A kernel, ready to run.
#[derive(Debug)]
pub(crate) struct Pipeline {
    /// The entry point.
    pub(crate) entry: &'static str,
    pub(crate) pipeline: wgpu::ComputePipeline,
    pub(crate) layout: wgpu::BindGroupLayout,
}

/// What a kernel is known by.
type Key = (Stage, Axes, Tile);
/// A kernel, once it is built: who builds it holds the lock, so that others wait for this one alone.
type Place = Arc<Mutex<Option<Arc<Pipeline>>>>;

/// The kernels built so far.
#[derive(Debug, Default)]
pub(crate) struct Kernels {
    places: Mutex<HashMap<Key, Place>>,
}

impl Kernels {
    /// Returns the kernel of `stage` at `axes`, built if it is the first time. Threads build different kernels at once.
    pub(crate) fn get(
        &self,
        gpu: &Gpu,
        stage: Stage,
        axes: &Axes,
        tile: Tile,
        planted: Planted,
    ) -> Result<Arc<Pipeline>> {
        let tile = if stage == Stage::Forward { tile } else { Tile::default() };
        let axes = axes.of_stage(stage);
        let place = {
            let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(places.entry((stage, axes, tile)).or_default())
        };
        let mut built = place.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pipeline) = &*built {
            return Ok(Arc::clone(pipeline));
        }
        let what = || format!("building kernel {} for {axes:?}", stage.entry());
        let text = planted.text(stage, source(stage, &axes, tile));
        let build = || Ok(assemble(gpu, stage.entry(), stage.bindings(), text));
        let pipeline = Arc::new(gpu.guarded(&what, build)?);
        *built = Some(Arc::clone(&pipeline));
        Ok(pipeline)
    }
}

/// Builds the kernel `entry` of the module `text`.
pub(crate) fn assemble(gpu: &Gpu, entry: &'static str, bindings: &[Access], text: String) -> Pipeline {
    let device = &gpu.device;
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: Some(entry),
        source: wgpu::ShaderSource::Wgsl(text.into()),
    });
    let slot = |binding: u32, ty| wgpu::BindGroupLayoutEntry {
        binding,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None },
        count: None,
    };
    let mut slots = vec![slot(0, wgpu::BufferBindingType::Uniform)];
    for (i, access) in bindings.iter().enumerate() {
        let read_only = *access == Access::Read;
        slots.push(slot(i as u32 + 1, wgpu::BufferBindingType::Storage { read_only }));
    }
    let layout = device
        .create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: Some(entry), entries: &slots });
    let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: Some(entry),
        bind_group_layouts: &[Some(&layout)],
        immediate_size: 0,
    });
    let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: Some(entry),
        layout: Some(&pipeline_layout),
        module: &module,
        entry_point: Some(entry),
        compilation_options: wgpu::PipelineCompilationOptions {
            // Every kernel writes what it reads.
            zero_initialize_workgroup_memory: false,
            ..wgpu::PipelineCompilationOptions::default()
        },
        cache: None,
    });
    Pipeline { entry, pipeline, layout }
}

/// The text of a module that runs functions of the core's twins at `axes`.
pub(crate) fn probe_source(axes: &Axes, own: &[&str]) -> String {
    assembled(axes, &[&Stage::math(), [GRID].as_slice(), own].concat())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use softras_core::raster::{Outputs, TextureFamily};

    use super::*;
    use softras_core::math::{Distribution, Silhouette};

    use crate::axes::MAX_CHANNELS;

    /// Every point of the axes that a stage tells apart, with a few numbers of channels.
    fn permutations(stage: Stage) -> HashSet<Axes> {
        let mut all = HashSet::new();
        // Each distribution and silhouette once with the first of everything.
        let (outputs, color, texture) = (Outputs::Both, ColorKernel::Softmax, TextureFamily::Vertex);
        let distance = DistanceKernel::BuiltIn;
        let first = (DistributionKernel::LOGISTIC, SilhouetteKernel::ProbabilisticOr);
        let distributions = Distribution::BUILT_IN.iter().filter_map(DistributionKernel::of);
        let silhouettes = Silhouette::BUILT_IN.iter().filter_map(SilhouetteKernel::of);
        let singles = distributions.map(|own| (own, first.1)).chain(silhouettes.map(|own| (first.0, own)));
        for (distribution, silhouette) in singles {
            all.insert(
                Axes { outputs, distance, distribution, silhouette, color, texture, channels: 3 }
                    .of_stage(stage),
            );
        }
        let distribution = first.0;
        for outputs in [Outputs::Both, Outputs::Silhouette, Outputs::Color] {
            for &silhouette in SilhouetteKernel::IN_PAPER {
                for &color in ColorKernel::ALL {
                    for texture in [TextureFamily::Vertex, TextureFamily::Surface] {
                        for channels in [1, 3, MAX_CHANNELS as u32] {
                            let axes = Axes {
                                outputs,
                                distance,
                                distribution,
                                silhouette,
                                color,
                                texture,
                                channels,
                            };
                            all.insert(axes.of_stage(stage));
                        }
                    }
                }
            }
        }
        all
    }

    /// The permutations of a stage; of those that sum weights up, those that have some.
    fn modules_of(stage: Stage) -> impl Iterator<Item = Axes> {
        let weights = matches!(stage, Stage::PrepareWeights | Stage::BackwardWeights);
        permutations(stage).into_iter().filter(move |axes| !weights || axes.layout().is_some())
    }

    #[test]
    fn every_module_is_valid_and_needs_no_optional_feature() {
        let mut modules = 0;
        for &stage in Stage::ALL {
            for axes in modules_of(stage) {
                let tile = Tile::ALL[modules % Tile::ALL.len()];
                let text = source(stage, &axes, tile);
                let module = wgpu::naga::front::wgsl::parse_str(&text)
                    .unwrap_or_else(|e| panic!("{stage:?} {axes:?}: {}", e.emit_to_string(&text)));
                let mut validator = wgpu::naga::valid::Validator::new(
                    wgpu::naga::valid::ValidationFlags::all(),
                    wgpu::naga::valid::Capabilities::empty(),
                );
                let info = validator
                    .validate(&module)
                    .unwrap_or_else(|e| panic!("{stage:?} {axes:?}: {}", e.emit_to_string(&text)));
                check_bindings(stage, &module, &info);
                modules += 1;
            }
        }
        // Some 45 combinations of aggregators, outputs and textures for each of four stages, times three numbers of channels,
        // and those with a network for two. And some 25 distributions and silhouettes for each of six stages.
        assert!(modules < 1000, "{modules} modules");
    }

    fn check_bindings(stage: Stage, module: &wgpu::naga::Module, _: &wgpu::naga::valid::ModuleInfo) {
        let mut found: Vec<(u32, bool)> = Vec::new();
        let mut shared_bytes = 0;
        for (_, variable) in module.global_variables.iter() {
            match variable.space {
                wgpu::naga::AddressSpace::Storage { access } => {
                    let writes = access.contains(wgpu::naga::StorageAccess::STORE);
                    found.extend(variable.binding.map(|b| (b.binding, writes)));
                }
                wgpu::naga::AddressSpace::WorkGroup => {
                    shared_bytes += module.types[variable.ty].inner.size(module.to_ctx());
                }
                _ => {}
            }
        }
        found.sort_unstable();
        let expected: Vec<_> =
            stage.bindings().iter().enumerate().map(|(i, a)| (i as u32 + 1, *a == Access::Write)).collect();
        assert_eq!(found, expected, "{stage:?}");
        assert!(found.len() <= 8, "{stage:?} has {} storage buffers", found.len());
        assert!(shared_bytes <= 16 << 10, "{stage:?} shares {shared_bytes} bytes");
        assert!(module.entry_points.iter().any(|e| e.name == stage.entry()), "{stage:?} has no entry");
    }
}
