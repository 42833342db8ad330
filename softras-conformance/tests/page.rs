//! `docs/conformance.md` is about the laws there are.

use softras_conformance::calibrate::HEADING;
use softras_conformance::laws;

const PAGE: &str = include_str!("../../docs/conformance.md");

#[test]
fn the_laws_of_the_page_are_those_of_the_registry() {
    let row = |line: &'static str| line.strip_prefix("| `").and_then(|rest| rest.split('`').next());
    let found: Vec<&str> = PAGE.lines().filter_map(row).filter(|name| name.contains("::")).collect();
    let expected: Vec<&str> = laws::laws().map(|law| law.name).collect();
    assert_eq!(found, expected, "softras conformance --backend cpu --report docs/conformance.md writes it");
}

#[test]
fn nothing_on_the_page_is_broken_and_it_says_where_its_numbers_come_from() {
    let rows = PAGE.lines().filter(|line| line.starts_with("| `"));
    assert_eq!(rows.filter(|row| row.contains("BROKEN")).count(), 0);
    assert!(PAGE.contains(HEADING) && PAGE.contains("softras conformance --calibrate --cases"));
}
