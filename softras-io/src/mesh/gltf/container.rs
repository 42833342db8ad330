//! The file around a glTF scene: GLB chunks, and buffers inside the file, in it as text, or beside it.
//!
//! The schema is that of the crate `gltf-json`. Its own validation is not called: it panics at indices that are out of
//! range. Every index is looked up with a check instead.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use gltf_json::Root;

use crate::error::{Error, Origin, Result, quote};

/// The first bytes of a GLB file.
const MAGIC: &[u8] = b"glTF";
const JSON: [u8; 4] = *b"JSON";
const BIN: [u8; 4] = *b"BIN\0";
/// Extensions that change how a file looks but not how it is read.
const HARMLESS: &[&str] = &["KHR_materials_", "KHR_lights_", "EXT_lights_", "KHR_texture_basisu", "KHR_xmp"];

/// A scene as written, and the bytes it points to.
pub(super) struct Asset<'a> {
    pub(super) origin: Origin<'a>,
    pub(super) root: Root,
    pub(super) buffers: Vec<Vec<u8>>,
    pub(super) warnings: Vec<String>,
}

/// Reads a `.gltf` or `.glb` file, told apart by content, with its buffers.
pub(super) fn open(origin: Origin<'_>) -> Result<Asset<'_>> {
    let bytes = origin.bytes()?;
    let (json, bin) = if bytes.starts_with(MAGIC) { chunks(origin, &bytes)? } else { (&bytes[..], None) };
    let root: Root = serde_json::from_slice(json).map_err(|e| {
        let found = format!("in the JSON, line {}: {e}", e.line());
        origin.content(found, "a glTF 2.0 scene")
    })?;
    if !root.asset.version.starts_with("2.") {
        return Err(origin.unsupported(format!("glTF version {}", quote(&root.asset.version)), "2.0"));
    }
    if let Some(name) = root.extensions_required.first() {
        let supported = "files that require no extension (decompress with gltf-transform, say)";
        return Err(origin.unsupported(format!("the required extension {}", quote(name)), supported));
    }
    let mut warnings = Vec::new();
    for name in &root.extensions_used {
        if !HARMLESS.iter().any(|start| name.starts_with(start)) {
            warnings.push(format!("the extension {} is not read", quote(name)));
        }
    }
    let buffers = (0..root.buffers.len()).map(|b| buffer(origin, &root, b, bin)).collect::<Result<_>>()?;
    Ok(Asset { origin, root, buffers, warnings })
}

/// Returns the JSON and the binary chunk of a GLB file.
fn chunks<'a>(origin: Origin<'_>, bytes: &'a [u8]) -> Result<(&'a [u8], Option<&'a [u8]>)> {
    let number = |at: usize| match bytes.get(at..at + 4) {
        Some(&[a, b, c, d]) => Ok(u32::from_le_bytes([a, b, c, d])),
        _ => Err(origin.byte(bytes.len(), "the end of the file", "a header of GLB")),
    };
    let version = number(4)?;
    if version != 2 {
        return Err(origin.unsupported(format!("GLB version {version}"), "2"));
    }
    let length = number(8)? as usize;
    let whole = bytes.get(..length).ok_or_else(|| {
        origin.byte(
            8,
            format!("a length of {length} bytes"),
            format!("at most {}, as the file has", bytes.len()),
        )
    })?;
    let (mut at, mut json, mut bin) = (12, None, None);
    while at < whole.len() {
        let size = number(at)? as usize;
        number(at + 4)?;
        let start = at + 8;
        let content = start.checked_add(size).and_then(|end| whole.get(start..end)).ok_or_else(|| {
            origin.byte(
                at,
                format!("a chunk of {size} bytes"),
                format!("at most {}", whole.len().saturating_sub(start)),
            )
        })?;
        // The first of each kind counts; others are for extensions.
        match whole.get(at + 4..at + 8) {
            Some(kind) if kind == JSON => json = json.or(Some(content)),
            Some(kind) if kind == BIN => bin = bin.or(Some(content)),
            _ => {}
        }
        at = start + size;
    }
    Ok((json.ok_or_else(|| origin.content("no JSON chunk", "one"))?, bin))
}

fn buffer(origin: Origin<'_>, root: &Root, b: usize, bin: Option<&[u8]>) -> Result<Vec<u8>> {
    let written = &root.buffers[b];
    let data = match (&written.uri, bin) {
        (Some(uri), _) => resource(origin, uri)?,
        (None, Some(bin)) if b == 0 => bin.to_vec(),
        (None, _) => {
            return Err(origin.content(format!("buffer {b} without bytes"), "a uri, or a GLB's binary chunk"));
        }
    };
    if written.byte_length.0 > data.len() as u64 {
        let found = format!("buffer {b} of {} bytes", data.len());
        return Err(origin.content(found, format!("{}, as the scene says", written.byte_length.0)));
    }
    Ok(data)
}

/// Returns the bytes that a uri names: in itself as base64, or a file beside this one.
pub(super) fn resource(origin: Origin<'_>, uri: &str) -> Result<Vec<u8>> {
    if let Some(data) = uri.strip_prefix("data:") {
        let Some((_, text)) = data.split_once(";base64,") else {
            return Err(origin.content(format!("the data uri {}", quote(uri)), "one in base64"));
        };
        let lenient = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
        let engine = GeneralPurpose::new(&base64::alphabet::STANDARD, lenient);
        return engine
            .decode(text)
            .map_err(|e| origin.content(format!("a data uri that is no base64: {e}"), "base64"));
    }
    if uri.contains("://") {
        return Err(
            origin.unsupported(format!("the uri {}", quote(uri)), "data uris and files beside this one")
        );
    }
    let path = beside(origin.0, uri);
    std::fs::read(&path).map_err(|source| Error::Read { path, source })
}

/// The file that a relative uri names.
fn beside(path: &Path, uri: &str) -> PathBuf {
    path.parent().unwrap_or(Path::new("")).join(String::from_utf8_lossy(&unescaped(uri)).as_ref())
}

/// Returns a uri with its `%20` and the like as bytes.
fn unescaped(uri: &str) -> Vec<u8> {
    let digit = |b: u8| (b as char).to_digit(16);
    let (bytes, mut out, mut at) = (uri.as_bytes(), Vec::new(), 0);
    while let Some(&byte) = bytes.get(at) {
        let pair = bytes.get(at + 1).zip(bytes.get(at + 2)).and_then(|(a, b)| digit(*a).zip(digit(*b)));
        match (byte, pair) {
            (b'%', Some((high, low))) => {
                out.push((high * 16 + low) as u8);
                at += 3;
            }
            _ => {
                out.push(byte);
                at += 1;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_are_unescaped() {
        assert_eq!(unescaped("a%20b%2Fc%zz%4"), b"a b/c%zz%4");
        let origin = Origin(Path::new("a/b.gltf"));
        assert_eq!(resource(origin, "data:application/octet-stream;base64,AAEC").unwrap(), [0, 1, 2]);
        assert_eq!(resource(origin, "data:;base64,AAE").unwrap(), [0, 1]);
        assert!(resource(origin, "data:text/plain,abc").is_err());
        assert!(
            resource(origin, "http://example.org/a.bin").unwrap_err().to_string().contains("unsupported")
        );
        assert!(resource(origin, "no.bin").unwrap_err().to_string().contains("no.bin"));
    }
}
