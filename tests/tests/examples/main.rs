//! The examples do what they say. (`memtable` has a test of its own.)

mod kv_cache;
mod order_book;
mod own_arena;
mod timer_queue;
