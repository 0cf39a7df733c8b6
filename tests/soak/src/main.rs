//! Soaks maps: `cargo run --release -p soak -- --seconds 60 --threads 8`.
//!
//! Many threads insert, upsert, remove, read and scan on one map after the other. The soak records the calls
//! on a sample of the map's keys and checks their history. It does the same with all calls on a small map
//! beside it. Between rounds it checks the invariants. At the end it accounts for every key; no block may be
//! left, and the dropped map must have given all memory back. If all is right, the soak prints totals and
//! exits with 0. It exits with 2 for a bad flag. Otherwise a panic says what went wrong.

mod stages;

use bskip_core::Promotion;
use stages::{Kind, Plan, run};
use std::alloc::{GlobalAlloc, Layout, System};
use std::process::ExitCode;
use std::sync::atomic::{AtomicIsize, Ordering};
use std::time::Duration;
use tests::arena::ArenaKind;
use tests::config::CRUEL_PROMOTIONS;

const USAGE: &str = "\
usage: soak [--seconds N] [--stage N] [--threads N] [--keys N] [--seed N]
            [--promotion POLICY[,POLICY]...] [--arena ARENA[,ARENA]...] [--kind KIND[,KIND]...]
--seconds    how long in all (60)
--stage      seconds for one map, at most (60)
--threads    threads (8)
--keys       keys of each thread, and shared keys (20000); few keys make many splits and merges
--seed       seed of the operations and of the maps (from the clock; printed)
--promotion  coin[:ONE_IN], coin-and-overflow[:ONE_IN], overflow; several, or all: in turn (the map's default)
--arena      global, bump, numa, replicated, ranges, interleaved; several, or all: in turn (global)
--kind       words; strings (keys); blobs (keys and values): several, or all: in turn (all)";

/// The system's allocator, with a count of the bytes in use: a dropped map must leave none behind.
struct Counting;

static IN_USE: AtomicIsize = AtomicIsize::new(0);

// SAFETY: every call is the system's own, whose contract is the same; counting touches no memory of it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        IN_USE.fetch_add(layout.size() as isize, Ordering::Relaxed);
        // SAFETY: the caller's promise, passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size() as isize, Ordering::Relaxed);
        // SAFETY: the caller's promise, passed on.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The plan that the arguments ask for.
fn parse(mut args: impl Iterator<Item = String>) -> Result<Plan, String> {
    let seed = std::time::UNIX_EPOCH.elapsed().map_or(0, |time| time.as_nanos() as u64);
    let mut plan = Plan {
        time: Duration::from_secs(60),
        stage: Duration::from_secs(60),
        threads: 8,
        keys: 20_000,
        seed,
        promotions: vec![bskip_core::Promotion::default()],
        arenas: vec![ArenaKind::Global],
        kinds: Kind::ALL.to_vec(),
    };
    while let Some(flag) = args.next() {
        if matches!(flag.as_str(), "--help" | "-h") {
            return Err(USAGE.into());
        }
        let value = args.next().ok_or_else(|| format!("{flag} needs a value"))?;
        let number = || value.parse::<u64>().map_err(|_| format!("{flag} needs a number, not `{value}`"));
        match flag.as_str() {
            "--seconds" => plan.time = Duration::from_secs(number()?),
            "--stage" => plan.stage = Duration::from_secs(number()?),
            "--threads" => plan.threads = number()?.clamp(1, 1000) as usize,
            // A value holds its key's number beside a count.
            "--keys" => plan.keys = number()?.clamp(1, 1 << 28),
            "--seed" => plan.seed = number()?,
            "--promotion" if value == "all" => plan.promotions = CRUEL_PROMOTIONS.to_vec(),
            "--promotion" => plan.promotions = value.split(',').map(promotion).collect::<Result<_, _>>()?,
            "--kind" if value == "all" => plan.kinds = Kind::ALL.to_vec(),
            "--kind" => plan.kinds = value.split(',').map(kind).collect::<Result<_, _>>()?,
            "--arena" if value == "all" => plan.arenas = ArenaKind::ALL.to_vec(),
            "--arena" => plan.arenas = value.split(',').map(arena).collect::<Result<_, _>>()?,
            _ => return Err(format!("no such flag: {flag}\n{USAGE}")),
        }
    }
    Ok(plan)
}

fn promotion(text: &str) -> Result<Promotion, String> {
    let (name, one_in) = text.split_once(':').map_or((text, None), |(name, n)| (name, Some(n)));
    let one_in = one_in.map(|n| n.parse::<u32>().ok().filter(|n| *n > 1));
    match (name, one_in) {
        (_, Some(None)) => Err(format!("`{text}`: ONE_IN is a number above 1")),
        ("coin", n) => Ok(Promotion::Coin { one_in: n.flatten().unwrap_or(64) }),
        ("coin-and-overflow", n) => Ok(Promotion::CoinAndOverflow { one_in: n.flatten().unwrap_or(256) }),
        ("overflow", None) => Ok(Promotion::Overflow),
        _ => Err(format!("no such promotion policy: {text}")),
    }
}

fn kind(text: &str) -> Result<Kind, String> {
    let named = |kind: &Kind| format!("{kind:?}").eq_ignore_ascii_case(text);
    Kind::ALL.into_iter().find(named).ok_or_else(|| format!("no such kind of maps: {text}"))
}

fn arena(text: &str) -> Result<ArenaKind, String> {
    let named = |kind: &ArenaKind| format!("{kind:?}").eq_ignore_ascii_case(text);
    ArenaKind::ALL.into_iter().find(named).ok_or_else(|| format!("no such arena: {text}"))
}

fn main() -> ExitCode {
    let plan = match parse(std::env::args().skip(1)) {
        Ok(plan) => plan,
        Err(message) => {
            eprintln!("{message}");
            return ExitCode::from(2);
        }
    };
    println!("{plan:?}");
    let before = IN_USE.load(Ordering::Relaxed);
    let report = run(&plan, |stage, kind, arena, promotion, report| {
        let left = IN_USE.load(Ordering::Relaxed) - before;
        // The standard library keeps less than this for threads and standard output.
        assert!(
            left < 16 << 10,
            "a dropped map on {arena:?} left {left} bytes of the global allocator behind"
        );
        let (operations, walks) = (report.operations(), report.walks);
        println!(
            "stage {stage:3}    {kind:?}, {arena:?}, {promotion:?}: so far {operations} operations, {} histories, \
             {walks} walks; {left} bytes left by the dropped map",
            report.checked.histories
        );
    });
    println!("{report}");
    println!("every key accounted for, nothing lost, nothing leaked");
    ExitCode::SUCCESS
}
