//! All CPUs together: the first CPU gives them work, and sleeps until each has done its part.

use core::cell::UnsafeCell;
use core::fmt;
use core::mem::transmute;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::cpu::{self, MOST};
use crate::machine::{self, Machine};
use crate::{apic, boot, interrupts};

/// Work for each CPU, which gets its number. The result says how much it did.
type Work<'a> = dyn Fn(usize) -> u64 + Sync + 'a;

/// The present work.
struct Job(UnsafeCell<Option<&'static Work<'static>>>);

// SAFETY: `ROUND` orders all accesses, see `all` and `serve`.
unsafe impl Sync for Job {}

static JOB: Job = Job(UnsafeCell::new(None));
/// Counts the jobs.
static ROUND: AtomicUsize = AtomicUsize::new(0);
/// The CPUs that have started.
static CPUS: AtomicUsize = AtomicUsize::new(1);
/// The CPUs that have done their part of the present job, the first CPU excepted.
static DONE: AtomicUsize = AtomicUsize::new(0);
/// How much each CPU did in the present job.
static COUNTS: [AtomicU64; MOST] = [const { AtomicU64::new(0) }; MOST];

/// Starts all other CPUs, one after the other.
pub(crate) fn start(machine: &Machine) {
    boot::prepare();
    for number in 1..machine.cpus {
        boot::number_next(number);
        apic::start(machine::apic_of(number), boot::TRAMPOLINE);
        // Acquire pairs with the Release in `serve`: the CPU has taken its number.
        while CPUS.load(Ordering::Acquire) == number {
            core::hint::spin_loop();
        }
    }
}

/// The CPUs that take part.
pub(crate) fn cpus() -> usize {
    // Relaxed: only a number, which does not change after `start`.
    CPUS.load(Ordering::Relaxed)
}

/// Does the work that `all` gives, for ever. Every CPU but the first runs this.
pub(crate) fn serve() -> ! {
    // Release pairs with the Acquire in `start`.
    CPUS.fetch_add(1, Ordering::Release);
    let number = cpu::number();
    for round in 1.. {
        // Acquire pairs with the Release in `all`: the CPU sees the job.
        cpu::sleep_until(|| ROUND.load(Ordering::Acquire) >= round);
        // SAFETY: `all` wrote the job before it counted `ROUND`, and writes no other until `DONE` says that this
        // CPU has finished.
        let job = unsafe { *JOB.0.get() };
        do_part(number, job.expect("a round has a job"));
        // Release pairs with the Acquire in `all`: it sees all that the work did.
        DONE.fetch_add(1, Ordering::Release);
        interrupts::wake_others();
    }
    unreachable!("the loop has no end")
}

/// Makes every CPU do `work`, and returns how much each did.
pub(crate) fn all(work: &Work<'_>) -> Counts {
    assert_eq!(cpu::number(), 0, "the first CPU gives the work");
    // SAFETY: the types differ in their lifetimes alone. No CPU uses the reference after this function, which
    // ends when each has said that it is done.
    let job = unsafe { transmute::<&Work<'_>, &'static Work<'static>>(work) };
    // Relaxed: the Release below makes it visible.
    DONE.store(0, Ordering::Relaxed);
    // SAFETY: all other CPUs sleep until the next round, so none reads the job.
    unsafe { *JOB.0.get() = Some(job) };
    // Release pairs with the Acquire in `serve`.
    ROUND.fetch_add(1, Ordering::Release);
    interrupts::wake_others();
    do_part(0, work);
    // Acquire pairs with the Release in `serve`.
    cpu::sleep_until(|| DONE.load(Ordering::Acquire) + 1 == cpus());
    // Relaxed: ordered by `DONE`.
    let each = core::array::from_fn(|number| COUNTS[number].load(Ordering::Relaxed));
    Counts { each, cpus: cpus() }
}

fn do_part(number: usize, work: &Work<'_>) {
    // Relaxed: `DONE` orders it.
    COUNTS[number].store(work(number), Ordering::Relaxed);
}

/// How much each CPU did.
pub(crate) struct Counts {
    each: [u64; MOST],
    cpus: usize,
}

impl Counts {
    fn each(&self) -> &[u64] {
        &self.each[..self.cpus]
    }

    /// The sum over all CPUs. Panics if a CPU did nothing.
    pub(crate) fn sum(&self) -> u64 {
        let idle = self.each().iter().position(|&count| count == 0);
        assert_eq!(idle, None, "a CPU that did nothing");
        self.each().iter().sum()
    }
}

/// The least and the most that a CPU did.
impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (least, most) = (self.each().iter().min(), self.each().iter().max());
        match (least, most) {
            (Some(least), Some(most)) if least == most => write!(f, "{least} a CPU"),
            (Some(least), Some(most)) => write!(f, "{least} to {most} a CPU"),
            _ => f.write_str("no CPU"),
        }
    }
}
