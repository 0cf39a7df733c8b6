//! What can go wrong around the map: memory runs out, threads stop or die under a lock, an embedder waits in
//! its own way, a key lies.

mod fallible;
mod holders;
mod relax;
mod wrong_keys;
