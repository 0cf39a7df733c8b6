//! Signal handlers that use a map while they interrupt a thread that changes it.
//!
//! Two threads write. Another thread sends them signals, one after the other. The handler runs on the interrupted
//! thread, wherever that is: also in the middle of a change, under a lock.
//!
//! Properties:
//! - no deadlock: the handler always returns, and so does the interrupted call;
//! - every answer to a handler is right: it is the only one that changes its keys, so it knows them;
//! - the interrupted thread's answers are right, although handlers change the same leaves;
//! - some calls answer. The test prints the share that is busy.

use bskip_core::{BSkipMap, GlobalArena, Reservation, TryInsertCause};
use std::cell::Cell;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, compiler_fence};
use std::sync::{Mutex, PoisonError};
use std::thread;
use tests::rng::Rng;

type Map = BSkipMap<u64, u64>;
type Reserved = Reservation<'static, u64, u64, GlobalArena>;

/// Threads that are interrupted.
const THREADS: usize = 2;
/// Keys of each handler, and of each thread.
const KEYS: u64 = 400;
/// Calls of one handler.
const CALLS: u64 = if cfg!(thorough) { 512 } else { 64 };
/// Calls of all handlers together.
const ALL_CALLS: u64 = if cfg!(thorough) { 10_000_000 } else { 50_000 };

/// What the handlers of one thread know and count. Signals of one thread do not nest.
struct Handled {
    /// The values of this handler's keys; 0 if a key is not there.
    values: [AtomicU64; KEYS as usize],
    random: AtomicU64,
    calls: AtomicU64,
    busy: AtomicU64,
    full: AtomicU64,
    wrong: AtomicU64,
    signals: AtomicUsize,
    ended: AtomicBool,
}

static HANDLED: [Handled; THREADS] = [const {
    Handled {
        values: [const { AtomicU64::new(0) }; KEYS as usize],
        random: AtomicU64::new(1),
        calls: AtomicU64::new(0),
        busy: AtomicU64::new(0),
        full: AtomicU64::new(0),
        wrong: AtomicU64::new(0),
        signals: AtomicUsize::new(0),
        ended: AtomicBool::new(false),
    }
}; THREADS];

thread_local! {
    static THREAD: Cell<usize> = const { Cell::new(0) };
    static MAP: Cell<*const Map> = const { Cell::new(ptr::null()) };
    /// The reservation, unless the thread is refilling it.
    static RESERVED: Cell<*mut Reserved> = const { Cell::new(ptr::null_mut()) };
}

/// The key of number `i` of a handler. Keys of threads and handlers alternate, so they share all leaves.
fn handlers_key(thread: usize, i: u64) -> u64 {
    4 * i + thread as u64
}

fn threads_key(thread: usize, i: u64) -> u64 {
    4 * i + 2 + thread as u64
}

/// A value that names its key.
fn value(key: u64, count: u64) -> u64 {
    (key + 1) << 40 | count
}

fn is_of(key: u64, value: u64) -> bool {
    value >> 40 == key + 1
}

extern "C" fn handle(_: libc::c_int) {
    let map = MAP.get();
    if map.is_null() {
        return;
    }
    let t = THREAD.get();
    let this = &HANDLED[t];
    // SAFETY: the thread takes the pointer away before the map's end.
    let map = unsafe { &*map };
    for _ in 0..CALLS {
        call(map, t, this);
    }
    this.signals.fetch_add(1, Ordering::Relaxed);
}

/// One call. It must not panic: a signal handler cannot unwind.
fn call(map: &Map, t: usize, this: &Handled) {
    let handler = map.handler();
    let mut rng = Rng::new(this.random.fetch_add(1, Ordering::Relaxed));
    let i = rng.below(KEYS);
    let (key, slot) = (handlers_key(t, i), &this.values[i as usize]);
    let known = Some(slot.load(Ordering::Relaxed)).filter(|&value| value > 0);
    let calls = this.calls.fetch_add(1, Ordering::Relaxed);
    let is_right = match rng.below(8) {
        0..3 => {
            let new = value(key, calls & 0xff_ffff);
            let reserved = RESERVED.get();
            let inserted = if reserved.is_null() {
                handler.try_insert(key, new)
            } else {
                // SAFETY: the thread owns the reservation and does not use it while the pointer is here. Signals of
                // one thread do not nest.
                handler.try_insert_with(unsafe { &mut *reserved }, key, new)
            };
            match inserted {
                Ok(old) => {
                    slot.store(new, Ordering::Relaxed);
                    Ok(old == known)
                }
                Err(error) if error.cause == TryInsertCause::Full => {
                    this.full.fetch_add(1, Ordering::Relaxed);
                    Ok(known.is_none() && (error.key, error.value) == (key, new))
                }
                Err(_) => Err(bskip_core::Busy),
            }
        }
        3 | 4 => handler.try_remove(&key).map(|old| {
            slot.store(0, Ordering::Relaxed);
            old == known
        }),
        // A key of the interrupted thread, which may be in the middle of changing it.
        5 => {
            let key = threads_key(t, i);
            handler.try_get(&key).map(|seen| seen.is_none_or(|seen| is_of(key, seen)))
        }
        6 => handler.try_ceiling(&key).map(|pair| match pair {
            Some((found, seen)) => {
                found >= key && is_of(found, seen) && (known.is_none() || (found, Some(seen)) == (key, known))
            }
            None => known.is_none(),
        }),
        _ => handler.try_get(&key).map(|seen| seen == known),
    };
    match is_right {
        Ok(true) => {}
        Ok(false) => _ = this.wrong.fetch_add(1, Ordering::Relaxed),
        Err(_) => _ = this.busy.fetch_add(1, Ordering::Relaxed),
    }
}

/// What an interrupted thread does until the handlers have made their calls.
fn write(map: &Map, t: usize, is_enough: impl Fn() -> bool) {
    let mut reservation = map.reserve(4).expect("memory");
    let reserved: *mut Reservation<'_, u64, u64, GlobalArena> = &raw mut reservation;
    THREAD.set(t);
    MAP.set(map);
    let mut model = vec![None; KEYS as usize];
    let mut rng = Rng::new(1000 + t as u64);
    let mut step = 0u64;
    while !is_enough() {
        step += 1;
        let i = rng.below(KEYS);
        let (key, known) = (threads_key(t, i), &mut model[i as usize]);
        match rng.below(8) {
            0..3 => {
                let new = value(key, step & 0xff_ffff);
                assert_eq!(map.insert(key, new), known.replace(new));
            }
            3..5 => assert_eq!(map.remove(&key), known.take()),
            5 => {
                let seen = map.update(&key, |value| *value);
                assert_eq!(seen, *known);
            }
            6 => assert!(map.range(key..key + 40).all(|(key, value)| is_of(key, value))),
            _ => assert_eq!(map.get(&key), *known),
        }
        if step.is_multiple_of(64) {
            // Handlers have no reservation while this thread refills it.
            lend(ptr::null_mut());
            // SAFETY: handlers of this thread cannot get the pointer now, and no other thread has it.
            unsafe { &mut *reserved }.refill().expect("memory");
            lend(reserved.cast());
        }
    }
    // Before the reservation drops, and before this thread ends.
    MAP.set(ptr::null());
    lend(ptr::null_mut());
}

/// Gives handlers of this thread a reservation, or takes it from them. The compiler moves nothing past this.
fn lend(reservation: *mut Reserved) {
    // SeqCst pairs with the handlers of this thread, for which the compiler's order is enough.
    compiler_fence(Ordering::SeqCst);
    RESERVED.set(reservation);
    // SeqCst pairs with the handlers, as above.
    compiler_fence(Ordering::SeqCst);
}

/// Lets `handle` run at every `SIGUSR1` of this process.
fn install() {
    // SAFETY: an all-zero `sigaction` is a valid one: no flags, an empty mask.
    let mut action: libc::sigaction = unsafe { core::mem::zeroed() };
    action.sa_sigaction = handle as *const () as usize;
    action.sa_flags = libc::SA_RESTART;
    // SAFETY: `action` is a whole `sigaction`, and `handle` does only what a handler may do.
    let installed = unsafe { libc::sigaction(libc::SIGUSR1, &raw const action, ptr::null_mut()) };
    assert_eq!(installed, 0);
}

#[test]
fn a_handler_interrupts_the_thread_that_writes() {
    install();
    let map = &Map::new();
    let calls = || HANDLED.iter().map(|this| this.calls.load(Ordering::Relaxed)).sum::<u64>();
    // A signal to a thread that has ended would be an error, so each target waits for the sender's end.
    let targets: [Mutex<Option<libc::pthread_t>>; THREADS] = [const { Mutex::new(None) }; THREADS];
    thread::scope(|scope| {
        for (t, target) in targets.iter().enumerate() {
            scope.spawn(move || {
                // SAFETY: it has no conditions.
                let this = unsafe { libc::pthread_self() };
                *target.lock().unwrap_or_else(PoisonError::into_inner) = Some(this);
                let end = EndOnDrop(target, t);
                write(map, t, || calls() >= ALL_CALLS);
                drop(end);
            });
        }
        scope.spawn(|| {
            // Later signals would do harm: a thread whose sleep is interrupted too often never wakes.
            while calls() < ALL_CALLS && !HANDLED.iter().all(|this| this.ended.load(Ordering::Relaxed)) {
                for (target, this) in targets.iter().zip(&HANDLED) {
                    let before = this.signals.load(Ordering::Relaxed);
                    let target = target.lock().unwrap_or_else(PoisonError::into_inner);
                    let Some(thread) = *target else { continue };
                    // SAFETY: the thread has not ended: it first takes its name away, under this lock.
                    let sent = unsafe { libc::pthread_kill(thread, libc::SIGUSR1) };
                    assert_eq!(sent, 0);
                    drop(target);
                    // The next signal comes when this one has been handled, or not much later.
                    for _ in 0..50 {
                        if this.signals.load(Ordering::Relaxed) > before {
                            break;
                        }
                        thread::yield_now();
                    }
                }
            }
        });
    });
    let sum = |count: fn(&Handled) -> &AtomicU64| {
        HANDLED.iter().map(|this| count(this).load(Ordering::Relaxed)).sum::<u64>()
    };
    let (busy, full) = (sum(|this| &this.busy), sum(|this| &this.full));
    println!(
        "signal handlers: {} calls, {:.2} % busy, {full} times full",
        calls(),
        busy as f64 / calls() as f64 * 100.0
    );
    assert_eq!(sum(|this| &this.wrong), 0, "wrong answers");
    assert!(calls() >= ALL_CALLS && busy < calls() / 2, "{busy} of {} calls were busy", calls());
    let known = HANDLED.iter().enumerate().flat_map(|(t, this)| {
        let pairs = (0..).zip(&this.values);
        pairs.map(move |(i, value)| (handlers_key(t, i), value.load(Ordering::Relaxed)))
    });
    for (key, value) in known {
        assert_eq!(map.get(&key), Some(value).filter(|&value| value > 0));
    }
}

/// Takes the name of a thread away when the thread ends, also by a panic.
struct EndOnDrop<'a>(&'a Mutex<Option<libc::pthread_t>>, usize);

impl Drop for EndOnDrop<'_> {
    fn drop(&mut self) {
        MAP.set(ptr::null());
        lend(ptr::null_mut());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
        HANDLED[self.1].ended.store(true, Ordering::Relaxed);
    }
}
