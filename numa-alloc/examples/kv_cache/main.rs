//! A server of a language model keeps what it has computed for the beginnings of prompts.
//!
//! ```sh
//! cargo run -p numa-alloc --example kv_cache
//! ```

mod cache;

use cache::{Block, KvCache};
use numa_alloc::NumaArena;
use std::error::Error;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

const REQUESTS: u64 = 4000;
/// Chunks of a prompt: the system's, the conversation's, and those of this turn.
const CHUNKS: u64 = 12;
const BLOCKS: u32 = 2000;

/// The hashes of all prefixes of a prompt, the shortest first.
fn prefixes(system: u64, conversation: u64, turn: u64) -> Vec<u64> {
    let mut hasher = DefaultHasher::new();
    let prefix = |i| {
        let chunk = match i {
            0..4 => (system, i),
            4..8 => (conversation, i),
            _ => (turn, i),
        };
        chunk.hash(&mut hasher);
        hasher.finish()
    };
    (0..CHUNKS).map(prefix).collect()
}

/// Serves a request on this node: pins what is cached, computes the rest. Returns the number of hits, or
/// `None` if the cache is full of pinned blocks.
fn serve(cache: &KvCache, node: usize, time: u64, prompt: &[u64]) -> Option<usize> {
    let pinned: Vec<Block> = prompt.iter().map_while(|&prefix| cache.pin(prefix)).collect();
    let hits = pinned.len();
    let served = cache.reserve(node, prompt.len() - hits).map(|blocks| {
        // Here the model fills the blocks, and then reads all of them.
        prompt[hits..].iter().zip(blocks).for_each(|(&prefix, block)| _ = cache.admit(prefix, block));
    });
    let used = if served.is_some() { prompt.len() } else { hits };
    // The longest ago goes first. Within a prompt the end goes first: without its beginning it is of no use.
    for (depth, &prefix) in prompt[..used].iter().enumerate().rev() {
        cache.unpin(prefix, time << 8 | (255 - depth as u64));
    }
    served.map(|()| hits)
}

fn main() -> Result<(), Box<dyn Error>> {
    let cache = KvCache::new(&NumaArena::builder(), BLOCKS)?;
    let nodes = cache.nodes();
    let (clock, hits, refused) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    // A server pins its workers to their nodes, for instance by `bskip_topology::WorkerPool`.
    let workers = 2 * nodes.len() as u64;
    thread::scope(|scope| {
        for worker in 0..workers {
            let (cache, clock, hits, refused, nodes) = (&cache, &clock, &hits, &refused, nodes.len());
            scope.spawn(move || {
                for i in 0..REQUESTS {
                    let time = clock.fetch_add(1, Ordering::Relaxed);
                    // Some conversations go on for long, others end after a turn.
                    let conversation = if i % 4 == 0 { i } else { i * i % 97 };
                    let prompt = prefixes(conversation % 3, conversation, i * workers + worker);
                    match serve(cache, worker as usize % nodes, time, &prompt) {
                        Some(found) => hits.fetch_add(found as u64, Ordering::Relaxed),
                        None => refused.fetch_add(1, Ordering::Relaxed),
                    };
                }
            });
        }
    });
    let chunks = workers * REQUESTS * CHUNKS;
    println!(
        "{} of {chunks} chunks were cached, {} requests refused",
        hits.into_inner(),
        refused.into_inner()
    );
    for (node, usage) in nodes.iter().zip(cache.usage()) {
        println!("node {node}: {usage:?}");
        assert_eq!(usage.free + usage.evictable + usage.pinned, BLOCKS as usize);
    }
    Ok(())
}
