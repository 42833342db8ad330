//! The laws, by topic.

use crate::law::Law;

mod built;
mod color;
mod contract;
mod custom;
mod declared;
mod descent;
mod determinism;
mod forward;
mod functions;
mod golden;
mod gradient;
mod limits;
mod monoid;
mod network;
mod one_output;
mod pairs;
mod parameters;
mod pictures;
mod probe;
mod reach;
mod refusals;
mod robustness;
mod silhouette;
mod sizes;
mod symmetry;

/// Every law, in the order in which a broken back end is best mended.
pub fn laws() -> impl Iterator<Item = &'static Law> {
    [
        functions::LAWS,
        probe::LAWS,
        contract::LAWS,
        refusals::LAWS,
        custom::LAWS,
        forward::LAWS,
        sizes::LAWS,
        pairs::LAWS,
        monoid::LAWS,
        silhouette::LAWS,
        color::LAWS,
        network::LAWS,
        symmetry::LAWS,
        limits::LAWS,
        gradient::LAWS,
        descent::LAWS,
        one_output::LAWS,
        parameters::LAWS,
        reach::LAWS,
        determinism::LAWS,
        robustness::LAWS,
        golden::LAWS,
        pictures::LAWS,
    ]
    .into_iter()
    .flatten()
}

/// The law of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Law> {
    laws().find(|law| law.name == name)
}

/// Declares a law: its name, its statement, what it compares, of which parts if not of all, what it needs if anything.
macro_rules! declare {
    ($run:expr, $name:literal, $statement:literal, $compares:ident $(.of($about:literal))? $(.needs($need:ident))?) => {
        $crate::law::Law {
            name: $name,
            statement: $statement,
            compares: $crate::law::Compares::$compares,
            about: $crate::laws::declare!(@or "", $($about)?),
            needs: $crate::laws::declare!(@or $crate::law::Need::Nothing, $($crate::law::Need::$need)?),
            run: $run,
        }
    };
    (@or $default:expr, $value:expr) => { $value };
    (@or $default:expr,) => { $default };
}
/// Declares a law that is checked in every scalar type the back end has.
macro_rules! law {
    ($name:literal, $statement:literal, $compares:ident $(.of($about:literal))? $(.needs($need:ident))?, $check:ident) => {
        $crate::laws::declare!(
            |context| $crate::laws::in_both(context, $check::<f32>, $check::<f64>),
            $name, $statement, $compares $(.of($about))? $(.needs($need))?
        )
    };
}
/// Declares a law that is checked once.
macro_rules! law_once {
    ($name:literal, $statement:literal, $compares:ident $(.of($about:literal))? $(.needs($need:ident))?, $check:expr) => {
        $crate::laws::declare!($check, $name, $statement, $compares $(.of($about))? $(.needs($need))?)
    };
}
/// Declares a law that is checked in `f32` alone.
macro_rules! law_single {
    ($name:literal, $statement:literal, $compares:ident $(.of($about:literal))? $(.needs($need:ident))?, $check:ident) => {
        $crate::laws::declare!(
            |context| Ok($crate::laws::in_one(context, $check)?.unwrap_or_default()),
            $name, $statement, $compares $(.of($about))? $(.needs($need))?
        )
    };
}
use declared::Needs;
use {declare, law, law_once, law_single};

use crate::law::{Broken, Context, Outcome};
use crate::subject::{Subject, Tested};
use crate::{Budget, Gauge};
use softras_core::raster::{Capabilities, DynRasterizer};

/// A back end in one scalar type, as laws see it.
pub(crate) struct Under<'a, R: Tested> {
    pub(crate) context: &'a Context<'a>,
    pub(crate) backend: &'a dyn DynRasterizer<R>,
    pub(crate) budget: Budget,
    pub(crate) can: Capabilities,
}

type Check<R> = fn(&Under<'_, R>) -> Outcome;

fn in_both(context: &Context<'_>, single: Check<f32>, double: Check<f64>) -> Outcome {
    let mut gauge = in_one(context, single)?.unwrap_or_default();
    if let Some(other) = in_one(context, double)? {
        gauge.add(other);
    }
    Ok(gauge)
}

fn in_one<R: Tested>(context: &Context<'_>, check: Check<R>) -> Result<Option<Gauge>, Broken> {
    let subject: &Subject = context.subject;
    let Some(backend) = R::backend(subject) else { return Ok(None) };
    let backend = &*R::recording(backend);
    let under = Under { context, backend, budget: R::budget(subject), can: backend.capabilities() };
    match check(&under) {
        Ok(mut gauge) => {
            gauge.by = format!("{}: {}", R::NAME, gauge.by);
            Ok(Some(gauge))
        }
        // A law that draws by hand what is not declared finds nothing to compare.
        Err(Broken(why)) => match crate::trace::undeclared(&why) {
            Some(what) => Ok(Some(Gauge::unsupported(what))),
            None => Err(Broken(format!("in {}: {why}", R::NAME))),
        },
    }
}
