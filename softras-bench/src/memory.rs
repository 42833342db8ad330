//! The most memory this process held at once.

/// Starts a new measurement of [`peak`]. Tells whether the system can.
#[must_use]
pub fn reset_peak() -> bool {
    // 5 asks Linux to forget the largest resident set so far (man 5 proc, clear_refs).
    cfg!(target_os = "linux") && std::fs::write("/proc/self/clear_refs", "5").is_ok()
}

/// Returns the largest resident set of the process since [`reset_peak`], in MiB; `None` where the system does not tell.
#[must_use]
pub fn peak() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / 1024.0)
}

/// Runs `work` and returns the most memory the whole process held meanwhile, in MiB, everything it held before
/// included; `None` where the system does not tell.
pub fn peak_of<T>(work: impl FnOnce() -> T) -> (T, Option<f64>) {
    let can = reset_peak();
    let result = work();
    (result, if can { peak() } else { None })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_large_buffer_is_seen_and_forgotten() {
        let hold = |mib: usize| std::hint::black_box(vec![1_u8; mib << 20]).len();
        let (_, large) = peak_of(|| hold(200));
        let (_, small) = peak_of(|| hold(1));
        let (large, small) = (large.unwrap(), small.unwrap());
        assert!(large > 200.0 && small < large - 150.0, "{large} {small}");
    }
}
