//! The call `insert`.
#![no_std]
#![no_main]

sizes::program!(|| sizes::insert(&core::hint::black_box(sizes::map())));
