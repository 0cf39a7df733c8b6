//! For tests on Linux: the machine's real nodes, threads bound to them, the node of a page, system calls that
//! are refused, and tests in their own process. All of it is independent of the code under test.

use std::fs;
use std::process::Command;

const NODES: &str = "/sys/devices/system/node";
/// Bytes of a base page.
pub(crate) const PAGE: usize = 4096;

/// An online NUMA node.
#[derive(Clone, Debug)]
pub(crate) struct RealNode {
    pub(crate) number: u32,
    /// The CPUs of the node that this process may use.
    pub(crate) cpus: Vec<u32>,
    /// Whether the node has memory that this process may use.
    pub(crate) memory: bool,
    /// Whether the node has CPUs, allowed or not.
    pub(crate) has_cpus: bool,
    /// The distance to each online node.
    distances: Vec<(u32, u32)>,
}

impl RealNode {
    /// The distance to `other`.
    pub(crate) fn distance(&self, other: u32) -> u32 {
        let known = self.distances.iter().find(|(node, _)| *node == other);
        known.map_or(if other == self.number { 10 } else { 20 }, |(_, distance)| *distance)
    }

    /// Free bytes of the node.
    pub(crate) fn free(&self) -> usize {
        let text = read(&format!("{NODES}/node{}/meminfo", self.number));
        let kib = text.lines().find_map(|line| line.split_once("MemFree:")?.1.trim().strip_suffix("kB"));
        kib.and_then(|kib| kib.trim().parse::<usize>().ok()).unwrap_or(0) * 1024
    }
}

/// All nodes, by ascending number. If the kernel does not show them, one node with all CPUs and memory.
pub(crate) fn nodes() -> Vec<RealNode> {
    let status = read("/proc/self/status");
    let allowed =
        |what: &str| status.lines().find_map(|line| line.strip_prefix(what)).map(numbers).unwrap_or_default();
    let (cpus, memory) = (allowed("Cpus_allowed_list:"), allowed("Mems_allowed_list:"));
    let (online, with_memory) =
        (numbers(&read(&format!("{NODES}/online"))), numbers(&read(&format!("{NODES}/has_memory"))));
    if online.is_empty() {
        return vec![RealNode { number: 0, cpus, memory: true, has_cpus: true, distances: Vec::new() }];
    }
    let node = |&number: &u32| {
        let distances = read(&format!("{NODES}/node{number}/distance"));
        let distances = distances.split_whitespace().filter_map(|distance| distance.parse().ok());
        let mut own = numbers(&read(&format!("{NODES}/node{number}/cpulist")));
        let has_cpus = !own.is_empty();
        own.retain(|cpu| cpus.contains(cpu));
        RealNode {
            number,
            cpus: own,
            has_cpus,
            memory: with_memory.contains(&number) && memory.contains(&number),
            distances: online.iter().copied().zip(distances).collect(),
        }
    };
    online.iter().map(node).collect()
}

/// Reads the kernel's list notation.
fn numbers(list: &str) -> Vec<u32> {
    let number = |text: &str| text.trim().parse::<u32>().ok();
    let range = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        Some(number(first)?..=number(last)?)
    };
    list.trim().split(',').filter_map(range).flatten().collect()
}

pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// How many processes the kernel has killed because memory ran out.
pub(crate) fn oom_kills() -> u64 {
    let text = read("/proc/vmstat");
    let kills = text.lines().find_map(|line| line.strip_prefix("oom_kill "));
    kills.and_then(|number| number.trim().parse().ok()).unwrap_or(0)
}

/// Binds the calling thread to a CPU. Returns whether that succeeded.
pub(crate) fn pin(cpu: u32) -> bool {
    // SAFETY: a CPU set is an array of integers, so zero is valid.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    if cpu as usize >= 8 * size_of_val(&set) {
        return false;
    }
    // SAFETY: the set is alive, and the number is within it.
    unsafe { libc::CPU_SET(cpu as usize, &mut set) };
    // SAFETY: the set is alive and of the given size.
    unsafe { libc::sched_setaffinity(0, size_of_val(&set), &raw const set) == 0 }
}

/// Runs `work` on a thread that is bound to a CPU of `node`.
pub(crate) fn on<R: Send>(node: &RealNode, work: impl FnOnce() -> R + Send) -> R {
    std::thread::scope(|scope| {
        let bound = || {
            assert!(pin(node.cpus[0]), "node {} has CPUs for this process", node.number);
            work()
        };
        scope.spawn(bound).join().expect("a thread bound to a node panicked")
    })
}

/// The node of each page that holds one of `addresses`, from `move_pages`. A page that was never touched has
/// a negative number. If the system does not answer, its error number.
pub(crate) fn nodes_of(addresses: &[usize]) -> Result<Vec<i32>, i32> {
    let pages: Vec<usize> = addresses.iter().map(|address| address / PAGE * PAGE).collect();
    let mut found = vec![0i32; pages.len()];
    // SAFETY: both arrays are alive and have the length that the call gets. Without target nodes the call
    // moves nothing.
    let result = unsafe {
        libc::syscall(
            libc::SYS_move_pages,
            0usize,
            pages.len(),
            pages.as_ptr(),
            core::ptr::null::<i32>(),
            found.as_mut_ptr(),
            0usize,
        )
    };
    if result >= 0 { Ok(found) } else { Err(std::io::Error::last_os_error().raw_os_error().unwrap_or(0)) }
}

/// Makes these system calls of the calling thread fail with `EPERM` from now on.
pub(crate) fn refuse(calls: &[libc::c_long]) {
    let statement = |code, k| libc::sock_filter { code, jt: 0, jf: 0, k };
    let load_number = statement((libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16, 0);
    let answer = |what| statement((libc::BPF_RET | libc::BPF_K) as u16, what);
    let mut filter = vec![load_number];
    for &call in calls {
        let code = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
        filter.push(libc::sock_filter { code, jt: 0, jf: 1, k: call as u32 });
        filter.push(answer(libc::SECCOMP_RET_ERRNO | libc::EPERM as u32));
    }
    filter.push(answer(libc::SECCOMP_RET_ALLOW));
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // SAFETY: the call takes only integers.
    assert_eq!(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }, 0);
    // SAFETY: the program and the filter it points to are alive.
    let set = unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) };
    assert_eq!(set, 0);
}

/// Runs the test of this name again in its own process, and `inside` there.
pub(crate) fn alone(test: &str, inside: impl FnOnce()) {
    const MARK: &str = "NUMA_ALLOC_TEST_ALONE";
    if std::env::var_os(MARK).is_some_and(|mark| mark == test) {
        return inside();
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(MARK, test)
        .output()
        .unwrap();
    let [out, err] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    assert!(output.status.success(), "{}\n{out}{err}", output.status);
    assert!(out.contains("1 passed"), "{out}");
    print!("{}", said(&out));
}

/// What a test printed, without the output of the test harness.
fn said(words: &str) -> String {
    let inside = words.split_once(" ... ").map_or("", |(_, rest)| rest);
    inside
        .split_once("\ntest result")
        .map_or("", |(inside, _)| inside.trim_end().trim_end_matches("ok"))
        .to_owned()
}
