//! Looks at the machine before and after a run.

use super::Interference;
use crate::rusage::{cpu_time, preemptions};
use std::fs::read_to_string;
use std::time::{Duration, Instant};

/// The machine before a run.
pub(crate) struct Probe {
    /// The CPUs of the workers, and how many workers there are.
    cpus: Vec<u32>,
    workers: usize,
    begun: Instant,
    before: Counters,
    runnable: Option<u64>,
    mhz: Option<u64>,
}

/// What the system has counted so far. `None` if it does not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Counters {
    /// Time that the CPUs were busy, and that they were stolen.
    busy: Option<Duration>,
    stolen: Option<Duration>,
    /// CPU time of this process.
    own: Option<Duration>,
    preemptions: Option<u64>,
    /// Microseconds in which some task waited for a CPU.
    pressure: Option<u64>,
}

impl Counters {
    fn now(cpus: &[u32]) -> Self {
        let (busy, stolen) = read_to_string("/proc/stat").ok().and_then(|text| times(&text, cpus)).unzip();
        Self {
            busy,
            stolen,
            own: cpu_time(),
            preemptions: preemptions(),
            pressure: read_to_string("/proc/pressure/cpu").ok().and_then(|text| pressure(&text)),
        }
    }
}

impl Probe {
    /// Begins, for workers on `cpus`.
    pub(crate) fn new(cpus: Vec<u32>, workers: usize) -> Self {
        let runnable = read_to_string("/proc/loadavg").ok().and_then(|text| runnable(&text));
        let mhz = cpus.first().and_then(|&cpu| mhz(cpu));
        let before = Counters::now(&cpus);
        Self { cpus, workers, begun: Instant::now(), before, runnable, mhz }
    }

    /// Ends.
    pub(crate) fn end(self) -> Interference {
        let (wall, after) = (self.begun.elapsed(), Counters::now(&self.cpus));
        let first = self.cpus.first().copied();
        Interference {
            runnable: self.runnable,
            mhz: self.mhz.zip(first.and_then(mhz)).map(|(before, after)| [before, after]),
            ..between(&self.before, &after, wall, self.cpus.len(), self.workers)
        }
    }
}

/// What happened between two looks at the counters.
fn between(before: &Counters, after: &Counters, wall: Duration, cpus: usize, workers: usize) -> Interference {
    let grown = |of: fn(&Counters) -> Option<Duration>| {
        of(before).zip(of(after)).map_or(0.0, |(before, after)| after.saturating_sub(before).as_secs_f64())
    };
    let wall = wall.as_secs_f64();
    let used = workers.min(cpus);
    let wanted = wall * used as f64;
    // Workers that may choose among more CPUs than they need lose nothing to a task on one of the others.
    let spare = wall * (cpus - used) as f64;
    let stolen = grown(|counters| counters.stolen);
    let others = grown(|counters| counters.busy) - grown(|counters| counters.own);
    let part = |seconds: f64| if wanted > 0.0 { (seconds.max(0.0) / wanted).min(1.0) } else { 0.0 };
    let since = |before: Option<u64>, after: Option<u64>| Some(after?.saturating_sub(before?));
    Interference {
        stolen: part(stolen - spare),
        others: part(others - spare),
        cpu_seconds: wanted,
        preemptions: since(before.preemptions, after.preemptions),
        pressure: since(before.pressure, after.pressure)
            .map(|us| if wall > 0.0 { us as f64 / 1e6 / wall } else { 0.0 }),
        ..Interference::default()
    }
}

/// The time that these CPUs were busy with anything, and the time that was stolen from them, from `/proc/stat`.
fn times(stat: &str, cpus: &[u32]) -> Option<(Duration, Duration)> {
    let (mut busy, mut stolen, mut found) = (0, 0, false);
    for line in stat.lines() {
        let mut words = line.split_whitespace();
        let Some(cpu) = words.next().and_then(|name| name.strip_prefix("cpu")?.parse::<u32>().ok()) else {
            continue;
        };
        if !cpus.contains(&cpu) {
            continue;
        }
        // user, nice, system, idle, iowait, irq, softirq, steal. What guests use is part of user and nice.
        let ticks: Vec<u64> = words.map_while(|word| word.parse().ok()).collect();
        let at = |index: usize| ticks.get(index).copied().unwrap_or(0);
        busy += at(0) + at(1) + at(2) + at(5) + at(6);
        stolen += at(7);
        found = true;
    }
    // A hundredth of a second each, on every machine that Rust supports.
    found.then(|| (Duration::from_millis(10 * busy), Duration::from_millis(10 * stolen)))
}

/// Microseconds in which some task waited, from `some avg10=0.00 avg60=0.00 avg300=0.00 total=123`.
fn pressure(text: &str) -> Option<u64> {
    let some = text.lines().find(|line| line.starts_with("some "))?;
    some.split_once("total=")?.1.trim().parse().ok()
}

/// Runnable tasks other than the one that asks, from `0.36 2.01 2.13 3/120 4567`.
fn runnable(text: &str) -> Option<u64> {
    let tasks = text.split_whitespace().nth(3)?.split_once('/')?.0;
    tasks.parse::<u64>().ok().map(|tasks| tasks.saturating_sub(1))
}

fn cpufreq(cpu: u32, file: &str) -> Option<String> {
    let text = read_to_string(format!("/sys/devices/system/cpu/cpu{cpu}/cpufreq/{file}")).ok()?;
    Some(text.trim().to_owned())
}

fn mhz(cpu: u32) -> Option<u64> {
    cpufreq(cpu, "scaling_cur_freq")?.parse::<u64>().ok().map(|khz| khz / 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAT: &str =
        "cpu  9 9 9 9 9 9 9 9 0 0\ncpu0 100 10 20 500 7 1 2 30 0 0\ncpu1 200 0 0 0 0 0 0 5 0 0\nintr 5\n";

    #[test]
    fn kernel_texts_are_understood() {
        let ms = Duration::from_millis;
        assert_eq!(times(STAT, &[0]), Some((ms(1330), ms(300))));
        assert_eq!(times(STAT, &[0, 1]), Some((ms(3330), ms(350))));
        assert_eq!(times(STAT, &[7]), None);
        assert_eq!(
            pressure("some avg10=0.00 avg60=0.10 avg300=0.00 total=123\nfull avg10=0.00 total=9\n"),
            Some(123)
        );
        assert_eq!(runnable("0.36 2.01 2.13 3/120 4567\n"), Some(2));
        assert_eq!((times("", &[0]), pressure(""), runnable("")), (None, None, None));
    }

    fn counters(busy: u64, stolen: u64, own: u64) -> Counters {
        let ms = |ms| Some(Duration::from_millis(ms));
        Counters {
            busy: ms(busy),
            stolen: ms(stolen),
            own: ms(own),
            preemptions: Some(3),
            pressure: Some(busy),
        }
    }

    #[test]
    fn what_others_had_is_what_was_busy_and_not_ours() {
        let (before, after) = (counters(1000, 50, 400), counters(3000, 150, 2200));
        let second = Duration::from_secs(1);
        // Two workers on two CPUs: 2 s were theirs to have, they used 1.8 s, others 0.2 s.
        let seen = between(&before, &after, second, 2, 2);
        assert!((seen.others - 0.1).abs() < 1e-9 && (seen.stolen - 0.05).abs() < 1e-9, "{seen:?}");
        assert_eq!((seen.cpu_seconds, seen.preemptions, seen.pressure), (2.0, Some(0), Some(0.002)));
        // One worker that may run on either of two CPUs lost nothing.
        assert_eq!(between(&before, &after, second, 2, 1).lost(), 0.0);
        // A system that tells nothing disturbs nothing.
        let nothing = Counters::default();
        assert_eq!(between(&nothing, &nothing, second, 2, 2).lost(), 0.0);
    }

    #[test]
    fn this_machine_can_be_watched() {
        let seen = Probe::new(vec![0], 1).end();
        assert!((0.0..=2.0).contains(&seen.lost()), "{seen:?}");
    }
}
