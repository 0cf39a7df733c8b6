//! The slab pool's free list and its spin lock.

use std::sync::Arc;
use std::vec::Vec;

use core::alloc::Layout;

use loom::thread;

use crate::arena::{BlockArena, BlockId, BlockKind, BlockPool, GlobalArena, GlobalPool, Placement};
use crate::spin::SpinLock;
use crate::sync::{self, DataWord, Ordering, model};

fn pool() -> GlobalPool {
    let layout = Layout::from_size_align(64, 64).expect("a layout");
    GlobalArena::new().pool(layout, BlockKind::Leaf).expect("memory")
}

fn acquire(pool: &GlobalPool) -> BlockId {
    pool.acquire(Placement::Policy).expect("memory")
}

/// The first word of a block.
fn word(pool: &GlobalPool, id: BlockId) -> &DataWord {
    // SAFETY: the pool has issued it.
    let base = unsafe { pool.address(id) };
    // SAFETY: blocks have 64 bytes, zeroed, aligned, mapped while the pool lives, accessed as this only.
    unsafe { base.cast().as_ref() }
}

/// Two threads take a block, own it and give it back. The next owner must see what the thread wrote before it
/// gave the block back.
#[test]
fn a_block_has_one_owner() {
    model("pool: one owner", Some(3), 100, || {
        let pool = Arc::new(pool());
        let first = acquire(&pool);
        // SAFETY: acquired just now. If this block is taken, the other thread acquires a second one.
        unsafe { pool.release(first) };
        sync::watch(8);
        let own = |pool: &GlobalPool, name: u64| {
            let id = acquire(pool);
            let word = word(pool, id);
            let before = word.load(Ordering::Relaxed);
            assert!(before.is_multiple_of(2), "another thread owns the block");
            word.store(2 * name + 1, Ordering::Relaxed);
            assert_eq!(word.load(Ordering::Relaxed), 2 * name + 1, "another thread has written");
            word.store(2 * name, Ordering::Relaxed);
            // SAFETY: acquired above.
            unsafe { pool.release(id) };
        };
        let other = {
            let pool = pool.clone();
            thread::spawn(move || own(&pool, 1))
        };
        own(&pool, 2);
        other.join().expect("no thread panics");
        assert_eq!(pool.usage().expect("it counts").issued_blocks, 0);
    });
}

/// Both threads' blocks need the pool's second slab. One of the threads makes it.
#[test]
fn two_threads_grow_the_pool_once() {
    model("pool: growth", None, 20, || {
        let pool = Arc::new(pool());
        // The first slab has one block.
        acquire(&pool);
        sync::watch(8);
        let other = {
            let pool = pool.clone();
            thread::spawn(move || acquire(&pool))
        };
        let mine = acquire(&pool);
        word(&pool, mine).store(1, Ordering::Relaxed);
        let theirs = other.join().expect("no thread panics");
        assert_ne!(mine, theirs);
        assert_eq!(word(&pool, theirs).load(Ordering::Relaxed), 0, "blocks start as zeros");
        assert_eq!(pool.usage().expect("it counts").issued_blocks, 3);
        assert_eq!(pool.usage().expect("it counts").reserved_bytes, (1 + 2) * 64);
    });
}

/// The spin lock excludes other threads, and hands over what was written under it.
#[test]
fn a_spin_lock_hands_over_what_it_guards() {
    model("spin lock", None, 10, || {
        let lock = Arc::new((SpinLock::new(Vec::<u64>::new()), DataWord::new(0)));
        sync::watch(2);
        let run = |(lock, word): &(SpinLock<Vec<u64>>, DataWord), name: u64| {
            lock.with::<crate::DefaultPlatform, _>(|names| {
                // A word beside the lock, because loom does not know the lock's own data.
                let count = word.load(Ordering::Relaxed);
                assert_eq!(count, names.len() as u64, "what the last holder wrote is not seen");
                names.push(name);
                word.store(count + 1, Ordering::Relaxed);
            });
        };
        let other = {
            let lock = lock.clone();
            thread::spawn(move || {
                run(&lock, 1);
                // Not waiting is the other way to ask.
                lock.0.try_with(|names| assert!(names.len() <= 2));
            })
        };
        run(&lock, 2);
        other.join().expect("no thread panics");
        sync::unwatch();
        let mut names = lock.0.with::<crate::DefaultPlatform, _>(|names| names.clone());
        names.sort_unstable();
        assert_eq!(names, [1, 2]);
    });
}
