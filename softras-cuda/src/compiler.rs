//! Compiling kernels when they are first needed, and keeping what came of it on disk.
//!
//! What is loaded is PTX. A driver that is older than the compiler refuses it; machine code of the same compiler it may
//! take (within one major version), and else what was compiled in advance by an older one.

use std::ffi::{CString, c_char};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use cudarc::driver::{CudaModule, DriverError, sys::CUresult};
use cudarc::nvrtc::{self, Ptx, result, sys};

use crate::device::Gpu;
use crate::error::{CudaError, Result, While};
use crate::ptx;

/// When kernels are compiled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compiling {
    /// When they are first needed, by NVRTC; where it is missing those are used that were compiled in advance.
    #[default]
    WhenNeeded,
    /// Never: only what was compiled in advance is used.
    Never,
}

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

    /// Compiles it; `further` are options beside its own.
    pub(crate) fn build(&self, target: Target, further: &[&str]) -> Result<Built, CudaError> {
        check_installed()?;
        let refused = |log: String| CudaError::Compiler { module: self.name.clone(), log };
        let text = CString::new(self.text.as_str()).map_err(|e| refused(format!("its text: {e}")))?;
        let mut options = options(self, target);
        options.extend(further.iter().map(|&option| option.to_owned()));
        let mut built =
            Built { own: result::create_program(&text, None).map_err(failed)?, log: String::new() };
        // SAFETY: the program was just created, and `Built` frees it later.
        let (compiled, log) =
            unsafe { (result::compile_program(built.own, &options), result::get_program_log(built.own)) };
        built.log = words(log.map_err(failed)?);
        match compiled {
            Ok(()) => Ok(built),
            Err(_) if !built.log.is_empty() => Err(refused(built.log.clone())),
            Err(e) => Err(refused(e.to_string())),
        }
    }
}

/// What a module is compiled for: compute capability times ten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// PTX, which the driver makes machine code of.
    Ptx(u32),
    /// Machine code; there is PTX, too.
    Machine(u32),
}

/// A module that was compiled.
pub(crate) struct Built {
    own: sys::nvrtcProgram,
    /// What the compiler said.
    pub(crate) log: String,
}

impl Drop for Built {
    fn drop(&mut self) {
        // SAFETY: it was created, and is freed once. What freeing says does not matter any more.
        let _freed = unsafe { result::destroy_program(self.own) };
    }
}

impl Built {
    pub(crate) fn ptx(&self) -> Result<String, CudaError> {
        // SAFETY: the program was compiled.
        Ok(words(unsafe { result::get_ptx(self.own) }.map_err(failed)?))
    }

    pub(crate) fn machine_code(&self) -> Result<Vec<u8>, CudaError> {
        let mut size = 0;
        // SAFETY: the program was compiled; the compiler writes one number.
        unsafe { sys::nvrtcGetCUBINSize(self.own, &raw mut size).result() }.map_err(failed)?;
        let mut code = vec![0_u8; size];
        // SAFETY: it writes as many bytes as it has said.
        unsafe { sys::nvrtcGetCUBIN(self.own, code.as_mut_ptr().cast::<c_char>()).result() }
            .map_err(failed)?;
        Ok(code)
    }
}

fn failed(error: result::NvrtcError) -> CudaError {
    CudaError::CompilerFailed { why: error.to_string() }
}

/// A text of the compiler, which ends with a zero.
fn words(text: Vec<c_char>) -> String {
    let bytes: Vec<u8> = text.into_iter().map(|c| c as u8).collect();
    String::from_utf8_lossy(&bytes).trim_end_matches('\0').to_owned()
}

/// Compiles modules, and keeps them in a folder.
#[derive(Debug)]
pub(crate) struct Compiler {
    folder: Option<PathBuf>,
    precompiled: Option<PathBuf>,
    compiling: Compiling,
    /// Whether the driver has refused PTX of this compiler.
    ptx_is_too_new: AtomicBool,
}

impl Compiler {
    /// Keeps modules in `folder`, or nowhere; where it does not compile those of `precompiled` are used.
    pub(crate) const fn new(
        folder: Option<PathBuf>,
        precompiled: Option<PathBuf>,
        compiling: Compiling,
    ) -> Self {
        Self { folder, precompiled, compiling, ptx_is_too_new: AtomicBool::new(false) }
    }

    /// Tells whether modules that nobody compiled in advance can be had.
    pub(crate) fn compiles(&self) -> bool {
        self.compiling == Compiling::WhenNeeded && check_installed().is_ok()
    }

    /// The PTX of a module that was compiled in advance, of the folder or embedded; or where it was looked for.
    fn in_advance(&self, program: &Program) -> Result<String, String> {
        let found = match &self.precompiled {
            None => Err("no folder of others is named (SOFTRAS_CUDA_KERNELS)".to_owned()),
            Some(folder) => {
                let path = folder.join(program.file());
                std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))
            }
        };
        found.or_else(|why| match ptx::embedded(&program.name) {
            Some(ptx) => Ok(ptx.to_owned()),
            None => {
                Err(format!("module {} is not embedded, as {} are, and {why}", program.name, ptx::names()))
            }
        })
    }

    /// Compiles a module, or finds it on disk, and loads it.
    pub(crate) fn load(&self, gpu: &Gpu, program: &Program) -> Result<Arc<CudaModule>> {
        let what = || gpu.on(&format!("compiling module {}", program.name));
        let loading = || gpu.on(&format!("loading module {}", program.name));
        let load = |ptx: String| gpu.context.load_module(Ptx::from_src(ptx));
        if !self.compiles() {
            let why = match self.compiling {
                Compiling::Never => "it is not to be used".to_owned(),
                Compiling::WhenNeeded => check_installed().map_or_else(|e| e.to_string(), |()| String::new()),
            };
            let advance = self.in_advance(program).map_err(|tried| format!("{why}; {tried}"));
            let ptx = advance.map_err(|why| CudaError::NoCompiler { why }).while_doing(what)?;
            return load(ptx).while_doing(loading);
        }
        let architecture = architecture(gpu.capability).while_doing(what)?;
        let mut tried = Vec::new();
        if self.ptx_is_too_new.load(Ordering::Relaxed) {
            tried.push("PTX of this compiler is too new".to_owned());
        } else {
            let target = Target::Ptx(architecture);
            let kept = self.kept(program, target).and_then(|path| std::fs::read_to_string(path).ok());
            if let Some(Ok(module)) = kept.map(load) {
                return Ok(module);
            }
            let ptx = program.build(target, &[]).and_then(|built| built.ptx()).while_doing(what)?;
            self.keep(program, target, ptx.as_bytes());
            match load(ptx) {
                Err(error) if is_too_new(error) => tried.push(format!("its PTX: {error}")),
                loaded => return loaded.while_doing(loading),
            }
            self.ptx_is_too_new.store(true, Ordering::Relaxed);
        }
        match self.load_machine_code(gpu, program, architecture)? {
            Ok(module) => return Ok(module),
            Err(why) => tried.push(why),
        }
        match self.in_advance(program) {
            Ok(ptx) => load(ptx).while_doing(loading),
            Err(why) => {
                tried.push(why);
                let (module, why) = (program.name.clone(), tried.join("; "));
                Err(CudaError::DriverTooOld { module, why }).while_doing(loading)
            }
        }
    }

    /// Loads the machine code that the compiler itself makes; where the driver does not take that, says why.
    fn load_machine_code(
        &self,
        gpu: &Gpu,
        program: &Program,
        architecture: u32,
    ) -> Result<core::result::Result<Arc<CudaModule>, String>> {
        let what = || gpu.on(&format!("compiling module {}", program.name));
        if architecture / 10 != gpu.capability / 10 {
            let own = gpu.capability;
            return Ok(Err(format!("the compiler makes no machine code for capability {own}")));
        }
        let target = Target::Machine(architecture);
        let load = |code: Vec<u8>| gpu.context.load_module(Ptx::from_binary(code));
        let kept = self.kept(program, target).and_then(|path| std::fs::read(path).ok());
        if let Some(Ok(module)) = kept.map(load) {
            return Ok(Ok(module));
        }
        let code = program.build(target, &[]).and_then(|built| built.machine_code()).while_doing(what)?;
        self.keep(program, target, &code);
        Ok(load(code).map_err(|error| format!("machine code for sm_{architecture}: {error}")))
    }

    /// Where what was compiled is kept.
    fn kept(&self, program: &Program, target: Target) -> Option<PathBuf> {
        let folder = self.folder.as_ref()?;
        let extension = if matches!(target, Target::Ptx(_)) { "ptx" } else { "cubin" };
        Some(folder.join(format!("{}.{extension}", file_name(program, &options(program, target)))))
    }

    fn keep(&self, program: &Program, target: Target, content: &[u8]) {
        if let Some(path) = self.kept(program, target) {
            // A folder that cannot be written only costs time.
            drop(keep(&path, content));
        }
    }
}

/// Tells whether the driver is older than what it was given.
fn is_too_new(error: DriverError) -> bool {
    error.0 == CUresult::CUDA_ERROR_UNSUPPORTED_PTX_VERSION
}

/// What is called of the compiler.
const CALLED: &[&str] = &[
    "nvrtcVersion",
    "nvrtcGetNumSupportedArchs",
    "nvrtcGetSupportedArchs",
    "nvrtcCreateProgram",
    "nvrtcDestroyProgram",
    "nvrtcCompileProgram",
    "nvrtcGetPTXSize",
    "nvrtcGetPTX",
    "nvrtcGetCUBINSize",
    "nvrtcGetCUBIN",
    "nvrtcGetProgramLogSize",
    "nvrtcGetProgramLog",
];

/// Tells whether there is a compiler; without it every other call here would panic.
pub(crate) fn check_installed() -> Result<(), CudaError> {
    // SAFETY: it tries to load the compiler's library, as any use of it would.
    if !unsafe { nvrtc::sys::is_culib_present() } {
        return Err(CudaError::NoCompiler { why: "libnvrtc was not found".to_owned() });
    }
    // SAFETY: the library was just found.
    let library = unsafe { nvrtc::sys::culib() };
    // SAFETY: the symbols are looked for, not called.
    let has = |name: &str| unsafe { library.get::<unsafe extern "C" fn()>(name.as_bytes()).is_ok() };
    match CALLED.iter().find(|name| !has(name)) {
        Some(name) => Err(CudaError::NoCompiler { why: format!("libnvrtc has no {name}") }),
        None => Ok(()),
    }
}

/// The version of the compiler, (12, 0) for 12.0.
pub(crate) fn version() -> Result<(i32, i32), CudaError> {
    check_installed()?;
    let (mut major, mut minor) = (0, 0);
    // SAFETY: the compiler writes two numbers.
    unsafe { sys::nvrtcVersion(&raw mut major, &raw mut minor).result() }.map_err(failed)?;
    Ok((major, minor))
}

/// The options of a module for a target.
pub(crate) fn options(program: &Program, target: Target) -> Vec<String> {
    let mut all = vec![match target {
        Target::Ptx(architecture) => format!("--gpu-architecture=compute_{architecture}"),
        Target::Machine(architecture) => format!("--gpu-architecture=sm_{architecture}"),
    }];
    all.extend(program.rounding.options().iter().map(|&option| option.to_owned()));
    all.extend(program.definitions.iter().cloned());
    all
}

/// The newest architecture that both the device and the compiler know.
fn architecture(capability: u32) -> Result<u32, CudaError> {
    let mut count = 0;
    // SAFETY: the compiler writes one number.
    unsafe { sys::nvrtcGetNumSupportedArchs(&raw mut count).result() }.map_err(failed)?;
    let mut known = vec![0; usize::try_from(count).unwrap_or(0)];
    // SAFETY: it writes as many numbers as it has said.
    unsafe { sys::nvrtcGetSupportedArchs(known.as_mut_ptr()).result() }.map_err(failed)?;
    let known = known.into_iter().filter_map(|n| u32::try_from(n).ok());
    known.filter(|&n| n <= capability).max().ok_or_else(|| CudaError::CompilerFailed {
        why: format!("it knows no architecture that a device of capability {capability} runs"),
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
    format!("{:016x}{:016x}", hash(0), hash(1))
}

/// Writes under another name first, one of its own: several threads and processes may do so at once.
fn keep(path: &Path, content: &[u8]) -> std::io::Result<()> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let own = COUNT.fetch_add(1, Ordering::Relaxed);
    let staged = path.with_extension(format!("{}-{own}.tmp", std::process::id()));
    std::fs::write(&staged, content)?;
    std::fs::rename(&staged, path)
}

fn named(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|x| !x.is_empty()).map(PathBuf::from)
}

/// The folder of modules compiled in advance that the environment names: `$SOFTRAS_CUDA_KERNELS`.
pub(crate) fn precompiled_folder() -> Option<PathBuf> {
    named("SOFTRAS_CUDA_KERNELS")
}

/// Whether kernels are compiled, if nobody says: not where `$SOFTRAS_CUDA_COMPILE` is `never`.
pub(crate) fn compiling() -> Compiling {
    match std::env::var_os("SOFTRAS_CUDA_COMPILE") {
        Some(word) if word == "never" => Compiling::Never,
        _ => Compiling::WhenNeeded,
    }
}

/// The folder that modules are kept in if none is named: `$XDG_CACHE_HOME/softras` or `~/.cache/softras`.
pub(crate) fn default_folder() -> Option<PathBuf> {
    named("XDG_CACHE_HOME").or_else(|| Some(named("HOME")?.join(".cache"))).map(|cache| cache.join("softras"))
}
