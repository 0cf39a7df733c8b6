//! The examples do what they say. (`memtable` has a test of its own.)

mod order_book;
mod timer_queue;
