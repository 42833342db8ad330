//! What a fit leaves behind: pictures, films, curves, meshes, numbers and a page, [`Report`].

mod curve;
pub(crate) mod document;
mod page;
mod studio;

use std::path::Path;
use std::time::Duration;

use ndarray::Axis;
use serde::Serialize;
use serde_json::json;
use softras_core::scene::{Camera, Mesh};
use softras_io::{RgbFrame, picture, save_gif, save_obj, save_ply};
use tempfile::NamedTempFile;

pub use curve::{Line, plot};
pub use document::Document;
pub use studio::{Studio, circle, picture_size, studio_light};

use crate::error::{Error, Result};
use crate::fit::Fit;
use crate::folder::FitFolder;
use crate::score::{Score, score};

/// Between pictures of a montage.
const GAP: usize = 6;
/// Views that are shown.
const VIEWS: usize = 6;
/// Time of a picture in the film.
const FRAME: Duration = Duration::from_millis(80);
/// Pictures of the turntable at the end of the film.
const TURN: usize = 36;

/// What to report besides what the fit itself knows.
#[derive(Clone, Debug)]
pub struct Report<'a> {
    /// What was fitted to what, in a few words.
    pub title: String,
    /// The command that did it.
    pub command: String,
    /// Seconds of the fit, of the last process.
    pub seconds: f64,
    /// Draws.
    pub studio: &'a Studio<'a>,
    /// Where the film of the fit is taken from.
    pub camera: Camera,
    /// Its turntable.
    pub turntable: Vec<Camera>,
}

/// The numbers of a report.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Mean soft IoU of the result, at sigma 1e-4, dist_eps 1e-4.
    pub mean_iou: f64,
    /// Hard IoU of the result.
    pub hard_iou: f64,
    /// The same of the template.
    pub before: Score,
    /// The loss of the first step.
    pub loss_first: f64,
    /// The loss of the last step.
    pub loss_last: f64,
    /// Steps taken.
    pub steps: usize,
    /// Seconds of the fit, of the last process.
    pub seconds: f64,
}

impl Report<'_> {
    /// Writes everything into `folder`: `views.png`, `fit.gif`, `loss.svg`, `mesh.obj`, `mesh.ply`, `report.json` and
    /// `report.html`, which needs no other file.
    ///
    /// # Errors
    /// `Core` if the back end fails; `File` or `Write` if a file cannot be written.
    pub fn write(&self, fit: &Fit<'_>, folder: &FitFolder) -> Result<Summary> {
        let mesh = fit.mesh()?;
        let before = score(fit.device(), fit.template(), fit.targets())?;
        let Score { mean_iou, hard_iou } = fit.score()?;
        let total = |loss: Option<&crate::StepLoss>| loss.map_or(f64::NAN, |l| l.total);
        let summary = Summary {
            mean_iou,
            hard_iou,
            before,
            loss_first: total(fit.history().first()),
            loss_last: total(fit.history().last()),
            steps: fit.step_number(),
            seconds: self.seconds,
        };

        save_obj(folder.file("mesh.obj"), &mesh)?;
        save_ply(folder.file("mesh.ply"), &mesh)?;
        let rows = self.rows(fit, &mesh)?;
        let all: Vec<RgbFrame> = rows.iter().flatten().cloned().collect();
        let background = self.studio.background.map(|c| (c * 255.0).round() as u8);
        picture::grid(&all, rows[0].len(), GAP, background)?.save_png(folder.file("views.png"))?;
        self.film(fit, &mesh, folder)?;
        let curve = plot(&lines(fit));
        write_file(&folder.file("loss.svg"), curve.as_bytes())?;
        let json = self.json(fit, &summary);
        write_file(&folder.file("report.json"), format!("{json:#}\n").as_bytes())?;
        let page = page::page(self, fit, &summary, &rows, &curve, folder)?;
        write_file(&folder.file("report.html"), page.as_bytes())?;
        Ok(summary)
    }

    /// Returns three rows of pictures: target, before, after.
    fn rows(&self, fit: &Fit<'_>, mesh: &Mesh) -> Result<[Vec<RgbFrame>; 3]> {
        let targets = fit.targets();
        let count = targets.count().min(VIEWS);
        let mut rows = [Vec::new(), Vec::new(), Vec::new()];
        for i in 0..count {
            let view = i * targets.count() / count;
            let camera = &targets.cameras()[view];
            rows[0].push(match self.studio.target {
                Some(target) => self.studio.draw(target, camera)?,
                None => target_picture(fit, view, self.studio.size)?,
            });
            rows[1].push(self.studio.draw(fit.template(), camera)?);
            rows[2].push(self.studio.draw(mesh, camera)?);
        }
        Ok(rows)
    }

    /// Writes the film: the frames of the fit, the result held for a moment, and once around it.
    fn film(&self, fit: &Fit<'_>, mesh: &Mesh, folder: &FitFolder) -> Result<()> {
        let mut frames = folder.frames()?;
        if frames.is_empty() && folder.file("fit.gif").exists() && fit.is_done() {
            // The fit was done before, and its pictures are in the film of then.
            return folder.remove_frames();
        }
        let last = self.studio.beside_target(mesh, &self.camera)?;
        frames.retain(|f| (f.width(), f.height()) == (last.width(), last.height()));
        if !frames.is_empty() {
            frames.extend(vec![last; 6]);
        }
        frames.extend(self.studio.turntable(mesh, &self.turntable)?);
        if !frames.is_empty() {
            save_gif(folder.file("fit.gif"), &frames, FRAME)?;
        }
        if fit.is_done() { folder.remove_frames() } else { Ok(()) }
    }

    fn json(&self, fit: &Fit<'_>, summary: &Summary) -> serde_json::Value {
        let info = fit.device().info();
        let history = fit.history();
        let part = |of: fn(&crate::StepLoss) -> f64| history.iter().map(of).collect::<Vec<_>>();
        let (width, height) = fit.targets().size();
        json!({
            "title": self.title,
            "command": self.command,
            "summary": summary,
            "device": { "backend": info.backend, "device": info.device, "details": info.details },
            "template": { "vertices": fit.template().vertices().nrows(), "faces": fit.template().triangles().len() },
            "targets": { "views": fit.targets().count(), "width": width, "height": height },
            "settings": fit.settings(),
            "history": {
                "total": part(|l| l.total), "iou": part(|l| l.iou), "color": part(|l| l.color),
                "laplacian": part(|l| l.laplacian), "flatten": part(|l| l.flatten), "edge": part(|l| l.edge),
                "normal": part(|l| l.normal), "volume": part(|l| l.volume),
            },
        })
    }
}

/// Returns the usual turntable of the film: once around, 15 degrees up, starting at `azimuth`.
#[must_use]
pub fn usual_turntable(fit: &Fit<'_>, azimuth: f32) -> Vec<Camera> {
    circle(fit.targets(), TURN, 15.0, azimuth)
}

/// The loss and its parts as they count; parts that never reach a hundredth of it are left out.
fn lines(fit: &Fit<'_>) -> Vec<Line> {
    let weights = fit.settings().loss;
    let line = |name: &str, of: &dyn Fn(&crate::StepLoss) -> f64| Line {
        name: name.to_owned(),
        values: fit.history().iter().map(of).collect(),
    };
    let mut lines = vec![
        line("total", &|l| l.total),
        line("silhouette", &|l| weights.iou * l.iou),
        line("color", &|l| weights.color * l.color),
        line("laplacian", &|l| weights.laplacian * l.laplacian),
        line("flatten", &|l| weights.flatten * l.flatten),
        line("edge", &|l| weights.edge * l.edge),
        line("normal", &|l| weights.normal * l.normal),
        line("volume", &|l| weights.volume * l.volume),
    ];
    let highest = |line: &Line| line.values.iter().copied().fold(0.0, f64::max);
    let floor = highest(&lines[0]) / 100.0;
    lines.retain(|line| highest(line) >= floor);
    lines
}

/// Returns a target at another size, each pixel the nearest one.
fn target_picture(fit: &Fit<'_>, view: usize, (width, height): (usize, usize)) -> Result<RgbFrame> {
    let targets = fit.targets();
    let silhouette = targets.silhouette().index_axis(Axis(0), view);
    let (h, w) = silhouette.dim();
    let background = fit.settings().background;
    let pixel = |c: usize, y: usize, x: usize| match targets.color() {
        Some(color) => color[[view, c, y, x]],
        None => background[c] * (1.0 - silhouette[[y, x]]) + 0.5 * silhouette[[y, x]],
    };
    let at = |(c, y, x): (usize, usize, usize)| pixel(c, y * h / height, x * w / width);
    let picture = ndarray::Array3::from_shape_fn((3, height, width), at);
    Ok(RgbFrame::from_color(picture.view())?)
}

/// Writes a file under a temporary name, then renames it.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    use std::io::Write;
    let failed = |source| Error::Write { path: path.into(), source };
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // Temporary files are private by default; this one becomes an ordinary file.
        file.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file: NamedTempFile = file.prefix(".softras-").tempfile_in(folder).map_err(failed)?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
    file.persist(path).map(drop).map_err(|e| failed(e.error))
}
