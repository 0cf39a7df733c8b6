//! The ceilings of the machine, if the sweep measured them: what one thread and several get from memory. And the
//! settings that `--adaptive` dropped.

use bench::ceilings::{Ceilings, Range};
use bench::units::three_digits;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::tables::ends;

/// What `--adaptive` says in the file.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Adaptive {
    races: Vec<Race>,
}

/// The settings of one map under one workload.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Race {
    map: String,
    workload: String,
    best: Option<String>,
    settings: usize,
    dropped: Vec<Dropped>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Dropped {
    setting: String,
    round: usize,
    leader: String,
    ratio: f64,
    ratio_interval: Option<Ends>,
    proven: bool,
}

#[derive(Deserialize)]
struct Ends {
    low: f64,
    high: f64,
}

/// A part of the file; `None` if the file does not have it.
fn part<T: for<'de> Deserialize<'de>>(other: &Map<String, Value>, name: &str) -> Option<T> {
    serde_json::from_value(other.get(name)?.clone()).ok()
}

/// The tables of the ceilings; nothing if they were not measured.
pub(super) fn ceilings(other: &Map<String, Value>) -> Markup {
    let Some(of) = part::<Ceilings>(other, "ceilings") else { return html! {} };
    let pairs = of.pairs.iter().map(|pair| {
        let place =
            format!("CPU on node {}, memory on node {}, {}", pair.cpu_node, pair.memory_node, pair.pages);
        let numbers = [
            (pair.dependent_ns, pair.dependent_ns_range),
            (pair.independent_mops, pair.independent_mops_range),
            (pair.written_mops, pair.written_mops_range),
        ];
        (place, numbers.to_vec())
    });
    let bandwidth = of.bandwidth.iter().map(|of| {
        let place = format!("{} threads, pin {}, {}", of.threads, of.pin, of.pages);
        let numbers = [
            (of.gib_s, of.gib_s_range),
            (of.independent_mops, of.independent_mops_range),
            (of.written_mops, of.written_mops_range),
        ];
        (place, numbers.to_vec())
    });
    let handovers = of.handovers.iter().map(|of| {
        let ([a, b], [from, to]) = (of.cpus, of.nodes);
        (format!("CPUs {a} and {b}, nodes {from} and {to}"), vec![(of.ns, of.ns_range)])
    });
    html! {
        h2 { "Ceilings" }
        p {
            "What the memory of this machine does when nothing disturbs it: the best of several windows, and below it \
             the least and the greatest. The column \"ceiling\" of the cells says how near each one comes."
        }
        (table("One thread", &["dependent miss, ns", "independent misses, M/s", "written lines, M/s"], pairs.collect()))
        (table("Several threads", &["read, GiB/s", "independent misses, M/s", "written lines, M/s"], bandwidth.collect()))
        (table("A line that two CPUs write in turns", &["handover, ns"], handovers.collect()))
        @if !of.notes.is_empty() { ul { @for note in &of.notes { li { (note) } } } }
    }
}

fn table(caption: &str, headings: &[&str], rows: Vec<(String, Vec<(f64, Range)>)>) -> Markup {
    html! {
        @if !rows.is_empty() {
            div.scroll tabindex="0" {
                table {
                    caption { (caption) }
                    thead { tr { th scope="col" { "where" } @for heading in headings { th scope="col" { (heading) } } } }
                    tbody {
                        @for (place, numbers) in &rows {
                            tr {
                                th scope="row" { (place) }
                                @for (best, [low, high]) in numbers { (ends(*best, Some((*low, *high)), three_digits)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The settings that were dropped; nothing without `--adaptive`.
pub(super) fn dropped(other: &Map<String, Value>) -> Markup {
    let Some(Adaptive { races }) = part(other, "adaptive") else { return html! {} };
    html! {
        h2 { "Settings that were dropped" }
        ul {
            @for Race { map, workload, best, settings, dropped } in &races {
                li {
                    (map) ", " (workload) ": " (dropped.len()) " of " (settings) " settings were dropped; the best is "
                    (best.as_deref().unwrap_or("not known")) "."
                }
            }
        }
        div.scroll tabindex="0" {
            table {
                thead {
                    tr {
                        th scope="col" { "setting" }
                        th.words scope="col" { "map and workload" }
                        th scope="col" { "after round" }
                        th.words scope="col" { "best setting then" }
                        th scope="col" { "how much faster that was" }
                        th.words scope="col" { "why" }
                    }
                }
                tbody {
                    @for (race, of) in races.iter().flat_map(|race| race.dropped.iter().map(move |of| (race, of))) {
                        tr {
                            th scope="row" { (of.setting) }
                            td.words { (race.map) ", " (race.workload) }
                            td { (of.round) }
                            td.words { (of.leader) }
                            (ends(of.ratio, of.ratio_interval.as_ref().map(|ends| (ends.low, ends.high)), three_digits))
                            td.words { (if of.proven { "slower for sure" } else { "the budget of runs ended" }) }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn other(json: &str) -> Map<String, Value> {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn ceilings_have_their_ranges_and_units() {
        let text = ceilings(&other(
            r#"{"ceilings": {
                "pairs": [{"cpu_node": 0, "memory_node": 1, "pages": "thp", "dependent_ns": 98.1,
                           "dependent_ns_range": [98.1, 103.0], "independent_mops": 182.0, "written_mops": 91.0}],
                "bandwidth": [{"pin": "compact", "pages": "4k", "threads": 2, "gib_s": 41.0}],
                "handovers": [{"cpus": [0, 1], "nodes": [0, 0], "ns": 55.0, "ns_range": [55.0, 71.0]}],
                "notes": ["no <huge> pages"]}}"#,
        ))
        .into_string();
        for words in [
            "memory on node 1, thp",
            "98.1<small>98.1–103</small>",
            "dependent miss, ns",
            "2 threads, pin compact, 4k",
            "read, GiB/s",
            "55.0<small>55.0–71.0</small>",
            "no &lt;huge&gt; pages",
        ] {
            assert!(text.contains(words), "{words} in {text}");
        }
        assert_eq!(ceilings(&other(r#"{"ceilings": null}"#)).into_string(), "");
    }

    #[test]
    fn dropped_settings_say_how_much_slower_they_were_and_why() {
        let text = dropped(&other(
            r#"{"adaptive": {"races": [{"map": "bskip-numa", "workload": "c", "best": "local thp", "settings": 4,
                "dropped": [{"setting": "node:1 4k", "round": 2, "leader": "local thp", "ratio": 1.5,
                             "ratio_interval": {"low": 1.2, "high": 1.8}, "proven": true}]}]}}"#,
        ))
        .into_string();
        for words in
            ["1 of 4 settings were dropped", "node:1 4k", "1.50<small>1.20–1.80</small>", "slower for sure"]
        {
            assert!(text.contains(words), "{words} in {text}");
        }
        assert_eq!(dropped(&other("{}")).into_string(), "");
    }
}
