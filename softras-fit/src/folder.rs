//! A fit that lives in a folder: checkpoints, and pictures of its progress, [`FitFolder`].

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use softras_core::scene::Camera;
use softras_io::RgbFrame;
use tempfile::NamedTempFile;

use crate::error::{Error, Result};
use crate::fit::Fit;
use crate::objective::StepLoss;
use crate::report::Studio;

/// Where a fit leaves what it makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FitFolder {
    path: PathBuf,
}

/// How a run in a folder ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All steps are taken.
    Done,
    /// It was asked to stop; the checkpoint holds everything to go on.
    Interrupted,
}

/// What happens besides the steps.
#[derive(Clone, Debug)]
pub struct Keep<'a> {
    /// Steps between checkpoints; 0 for none but the last.
    pub checkpoint_every: usize,
    /// The number of pictures of the progress, 0 for none.
    pub frames: usize,
    /// Draws them.
    pub studio: &'a Studio<'a>,
    /// Where they are taken from.
    pub camera: Camera,
}

impl FitFolder {
    /// Makes the folder, unless it is there, and makes sure that files can be written into it.
    ///
    /// # Errors
    /// `Write` if it cannot be made or written into.
    pub fn create(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        let failed = |source| Error::Write { path: path.clone(), source };
        std::fs::create_dir_all(&path).map_err(failed)?;
        NamedTempFile::new_in(&path).map_err(failed)?;
        Ok(Self { path })
    }
    /// The folder itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
    /// A file in the folder.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
    /// The checkpoint.
    #[must_use]
    pub fn checkpoint(&self) -> PathBuf {
        self.file("checkpoint.softras")
    }

    /// Writes a text file in the folder, under a temporary name that is then changed.
    ///
    /// # Errors
    /// `Write` if it cannot be written.
    pub fn write(&self, name: &str, text: &str) -> Result<()> {
        crate::report::write_file(&self.file(name), text.as_bytes())
    }

    /// Takes the steps that are left, and calls `after` with each one's loss; it may ask to stop. Ends with a
    /// checkpoint either way.
    ///
    /// # Errors
    /// As [`Fit::step`] and [`Fit::save`]; `File` if a picture cannot be written.
    pub fn run(
        &self,
        fit: &mut Fit<'_>,
        keep: &Keep<'_>,
        mut after: impl FnMut(&Fit<'_>, StepLoss) -> ControlFlow<()>,
    ) -> Result<Outcome> {
        self.make_frames(fit.step_number())?;
        while !fit.is_done() {
            let step = fit.step_number();
            if is_shown(step, fit.settings().steps, keep.frames) {
                self.frame(fit, keep)?;
            }
            let loss = fit.step()?;
            if after(fit, loss).is_break() {
                fit.save(self.checkpoint())?;
                return Ok(Outcome::Interrupted);
            }
            let step = fit.step_number();
            if keep.checkpoint_every > 0 && step.is_multiple_of(keep.checkpoint_every) && !fit.is_done() {
                fit.save(self.checkpoint())?;
            }
        }
        fit.save(self.checkpoint())?;
        Ok(Outcome::Done)
    }

    /// Reads the pictures of the progress, in order.
    ///
    /// # Errors
    /// `Read` or `File` if one cannot be read.
    pub fn frames(&self) -> Result<Vec<RgbFrame>> {
        let paths = self.frame_paths()?;
        paths.into_iter().map(|(_, path)| Ok(RgbFrame::load(path)?)).collect()
    }

    /// Removes the pictures of the progress, once they are in the film.
    ///
    /// # Errors
    /// `Write` if they cannot be removed.
    pub fn remove_frames(&self) -> Result<()> {
        let path = self.file("frames");
        std::fs::remove_dir_all(&path).map_err(|source| Error::Write { path, source })
    }

    /// Draws the mesh before step `fit.step_number()`.
    fn frame(&self, fit: &Fit<'_>, keep: &Keep<'_>) -> Result<()> {
        let name = format!("{:08}.png", fit.step_number());
        let frame = keep.studio.beside_target(&fit.mesh()?, &keep.camera)?;
        Ok(frame.save_png(self.file("frames").join(name))?)
    }

    /// Makes the folder of frames, and removes those of `step` and later that another run left.
    fn make_frames(&self, step: usize) -> Result<()> {
        let path = self.file("frames");
        std::fs::create_dir_all(&path).map_err(|source| Error::Write { path, source })?;
        let later = self.frame_paths()?.into_iter().filter(|(of, _)| *of >= step).map(|(_, path)| path);
        // A new fit is not the one in the film of another.
        let film = Some(self.file("fit.gif")).filter(|film| step == 0 && film.exists());
        for path in later.chain(film) {
            std::fs::remove_file(&path).map_err(|source| Error::Write { path, source })?;
        }
        Ok(())
    }

    /// Steps and files of the frames, in order.
    fn frame_paths(&self) -> Result<Vec<(usize, PathBuf)>> {
        let folder = self.file("frames");
        let failed = |source| Error::Read { path: folder.clone(), source };
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let step = path.file_stem().and_then(|stem| stem.to_str()?.parse().ok());
            if let Some(step) = step {
                paths.push((step, path));
            }
        }
        paths.sort();
        Ok(paths)
    }
}

/// Tells whether `step` of `steps` is one of about `frames` that are shown: densely at first, where most happens.
fn is_shown(step: usize, steps: usize, frames: usize) -> bool {
    let at = |step: usize| (frames as f64 * (step as f64 / steps as f64).sqrt()) as usize;
    frames > 0 && (step == 0 || at(step) > at(step - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_dense_at_first() {
        let shown: Vec<usize> = (0..400).filter(|&s| is_shown(s, 400, 40)).collect();
        assert!(shown.len() <= 40 && shown.len() > 30, "{}", shown.len());
        assert!(shown[1] <= 4 && shown[shown.len() - 1] - shown[shown.len() - 2] > 10, "{shown:?}");
        assert!((0..400).all(|s| !is_shown(s, 400, 0)));
    }
}
