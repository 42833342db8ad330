//! What a training says of itself now and then: [`TrainingRecord`].

use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// A line of the log: what happened since the line before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingRecord {
    /// Steps taken.
    pub step: usize,
    /// Seconds spent.
    pub seconds: f64,
    /// The share of the training that is done.
    pub share: f64,
    /// The learning rate from here on.
    pub lr: f64,
    /// Sigma from here on.
    pub sigma: f64,
    /// The loss, a mean over the steps, as are the next three, which are without their weights.
    pub loss: f64,
    /// `1 - soft IoU`.
    pub silhouette: f64,
    /// The Laplacian.
    pub laplacian: f64,
    /// The flatten loss.
    pub flatten: f64,
    /// Volumetric IoU of the stop split, the mean over categories; none without a stop split.
    pub stop_iou: Option<f64>,
    /// Milliseconds of a step, a mean.
    pub step_ms: f64,
    /// Of them: drawing forward and backward alone.
    pub render_ms: f64,
    /// Milliseconds of the look at the stop split.
    pub look_ms: f64,
    /// The numbers of the renderer that are learnt, from here on, by their words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub learnt: Vec<(String, f64)>,
}

impl TrainingRecord {
    /// The share of a step that is drawing.
    #[must_use]
    pub fn render_share(&self) -> f64 {
        if self.step_ms > 0.0 { self.render_ms / self.step_ms } else { 0.0 }
    }
}

/// Reads a log.
///
/// # Errors
/// `Read` if it cannot be read; `Data` names the first line that is no record.
pub fn read_log(path: &Path) -> Result<Vec<TrainingRecord>> {
    Ok(lines(path)?.into_iter().map(|(_, record)| record).collect())
}

/// Keeps the lines up to `step`; what was written after a checkpoint is written again by who goes on from it.
///
/// # Errors
/// As [`read_log`]; `File` if the file cannot be written.
#[cfg_attr(all(not(feature = "burn"), not(test)), expect(dead_code, reason = "only a training goes on"))]
pub(super) fn cut_log(path: &Path, step: usize) -> Result<()> {
    if !path.exists() {
        return Ok(());
    }
    let kept: Vec<String> =
        lines(path)?.into_iter().filter(|(_, r)| r.step <= step).map(|(line, _)| line + "\n").collect();
    Ok(softras_io::replace_file(path, kept.concat().as_bytes())?)
}

/// Adds a line.
///
/// # Errors
/// `Write` if the file cannot be written.
#[cfg_attr(all(not(feature = "burn"), not(test)), expect(dead_code, reason = "only a training writes"))]
pub(super) fn append(path: &Path, record: &TrainingRecord) -> Result<()> {
    let write = |e| Error::write(path, e);
    let mut line = serde_json::to_string(record).map_err(|e| write(e.into()))?;
    line.push('\n');
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).map_err(write)?;
    file.write_all(line.as_bytes()).map_err(write)
}

fn lines(path: &Path) -> Result<Vec<(String, TrainingRecord)>> {
    let text = std::fs::read_to_string(path).map_err(|e| Error::read(path, e))?;
    let record = |(i, line): (usize, &str)| {
        let record = serde_json::from_str(line)
            .map_err(|e| Error::data(path, format!("line {}: {e}", i + 1), "a record of a training"))?;
        Ok((line.to_owned(), record))
    };
    text.lines().enumerate().map(record).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(step: usize) -> TrainingRecord {
        TrainingRecord {
            step,
            seconds: 0.1,
            share: 0.2,
            lr: 1e-4,
            sigma: 3e-5,
            loss: 0.3,
            silhouette: 0.25,
            laplacian: 1.5,
            flatten: 2.5,
            stop_iou: None,
            step_ms: 40.0,
            render_ms: 10.0,
            look_ms: 0.0,
            learnt: Vec::new(),
        }
    }

    #[test]
    fn lines_go_to_a_file_and_back_and_are_cut_at_a_step() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        cut_log(&path, 3).unwrap();
        assert!(!path.exists());
        let all = [record(10), TrainingRecord { stop_iou: Some(0.5), ..record(20) }, record(30)];
        all.iter().for_each(|r| append(&path, r).unwrap());
        assert_eq!(read_log(&path).unwrap(), all);
        cut_log(&path, 20).unwrap();
        assert_eq!(read_log(&path).unwrap(), all[..2]);
        assert!((all[0].render_share() - 0.25).abs() < 1e-12);
        std::fs::write(&path, "{}\n").unwrap();
        assert!(read_log(&path).unwrap_err().to_string().contains("line 1"));
    }
}
