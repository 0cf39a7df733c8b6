//! `--recommend`: a page with the setting that the model predicts to be the best, for each machine and workload.

use std::fmt::Write as _;

use bench::units::{count, three_digits};

use super::args::Args;
use super::model::{Costs, LEFT_OUT, SOURCES};
use super::predicted::{Ranking, Score, WORKLOADS};
use crate::stop::Stop;
use crate::tree;

/// Where `--accept` puts the page.
const PAGE: &str = "bench/docs/predicted.md";

/// If the next setting takes at most this much longer, the model does not tell the two apart.
const AS_GOOD: f64 = 0.03;

/// Flags whose values are paths.
const PATHS: [&str; 2] = ["--kernel", "--out"];

/// What the page leaves out, beside what the model does.
const NOT_SEEN: [&str; 3] = [
    "the last-level cache that the cores of a node share: it would hold replicas, so these cost less than here",
    "that more nodes have more caches: the keys are as many on 8 nodes as on 2, so ranges of keys look better on 8",
    "placements on a single node: their cost is the bandwidth of that node, so `node:0` would look good here",
];

/// The command line, for the page. Leaves out the flags with paths of this machine: they do not change what is counted.
pub(super) fn command(words: impl IntoIterator<Item = String>) -> String {
    let mut kept: Vec<String> = Vec::new();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        match word.split_once('=') {
            None if PATHS.contains(&&*word) => _ = words.next(),
            Some((flag, _)) if PATHS.contains(&flag) => {}
            _ => kept.push(word),
        }
    }
    kept.join(" ")
}

/// The page: for each machine the best setting for each workload, and below it what all settings take.
///
/// `command` is the command line that counts them.
pub(super) fn page(args: &Args, command: &str, rankings: &[Ranking]) -> String {
    let Costs { latencies: [local, remote, near, far], cores, ghz, ipc } = args.costs;
    let mut text = format!(
        "\
# Predicted settings for 2, 4 and 8 nodes

All numbers on this page are **predicted** from counted lines. Nothing was timed, and no such machine was there. Take
them as a first guess, and measure with `cargo xtask bench-numa` ([tuning](tuning.md)).

This command wrote the page:

```sh
cargo xtask {command}
```

It counted what each operation of `BSkipMap` on `NumaArena` fetches from where, in guests with {} nodes of
{} processors: {} keys, {} operations of each kind (a tenth of them for scans), and a cache of {} KiB for each
processor. A model turns the lines into nanoseconds: {local} ns for a line from local memory, {remote} ns from another node's,
{near} ns from a cache of the same node that modified it, {far} ns from such a cache of another node, and {ghz} GHz with {ipc}
instructions a cycle. A node has {cores} cores with a thread each. All other nodes are equally far.
",
        args.nodes.iter().map(usize::to_string).collect::<Vec<_>>().join(", "),
        args.cpus,
        count(args.keys),
        count(args.ops),
        args.cache >> 10,
    );
    if args.costs == Costs::default() {
        let _ = write!(text, "\nSources: {SOURCES}.\n");
    }
    text.push_str("\nThe prediction leaves out:\n\n");
    LEFT_OUT.iter().chain(&NOT_SEEN).for_each(|what| text.push_str(&format!("* {what};\n")));
    text.truncate(text.len() - 2);
    text.push_str(
        ".

*ns* is the time of an operation of one thread. *Margin* is how much longer the next setting takes. If that is less than
3 %, the model does not tell the two apart: take the simpler one. `+replicas` means that each node has its own copy of
the inner levels. `+lazy` means that a copy is updated only after it has led a search astray. Workloads are those of
`bench-numa`.
",
    );
    let mut of: Vec<(usize, bool)> = rankings.iter().map(|ranking| (ranking.nodes, ranking.ranges)).collect();
    of.dedup();
    for (nodes, ranges) in of {
        let rankings: Vec<&Ranking> =
            rankings.iter().filter(|ranking| (ranking.nodes, ranking.ranges) == (nodes, ranges)).collect();
        let work = if ranges { "each worker has a range of keys" } else { "every worker uses all keys" };
        let _ = write!(text, "\n## {nodes} nodes, {work}\n\n{}\n{}", best(&rankings), all(&rankings));
    }
    text
}

/// A table of the best settings.
fn best(rankings: &[&Ranking]) -> String {
    let mut text =
        "| workload | predicted best | ns | next | its ns | margin |\n| --- | --- | --- | --- | --- | --- |\n"
            .to_owned();
    for Ranking { workload, scores, .. } in rankings {
        let [best, others @ ..] = &scores[..] else { continue };
        let _ = write!(text, "| {workload} | `{}` | {} |", best.setting, three_digits(best.predicted_ns));
        let _ = match others.first() {
            Some(next) => {
                let ns = three_digits(next.predicted_ns);
                writeln!(text, " `{}` | {ns} | {} |", next.setting, margin(best, next))
            }
            None => writeln!(text, " | | |"),
        };
    }
    text
}

fn margin(best: &Score, next: &Score) -> String {
    let margin = next.predicted_ns / best.predicted_ns - 1.0;
    let open = if margin < AS_GOOD { ", not told apart" } else { "" };
    format!("{:.1} %{open}", 100.0 * margin)
}

/// A table of all settings by workload.
fn all(rankings: &[&Ranking]) -> String {
    let mut text = format!("| ns | {} |\n|", WORKLOADS.map(|workload| workload.name()).join(" | "));
    text.push_str(&" --- |".repeat(WORKLOADS.len() + 1));
    let mut settings: Vec<&str> = rankings[0].scores.iter().map(|score| score.setting.as_str()).collect();
    settings.sort_unstable();
    for setting in settings {
        let _ = write!(text, "\n| `{setting}` |");
        for ranking in rankings {
            let score = ranking.scores.iter().find(|score| score.setting == setting);
            let ns = score.map_or_else(String::new, |score| three_digits(score.predicted_ns));
            let _ = write!(text, " {ns} |");
        }
    }
    text + "\n"
}

/// Writes the page to the repository.
///
/// # Errors
///
/// It cannot be written.
pub(super) fn accept(page: &str) -> Result<String, Stop> {
    let path = tree::root().join(PAGE);
    std::fs::write(&path, page)
        .map_err(|error| Stop::failure(format!("cannot write {}: {error}", path.display())))?;
    Ok(format!("\nthe page is now {PAGE}: commit it\n"))
}

#[cfg(test)]
mod tests {
    use super::super::predicted::{rankings, tests::rows};
    use super::*;
    use crate::cli;

    #[test]
    fn the_page_names_the_best_the_next_and_what_is_left_out() {
        let args: Args = cli::parse("--recommend").unwrap();
        let mut all = rows("interleave", 2, 1, [3; 5]);
        all.extend(rows("interleave+replicas", 2, 1, [2, 2, 5, 5, 2]));
        all.extend(rows("partition+ranges", 2, 1, [0; 5]));
        let text = page(&args, "numa-count --recommend", &rankings(&all, &args.costs));
        for words in [
            "**predicted**",
            "This command wrote the page:\n\n```sh\ncargo xtask numa-count --recommend\n```\n",
            "guests with 2, 4, 8 nodes of\n2 processors",
            "## 2 nodes, every worker uses all keys",
            "| c | `interleave+replicas` | 463 | `interleave` | 661 | 42.8 % |",
            "| load | `interleave` | 661 | `interleave+replicas` |",
            "## 2 nodes, each worker has a range of keys",
            "| c | `partition+ranges` | 66.7 | | | |",
            NOT_SEEN[0],
        ] {
            assert!(text.contains(words), "{words}: {text}");
        }
        assert!(LEFT_OUT.iter().all(|what| text.contains(what)));
    }

    #[test]
    fn the_command_has_no_paths_of_this_machine() {
        for line in [
            "numa-count --kernel /boot/vmlinuz --recommend --keys 30k",
            "numa-count --recommend --kernel=/boot/vm=linuz --keys 30k",
            "numa-count --recommend --out results/a --keys 30k --out=results --kernel vmlinuz",
        ] {
            let command = command(line.split(' ').map(str::to_owned));
            assert_eq!(command, "numa-count --recommend --keys 30k", "{line}");
        }
    }

    #[test]
    fn settings_that_are_nearly_equal_are_not_told_apart() {
        let score = |predicted_ns| Score { setting: "local".into(), predicted_ns };
        assert_eq!(margin(&score(100.0), &score(102.9)), "2.9 %, not told apart");
        assert_eq!(margin(&score(100.0), &score(104.0)), "4.0 %");
    }
}
