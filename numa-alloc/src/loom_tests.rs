//! The inbox under loom: all interleavings of threads that push chains and one that drains them.

use std::sync::Arc;

use bskip_core::sync::{self, model};
use loom::thread;

use crate::chain::{Chain, Inbox, Links};
use crate::region::{Region, SLAB};
use crate::sync::{AtomicU32, Ordering};

/// An inbox for the blocks 1, 2, 3, …, and a word of contents for each of the first eight.
struct Home {
    inbox: Inbox,
    links: Links,
    contents: [AtomicU32; 8],
    _region: Region,
}

impl Home {
    fn watched() -> Arc<Self> {
        let region = Region::reserve(SLAB, SLAB).expect("memory");
        // SAFETY: the region is alive and a slab is whole pages.
        unsafe { region.span().commit() }.expect("memory");
        let links = Links::new(region.span(), 1, 1);
        let contents = [const { AtomicU32::new(0) }; 8];
        let home = Arc::new(Self { inbox: Inbox::default(), links, contents, _region: region });
        sync::watch(20);
        home
    }

    /// Writes into the blocks, as their users do before they release them, and pushes them.
    fn leave(&self, blocks: &[u32]) {
        let mut chain = Chain::default();
        for &block in blocks {
            self.contents[block as usize].store(block, Ordering::Relaxed);
            // SAFETY: one thread pushes each block once.
            unsafe { chain.push(&self.links, block) };
        }
        // SAFETY: all blocks are of this stripe.
        unsafe { self.inbox.push(&self.links, &chain) };
    }

    /// Drains the inbox and checks the contents of the blocks.
    fn take(&self, taken: &mut Vec<u32>) {
        // SAFETY: this is the stripe's only inbox.
        let Some(mut chain) = (unsafe { self.inbox.drain(&self.links) }) else { return };
        let len = chain.len();
        let before = taken.len();
        // SAFETY: the chain holds blocks of this stripe.
        while let Some(block) = unsafe { chain.pop(&self.links) } {
            let block = block.0.get();
            let content = self.contents[block as usize].load(Ordering::Relaxed);
            assert_eq!(content, block, "the contents that the releaser wrote are not visible");
            taken.push(block);
        }
        assert_eq!(taken.len() - before, len as usize, "the length of the chain is wrong");
    }
}

fn spawn(home: &Arc<Home>, blocks: &'static [u32]) -> thread::JoinHandle<()> {
    let home = home.clone();
    thread::spawn(move || home.leave(blocks))
}

/// Drains on its own thread: loom does not try all interleavings if the main thread drains.
fn spawn_taker(home: &Arc<Home>) -> thread::JoinHandle<Vec<u32>> {
    let home = home.clone();
    thread::spawn(move || {
        let mut taken = Vec::new();
        home.take(&mut taken);
        taken
    })
}

/// Checks that every block arrived exactly once.
fn all_arrive(home: &Home, mut taken: Vec<u32>, expected: &[u32]) {
    home.take(&mut taken);
    taken.sort_unstable();
    assert_eq!(taken, expected);
}

#[test]
fn one_pushes_and_another_drains() {
    model("inbox: one pushes, another drains", None, 5, || {
        let home = Home::watched();
        let taker = spawn_taker(&home);
        home.leave(&[1, 2]);
        let taken = taker.join().expect("no thread panics");
        all_arrive(&home, taken, &[1, 2]);
    });
}

#[test]
fn two_push_and_one_drains() {
    model("inbox: two push, one drains", Some(3), 20, || {
        let home = Home::watched();
        let others = [spawn(&home, &[1, 2]), spawn(&home, &[3])];
        let mut taken = Vec::new();
        home.take(&mut taken);
        home.take(&mut taken);
        for other in others {
            other.join().expect("no thread panics");
        }
        all_arrive(&home, taken, &[1, 2, 3]);
    });
}

#[test]
fn two_push_and_a_third_drains() {
    model("inbox: two push, a third drains", Some(3), 20, || {
        let home = Home::watched();
        let taker = spawn_taker(&home);
        let other = spawn(&home, &[1]);
        home.leave(&[2, 3]);
        other.join().expect("no thread panics");
        let taken = taker.join().expect("no thread panics");
        all_arrive(&home, taken, &[1, 2, 3]);
    });
}
