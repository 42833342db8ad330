//! OBJ files as text: numbers and indices are checked here, what they look like is for `obj_texture`.
//!
//! Strict where a mistake would change the shape (a number that is no number, an index out of range, a face of two
//! corners), tolerant where it would not: curves, groups, normals and unknown words are skipped.

use std::collections::BTreeMap;

use super::draft::{Draft, coordinate, out_of_range};
use crate::error::{Error, Origin, Place, Result, quote};

/// The text of an OBJ file, taken apart and checked.
#[derive(Default)]
pub(super) struct Obj {
    pub(super) draft: Draft,
    /// Colors of the vertices; empty if they have none.
    pub(super) colors: Vec<[f32; 3]>,
    /// `vt` coordinates, v upwards.
    pub(super) uvs: Vec<[f32; 2]>,
    /// For each triangle its three `vt`, if all its corners name one.
    pub(super) triangle_uvs: Vec<Option<[u32; 3]>>,
    /// For each triangle an index into `materials`, if `usemtl` stood before it.
    pub(super) triangle_materials: Vec<Option<usize>>,
    /// Names after `usemtl`.
    pub(super) materials: Vec<String>,
    /// Names after `mtllib`.
    pub(super) libraries: Vec<String>,
}

/// What only the parser needs to know.
#[derive(Default)]
struct Parser {
    obj: Obj,
    /// A color for each vertex, absent ones included.
    colors: Vec<Option<[f32; 3]>>,
    material: Option<usize>,
    /// The highest indices used so far and where, to be compared with the counts at the end of the file.
    highest_vertex: (u32, usize),
    highest_uv: (u32, usize),
    bad_colors: usize,
    skipped: BTreeMap<String, usize>,
}

/// Takes the text of an OBJ file apart.
pub(super) fn parse(origin: Origin<'_>, text: &str) -> Result<Obj> {
    let mut parser = Parser::default();
    let mut joined = String::new();
    let mut joined_from = 0;
    for (n, raw) in text.lines().enumerate() {
        let line = raw.trim_end();
        let comment = line.trim_start().starts_with('#');
        if let Some(start) = line.strip_suffix('\\').filter(|_| !comment) {
            if joined.is_empty() {
                joined_from = n + 1;
            }
            joined.push_str(start);
            joined.push(' ');
        } else if joined.is_empty() {
            parser.line(origin, n + 1, line)?;
        } else {
            joined.push_str(line);
            parser.line(origin, joined_from, &joined)?;
            joined.clear();
        }
    }
    if !joined.is_empty() {
        parser.line(origin, joined_from, &joined)?;
    }
    parser.finish(origin)
}

impl Parser {
    fn line(&mut self, origin: Origin<'_>, n: usize, line: &str) -> Result<()> {
        let line = line.trim();
        let (key, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let (rest, data) = (rest.trim(), rest.split('#').next().unwrap_or_default());
        match key {
            "" => {}
            "v" => self.vertex(origin, n, data)?,
            "vt" => self.uv(origin, n, data)?,
            "f" | "fo" => self.face(origin, n, data)?,
            "usemtl" => {
                let known = self.obj.materials.iter().position(|m| m == rest);
                self.material = Some(known.unwrap_or_else(|| {
                    self.obj.materials.push(rest.to_owned());
                    self.obj.materials.len() - 1
                }));
            }
            "mtllib" => self.obj.libraries.push(rest.to_owned()),
            "vn" | "g" | "o" | "s" => {}
            _ if key.starts_with('#') => {}
            _ => *self.skipped.entry(quote(key)).or_default() += 1,
        }
        Ok(())
    }

    fn vertex(&mut self, origin: Origin<'_>, n: usize, data: &str) -> Result<()> {
        let tokens: Vec<&str> = data.split_whitespace().collect();
        if !matches!(tokens.len(), 3 | 4 | 6 | 7 | 8) {
            let found = format!("{} numbers after v", tokens.len());
            return Err(origin.line(n, found, "x y z, with w or r g b after them if at all"));
        }
        let mut position = [0.0; 3];
        for (x, token) in position.iter_mut().zip(&tokens) {
            *x = coordinate(origin, n, token)?;
        }
        self.obj.draft.vertices.push(position);
        let mut color = None;
        if let [_, _, _, r, g, b, ..] = tokens[..] {
            let mut c = [0.0; 3];
            for (x, token) in c.iter_mut().zip([r, g, b]) {
                *x = token.parse::<f32>().map_err(|_| origin.line(n, quote(token), "a number"))?;
            }
            if c.iter().all(|x| x.is_finite()) {
                color = Some(c);
            } else {
                self.bad_colors += 1;
            }
        }
        self.colors.push(color);
        Ok(())
    }

    fn uv(&mut self, origin: Origin<'_>, n: usize, data: &str) -> Result<()> {
        let mut tokens = data.split_whitespace();
        let u = tokens.next().ok_or_else(|| origin.line(n, "no number after vt", "u v"))?;
        let uv = [coordinate(origin, n, u)?, coordinate(origin, n, tokens.next().unwrap_or("0"))?];
        self.obj.uvs.push(uv);
        Ok(())
    }

    fn face(&mut self, origin: Origin<'_>, n: usize, data: &str) -> Result<()> {
        let (mut corners, mut uvs) = (Vec::new(), Vec::new());
        for token in data.split_whitespace() {
            let mut parts = token.split('/');
            let v = index(origin, n, token, parts.next(), self.obj.draft.vertices.len())?;
            corners.push(v.ok_or_else(|| malformed(origin, n, token))?);
            if let Some(t) = index(origin, n, token, parts.next(), self.obj.uvs.len())? {
                uvs.push(t);
            }
            // Normals are not kept: the index must be a whole number, not more.
            let normal = parts.next().filter(|p| !p.is_empty());
            if normal.is_some_and(|p| p.parse::<i64>().is_err()) || parts.next().is_some() {
                return Err(malformed(origin, n, token));
            }
        }
        if corners.len() < 3 {
            return Err(origin.line(n, format!("a face of {} corners", corners.len()), "at least 3"));
        }
        let whole = uvs.len() == corners.len();
        keep_highest(&mut self.highest_vertex, &corners, n);
        keep_highest(&mut self.highest_uv, if whole { &uvs } else { &[] }, n);
        let count = self.obj.draft.fan(&corners);
        for k in 0..count {
            self.obj.triangle_uvs.push(whole.then(|| [uvs[0], uvs[k + 1], uvs[k + 2]]));
            self.obj.triangle_materials.push(self.material);
        }
        Ok(())
    }

    fn finish(mut self, origin: Origin<'_>) -> Result<Obj> {
        let draft = &mut self.obj.draft;
        draft.check(origin)?;
        let (v, line) = self.highest_vertex;
        if v as usize >= draft.vertices.len() {
            let place = Place::Line(line);
            return Err(out_of_range(origin, place, i64::from(v) + 1, draft.vertices.len()));
        }
        let (t, line) = self.highest_uv;
        if line > 0 && self.obj.uvs.is_empty() {
            draft.warnings.push("faces name vt, but the file has none".to_owned());
            self.obj.triangle_uvs.fill(None);
        } else if line > 0 && t as usize >= self.obj.uvs.len() {
            let expected = format!("one of the {} vt of the file", self.obj.uvs.len());
            return Err(origin.line(line, format!("vt {}", u64::from(t) + 1), expected));
        }
        for (key, count) in &self.skipped {
            draft.warnings.push(format!("{count} lines that start with {key} were skipped"));
        }
        draft.warn(self.bad_colors, "vertex colors are not finite: vertex colors are left out");
        let colored: Vec<_> = self.colors.iter().copied().flatten().collect();
        if colored.len() == draft.vertices.len() {
            self.obj.colors = colored;
        } else if !colored.is_empty() && self.bad_colors == 0 {
            draft.warn(
                self.colors.len() - colored.len(),
                "vertices have no color: vertex colors are left out",
            );
        }
        if self.obj.colors.iter().flatten().any(|x| *x > 1.0) {
            draft.warnings.push("vertex colors above 1: they are read as 0 to 255".to_owned());
            self.obj.colors.iter_mut().flatten().for_each(|x| *x /= 255.0);
        }
        self.obj.colors.iter_mut().flatten().for_each(|x| *x = x.clamp(0.0, 1.0));
        Ok(self.obj)
    }
}

/// Reads one index of a corner, counted from 0; negative ones count back from the last of `count` so far.
fn index(origin: Origin<'_>, n: usize, token: &str, part: Option<&str>, count: usize) -> Result<Option<u32>> {
    let Some(part) = part.filter(|p| !p.is_empty()) else { return Ok(None) };
    let written: i64 = part.parse().map_err(|_| malformed(origin, n, token))?;
    let absolute = if written < 0 {
        i64::try_from(count).unwrap_or(i64::MAX).saturating_add(written)
    } else {
        written - 1
    };
    u32::try_from(absolute).map(Some).map_err(|_| {
        origin.line(
            n,
            format!("index {written} in {}", quote(token)),
            "1, 2, .. or -1, -2, .. within the file",
        )
    })
}

fn malformed(origin: Origin<'_>, n: usize, token: &str) -> Error {
    origin.line(n, quote(token), "a corner v, v/vt, v/vt/vn or v//vn")
}

fn keep_highest(highest: &mut (u32, usize), indices: &[u32], n: usize) {
    if let Some(&top) = indices.iter().max()
        && (highest.1 == 0 || top > highest.0)
    {
        *highest = (top, n);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn parse_text(text: &str) -> Result<Obj> {
        parse(Origin(Path::new("t.obj")), text)
    }
    fn message(text: &str) -> String {
        parse_text(text).err().map(|e| e.to_string()).unwrap_or_default()
    }
    const THREE: &str = "v 0 0 0\nv 1 0 0\nv 0 1 0\n";

    #[test]
    fn corners_are_read_in_every_form() {
        for face in ["f 1 2 3", "f 1/1 2/1 3/1", "f 1/1/1 2/1/1 3/1/1", "f 1//1 2//1 3//1", "f 1// 2// 3//"] {
            let obj = parse_text(&format!("{THREE}vt 0.5 0.5\n{face}")).unwrap();
            assert_eq!(obj.draft.triangles, [[0, 1, 2]], "{face}");
        }
    }

    #[test]
    fn negative_indices_count_back_from_where_they_stand() {
        let obj = parse_text(&format!("{THREE}f -3 -2 -1\nv 9 9 9\nf -1 -2 -3\n")).unwrap();
        assert_eq!(obj.draft.triangles, [[0, 1, 2], [3, 2, 1]]);
    }

    #[test]
    fn polygons_become_fans_with_their_uvs() {
        let obj = parse_text(&format!("{THREE}v 1 1 0\nvt 0 0\nvt 1 0\nvt 0 1\nvt 1 1\nf 1/1 2/2 4/4 3/3"));
        let obj = obj.unwrap();
        assert_eq!(obj.draft.triangles, [[0, 1, 3], [0, 3, 2]]);
        assert_eq!(obj.triangle_uvs, [Some([0, 1, 3]), Some([0, 3, 2])]);
    }

    #[test]
    fn continued_lines_crlf_and_comments_are_read() {
        let obj =
            parse_text("# a \\\r\nv 0 0 0 # first\r\nv 1 \\\r\n0 0\r\nv 0 1 0\r\nf 1 \\\r\n 2 3").unwrap();
        assert_eq!(obj.draft.triangles, [[0, 1, 2]]);
    }

    #[test]
    fn mistakes_name_their_line() {
        let cases = [
            ("v 0 0 x\n", "line 1: found \"x\", expected a finite number"),
            ("v 0 0\n", "line 1: found 2 numbers after v"),
            ("v 0 0 nan\n", "line 1: found \"nan\""),
            ("v 0 0 1e99\n", "line 1: found \"1e99\""),
            ("v 0 0 0\nf 1 1\n", "line 2: found a face of 2 corners"),
            ("v 0 0 0\n\nf 1 1 2\n", "line 3: found vertex 2, expected one of the 1 vertices"),
            ("v 0 0 0\nf 0 1 1\n", "line 2: found index 0"),
            ("v 0 0 0\nf -2 1 1\n", "line 2: found index -2"),
            ("v 0 0 0\nvt 0 0\nf 1/2 1/2 1/2\n", "line 3: found vt 2, expected one of the 1 vt"),
            ("v 0 0 0\nf 1/ 1/a 1\n", "line 2: found \"1/a\", expected a corner"),
            ("v 0 0 0\nf 1/1/1/1 1 1\n", "line 2: found \"1/1/1/1\""),
            ("v 0 0 0\nf 99999999999999999999 1 1\n", "line 2"),
            ("v 0 0 0\nf 9999999999 1 1\n", "line 2: found index 9999999999"),
            ("# nothing\n", "no vertices"),
            ("v 0 0 0\n", "1 vertices but no face"),
        ];
        for (text, expected) in cases {
            let message = message(text);
            assert!(message.contains(expected), "{text:?}: {message}");
        }
    }

    #[test]
    fn colors_of_vertices_are_kept_only_if_all_are_there() {
        let all = parse_text("v 0 0 0 1 0 0\nv 1 0 0 0 1 0\nv 0 1 0 0 0 1\nf 1 2 3").unwrap();
        assert_eq!(all.colors.len(), 3);
        let some = parse_text("v 0 0 0 1 0 0\nv 1 0 0\nv 0 1 0 0 0 1\nf 1 2 3").unwrap();
        assert!(some.colors.is_empty());
        assert!(some.draft.warnings[0].contains("1 vertices have no color"));
        let bytes = parse_text("v 0 0 0 255 0 0\nv 1 0 0 0 51 0\nv 0 1 0 0 0 1\nf 1 2 3").unwrap();
        assert_eq!(bytes.colors.concat()[..6], [1.0, 0.0, 0.0, 0.0, 0.2, 0.0]);
    }
}
