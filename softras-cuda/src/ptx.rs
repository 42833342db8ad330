//! PTX of the default modules, for machines where NVRTC is not installed: the paper's renderer with vertex colors, and its
//! silhouettes. Compiled by NVRTC 12.0 for `compute_75`, so that drivers from 525 on load it; `examples/embed_ptx.rs`
//! writes it, `tests/nvrtc.rs` compares it.

/// The version of NVRTC that the embedded PTX comes from.
pub(crate) const VERSION: (i32, i32) = (12, 0);
/// The architecture it is for.
pub(crate) const ARCHITECTURE: u32 = 75;

macro_rules! embedded {
    ($($name:literal),+ $(,)?) => {
        const EMBEDDED: &[(&str, &str)] = &[$(($name, include_str!(concat!("ptx/", $name, ".ptx")))),+];
    };
}

embedded! {
    "plain",
    "forward-both-probabilistic-or-softmax-vertex-3",
    "forward-silhouette-probabilistic-or",
    "backward-both-probabilistic-or-softmax-vertex-3",
    "backward-silhouette-probabilistic-or",
}

/// How many modules are embedded.
#[cfg(test)]
pub(crate) const COUNT: usize = EMBEDDED.len();

/// The PTX of a module, if it is embedded.
pub(crate) fn embedded(name: &str) -> Option<&'static str> {
    EMBEDDED.iter().find(|(known, _)| *known == name).map(|(_, ptx)| *ptx)
}

/// The modules that are embedded, in words.
pub(crate) fn names() -> String {
    EMBEDDED.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}
