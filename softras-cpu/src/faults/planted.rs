//! Which fault is planted, one for the whole process, and what faults keep between calls.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use softras_core::math::Scalar;

use super::Fault;

/// No fault.
const NONE: usize = usize::MAX;

/// The planted fault, as kernels see it.
static PLANTED: AtomicUsize = AtomicUsize::new(NONE);
/// The planted fault and how many calls run with it.
static CALLS: Mutex<(usize, usize)> = Mutex::new((NONE, 0));
static DONE: Condvar = Condvar::new();
/// How many calls there were.
static TURN: AtomicUsize = AtomicUsize::new(0);

/// Tells whether a fault is planted.
#[inline(always)]
pub(crate) fn active(fault: Fault) -> bool {
    PLANTED.load(Ordering::Relaxed) == fault as usize
}

/// A fault that is planted until this is dropped.
#[derive(Debug)]
pub(super) struct Planted(());

/// Plants a fault, or none, for one call: calls with another fault wait until it is over.
pub(super) fn plant(fault: Option<Fault>) -> Planted {
    let fault = fault.map_or(NONE, |fault| fault as usize);
    let mut calls = lock(&CALLS);
    while calls.1 > 0 && calls.0 != fault {
        calls = DONE.wait(calls).unwrap_or_else(PoisonError::into_inner);
    }
    *calls = (fault, calls.1 + 1);
    PLANTED.store(fault, Ordering::Relaxed);
    Planted(())
}

impl Drop for Planted {
    fn drop(&mut self) {
        let mut calls = lock(&CALLS);
        calls.1 -= 1;
        if calls.1 == 0 {
            PLANTED.store(NONE, Ordering::Relaxed);
            DONE.notify_all();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Begins another forward.
pub(super) fn next_turn() {
    TURN.fetch_add(1, Ordering::Relaxed);
}

/// Returns a number that differs from forward to forward.
pub(super) fn turn() -> usize {
    TURN.load(Ordering::Relaxed)
}

/// How often each state was read since it was drawn, by where it lies.
static READ: Mutex<Option<HashMap<usize, usize>>> = Mutex::new(None);

/// Notes that a state was drawn.
pub(super) fn drawn<R>(planes: &[R]) {
    lock(&READ).get_or_insert_default().insert(planes.as_ptr() as usize, 0);
}

/// Notes that a state is read; returns how often it was before.
pub(super) fn reversed<R>(planes: &[R]) -> usize {
    let mut read = lock(&READ);
    let times = read.get_or_insert_default().entry(planes.as_ptr() as usize).or_default();
    *times += 1;
    *times - 1
}

/// Puts values where every call puts its own, and takes what is there a little later.
pub(super) fn share<R: Scalar>(values: &mut [R]) {
    static SHARED: Mutex<Vec<f64>> = Mutex::new(Vec::new());
    *lock(&SHARED) = values.iter().map(|x| x.to_f64()).collect();
    // Long where others draw too, so that the race is lost; short where this call is alone.
    let alone = lock(&CALLS).1 < 2;
    std::thread::sleep(Duration::from_micros(if alone { 50 } else { 2000 }));
    for (value, shared) in values.iter_mut().zip(lock(&SHARED).iter()) {
        *value = R::from_f64(*shared);
    }
}
