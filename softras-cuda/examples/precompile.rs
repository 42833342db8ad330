//! Compiles every kernel module of built-in parts in advance, for machines without NVRTC:
//! `scripts/nvrtc 12 cargo run -p softras-cuda --example precompile -- FOLDER`.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use softras_cuda::{Module, embedded_by, modules};

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn compile(module: &Module, folder: &Path, architecture: u32) -> Result<(), Failure> {
    let path = folder.join(module.file());
    if !path.exists() {
        std::fs::write(&path, module.compile(architecture)?)
            .map_err(|e| format!("{}: {e}", path.display()))?;
    }
    Ok(())
}

fn main() -> Result<(), Failure> {
    let folder = std::env::args_os().nth(1).map(PathBuf::from).ok_or("expected: precompile FOLDER")?;
    std::fs::create_dir_all(&folder)?;
    let (_, architecture) = embedded_by();
    let queue = Mutex::new(modules().into_iter());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let work = || -> Result<(), Failure> {
        loop {
            let next = queue.lock().map_err(|_| "another thread failed")?.next();
            let Some(module) = next else { return Ok(()) };
            compile(&module, &folder, architecture)?;
        }
    };
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let join = |thread: std::thread::ScopedJoinHandle<'_, Result<(), Failure>>| match thread.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        all.into_iter().map(join).collect::<Result<Vec<()>, Failure>>().map(drop)
    })
}
