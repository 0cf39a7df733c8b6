//! The tables of `bskip-core/docs/MIGRATION.md`: what stands for each method of other collections.
//!
//! Properties:
//! - each method that a table names does what the table says, in the file for that table;
//! - each row names a method that its file calls, or gives a reason why there is none.

mod art_map;
mod btree_map;
mod btree_set;
mod papaya;
mod skip_map;
mod skip_set;
mod table;
mod versions;
