//! `.npy` files: one array of numbers, as NumPy writes it.
//!
//! The reader is our own because it must survive any bytes: an array's size is checked against the file before memory
//! is taken. Versions 1 to 3, both byte orders, C and Fortran order.

mod header;

use std::io::Write;
use std::path::Path;

use ndarray::{ArrayD, ArrayViewD, IxDyn, ShapeBuilder};

use self::header::Header;
use crate::error::{Origin, Result};
use crate::staged::Staged;

/// One number of an array, wide enough for each of the types.
#[doc(hidden)]
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

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;
    use crate::error::Error;

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
