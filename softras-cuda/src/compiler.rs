//! Compiling kernels when they are first needed, and keeping what came of it on disk.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use cudarc::driver::CudaModule;
use cudarc::nvrtc::{self, CompileError, CompileOptions, Ptx};

use crate::device::Gpu;
use crate::error::{CudaError, Result, While};
use crate::ptx;

/// Whether products and sums are fused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Rounding {
    /// Nothing is fused: a pair has the same bits in every kernel, and on the host.
    Exact,
    /// As the compiler likes: the fastest, for what bits do not matter to.
    Fused,
}

impl Rounding {
    /// What modules are compiled with.
    pub(crate) const fn options(self) -> &'static [&'static str] {
        match self {
            Self::Exact => &["--std=c++17", "--fmad=false"],
            Self::Fused => &["--std=c++17"],
        }
    }
}

/// A module before it is compiled.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) name: String,
    pub(crate) text: String,
    /// `-DNAME=value`.
    pub(crate) definitions: Vec<String>,
    pub(crate) rounding: Rounding,
}

impl Program {
    /// The file of its PTX in a folder of modules compiled in advance: another text has another name.
    pub(crate) fn file(&self) -> String {
        let mut hasher = DefaultHasher::new();
        (&self.text, &self.definitions).hash(&mut hasher);
        format!("{}-{:016x}.ptx", self.name, hasher.finish())
    }
}

/// Compiles modules, and keeps them in a folder.
#[derive(Debug)]
pub(crate) struct Compiler {
    folder: Option<PathBuf>,
    precompiled: Option<PathBuf>,
}

impl Compiler {
    /// Keeps modules in `folder`, or nowhere; without NVRTC those of `precompiled` are used.
    pub(crate) const fn new(folder: Option<PathBuf>, precompiled: Option<PathBuf>) -> Self {
        Self { folder, precompiled }
    }

    /// The PTX of a module that was compiled in advance.
    fn without_compiler(&self, program: &Program) -> Option<String> {
        if let Some(ptx) = ptx::embedded(&program.name) {
            return Some(ptx.to_owned());
        }
        let folder = self.precompiled.as_ref()?;
        std::fs::read_to_string(folder.join(program.file())).ok()
    }

    /// Compiles a module, or finds it on disk, and loads it.
    pub(crate) fn load(&self, gpu: &Gpu, program: &Program) -> Result<Arc<CudaModule>> {
        let what = || gpu.on("compiling kernels");
        let loading = || gpu.on("loading kernels");
        if let Err(missing) = check_installed() {
            let Some(ptx) = self.without_compiler(program) else { return Err(missing).while_doing(what) };
            return gpu.context.load_module(Ptx::from_src(ptx)).while_doing(loading);
        }
        let architecture = architecture(gpu.capability).while_doing(what)?;
        let options = options(program, architecture);
        let kept = self.folder.as_ref().map(|folder| folder.join(file_name(program, &options)));
        if let Some(path) = &kept
            && let Ok(ptx) = std::fs::read_to_string(path)
            && let Ok(module) = gpu.context.load_module(Ptx::from_src(ptx))
        {
            return Ok(module);
        }
        let ptx = compile(program, options).while_doing(what)?;
        if let Some(path) = &kept {
            // A folder that cannot be written only costs time.
            drop(keep(path, &ptx));
        }
        gpu.context.load_module(Ptx::from_src(ptx)).while_doing(loading)
    }
}

/// Tells whether there is a compiler; without it every other call here would panic.
pub(crate) fn check_installed() -> Result<(), CudaError> {
    // SAFETY: it tries to load the compiler's library, as any use of it would.
    if unsafe { nvrtc::sys::is_culib_present() } {
        return Ok(());
    }
    let why = format!("libnvrtc was not found; without it there are {}", ptx::names());
    Err(CudaError::NoCompiler { why })
}

/// The version of the compiler, (12, 0) for 12.0.
pub(crate) fn version() -> Result<(i32, i32), CudaError> {
    check_installed()?;
    let (mut major, mut minor) = (0, 0);
    // SAFETY: the compiler writes two numbers.
    unsafe { nvrtc::sys::nvrtcVersion(&raw mut major, &raw mut minor).result() }
        .map_err(|e| CudaError::Compiler { log: e.to_string() })?;
    Ok((major, minor))
}

/// Compiles a module to PTX.
pub(crate) fn compile(program: &Program, options: Vec<String>) -> Result<String, CudaError> {
    let options = CompileOptions { options, ..CompileOptions::default() };
    match nvrtc::compile_ptx_with_opts(&program.text, options) {
        Ok(ptx) => Ok(ptx.to_src()),
        Err(CompileError::CompileError { log, .. }) => {
            Err(CudaError::Compiler { log: log.to_string_lossy().into_owned() })
        }
        Err(other) => Err(CudaError::Compiler { log: other.to_string() }),
    }
}

/// The options of a module for an architecture, 90 for compute_90.
pub(crate) fn options(program: &Program, architecture: u32) -> Vec<String> {
    let mut all = vec![format!("--gpu-architecture=compute_{architecture}")];
    all.extend(program.rounding.options().iter().map(|&option| option.to_owned()));
    all.extend(program.definitions.iter().cloned());
    all
}

/// The newest architecture that both the device and the compiler know.
fn architecture(capability: u32) -> Result<u32, CudaError> {
    let refused = |e: nvrtc::result::NvrtcError| CudaError::Compiler { log: e.to_string() };
    let mut count = 0;
    // SAFETY: the compiler writes one number.
    unsafe { nvrtc::sys::nvrtcGetNumSupportedArchs(&raw mut count).result() }.map_err(refused)?;
    let mut known = vec![0; usize::try_from(count).unwrap_or(0)];
    // SAFETY: the compiler writes as many numbers as it has just said.
    unsafe { nvrtc::sys::nvrtcGetSupportedArchs(known.as_mut_ptr()).result() }.map_err(refused)?;
    let known = known.into_iter().filter_map(|n| u32::try_from(n).ok());
    known.filter(|&n| n <= capability).max().ok_or_else(|| CudaError::Compiler {
        log: format!("it knows no architecture that a device of capability {capability} runs"),
    })
}

/// A name that differs where the text, the options or the compiler differ.
fn file_name(program: &Program, options: &[String]) -> String {
    // Where it does not tell, that is a version like any other.
    let (major, minor) = version().unwrap_or_default();
    let hash = |salt: u32| {
        let mut hasher = DefaultHasher::new();
        (salt, &program.text, options, major, minor, env!("CARGO_PKG_VERSION")).hash(&mut hasher);
        hasher.finish()
    };
    format!("{:016x}{:016x}.ptx", hash(0), hash(1))
}

/// Writes under another name first, one of its own: several threads and processes may do so at once.
fn keep(path: &Path, ptx: &str) -> std::io::Result<()> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let own = COUNT.fetch_add(1, Ordering::Relaxed);
    let staged = path.with_extension(format!("{}-{own}.tmp", std::process::id()));
    std::fs::write(&staged, ptx)?;
    std::fs::rename(&staged, path)
}

/// The folder of modules compiled in advance that the environment names: `$SOFTRAS_CUDA_KERNELS`.
pub(crate) fn precompiled_folder() -> Option<PathBuf> {
    std::env::var_os("SOFTRAS_CUDA_KERNELS").filter(|x| !x.is_empty()).map(PathBuf::from)
}

/// The folder that modules are kept in if none is named: `$XDG_CACHE_HOME/softras` or `~/.cache/softras`.
pub(crate) fn default_folder() -> Option<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).filter(|x| !x.is_empty()).map(PathBuf::from);
    folder("XDG_CACHE_HOME")
        .or_else(|| Some(folder("HOME")?.join(".cache")))
        .map(|cache| cache.join("softras"))
}
