//! The file of a network and of a training: [`Checkpoint`].
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `SOFTRASN` |
//! | 4 | version, 2 |
//! | 4 x (8 + n) | each with its length: TOML (settings, where training is), weights, optimiser (empty in a network alone), weights of the network of colors (empty without one; version 1 has not this part) |
//! | 4 | checksum of all before |
//!
//! Numbers are little endian, the checksum is CRC-32. Weights and optimiser are in the form of burn 0.22. The file is
//! written under a temporary name, so it is whole or not there.

use std::path::Path;

use serde::{Deserialize, Serialize};
use softras_core::raster::DynRasterizer;

use super::learning::Learning;
use crate::color::{Painter, Reconstructor, Refined};
use crate::error::{Error, Result};
use crate::network::{LearnerBytes, Network};
use crate::refine::Refiner;
use crate::settings::{ReconSettings, RefineSettings};

const MAGIC: [u8; 8] = *b"SOFTRASN";
const VERSION: u32 = 2;
/// The oldest version that is read.
const OLDEST: u32 = 1;

/// A network, and what it takes to go on training it.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// What it was trained with.
    pub settings: ReconSettings,
    /// Where training is.
    pub state: State,
    /// The weights, and the optimiser, empty in a network alone.
    pub bytes: LearnerBytes,
    /// The weights of the network of colors, empty without one.
    pub color: Vec<u8>,
}

/// Where training is. What is random follows from the seed and the step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Steps taken.
    pub step: usize,
    /// Seconds spent.
    pub seconds: f64,
    /// A number of the names of the objects that are learnt from and looked at.
    pub objects: u32,
    /// Looks at the stop split without a new best.
    pub since_best: usize,
    /// The best look.
    pub best: Option<Best>,
    /// Sums since the last look.
    pub sums: Sums,
    /// The numbers of the renderer that are learnt, if any.
    #[serde(default)]
    pub learning: Option<Learning>,
}

/// The best look at the stop split.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// Steps taken.
    pub step: usize,
    /// Its IoU.
    pub iou: f64,
}

/// Sums over the steps since the last look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sums {
    /// Steps.
    pub steps: usize,
    /// Losses.
    pub loss: f64,
    /// `1 - soft IoU`.
    pub silhouette: f64,
    /// Laplacians.
    pub laplacian: f64,
    /// Flatten losses.
    pub flatten: f64,
    /// Milliseconds of steps.
    pub step_ms: f64,
    /// Milliseconds of drawing.
    pub render_ms: f64,
}

#[derive(Serialize, Deserialize)]
struct Head {
    settings: ReconSettings,
    state: State,
}

impl Checkpoint {
    /// Writes the file; what stood there before stays until the new one is whole.
    ///
    /// # Errors
    /// `File` if it cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        let head = Head { settings: self.settings.clone(), state: self.state.clone() };
        let head = toml::to_string(&head).map_err(|e| Error::write(path, std::io::Error::other(e)))?;
        let mut bytes = MAGIC.to_vec();
        bytes.extend(VERSION.to_le_bytes());
        for part in [head.as_bytes(), &self.bytes.weights, &self.bytes.optimizer, &self.color] {
            bytes.extend((part.len() as u64).to_le_bytes());
            bytes.extend_from_slice(part);
        }
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        Ok(softras_io::replace_file(path, &bytes)?)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// `Read` if it cannot be read; `Data` if it is damaged, cut, or of another version.
    pub fn open(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(|e| Error::read(path, e))?;
        let damaged = |found: &str| Error::data(path, found, "a whole checkpoint of softras train");
        let (head, rest) = bytes.split_at_checked(12).ok_or_else(|| damaged("fewer than 12 bytes"))?;
        if head[..8] != MAGIC {
            return Err(damaged("another kind of file"));
        }
        let version = head[8..].iter().rev().fold(0_u32, |n, b| n << 8 | u32::from(*b));
        if !(OLDEST..=VERSION).contains(&version) {
            return Err(Error::data(
                path,
                format!("version {version}"),
                format!("version {OLDEST} to {VERSION}"),
            ));
        }
        let (mut rest, checksum) =
            rest.len().checked_sub(4).map(|at| rest.split_at(at)).ok_or_else(|| damaged("a cut file"))?;
        if crc32fast::hash(&bytes[..bytes.len() - 4]).to_le_bytes() != checksum {
            return Err(damaged("bytes that do not fit their checksum"));
        }
        let mut part = || {
            let (length, tail) = rest.split_first_chunk::<8>()?;
            let (part, tail) = tail.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
            rest = tail;
            Some(part.to_vec())
        };
        let parts = part().zip(part()).zip(part());
        let ((head, weights), optimizer) = parts.ok_or_else(|| damaged("parts that do not fit"))?;
        let color = if version == OLDEST { Some(Vec::new()) } else { part() };
        let color = color.ok_or_else(|| damaged("parts that do not fit"))?;
        let head = String::from_utf8(head).map_err(|_| damaged("settings that are no text"))?;
        let Head { settings, state } = toml::from_str(&head).map_err(|e| damaged(&e.to_string()))?;
        settings.check()?;
        Ok(Self { settings, state, bytes: LearnerBytes { weights, optimizer }, color })
    }

    /// Returns the network.
    ///
    /// # Errors
    /// `Network` if the weights are not those of such a network.
    pub fn network(&self) -> Result<Network> {
        Network::from_bytes(self.settings.network, &self.bytes.weights)
    }

    /// Returns the network, with that of its colors if there is one.
    ///
    /// # Errors
    /// `Network` if the weights are not those of networks of these settings.
    pub fn reconstructor(&self) -> Result<Reconstructor> {
        let network = self.network()?;
        let painter = match self.color.as_slice() {
            [] => None,
            bytes => Some(Painter::from_bytes(&self.settings.color, network.triangles().len(), bytes)?),
        };
        Ok(Reconstructor { network, painter })
    }

    /// Returns the same, its shapes fitted to their pictures as `refine` says, drawn by `device`.
    ///
    /// # Errors
    /// As [`Checkpoint::reconstructor`] and [`Refiner::new`].
    pub fn refined<'d>(&self, device: &'d dyn DynRasterizer, refine: RefineSettings) -> Result<Refined<'d>> {
        let reconstructor = self.reconstructor()?;
        let refiner = Refiner::new(device, &reconstructor.network, &self.settings, refine)?;
        Ok(Refined { reconstructor, refiner })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_comes_back_to_the_bit_and_damage_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.softras");
        let sums = Sums { steps: 3, loss: 0.1 + 0.2, silhouette: 1.0 / 3.0, ..Sums::default() };
        let checkpoint = Checkpoint {
            settings: ReconSettings::small(),
            state: State {
                step: 7,
                seconds: 1e-3 / 7.0,
                objects: u32::MAX,
                since_best: 2,
                best: Some(Best { step: 5, iou: 1.0 / 7.0 }),
                sums,
                learning: None,
            },
            bytes: LearnerBytes { weights: vec![1, 2, 3], optimizer: vec![] },
            color: vec![4, 5],
        };
        checkpoint.save(&path).unwrap();
        assert_eq!(Checkpoint::open(&path).unwrap(), checkpoint);
        assert!(checkpoint.network().is_err());

        let whole = std::fs::read(&path).unwrap();
        let fails = |bytes: &[u8], text: &str| {
            std::fs::write(&path, bytes).unwrap();
            let e = Checkpoint::open(&path).unwrap_err().to_string();
            assert!(e.contains(text) && e.contains("a.softras"), "{text}: {e}");
        };
        fails(&whole[..5], "fewer than 12");
        fails(&whole[..whole.len() - 9], "checksum");
        fails(b"SOFTRASV....", "another kind");
        let mut other = whole.clone();
        other[8] = 3;
        fails(&other, "version");
        let mut other = whole;
        other[40] ^= 1;
        fails(&other, "checksum");
        assert!(Checkpoint::open(&folder.path().join("none")).is_err());
    }
}
