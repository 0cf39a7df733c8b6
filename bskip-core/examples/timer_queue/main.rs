//! Timeouts of requests: most requests are answered in time, and their timers are cancelled.
//!
//! ```sh
//! cargo run -p bskip-core --example timer_queue
//! ```

mod queue;
mod workers;

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use queue::TimerQueue;
use workers::Timers;

const CLIENTS: u64 = 2;
const REQUESTS: u64 = 5000;

/// One thread, and a clock that is a number.
fn by_hand() {
    let queue = TimerQueue::new();
    let (_, retry, flush) =
        (queue.schedule(30, "expire"), queue.schedule(10, "retry"), queue.schedule(10, "flush"));
    assert_eq!(queue.cancel(retry), Some("retry"));
    assert!(queue.reschedule(flush, 20).is_some());
    for now in [15, 25, 35] {
        let due: Vec<&str> = queue.due(now).map(|(_, task)| task).collect();
        println!("at {now}: {due:?}, next deadline {:?}", queue.next_deadline());
    }
}

/// Clients that schedule a timeout for each request, and workers that handle those that come.
fn with_workers() {
    let timers = Timers::new();
    let (answered, timed_out, latest) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((timer, _request)) = timers.next() {
                    latest.fetch_max(timers.now() - timer.deadline(), Ordering::Relaxed);
                    timed_out.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let client = |client| {
            for request in 0..REQUESTS {
                let timer = timers.schedule(Duration::from_millis(20), (client, request));
                // One request of a hundred gets no answer. Others may get theirs too late.
                if request % 100 != 0 && timers.cancel(timer).is_some() {
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            }
        };
        let clients: Vec<_> = (0..CLIENTS).map(|i| scope.spawn(move || client(i))).collect();
        clients.into_iter().for_each(|client| client.join().expect("a client does not panic"));
        timers.close();
    });
    let (answered, timed_out) = (answered.into_inner(), timed_out.into_inner());
    assert_eq!(answered + timed_out, CLIENTS * REQUESTS, "each timer comes out once");
    println!(
        "{answered} requests answered, {timed_out} timed out, the latest {latest:?} µs after its deadline"
    );
}

fn main() {
    by_hand();
    with_workers();
}
