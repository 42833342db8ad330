//! Why a law stays that no mutant needs.

/// Laws that are not the only ones to catch some mutant, and why they stay.
pub const REASONS: &[(&str, &str)] = &[];
