//! The header of an `.npy` file: the type, the order and the shape of its numbers.

use super::Number;
use crate::error::{Error, Origin, Result, quote};

/// The types of numbers in `.npy` files that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    U64,
    I64,
    F32,
    F64,
}

impl Kind {
    /// Bytes a number takes.
    pub(super) fn size(self) -> usize {
        match self {
            Self::Bool | Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
        }
    }
    /// Reads `b`, little endian, padded to 8 bytes.
    pub(super) fn number(self, b: [u8; 8]) -> Number {
        let [b0, b1, b2, b3, ..] = b;
        match self {
            Self::Bool | Self::U8 => Number::Whole(b0.into()),
            Self::I8 => Number::Whole(i8::from_le_bytes([b0]).into()),
            Self::U16 => Number::Whole(u16::from_le_bytes([b0, b1]).into()),
            Self::I16 => Number::Whole(i16::from_le_bytes([b0, b1]).into()),
            Self::U32 => Number::Whole(u32::from_le_bytes([b0, b1, b2, b3]).into()),
            Self::I32 => Number::Whole(i32::from_le_bytes([b0, b1, b2, b3]).into()),
            Self::U64 => Number::Whole(u64::from_le_bytes(b).into()),
            Self::I64 => Number::Whole(i64::from_le_bytes(b).into()),
            Self::F32 => Number::Real(f32::from_le_bytes([b0, b1, b2, b3]).into()),
            Self::F64 => Number::Real(f64::from_le_bytes(b)),
        }
    }
}

/// What stands before the numbers, and the numbers.
pub(super) struct Header<'a> {
    pub(super) kind: Kind,
    /// The most significant byte comes first.
    pub(super) big: bool,
    /// The first index runs fastest.
    pub(super) fortran: bool,
    pub(super) shape: Vec<usize>,
    /// The numbers, exactly as many bytes as the shape needs.
    pub(super) data: &'a [u8],
}

impl<'a> Header<'a> {
    /// Reads the header and checks it against the length of the file.
    pub(super) fn read(origin: Origin<'_>, what: &str, bytes: &'a [u8]) -> Result<Self> {
        let wrong = |at: usize, found: String, expected: &str| -> Error {
            origin.byte(at, format!("{what}{found}"), expected)
        };
        if !bytes.starts_with(b"\x93NUMPY") {
            return Err(wrong(0, "other bytes".into(), "\\x93NUMPY, the start of an .npy array"));
        }
        let (start, length) = match *bytes {
            [_, _, _, _, _, _, 1, _, a, b, ..] => (10, u16::from_le_bytes([a, b]) as usize),
            [_, _, _, _, _, _, 2 | 3, _, a, b, c, d, ..] => (12, u32::from_le_bytes([a, b, c, d]) as usize),
            _ => return Err(wrong(6, "another version or the end".into(), "version 1, 2 or 3 and a length")),
        };
        let text = bytes.get(start..).and_then(|rest| rest.get(..length)).ok_or_else(|| {
            wrong(bytes.len(), "the end of the file".into(), &format!("a header of {length} bytes"))
        })?;
        let text = String::from_utf8_lossy(text);
        let missing = |key: &str| wrong(start, quote(text.trim()), &format!("a dictionary with {key}"));

        let descr = value(&text, "descr").and_then(quoted).ok_or_else(|| missing("'descr'"))?;
        let fortran = match value(&text, "fortran_order") {
            Some(v) if v.starts_with("True") => true,
            Some(v) if v.starts_with("False") => false,
            _ => return Err(missing("'fortran_order'")),
        };
        let shape = value(&text, "shape").and_then(tuple).ok_or_else(|| missing("'shape'"))?;
        let (kind, big) = kind(descr).ok_or_else(|| {
            origin.unsupported(
                format!("{what}an array of type {}", quote(descr)),
                "bool, u1, u2, u4, u8, i1, i2, i4, i8, f4 and f8",
            )
        })?;

        let data = &bytes[start + length..];
        let needed = shape.iter().try_fold(kind.size(), |n, side| n.checked_mul(*side));
        if needed != Some(data.len()) {
            let needed = needed.map_or("more than memory holds".to_owned(), |n| format!("{n} bytes"));
            let found = format!("{} bytes of numbers", data.len());
            return Err(wrong(bytes.len(), found, &format!("{needed} for shape {shape:?} of {kind:?}")));
        }
        Ok(Self { kind, big, fortran, shape, data })
    }
}

/// Returns what follows `'key':` in the text of a Python dictionary.
fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let at = text.find(&format!("'{key}'")).or_else(|| text.find(&format!("\"{key}\"")))?;
    Some(text.get(at + key.len() + 2..)?.trim_start().strip_prefix(':')?.trim_start())
}

/// Returns the text between the quotes that `text` begins with.
fn quoted(text: &str) -> Option<&str> {
    let mark = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    text.get(1..)?.split_once(mark).map(|(inside, _)| inside)
}

/// Returns the whole numbers of the tuple that `text` begins with.
fn tuple(text: &str) -> Option<Vec<usize>> {
    let (inside, _) = text.strip_prefix('(')?.split_once(')')?;
    // More axes than this are a mistake, and ndarray would be slow with them.
    const MOST_AXES: usize = 64;
    let sides: Option<Vec<usize>> =
        inside.split(',').map(str::trim).filter(|s| !s.is_empty()).map(|s| s.parse().ok()).collect();
    sides.filter(|s| s.len() <= MOST_AXES)
}

fn kind(descr: &str) -> Option<(Kind, bool)> {
    let (order, name) = descr.split_at_checked(1)?;
    if !matches!(order, "<" | ">" | "|" | "=") {
        return None;
    }
    let kind = match name {
        "b1" => Kind::Bool,
        "u1" => Kind::U8,
        "i1" => Kind::I8,
        "u2" => Kind::U16,
        "i2" => Kind::I16,
        "u4" => Kind::U32,
        "i4" => Kind::I32,
        "u8" => Kind::U64,
        "i8" => Kind::I64,
        "f4" => Kind::F32,
        "f8" => Kind::F64,
        _ => return None,
    };
    Some((kind, order == ">"))
}
