//! How long a written line takes from one CPU to another: two threads write it in turns.

use super::region::Line;
use super::windows::WINDOWS;
use bskip_topology::WorkerPool;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Writes of a thread between two looks at the clock.
const BATCH: usize = 500;
/// What the first thread writes to end a window.
const OVER: u64 = u64::MAX;

/// Nanoseconds from one write to the next, in each window. The pool has two workers, on different CPUs.
///
/// # Errors
/// The two threads did not write equally often.
pub(super) fn nanoseconds(pool: &WorkerPool, window: Duration, line: &Line) -> Result<Vec<f64>, String> {
    let (word, barrier) = (&line.written, Barrier::new(2));
    let before = word.load(Ordering::Relaxed);
    let done = pool.run(|worker| {
        let (mut times, mut writes) = (Vec::new(), 0);
        for _ in 0..WINDOWS {
            if worker.index() == 0 {
                word.store(0, Ordering::Relaxed);
            }
            barrier.wait();
            match worker.index() {
                0 => {
                    let (seconds, turns) = lead(word, window);
                    times.push(seconds * 1e9 / turns as f64);
                    writes += turns / 2;
                }
                _ => writes += follow(word),
            }
            barrier.wait();
        }
        (times, writes)
    });
    word.store(before, Ordering::Relaxed);
    match &done[..] {
        [(times, a), (_, b)] if a == b => Ok(times.clone()),
        _ => Err("memory is broken: two CPUs that write a line in turns did not write equally often".into()),
    }
}

/// Writes at even turns, until the window is over. Returns the seconds, and how many turns there were.
fn lead(word: &AtomicU64, window: Duration) -> (f64, u64) {
    let (begun, mut turn) = (Instant::now(), 0);
    loop {
        for _ in 0..BATCH {
            // Release pairs with the Acquire in `follow`.
            word.store(turn + 1, Ordering::Release);
            turn += 2;
            // Acquire pairs with the Release in `follow`.
            while word.load(Ordering::Acquire) != turn {}
        }
        let elapsed = begun.elapsed();
        if elapsed >= window {
            // Release pairs with the Acquire in `follow`.
            word.store(OVER, Ordering::Release);
            return (elapsed.as_secs_f64(), turn);
        }
    }
}

/// Writes at odd turns, until the other thread ends the window. Returns how often.
fn follow(word: &AtomicU64) -> u64 {
    for writes in 0.. {
        let turn = 2 * writes + 1;
        loop {
            // Acquire pairs with the Release in `lead`.
            match word.load(Ordering::Acquire) {
                OVER => return writes,
                seen if seen == turn => break,
                _ => {}
            }
        }
        // Release pairs with the Acquire in `lead`.
        word.store(turn + 1, Ordering::Release);
    }
    unreachable!("no window has that many turns")
}

#[cfg(test)]
mod tests {
    use super::super::cycle::Cycle;
    use super::super::region::Region;
    use super::*;
    use bskip_topology::{Machine, PinPolicy};

    #[test]
    fn two_threads_write_in_turns() {
        let machine = Machine::discover();
        let pool = WorkerPool::new(PinPolicy::Compact.plan(&machine, 2).unwrap());
        let node = machine.node_of_cpu(machine.allowed().first().unwrap()).unwrap();
        let region = Region::new(node, "4k", &Cycle::new(1, 1)).unwrap();
        let times = nanoseconds(&pool, Duration::from_micros(10), &region.lines()[0]).unwrap();
        assert!(times.len() == WINDOWS as usize && times.iter().all(|ns| *ns > 0.0), "{times:?}");
        region.check_writes().unwrap();
    }
}
