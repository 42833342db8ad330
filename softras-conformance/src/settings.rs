//! How the suite runs.

use std::path::{Path, PathBuf};

use crate::law::{Context, Law};
use crate::subject::Subject;

/// How the suite runs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Random cases for each law: `SOFTRAS_CASES`, 24.
    pub cases: u32,
    /// Seed of the random cases: `SOFTRAS_SEED`, 0.
    pub seed: u64,
    /// How many smaller cases to try of one that breaks a law: `SOFTRAS_SHRINK`, 256.
    pub shrink: u32,
    /// What must be there: `SOFTRAS_REQUIRE`, names of back ends and `data`, with commas.
    pub require: Vec<String>,
    /// The outside data: `SOFTRAS_DATA`, or `shared/data` in a folder above the current one.
    pub data: Option<PathBuf>,
    /// Where to write the report: `SOFTRAS_REPORT`.
    pub report: Option<PathBuf>,
    /// The folder for pictures of what broke: that of the report, or `target/conformance`.
    pub strips: PathBuf,
    /// Only laws with this in their name.
    pub filter: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            cases: 24,
            seed: 0,
            shrink: 256,
            require: Vec::new(),
            data: None,
            report: None,
            strips: Path::new("target").join("conformance"),
            filter: None,
        }
    }
}

impl Settings {
    /// Reads the environment.
    ///
    /// # Errors
    /// A sentence, if a variable does not hold what it should.
    pub fn from_environment() -> Result<Self, String> {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    fn from_variables(read: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let read = |name: &str| read(name).filter(|x| !x.is_empty());
        let number = |name: &str, otherwise: u64, most: u64| match read(name) {
            None => Ok(otherwise),
            Some(text) => (text.parse().ok().filter(|n| *n <= most))
                .ok_or_else(|| format!("{name}: found {text:?}, expected a whole number up to {most}")),
        };
        let cases = number("SOFTRAS_CASES", 24, u32::MAX.into())?;
        let shrink = number("SOFTRAS_SHRINK", 256, u32::MAX.into())?;
        let report = read("SOFTRAS_REPORT").map(PathBuf::from);
        let beside = report.as_deref().and_then(Path::parent).map(Path::to_path_buf);
        Ok(Self {
            cases: u32::try_from(cases).unwrap_or(u32::MAX),
            seed: number("SOFTRAS_SEED", 0, u64::MAX)?,
            shrink: u32::try_from(shrink).unwrap_or(u32::MAX),
            require: read("SOFTRAS_REQUIRE")
                .map(|x| x.split(',').map(|name| name.trim().to_owned()).collect())
                .unwrap_or_default(),
            data: find_data(read("SOFTRAS_DATA").map(PathBuf::from)),
            strips: beside.unwrap_or_else(|| above("target").join("conformance")),
            report,
            filter: None,
        })
    }

    /// Tells whether `name`, a back end or `data`, must be there.
    #[must_use]
    pub fn requires(&self, name: &str) -> bool {
        self.require.iter().any(|r| r == name)
    }

    /// Tells whether the law of that name is to be checked.
    #[must_use]
    pub fn asks_for(&self, law: &str) -> bool {
        self.filter.as_ref().is_none_or(|part| law.contains(part.as_str()))
    }

    pub(crate) fn context<'a>(&self, subject: &'a Subject, law: &Law) -> Context<'a> {
        let (cases, seed, shrink) = (self.cases, self.seed, self.shrink);
        Context { subject, law: law.name, cases, seed, shrink, data: self.data.clone() }
    }
}

/// The folder of the outside data: the one that was named, or `shared/data` beside the project.
fn find_data(named: Option<PathBuf>) -> Option<PathBuf> {
    let is_data = |path: &PathBuf| path.join("golden/kat.json").is_file();
    if named.is_some() {
        return named.filter(is_data);
    }
    let here = std::env::current_dir().ok()?;
    here.ancestors().take(4).map(|folder| folder.join("shared/data")).find(is_data)
}

/// The nearest folder of that name, here or in a folder above; here if there is none.
fn above(name: &str) -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    let found = here.ancestors().map(|folder| folder.join(name)).find(|folder| folder.is_dir());
    found.unwrap_or_else(|| name.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Result<Settings, String> {
        Settings::from_variables(|name| {
            variables.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn variables_are_read_and_nonsense_is_refused() {
        let settings =
            of(&[("SOFTRAS_CASES", "7"), ("SOFTRAS_REQUIRE", "wgpu, data"), ("SOFTRAS_REPORT", "a/b.json")])
                .expect("it is sound");
        assert_eq!((settings.cases, settings.seed), (7, 0));
        assert!(settings.requires("wgpu") && settings.requires("data") && !settings.requires("cuda"));
        assert_eq!(settings.strips, Path::new("a"));
        for bad in ["x", "-1", "1e3", "4294967296"] {
            let why = of(&[("SOFTRAS_CASES", bad)]).expect_err(bad);
            assert!(why.contains(bad) && why.contains("SOFTRAS_CASES"), "{why}");
        }
        assert!(of(&[("SOFTRAS_SEED", "7 ")]).is_err());
    }

    #[test]
    fn a_filter_is_a_part_of_a_name() {
        let settings = Settings { filter: Some("is_lin".to_owned()), ..Settings::default() };
        assert!(settings.asks_for("gradient::is_linear") && !settings.asks_for("gradient::is_pure"));
        assert!(Settings::default().asks_for("gradient::is_pure"));
    }
}
