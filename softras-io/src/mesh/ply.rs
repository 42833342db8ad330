//! PLY files in: vertices, faces, and the colors of either.

use softras_core::scene::MeshTexture;

use super::Loaded;
use super::draft::{Draft, face_texture, out_of_range, rows};
use super::ply_body::{Body, Row};
use super::ply_header::{self, Element, Kind};
use crate::error::{Origin, Result};

/// Reads a PLY file.
pub(super) fn load(origin: Origin<'_>) -> Result<Loaded> {
    let bytes = origin.bytes()?;
    let header = ply_header::parse(origin, &bytes)?;
    let mut body = Body::new(origin, &bytes, &header);
    let mut reader = Reader::default();
    let mut row = Row::default();
    for element in &header.elements {
        body.check_count(element)?;
        match element.name.as_str() {
            "vertex" => reader.vertices(origin, &mut body, element)?,
            "face" => reader.faces(origin, &mut body, element)?,
            other => {
                for _ in 0..element.count {
                    body.read(element, &mut row)?;
                }
                if element.count > 0 {
                    reader.draft.warnings.push(format!("{} rows of {other:?} were skipped", element.count));
                }
            }
        }
    }
    if header.pictures > 0 {
        reader.draft.warnings.push("textures of PLY files are not read".to_owned());
    }
    if body.left() > 0 {
        reader.draft.warnings.push(format!("{} bytes after the last row were skipped", body.left()));
    }
    reader.finish(origin)
}

/// What has been read of the two elements that matter.
#[derive(Default)]
struct Reader {
    draft: Draft,
    vertex_colors: Vec<[f32; 3]>,
    face_colors: Vec<[f32; 3]>,
    /// Corners of the face at hand.
    corners: Vec<u32>,
    /// Colors that were not finite.
    bad_colors: usize,
}

impl Reader {
    fn vertices(&mut self, origin: Origin<'_>, body: &mut Body<'_>, element: &Element) -> Result<()> {
        let Some(xyz) = element.positions(["x", "y", "z"]) else {
            return Err(origin.line(element.line, "vertices without x, y and z", "all three as numbers"));
        };
        let colors = colors(element);
        self.draft.vertices.reserve_exact(element.count);
        let mut row = Row::default();
        for _ in 0..element.count {
            body.read(element, &mut row)?;
            let position = xyz.map(|p| row.number(p) as f32);
            if let Some(bad) = position.iter().find(|x| !x.is_finite()) {
                return Err(origin.syntax(body.place(), format!("the coordinate {bad}"), "a finite number"));
            }
            self.draft.vertices.push(position);
            if let Some(colors) = colors {
                let color = self.color(&row, colors);
                self.vertex_colors.push(color);
            }
        }
        if element.position(&["s", "u", "texture_u"]).is_some() {
            self.draft.warnings.push("texture coordinates of PLY files are not read".to_owned());
        }
        Ok(())
    }

    fn faces(&mut self, origin: Origin<'_>, body: &mut Body<'_>, element: &Element) -> Result<()> {
        let indices = element.position(&["vertex_indices", "vertex_index"]).filter(|&p| {
            let property = &element.properties[p];
            property.list.is_some() && property.kind.range().is_some()
        });
        let Some(indices) = indices else {
            let expected = "property list uchar int vertex_indices";
            return Err(origin.line(element.line, "faces without a list of whole numbers", expected));
        };
        if self.draft.vertices.is_empty() && element.count > 0 {
            return Err(origin.line(element.line, "faces before any vertex", "element vertex first"));
        }
        let colors = colors(element);
        let mut row = Row::default();
        for _ in 0..element.count {
            body.read(element, &mut row)?;
            let list = row.get(indices);
            if list.len() < 3 {
                let found = format!("a face of {} corners", list.len());
                return Err(origin.syntax(body.place(), found, "at least 3"));
            }
            self.corners.clear();
            for &v in list {
                if v < 0.0 || v >= self.draft.vertices.len() as f64 {
                    return Err(out_of_range(origin, body.place(), v as i64, self.draft.vertices.len()));
                }
                self.corners.push(v as u32);
            }
            let count = self.draft.fan(&self.corners);
            if let Some(colors) = colors {
                let color = self.color(&row, colors);
                self.face_colors.extend(std::iter::repeat_n(color, count));
            }
        }
        if element.position(&["texcoord"]).is_some() {
            self.draft.warnings.push("texture coordinates of PLY files are not read".to_owned());
        }
        Ok(())
    }

    fn color(&mut self, row: &Row, colors: [(usize, f64); 3]) -> [f32; 3] {
        let c = colors.map(|(p, scale)| (row.number(p) / scale) as f32);
        if c.iter().any(|x| !x.is_finite()) {
            self.bad_colors += 1;
        }
        c.map(|x| x.clamp(0.0, 1.0))
    }

    fn finish(mut self, origin: Origin<'_>) -> Result<Loaded> {
        if self.bad_colors > 0 {
            self.draft.warn(self.bad_colors, "colors are not finite: colors are left out");
            return self.draft.finish(origin, MeshTexture::None);
        }
        let texture = match (self.vertex_colors.is_empty(), self.face_colors.is_empty()) {
            (true, true) => MeshTexture::None,
            (true, false) => face_texture(&self.face_colors),
            (false, only) => {
                if !only {
                    self.draft.warnings.push("colors of faces are left out for those of vertices".to_owned());
                }
                MeshTexture::Vertex(rows(&self.vertex_colors))
            }
        };
        self.draft.finish(origin, texture)
    }
}

/// Returns where red, green and blue stand, and the value that means 1.
fn colors(element: &Element) -> Option<[(usize, f64); 3]> {
    let places = element
        .positions(["red", "green", "blue"])
        .or_else(|| element.positions(["diffuse_red", "diffuse_green", "diffuse_blue"]))
        .or_else(|| element.positions(["r", "g", "b"]))?;
    Some(places.map(|p| {
        let one = match element.properties[p].kind {
            Kind::F32 | Kind::F64 => 1.0,
            whole => whole.range().map_or(1.0, |(_, high)| high as f64),
        };
        (p, one)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn read(bytes: &[u8]) -> Result<Loaded> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.ply");
        std::fs::write(&path, bytes).unwrap();
        load(Origin(Path::new(&path)))
    }
    fn message(text: &str) -> String {
        read(text.as_bytes()).err().map(|e| e.to_string()).unwrap_or_default()
    }
    const HEAD: &str = "ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\nproperty float y\nproperty float z\n\
                        element face 1\nproperty list uchar int vertex_indices\nend_header\n";

    #[test]
    fn mistakes_name_their_place() {
        let cases = [
            ("0 0 0\n1 0 0\n0 1 0\n3 0 1 3\n", "line 13: found vertex 3, expected one of the 3 vertices"),
            ("0 0 0\n1 0 0\n0 1 0\n3 0 1 -1\n", "line 13: found vertex -1"),
            ("0 0 0\n1 0 0\n0 1 0\n2 0 1\n", "line 13: found a face of 2 corners"),
            ("0 0 0\n1 0 0\n0 1 0\n9 0 1 2\n", "line 13: found the end of the line"),
            ("0 0 0\n1 0 0\n0 1 0\n3 0 1 2 4\n", "line 13: found one more number"),
            ("0 0 0\n1 0 0\n0 1 0\n3 0 1 2.5\n", "line 13: found \"2.5\""),
            ("0 0 0\n1 0 nan\n0 1 0\n3 0 1 2\n", "line 11: found the coordinate NaN"),
            ("0 0 0\n1 0 x\n0 1 0\n3 0 1 2\n", "line 11: found \"x\""),
            ("0 0 0\n1 0 0\n\n0 1 0\n\n", "found the end of the file, expected 1 rows of \"face\""),
        ];
        for (body, expected) in cases {
            let message = message(&format!("{HEAD}{body}"));
            assert!(message.contains(expected), "{body:?}: {message}");
        }
    }

    #[test]
    fn absurd_counts_are_refused_before_memory_is_taken() {
        for count in ["1000000", "18446744073709551615"] {
            let text = HEAD.replace("vertex 3", &format!("vertex {count}"));
            assert!(message(&text).contains("line 3: found"), "{}", message(&text));
            let binary = text.replace("ascii", "binary_little_endian");
            assert!(message(&binary).contains("line 3: found"), "{}", message(&binary));
        }
        let empty_rows = "ply\nformat ascii 1.0\nelement dust 99999999999\nend_header\n";
        assert!(message(empty_rows).contains("line 3"), "{}", message(empty_rows));
    }

    #[test]
    fn both_byte_orders_and_polygons_are_read() {
        for big in [false, true] {
            let name = if big { "binary_big_endian" } else { "binary_little_endian" };
            let mut bytes = HEAD.replace("ascii", name).replace("vertex 3", "vertex 4").into_bytes();
            for x in [0f32, 0., 0., 1., 0., 0., 1., 1., 0., 0., 1., 0.] {
                bytes.extend(if big { x.to_be_bytes() } else { x.to_le_bytes() });
            }
            bytes.push(4);
            for v in 0..4i32 {
                bytes.extend(if big { v.to_be_bytes() } else { v.to_le_bytes() });
            }
            let loaded = read(&bytes).unwrap();
            assert_eq!(loaded.mesh.triangles(), [[0, 1, 2], [0, 2, 3]]);
            assert_eq!(loaded.mesh.vertices().row(2).to_vec(), [1.0, 1.0, 0.0]);
            assert!(loaded.warnings[0].contains("fans"));
            for cut in 0..bytes.len() {
                assert!(read(&bytes[..cut]).is_err(), "cut at {cut}");
            }
        }
    }

    #[test]
    fn colors_of_vertices_and_of_faces_are_read() {
        let with =
            HEAD.replace("float z", "float z\nproperty uchar red\nproperty uchar green\nproperty uchar blue");
        let loaded =
            read(format!("{with}0 0 0 255 0 51\n1 0 0 0 0 0\n0 1 0 0 0 0\n3 0 1 2\n").as_bytes()).unwrap();
        let MeshTexture::Vertex(colors) = loaded.mesh.texture() else { panic!() };
        assert_eq!(colors.row(0).to_vec(), [1.0, 0.0, 0.2]);
        let with = HEAD.replace(
            "vertex_indices",
            "vertex_indices\nproperty float red\nproperty float green\nproperty float blue",
        );
        let loaded = read(format!("{with}0 0 0\n1 0 0\n0 1 0\n3 0 1 2 0.5 1 0\n").as_bytes()).unwrap();
        let MeshTexture::Surface { side: 1, texels } = loaded.mesh.texture() else { panic!() };
        assert_eq!(texels.as_slice().unwrap(), [0.5, 1.0, 0.0]);
    }
}
