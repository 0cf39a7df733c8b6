//! No call: what the other programs are compared with.
#![no_std]
#![no_main]

sizes::program!(|| ());
