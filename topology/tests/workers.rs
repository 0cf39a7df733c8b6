//! Worker pools on the machine that runs the tests: bindings, handles, panics, limits and refusals.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};
use std::thread;

use bskip_topology::{Machine, PinPlan, PinPolicy, WorkerPool};

fn plan(policy: &PinPolicy, workers: usize) -> PinPlan {
    policy.plan(&Machine::discover(), workers).expect("a possible plan")
}

/// The message of a call that panics.
fn panic_of<T>(call: impl FnOnce() -> T) -> String {
    let panic = catch_unwind(AssertUnwindSafe(call)).map(drop).expect_err("the call panics");
    panic
        .downcast_ref::<String>()
        .cloned()
        .unwrap_or_else(|| panic.downcast_ref::<&str>().expect("text").to_string())
}

fn thread_name() -> String {
    thread::current().name().expect("workers are named").to_owned()
}

#[test]
fn every_worker_runs_once_and_knows_its_place() {
    for policy in ["none", "compact", "scatter", "per-node", "per-l3", "smt-last"] {
        let plan = plan(&policy.parse().expect("a policy"), 5);
        let pool = WorkerPool::new(plan.clone());
        assert_eq!((pool.len(), pool.is_empty(), pool.plan()), (5, false, &plan));
        let seen = pool.run(|worker| {
            assert_eq!(thread_name(), format!("worker-{}", worker.index()));
            assert_eq!(
                (worker.binding(), worker.plan(), worker.workers()),
                (&plan.bindings()[worker.index()], &plan, 5)
            );
            assert_eq!((worker.node(), worker.l3()), (worker.binding().node, worker.binding().l3));
            assert_eq!(worker.cpu().is_some(), worker.binding().cpus.len() == 1);
            (worker.index(), worker.node(), worker.index_in_node(), worker.workers_on_node())
        });
        for (index, (worker, node, rank, on_node)) in seen.iter().enumerate() {
            let same: Vec<usize> = (0..5).filter(|&other| plan.bindings()[other].node == *node).collect();
            assert_eq!((*worker, same[*rank], *on_node), (index, index, same.len()));
        }
    }
}

#[test]
fn an_empty_plan_runs_no_worker() {
    let pool = WorkerPool::new(plan(&PinPolicy::Compact, 0));
    assert!(pool.is_empty() && pool.notes().is_empty());
    assert_eq!(pool.run(|worker| worker.index()), [0; 0]);
    assert_eq!(pool.spawn(|worker| worker.index()).join(), [0; 0]);
}

#[test]
fn all_workers_are_there_before_one_begins() {
    // Each worker waits for all others, so the test would hang if the pool started one after the other.
    let pool = WorkerPool::new(plan(&PinPolicy::Compact, 8));
    let barrier = std::sync::Barrier::new(8);
    pool.run(|_| barrier.wait());
}

#[test]
fn handles_are_made_once_on_the_workers_own_threads() {
    let made = AtomicUsize::new(0);
    let pool = WorkerPool::with(plan(&PinPolicy::Compact, 3), |worker| {
        made.fetch_add(1, Ordering::Relaxed);
        (worker.index(), thread_name())
    });
    let expected: Vec<_> = (0..3).map(|worker| (worker, format!("worker-{worker}"))).collect();
    for _ in 0..2 {
        assert_eq!(pool.run(|worker| worker.handle.clone()), expected);
    }
    assert_eq!((pool.handles(), made.load(Ordering::Relaxed)), (&expected[..], 3));
    assert_eq!(pool.spawn(|worker| worker.handle).join(), expected, "and spawned workers own them");
}

#[test]
fn a_panic_goes_on_when_all_workers_have_ended() {
    let pool = WorkerPool::new(plan(&PinPolicy::Compact, 4));
    let ended = AtomicUsize::new(0);
    let text = panic_of(|| {
        pool.run(|worker| {
            assert!(worker.index() % 2 == 0, "worker {} gives up", worker.index());
            thread::yield_now();
            ended.fetch_add(1, Ordering::Relaxed);
        })
    });
    assert_eq!((text.as_str(), ended.load(Ordering::Relaxed)), ("worker 1 gives up", 2));
    assert_eq!(pool.run(|worker| worker.index()), [0, 1, 2, 3], "the pool is as good as before");
    let text = panic_of(|| pool.spawn(|worker| assert!(worker.index() < 2, "no {}", worker.index())).join());
    assert_eq!(text, "no 2");
    let made = false;
    let text = panic_of(|| WorkerPool::with(plan(&PinPolicy::Compact, 2), |_| assert!(made, "no handle")));
    assert_eq!(text, "no handle");
}

#[test]
fn spawned_workers_live_until_their_work_ends() {
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..3).map(|_| mpsc::channel::<u64>()).unzip();
    let receivers = Mutex::new(receivers.into_iter().map(Some).collect::<Vec<_>>());
    let pool = WorkerPool::with(plan(&PinPolicy::Scatter, 3), |worker| {
        receivers.lock().expect("no worker panics")[worker.index()]
            .take()
            .expect("a receiver for each worker")
    });
    let workers = pool.spawn(|worker| worker.handle.into_iter().sum::<u64>());
    for job in 0..300 {
        senders[job as usize % 3].send(job).expect("the workers listen");
    }
    assert!(!workers.is_finished(), "the channels are open");
    drop(senders);
    assert_eq!(workers.join(), [14_850, 14_950, 15_050]);
}

#[test]
fn shares_of_all_workers_are_all_items() {
    let items: Vec<usize> = (0..1003).collect();
    let pool = WorkerPool::new(plan(&PinPolicy::Scatter, 7));
    let shares = pool.run(|worker| worker.share(&items).to_vec());
    assert_eq!(shares.concat().into_iter().collect::<BTreeSet<_>>().len(), 1003);
}

#[cfg(feature = "hwloc")]
mod described {
    use super::*;
    use bskip_topology::{CpuSet, PinError};

    fn machine() -> Machine {
        Machine::synthetic("package:2 numa:1 l3:2 core:2 pu:1").expect("a valid description")
    }

    #[test]
    fn a_plan_for_another_machine_runs_unpinned_and_says_so() {
        let pool = WorkerPool::new(PinPolicy::Compact.plan(&machine(), 3).expect("a possible plan"));
        let bindings = pool.run(|worker| {
            assert!(!worker.is_pinned() && matches!(worker.pin_error(), Some(PinError::OtherMachine)));
            (worker.cpu(), worker.node(), worker.l3())
        });
        let binding = |cpu, l3| (Some(cpu), Some(0), Some(l3));
        assert_eq!(bindings, [binding(0, 0), binding(1, 0), binding(2, 1)]);
        assert_eq!(pool.refusals().iter().map(|(worker, _)| *worker).collect::<Vec<_>>(), [0, 1, 2]);
        let notes = pool.notes();
        assert!(notes[0].starts_with("3 of 3 workers are not pinned as planned; worker 0: "), "{notes:?}");
        assert!(notes[0].contains("Machine::discover()"), "{notes:?}");
        assert!(matches!(pool.require_pinned(), Err(PinError::OtherMachine)));
    }

    #[test]
    fn a_handle_for_each_node_is_made_by_its_first_worker() {
        // Workers on nodes 0, 1, 0, 1, 0.
        let plan = PinPolicy::PerNode.plan(&machine(), 5).expect("a possible plan");
        let made = AtomicUsize::new(0);
        let pool = WorkerPool::with_per_node(plan, |worker| {
            made.fetch_add(1, Ordering::Relaxed);
            (worker.node(), thread_name())
        });
        let makers = pool.run(|worker| (worker.handle.0 == worker.node(), worker.handle.1.clone()));
        let expected = [0, 1, 0, 1, 0].map(|maker| (true, format!("worker-{maker}")));
        assert_eq!((makers, made.into_inner()), (expected.to_vec(), 2));
    }

    #[test]
    fn places_keep_to_what_is_allowed() {
        let machine = machine().with_allowed(&CpuSet::from([1, 6, 7])).with_quota(2);
        let plan = PinPolicy::Scatter.plan(&machine, machine.parallelism()).expect("a possible plan");
        let pool = WorkerPool::new(plan);
        assert_eq!(pool.run(|worker| worker.cpu()), [Some(1), Some(6)]);
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use super::*;
    use bskip_topology::{CpuSet, PinError, current_cpu, pin_current_thread};

    #[test]
    fn workers_run_in_their_places() {
        let machine = Machine::discover();
        for policy in [PinPolicy::Compact, PinPolicy::SmtLast, PinPolicy::PerNode, PinPolicy::PerL3] {
            let plan = policy.plan(&machine, machine.allowed().len() + 1).expect("a possible plan");
            let in_place = |worker: &bskip_topology::Worker| {
                assert!(worker.is_pinned() && worker.pin_error().is_none());
                let cpu = current_cpu().expect("Linux knows");
                assert!(worker.binding().cpus.contains(cpu), "CPU {cpu} in {:?}", worker.binding());
                assert_eq!(worker.node(), machine.node_of_cpu(cpu));
            };
            let pool = WorkerPool::with(plan, in_place).require_pinned().expect("allowed CPUs");
            let again = || {
                pool.run(|worker| {
                    assert!(worker.is_pinned());
                    assert!(worker.binding().cpus.contains(current_cpu().expect("Linux knows")));
                })
            };
            again();
            again();
            pool.spawn(|worker| assert_eq!(Machine::discover().allowed(), &worker.binding().cpus)).join();
        }
        let pool = WorkerPool::new(plan(&PinPolicy::None, 2));
        assert_eq!(
            pool.run(|worker| (worker.is_pinned(), worker.pin_error().is_some())),
            [(false, false); 2]
        );
        assert_eq!(Machine::discover().allowed(), machine.allowed(), "this thread is not bound");
    }

    #[test]
    fn a_restricted_mask_is_respected() {
        let all = Machine::discover();
        let only = all.allowed().last().expect("a process has a CPU");
        let restricted = thread::spawn(move || {
            // As `taskset` does before it starts a process.
            pin_current_thread(&CpuSet::from([only])).expect("an allowed CPU");
            let machine = Machine::discover();
            assert_eq!((machine.parallelism(), machine.allowed()), (1, &CpuSet::from([only])));
            let noted = machine.notes().iter().any(|note| note.contains("may use 1 of"));
            assert_eq!(noted, machine.cpus().len() > 1, "{:?}", machine.notes());
            for policy in [PinPolicy::None, PinPolicy::Scatter, PinPolicy::PerNode, PinPolicy::PerL3] {
                let plan = policy.plan(&machine, 2).expect("a possible plan");
                let noted = plan.notes().iter().any(|note| note.starts_with("2 workers on 1 CPU: "));
                assert!(noted, "{:?}", plan.notes());
                let pool = WorkerPool::new(plan);
                assert_eq!(pool.run(|_| current_cpu()), [Some(only), Some(only)], "{policy}");
            }
        });
        restricted.join().expect("the thread does not panic");
    }

    /// Makes system calls of this thread, and of the threads that it starts, fail with an error. Returns
    /// false if the system has no such filters.
    fn deny(calls: &[libc::c_long], errno: i32) -> bool {
        const NONE: libc::c_ulong = 0;
        use libc::{BPF_ABS, BPF_JEQ, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W, sock_filter};
        let step = |code: u32, jt, k| sock_filter { code: code as u16, jt, jf: 0, k };
        // The program loads the number of the call. Then, for each call of the list: if it is this one,
        // return its error; if not, go on.
        let mut program = vec![step(BPF_LD | BPF_W | BPF_ABS, 0, 0)];
        for &call in calls {
            program.push(sock_filter { jf: 1, ..step(BPF_JMP | BPF_JEQ | BPF_K, 0, call as u32) });
            program.push(step(BPF_RET | BPF_K, 0, libc::SECCOMP_RET_ERRNO | errno as u32));
        }
        program.push(step(BPF_RET | BPF_K, 0, libc::SECCOMP_RET_ALLOW));
        let program = libc::sock_fprog { len: program.len() as u16, filter: program.as_mut_ptr() };
        // SAFETY: the call takes no pointers.
        let privileges = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, NONE + 1, NONE, NONE, NONE) };
        // SAFETY: the program and its instructions are alive, and their number is right.
        let filter =
            unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) };
        privileges == 0 && filter == 0
    }

    #[test]
    fn refused_pinning_is_survived_and_told() {
        let refused = thread::spawn(|| {
            let plan = plan(&PinPolicy::Compact, 2);
            if !deny(&[libc::SYS_sched_setaffinity], libc::EPERM) {
                println!("no seccomp here: not tried");
                return;
            }
            let pool = WorkerPool::with(plan, |worker| worker.is_pinned());
            let seen = pool.run(|worker| {
                let error = worker.pin_error().expect("the call is denied").to_string();
                (*worker.handle, worker.is_pinned(), error.contains("run without pinning"))
            });
            assert_eq!(seen, [(false, false, true); 2]);
            let notes = pool.notes();
            let note = notes.last().expect("a refusal has a note");
            assert!(note.starts_with("2 of 2 workers are not pinned as planned; worker 0: "), "{note}");
            assert!(matches!(pool.require_pinned(), Err(PinError::Refused { .. })));
        });
        refused.join().expect("the thread does not panic");
    }

    #[test]
    fn threads_that_cannot_be_started_are_a_clear_panic() {
        let refused = thread::spawn(|| {
            let pool = WorkerPool::new(plan(&PinPolicy::Compact, 2));
            if !deny(&[libc::SYS_clone, libc::SYS_clone3], libc::EAGAIN) {
                println!("no seccomp here: not tried");
                return;
            }
            for text in [panic_of(|| pool.run(|_| ())), panic_of(|| pool.spawn(|_| ()))] {
                let begins = text.starts_with("cannot start a thread for worker 0: ");
                assert!(begins && text.ends_with("plan fewer workers"), "{text}");
            }
        });
        refused.join().expect("the thread does not panic");
    }
}
