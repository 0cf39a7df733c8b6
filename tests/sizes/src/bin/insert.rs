//! The call `insert`.
#![no_std]
#![no_main]

sizes::program!(sizes::insert);
