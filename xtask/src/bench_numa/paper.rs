//! The figures of the B-skiplist paper, for `--preset paper`. They come from another machine, and every line
//! says so.
//!
//! The paper (arXiv 2507.21492) states ratios in its abstract. Million operations a second are in a log of its
//! public artifact: github.com/Ratbuyer/bskip_artifact, `bskiplist/results/brian/ycsb.txt` of commit f0e3f182,
//! with 100M keys. The log names neither the machine nor the number of threads.

use super::plan::Plan;
use super::summary::Row;
use bench::units::three_digits;

/// What each line below says of.
pub(crate) const HEADING: &str = "Beside the paper: the figures in brackets come from another machine, a log of the \
                                  paper's artifact\n  (100M keys; it names neither machine nor threads)";

/// Workload, distribution and the median of the artifact's B-skiplist in million operations a second.
const ARTIFACT: [(&str, &str, f64); 10] = [
    ("load", "uniform", 31.7),
    ("a", "uniform", 38.5),
    ("b", "uniform", 51.5),
    ("c", "uniform", 51.4),
    ("e", "uniform", 30.5),
    ("load", "zipfian", 31.4),
    ("a", "zipfian", 42.3),
    ("b", "zipfian", 58.4),
    ("c", "zipfian", 61.3),
    ("e", "zipfian", 36.5),
];

/// Peers, with the abstract's words about maps of their kind.
const ABSTRACT: [(&str, &str); 2] = [
    ("crossbeam-skiplist", "2 to 9 times the throughput of other skiplists (Folly, Java and others)"),
    ("masstree", ".9 to 1.7 times that of Masstree and other trees on point workloads"),
];

/// Our figures of the largest number of threads beside those of the paper. Empty if the plan is another preset.
pub(crate) fn lines(plan: &Plan, rows: &[Vec<Row>]) -> Vec<String> {
    if plan.preset.as_deref() != Some("paper") {
        return Vec::new();
    }
    let most = plan.specs().map(|spec| spec.threads).max().unwrap_or(0);
    // The median of this map in this setting, with the largest number of threads.
    let ours = |map: &str, workload: &str, dist: &str| {
        let cells = plan.groups.iter().zip(rows).flat_map(|(group, rows)| group.cells.iter().zip(rows));
        cells.into_iter().find_map(|(spec, row)| match row {
            Row::Measured(numbers)
                if (&*spec.map, &*spec.workload, &*spec.dist, spec.threads)
                    == (map, workload, dist, most) =>
            {
                Some(numbers.mops.median)
            }
            _ => None,
        })
    };
    let mut lines: Vec<String> = ARTIFACT
        .iter()
        .filter_map(|(workload, dist, theirs)| {
            let mops = three_digits(ours("bskip", workload, dist)?);
            let threads = if most == 1 { "thread" } else { "threads" };
            Some(format!(
                "{workload}, {dist}: bskip {mops} Mops/s here, {most} {threads} [{}]",
                three_digits(*theirs)
            ))
        })
        .collect();
    for (peer, words) in ABSTRACT {
        let ratios = ARTIFACT.iter().filter(|(workload, ..)| *workload != "e" || peer != "masstree");
        let ratios: Vec<f64> = ratios
            .filter_map(|(workload, dist, _)| {
                Some(ours("bskip", workload, dist)? / ours(peer, workload, dist)?)
            })
            .collect();
        if let Some(least) = ratios.iter().copied().reduce(f64::min) {
            let largest = ratios.iter().copied().fold(least, f64::max);
            let [least, largest] = [least, largest].map(three_digits);
            lines.push(format!(
                "bskip has {least} to {largest} times the throughput of {peer} here [abstract, 128 threads: {words}]"
            ));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::super::machine::tests::sample;
    use super::super::plan::tests::plan;
    use super::super::run::tests::measured;
    use super::super::summary::rows;
    use super::super::summary::tests::run;
    use super::*;

    #[test]
    fn our_figures_stand_beside_those_of_the_paper() {
        let flags = "--preset paper --maps bskip,masstree --workloads c --dist zipfian --repeat 1";
        let paper = plan(flags, &sample(2, 1)).unwrap();
        // One thread, then two; the map, then the peer.
        let mut runs = [run(&paper, 0, 1, measured(1.0)), run(&paper, 1, 1, measured(0.5))].to_vec();
        for (row, mops) in [(0, 9.0), (1, 6.0)] {
            let mut more = run(&paper, row, 1, measured(mops));
            more.place.group = 1;
            more.spec = paper.groups[1].cells[row].clone();
            runs.push(more);
        }
        let text = lines(&paper, &rows(&paper, &runs));
        assert_eq!(
            text,
            [
                "c, zipfian: bskip 9.00 Mops/s here, 2 threads [61.3]",
                "bskip has 1.50 to 1.50 times the throughput of masstree here [abstract, 128 threads: .9 to 1.7 times \
                 that of Masstree and other trees on point workloads]"
            ]
        );
        let flags = "--preset paper --maps bskip --workloads c --dist zipfian --threads 1 --repeat 1";
        let one = plan(flags, &sample(2, 1)).unwrap();
        let rows = rows(&one, &[run(&one, 0, 1, measured(1.0))]);
        assert_eq!(lines(&one, &rows), ["c, zipfian: bskip 1.00 Mops/s here, 1 thread [61.3]"]);
        let other = plan("--workloads c", &sample(2, 1)).unwrap();
        assert!(lines(&other, &super::super::summary::rows(&other, &[])).is_empty());
    }
}
