//! The examples do what they say. (`memtable` has a test of its own.)

mod timer_queue;
