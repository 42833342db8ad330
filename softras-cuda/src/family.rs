//! The distributions and t-conorms beside the paper's: the text of each, put where that of a part of the user's own stands.
//!
//! A kernel file of the family is in sections. A module is compiled with the one of its distribution, and the one of its
//! silhouette.

use crate::custom::Texts;
use crate::kernels::{MAX, ONE_SIDED, SPECIAL, SYMMETRIC, T_CONORM, TAIL};

/// What the line begins with that a section of a file starts with; its name follows.
const SECTION: &str = "\n// == ";
/// The last section of the t-conorms, which all of them have.
const FOLD: &str = "fold";

/// The section `name` of a file, with what stands before the first.
fn section(file: &str, name: &str) -> Option<(String, String)> {
    let mut sections = file.split(SECTION);
    let before = sections.next()?;
    let own = sections.find_map(|section| section.strip_prefix(name)?.strip_prefix('\n'))?;
    Some((before.to_owned() + "\n", own.to_owned() + "\n"))
}

/// The text of a distribution, by its word.
pub(crate) fn distribution(name: &str) -> Option<String> {
    let (before, own) = [SYMMETRIC, ONE_SIDED].iter().find_map(|file| section(file, name))?;
    let prefix = name.replace('-', "_");
    let slope = match own.contains(&format!(" {prefix}_shape_vjp(")) {
        true => format!("{prefix}_shape_vjp(x, shape, grad)"),
        false => "0.0f".to_owned(),
    };
    Some(format!(
        "{SPECIAL}
{TAIL}
{before}{own}
FN Probability custom_distribution_probability(float x, float shape) {{ return {prefix}_probability(x, shape); }}
FN float custom_distribution_shape_vjp(float x, float shape, const ProbabilityGrad& grad) {{
    (void)x;
    (void)shape;
    (void)grad;
    return {slope};
}}
"
    ))
}

/// The text of a silhouette aggregator, by its word.
pub(crate) fn silhouette(name: &str) -> Option<String> {
    let (text, prefix, state) = if name == "max" {
        (MAX.to_owned(), "max_", "Largest")
    } else {
        let (before, own) = section(T_CONORM, name)?;
        let (_, fold) = section(T_CONORM, FOLD)?;
        let text = format!("{SPECIAL}\n{before}{own}{fold}");
        (text.replace("GENERATOR_", &(name.replace('-', "_") + "_")), "t_conorm_", "Folded")
    };
    let functions = ["identity", "push", "merge", "finish", "saturated", "pair_vjp", "shape_vjp"];
    Some(functions.iter().fold(text.replace(state, "CustomSilhouetteState"), |text, function| {
        text.replace(&format!(" {prefix}{function}("), &format!(" custom_silhouette_{function}("))
    }))
}

/// Tells whether the texts of a function's part are there; none are needed for the paper's.
pub(crate) fn texts(function: &softras_core::math::Function) -> Texts {
    use softras_core::math::Function;
    match function {
        Function::Probability(part) => Texts { distribution: distribution(part.name()), ..Texts::default() },
        Function::Silhouette(part) => Texts { silhouette: silhouette(part.name()), ..Texts::default() },
        _ => Texts::default(),
    }
}

#[cfg(test)]
mod tests {
    use softras_core::math::{Distribution, Silhouette};

    use super::*;

    #[test]
    fn every_built_in_part_has_its_text_or_is_the_papers() {
        let without: Vec<_> =
            Distribution::BUILT_IN.iter().filter(|part| distribution(part.name()).is_none()).collect();
        assert_eq!(without, [&Distribution::Logistic]);
        let without: Vec<_> =
            Silhouette::BUILT_IN.iter().filter(|part| silhouette(part.name()).is_none()).collect();
        assert_eq!(without, [&Silhouette::ProbabilisticOr, &Silhouette::Sum, &Silhouette::Hard]);
    }
}
