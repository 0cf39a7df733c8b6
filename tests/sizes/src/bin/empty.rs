//! Nothing: what the others are compared with. It makes the map.
#![no_std]
#![no_main]

sizes::program!(|| { core::hint::black_box(sizes::map()); });
