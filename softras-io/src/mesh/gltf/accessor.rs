//! Arrays of numbers in the buffers of a glTF file, every byte of them checked before it is touched.

use gltf_json::accessor::{ComponentType, Type};
use gltf_json::validation::Checked;

use super::container::Asset;
use crate::error::Result;

/// Most elements of an array that has no bytes of its own (it is zeros): nothing in the file bounds it.
const MOST_ZEROS: u64 = 1 << 22;

/// An array of `count` elements of `width` numbers each.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Numbers {
    pub(super) values: Vec<f64>,
    pub(super) width: usize,
}

impl Numbers {
    /// The number of elements.
    pub(super) fn count(&self) -> usize {
        self.values.len() / self.width
    }
    /// The elements, as arrays; numbers beyond their width are 0.
    pub(super) fn rows<const N: usize>(&self) -> impl Iterator<Item = [f32; N]> + '_ {
        self.values
            .chunks_exact(self.width)
            .map(|row| core::array::from_fn(|i| row.get(i).map_or(0.0, |x| *x as f32)))
    }
}

/// How the numbers of an array are stored.
#[derive(Clone, Copy)]
struct Layout {
    kind: ComponentType,
    width: usize,
    /// Whole numbers stand for 0 to 1, or -1 to 1.
    normalized: bool,
}

impl Layout {
    fn bytes(self) -> usize {
        self.width * size(self.kind)
    }
}

impl Asset<'_> {
    /// Reads the array `index`, which is for `what` and must be of one of `types`.
    pub(super) fn numbers(&self, index: usize, what: &str, types: &[Type]) -> Result<Numbers> {
        let name = format!("accessor {index} ({what})");
        let refuse =
            |found: String, expected: &str| Err(self.origin.content(format!("{name} {found}"), expected));
        let Some(accessor) = self.root.accessors.get(index) else {
            return refuse("that does not exist".into(), &format!("0 to {}", self.root.accessors.len()));
        };
        let (Checked::Valid(kind), Checked::Valid(shape)) = (accessor.component_type, accessor.type_) else {
            return refuse("of an unknown type".into(), "a type of glTF 2.0");
        };
        if !types.contains(&shape) {
            return refuse(format!("of type {shape:?}"), &format!("{types:?}"));
        }
        let layout = Layout { kind: kind.0, width: width(shape), normalized: accessor.normalized };
        let offset = accessor.byte_offset.map_or(0, |o| o.0);
        let count = accessor.count.0;
        let mut values = match accessor.buffer_view {
            Some(view) => self.elements(&name, view.value(), offset, count, layout)?,
            None if count <= MOST_ZEROS => vec![0.0; count as usize * layout.width],
            None => return refuse(format!("of {count} zeros"), &format!("at most {MOST_ZEROS}")),
        };
        if let Some(sparse) = &accessor.sparse {
            let Checked::Valid(kind) = sparse.indices.component_type else {
                return refuse("with indices of an unknown type".into(), "whole numbers");
            };
            let places = Layout { kind: kind.0, width: 1, normalized: false };
            let (at, from) = (sparse.indices.byte_offset.0, sparse.indices.buffer_view.value());
            let places = self.elements(&name, from, at, sparse.count.0, places)?;
            let (at, from) = (sparse.values.byte_offset.0, sparse.values.buffer_view.value());
            let others = self.elements(&name, from, at, sparse.count.0, layout)?;
            for (place, other) in places.iter().zip(others.chunks_exact(layout.width)) {
                let start = *place as usize * layout.width;
                let Some(target) = values.get_mut(start..start + layout.width) else {
                    return refuse(format!("with a sparse element {place}"), &format!("below {count}"));
                };
                target.copy_from_slice(other);
            }
        }
        if let Some(bad) = values.iter().find(|x| !x.is_finite()) {
            return refuse(format!("with the number {bad}"), "finite numbers");
        }
        Ok(Numbers { values, width: layout.width })
    }

    /// Returns the bytes of the view `index` and its stride.
    pub(super) fn view(&self, name: &str, index: usize) -> Result<(&[u8], Option<usize>)> {
        let view = self.root.buffer_views.get(index).ok_or_else(|| {
            let found = format!("{name} in the view {index}");
            self.origin.content(found, format!("one of the {} views", self.root.buffer_views.len()))
        })?;
        let (offset, length) = (view.byte_offset.map_or(0, |o| o.0), view.byte_length.0);
        let bytes = self.buffers.get(view.buffer.value()).and_then(|buffer| {
            let range = usize::try_from(offset).ok()?..usize::try_from(offset.checked_add(length)?).ok()?;
            buffer.get(range)
        });
        match bytes {
            Some(bytes) => Ok((bytes, view.byte_stride.map(|s| s.0))),
            None => Err(self.origin.content(
                format!(
                    "{name} in the view {index}: {length} bytes from {offset} of buffer {}",
                    view.buffer.value()
                ),
                "bytes that the buffer has",
            )),
        }
    }

    fn elements(&self, name: &str, view: usize, offset: u64, count: u64, layout: Layout) -> Result<Vec<f64>> {
        let (bytes, stride) = self.view(name, view)?;
        let size = layout.bytes();
        let stride = stride.unwrap_or(size);
        let refuse =
            |found: String, expected: String| Err(self.origin.content(format!("{name} {found}"), expected));
        if stride < size {
            return refuse(format!("with a stride of {stride} bytes"), format!("at least {size}"));
        }
        // The last element need not fill its stride.
        let needed = match count.checked_sub(1) {
            None => Some(offset),
            Some(last) => last
                .checked_mul(stride as u64)
                .and_then(|n| n.checked_add(size as u64))
                .and_then(|n| n.checked_add(offset)),
        };
        if needed.is_none_or(|n| n > bytes.len() as u64) {
            let found = format!("of {count} elements from byte {offset} of a view of {}", bytes.len());
            return refuse(found, "elements within the view".into());
        }
        let mut values = Vec::with_capacity(count as usize * layout.width);
        for element in bytes[offset as usize..].chunks(stride).take(count as usize) {
            for number in element[..size].chunks_exact(size / layout.width) {
                values.push(decode(number, layout));
            }
        }
        Ok(values)
    }
}

fn decode(bytes: &[u8], layout: Layout) -> f64 {
    let (value, largest) = match (layout.kind, bytes) {
        (ComponentType::I8, &[a]) => (f64::from(a as i8), f64::from(i8::MAX)),
        (ComponentType::U8, &[a]) => (f64::from(a), f64::from(u8::MAX)),
        (ComponentType::I16, &[a, b]) => (f64::from(i16::from_le_bytes([a, b])), f64::from(i16::MAX)),
        (ComponentType::U16, &[a, b]) => (f64::from(u16::from_le_bytes([a, b])), f64::from(u16::MAX)),
        (ComponentType::U32, &[a, b, c, d]) => (f64::from(u32::from_le_bytes([a, b, c, d])), 1.0),
        (ComponentType::F32, &[a, b, c, d]) => (f64::from(f32::from_le_bytes([a, b, c, d])), 1.0),
        _ => unreachable!("a bug in softras-io: a number of {} bytes as {:?}", bytes.len(), layout.kind),
    };
    if layout.normalized { (value / largest).max(-1.0) } else { value }
}

const fn size(kind: ComponentType) -> usize {
    match kind {
        ComponentType::I8 | ComponentType::U8 => 1,
        ComponentType::I16 | ComponentType::U16 => 2,
        ComponentType::U32 | ComponentType::F32 => 4,
    }
}

const fn width(shape: Type) -> usize {
    match shape {
        Type::Scalar => 1,
        Type::Vec2 => 2,
        Type::Vec3 => 3,
        Type::Vec4 | Type::Mat2 => 4,
        Type::Mat3 => 9,
        Type::Mat4 => 16,
    }
}
