//! The example `timer_queue` of `bskip-core`.
//!
//! Properties:
//! - on one thread, every answer is that of a sorted map;
//! - among threads, each task comes out exactly once, due or cancelled, and never before it is due;
//! - one worker gets what is due in order, while others cancel;
//! - workers that sleep take every task, also one that is due before the one that they sleep for.

#[path = "../../../bskip-core/examples/timer_queue/queue.rs"]
mod queue;
#[path = "../../../bskip-core/examples/timer_queue/workers.rs"]
mod workers;

use queue::{Timer, TimerQueue};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use tests::config::shared_steps;
use tests::rng::Rng;
use tests::threads;
use workers::Timers;

#[test]
fn against_a_sorted_map() {
    let (queue, mut model, mut rng) = (TimerQueue::new(), BTreeMap::<Timer, u64>::new(), Rng::new(1));
    let (mut now, mut timers) = (0, Vec::new());
    for task in 0..10_000 {
        let timer = queue.schedule(now + rng.below(100), task);
        model.insert(timer, task);
        timers.push(timer);
        let some = timers[rng.below(timers.len() as u64) as usize];
        match rng.below(8) {
            0 => assert_eq!(queue.cancel(some), model.remove(&some)),
            1 => {
                let (moved, task) = (queue.reschedule(some, now + rng.below(200)), model.remove(&some));
                assert_eq!(moved.is_some(), task.is_some());
                model.extend(moved.zip(task));
                timers.extend(moved);
            }
            2 => now += rng.below(30),
            3 => {
                let mut due = queue.due(now);
                while let Some(first) = model.first_entry().filter(|first| first.key().deadline() <= now) {
                    assert_eq!(due.next(), Some(first.remove_entry()));
                }
                assert_eq!(due.next(), None, "it is not due at {now}");
            }
            _ => {}
        }
        assert_eq!(queue.next_deadline(), model.keys().next().map(|timer| timer.deadline()));
    }
}

#[test]
fn each_task_comes_out_once_and_never_early() {
    const THREADS: usize = 4;
    let steps = shared_steps(20_000);
    let (queue, clock, scheduled) = (TimerQueue::new(), AtomicU64::new(0), AtomicU64::new(0));
    // Of each thread: the tasks that came out, and the timers that may be in the queue.
    let out = threads::run(THREADS, |t| {
        let (mut rng, mut mine, mut out) = (Rng::new(t as u64), Vec::new(), Vec::new());
        for step in 0..steps {
            let now = clock.load(Ordering::Relaxed);
            match rng.below(4) {
                0 => {
                    for (timer, task) in queue.due(now).take(50) {
                        assert!(timer.deadline() <= now, "{timer:?} at {now}");
                        out.push(task);
                    }
                }
                1 if !mine.is_empty() => {
                    let timer = mine.swap_remove(rng.below(mine.len() as u64) as usize);
                    out.extend(queue.cancel(timer));
                }
                _ => {
                    mine.push(queue.schedule(now + 1 + rng.below(50), t as u64 * steps + step));
                    scheduled.fetch_add(1, Ordering::Relaxed);
                }
            }
            if step % 16 == 0 {
                clock.fetch_add(1, Ordering::Relaxed);
            }
        }
        (out, mine)
    });
    let (mut tasks, cancelled, left) = thread::scope(|scope| {
        let (out, timers): (Vec<_>, Vec<_>) = out.into_iter().unzip();
        let queue = &queue;
        let cancel = |timers: Vec<Timer>| {
            scope.spawn(move || timers.iter().filter_map(|&timer| queue.cancel(timer)).collect::<Vec<u64>>())
        };
        let threads: Vec<_> = timers.into_iter().map(cancel).collect();
        let left: Vec<(Timer, u64)> = queue.due(u64::MAX).collect();
        let cancelled = threads.into_iter().map(|thread| thread.join().expect("it does not panic"));
        (out.concat(), cancelled.collect::<Vec<_>>().concat(), left)
    });
    assert!(left.is_sorted());
    let all = tasks.len() + cancelled.len() + left.len();
    tasks.extend(cancelled);
    tasks.extend(left.into_iter().map(|(_, task)| task));
    tasks.sort_unstable();
    tasks.dedup();
    assert_eq!(tasks.len(), all, "a task came out twice");
    assert_eq!(all as u64, scheduled.into_inner(), "a task was lost");
    assert_eq!(queue.next_deadline(), None);
}

#[test]
fn sleeping_workers_take_every_task() {
    let timers = Timers::new();
    let (done, results) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..3 {
            let (timers, done) = (&timers, done.clone());
            scope.spawn(move || {
                while let Some((timer, task)) = timers.next() {
                    assert!(timers.now() >= timer.deadline(), "{timer:?} is early");
                    done.send(task).expect("the test waits for it");
                }
            });
        }
        // All sleep for the first one, an hour. Each of the next ones is due before that one.
        let hour = timers.schedule(Duration::from_secs(3600), 0);
        for task in 1..=20 {
            timers.schedule(Duration::from_millis(1), task);
            assert_eq!(results.recv().expect("a worker wakes"), task);
        }
        let (late, soon) = (Duration::from_millis(3), Duration::from_millis(1));
        (21..=40).for_each(|task| _ = timers.schedule(if task % 2 == 0 { late } else { soon }, task));
        timers.close();
        // Workers may sleep for this one.
        assert_eq!(timers.cancel(hour), Some(0));
    });
    drop(done);
    let mut rest: Vec<u64> = results.iter().collect();
    rest.sort_unstable();
    assert!(rest.into_iter().eq(21..=40));
}
