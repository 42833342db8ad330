//! The shaders against the core: same files, functions, arguments, constants and fields, in the same order.
//!
//! A function of the core is known by its name, and by the type it belongs to: `Triangle::depth_vjp` is `triangle_depth_vjp`,
//! and its `self` is the argument `triangle`. Parts have no data, so their functions have no such argument.

use std::collections::{BTreeMap, BTreeSet};

use crate::kernels::FILES;
use crate::shared::STRUCTURES;

/// Each twin file of the core.
const CORE: &[(&str, &str)] = &[
    ("vector.wgsl", include_str!("../../softras-core/src/math/vector.rs")),
    ("exp.wgsl", include_str!("../../softras-core/src/math/exp.rs")),
    ("triangle.wgsl", include_str!("../../softras-core/src/math/triangle.rs")),
    ("distance.wgsl", include_str!("../../softras-core/src/math/distance.rs")),
    ("distribution.wgsl", include_str!("../../softras-core/src/math/distribution.rs")),
    ("special.wgsl", include_str!("../../softras-core/src/math/special.rs")),
    ("distribution/tail.wgsl", include_str!("../../softras-core/src/math/distribution/tail.rs")),
    ("distribution/symmetric.wgsl", include_str!("../../softras-core/src/math/distribution/symmetric.rs")),
    ("distribution/one_sided.wgsl", include_str!("../../softras-core/src/math/distribution/one_sided.rs")),
    ("silhouette/max.wgsl", include_str!("../../softras-core/src/math/silhouette/max.rs")),
    ("silhouette/t_conorm.wgsl", include_str!("../../softras-core/src/math/silhouette/t_conorm.rs")),
    ("silhouette.wgsl", include_str!("../../softras-core/src/math/silhouette.rs")),
    ("depth.wgsl", include_str!("../../softras-core/src/math/depth.rs")),
    ("color.wgsl", include_str!("../../softras-core/src/math/color.rs")),
    ("color/softmax.wgsl", include_str!("../../softras-core/src/math/color/softmax.rs")),
    ("color/over.wgsl", include_str!("../../softras-core/src/math/color/over.rs")),
    ("color/neural.wgsl", include_str!("../../softras-core/src/math/color/neural.rs")),
    ("color/hard.wgsl", include_str!("../../softras-core/src/math/color/hard.rs")),
    ("texture.wgsl", include_str!("../../softras-core/src/math/texture.rs")),
    ("pair.wgsl", include_str!("../../softras-core/src/math/pair.rs")),
];

/// Functions of the core without a twin.
const HOST_ONLY: &[&str] = &[
    // What a trait asks of its parts beside the formulas.
    "sums",
    "weights",
    "edge",
    "reach",
    "cut",
    "name",
    "shapes",
    "search",
    // Zero in most: a module without one goes without.
    "shape_vjp",
    // Written out.
    "polynomial",
    "polynomial_and_slope",
    "atanh_ratio",
    "halo",
    // What a part says about itself.
    "invariance",
    "degree",
    "adding",
    "mixing",
    // Lanes, and constructors that WGSL writes as a literal.
    "splat",
    "lane",
    "new",
    "select",
    "from",
    "sub",
    "mul",
    "neg",
    "add_assign",
    "sub_assign",
    // Once a picture, on the host.
    "pixel_centre",
    "background_nearness",
    "depth_map_range",
    "texture_kind_texels",
    "surface_texel_centre",
    // Steps of forward, which shaders take whole.
    "push_silhouette",
    "push_color",
    "push_shade",
    // A sink is a pointer to a local array.
    "texel_sink_of",
    // Weights have their gradient in stages of their own.
    "weight_sink_add",
    // A network before it is drawn with.
    "neural_layout",
    "neural_check",
    "neural_initial",
    "neural_depth_weights",
];

/// Types of the core whose data are constants of a module.
const IN_CONSTANTS: &[&str] = &["Neural", "NeuralLayout"];

/// Types of the core whose functions have no twins: closed lists whose WGSL twin is the choice of a
/// module, and points in space, which only the host knows.
const CHOSEN_BY_MODULE: &[&str] = &["Silhouette", "Distribution", "Color", "Vec3", "G"];

/// An argument of the core that WGSL passes in pieces, since a pointer may not point into a structure.
const IN_PIECES: &[(&str, &[&str])] = &[
    ("other", &["other", "other_sums"]),
    ("cotangent", &["cotangent", "cotangent_sums"]),
    ("out", &["out_sums", "out_background", "grad_epsilon"]),
    ("color", &["color", "sums"]),
    ("sink", &["grad_color", "texels"]),
];

/// Arguments of the core that WGSL goes without: built-in parts do not use them.
const UNUSED: &[&str] = &["grad_weights", "like"];

/// Structures whose fields differ, for the reason given.
const OTHER_FIELDS: &[&str] = &[
    "FaceTexels", // the texels lie in a buffer: where they begin stands for them
    "ColorGrad",  // in pieces
];

/// A function: the names of its arguments; `_` for one without a name.
type Arguments = Vec<String>;

fn snake(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}

/// The text without comments, and of a Rust file without its tests.
fn bare(text: &str) -> String {
    let own = text.split("#[cfg(test)]").next().unwrap_or(text);
    own.lines().map(|line| line.split("//").next().unwrap_or("")).collect::<Vec<_>>().join("\n")
}

/// What stands between the bracket at the start of `text` and the one that closes it.
fn bracketed(text: &str, open: char, close: char) -> &str {
    let mut depth = 0;
    for (i, c) in text.char_indices() {
        if c == open {
            depth += 1;
        } else if c == close {
            depth -= 1;
            if depth == 0 {
                return &text[1..i];
            }
        }
    }
    panic!("{open} is not closed: {}", &text[..text.len().min(80)]);
}

/// The parts of `text` between commas that no bracket encloses.
fn parts(text: &str) -> Vec<String> {
    let (mut depth, mut out) = (0, vec![String::new()]);
    for c in text.chars() {
        match c {
            '(' | '[' | '<' | '{' => depth += 1,
            ')' | ']' | '>' | '}' => depth -= 1,
            _ => {}
        }
        match (c, out.last_mut()) {
            (',', _) if depth == 0 => out.push(String::new()),
            (c, Some(last)) => last.push(c),
            _ => {}
        }
    }
    out.into_iter().map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

fn arguments(text: &str) -> Arguments {
    let name = |argument: &String| {
        let name = argument.split(':').next().unwrap_or("").trim().trim_start_matches("mut ").to_owned();
        if name.ends_with("self") { "self".to_owned() } else { name.trim_start_matches('_').to_owned() }
    };
    parts(text).iter().map(name).collect()
}

fn word(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
    &text[..end]
}

/// The functions in `text`: name and arguments.
fn functions(text: &str) -> Vec<(String, Arguments)> {
    let mut out = Vec::new();
    for (i, _) in text.match_indices("fn ") {
        let boundary = text[..i].chars().next_back().is_none_or(|c| c.is_whitespace());
        let name = word(&text[i + 3..]);
        if !boundary || name.is_empty() {
            continue;
        }
        let rest = &text[i + 3 + name.len()..];
        let rest = match rest.strip_prefix('<') {
            Some(_) => &rest[bracketed(rest, '<', '>').len() + 2..],
            None => rest,
        };
        out.push((name.to_owned(), arguments(bracketed(rest, '(', ')'))));
    }
    out
}

/// The functions of a file of the core, by the names of their twins.
fn core_functions(text: &str) -> BTreeMap<String, Arguments> {
    let text = bare(text);
    let mut out = BTreeMap::new();
    let mut free = text.clone();
    for keyword in ["impl", "trait", "macro_rules!"] {
        for (i, _) in text.match_indices(keyword) {
            let starts = text[..i].is_empty() || text[..i].ends_with('\n') || text[..i].ends_with("pub ");
            let Some(open) = text[i..].find('{').filter(|_| starts) else { continue };
            let head = &text[i..i + open];
            let body = bracketed(&text[i + open..], '{', '}');
            free = free.replace(body, "");
            if keyword == "impl" {
                let own = head.split(" for ").last().unwrap_or(head);
                let own = own.strip_prefix("impl").unwrap_or(own).trim();
                let own =
                    own.strip_prefix('<').map_or(own, |_| own[bracketed(own, '<', '>').len() + 2..].trim());
                let without_data = text.contains(&format!("pub struct {};", word(own)));
                add_methods(&mut out, word(own), without_data, body);
            }
        }
    }
    out.extend(functions(&free));
    out
}

fn add_methods(out: &mut BTreeMap<String, Arguments>, own: &str, without_data: bool, body: &str) {
    if CHOSEN_BY_MODULE.contains(&own) {
        return;
    }
    for (name, mut arguments) in functions(body) {
        if HOST_ONLY.contains(&name.as_str()) && !(name == "new" && ["Triangle", "Face"].contains(&own)) {
            continue;
        }
        if arguments.first().is_some_and(|a| a == "self") {
            arguments.remove(0);
            // A setting is what a distance or distribution is told by, too.
            if !without_data && own != "Parts" && !IN_CONSTANTS.contains(&own) {
                arguments.insert(0, snake(own));
            }
        }
        out.insert(format!("{}_{name}", snake(own)), arguments);
    }
}

/// Names that WGSL reserves end in `_` there.
fn trimmed(name: &str) -> &str {
    name.trim_end_matches('_')
}

/// Tells whether `found` are the arguments `expected`: all that have a name, in order.
fn same_arguments(expected: &Arguments, found: &Arguments) -> bool {
    let mut found = found.iter().map(|a| trimmed(a)).peekable();
    for name in expected {
        if UNUSED.contains(&name.as_str()) && found.peek() != Some(&name.as_str()) {
            continue;
        }
        if name.is_empty() {
            // Without a name in the core: WGSL may pass it, by the name that the trait gives it, or not.
            let known = [
                "at",
                "w",
                "shape",
                "faces",
                "state",
                "pixel",
                "grad",
                "grad_s",
                "context",
                "p",
                "cotangent",
                "face",
                "x",
            ];
            found.next_if(|name| known.contains(name));
            continue;
        }
        let pieces = IN_PIECES.iter().find(|(whole, _)| whole == name).map(|(_, pieces)| *pieces);
        match pieces {
            Some(pieces) if found.peek() == pieces.first() && pieces[0] != name => {
                if !pieces.iter().all(|piece| found.next_if_eq(piece).is_some()) {
                    return false;
                }
            }
            Some(pieces) => {
                if found.next_if_eq(&name.as_str()).is_none() {
                    return false;
                }
                for piece in &pieces[1..] {
                    found.next_if_eq(piece);
                }
            }
            None => {
                if found.next() != Some(name) {
                    return false;
                }
            }
        }
    }
    found.next().is_none()
}

fn shader(file: &str) -> String {
    FILES.iter().find(|(name, _)| *name == file).map(|(_, text)| bare(text)).expect("a shader of that name")
}

#[test]
fn functions_have_the_same_names_and_arguments() {
    let (mut pairs, mut wrong) = (0, Vec::new());
    for (file, text) in CORE {
        let core = core_functions(text);
        let shader: BTreeMap<String, Arguments> =
            functions(&shader(file)).into_iter().map(|(name, a)| (trimmed(&name).to_owned(), a)).collect();
        for (name, expected) in &core {
            match shader.get(name) {
                _ if HOST_ONLY.contains(&name.as_str()) => {}
                Some(found) if same_arguments(expected, found) => pairs += 1,
                found => wrong.push(format!("{file}, {name}: core {expected:?}, WGSL {found:?}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(pairs > 60, "only {pairs} functions were compared");
}

/// The constants of a text: name and value.
fn numbers(text: &str) -> BTreeMap<String, f64> {
    let mut out = BTreeMap::new();
    for (i, _) in text.match_indices("const ") {
        let rest = &text[i + 6..];
        let name = word(rest);
        let value = rest.split(['=', ';']).nth(1).unwrap_or("").trim();
        if let Ok(value) = value.parse() {
            out.insert(name.to_owned(), value);
        }
    }
    out
}

#[test]
fn constants_have_the_same_values() {
    let mut compared = 0;
    for (file, text) in CORE {
        let core = numbers(&bare(text));
        for (name, value) in numbers(&shader(file)) {
            let expected = core.get(&name).unwrap_or_else(|| panic!("{file}: the core has no {name}"));
            assert!((expected - value).abs() <= 0.0, "{file}, {name}: core {expected}, WGSL {value}");
            compared += 1;
        }
    }
    assert!(compared >= 10, "only {compared} constants were compared");
    let exp = |text: &str| -> BTreeSet<u32> {
        let text = text.replace('_', "");
        let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c)));
        words
            .filter(|w| w.contains('.') && w.len() > 8)
            .filter_map(|w| w.parse::<f32>().ok())
            .map(f32::to_bits)
            .collect()
    };
    let (mut core, own) = (exp(&bare(CORE[1].1)), exp(&shader("exp.wgsl")));
    // What the core rounds to an integer with; WGSL has a function for that.
    assert!(core.remove(&(softras_core::math::NEAREST as f32).to_bits()));
    assert!(
        core.iter().all(|c| own.contains(c)) && core.len() == 8,
        "coefficients of exp: {core:?}, {own:?}"
    );
}

/// The structures of a text: name and fields.
fn structures(text: &str) -> BTreeMap<String, Vec<String>> {
    let mut out = BTreeMap::new();
    for (i, _) in text.match_indices("struct ") {
        let name = word(&text[i + 7..]);
        let rest = &text[i + 7 + name.len()..];
        let Some(open) = rest.find(['{', ';']).filter(|&at| rest[at..].starts_with('{')) else { continue };
        let field = |part: &String| {
            part.split(':')
                .next()
                .unwrap_or("")
                .trim()
                .trim_start_matches("pub ")
                .trim_start_matches("pub(super) ")
                .to_owned()
        };
        out.insert(name.to_owned(), parts(bracketed(&rest[open..], '{', '}')).iter().map(field).collect());
    }
    out
}

#[test]
fn structures_have_the_same_fields() {
    let mut compared = 0;
    let generated = structures(STRUCTURES);
    for (file, text) in CORE {
        let mut own = structures(&shader(file));
        own.extend(generated.clone());
        for (name, expected) in structures(&bare(text)) {
            let Some(found) = own.get(&name).filter(|_| !OTHER_FIELDS.contains(&name.as_str())) else {
                continue;
            };
            // A device holds more in some, and no slices.
            let mut rest = found.iter();
            let missing: Vec<_> =
                expected.iter().filter(|f| *f != "weights" && !rest.any(|own| own == *f)).collect();
            assert!(missing.is_empty(), "{file}, {name}: core {expected:?}, WGSL {found:?}");
            compared += 1;
        }
    }
    assert!(compared >= 15, "only {compared} structures were compared");
}
