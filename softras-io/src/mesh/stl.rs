//! STL files in, text and binary. Corners at the same place become one vertex.

use std::collections::HashMap;

use softras_core::scene::MeshTexture;

use super::Loaded;
use super::draft::{Draft, coordinate};
use crate::error::{Origin, Result, quote};

/// Bytes before the first triangle of a binary file: a free text, and the number of triangles.
const HEAD: usize = 84;
/// Bytes of a binary triangle: a normal, three corners, and two bytes of attributes.
const TRIANGLE: usize = 50;

/// Reads an STL file.
pub(super) fn load(origin: Origin<'_>) -> Result<Loaded> {
    let bytes = origin.bytes()?;
    let mut merger = Merger::default();
    match declared(&bytes) {
        // The length decides: binary files may begin with "solid" too.
        Some(count) if count.checked_mul(TRIANGLE).is_some_and(|n| n == bytes.len() - HEAD) => {
            binary(origin, &bytes, &mut merger)?;
        }
        _ if bytes.trim_ascii_start().starts_with(b"solid") => text(origin, &bytes, &mut merger)?,
        Some(count) => {
            let expected = format!("84 + 50 x {count} bytes, or a text that begins with solid");
            return Err(origin.content(format!("{} bytes", bytes.len()), expected));
        }
        None => {
            let found = format!("{} bytes without \"solid\"", bytes.len());
            return Err(origin.content(found, "a text that begins with solid, or 84 bytes and more"));
        }
    }
    merger.draft.finish(origin, MeshTexture::None)
}

/// Returns the number of triangles that a binary file declares.
fn declared(bytes: &[u8]) -> Option<usize> {
    let &[a, b, c, d] = bytes.get(80..HEAD)? else { return None };
    usize::try_from(u32::from_le_bytes([a, b, c, d])).ok()
}

fn binary(origin: Origin<'_>, bytes: &[u8], merger: &mut Merger) -> Result<()> {
    for (f, triangle) in bytes[HEAD..].chunks_exact(TRIANGLE).enumerate() {
        let mut corners = [0; 3];
        for (k, corner) in corners.iter_mut().enumerate() {
            let at = 12 * (k + 1);
            let mut position = [0.0; 3];
            for (x, b) in position.iter_mut().zip(triangle[at..at + 12].chunks_exact(4)) {
                *x = f32::from_le_bytes([b[0], b[1], b[2], b[3]]);
                if !x.is_finite() {
                    let found = format!("the coordinate {x}");
                    return Err(origin.byte(HEAD + f * TRIANGLE + at, found, "a finite number"));
                }
            }
            *corner = merger.vertex(position);
        }
        merger.draft.triangles.push(corners);
    }
    Ok(())
}

fn text(origin: Origin<'_>, bytes: &[u8], merger: &mut Merger) -> Result<()> {
    let mut corners = Vec::new();
    let (mut in_loop, mut last) = (false, 0);
    for (n, line) in String::from_utf8_lossy(bytes).lines().enumerate() {
        let n = n + 1;
        last = n;
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["outer", "loop"] if !in_loop => {
                in_loop = true;
                corners.clear();
            }
            ["vertex", x, y, z] if in_loop => {
                let xyz = [coordinate(origin, n, x)?, coordinate(origin, n, y)?, coordinate(origin, n, z)?];
                corners.push(merger.vertex(xyz));
            }
            ["endloop"] if in_loop => {
                if corners.len() < 3 {
                    return Err(origin.line(n, format!("a face of {} corners", corners.len()), "at least 3"));
                }
                merger.draft.fan(&corners);
                in_loop = false;
            }
            [] | ["solid" | "facet" | "endfacet" | "endsolid", ..] if !in_loop => {}
            [] => {}
            _ => {
                let expected = if in_loop { "vertex x y z, or endloop" } else { "a word of the STL format" };
                return Err(origin.line(n, quote(line.trim()), expected));
            }
        }
    }
    if in_loop {
        return Err(origin.line(last, "the end of the file", "endloop"));
    }
    Ok(())
}

/// Gives corners at the same place the same vertex.
#[derive(Default)]
struct Merger {
    draft: Draft,
    known: HashMap<[u32; 3], u32>,
}

impl Merger {
    fn vertex(&mut self, position: [f32; 3]) -> u32 {
        // Adding zero makes -0 into 0, which is the same place.
        let key = position.map(|x| (x + 0.0).to_bits());
        let next = self.draft.vertices.len() as u32;
        *self.known.entry(key).or_insert_with(|| {
            self.draft.vertices.push(position);
            next
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Loaded> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.stl");
        std::fs::write(&path, bytes).unwrap();
        load(Origin(&path))
    }
    const FACET: &str = "facet normal 0 0 1\n outer loop\n  vertex 0 0 0\n  vertex 1 0 0\n  vertex 0 1 0\n \
                         endloop\nendfacet\n";

    #[test]
    fn corners_at_the_same_place_are_one_vertex() {
        let text = format!("solid a b\n{FACET}{}endsolid\n", FACET.replace("vertex 0 0 0", "vertex -0 0 2"));
        let mesh = read(text.as_bytes()).unwrap().mesh;
        assert_eq!(mesh.triangles(), [[0, 1, 2], [3, 1, 2]]);
    }

    #[test]
    fn a_binary_file_may_begin_with_solid() {
        let mut bytes = b"solid binary".to_vec();
        bytes.resize(80, b' ');
        bytes.extend(1u32.to_le_bytes());
        for x in [0f32, 0., 1., 0., 0., 0., 1., 0., 0., 0., 1., 0.] {
            bytes.extend(x.to_le_bytes());
        }
        bytes.extend([0, 0]);
        assert_eq!(read(&bytes).unwrap().mesh.triangles(), [[0, 1, 2]]);
        for cut in 0..bytes.len() {
            assert!(read(&bytes[..cut]).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn mistakes_are_errors() {
        for (from, to) in
            [("1 0 0", "1 0 x"), ("1 0 0", "1 0 inf"), ("  vertex 1 0 0\n", ""), (" endloop\n", "")]
        {
            assert!(
                read(format!("solid\n{}endsolid", FACET.replace(from, to)).as_bytes()).is_err(),
                "{from} {to}"
            );
        }
        assert!(read(b"solid\nendsolid\n").is_err());
    }
}
