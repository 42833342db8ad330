//! Which crate may depend on which (docs/architecture.md), checked against `cargo metadata`.

use std::collections::BTreeMap;
use std::process::Command;

/// Each crate and the crates of ours it may depend on; those after the bar in tests alone.
const ARROWS: &[(&str, &[&str], &[&str])] = &[
    ("softras-core", &[], &[]),
    ("softras-conformance", &["softras-core"], &[]),
    ("softras-cpu", &["softras-core"], &["softras-conformance"]),
    ("softras-wgpu", &["softras-core"], &["softras-conformance"]),
    ("softras-cuda", &["softras-core"], &["softras-bench", "softras-conformance", "softras-cuda-emulator"]),
    ("softras-cuda-emulator", &[], &[]),
    ("softras-io", &["softras-core"], &[]),
    ("softras-fit", &["softras-core", "softras-io"], &["softras-cpu"]),
    ("softras-recon", &["softras-core", "softras-fit", "softras-io"], &["softras-cpu"]),
    (
        "softras",
        &["softras-core", "softras-cpu", "softras-cuda", "softras-wgpu"],
        &["softras-conformance", "softras-io"],
    ),
    ("softras-bench", &["softras-core", "softras-io"], &["softras"]),
    (
        "softras-cli",
        &[
            "softras",
            "softras-bench",
            "softras-conformance",
            "softras-core",
            "softras-fit",
            "softras-io",
            "softras-recon",
        ],
        &[],
    ),
];

#[test]
fn every_dependency_is_an_arrow_of_the_design() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo metadata runs");
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    let arrows: BTreeMap<&str, _> =
        ARROWS.iter().map(|(name, always, tests)| (*name, (always, tests))).collect();
    let packages = metadata["packages"].as_array().expect("packages");
    assert_eq!(packages.len(), arrows.len(), "a crate is missing from the arrows");
    for package in packages {
        let name = package["name"].as_str().expect("name");
        let (always, tests) = arrows.get(name).unwrap_or_else(|| panic!("{name} has no arrows"));
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            let target = dependency["name"].as_str().expect("name");
            let allowed =
                always.contains(&target) || (dependency["kind"] == "dev" && tests.contains(&target));
            assert!(!target.starts_with("softras") || allowed, "{name} may not depend on {target}");
        }
    }
}
