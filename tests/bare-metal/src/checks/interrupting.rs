//! Writers and interrupt handlers on every CPU: how they run, and what the handlers count.
//!
//! Every CPU writes, and its timer and the other CPUs interrupt it. What writers and handlers do is the choice of a
//! [`Scene`].

use core::fmt;
use core::ops::Range;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::cpu::{self, MOST};
use crate::interrupts;
use crate::random::Random;
use crate::team;

/// Calls of a handler, each time it runs.
const BURST: u64 = 32;
/// Turns of a writer between two interrupts of the other CPUs.
const WRITES: u64 = 20;
/// The least and the most nanoseconds until a CPU's timer interrupts it.
const PAUSE: Range<u64> = 10_000..60_000;

/// Why a handler's call has done nothing.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Refusal {
    /// Another CPU, or the interrupted writer, is at work there.
    Busy,
    /// The leaf has no room.
    Full,
}

/// What writers and handlers do.
pub(super) trait Scene {
    /// A few calls of a CPU's writer. Returns how many.
    fn write(cpu: usize, random: &mut Random) -> u64;

    /// What a writer does from time to time, so that its CPU's handler can work.
    fn prepare() {}

    /// One call of a CPU's handler.
    fn handle(cpu: usize, random: &mut Random) -> Result<(), Refusal>;
}

/// What the handler of each CPU has counted.
static COUNTS: [Counts; MOST] = [const { Counts::new() }; MOST];
/// Calls that are left to the handler of each CPU.
static LEFT: [AtomicU64; MOST] = [const { AtomicU64::new(0) }; MOST];
/// CPUs whose handlers have made all their calls.
static FINISHED: AtomicUsize = AtomicUsize::new(0);

/// What a handler counts. Only its own CPU does, so Relaxed suffices; `team` orders what the first CPU reads in the end.
struct Counts {
    interrupts: AtomicU64,
    calls: AtomicU64,
    busy: AtomicU64,
    full: AtomicU64,
}

impl Counts {
    const fn new() -> Self {
        let [interrupts, calls, busy, full] = [const { AtomicU64::new(0) }; 4];
        Self { interrupts, calls, busy, full }
    }

    /// All counts, which are 0 afterwards.
    fn take(&self) -> [u64; 4] {
        [&self.interrupts, &self.calls, &self.busy, &self.full].map(|count| count.swap(0, Ordering::Relaxed))
    }
}

/// What came of a scene.
pub(super) struct Outcome {
    interrupts: u64,
    calls: u64,
    pub(super) busy: u64,
    pub(super) full: u64,
    writers: team::Counts,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { interrupts, calls, busy, full, writers } = self;
        let share = |part: &u64| *part as f64 * 100.0 / *calls as f64;
        write!(
            f,
            "{calls} calls in {interrupts} interrupts, {busy} busy ({:.2} %), {full} full ({:.2} %); \
             {} calls of writers, {writers}",
            share(busy),
            share(full),
            writers.sum()
        )
    }
}

/// Runs a scene until the handlers of all CPUs have made `calls` calls together, each the same number.
pub(super) fn run<S: Scene>(calls: u64) -> Outcome {
    team::all(&|_| {
        S::prepare();
        1
    });
    FINISHED.store(0, Ordering::Relaxed);
    interrupts::on_tick(ticked::<S>);
    // From here on, handlers work: interrupts of an earlier scene may still come.
    LEFT.iter().for_each(|left| left.store(calls.div_ceil(team::cpus() as u64), Ordering::Relaxed));
    let writers = team::all(&|cpu| {
        let mut random = Random::new(cpu);
        let mut calls = 0;
        interrupts::tick_after(PAUSE.start as u32);
        // Acquire pairs with the Release in `ticked`: no handler of the scene works after this loop.
        while FINISHED.load(Ordering::Acquire) < team::cpus() {
            (0..WRITES).for_each(|_| calls += S::write(cpu, &mut random));
            S::prepare();
            interrupts::tick_others();
        }
        calls
    });
    let mut sums = [0; 4];
    for counts in &COUNTS[..team::cpus()] {
        let counts = counts.take();
        assert!(counts[1] > 0, "a CPU whose handler made no call");
        sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
    }
    let [interrupts, calls, busy, full] = sums;
    Outcome { interrupts, calls, busy, full, writers }
}

/// The interrupt handler.
fn ticked<S: Scene>() {
    let cpu = cpu::number();
    let left = LEFT[cpu].load(Ordering::Relaxed);
    if left == 0 {
        // An interrupt that came late.
        return;
    }
    let counts = &COUNTS[cpu];
    counts.interrupts.fetch_add(1, Ordering::Relaxed);
    let mut random = Random::new(left as usize * MOST + cpu);
    let calls = left.min(BURST);
    for _ in 0..calls {
        match S::handle(cpu, &mut random) {
            Ok(()) => {}
            Err(Refusal::Busy) => drop(counts.busy.fetch_add(1, Ordering::Relaxed)),
            Err(Refusal::Full) => drop(counts.full.fetch_add(1, Ordering::Relaxed)),
        }
    }
    counts.calls.fetch_add(calls, Ordering::Relaxed);
    LEFT[cpu].store(left - calls, Ordering::Relaxed);
    if left > calls {
        interrupts::tick_after((PAUSE.start + random.below(PAUSE.end - PAUSE.start)) as u32);
    } else {
        // Release pairs with the Acquire in `run`.
        FINISHED.fetch_add(1, Ordering::Release);
    }
}
