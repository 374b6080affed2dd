//! Holdpoint.
