//! Maps whose keys are byte strings, measured as maps of numbers.

pub mod shape;
