//! Kernels that refuse, and what this kernel counts.

use super::*;
use crate::protocol::{CellOutcome, CellSpec, Measurement};

fn events() -> Vec<Event> {
    events::all(Processor::Zen3).0
}

fn error<C>(number: i32) -> io::Result<C> {
    Err(io::Error::from_raw_os_error(number))
}

fn names(counting: &Counting<()>) -> Vec<&'static str> {
    counting.open.iter().map(|(name, ())| *name).collect()
}

#[test]
fn a_guest_without_counters_still_counts_what_the_kernel_knows() {
    let counting = Counting::open(Processor::Zen3, &events(), Some(1), |event, _| {
        if event.is_software() { Ok(()) } else { error(libc::ENOENT) }
    });
    assert_eq!(names(&counting), ["page_faults", "context_switches", "migrations"]);
    assert!(!counting.counters.user_only);
    let why = counting.counters.unavailable.unwrap();
    assert!(why.starts_with("the processor shows no performance counters"), "{why}");
    assert_eq!(counting.counters.missing["cycles"], "this processor has no counter for it");
    assert_eq!(counting.counters.missing.len(), 9);
}

#[test]
fn a_kernel_that_allows_no_counting_says_what_to_do() {
    for (number, paranoid, advice) in [
        (libc::EACCES, Some(4), "`sudo sysctl kernel.perf_event_paranoid=1`"),
        (libc::EPERM, Some(2), "a container's, refuses perf_event_open"),
        (libc::ENOSYS, None, "CONFIG_PERF_EVENTS"),
        (libc::EMFILE, Some(1), "perf_event_open says: "),
    ] {
        let mut asked = Vec::new();
        let counting = Counting::<()>::open(Processor::Zen3, &events(), paranoid, |_, user_only| {
            asked.push(user_only);
            error(number)
        });
        let Counters { per_op, missing, unavailable, user_only, .. } = counting.counters;
        let why = unavailable.unwrap();
        assert!(why.contains(advice), "{why}");
        assert!(!why.contains('\n') && per_op.is_empty() && !user_only);
        assert_eq!(missing.len(), 12);
        // If root may count, perhaps everyone may count user mode.
        assert_eq!(asked.contains(&true), matches!(number, libc::EACCES | libc::EPERM));
    }
}

#[test]
fn if_only_user_mode_may_be_counted_events_of_the_kernel_are_left_out() {
    let mut refusals = 0;
    let counting = Counting::open(Processor::Zen3, &events(), Some(2), |_, user_only| {
        refusals += u32::from(!user_only);
        if user_only { Ok(()) } else { error(libc::EACCES) }
    });
    assert_eq!(refusals, 1, "the first event shows it");
    assert!(counting.counters.user_only && counting.counters.unavailable.is_none());
    assert_eq!(names(&counting).len(), 10);
    let missing = &counting.counters.missing;
    assert!(missing["migrations"].contains("kernel mode") && missing["context_switches"].contains("sysctl"));
}

#[test]
fn one_event_that_a_processor_lacks_is_no_reason_for_all() {
    let counting = Counting::open(Processor::Zen3, &events(), Some(1), |event, _| match event.name {
        "llc_loads" => error(libc::ENOENT),
        _ => Ok(()),
    });
    assert_eq!((names(&counting).len(), counting.counters.unavailable), (11, None));
    assert_eq!(counting.counters.missing.into_keys().collect::<Vec<_>>(), ["llc_loads"]);
}

/// If this kernel does not allow counting, the test says so.
#[test]
fn page_faults_of_the_threads_that_start_meanwhile_are_counted() {
    const PAGES: usize = 1_000;
    let counting = Counting::begin();
    let touched = std::thread::spawn(|| {
        let mut memory = vec![0_u8; PAGES << 12];
        memory.chunks_mut(1 << 12).for_each(|page| page[0] = 1);
        std::hint::black_box(&memory)[0]
    });
    assert_eq!(touched.join().unwrap(), 1);
    let counters = counting.end(1);
    match counters.per_op.get("page_faults") {
        // With pages of another size, there are fewer faults.
        Some(&faults) => assert!(faults >= 2.0, "{counters:?}"),
        None => println!("left out: {}", counters.unavailable.as_deref().expect("there is a reason")),
    }
    assert_eq!(counters.per_op.len() + counters.missing.len(), crate::perf::EVENTS.len(), "{counters:?}");
}

#[test]
fn a_cell_counts_if_it_is_asked_to() {
    let run = |counters| -> Measurement {
        let spec =
            CellSpec { workload: "load".into(), keys: 200_000, ops: 1, counters, ..CellSpec::default() };
        match crate::cell::run(&spec).unwrap() {
            CellOutcome::Measured(measurement) => *measurement,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(run(false).counters, None);
    let counters = run(true).counters.unwrap();
    match counters.per_op.get("page_faults") {
        Some(&faults) => assert!(faults > 0.0, "the map touched new memory: {counters:?}"),
        None => println!("left out: {}", counters.unavailable.as_deref().expect("there is a reason")),
    }
}
