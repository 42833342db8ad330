//! Time: on the wall, and of all processors together.

use std::time::{Duration, Instant};

/// How long something took.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Time {
    /// On the wall, in seconds.
    pub wall: f64,
    /// Of all threads of the process, in seconds; `None` where the system does not tell.
    pub cpu: Option<f64>,
}

impl Time {
    /// Runs `work` and takes its time.
    pub fn of<T>(work: impl FnOnce() -> T) -> (T, Self) {
        let (start, cpu) = (Instant::now(), processor_time());
        let result = work();
        let cpu = processor_time().zip(cpu).map(|(end, start)| end.saturating_sub(start).as_secs_f64());
        (result, Self { wall: start.elapsed().as_secs_f64(), cpu })
    }

    /// Returns the median of each of its parts; nothing for no times.
    #[must_use]
    pub fn median(times: &[Self]) -> Option<Self> {
        let wall = median(times.iter().map(|t| t.wall).collect())?;
        let cpu = times.iter().map(|t| t.cpu).collect::<Option<Vec<_>>>().and_then(median);
        Some(Self { wall, cpu })
    }
}

/// Returns the median, the mean of the middle two of an even number.
#[must_use]
pub fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        n if n % 2 == 1 => Some(values[middle]),
        _ => Some((values[middle - 1] + values[middle]) / 2.0),
    }
}

/// The processor time of all threads of this process so far.
#[cfg(unix)]
fn processor_time() -> Option<Duration> {
    use rustix::time::{ClockId, clock_gettime};
    let now = clock_gettime(ClockId::ProcessCPUTime);
    Some(Duration::new(u64::try_from(now.tv_sec).ok()?, u32::try_from(now.tv_nsec).ok()?))
}

/// The processor time of all threads of this process so far.
#[cfg(not(unix))]
const fn processor_time() -> Option<Duration> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_in_the_middle() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![3.0, 1.0, 100.0]), Some(3.0));
        assert_eq!(median(vec![4.0, 1.0, 100.0, 2.0]), Some(3.0));
    }

    #[test]
    fn sleeping_takes_the_wall_s_time() {
        // The processor's time is the whole process's: other tests run beside this one.
        let ((), time) = Time::of(|| std::thread::sleep(Duration::from_millis(30)));
        assert!(time.wall >= 0.03, "{time:?}");
    }
}
