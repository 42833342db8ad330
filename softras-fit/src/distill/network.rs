//! The weights of a neural aggregator, and their file: [`Network`].
//!
//! The file is in the safetensors format: the tensors `depth [2]`, `phi [H, 3 + C]` and `rho [H, 1 + 2 C + H]` in `f32`, in
//! the order of [`NeuralLayout`], and one entry of metadata, `softras`, a JSON object with the version, H and C.

use std::collections::HashMap;
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use serde::{Deserialize, Serialize};
use softras_core::math::{Color, DepthMap, Neural, NeuralLayout};
use softras_core::raster::RasterParams;

use crate::error::{Error, Result};

/// The version of the file that is written and read.
const VERSION: u32 = 1;
/// The entry of the metadata that says what the file is.
const ENTRY: &str = "softras";
/// What the file is for.
const KIND: &str = "neural color aggregator";

/// What the file says about itself.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    kind: String,
    version: u32,
    hidden: usize,
    channels: usize,
}

/// A neural aggregator A_N and its weights for a number of channels.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    layout: NeuralLayout,
    weights: Vec<f32>,
}

impl Network {
    /// Checks `weights`, which stand as [`NeuralLayout`] says.
    ///
    /// # Errors
    /// `Core` if their number, one of them, or the number of hidden units is out of range.
    pub fn new(neural: Neural, channels: usize, weights: Vec<f32>) -> Result<Self> {
        neural.check(&weights)?;
        let layout = neural.layout(channels);
        if weights.len() != layout.count() {
            let expected =
                format!("[{}], {} hidden units, {channels} channels", layout.count(), neural.hidden);
            return Err(softras_core::Error::shape("weights", &[weights.len()], expected).into());
        }
        Ok(Self { layout, weights })
    }

    /// Returns the aggregator.
    #[must_use]
    pub const fn neural(&self) -> Neural {
        Neural { hidden: self.layout.hidden }
    }
    /// Returns the number of channels it is for.
    #[must_use]
    pub const fn channels(&self) -> usize {
        self.layout.channels
    }
    /// Returns its weights.
    #[must_use]
    pub fn weights(&self) -> &[f32] {
        &self.weights
    }

    /// Returns the same network for scenes whose depths go from `nearest` to `farthest`.
    #[must_use]
    pub fn for_depths(&self, map: DepthMap, nearest: f64, farthest: f64) -> Self {
        let mut weights = self.weights.clone();
        let [offset, scale] = Neural::depth_weights(map, nearest, farthest);
        weights[NeuralLayout::OFFSET] = offset as f32;
        weights[NeuralLayout::SCALE] = scale as f32;
        Self { weights, ..*self }
    }

    /// Returns `params` with this network as the color aggregator.
    #[must_use]
    pub fn draw_with(&self, params: RasterParams) -> RasterParams {
        params.color(Color::Neural { hidden: self.layout.hidden }).weights(self.weights.clone())
    }

    /// Writes the file, under a temporary name that is then renamed.
    ///
    /// # Errors
    /// `Write` if that fails; whatever had the name before is then still there.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let failed = |e: String| Error::Write { path: path.into(), source: std::io::Error::other(e) };
        let bytes: Vec<u8> = self.weights.iter().flat_map(|w| w.to_le_bytes()).collect();
        let mut tensors = Vec::new();
        let mut at = 0;
        for (name, shape) in shapes(self.layout) {
            let size = 4 * shape.iter().product::<usize>();
            let view = TensorView::new(Dtype::F32, shape, &bytes[at..at + size]);
            tensors.push((name, view.map_err(|e| failed(e.to_string()))?));
            at += size;
        }
        let NeuralLayout { hidden, channels } = self.layout;
        let header = Header { kind: KIND.to_owned(), version: VERSION, hidden, channels };
        let header = serde_json::to_string(&header).map_err(|e| failed(e.to_string()))?;
        let info = HashMap::from([(ENTRY.to_owned(), header)]);
        let file = serialize(tensors, Some(info)).map_err(|e| failed(e.to_string()))?;
        crate::report::write_file(path, &file)
    }

    /// Reads a file that [`Network::save`] wrote.
    ///
    /// # Errors
    /// `Read` if it cannot be read; `Network` says what was found and what was expected if it is damaged, foreign or of
    /// another version.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(|source| Error::Read { path: path.into(), source })?;
        let wrong = |found: String, expected: String| Error::Network { path: path.into(), found, expected };
        let kind = || format!("a {KIND} of softras in the safetensors format");
        let header = header(&bytes).map_err(|found| wrong(found, kind()))?;
        if header.version != VERSION {
            return Err(wrong(format!("version {}", header.version), format!("version {VERSION}")));
        }
        let neural = Neural { hidden: header.hidden };
        neural.check::<f32>(&[])?;
        let layout = neural.layout(header.channels);
        let file = SafeTensors::deserialize(&bytes).map_err(|e| wrong(e.to_string(), kind()))?;
        let mut weights = Vec::with_capacity(layout.count());
        for (name, shape) in shapes(layout) {
            let expected = || format!("{name} {shape:?} in f32");
            let tensor = file.tensor(name).map_err(|e| wrong(e.to_string(), expected()))?;
            if tensor.dtype() != Dtype::F32 || tensor.shape() != shape {
                let found = format!("{name} {:?} in {:?}", tensor.shape(), tensor.dtype());
                return Err(wrong(found, expected()));
            }
            let numbers = tensor.data().as_chunks::<4>().0;
            weights.extend(numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)));
        }
        if file.len() != shapes(layout).len() {
            return Err(wrong(format!("{} tensors", file.len()), format!("{}", shapes(layout).len())));
        }
        Self::new(neural, header.channels, weights)
    }
}

/// The most channels a file may be for: beyond, its sizes are nonsense.
const MOST_CHANNELS: usize = 1 << 16;

/// Returns what a file says about itself, or what is wrong with it.
fn header(bytes: &[u8]) -> Result<Header, String> {
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|e| e.to_string())?;
    let entries = metadata.metadata().as_ref();
    let text = entries.and_then(|all| all.get(ENTRY)).ok_or_else(|| format!("no entry {ENTRY:?}"))?;
    let header: Header = serde_json::from_str(text).map_err(|e| format!("an entry {ENTRY:?} with {e}"))?;
    if header.kind != KIND {
        return Err(format!("a {:?}", header.kind));
    }
    if header.channels == 0 || header.channels > MOST_CHANNELS {
        return Err(format!("{} channels", header.channels));
    }
    Ok(header)
}

/// The tensors of a file, in the order of the weights.
fn shapes(layout: NeuralLayout) -> [(&'static str, Vec<usize>); 3] {
    let hidden = layout.hidden;
    [
        ("depth", vec![layout.phi(0)]),
        ("phi", vec![hidden, layout.phi_size()]),
        ("rho", vec![hidden, layout.rho_size()]),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network() -> Network {
        let neural = Neural { hidden: 4 };
        let weights = (0..neural.layout(2).count()).map(|i| i as f32 * 0.25).collect();
        Network::new(neural, 2, weights).unwrap()
    }

    #[test]
    fn a_file_comes_back_as_it_was_and_is_the_same_twice() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = (folder.path().join("a.safetensors"), folder.path().join("b.safetensors"));
        network().save(&a).unwrap();
        network().save(&b).unwrap();
        assert_eq!(Network::load(&a).unwrap(), network());
        assert!(std::fs::read(a).unwrap() == std::fs::read(b).unwrap());
    }

    #[test]
    fn a_wrong_file_says_what_was_found_and_expected() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.safetensors");
        network().save(&path).unwrap();
        let good = std::fs::read(&path).unwrap();
        let refused = |bytes: &[u8], words: &[&str]| {
            std::fs::write(&path, bytes).unwrap();
            let error = Network::load(&path).unwrap_err().to_string();
            for word in words.iter().chain(&["a.safetensors"]) {
                assert!(error.contains(word), "{error} lacks {word}");
            }
        };
        refused(b"", &["expected"]);
        refused(b"no such file of anything", &["expected"]);
        refused(&good[..good.len() - 1], &["expected"]);
        let replaced = |from: &str, to: &str| {
            let at = good.windows(from.len()).position(|w| w == from.as_bytes()).unwrap();
            let mut bytes = good.clone();
            bytes[at..at + from.len()].copy_from_slice(to.as_bytes());
            bytes
        };
        refused(&replaced("version\\\":1", "version\\\":2"), &["found version 2", "expected version 1"]);
        refused(&replaced("channels\\\":2", "channels\\\":3"), &["phi [4, 5]", "expected phi [4, 6]"]);
        refused(&replaced("neural color", "neural sound"), &["sound", "expected a neural color"]);
        assert!(matches!(Network::load(folder.path().join("none")), Err(Error::Read { .. })));
    }

    #[test]
    fn it_is_placed_at_other_depths() {
        let moved = network().for_depths(DepthMap::Linear, 2.0, 4.0);
        assert_eq!(moved.weights()[..2], [-3.0, 1.0]);
        assert_eq!(moved.weights()[2..], network().weights()[2..]);
    }
}
