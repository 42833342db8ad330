//! The arguments of `softras bench`.

use std::path::PathBuf;

use clap::ValueEnum;

/// What back ends are compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum VsArg {
    /// The official algorithm, every face at every pixel after a box test: on one thread, and on the card beside cuda
    Brute,
}

#[derive(Debug, clap::Args)]
pub(crate) struct BenchArgs {
    /// Back ends side by side, separated by commas: those of --backend elsewhere, reference, brute
    #[arg(long, value_name = "NAMES", default_value = "cpu")]
    pub(crate) backend: String,
    /// Scenes or sets of scenes, separated by commas: quick, kernels, peers, scale, or [views:][Nx]SHAPE@SIZE, as
    /// 5120@256, spot@512, vase@640x480, cover@1024, 64x1280@64
    #[arg(long, value_name = "NAMES", default_value = "quick")]
    pub(crate) scene: String,
    /// Softness of edges, separated by commas [default: 1e-4, or that of the set]
    #[arg(long, value_delimiter = ',', value_name = "SIGMA", value_parser = sigma, allow_hyphen_values = true)]
    pub(crate) sigma: Vec<f64>,
    /// Numbers of threads, separated by commas, 0 for all
    #[arg(long, value_delimiter = ',', value_name = "N", default_value = "0")]
    pub(crate) threads: Vec<usize>,
    /// Times each back end takes its turn; the median counts
    #[arg(long, value_name = "N", default_value = "5", value_parser = runs)]
    pub(crate) runs: usize,
    /// Also measure what back ends are compared with
    #[arg(long, value_name = "WHAT")]
    pub(crate) vs: Option<VsArg>,
    /// Instruction sets of the CPU, separated by commas: avx512, avx2, sse4.2, neon, baseline
    #[arg(long, value_delimiter = ',', value_name = "SETS")]
    pub(crate) simd: Vec<String>,
    /// Measure nothing: join reports that --json printed, of several machines
    #[arg(long, num_args = 1.., value_name = "FILE", conflicts_with_all = ["vs", "simd", "table", "curves"])]
    pub(crate) merge: Vec<PathBuf>,
    /// Measure how the cost grows, and write curves.csv and curves.svg into a folder
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["scene", "sigma", "threads", "vs", "simd"])]
    pub(crate) curves: Option<PathBuf>,
    /// Measure what the CPU is to reach, as ratios in one run (minutes)
    #[arg(long, conflicts_with_all = ["scene", "sigma", "threads", "vs", "simd"])]
    pub(crate) table: bool,
    /// Also put the table into a document, in the place of the one it has
    #[arg(long, value_name = "FILE", requires = "table")]
    pub(crate) into: Option<PathBuf>,
    /// A Python that has DEODR, to be compared with
    #[arg(long, value_name = "PYTHON", requires = "table")]
    pub(crate) python: Option<PathBuf>,
    /// Print one JSON object as the last line of stdout, and no progress
    #[arg(long)]
    pub(crate) json: bool,
}

fn sigma(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(sigma) if (1e-12..=1e6).contains(&sigma) => Ok(sigma),
        _ => Err(format!("found {text:?}, expected a number from 1e-12 to 1e6")),
    }
}

fn runs(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(runs) if (1..=1000).contains(&runs) => Ok(runs),
        _ => Err(format!("found {text:?}, expected a number from 1 to 1000")),
    }
}
