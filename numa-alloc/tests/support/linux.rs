//! Tests of what cannot be taken back: in a process of their own, under a filter of system calls.

use std::process::Command;

/// Runs the test of this name again in a process of its own; there `inside` runs.
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
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
}

/// From now on these system calls of the calling thread fail with `EPERM`.
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
    // SAFETY: plain integers.
    assert_eq!(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }, 0);
    // SAFETY: the program and the filter it points to are alive.
    let set = unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) };
    assert_eq!(set, 0);
}
