//! Animated GIF files out.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gif::{Encoder, EncodingError, Frame, Repeat};
use softras_core::Error as CoreError;
use tempfile::NamedTempFile;

use super::RgbFrame;
use crate::error::{Error, Result};
use crate::staged;

/// How hard the encoder looks for good colors, 1 (best) to 30 (fastest); 10 is the usual one.
const SPEED: i32 = 8;

/// An animated GIF file that grows frame by frame and loops forever.
///
/// Each frame has its own palette: pictures of up to 256 colors are exact, others are quantised. The file appears under
/// its name when [`GifWriter::finish`] is called; dropped before that, it leaves nothing.
pub struct GifWriter {
    encoder: Encoder<BufWriter<File>>,
    file: NamedTempFile,
    path: PathBuf,
    size: (u16, u16),
    delay: u16,
    frames: usize,
}

impl GifWriter {
    /// Opens a file for frames of `width x height` pixels, each shown for `delay`.
    ///
    /// GIF counts in hundredths of a second, and viewers slow down what is faster than 2 of them: shorter delays become 2.
    ///
    /// # Errors
    /// `Argument` if a side is 0 or above 65,535; `Write` if the file cannot be written.
    pub fn create(path: impl AsRef<Path>, width: usize, height: usize, delay: Duration) -> Result<Self> {
        let path = path.as_ref();
        let side = |n: usize| u16::try_from(n).ok().filter(|n| *n > 0);
        let (Some(w), Some(h)) = (side(width), side(height)) else {
            return Err(CoreError::shape("GIF", &[height, width], "[H, W] of 1 to 65535").into());
        };
        let file = staged::temporary(path)?;
        let failed = |source| Error::Write { path: path.into(), source };
        let writer = BufWriter::new(file.reopen().map_err(failed)?);
        let mut encoder = Encoder::new(writer, w, h, &[]).map_err(|e| failed(plain(e)))?;
        encoder.set_repeat(Repeat::Infinite).map_err(|e| failed(plain(e)))?;
        let hundredths = (delay.as_secs_f64() * 100.0).round().clamp(2.0, f64::from(u16::MAX)) as u16;
        Ok(Self { encoder, file, path: path.into(), size: (w, h), delay: hundredths, frames: 0 })
    }
    /// Appends a frame.
    ///
    /// # Errors
    /// `Argument` if its size is another than the file's; `Write` if the file cannot be written.
    pub fn push(&mut self, frame: &RgbFrame) -> Result<()> {
        let (w, h) = self.size;
        if (frame.width(), frame.height()) != (w.into(), h.into()) {
            let found = [frame.height(), frame.width()];
            return Err(CoreError::shape("GIF frame", &found, format!("[{h}, {w}]")).into());
        }
        let mut encoded = Frame::from_rgb_speed(w, h, frame.pixels(), SPEED);
        encoded.delay = self.delay;
        self.encoder
            .write_frame(&encoded)
            .map_err(|e| Error::Write { path: self.path.clone(), source: plain(e) })?;
        self.frames += 1;
        Ok(())
    }
    /// Completes the file and gives it its name.
    ///
    /// # Errors
    /// `Argument` if there is no frame; `Write` if the file cannot be written.
    pub fn finish(self) -> Result<()> {
        if self.frames == 0 {
            return Err(CoreError::parameter("frames", 0, "at least 1").into());
        }
        let failed = |source| Error::Write { path: self.path.clone(), source };
        let writer = self.encoder.into_inner().map_err(|e| failed(plain(e)))?;
        writer.into_inner().map_err(|e| failed(e.into_error()))?;
        staged::commit(self.file, &self.path)
    }
}

fn plain(e: EncodingError) -> std::io::Error {
    match e {
        EncodingError::Io(e) => e,
        other => std::io::Error::other(other),
    }
}

/// Writes an animated GIF file that loops forever, each frame shown for `delay`.
///
/// # Errors
/// As for [`GifWriter`]: `Argument` without frames or if their sizes differ; `Write` if the file cannot be written.
pub fn save_gif(path: impl AsRef<Path>, frames: &[RgbFrame], delay: Duration) -> Result<()> {
    let first = frames.first().ok_or_else(|| CoreError::parameter("frames", 0, "at least 1"))?;
    let mut writer = GifWriter::create(path, first.width(), first.height(), delay)?;
    for frame in frames {
        writer.push(frame)?;
    }
    writer.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_back_with_their_delay_and_loop() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.gif");
        let colors = [[255, 0, 0], [0, 200, 10], [1, 2, 3]];
        let frames: Vec<_> = colors.map(|c| RgbFrame::filled(7, 5, c).unwrap()).into();
        save_gif(&path, &frames, Duration::from_millis(80)).unwrap();

        let mut options = gif::DecodeOptions::new();
        options.set_color_output(gif::ColorOutput::RGBA);
        let mut decoder = options.read_info(File::open(&path).unwrap()).unwrap();
        let mut seen = Vec::new();
        while let Some(frame) = decoder.read_next_frame().unwrap() {
            assert_eq!((frame.width, frame.height, frame.delay), (7, 5, 8));
            seen.push([frame.buffer[0], frame.buffer[1], frame.buffer[2]]);
        }
        assert_eq!(seen, colors);
        assert_eq!(decoder.repeat(), Repeat::Infinite);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn an_unfinished_file_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.gif");
        let mut writer = GifWriter::create(&path, 4, 4, Duration::ZERO).unwrap();
        writer.push(&RgbFrame::filled(4, 4, [9; 3]).unwrap()).unwrap();
        assert!(writer.push(&RgbFrame::filled(4, 5, [9; 3]).unwrap()).is_err());
        drop(writer);
        assert!(GifWriter::create(&path, 4, 4, Duration::ZERO).unwrap().finish().is_err());
        assert!(GifWriter::create(&path, 0, 4, Duration::ZERO).is_err());
        assert!(GifWriter::create(&path, 70_000, 4, Duration::ZERO).is_err());
        assert!(save_gif(&path, &[], Duration::ZERO).is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
