//! What a kernel takes of a multiprocessor, as the compiler says: no device is needed.

use std::fmt;

use crate::error::CudaError;

/// What one kernel takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resources {
    /// The kernel's entry point.
    pub kernel: String,
    /// Registers of a thread.
    pub registers: u32,
    /// Bytes of shared memory of a block.
    pub shared: u32,
    /// Bytes of the stack of a thread.
    pub stack: u32,
    /// Bytes of registers that do not fit and are written to memory.
    pub spill_stores: u32,
    /// Bytes of them that are read back.
    pub spill_loads: u32,
}

impl fmt::Display for Resources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kernel, registers, shared, stack, spill_stores, spill_loads } = self;
        write!(f, "{kernel}\t{registers}\t{shared}\t{stack}\t{spill_stores}\t{spill_loads}")
    }
}

/// The names of the columns that [`Resources`] are written in, after that of the module.
pub const COLUMNS: &str = "kernel\tregisters\tshared\tstack\tspill stores\tspill loads";

/// What each kernel of a module takes, by what the assembler said when it was compiled with [`VERBOSE`].
pub(crate) fn of(module: &str, log: &str) -> Result<Vec<Resources>, CudaError> {
    let found = parse(log);
    // Each kernel begins a paragraph of the log.
    if found.is_empty() || found.iter().any(|r| r.registers == 0) {
        let why = format!("it does not say what the kernels of {module} take:\n{log}");
        return Err(CudaError::CompilerFailed { why });
    }
    Ok(found)
}

/// The option by which the assembler tells.
pub(crate) const VERBOSE: &str = "--ptxas-options=-v";

/// Reads what the assembler says of each kernel.
fn parse(log: &str) -> Vec<Resources> {
    let mut all: Vec<Resources> = Vec::new();
    for line in log.lines() {
        if let Some((_, rest)) = line.split_once("Compiling entry function '") {
            let kernel = rest.split('\'').next().unwrap_or("").to_owned();
            all.push(Resources { kernel, ..Resources::default() });
        }
        let Some(own) = all.last_mut() else { continue };
        let before = |words: &str| -> Option<u32> {
            line.split_once(words)?.0.rsplit([' ', ',', '.']).find(|x| !x.is_empty())?.parse().ok()
        };
        own.registers = before(" registers").unwrap_or(own.registers);
        own.shared = before(" bytes smem").unwrap_or(own.shared);
        own.stack = before(" bytes stack frame").unwrap_or(own.stack);
        own.spill_stores = before(" bytes spill stores").unwrap_or(own.spill_stores);
        own.spill_loads = before(" bytes spill loads").unwrap_or(own.spill_loads);
    }
    all.sort_by(|a, b| a.kernel.cmp(&b.kernel));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_assembler_are_read() {
        let log = "ptxas info    : 0 bytes gmem
ptxas info    : Compiling entry function 'scan' for 'sm_90'
ptxas info    : Function properties for scan
ptxas         .     16 bytes stack frame, 8 bytes spill stores, 12 bytes spill loads
ptxas info    : Used 72 registers, used 1 barriers, 256 bytes smem
ptxas info    : Compile time = 11.267 ms
ptxas info    : Compiling entry function 'add' for 'sm_90'
ptxas         .     0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 8 registers";
        let words: Vec<String> = parse(log).iter().map(Resources::to_string).collect();
        assert_eq!(words, ["add\t8\t0\t0\t0\t0", "scan\t72\t256\t16\t8\t12"]);
    }
}
