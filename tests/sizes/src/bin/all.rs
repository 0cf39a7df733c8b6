//! All four calls.
#![no_std]
#![no_main]

sizes::program!(|| {
    sizes::get();
    sizes::insert();
    sizes::remove();
    sizes::range();
});
