//! A concurrent B-skiplist (being written).
#![cfg_attr(not(feature = "std"), no_std)]
extern crate alloc;

pub mod arena;
