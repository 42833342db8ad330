//! OFF files in: text, with the colors of vertices (`COFF`) or of faces.

use softras_core::scene::MeshTexture;

use super::Loaded;
use super::draft::{Draft, coordinate, face_texture, out_of_range, rows};
use crate::error::{Origin, Place, Result, quote};

/// Reads an OFF file.
pub(super) fn load(origin: Origin<'_>) -> Result<Loaded> {
    let bytes = origin.bytes()?;
    let text = String::from_utf8_lossy(&bytes);
    // The lines that say something, without their comments, and their numbers.
    let mut lines = text
        .lines()
        .enumerate()
        .map(|(n, line)| (n + 1, line.split('#').next().unwrap_or_default().trim()))
        .filter(|(_, line)| !line.is_empty());

    let (n, first) = lines.next().ok_or_else(|| origin.content("no line", "OFF"))?;
    let colored = first.starts_with("COFF");
    let counts = if colored { first.strip_prefix("COFF") } else { first.strip_prefix("OFF") };
    let counts = counts.ok_or_else(|| origin.line(n, quote(first), "OFF or COFF"))?.trim();
    if counts.eq_ignore_ascii_case("binary") {
        return Err(origin.unsupported("a binary OFF file", "OFF and COFF as text"));
    }
    // The counts may stand on the line of the magic word.
    let (n, counts) = match counts {
        "" => lines.next().ok_or_else(|| origin.line(n, "no counts", "vertices, faces, edges"))?,
        counts => (n, counts),
    };
    let numbers: Vec<usize> = counts.split_whitespace().map_while(|t| t.parse().ok()).collect();
    let [vertices, faces, ..] = numbers[..] else {
        return Err(origin.line(n, quote(counts), "the numbers of vertices and faces"));
    };

    let mut draft = Draft::default();
    let mut vertex_colors = Vec::new();
    for _ in 0..vertices {
        let (n, line) = next(origin, &mut lines, n, vertices, "vertices")?;
        let tokens: Vec<&str> = line.split_whitespace().collect();
        let [x, y, z, ref color @ ..] = tokens[..] else {
            return Err(origin.line(n, format!("{} numbers", tokens.len()), "x y z"));
        };
        let xyz = [coordinate(origin, n, x)?, coordinate(origin, n, y)?, coordinate(origin, n, z)?];
        draft.vertices.push(xyz);
        if colored {
            vertex_colors.extend(parse_color(origin, n, color)?);
        }
    }
    let mut face_colors = Vec::new();
    let mut corners = Vec::new();
    for _ in 0..faces {
        let (n, line) = next(origin, &mut lines, n, faces, "faces")?;
        let mut tokens = line.split_whitespace();
        let count = tokens.next().unwrap_or_default();
        let count: usize = count.parse().map_err(|_| origin.line(n, quote(count), "a number of corners"))?;
        if count < 3 {
            return Err(origin.line(n, format!("a face of {count} corners"), "at least 3"));
        }
        corners.clear();
        for _ in 0..count {
            let token = tokens.next().ok_or_else(|| origin.line(n, "the end of the line", "an index"))?;
            let v: i64 = token.parse().map_err(|_| origin.line(n, quote(token), "an index"))?;
            let known = usize::try_from(v).is_ok_and(|v| v < vertices);
            let v = u32::try_from(v).ok().filter(|_| known);
            corners.push(v.ok_or_else(|| {
                out_of_range(origin, Place::Line(n), token.parse().unwrap_or(-1), vertices)
            })?);
        }
        let added = draft.fan(&corners);
        let rest: Vec<&str> = tokens.collect();
        if let Some(color) = parse_color(origin, n, &rest)? {
            face_colors.extend(std::iter::repeat_n(color, added));
        }
    }
    if let (rest @ 1.., _) = lines.size_hint() {
        draft.warn(rest, "lines after the last face were skipped");
    }
    let texture = if colored && vertex_colors.len() == draft.vertices.len() {
        MeshTexture::Vertex(rows(&vertex_colors))
    } else if !face_colors.is_empty() && face_colors.len() == draft.triangles.len() {
        face_texture(&face_colors)
    } else {
        if !vertex_colors.is_empty() || !face_colors.is_empty() {
            draft.warnings.push("only a part has colors: colors are left out".to_owned());
        }
        MeshTexture::None
    };
    draft.finish(origin, texture)
}

fn next<'a>(
    origin: Origin<'_>,
    lines: &mut impl Iterator<Item = (usize, &'a str)>,
    head: usize,
    count: usize,
    what: &str,
) -> Result<(usize, &'a str)> {
    lines.next().ok_or_else(|| {
        origin.line(head, format!("{count} {what} announced, but fewer lines"), "a line for each")
    })
}

/// Reads r g b, with a or without; whole numbers are 0 to 255. One number is an entry of a table: no color.
fn parse_color(origin: Origin<'_>, n: usize, tokens: &[&str]) -> Result<Option<[f32; 3]>> {
    let [r, g, b, ..] = *tokens else { return Ok(None) };
    let c = [coordinate(origin, n, r)?, coordinate(origin, n, g)?, coordinate(origin, n, b)?];
    let whole = [r, g, b].iter().all(|t| t.parse::<u32>().is_ok());
    Ok(Some(c.map(|x| if whole { x / 255.0 } else { x }.clamp(0.0, 1.0))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Loaded> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.off");
        std::fs::write(&path, text).unwrap();
        load(Origin(&path))
    }

    #[test]
    fn colors_of_faces_are_read() {
        let mesh = read("OFF 4 1 0\n0 0 0\n1 0 0\n1 1 0\n0 1 0\n4 0 1 2 3 255 0 51\n").unwrap().mesh;
        assert_eq!(mesh.triangles().len(), 2);
        let MeshTexture::Surface { texels, .. } = mesh.texture() else { panic!() };
        assert_eq!(texels.as_slice().unwrap(), [1.0, 0.0, 0.2, 1.0, 0.0, 0.2]);
    }

    #[test]
    fn mistakes_name_their_line() {
        let cases = [
            ("FFO\n", "line 1"),
            ("OFF\n", "line 1: found no counts"),
            ("OFF\n3\n", "line 2"),
            ("OFF\n99999999999999 1 0\n0 0 0\n", "line 2: found 99999999999999 vertices announced"),
            ("OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 3\n", "line 6: found vertex 3"),
            ("OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 -1\n", "line 6: found vertex -1"),
            ("OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n2 0 1\n", "line 6: found a face of 2"),
            ("OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n9999999999999 0 1\n", "line 6: found the end of the line"),
            ("OFF\n3 1 0\n0 0 0\n1 0 nan\n0 1 0\n3 0 1 2\n", "line 4: found \"nan\""),
            ("OFF\n1 0 0\n0 0 0\n", "no face"),
            ("OFF BINARY\n", "unsupported"),
        ];
        for (text, expected) in cases {
            let message = read(text).err().map(|e| e.to_string()).unwrap_or_default();
            assert!(message.contains(expected), "{text:?}: {message}");
        }
    }
}
