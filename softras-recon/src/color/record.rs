//! What a learning of colors says of itself now and then: [`ColorRecord`].

use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// A line of the log: what happened since the line before. Means over the steps, without their weights but for `loss`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColorRecord {
    /// Steps taken.
    pub step: usize,
    /// Seconds spent.
    pub seconds: f64,
    /// The weighted sum of all parts.
    pub loss: f64,
    /// The difference of colors.
    pub color: f64,
    /// How unlike the colors of adjacent faces are.
    pub color_laplacian: f64,
    /// `1 - soft IoU`.
    pub silhouette: f64,
    /// The difference of colors on the stop split; none without one.
    pub stop_color: Option<f64>,
    /// Milliseconds of a step.
    pub step_ms: f64,
}

/// Reads a log.
///
/// # Errors
/// `Read` if it cannot be read; `Data` names the first line that is no record.
pub fn read_color_log(path: &Path) -> Result<Vec<ColorRecord>> {
    let text = std::fs::read_to_string(path).map_err(|e| Error::read(path, e))?;
    let record = |(i, line): (usize, &str)| {
        serde_json::from_str(line)
            .map_err(|e| Error::data(path, format!("line {}: {e}", i + 1), "a record of colors"))
    };
    text.lines().enumerate().map(record).collect()
}

/// Adds a line.
///
/// # Errors
/// `Write` if the file cannot be written.
#[cfg_attr(all(not(feature = "burn"), not(test)), expect(dead_code, reason = "only a training writes"))]
pub(super) fn append(path: &Path, record: &ColorRecord) -> Result<()> {
    let write = |e| Error::write(path, e);
    let mut line = serde_json::to_string(record).map_err(|e| write(e.into()))?;
    line.push('\n');
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).map_err(write)?;
    file.write_all(line.as_bytes()).map_err(write)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_go_to_a_file_and_back_and_a_cut_line_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("color.jsonl");
        let record = |step, stop_color| ColorRecord {
            step,
            seconds: 0.5,
            loss: 0.1,
            color: 1.0 / 3.0,
            color_laplacian: 0.01,
            silhouette: 0.2,
            stop_color,
            step_ms: 3.0,
        };
        let all = [record(1, None), record(2, Some(0.25))];
        all.iter().for_each(|r| append(&path, r).unwrap());
        assert_eq!(read_color_log(&path).unwrap(), all);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, &text[..text.len() - 5]).unwrap();
        assert!(read_color_log(&path).unwrap_err().to_string().contains("line 2"));
    }
}
