//! The arena and the pin plans: on this machine, and on one whose files say something strange. A thread mounts
//! other files over those of `/sys`, and only that thread sees them. Mounting needs root; without it, those
//! tests are left out. The crates' own tests cover many more invented machines (`bskip_numa_nodes::shapes`).
//! `cargo xtask numa-vm` runs this on machines with several nodes.
#![cfg(target_os = "linux")]

use std::alloc::Layout;
use std::ffi::CString;
use std::fs;
use std::path::{Path, PathBuf};

use bskip_core::arena::{BlockArena, BlockKind, BlockPool, NumaNodeId, Placement};
use bskip_core::{BSkipMap, NumaBlocks};
use bskip_topology::{CpuSet, Machine, Partition, PinPolicy, WorkerPool, pin_current_thread};
use numa_alloc::{Fallback, NumaArena, PageSize, Policy};

const SYSTEM: &str = "/sys/devices/system";

/// Mounts `from` over `to`, for the calling thread alone. Returns whether it could.
fn mounted(from: &Path, to: &str) -> bool {
    let path = |path: &Path| CString::new(path.to_str().unwrap()).unwrap();
    let (from, to, root) = (path(from), path(Path::new(to)), path(Path::new("/")));
    // SAFETY: no preconditions.
    if unsafe { libc::unshare(libc::CLONE_NEWNS) } != 0 {
        return false;
    }
    let mount = |from: Option<&CString>, to: &CString, flags| {
        let from = from.map_or(std::ptr::null(), |from| from.as_ptr());
        // SAFETY: paths that are alive, or null where the call takes none.
        unsafe { libc::mount(from, to.as_ptr(), std::ptr::null(), flags, std::ptr::null()) == 0 }
    };
    // Mounts made here are not seen elsewhere.
    mount(None, &root, libc::MS_REC | libc::MS_PRIVATE) && mount(Some(&from), &to, libc::MS_BIND)
}

/// Runs `test` on a thread that sees `files` instead of `name` below `/sys/devices/system`. If a file has no
/// name, it replaces `name` itself; otherwise `files` form a folder.
fn with_files(name: &str, files: &[(&str, String)], test: impl FnOnce() + Send) {
    let place: PathBuf =
        std::env::temp_dir().join(format!("homes-{}-{}", std::process::id(), name.replace('/', "-")));
    for (file, text) in files {
        let file = if file.is_empty() { place.clone() } else { place.join(file) };
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    let there = Path::new(SYSTEM).join(name).exists();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            if there && mounted(&place, &format!("{SYSTEM}/{name}")) {
                test();
            } else {
                println!(
                    "left out: everything, this process may not mount files over those of {SYSTEM}/{name}"
                );
            }
        });
    });
    drop(fs::remove_dir_all(&place).or_else(|_| fs::remove_file(&place)));
}

/// The kernel's list in this line of the process's status.
fn status(field: &str) -> String {
    let text = fs::read_to_string("/proc/self/status").unwrap();
    text.lines().find_map(|line| line.strip_prefix(field)).unwrap().trim().to_owned()
}

/// A thread on each CPU asks a built arena for a block. The block is on the node that the machine calls the CPU's home.
fn assert_same_homes(machine: &Machine) {
    let arena = NumaArena::builder().page_size(PageSize::Small).build().unwrap();
    let pool = arena.pool(Layout::from_size_align(256, 64).unwrap(), BlockKind::Leaf).unwrap();
    for cpu in machine.allowed().iter() {
        let home = || {
            pin_current_thread(&CpuSet::from([cpu])).unwrap();
            let block = pool.acquire(Placement::Policy).unwrap();
            // SAFETY: the pool has just issued the block.
            let home = pool.numa().map(|numa| unsafe { numa.home(block) });
            // SAFETY: nothing refers to the block.
            unsafe { pool.release(block) };
            home
        };
        let home = std::thread::scope(|scope| scope.spawn(home).join().unwrap());
        assert_eq!(home.map(|node| node.0), machine.node_of_cpu(cpu), "the home of CPU {cpu} of {machine}");
    }
}

/// For all plans of this machine: the arena has the nodes that they name, and a map is placed by them.
fn assert_they_agree(machine: &Machine) {
    assert_same_homes(machine);
    for policy in [PinPolicy::None, PinPolicy::PerNode, PinPolicy::Compact, PinPolicy::Scatter] {
        let plan = policy.plan(machine, machine.allowed().len()).unwrap();
        let partition = Partition::new(&plan, 0..=9_999);
        let bounds: Vec<_> =
            partition.bounds().into_iter().map(|(key, node)| (key, NumaNodeId(node))).collect();
        // Workers that may move between nodes have no node.
        let placement = if bounds.is_empty() { Policy::Local } else { Policy::Range(bounds) };
        let arena = NumaArena::builder().policy(placement).build();
        let map = BSkipMap::with_arena(arena.unwrap_or_else(|error| panic!("{policy}: {error}"))).unwrap();
        WorkerPool::new(plan).run(|worker| {
            if let Some(node) = worker.node().map(NumaNodeId) {
                NumaArena::builder().policy(Policy::Node(node)).build().unwrap();
            }
            partition.range(worker.index()).for_each(|key| _ = map.insert(key, key));
        });
        assert_eq!(map.len(), 10_000);
    }
}

#[test]
fn the_arena_and_the_plans_agree_on_this_machine() {
    let machine = Machine::discover();
    if machine.nodes().len() == 1 {
        println!("left out: other nodes, this machine has one");
    }
    assert_they_agree(&machine);
}

#[test]
fn cpus_on_a_node_without_memory_are_planned_where_the_arena_has_some() {
    let (cpus, memory) = (status("Cpus_allowed_list:"), status("Mems_allowed_list:"));
    let real: u32 = memory.split([',', '-']).next().unwrap().parse().unwrap();
    let bare = real + 1;
    let files = [
        ("online", format!("{real}-{bare}")),
        ("has_memory", real.to_string()),
        (&*format!("node{real}/cpulist"), "\n".to_owned()),
        (&*format!("node{real}/distance"), "10 20".to_owned()),
        (&*format!("node{bare}/cpulist"), cpus),
        (&*format!("node{bare}/distance"), "20 10".to_owned()),
    ];
    with_files("node", &files, || {
        let machine = Machine::discover();
        assert!(machine.allowed().iter().all(|cpu| machine.node_of_cpu(cpu) == Some(real)));
        let said = format!("node {bare} has no memory for this process");
        assert!(machine.notes().iter().any(|note| note.contains(&said)), "{:?}", machine.notes());
        let note = Fallback::NodeWithoutMemory { node: NumaNodeId(bare), instead: NumaNodeId(real) };
        assert!(NumaArena::new().unwrap().fallbacks().contains(&note));
        assert_they_agree(&machine);
    });
}

#[test]
fn cpus_that_the_system_hides_are_taken_in_and_told() {
    let allowed: CpuSet = status("Cpus_allowed_list:").parse().unwrap();
    let first = allowed.first().unwrap();
    if allowed.len() == 1 {
        println!("left out: everything, this process may use one CPU");
        return;
    }
    with_files("cpu/online", &[("", first.to_string())], || {
        let machine = Machine::discover();
        assert_eq!(machine.allowed(), &allowed);
        let said = format!("shows CPUs {first} as online, but this process may run on CPUs {allowed}");
        assert!(machine.notes().iter().any(|note| note.contains(&said)), "{:?}", machine.notes());
        assert_they_agree(&machine);
    });
}
