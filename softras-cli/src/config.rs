//! Settings in layers: defaults, then the file of `--config`, then the command line.

use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

/// Tables whose keys are settings of their own; any other table (a schedule) is one value.
const NESTED: [&str; 11] =
    ["fit", "loss", "adam", "parts", "learn", "data", "raster", "train", "eval", "network", "color"];

/// Reads a file of settings, as keys that stand in it. Unknown keys and wrong types are errors that name the line.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<Table> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let named =
        || format!("{}: found settings that do not fit, expected those of --print-config", path.display());
    toml::from_str::<T>(&text).with_context(named)?;
    text.parse::<Table>().with_context(named)
}

/// Lays `layers` over `defaults`, the last one on top.
pub(crate) fn overlay<T: Serialize + DeserializeOwned>(defaults: &T, layers: &[&Table]) -> Result<T> {
    let mut table = Table::try_from(defaults).context("a bug of softras: its defaults are no TOML")?;
    for layer in layers {
        merge(&mut table, layer);
    }
    Ok(table.try_into()?)
}

/// Puts `value` at `path` if there is one.
pub(crate) fn put(table: &mut Table, path: &str, value: Option<impl Into<Value>>) {
    let Some(value) = value else { return };
    match path.split_once('.') {
        None => {
            table.insert(path.to_owned(), value.into());
        }
        Some((head, tail)) => {
            let inner = table.entry(head).or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(inner) = inner {
                put(inner, tail, Some(value));
            }
        }
    }
}

fn merge(table: &mut Table, layer: &Table) {
    for (key, value) in layer {
        match (table.get_mut(key), value) {
            (Some(Value::Table(own)), Value::Table(new)) if NESTED.contains(&key.as_str()) => merge(own, new),
            _ => {
                table.insert(key.clone(), value.clone());
            }
        }
    }
}
