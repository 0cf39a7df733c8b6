//! The call `remove`.
#![no_std]
#![no_main]

sizes::program!(sizes::remove);
