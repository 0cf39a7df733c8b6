//! The call `range`.
#![no_std]
#![no_main]

sizes::program!(sizes::range);
