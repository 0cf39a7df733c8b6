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

/// What a handler's call has done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Done {
    Get,
    Floor,
    /// The key is new.
    Insert,
    Replace,
    Remove,
    PopFirst,
    PopLast,
    /// There is no such key, or the map is empty.
    Nothing,
}

/// How many kinds of [`Done`] there are.
const KINDS: usize = Done::Nothing as usize + 1;

/// What writers and handlers do.
pub(super) trait Scene {
    /// What the handlers' calls must do, each at least once.
    const MUST: &'static [Done];

    /// A few calls of a CPU's writer. Returns how many.
    fn write(cpu: usize, random: &mut Random) -> u64;

    /// What a writer does from time to time, so that its CPU's handler can work.
    fn prepare() {}

    /// One call of a CPU's handler.
    fn handle(cpu: usize, random: &mut Random) -> Result<Done, Refusal>;
}

/// What the handler of each CPU has counted.
static COUNTS: [Counts; MOST] = [const { Counts::new() }; MOST];
/// Calls that are left to the handler of each CPU.
static LEFT: [AtomicU64; MOST] = [const { AtomicU64::new(0) }; MOST];
/// CPUs whose handlers have made all their calls.
static FINISHED: AtomicUsize = AtomicUsize::new(0);

/// What a handler counts. Only its own CPU counts here, so Relaxed suffices. `team` orders what the first CPU reads in
/// the end.
struct Counts {
    interrupts: AtomicU64,
    calls: AtomicU64,
    busy: AtomicU64,
    full: AtomicU64,
    /// By what the calls have done.
    done: [AtomicU64; KINDS],
}

impl Counts {
    const fn new() -> Self {
        let [interrupts, calls, busy, full] = [const { AtomicU64::new(0) }; 4];
        Self { interrupts, calls, busy, full, done: [const { AtomicU64::new(0) }; KINDS] }
    }

    /// Moves all counts to the sums of an outcome.
    fn move_to(&self, sums: &mut Outcome) {
        let take = |count: &AtomicU64| count.swap(0, Ordering::Relaxed);
        let calls = take(&self.calls);
        assert!(calls > 0, "a CPU whose handler made no call");
        sums.interrupts += take(&self.interrupts);
        sums.calls += calls;
        sums.busy += take(&self.busy);
        sums.full += take(&self.full);
        sums.done.iter_mut().zip(&self.done).for_each(|(sum, count)| *sum += take(count));
    }
}

/// What came of a scene.
pub(super) struct Outcome {
    interrupts: u64,
    pub(super) calls: u64,
    /// Calls that were refused.
    pub(super) busy: u64,
    full: u64,
    done: [u64; KINDS],
    writers: team::Counts,
}

impl Outcome {
    /// How many calls of handlers have done this.
    pub(super) fn count(&self, done: Done) -> u64 {
        self.done[done as usize]
    }

    /// Panics if few calls of handlers succeeded, or if none has done something that must happen.
    fn check(&self, must: &[Done]) {
        let succeeded: u64 = self.done.iter().sum();
        assert_eq!(succeeded + self.busy + self.full, self.calls);
        assert!(succeeded >= self.calls / 4, "most calls of handlers are refused: {self}");
        for &done in must {
            assert!(self.count(done) > 0, "no handler's call has done {done:?}: {self}");
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { interrupts, calls, busy, full, done: _, writers } = self;
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
    // From here on, handlers work: an interrupt of an earlier scene may still come, and finds nothing left before.
    LEFT.iter().for_each(|left| left.store(calls.div_ceil(team::cpus() as u64), Ordering::Relaxed));
    let writers = team::all(&|cpu| {
        let mut random = Random::new(cpu);
        let mut calls = 0;
        interrupts::tick_after(PAUSE.start as u32);
        loop {
            (0..WRITES).for_each(|_| calls += S::write(cpu, &mut random));
            S::prepare();
            interrupts::tick_others();
            // Acquire pairs with the Release in `ticked`: no handler of the scene works after this loop. The look comes
            // last, so a CPU whose handler is early writes too.
            if FINISHED.load(Ordering::Acquire) == team::cpus() {
                break;
            }
        }
        calls
    });
    // A late interrupt may be running this scene's handler. The handler must not see the next scene's calls. Each CPU
    // does its part of the empty work after its interrupt, and later interrupts find the handler that does nothing.
    interrupts::on_tick(|| ());
    team::all(&|_| 1);
    let mut outcome = Outcome { interrupts: 0, calls: 0, busy: 0, full: 0, done: [0; KINDS], writers };
    COUNTS[..team::cpus()].iter().for_each(|counts| counts.move_to(&mut outcome));
    outcome.check(S::MUST);
    outcome
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
        let count = match S::handle(cpu, &mut random) {
            Ok(done) => &counts.done[done as usize],
            Err(Refusal::Busy) => &counts.busy,
            Err(Refusal::Full) => &counts.full,
        };
        count.fetch_add(1, Ordering::Relaxed);
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
