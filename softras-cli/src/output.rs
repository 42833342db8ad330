//! What is said to people and to programs: stdout, stderr and the last line of JSON.

use std::fmt;
use std::io::Write;

use serde_json::{Value, json};
use softras_fit::PartSettings;

/// A mistake in how the command was called: exit code 2.
#[derive(Debug)]
pub(crate) struct Usage(pub(crate) String);

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

/// Prints a line on stdout. A closed pipe is no error of ours.
pub(crate) fn say(text: impl fmt::Display) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Prints a warning on stderr.
pub(crate) fn warn(text: impl fmt::Display) {
    let _ = writeln!(std::io::stderr(), "warning: {text}");
}

/// Prints a note on stderr.
pub(crate) fn note(text: impl fmt::Display) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Prints the last line for programs, or text for people.
pub(crate) fn finish(json: bool, value: &Value, text: impl fmt::Display) {
    if json { say(value) } else { say(text) }
}

/// The command as it was called.
pub(crate) fn command() -> String {
    std::env::args().skip(1).fold("softras".to_owned(), |all, word| all + " " + &word)
}

/// Prints an error with its causes on stderr, and with `json` as the last line of stdout.
pub(crate) fn print_error(e: &anyhow::Error, json: bool) {
    let text = causes(e);
    let _ = writeln!(std::io::stderr(), "error: {text}");
    if json {
        say(json!({ "error": text }));
    }
}

/// Joins an error and its causes, leaving out those whose text the one before already has.
fn causes(e: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in e.chain() {
        let cause = cause.to_string();
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

/// Says so where every face reaches most pixels: pictures are right then, and slow.
pub(crate) fn warn_of_reach(parts: &PartSettings, sigma: f64, dist_eps: f64) {
    let reach = parts.reach(sigma, dist_eps);
    if reach > 1.0 {
        warn(format!(
            "a face reaches {reach:.2} far (a picture is 2 high) before its probability falls below {dist_eps:e}: nearly every \
             pixel looks at every face. A smaller sigma or a lighter distribution is faster"
        ));
    }
}
