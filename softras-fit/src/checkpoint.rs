//! A fit in a file, to go on from: [`Fit::save`], [`Fit::load`].
//!
//! | bytes | content |
//! |---|---|
//! | 12 | `softras fit\n` |
//! | 4 | version, little endian as all that follows |
//! | 8 | length of the header |
//! | .. | header, JSON: settings, fingerprints of template and targets, lengths |
//! | .. | raw f32: the vertices the stage began with; positions, their Adam means and squares; the same of colors, light and learnt numbers if there are any |
//! | .. | raw f64: the seven numbers of each step's loss |
//! | 4 | CRC-32 of everything before |
//!
//! The file is written under a temporary name, then renamed: there is always a whole one.

use std::path::Path;

use ndarray::Array2;
use serde::{Deserialize, Serialize};
use softras_io::subdivide;

use crate::error::{Error, Result};
use crate::fit::Fit;
use crate::objective::StepLoss;
use crate::settings::FitSettings;
use crate::stage::{Group, Stage};

const MAGIC: &[u8; 12] = b"softras fit\n";
const VERSION: u32 = 4;

/// What the numbers belong to.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    settings: FitSettings,
    template: u32,
    targets: u32,
    steps: usize,
    refined: usize,
    vertices: usize,
    lengths: Vec<usize>, // of positions, colors, light, learnt numbers
}

impl Fit<'_> {
    /// Writes everything a fit needs to go on with the same bits.
    ///
    /// # Errors
    /// `Write` if the file cannot be written; then an older one is untouched.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let failed = |source| Error::Write { path: path.into(), source };
        let header = serde_json::to_vec(&self.header()).map_err(|e| failed(e.into()))?;
        let mut bytes = Vec::new();
        bytes.extend(MAGIC);
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend((header.len() as u64).to_le_bytes());
        bytes.extend(header);
        for x in self.stage.start.vertices() {
            bytes.extend(x.to_le_bytes());
        }
        for group in groups(&self.stage, [&self.light, &self.learnt]) {
            for x in group.values.iter().chain(&group.adam.mean).chain(&group.adam.square) {
                bytes.extend(x.to_le_bytes());
            }
        }
        for x in self.history.iter().flat_map(|loss| loss.to_array()) {
            bytes.extend(x.to_le_bytes());
        }
        let sum = crc32fast::hash(&bytes);
        bytes.extend(sum.to_le_bytes());

        crate::report::write_file(path, &bytes)
    }

    /// Goes on from a file that [`Fit::save`] wrote: this fit must have the same template, targets and settings.
    ///
    /// # Errors
    /// `Read` if the file cannot be read; `Checkpoint` if it is damaged, foreign, of another version, or of a fit with
    /// other settings, template or targets. Then this fit has not changed.
    pub fn load(&mut self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(|source| Error::Read { path: path.into(), source })?;
        let (header, mut numbers) = open(path, &bytes)?;
        self.check_header(path, &header)?;

        let foreign = || Error::checkpoint(path, "another surface or other colors", "those of this fit");
        let mut start = self.stage_zero()?;
        for _ in 0..header.refined {
            start = subdivide(&start)?;
        }
        let vertices = floats(&mut numbers, 3 * header.vertices);
        let vertices = Array2::from_shape_vec((header.vertices, 3), vertices).map_err(|_| foreign())?;
        start.set_vertices(vertices).map_err(|_| foreign())?;
        let mut stage = Stage::new(self.settings(), header.refined, start)?;
        let (mut light, mut learnt) = (self.light.clone(), self.learnt.clone());
        if lengths(&stage, [&light, &learnt]) != header.lengths {
            return Err(foreign());
        }
        let first = header.refined.checked_sub(1).map_or(0, |k| self.settings().refine[k]);
        let (steps, since) = (header.steps as u64, (header.steps - first.min(header.steps)) as u64);
        let Stage { positions, colors, .. } = &mut stage;
        let surface = [Some(positions), colors.as_mut()].into_iter().flatten().map(|group| (group, since));
        let rest = [light.as_mut(), learnt.as_mut()].into_iter().flatten().map(|group| (group, steps));
        for (group, steps) in surface.chain(rest) {
            let length = group.values.len();
            let mut part = || floats(&mut numbers, length);
            (group.values, group.adam.mean, group.adam.square) = (part(), part(), part());
            group.adam.steps = steps;
        }
        self.history = (0..header.steps)
            .map(|_| StepLoss::from(core::array::from_fn(|_| f64::from_le_bytes(take(&mut numbers)))))
            .collect();
        (self.stage, self.light, self.learnt) = (stage, light, learnt);
        Ok(())
    }

    fn header(&self) -> Header {
        let mut hash = crc32fast::Hasher::new();
        for x in self.template().vertices() {
            hash.update(&x.to_le_bytes());
        }
        for v in self.template().triangles().iter().flatten() {
            hash.update(&v.to_le_bytes());
        }
        Header {
            settings: self.settings().clone(),
            template: hash.finalize(),
            targets: self.targets().fingerprint(),
            steps: self.history.len(),
            refined: self.stage.refined,
            vertices: self.stage.start.vertices().nrows(),
            lengths: lengths(&self.stage, [&self.light, &self.learnt]),
        }
    }

    fn check_header(&self, path: &Path, found: &Header) -> Result<()> {
        let own = self.header();
        if let Some((found, expected)) = first_difference(&found.settings, &own.settings) {
            return Err(Error::checkpoint(path, found, format!("{expected} as in this fit")));
        }
        if found.template != own.template || found.refined > own.settings.refine.len() {
            return Err(Error::checkpoint(path, "another template", "the one of this fit"));
        }
        if found.targets != own.targets {
            return Err(Error::checkpoint(path, "other target pictures or cameras", "those of this fit"));
        }
        Ok(())
    }
}

/// Returns the header and the bytes of the numbers of a sound file.
fn open<'a>(path: &Path, bytes: &'a [u8]) -> Result<(Header, &'a [u8])> {
    let wrong = |found: String, expected: &str| Error::checkpoint(path, found, expected);
    let cut = || wrong(format!("{} bytes of a truncated or damaged file", bytes.len()), "a whole checkpoint");
    if !bytes.starts_with(MAGIC) {
        return Err(wrong("another kind of file".into(), "a checkpoint of softras fit"));
    }
    let mut rest = &bytes[MAGIC.len()..];
    if rest.len() < 16 {
        return Err(cut());
    }
    let version = u32::from_le_bytes(take(&mut rest));
    if version != VERSION {
        return Err(wrong(format!("version {version}"), &format!("version {VERSION}")));
    }
    let (body, sum) = bytes.split_at(bytes.len() - 4);
    if crc32fast::hash(body).to_le_bytes() != sum {
        return Err(cut());
    }
    let length = usize::try_from(u64::from_le_bytes(take(&mut rest))).unwrap_or(usize::MAX);
    let rest = &rest[..rest.len().saturating_sub(4)];
    if length > rest.len() {
        return Err(cut());
    }
    let (header, numbers) = rest.split_at(length);
    let header: Header = serde_json::from_slice(header)
        .map_err(|e| wrong(format!("a header with {e}"), "a header of this version"))?;
    let groups: u128 = header.lengths.iter().map(|n| *n as u128).sum();
    let floats = 3 * (header.vertices as u128 + groups);
    if numbers.len() as u128 != 4 * floats + (size_of::<StepLoss>() * header.steps) as u128 {
        return Err(cut());
    }
    Ok((header, numbers))
}

/// The groups of numbers in the order of the file.
fn groups<'a>(stage: &'a Stage, rest: [&'a Option<Group>; 2]) -> impl Iterator<Item = &'a Group> {
    let rest = rest.into_iter().flatten();
    [Some(&stage.positions), stage.colors.as_ref()].into_iter().flatten().chain(rest)
}

fn lengths(stage: &Stage, rest: [&Option<Group>; 2]) -> Vec<usize> {
    groups(stage, rest).map(|group| group.values.len()).collect()
}

/// Takes the next bytes, of which there are enough.
fn take<const N: usize>(bytes: &mut &[u8]) -> [u8; N] {
    let (head, tail) = bytes.split_at(N);
    *bytes = tail;
    core::array::from_fn(|i| head[i])
}

fn floats(bytes: &mut &[u8], count: usize) -> Vec<f32> {
    (0..count).map(|_| f32::from_le_bytes(take(bytes))).collect()
}

/// Returns the first setting in which two differ, as text, or nothing.
fn first_difference(found: &FitSettings, expected: &FitSettings) -> Option<(String, String)> {
    let table = |settings| match serde_json::to_value(settings) {
        Ok(serde_json::Value::Object(table)) => table,
        _ => serde_json::Map::new(),
    };
    let (found, expected) = (table(found), table(expected));
    let other = found.iter().find(|(key, value)| expected.get(*key) != Some(*value))?;
    let show = |value: Option<&serde_json::Value>| value.map_or("none".into(), ToString::to_string);
    let (key, value) = other;
    Some((format!("{key} = {value}"), format!("{key} = {}", show(expected.get(key)))))
}
