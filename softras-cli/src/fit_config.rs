//! The settings of `softras fit`, and what they say about the input.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};
use softras_fit::FitSettings;
use toml::Table;

use crate::config::overlay;
use crate::input::Size;

/// Which settings a fit starts from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Preset {
    /// `Photographs` for photographs, `Official` if images and cameras are `.npy` files, else `Own`.
    #[default]
    Auto,
    /// Shape and color, from soft to sharp.
    Own,
    /// Real photographs.
    Photographs,
    /// The official deform demo.
    Official,
}

/// Which way pictures show the world.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Convention {
    /// Not mirrored.
    #[default]
    Own,
    /// Mirrored.
    Official,
}

/// The settings of `softras fit`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct FitConfig {
    pub(crate) preset: Preset,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mesh_target: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) images: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cameras: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) photographs: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) masks: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sample: Option<String>,
    pub(crate) template: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) template_scale: Option<f64>,
    pub(crate) convention: Convention,
    pub(crate) fov: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) distance: Option<f64>,
    pub(crate) views: usize,
    pub(crate) size: Size,
    pub(crate) light: bool,
    pub(crate) checkpoint_every: usize,
    pub(crate) frames: usize,
    pub(crate) picture: usize,
    pub(crate) backend: String,
    pub(crate) threads: usize,
    pub(crate) fit: FitSettings,
}

impl Default for FitConfig {
    fn default() -> Self {
        Self {
            preset: Preset::Own,
            mesh_target: None,
            images: None,
            cameras: None,
            photographs: None,
            masks: None,
            sample: None,
            template: "icosphere".to_owned(),
            template_scale: None,
            convention: Convention::Own,
            fov: 30.0,
            distance: None,
            views: 32,
            size: Size { width: 128, height: 128 },
            light: true,
            checkpoint_every: 50,
            frames: 40,
            picture: 240,
            backend: "auto".to_owned(),
            threads: 0,
            fit: FitSettings::default(),
        }
    }
}

/// Where the target pictures come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Mesh(String),
    Images { images: PathBuf, cameras: PathBuf },
    Photographs { cameras: PathBuf, masks: Option<PathBuf> },
}

impl FitConfig {
    /// Lays the layers over the preset they choose.
    pub(crate) fn from_layers(layers: &[&Table]) -> Result<Self> {
        let chosen: Self = overlay(&Self::default(), layers)?;
        let named = layers.iter().any(|layer| layer.contains_key("preset"));
        let preset = if named { chosen.preset } else { Preset::Auto };
        let is_npy = |path: &Option<PathBuf>| {
            path.as_deref().and_then(Path::extension).is_some_and(|e| e.eq_ignore_ascii_case("npy"))
        };
        let defaults = match preset {
            Preset::Auto if chosen.photographs.is_some() => Self::of_photographs(),
            Preset::Auto if is_npy(&chosen.images) && is_npy(&chosen.cameras) => Self::official(),
            Preset::Auto | Preset::Own => Self::default(),
            Preset::Photographs => Self::of_photographs(),
            Preset::Official => Self::official(),
        };
        let mut config: Self = overlay(&defaults, layers)?;
        config.preset = defaults.preset;
        Ok(config)
    }

    fn of_photographs() -> Self {
        Self { preset: Preset::Photographs, fit: FitSettings::photographs(), ..Self::default() }
    }

    fn official() -> Self {
        Self {
            preset: Preset::Official,
            template_scale: Some(0.5),
            convention: Convention::Official,
            fit: FitSettings::official(),
            ..Self::default()
        }
    }

    /// Where the target pictures come from; a sample shape if nothing is named.
    pub(crate) fn source(&self) -> Result<Source> {
        let given = [
            self.mesh_target.is_some(),
            self.sample.is_some(),
            self.images.is_some(),
            self.photographs.is_some(),
        ];
        if given.iter().filter(|g| **g).count() > 1 {
            bail!(
                "target: found several, expected one of mesh_target, sample, photographs, and images with cameras"
            );
        }
        if let Some(cameras) = &self.photographs {
            return Ok(Source::Photographs { cameras: cameras.clone(), masks: self.masks.clone() });
        }
        match (&self.images, &self.cameras) {
            (Some(images), Some(cameras)) => {
                return Ok(Source::Images { images: images.clone(), cameras: cameras.clone() });
            }
            (Some(_), None) => {
                bail!("images: found no cameras, expected --cameras with one for each picture")
            }
            (None, Some(_)) => bail!("cameras: found no images, expected --images with a picture for each"),
            (None, None) => {}
        }
        Ok(Source::Mesh(match (&self.mesh_target, &self.sample) {
            (Some(mesh), _) => mesh.clone(),
            (None, Some(sample)) => format!("sample:{sample}"),
            (None, None) => format!("sample:{DEFAULT_SAMPLE}"),
        }))
    }

    /// Makes paths independent of the folder the command runs in.
    pub(crate) fn with_absolute_paths(mut self) -> Result<Self> {
        for path in [&mut self.images, &mut self.cameras, &mut self.photographs, &mut self.masks]
            .into_iter()
            .flatten()
        {
            *path = std::path::absolute(&path)?;
        }
        let is_file = |name: &str| !name.starts_with("sample:") && !name.starts_with("icosphere");
        for name in [self.mesh_target.as_mut(), Some(&mut self.template)].into_iter().flatten() {
            if is_file(name) {
                *name = std::path::absolute(&name)?.display().to_string();
            }
        }
        Ok(self)
    }
}

/// What a fit without any input looks at.
pub(crate) const DEFAULT_SAMPLE: &str = "vase";
