//! `.npy` files: one array of numbers, as NumPy writes it.
//!
//! The reader is our own because it must survive any bytes: an array's size is checked against the file before memory
//! is taken. Versions 1 to 3, both byte orders, C and Fortran order.

use std::io::Write;
use std::path::Path;

use ndarray::{ArrayD, ArrayViewD, IxDyn, ShapeBuilder};

use crate::error::{Error, Origin, Result, quote};
use crate::staged::Staged;

/// The types of numbers in `.npy` files that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
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

/// One number of an array, wide enough for each of the types.
#[derive(Clone, Copy, Debug)]
pub enum Number {
    /// A whole number.
    Whole(i128),
    /// A real number.
    Real(f64),
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for u8 {}
    impl Sealed for i64 {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// A type that arrays are read as and written from: `u8`, `i64`, `f32`, `f64`.
pub trait Element: sealed::Sealed + Copy + Default + 'static {
    /// The type as NumPy names it, little endian.
    const DESCR: &'static str;
    /// What can be read as this type, in words.
    const READS: &'static str;
    /// Converts, if the type holds the number (`f32` rounds).
    #[doc(hidden)]
    fn from_number(number: Number) -> Option<Self>;
    /// Appends the bytes, little endian.
    #[doc(hidden)]
    fn put(self, bytes: &mut Vec<u8>);
}

macro_rules! whole {
    ($t:ty, $descr:literal) => {
        impl Element for $t {
            const DESCR: &'static str = $descr;
            const READS: &'static str = concat!("whole numbers in the range of ", stringify!($t));
            fn from_number(number: Number) -> Option<Self> {
                match number {
                    Number::Whole(x) => x.try_into().ok(),
                    Number::Real(_) => None,
                }
            }
            fn put(self, bytes: &mut Vec<u8>) {
                bytes.extend(self.to_le_bytes());
            }
        }
    };
}
macro_rules! real {
    ($t:ty, $descr:literal) => {
        impl Element for $t {
            const DESCR: &'static str = $descr;
            const READS: &'static str = "numbers";
            fn from_number(number: Number) -> Option<Self> {
                Some(match number {
                    Number::Whole(x) => x as $t,
                    Number::Real(x) => x as $t,
                })
            }
            fn put(self, bytes: &mut Vec<u8>) {
                bytes.extend(self.to_le_bytes());
            }
        }
    };
}
whole!(u8, "|u1");
whole!(i64, "<i8");
real!(f32, "<f4");
real!(f64, "<f8");

impl Kind {
    fn size(self) -> usize {
        match self {
            Self::Bool | Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
        }
    }
    /// Reads `b`, little endian, padded to 8 bytes.
    fn number(self, b: [u8; 8]) -> Number {
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

/// Reads an `.npy` file, and converts its numbers to `T` where every one of them fits.
///
/// # Errors
/// `Read` if the file cannot be read; `Syntax` if it is no `.npy` file or shorter or longer than its shape says;
/// `Unsupported` for other types than whole and real numbers of 8 to 64 bits; `Content` for a number that is none of `T`.
pub fn load_npy<T: Element>(path: impl AsRef<Path>) -> Result<ArrayD<T>> {
    let origin = Origin(path.as_ref());
    parse(origin, "", &origin.bytes()?)
}

/// Reads an array of whole numbers 0 to 255, of any whole type.
///
/// # Errors
/// As for [`load_npy`].
pub fn load_npy_u8(path: impl AsRef<Path>) -> Result<ArrayD<u8>> {
    load_npy(path)
}
/// Reads an array of whole numbers, of any whole type.
///
/// # Errors
/// As for [`load_npy`].
pub fn load_npy_i64(path: impl AsRef<Path>) -> Result<ArrayD<i64>> {
    load_npy(path)
}
/// Reads an array of numbers of any type, rounded to `f32`.
///
/// # Errors
/// As for [`load_npy`].
pub fn load_npy_f32(path: impl AsRef<Path>) -> Result<ArrayD<f32>> {
    load_npy(path)
}
/// Reads an array of numbers of any type, as `f64`.
///
/// # Errors
/// As for [`load_npy`].
pub fn load_npy_f64(path: impl AsRef<Path>) -> Result<ArrayD<f64>> {
    load_npy(path)
}

/// Writes an array in C order, under a temporary name that is then changed.
///
/// # Errors
/// `Write` if the file cannot be written: then what stood there before is untouched.
pub fn save_npy<T: Element>(path: impl AsRef<Path>, array: ArrayViewD<'_, T>) -> Result<()> {
    let shape: String = array.shape().iter().map(|n| format!("{n}, ")).collect();
    // `(3, )` is a tuple of one; `(2, 3, )` is as good as `(2, 3)`.
    let mut header = format!("{{'descr': '{}', 'fortran_order': False, 'shape': ({shape}), }}", T::DESCR);
    let length = (10 + header.len() + 1).next_multiple_of(64) - 10;
    header.push_str(&" ".repeat(length - header.len() - 1));
    header.push('\n');
    let mut bytes = Vec::with_capacity(array.len() * size_of::<T>());
    array.iter().for_each(|x| x.put(&mut bytes));
    Staged::write(path.as_ref(), |w| {
        w.write_all(b"\x93NUMPY\x01\x00")?;
        // 65,535 bytes hold a shape of thousands of axes.
        w.write_all(&(length as u16).to_le_bytes())?;
        w.write_all(header.as_bytes())?;
        w.write_all(&bytes)
    })?
    .commit()
}

/// Reads the bytes of an `.npy` file; `what` goes before every message.
pub(crate) fn parse<T: Element>(origin: Origin<'_>, what: &str, bytes: &[u8]) -> Result<ArrayD<T>> {
    let header = Header::read(origin, what, bytes)?;
    let size = header.kind.size();
    let mut numbers = Vec::with_capacity(header.data.len() / size);
    for chunk in header.data.chunks_exact(size) {
        let mut b = [0; 8];
        b[..size].copy_from_slice(chunk);
        if header.big {
            b[..size].reverse();
        }
        let number = header.kind.number(b);
        let value = T::from_number(number).ok_or_else(|| {
            let found = format!("{what}{number:?} in an array of type {:?}", header.kind);
            origin.content(found, T::READS)
        })?;
        numbers.push(value);
    }
    let shape = IxDyn(&header.shape).set_f(header.fortran);
    ArrayD::from_shape_vec(shape, numbers).map_err(|e| {
        origin.content(format!("{what}shape {:?}: {e}", header.shape), "a shape that memory holds")
    })
}

/// What stands before the numbers, and the numbers.
struct Header<'a> {
    kind: Kind,
    big: bool,
    fortran: bool,
    shape: Vec<usize>,
    data: &'a [u8],
}

impl<'a> Header<'a> {
    fn read(origin: Origin<'_>, what: &str, bytes: &'a [u8]) -> Result<Self> {
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

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;

    fn file(descr: &str, fortran: &str, shape: &str, data: &[u8]) -> Vec<u8> {
        let header = format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}\n");
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(data);
        bytes
    }
    fn read<T: Element>(bytes: &[u8]) -> Result<ArrayD<T>> {
        parse(Origin(Path::new("t.npy")), "", bytes)
    }

    #[test]
    fn arrays_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        let a = array![[1.5f32, -2.0, 3.0], [4.0, 5.0, 6.25]].into_dyn();
        save_npy(&path, a.view()).unwrap();
        assert_eq!(load_npy_f32(&path).unwrap(), a);
        assert_eq!(load_npy_f64(&path).unwrap(), a.mapv(f64::from));
        assert!(matches!(load_npy_u8(&path), Err(Error::Content { .. })));
        assert_eq!(std::fs::read(&path).unwrap().len() % 64, 24);
        let t = array![[7i64, 8], [-9, 10]];
        save_npy(&path, t.t().into_dyn()).unwrap();
        assert_eq!(load_npy_i64(&path).unwrap(), t.t().into_dyn());
        for shape in [vec![], vec![0, 3], vec![1; 9]] {
            let a = ArrayD::<u8>::from_elem(shape, 7);
            save_npy(&path, a.view()).unwrap();
            assert_eq!(load_npy_u8(&path).unwrap(), a);
        }
    }

    #[test]
    fn orders_types_and_versions_are_read() {
        let fortran = read::<u8>(&file("|u1", "True", "(2, 3)", &[0, 3, 1, 4, 2, 5])).unwrap();
        let expected = Array2::from_shape_fn((2, 3), |(i, j)| (3 * i + j) as u8).into_dyn();
        assert_eq!(fortran, expected);
        assert_eq!(
            read::<f32>(&file(">i2", "False", "(2,)", &[1, 0, 255, 255])).unwrap().as_slice(),
            Some(&[256.0, -1.0][..])
        );
        assert_eq!(
            read::<i64>(&file(">i8", "False", "()", &[0, 0, 0, 0, 0, 0, 1, 0])).unwrap().first(),
            Some(&256)
        );
        let one = file("<f8", "False", "(1,)", &2.5f64.to_le_bytes());
        let mut two = b"\x93NUMPY\x02\x00".to_vec();
        two.extend([one[8], one[9], 0, 0]);
        two.extend(&one[10..]);
        assert_eq!(read::<f64>(&two).unwrap().first(), Some(&2.5));
    }

    #[test]
    fn mistakes_say_what_was_found() {
        let cases = [
            (file("<f4", "False", "(2,)", &[0; 7]), "found 7 bytes of numbers, expected 8 bytes"),
            (file("<f4", "False", "(2,)", &[0; 9]), "found 9 bytes"),
            (file("<c8", "False", "(1,)", &[0; 8]), "an array of type \"<c8\""),
            (file("|O", "False", "(1,)", &[0; 8]), "unsupported"),
            (file("<f4", "Maybe", "(1,)", &[0; 4]), "'fortran_order'"),
            (file("<f4", "False", "(-1,)", &[0; 4]), "'shape'"),
            (file("|u1", "False", "(99999999999, 99999999999)", &[0; 4]), "more than memory holds"),
            (file("|u1", "False", "(99999999999,)", &[0; 4]), "found 4 bytes"),
            (b"PK\x03\x04".to_vec(), "byte 0: found other bytes"),
            (b"\x93NUMPY\x01\x00\xff\xff{".to_vec(), "a header of 65535 bytes"),
            (b"\x93NUMPY\x09\x00\xff\xff{".to_vec(), "version 1, 2 or 3"),
        ];
        for (bytes, expected) in cases {
            let message = read::<f32>(&bytes).err().map(|e| e.to_string()).unwrap_or_default();
            assert!(message.contains(expected), "{expected}: {message}");
        }
        assert!(read::<u8>(&file("<i8", "False", "(1,)", &300i64.to_le_bytes())).is_err());
    }
}
