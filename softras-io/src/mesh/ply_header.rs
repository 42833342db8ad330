//! The header of a PLY file: its format, and what stands in each element.

use crate::error::{Error, Origin, Result, quote};

/// How the numbers after the header are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Ascii,
    Little,
    Big,
}

/// The type of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    I8,
    U8,
    I16,
    U16,
    I32,
    U32,
    F32,
    F64,
}

impl Kind {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "char" | "int8" => Self::I8,
            "uchar" | "uint8" => Self::U8,
            "short" | "int16" => Self::I16,
            "ushort" | "uint16" => Self::U16,
            "int" | "int32" => Self::I32,
            "uint" | "uint32" => Self::U32,
            "float" | "float32" => Self::F32,
            "double" | "float64" => Self::F64,
            _ => return None,
        })
    }
    /// Bytes a number takes.
    pub(super) fn size(self) -> usize {
        match self {
            Self::I8 | Self::U8 => 1,
            Self::I16 | Self::U16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }
    /// The smallest and largest whole number, for the types that hold whole numbers.
    pub(super) fn range(self) -> Option<(i64, i64)> {
        Some(match self {
            Self::I8 => (i8::MIN.into(), i8::MAX.into()),
            Self::U8 => (0, u8::MAX.into()),
            Self::I16 => (i16::MIN.into(), i16::MAX.into()),
            Self::U16 => (0, u16::MAX.into()),
            Self::I32 => (i32::MIN.into(), i32::MAX.into()),
            Self::U32 => (0, u32::MAX.into()),
            Self::F32 | Self::F64 => return None,
        })
    }
}

/// One number, or one list of numbers, of every row of an element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Property {
    pub(super) name: String,
    pub(super) kind: Kind,
    /// The type of the length, if this is a list.
    pub(super) list: Option<Kind>,
}

/// A table of the file: vertices, faces, or something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) count: usize,
    pub(super) properties: Vec<Property>,
    /// The line that names it.
    pub(super) line: usize,
}

impl Element {
    /// Returns the place of the first property with one of these names.
    pub(super) fn position(&self, names: &[&str]) -> Option<usize> {
        self.properties.iter().position(|p| names.contains(&p.name.as_str()))
    }
    /// Returns the places of three numbers with these names.
    pub(super) fn positions(&self, names: [&str; 3]) -> Option<[usize; 3]> {
        let [a, b, c] = names.map(|n| self.position(&[n]).filter(|&p| self.properties[p].list.is_none()));
        Some([a?, b?, c?])
    }
}

/// The header, taken apart.
#[derive(Clone, Debug)]
pub(super) struct Header {
    pub(super) format: Format,
    pub(super) elements: Vec<Element>,
    /// Where the rows begin.
    pub(super) body: usize,
    /// The number of the line the rows begin with.
    pub(super) body_line: usize,
    /// Pictures named in comments.
    pub(super) pictures: usize,
}

/// Longest header that is read.
const LONGEST: usize = 1 << 20;

/// Reads the header.
pub(super) fn parse(origin: Origin<'_>, bytes: &[u8]) -> Result<Header> {
    let mut header =
        Header { format: Format::Ascii, elements: Vec::new(), body: 0, body_line: 1, pictures: 0 };
    let mut format = None;
    loop {
        let n = header.body_line;
        let rest = bytes.get(header.body..LONGEST.min(bytes.len())).unwrap_or_default();
        let Some(end) = rest.iter().position(|b| *b == b'\n') else {
            return Err(if n == 1 {
                origin.line(1, quote(&String::from_utf8_lossy(&rest[..rest.len().min(8)])), "ply")
            } else {
                origin.line(n, "no end_header", "end_header on a line of its own")
            });
        };
        let line = String::from_utf8_lossy(&rest[..end]);
        header.body += end + 1;
        header.body_line += 1;
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["ply"] if n == 1 => {}
            _ if n == 1 => return Err(origin.line(1, quote(&line), "ply")),
            ["end_header"] => {
                header.format =
                    format.ok_or_else(|| origin.line(n, "no format line", "one before end_header"))?;
                return Ok(header);
            }
            ["format", name, "1.0"] if format.is_none() => {
                format = Some(match name {
                    "ascii" => Format::Ascii,
                    "binary_little_endian" => Format::Little,
                    "binary_big_endian" => Format::Big,
                    _ => return Err(expected_format(origin, n, &line)),
                });
            }
            ["format", ..] => return Err(expected_format(origin, n, &line)),
            ["comment", "TextureFile", ..] => header.pictures += 1,
            [] | ["comment" | "obj_info", ..] => {}
            ["element", name, count] => {
                let count = count
                    .parse()
                    .map_err(|_| origin.line(n, quote(count), format!("the number of {name} rows")))?;
                if header.elements.iter().any(|e| e.name == name) {
                    return Err(origin.line(n, format!("a second element {}", quote(name)), "one"));
                }
                header.elements.push(Element { name: name.into(), count, properties: Vec::new(), line: n });
            }
            ["property", ref words @ ..] => {
                let element = header
                    .elements
                    .last_mut()
                    .ok_or_else(|| origin.line(n, "a property before any element", "an element first"))?;
                let property = property(words)
                    .ok_or_else(|| origin.line(n, quote(&line), "property [list count_type] type name"))?;
                if element.position(&[&property.name]).is_some() {
                    return Err(origin.line(
                        n,
                        format!("a second property {}", quote(&property.name)),
                        "one",
                    ));
                }
                element.properties.push(property);
            }
            _ => {
                return Err(origin.line(n, quote(&line), "format, element, property, comment or end_header"));
            }
        }
    }
}

fn property(words: &[&str]) -> Option<Property> {
    match words {
        ["list", count, kind, name] => {
            // A length is a whole number.
            let list = Kind::named(count).filter(|k| k.range().is_some())?;
            Some(Property { name: (*name).into(), kind: Kind::named(kind)?, list: Some(list) })
        }
        [kind, name] => Some(Property { name: (*name).into(), kind: Kind::named(kind)?, list: None }),
        _ => None,
    }
}

fn expected_format(origin: Origin<'_>, n: usize, line: &str) -> Error {
    let expected = "one line: format ascii, binary_little_endian or binary_big_endian, then 1.0";
    origin.line(n, quote(line), expected)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn read(text: &str) -> Result<Header> {
        parse(Origin(Path::new("t.ply")), text.as_bytes())
    }

    #[test]
    fn a_header_is_taken_apart() {
        let text = "ply\r\nformat binary_big_endian 1.0\r\ncomment hello\r\nelement vertex 3\r\nproperty float x\r\n\
                    element face 1\r\nproperty list uchar int vertex_index\r\nend_header\r\nbody";
        let header = read(text).unwrap();
        assert_eq!(header.format, Format::Big);
        assert_eq!(&text[header.body..], "body");
        assert_eq!(header.body_line, 9);
        assert_eq!(header.elements[1].position(&["vertex_indices", "vertex_index"]), Some(0));
        assert_eq!(header.elements[1].properties[0].list, Some(Kind::U8));
    }

    #[test]
    fn mistakes_name_their_line() {
        let cases = [
            ("", "line 1"),
            ("solid x\n", "line 1: found \"solid x\", expected ply"),
            ("ply\nend_header\n", "line 2: found no format line"),
            ("ply\nformat utf8 1.0\n", "line 2"),
            ("ply\nformat ascii 1.0\nelement vertex many\n", "line 3: found \"many\""),
            ("ply\nformat ascii 1.0\nelement vertex -1\n", "line 3: found \"-1\""),
            ("ply\nformat ascii 1.0\nproperty float x\n", "line 3: found a property before any element"),
            ("ply\nformat ascii 1.0\nelement a 1\nproperty list float int x\n", "line 4"),
            ("ply\nformat ascii 1.0\nelement a 1\nproperty half x\n", "line 4"),
            ("ply\nformat ascii 1.0\nelement a 1\nelement a 1\n", "line 4: found a second element"),
            ("ply\nformat ascii 1.0\n", "line 3: found no end_header"),
        ];
        for (text, expected) in cases {
            let message = read(text).err().map(|e| e.to_string()).unwrap_or_default();
            assert!(message.contains(expected), "{text:?}: {message}");
        }
    }
}
