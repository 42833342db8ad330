//! Every kernel function has the name and the arguments of the function of the core it does the work of.
//!
//! A kernel file `x.cuh` is the twin of `softras-core/src/math/x.rs`. A method `f` of a type `SomeType` is `some_type_f`
//! there, and its first argument `some_type` if the type holds anything. The arguments of the core's function stand in the
//! same order; what a function of the core returns or borrows in a structure may follow as arguments of its own.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

/// Files that are twins.
const TWINS: &[&str] = &[
    "vector",
    "exp",
    "special",
    "triangle",
    "distance",
    "distribution",
    "distribution/tail",
    "distribution/symmetric",
    "distribution/one_sided",
    "silhouette",
    "silhouette/max",
    "silhouette/t_conorm",
    "depth",
    "color/softmax",
    "color/over",
    "color/hard",
    "color/neural",
    "texture",
    "pair",
];

/// Types beside `struct Name;` whose methods have no argument for them.
const EMPTY: &[&str] = &["Parts", "Distance", "Distribution", "Neural", "G"];

/// Functions of the core that have another name in kernels, where the core has a module or a type for it.
const RENAMED: &[(&str, &str)] = &[
    ("erfcx", "erfcx_f32"),
    ("gamma", "gamma_at"),
    ("ln", "ln_held"),
    ("g_identity", "t_conorm_identity"),
    ("g_push", "t_conorm_push"),
    ("g_merge", "t_conorm_merge"),
    ("g_finish", "t_conorm_finish"),
    ("g_pair_vjp", "t_conorm_pair_vjp"),
    ("g_shape_vjp", "t_conorm_shape_vjp"),
];

/// Functions of the core that kernels do without, and why.
const HOST_ONLY: &[(&str, &str)] = &[
    ("splat", "lanes"),
    ("lane", "lanes"),
    ("reach", "culling is set up on the host"),
    ("edge", "known by the part's number"),
    ("invariance", "a description"),
    ("degree", "a description"),
    ("halo", "culling is set up on the host"),
    ("adding", "a description"),
    ("mixing", "a description"),
    ("cut", "computed on the host"),
    ("range", "computed on the host"),
    ("name", "words"),
    ("shapes", "a description"),
    ("search", "computed on the host"),
    ("sums", "sizes"),
    ("weights", "sizes"),
    ("texels", "sizes"),
    ("layout", "sizes"),
    ("check", "checked on the host"),
    ("initial", "a network before it is drawn with"),
    ("depth_weights", "a network before it is drawn with"),
    ("device_text", "for parts of the user's own"),
    ("surface_texel_centre", "for the making of textures"),
    ("texel_sink_of", "where texel gradients are added is fixed by stage"),
    ("polynomial", "written out"),
    ("polynomial_and_slope", "written out"),
    ("atanh_ratio", "written out"),
    ("side_select", "a branch"),
    ("vec2_select", "a branch"),
    ("face_new", "a face is set up once, as a record"),
    ("push_silhouette", "a step of forward, which kernels take whole"),
    ("push_color", "a step of forward, which kernels take whole"),
    ("push_shade", "a step of forward, which kernels take whole"),
];

/// Types whose choice is made when a module is compiled.
const CHOSEN_BEFORE: &[&str] = &["Silhouette", "Color"];

/// Types that kernels do without: directions in the world are the host's.
const HOST_TYPES: &[&str] = &["Vec3"];

/// Functions of kernels that the core has as operators, closures or in another form, and why.
const DEVICE_ONLY: &[(&str, &str)] = &[
    ("triangle_edges", "a record keeps no edges"),
    ("spread", "a closure over corners"),
    ("surface_cell", "a closure"),
    ("ln_f32", "a method of numbers"),
    ("vec2_add", "an operator"),
    ("vec2_sub", "an operator"),
    ("t_conorm_saturated", "provided by the trait"),
    ("einstein_shape_slope", "provided by the trait"),
    ("sum_saturated", "provided by the trait"),
    ("hard_silhouette_saturated", "provided by the trait"),
    ("max_saturated", "provided by the trait"),
    ("max_shape_vjp", "provided by the trait"),
    ("custom_distance_signed", "of a part of the user's own, whose text follows"),
    ("custom_distance_signed_vjp", "of a part of the user's own, whose text follows"),
    ("custom_distribution_probability", "of a part of the user's own, whose text follows"),
    ("custom_distribution_shape_vjp", "of a part of the user's own, whose text follows"),
];

/// The names of a function's arguments.
type Functions = BTreeMap<String, Vec<String>>;

fn read(path: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

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

/// The text between the bracket at `open` and the one that closes it.
fn bracketed(text: &str, open: usize) -> &str {
    let mut depth = 0;
    for (i, c) in text[open..].char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => {
                depth -= 1;
                if depth == 0 {
                    return &text[open + 1..open + i];
                }
            }
            _ => {}
        }
    }
    panic!("a bracket is not closed: {}", &text[open..open + 40]);
}

/// Splits at commas outside all brackets.
fn split(text: &str) -> Vec<String> {
    let (mut depth, mut parts) = (0, vec![String::new()]);
    for c in text.chars() {
        match c {
            '(' | '[' | '{' | '<' => depth += 1,
            ')' | ']' | '}' | '>' => depth -= 1,
            _ => {}
        }
        if c == ',' && depth == 0 {
            parts.push(String::new());
        } else if let Some(last) = parts.last_mut() {
            last.push(c);
        }
    }
    parts.into_iter().map(|p| p.trim().to_owned()).filter(|p| !p.is_empty()).collect()
}

/// The functions of a file of the core, by the names their twins must have.
fn of_core(text: &str) -> Functions {
    // Tests come last in a file.
    let text = text.split("#[cfg(test)]").next().unwrap_or(text);
    let mut all = Functions::new();
    let mut owner = String::new();
    let mut skips = false;
    let mut at = 0;
    for line in text.lines() {
        let start = at;
        at += line.len() + 1;
        if line.starts_with("impl") || line.starts_with("pub trait") || line.starts_with("macro_rules") {
            skips = !line.starts_with("impl");
            // The header may run over lines.
            let header = text[start..].split('{').next().unwrap_or(line).replace('\n', " ");
            let header = header.split_whitespace().collect::<Vec<_>>().join(" ");
            let header = header.split(" for ").last().unwrap_or(&header).to_owned();
            let header = header.trim_start_matches("impl").trim_start();
            let header = if header.starts_with('<') {
                header.split_once("> ").map_or(header, |(_, t)| t)
            } else {
                header
            };
            owner = header.chars().take_while(|c| c.is_alphanumeric()).collect();
            skips = skips || CHOSEN_BEFORE.contains(&owner.as_str()) || HOST_TYPES.contains(&owner.as_str());
        } else if line == "}" {
            owner = String::new();
            skips = false;
        }
        let Some(place) = line.find("fn ").filter(|_| !line.trim_start().starts_with("//") && !skips) else {
            continue;
        };
        let name: String =
            line[place + 3..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        if name.is_empty() || !line[..place].trim().chars().all(|c| c.is_alphanumeric() || " ()_".contains(c))
        {
            continue;
        }
        if HOST_ONLY.iter().any(|(other, _)| *other == name) {
            continue;
        }
        let open = start + place + text[start + place..].find('(').unwrap_or(0);
        let without_data = text.contains(&format!("pub struct {owner};"));
        let empty = owner.is_empty() || without_data || EMPTY.contains(&owner.as_str());
        let mut arguments = Vec::new();
        for argument in split(bracketed(text, open)) {
            let pattern =
                argument.split(':').next().unwrap_or("").trim().trim_start_matches("mut ").to_owned();
            match pattern.as_str() {
                "&self" | "self" | "&mut self" => {
                    if !empty {
                        arguments.push(snake(&owner));
                    }
                }
                "like" => {}
                // Weights have their gradient in stages of their own.
                _ if argument.contains("WeightSink<") => {}
                name if name.starts_with('_') || name.starts_with('(') => {}
                name => arguments.push(name.to_owned()),
            }
        }
        let full = if owner.is_empty() { name } else { format!("{}_{name}", snake(&owner)) };
        if HOST_ONLY.iter().all(|(other, _)| *other != full) {
            let own =
                RENAMED.iter().find(|(name, _)| *name == full).map_or(full, |(_, own)| (*own).to_owned());
            all.insert(own, arguments);
        }
    }
    // Distributions declared by their sides.
    for (at, _) in text.match_indices("\nby_sides! {") {
        let body = bracketed(text, at + text[at..].find('{').unwrap_or(0));
        let line = body.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with("///"));
        if let Some((name, _)) = line.and_then(|line| line.split_once(':')) {
            all.insert(format!("{}_probability", snake(name)), vec!["x".to_owned()]);
        }
    }
    all
}

/// The functions of a kernel file.
fn of_kernels(text: &str) -> Functions {
    let mut all = Functions::new();
    for (at, _) in text.match_indices("\nFN ") {
        let open = at + text[at..].find('(').unwrap_or(0);
        let name: String =
            text[..open].chars().rev().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let name: String = name.chars().rev().collect();
        let arguments = split(bracketed(text, open));
        let word = |a: &String| -> String {
            let word: String = a.chars().rev().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            word.chars().rev().collect()
        };
        all.insert(name, arguments.iter().map(word).collect());
    }
    all
}

/// Tells whether `all` holds `some` in their order. `out` may be there in parts: `out_sums`.
fn holds_in_order(all: &[String], some: &[String]) -> bool {
    let mut rest = all.iter();
    let is = |other: &str, name: &str| {
        other.trim_end_matches('_') == name || other.starts_with(&format!("{name}_"))
    };
    some.iter().all(|name| rest.any(|other| is(other, name)))
}

#[test]
fn every_function_has_its_twin_with_the_same_arguments() {
    let mut wrong = Vec::new();
    let mut compared = 0;
    for file in TWINS {
        let core = of_core(&read(&format!("../softras-core/src/math/{file}.rs")));
        let kernels = of_kernels(&read(&format!("src/kernels/{file}.cuh")));
        for (name, arguments) in &core {
            match kernels.get(name) {
                None => wrong.push(format!("{file}: the kernels have no {name}")),
                Some(own) if !holds_in_order(own, arguments) => {
                    wrong.push(format!("{file}: {name} takes {own:?}, in the core {arguments:?}"));
                }
                Some(_) => compared += 1,
            }
        }
        for name in kernels.keys() {
            if !core.contains_key(name) && !DEVICE_ONLY.iter().any(|(other, _)| other == name) {
                wrong.push(format!("{file}: the core has no {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(compared > 60, "{compared} functions were compared");
}

/// The core's numbers are a trait: what kernels have of it are functions of the same names and arguments.
#[test]
fn every_function_of_numbers_is_a_method_of_the_trait() {
    let text = read("../softras-core/src/math/real.rs").replace("pub trait Real:", "impl Real:");
    let core = of_core(&text);
    let kernels = of_kernels(&read("src/kernels/real.cuh"));
    assert!(kernels.len() >= 8, "{} functions", kernels.len());
    for (name, own) in &kernels {
        let arguments = core.get(name).unwrap_or_else(|| panic!("the core has no {name}: {:?}", core.keys()));
        assert!(holds_in_order(own, arguments), "{name} takes {own:?}, in the core {arguments:?}");
    }
}

#[test]
fn a_difference_is_seen() {
    let core = of_core("impl<R: Real> Triangle<R> {\n    pub fn depth(&self, c: &[R; 3]) -> R {\n    }\n}\n");
    assert_eq!(core["triangle_depth"], ["triangle", "c"]);
    let kernels =
        of_kernels("\nFN float triangle_depth(const Triangle& triangle, const Three& c) { return 0; }");
    assert!(holds_in_order(&kernels["triangle_depth"], &core["triangle_depth"]));
    let turned =
        of_kernels("\nFN float triangle_depth(const Three& c, const Triangle& triangle) { return 0; }");
    assert!(!holds_in_order(&turned["triangle_depth"], &core["triangle_depth"]));
}
