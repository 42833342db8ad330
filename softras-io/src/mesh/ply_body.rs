//! The rows of a PLY file, ascii and binary, one at a time and within the bounds of the file.

use std::ops::Range;

use super::ply_header::{Element, Format, Header, Kind};
use crate::error::{Error, Origin, Place, Result, quote};

/// The rest of the file, and how far it has been read.
pub(super) struct Body<'a> {
    origin: Origin<'a>,
    bytes: &'a [u8],
    format: Format,
    /// The next byte.
    next: usize,
    /// The number of the next line, of an ascii file.
    line: usize,
    /// The place of the row that was read last.
    place: Place,
}

/// The numbers of one row; reused from row to row.
#[derive(Default)]
pub(super) struct Row {
    numbers: Vec<f64>,
    spans: Vec<Range<usize>>,
}

impl Row {
    /// Returns the numbers of property `p`: one, or those of the list. Every integer type of PLY fits in f64.
    pub(super) fn get(&self, p: usize) -> &[f64] {
        self.spans.get(p).and_then(|s| self.numbers.get(s.clone())).unwrap_or_default()
    }
    /// Returns property `p`, which is one number.
    pub(super) fn number(&self, p: usize) -> f64 {
        self.get(p).first().copied().unwrap_or(f64::NAN)
    }
}

impl<'a> Body<'a> {
    /// Stands at the first row.
    pub(super) fn new(origin: Origin<'a>, bytes: &'a [u8], header: &Header) -> Self {
        let place = Place::Line(header.body_line);
        Self { origin, bytes, format: header.format, next: header.body, line: header.body_line, place }
    }
    /// Returns the place of the row that was read last.
    pub(super) fn place(&self) -> Place {
        self.place
    }
    /// Refuses an element that claims more rows than the rest of the file can hold.
    pub(super) fn check_count(&self, element: &Element) -> Result<()> {
        let ascii = self.format == Format::Ascii;
        // A number in text takes a digit and a separator, but the last one in the file needs no separator.
        let size = |kind: Kind| if ascii { 2 } else { kind.size() };
        let row: usize = element.properties.iter().map(|p| size(p.list.unwrap_or(p.kind))).sum();
        let left = self.bytes.len() - self.next + usize::from(ascii);
        let fits = left.checked_div(row).map_or(element.count == 0, |most| element.count <= most);
        if fits {
            return Ok(());
        }
        let found = format!("{} rows of {}", element.count, quote(&element.name));
        let expected = format!("as many as fit in the {left} bytes that follow ({row} bytes or more a row)");
        Err(self.origin.line(element.line, found, expected))
    }
    /// Reads the next row of `element`.
    pub(super) fn read(&mut self, element: &Element, row: &mut Row) -> Result<()> {
        row.numbers.clear();
        row.spans.clear();
        match self.format {
            Format::Ascii => self.read_text(element, row),
            Format::Little | Format::Big => self.read_binary(element, row),
        }
    }
    /// Returns how many bytes follow the last row, blanks aside.
    pub(super) fn left(&self) -> usize {
        let rest = self.bytes.get(self.next..).unwrap_or_default();
        rest.len() - rest.iter().take_while(|b| b.is_ascii_whitespace()).count()
    }

    fn truncated(&self, element: &Element) -> Error {
        let place = match self.format {
            Format::Ascii => Place::Line(self.line),
            _ => Place::Byte(self.bytes.len()),
        };
        let expected = format!("{} rows of {}", element.count, quote(&element.name));
        self.origin.syntax(place, "the end of the file", expected)
    }

    fn read_text(&mut self, element: &Element, row: &mut Row) -> Result<()> {
        let line = loop {
            let rest = self.bytes.get(self.next..).unwrap_or_default();
            if rest.is_empty() {
                return Err(self.truncated(element));
            }
            let end = rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
            self.next = (self.next + end + 1).min(self.bytes.len());
            self.place = Place::Line(self.line);
            self.line += 1;
            let line = rest[..end].trim_ascii();
            if !line.is_empty() {
                break String::from_utf8_lossy(line);
            }
        };
        let mut tokens = line.split_ascii_whitespace();
        let (origin, place) = (self.origin, self.place);
        let mut next = |name: &str, kind: Kind| -> Result<f64> {
            let expected = || format!("a number of type {kind:?} for {}", quote(name));
            let token =
                tokens.next().ok_or_else(|| origin.syntax(place, "the end of the line", expected()))?;
            let value = match kind.range() {
                None => token.parse::<f64>().ok(),
                Some((low, high)) => {
                    token.parse::<i64>().ok().filter(|x| (low..=high).contains(x)).map(|x| x as f64)
                }
            };
            value.ok_or_else(|| origin.syntax(place, quote(token), expected()))
        };
        for property in &element.properties {
            let start = row.numbers.len();
            let count = match property.list {
                None => 1.0,
                Some(kind) => next(&property.name, kind)?,
            };
            if count < 0.0 {
                return Err(origin.syntax(place, format!("a list of {count}"), "a length of 0 or more"));
            }
            // A length beyond the line ends at the first missing number.
            for _ in 0..count as u64 {
                row.numbers.push(next(&property.name, property.kind)?);
            }
            row.spans.push(start..row.numbers.len());
        }
        match tokens.next() {
            None => Ok(()),
            Some(token) => {
                Err(origin.syntax(place, format!("one more number, {}", quote(token)), "the end of the line"))
            }
        }
    }

    fn read_binary(&mut self, element: &Element, row: &mut Row) -> Result<()> {
        self.place = Place::Byte(self.next);
        for property in &element.properties {
            let start = row.numbers.len();
            let count = match property.list {
                None => 1,
                Some(kind) => {
                    let at = self.next;
                    let count = self.number(element, kind)?;
                    let most = (self.bytes.len() - self.next) / property.kind.size();
                    if count < 0.0 || count > most as f64 {
                        let expected = format!("a length of 0 to {most}, what is left of the file");
                        return Err(self.origin.byte(at, format!("a list of {count}"), expected));
                    }
                    count as usize
                }
            };
            for _ in 0..count {
                let x = self.number(element, property.kind)?;
                row.numbers.push(x);
            }
            row.spans.push(start..row.numbers.len());
        }
        Ok(())
    }

    fn number(&mut self, element: &Element, kind: Kind) -> Result<f64> {
        let size = kind.size();
        let bytes = self.bytes.get(self.next..self.next + size).ok_or_else(|| self.truncated(element))?;
        self.next += size;
        let mut b = [0; 8];
        b[..size].copy_from_slice(bytes);
        if self.format == Format::Big {
            b[..size].reverse();
        }
        let [b0, b1, b2, b3, ..] = b;
        Ok(match kind {
            Kind::U8 => b0.into(),
            Kind::I8 => i8::from_le_bytes([b0]).into(),
            Kind::U16 => u16::from_le_bytes([b0, b1]).into(),
            Kind::I16 => i16::from_le_bytes([b0, b1]).into(),
            Kind::U32 => u32::from_le_bytes([b0, b1, b2, b3]).into(),
            Kind::I32 => i32::from_le_bytes([b0, b1, b2, b3]).into(),
            Kind::F32 => f32::from_le_bytes([b0, b1, b2, b3]).into(),
            Kind::F64 => f64::from_le_bytes(b),
        })
    }
}
