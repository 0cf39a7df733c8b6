//! How deep a call's stack is.
