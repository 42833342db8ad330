//! How a law fared, from what checking it returned.

use serde::{Deserialize, Serialize};
use softras_core::raster::Capabilities;

use crate::law::{Gauge, Law, Outcome};
use crate::subject::Subject;

/// Whether a law holds on a back end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", content = "reason")]
pub enum Verdict {
    /// It does.
    #[serde(rename = "passed")]
    Holds,
    /// It does not, and where; or it does, and was expected not to.
    #[serde(rename = "failed")]
    Broken(String),
    /// It does not, as was expected ([`Subject::expected_to_break`]), and why.
    #[serde(rename = "expected_failure")]
    Expected(String),
    /// The back end does not declare what it is about.
    #[serde(rename = "unsupported")]
    Unsupported(String),
    /// It could not be checked here, and why.
    #[serde(rename = "skipped")]
    Skipped(String),
}

impl Verdict {
    /// Judges what a law returned.
    ///
    /// A law that compared nothing does not hold: either the back end does not declare what the law is about, or the
    /// law is at fault.
    #[must_use]
    pub fn of(law: &Law, subject: &Subject, outcome: &Outcome) -> Self {
        let found = match outcome {
            Ok(gauge) if gauge.comparisons > 0 => Self::Holds,
            Ok(gauge) => nothing_compared(gauge, &subject.capabilities()),
            Err(broken) => Self::Broken(broken.0.clone()),
        };
        match (found, subject.expectation(law.name)) {
            (Self::Broken(how), Some(why)) => Self::Expected(format!("{why}\n{how}")),
            (Self::Holds, Some(why)) => Self::Broken(format!("it holds, and was expected to break: {why}")),
            (found, _) => found,
        }
    }
}

fn nothing_compared(gauge: &Gauge, can: &Capabilities) -> Verdict {
    let mut lacks = gauge.lacks.clone();
    lacks.dedup();
    if lacks.is_empty() {
        lacks = undeclared(can);
    }
    match lacks.is_empty() {
        true => Verdict::Broken("nothing was compared".to_owned()),
        false => Verdict::Unsupported(format!("does not declare {}", lacks.join(", "))),
    }
}

/// Everything there is that a back end does not declare.
fn undeclared(can: &Capabilities) -> Vec<String> {
    let all = Capabilities::everything(&["f32", "f64"]);
    let mut out = Vec::new();
    macro_rules! compare {
        ($($what:literal, $field:ident;)+) => {$(
            for value in all.$field.iter().filter(|x| !can.$field.contains(x)) {
                out.push(format!(concat!($what, " {:?}"), value).replace('"', ""));
            }
        )+};
    }
    compare! {
        "scalar type", scalars;
        "distance", distances;
        "distribution", distributions;
        "silhouette", silhouettes;
        "color", colors;
        "texture", textures;
        "cut-off", cutoffs;
        "outputs", outputs;
        "saturation", saturations;
    }
    if can.custom == softras_core::raster::CustomParts::Refused {
        out.push("custom parts".to_owned());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::{Broken, Compares, Need};
    use softras_core::reference::Reference;

    const LAW: Law = Law {
        name: "a::b",
        statement: "",
        compares: Compares::Bits,
        about: "",
        needs: Need::Nothing,
        run: |_| Ok(Gauge::default()),
    };

    fn compared(comparisons: u64) -> Outcome {
        Ok(Gauge { comparisons, ..Gauge::default() })
    }

    #[test]
    fn a_law_that_compares_nothing_does_not_hold() {
        let subject = Subject::both(Reference);
        assert_eq!(Verdict::of(&LAW, &subject, &compared(1)), Verdict::Holds);
        let unsupported = |outcome: &Outcome| match Verdict::of(&LAW, &subject, outcome) {
            Verdict::Unsupported(why) => why,
            other => panic!("{other:?}"),
        };
        assert_eq!(unsupported(&Ok(Gauge::unsupported("color Over"))), "does not declare color Over");
        assert_eq!(unsupported(&compared(0)), "does not declare saturation Skip");
        let all = Capabilities::everything(&["f32", "f64"]);
        assert!(matches!(nothing_compared(&Gauge::default(), &all), Verdict::Broken(_)));
    }

    #[test]
    fn an_expected_failure_is_none_and_an_unexpected_pass_is_one() {
        let subject = Subject::both(Reference).expected_to_break("a::b", "the driver rounds down");
        let broken: Outcome = Err(Broken("off".to_owned()));
        let verdict = Verdict::of(&LAW, &subject, &broken);
        assert_eq!(verdict, Verdict::Expected("the driver rounds down\noff".to_owned()));
        assert!(matches!(Verdict::of(&LAW, &subject, &compared(1)), Verdict::Broken(_)));
    }
}
