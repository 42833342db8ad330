//! The kernels of a device: modules compiled when they are first needed, and kept loaded.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use cudarc::driver::{CudaFunction, CudaModule};

use crate::compiler::Compiler;
use crate::custom::Texts;
use crate::device::Gpu;
use crate::error::{Result, While};
use crate::kernels::{Axes, Family, Stage, program};

/// A kernel, ready to run.
#[derive(Clone, Debug)]
pub(crate) struct Kernel {
    pub(crate) stage: Stage,
    pub(crate) function: CudaFunction,
}

/// A module on the device, and its file in a folder of modules compiled in advance.
#[derive(Debug)]
struct Loaded {
    module: Arc<CudaModule>,
    file: String,
}

/// The kernels compiled so far.
#[derive(Debug)]
pub(crate) struct Kernels {
    compiler: Compiler,
    modules: Mutex<HashMap<(Family, Axes), Loaded>>,
    own: Mutex<Vec<Arc<Texts>>>,
}

impl Kernels {
    pub(crate) fn new(compiler: Compiler) -> Self {
        Self { compiler, modules: Mutex::default(), own: Mutex::default() }
    }

    /// Tells whether modules that nobody compiled in advance can be had.
    pub(crate) fn compiles(&self) -> bool {
        self.compiler.compiles()
    }

    /// The files of the modules that were loaded, sorted.
    pub(crate) fn files(&self) -> Vec<String> {
        let modules = self.modules.lock().unwrap_or_else(PoisonError::into_inner);
        let mut files: Vec<String> = modules.values().map(|loaded| loaded.file.clone()).collect();
        files.sort();
        files
    }

    /// The number by which axes know texts of the user's own; `None` if there are none.
    pub(crate) fn custom(&self, texts: Texts) -> Option<usize> {
        if texts == Texts::default() {
            return None;
        }
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(number) = own.iter().position(|known| **known == texts) {
            return Some(number);
        }
        own.push(Arc::new(texts));
        Some(own.len() - 1)
    }

    /// The texts of the user's own at `axes`.
    fn texts(&self, axes: &Axes) -> Arc<Texts> {
        let own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        axes.custom.and_then(|number| own.get(number).cloned()).unwrap_or_default()
    }

    /// Returns the kernel of `stage` at `axes`, compiled if it is the first time.
    pub(crate) fn get(&self, gpu: &Gpu, stage: Stage, axes: &Axes) -> Result<Kernel> {
        let family = stage.family();
        let key = (family, axes.of_family(family));
        // Where memory is lent from the arena this may be the first call of its thread.
        gpu.bind()?;
        let mut modules = self.modules.lock().unwrap_or_else(PoisonError::into_inner);
        let module = if let Some(loaded) = modules.get(&key) {
            Arc::clone(&loaded.module)
        } else {
            let program = program(family, &key.1, &self.texts(&key.1));
            let module = self.compiler.load(gpu, &program)?;
            modules.insert(key, Loaded { module: Arc::clone(&module), file: program.file() });
            module
        };
        let what = || gpu.on(&format!("looking for kernel {}", stage.entry()));
        let function = module.load_function(stage.entry()).while_doing(what)?;
        Ok(Kernel { stage, function })
    }
}
