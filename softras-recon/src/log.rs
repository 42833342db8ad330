//! How a training went, a line of JSON for each record: [`TrainingRecord`].

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// What happened since the record before.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrainingRecord {
    /// Steps taken.
    pub step: usize,
    /// The loss, a mean over the steps.
    pub loss: f64,
    /// `1 - soft IoU` of the silhouettes, without its weight.
    pub silhouette: f64,
    /// Volumetric IoU of the stop split, the mean over categories; none without a stop split.
    pub stop_iou: Option<f64>,
}

/// Reads a log. Fields of other names are left out.
///
/// # Errors
/// `Read` if the file cannot be read; `Data` names the first line that is no record.
pub fn read_log(path: impl AsRef<Path>) -> Result<Vec<TrainingRecord>> {
    let path = path.as_ref();
    let text = std::fs::read_to_string(path).map_err(|e| Error::read(path, e))?;
    let record = |(i, line): (usize, &str)| {
        serde_json::from_str(line)
            .map_err(|e| Error::data(path, format!("line {}: {e}", i + 1), "a JSON object with a step"))
    };
    text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).map(record).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_read_line_by_line_and_a_cut_line_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.jsonl");
        let records = [
            TrainingRecord { step: 1, loss: 0.75, silhouette: 0.5, stop_iou: None },
            TrainingRecord { step: 2, stop_iou: Some(0.25), ..TrainingRecord::default() },
        ];
        let lines: Vec<String> = records.iter().map(|r| serde_json::to_string(r).unwrap()).collect();
        std::fs::write(
            &path,
            lines.join("\n") + "\n{\"step\": 3, \"loss\": 1, \"silhouette\": 0, \"lr\": 0.1}\n",
        )
        .unwrap();
        let read = read_log(&path).unwrap();
        assert_eq!((&read[..2], read[2].step), (&records[..], 3));
        std::fs::write(&path, lines.join("\n") + "\n{\"step\": 3, \"l").unwrap();
        let e = read_log(&path).unwrap_err().to_string();
        assert!(e.contains("line 3"), "{e}");
        assert!(read_log(folder.path().join("none")).is_err());
    }
}
