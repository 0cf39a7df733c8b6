//! The arena and the pin plans on a machine whose files say something strange. A thread mounts other files
//! over those of `/sys`, and only that thread sees them. Mounting needs root; without it, the test is left
//! out. The crates' own tests cover many more invented machines (`bskip_numa_nodes::shapes`).
#![cfg(target_os = "linux")]

use std::ffi::CString;
use std::fs;
use std::path::{Path, PathBuf};

use bskip_core::BSkipMap;
use bskip_core::arena::NumaNodeId;
use bskip_topology::{CpuSet, Machine, Partition, PinPolicy, WorkerPool};
use numa_alloc::{Fallback, NumaArena, Policy};

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

/// For all plans of this machine: the arena has the nodes that they name, and a map is placed by them.
fn assert_they_agree(machine: &Machine) {
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
