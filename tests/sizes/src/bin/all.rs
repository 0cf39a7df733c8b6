//! All four calls.
#![no_std]
#![no_main]

sizes::program!(|| {
    let map = core::hint::black_box(sizes::map());
    sizes::get(&map);
    sizes::insert(&map);
    sizes::remove(&map);
    sizes::range(&map);
});
