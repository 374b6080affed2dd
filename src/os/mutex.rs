//! Mutexes over plain values: each value is right after every single change, so that a panic
//! elsewhere does not spoil it.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The value, locked.
pub fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
