//! The call `get`.
#![no_std]
#![no_main]

sizes::program!(sizes::get);
