//! Runs one cell: builds the map, loads it, runs the workload, checks everything, adds up the numbers.

use crate::dyn_map::{DynMap, Run, build, build_strings};
use crate::generate::Generator;
use crate::interference::{Interference, Probe};
use crate::locks;
use crate::maps::names::{BuildError, Lack, MapSpec};
use crate::maps::ordered_map::Footprint;
use crate::memory;
use crate::open_loop::PERCENTS;
use crate::ops::{Checks, Stripe};
use crate::perf::{Counters, Counting};
use crate::protocol::{CellOutcome, CellSpec, Latency, MOST_THREADS, Measurement, OpenLoop, check_rate};
use crate::rusage::resident_bytes;
use crate::strings::{self, Spelling};
use crate::team::{Team, TeamError};
use crate::trace::{self, Listed};
use crate::verify::Expected;
use crate::workload::Workload;
use hdrhistogram::Histogram;
use std::path::Path;
use std::sync::Arc;

/// Runs a cell. A wrong answer or a panic inside the map gives [`CellOutcome::Failed`]. A map that is not in
/// this build gives [`CellOutcome::Skipped`], and so does a map or a pinning that this machine cannot have.
///
/// # Errors
/// The spec makes no sense: unknown names, no threads or keys, a trace that cannot be read.
pub fn run(spec: &CellSpec) -> Result<CellOutcome, String> {
    let script = Script::new(spec)?;
    let spelling = script.spelling.clone();
    run_script(spec, script, || match spelling {
        Some(spelling) => build_strings(&MapSpec::from(spec), spelling),
        None => build(&MapSpec::from(spec)),
    })
}

/// Runs a cell on the map that `build` makes. The spec's name of the map is only for messages.
///
/// # Errors
/// As [`run`].
pub fn run_with(
    spec: &CellSpec,
    build: impl FnOnce() -> Result<Box<dyn DynMap>, BuildError>,
) -> Result<CellOutcome, String> {
    run_script(spec, Script::new(spec)?, build)
}

/// Runs the script of a cell on the map that `build` makes.
fn run_script(
    spec: &CellSpec,
    mut script: Script,
    build: impl FnOnce() -> Result<Box<dyn DynMap>, BuildError>,
) -> Result<CellOutcome, String> {
    let team = match Team::new(spec.threads, &spec.pin) {
        Ok(team) => team,
        Err(e @ TeamError::Spelling(_)) => return Err(e.to_string()),
        Err(e @ TeamError::Pin(_)) => return Ok(CellOutcome::Skipped { reason: e.to_string() }),
    };
    if spec.open_loop && script.has_arrivals() && team.len() > team.parallelism() {
        return Ok(CellOutcome::Skipped { reason: crowded(team.len(), team.parallelism()) });
    }
    let needs = script.needs();
    // The operations must be in memory before the map's memory is measured.
    let load = script.load();
    let key_bytes = strings::mean_length(script.spelling.as_ref(), &load.0);
    let before = resident_bytes();
    match build() {
        Ok(map) => Ok(match needs.iter().find(|need| map.lacks().contains(need)) {
            Some(need) => CellOutcome::Skipped { reason: format!("{} has no {need}", spec.map) },
            None => run_on(&*map, &team, &mut script, load, before, spec).map_or_else(
                |reason| CellOutcome::Failed { reason },
                |m| CellOutcome::Measured(Box::new(Measurement { key_bytes, ..m })),
            ),
        }),
        Err(BuildError::Bad(reason)) => Err(reason),
        Err(BuildError::Unavailable(reason)) => Ok(CellOutcome::Skipped { reason }),
    }
}

/// Why workers that share CPUs have no latencies by a schedule.
fn crowded(threads: usize, cpus: usize) -> String {
    format!(
        "open loop needs a CPU for each thread, and {threads} threads have {cpus}: \
         their latencies would be those of the scheduler"
    )
}

/// Runs load and workload of `script` on an empty map. `before` is the memory of the process before the map
/// was built.
///
/// # Errors
/// The first wrong answer or panic, in words.
fn run_on(
    map: &dyn DynMap,
    team: &Team,
    script: &mut Script,
    (load, checks): (Vec<Stripe>, Checks),
    before: Option<u64>,
    spec: &CellSpec,
) -> Result<Measurement, String> {
    let (loading, watched) = watch(map, team, &load, &checks, spec)?;
    let grown = before.zip(resident_bytes()).map(|(b, a)| a.saturating_sub(b));
    let footprint = map.footprint();
    let keys = script.keys();
    drop(load);
    let (Run { elapsed, tally, rates, locks }, (interference, counters)) = match script.run() {
        None => (loading, watched),
        Some((stripes, checks)) => {
            let (mut run, watched) = watch(map, team, &stripes, &checks, spec)?;
            run.tally.checked += loading.tally.checked;
            (run, watched)
        }
    };
    check_rate(tally.ops, elapsed.as_secs_f64())?;
    let peak = tally.ops as f64 / elapsed.as_secs_f64();
    let (open_loop, by_schedule) =
        if spec.open_loop { levels(map, team, script, peak)? } else { (Vec::new(), 0) };
    let checked = by_schedule + map.check(script.expected())?;
    let per_key = |bytes: u64| (keys > 0).then(|| bytes as f64 / keys as f64);
    let (bytes_per_key, source) = match &footprint {
        Some(f) => (per_key(f.issued), "arena"),
        None => (grown.and_then(per_key), "rss"),
    };
    let placed = map.footprint();
    let (local_blocks, remote_blocks) = placed.as_ref().and_then(|f| locality(f, team.node())).unzip();
    Ok(Measurement {
        ops: tally.ops,
        seconds: elapsed.as_secs_f64(),
        latency: latency(tally.read_nanos.iter().chain(&tally.write_nanos)),
        reads: latency(&tally.read_nanos),
        writes: latency(&tally.write_nanos),
        slowest_mops: rates.iter().copied().min_by(f64::total_cmp).map(|rate| rate / 1e6),
        fastest_mops: rates.iter().copied().max_by(f64::total_cmp).map(|rate| rate / 1e6),
        open_loop,
        interference: Some(interference),
        counters,
        locks: locks::per_op(&spec.map, &locks, tally.ops),
        bytes_per_key,
        bytes_source: source.into(),
        // What the map got is known to the caller.
        key_bytes: None,
        reserved_per_key: footprint.and_then(|Footprint { reserved, .. }| per_key(reserved)),
        local_blocks,
        remote_blocks,
        blocks_by_node: placed.map_or_else(Vec::new, |footprint| footprint.nodes),
        checked: tally.checked + checked,
        notes: team.notes().iter().cloned().chain(map.notes()).collect(),
    })
}

/// Runs stripes, and watches what else uses the machine and what perf events count.
fn watch(
    map: &dyn DynMap,
    team: &Team,
    stripes: &[Stripe],
    checks: &Checks,
    spec: &CellSpec,
) -> Result<(Run, (Interference, Option<Counters>)), String> {
    let counting = spec.counters.then(Counting::begin);
    let probe = Probe::new(team.cpus(), team.len());
    let run = map.run(team, stripes, checks)?;
    let interference = probe.end();
    let counters = counting.map(|counting| counting.end(run.tally.ops));
    Ok((run, (interference, counters)))
}

/// Runs the workload at some parts of its peak, in operations a second. Returns the latencies, and how many answers
/// were checked.
fn levels(
    map: &dyn DynMap,
    team: &Team,
    script: &mut Script,
    peak: f64,
) -> Result<(Vec<OpenLoop>, u64), String> {
    let (mut levels, mut checked) = (Vec::new(), 0);
    for percent in PERCENTS {
        let rate = peak * f64::from(percent) / 100.0;
        let Some((stripes, checks)) = script.arrivals(percent) else { break };
        let (all, count) = map.run_by_schedule(team, &stripes, &checks, rate)?;
        checked += count;
        let mut latencies = Histogram::<u64>::new(3).expect("three digits are allowed");
        all.iter()
            .for_each(|arrived| latencies.add(&arrived.latencies).expect("the histogram resizes itself"));
        let seconds = all.iter().map(|arrived| arrived.elapsed.as_secs_f64()).fold(0.0, f64::max);
        levels.push(OpenLoop {
            percent,
            offered_mops: rate / 1e6,
            achieved_mops: if seconds > 0.0 { latencies.len() as f64 / seconds / 1e6 } else { 0.0 },
            latency: percentiles(&latencies, latencies.max()),
        });
    }
    Ok((levels, checked))
}

/// Blocks on the node of the thread that asked for them, and other blocks. The numbers are known in three
/// cases: there is only one node; all workers are on one node; or the arena's policy is to place blocks so,
/// and it counted its misses.
fn locality(footprint: &Footprint, workers: Option<u32>) -> Option<(u64, u64)> {
    let Footprint { nodes, misses, .. } = footprint;
    let all: u64 = nodes.iter().map(|(_, blocks)| blocks).sum();
    let local = match (&nodes[..], workers, misses) {
        ([], ..) => return None,
        ([_], ..) => all,
        (_, Some(node), _) => nodes.iter().find(|(n, _)| *n == node).map_or(0, |(_, blocks)| *blocks),
        (_, None, Some(misses)) => all.saturating_sub(*misses),
        (_, None, None) => return None,
    };
    Some((local, all - local))
}

/// What the threads of a cell do.
struct Script {
    work: Work,
    /// If the keys are byte strings, how numbers spell them.
    spelling: Option<Spelling>,
}

/// A generated workload, or a trace.
enum Work {
    /// A workload from the generator.
    Generated {
        /// What to run after the load.
        workload: Workload,
        /// How much of it.
        ops: u64,
        /// What generates it.
        generator: Box<Generator>,
    },
    /// A workload of the user's.
    Traced(Box<trace::Plan>),
}

impl Script {
    /// The script of a spec.
    fn new(spec: &CellSpec) -> Result<Self, String> {
        strings::names::check(spec)?;
        let spelling = strings::shape_of(&spec.keys_like)?.map(Spelling::Like);
        if spec.workload == "trace" {
            return Self::traced(spec, spelling);
        }
        let workload = spec.workload.parse()?;
        memory::check(spec)?;
        let generator = Generator::new(strings::distribution(spec)?, spec.seed, spec.threads, spec.keys)?;
        Ok(Self {
            work: Work::Generated { workload, ops: spec.ops, generator: Box::new(generator) },
            spelling,
        })
    }

    fn traced(spec: &CellSpec, spelling: Option<Spelling>) -> Result<Self, String> {
        let files = spec.trace.as_ref().ok_or("workload 'trace' needs the files of the trace")?;
        if !(1..=MOST_THREADS).contains(&spec.threads) {
            return Err(format!("at least one thread is needed, and at most {MOST_THREADS} are possible"));
        }
        let (load, run) = (Path::new(&files.load), Path::new(&files.run));
        if let (Ok(load), Ok(run)) = (load.metadata(), run.metadata()) {
            trace::check_distinct(&load, &run)?;
        }
        let (load, run, spelling) = if files.keys.are_strings() {
            let Listed { load, run, keys } = trace::read_strings(load, run, files.keys)?;
            (load, run, Some(Spelling::Listed(Arc::new(keys))))
        } else {
            (trace::read(load)?, trace::read(run)?, spelling)
        };
        Ok(Self { work: Work::Traced(Box::new(trace::plan(&load, &run, spec.threads))), spelling })
    }

    /// The load, which is measured only if the workload is `load`.
    fn load(&mut self) -> (Vec<Stripe>, Checks) {
        match &mut self.work {
            Work::Generated { generator, .. } => (generator.load(u64::MAX), generator.checks(Workload::Load)),
            Work::Traced(plan) => (std::mem::take(&mut plan.load), plan.checks.clone()),
        }
    }

    /// What a map must not lack.
    fn needs(&self) -> Vec<Lack> {
        match &self.work {
            Work::Generated { workload, .. } => workload.needs(),
            Work::Traced(plan) => plan.needs(),
        }
    }

    /// Keys in the map after the load.
    fn keys(&self) -> u64 {
        match &self.work {
            Work::Generated { generator, .. } => generator.count(),
            Work::Traced(plan) => plan.loaded,
        }
    }

    /// What is measured after the load, if anything.
    fn run(&mut self) -> Option<(Vec<Stripe>, Checks)> {
        match &mut self.work {
            Work::Generated { workload: Workload::Load, .. } => None,
            Work::Generated { workload, ops, generator } => {
                let stripes = generator.run(*workload, *ops);
                Some((stripes, generator.checks(*workload)))
            }
            Work::Traced(plan) => Some((std::mem::take(&mut plan.run), plan.checks.clone())),
        }
    }

    /// Operations that arrive by a schedule, `percent` per cent of the run's. `None` if the workload has calls of many
    /// operations, or is a trace.
    fn arrivals(&mut self, percent: u32) -> Option<(Vec<Stripe>, Checks)> {
        match &mut self.work {
            Work::Generated { workload, ops, generator } if has_arrivals(*workload) => {
                let stripes = generator.run(*workload, (*ops * u64::from(percent) / 100).max(1));
                Some((stripes, generator.checks(*workload)))
            }
            _ => None,
        }
    }

    /// Whether [`Self::arrivals`] has operations.
    fn has_arrivals(&self) -> bool {
        matches!(&self.work, Work::Generated { workload, .. } if has_arrivals(*workload))
    }

    fn expected(&self) -> Expected<'_> {
        match &self.work {
            Work::Generated { generator, .. } => generator.expected(),
            Work::Traced(plan) => plan.expected(),
        }
    }
}

/// Whether single operations of this workload can arrive by a schedule.
fn has_arrivals(workload: Workload) -> bool {
    workload.batch() == 1 && !matches!(workload, Workload::Load | Workload::S)
}

/// Percentiles of nanoseconds, to three digits.
fn latency<'a>(nanos: impl IntoIterator<Item = &'a u64>) -> Latency {
    let mut histogram = Histogram::<u64>::new(3).expect("three digits are allowed");
    let mut max = 0;
    for &n in nanos {
        histogram.record(n).expect("the histogram resizes itself");
        max = max.max(n);
    }
    percentiles(&histogram, max)
}

/// The percentiles of a histogram whose largest value is known.
fn percentiles(histogram: &Histogram<u64>, max: u64) -> Latency {
    // The histogram answers with the upper end of a bucket.
    let at = |percentile| histogram.value_at_percentile(percentile).min(max);
    Latency { samples: histogram.len(), p50: at(50.0), p99: at(99.0), p999: at(99.9), p9999: at(99.99), max }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_samples() {
        let nanos: Vec<u64> = (1..=1000).collect();
        let l = latency(&nanos);
        assert_eq!((l.samples, l.p50, l.p99, l.max), (1000, 500, 990, 1000));
        assert!((999..=1000).contains(&l.p999) && l.p999 <= l.p9999, "{l:?}");
        assert_eq!(latency(&[]), Latency::default());
    }

    #[test]
    fn open_loop_is_skipped_if_threads_share_cpus() {
        let run = |pin: &str, workload: &str, threads, open_loop| {
            let (pin, workload) = (pin.into(), workload.into());
            super::run(&CellSpec {
                pin,
                workload,
                threads,
                open_loop,
                keys: 100,
                ops: 100,
                ..CellSpec::default()
            })
        };
        let cpus = Team::new(1, "none").unwrap().parallelism();
        match run("none", "c", cpus + 1, true).unwrap() {
            CellOutcome::Skipped { reason } => assert_eq!(reason, crowded(cpus + 1, cpus)),
            other => panic!("{other:?}"),
        }
        for (workload, threads, open_loop, levels) in
            [("c", 1, true, 3), ("c", cpus + 1, false, 0), ("load", cpus + 1, true, 0)]
        {
            match run("none", workload, threads, open_loop).unwrap() {
                CellOutcome::Measured(found) => assert_eq!(found.open_loop.len(), levels, "{workload}"),
                other => panic!("{workload}: {other:?}"),
            }
        }
    }

    #[test]
    fn locality_is_given_if_it_is_known() {
        let on = |nodes: &[(u32, u64)], misses| Footprint {
            nodes: nodes.to_vec(),
            misses,
            ..Footprint::default()
        };
        assert_eq!(locality(&on(&[], None), Some(0)), None);
        assert_eq!(locality(&on(&[(0, 7)], None), None), Some((7, 0)));
        let two = [(0, 7), (1, 5)];
        assert_eq!(locality(&on(&two, Some(2)), Some(1)), Some((5, 7)));
        assert_eq!(locality(&on(&two, Some(2)), None), Some((10, 2)));
        assert_eq!(locality(&on(&two, None), None), None);
        assert_eq!(locality(&on(&two, None), Some(2)), Some((0, 12)));
    }

    #[test]
    fn nonsense_is_an_error_and_a_cell_for_another_machine_is_skipped() {
        let spec = CellSpec { keys: 100, ops: 100, ..CellSpec::default() };
        for bad in [
            CellSpec { map: "hashmap".into(), ..spec.clone() },
            CellSpec { workload: "d".into(), ..spec.clone() },
            CellSpec { workload: "trace".into(), ..spec.clone() },
            CellSpec { dist: "normal".into(), ..spec.clone() },
            CellSpec { threads: 0, ..spec.clone() },
            CellSpec { keys: 0, ..spec.clone() },
            CellSpec { pin: "left".into(), ..spec.clone() },
        ] {
            assert!(run(&bad).is_err(), "{bad:?}");
        }
        let elsewhere = run(&CellSpec { pin: "cpus:60000".into(), ..spec }).unwrap();
        assert!(matches!(elsewhere, CellOutcome::Skipped { .. }), "{elsewhere:?}");
    }
}
