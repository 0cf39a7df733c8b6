//! The ceilings of the machine, if the sweep measured them: what one thread and several get from memory.

use bench::ceilings::{Bandwidth, Ceilings, Pair, Range};
use bench::units::three_digits;
use maud::{Markup, html};
use serde_json::{Map, Value};

use super::file::part;
use super::grid::{COLUMNS, Grid, Square};
use super::interval::Estimate;
use super::lines::{Line, lines};
use super::svg::Picture;
use super::tables::{ends, ends_in_words};
use super::words;
use crate::cli::distinct;

/// The pictures and tables of the ceilings; nothing if they were not measured.
pub(super) fn section(other: &Map<String, Value>) -> Markup {
    let Some(of) = part::<Ceilings>(other, "ceilings") else { return html! {} };
    let pairs = of.pairs.iter().map(|pair| {
        let place = place_of(pair);
        let numbers = [
            (pair.dependent_ns, pair.dependent_ns_range),
            (pair.independent_mops, pair.independent_mops_range),
            (pair.written_mops, pair.written_mops_range),
        ];
        (place, numbers.to_vec())
    });
    let bandwidth = of.bandwidth.iter().map(|of| {
        let place = place_together(of);
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
        div.pictures { (bandwidth_lines(&of.bandwidth)) @for picture in latencies(&of.pairs) { (picture) } }
        (table("One thread", &["dependent miss, ns", "independent misses, M/s", "written lines, M/s"], pairs.collect()))
        (table("Several threads", &["read, GiB/s", "independent misses, M/s", "written lines, M/s"], bandwidth.collect()))
        (table("A line that two CPUs write in turns", &["handover, ns"], handovers.collect()))
        @if !of.notes.is_empty() { ul { @for note in &of.notes { li { (note) } } } }
    }
}

fn place_of(pair: &Pair) -> String {
    format!("CPU on node {}, memory on node {}, {}", pair.cpu_node, pair.memory_node, pair.pages)
}

fn place_together(of: &Bandwidth) -> String {
    format!("{}, pin {}, {}", words::threads(of.threads), of.pin, of.pages)
}

/// Latencies and bandwidth by name, to compare sweeps; empty if they were not measured.
pub(super) fn facts(other: &Map<String, Value>) -> Vec<(String, String)> {
    let of: Ceilings = part(other, "ceilings").unwrap_or_default();
    let told = |best: f64, range: Range, unit: &str| {
        let Estimate { middle, interval } = ranged(best, range);
        format!("{} {unit} (windows: {})", three_digits(middle), ends_in_words(interval, three_digits))
    };
    let pairs = of.pairs.iter().map(|pair| {
        let name = format!("dependent miss, {}", place_of(pair));
        (name, told(pair.dependent_ns, pair.dependent_ns_range, "ns"))
    });
    let together = of
        .bandwidth
        .iter()
        .map(|of| (format!("reading, {}", place_together(of)), told(of.gib_s, of.gib_s_range, "GiB/s")));
    pairs.chain(together).collect()
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

/// Bandwidth against threads; nothing for one number of threads.
fn bandwidth_lines(all: &[Bandwidth]) -> Markup {
    let names = distinct(all.iter().map(|of| (&of.pin, &of.pages)));
    let line = |(pin, pages): (&String, &String)| {
        let here = all.iter().filter(|of| (&of.pin, &of.pages) == (pin, pages));
        let mut points: Vec<_> = here.map(|of| (of.threads, ranged(of.gib_s, of.gib_s_range))).collect();
        points.sort_by_key(|(threads, _)| *threads);
        Line { name: format!("{pages} pages, pin {pin}"), points, law: None }
    };
    let all: Vec<Line> = names.into_iter().map(line).filter(|line| line.points.len() > 1).collect();
    html! {
        @if !all.is_empty() { (lines("Reading memory of the own node", "GiB a second, with the range of the windows", &all)) }
    }
}

/// The latency of a dependent miss for each pair of nodes: a heat map for each page size, if there are several nodes.
fn latencies(pairs: &[Pair]) -> Vec<Picture> {
    let mut nodes = distinct(pairs.iter().map(|pair| pair.memory_node));
    nodes.sort_unstable();
    let mut cpus = distinct(pairs.iter().map(|pair| pair.cpu_node));
    cpus.sort_unstable();
    if nodes.len().max(cpus.len()) < 2 {
        return Vec::new();
    }
    let pages = distinct(pairs.iter().map(|pair| pair.pages.as_str()));
    let pieces = pages.into_iter().flat_map(|pages| nodes.chunks(COLUMNS).map(move |nodes| (pages, nodes)));
    let rows: Vec<String> = cpus.iter().map(|node| format!("CPU on node {node}")).collect();
    let picture = |(pages, nodes): (&str, &[u32])| {
        let here = || pairs.iter().filter(|pair| pair.pages == pages);
        let grid = Grid {
            title: &format!("Latency of a dependent miss, {pages} pages"),
            unit: "nanoseconds, with the range of the windows",
            rows: &rows,
            columns: &nodes.iter().map(|node| format!("memory on {node}")).collect::<Vec<_>>(),
            most: here().map(|pair| pair.dependent_ns).fold(f64::MIN_POSITIVE, f64::max),
        };
        grid.draw(|row, column| {
            let pair = here().find(|pair| (pair.cpu_node, pair.memory_node) == (cpus[row], nodes[column]))?;
            let Estimate { middle, interval } = ranged(pair.dependent_ns, pair.dependent_ns_range);
            let words = vec![three_digits(middle), ends_in_words(interval, three_digits)];
            Some(Square { number: Some(middle), words })
        })
    };
    pieces.map(picture).collect()
}

/// The best window and the range of all.
fn ranged(best: f64, [low, high]: Range) -> Estimate {
    Estimate { middle: best, interval: Some((low, high)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn other(json: &str) -> Map<String, Value> {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn ceilings_have_their_ranges_and_units() {
        let text = section(&other(
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
        let facts = facts(&other(
            r#"{"ceilings": {"pairs": [{"cpu_node": 0, "memory_node": 1, "pages": "thp", "dependent_ns": 98.1,
                                        "dependent_ns_range": [98.1, 103.0]}]}}"#,
        ));
        let expected =
            ("dependent miss, CPU on node 0, memory on node 1, thp", "98.1 ns (windows: 98.1–103)");
        assert_eq!(facts, [(expected.0.to_owned(), expected.1.to_owned())]);
        assert!(!text.contains("<svg"), "one pair and one number of threads are no picture");
        assert_eq!(section(&other(r#"{"ceilings": null}"#)).into_string(), "");
    }

    #[test]
    fn several_threads_and_several_nodes_are_drawn_with_units() {
        let pair = |cpu_node, memory_node| {
            let ns = if cpu_node == memory_node { 100.0 } else { 150.0 };
            let dependent_ns_range = [ns, ns + 9.0];
            Pair {
                cpu_node,
                memory_node,
                pages: "thp".into(),
                dependent_ns: ns,
                dependent_ns_range,
                ..Pair::default()
            }
        };
        let [heat] = &latencies(&[pair(0, 0), pair(0, 3), pair(3, 0), pair(3, 3)])[..] else {
            panic!("one page size")
        };
        let heat = html! { (heat) }.into_string();
        for words in
            ["CPU on node 3", "memory on 0", "150–159", "nanoseconds, with the range of the windows; darker"]
        {
            assert!(heat.contains(words), "{words} in {heat}");
        }
        let row = |threads| {
            let (pin, pages) = ("none".into(), "4k".into());
            Bandwidth { pin, pages, threads, gib_s: 20.0, gib_s_range: [18.0, 20.0], ..Bandwidth::default() }
        };
        let text = bandwidth_lines(&[row(2), row(1)]).into_string();
        for words in
            ["4k pages, pin none: 1 thread 20.0 (18.0–20.0), 2 threads", "threads; upwards: GiB a second"]
        {
            assert!(text.contains(words), "{words} in {text}");
        }
    }
}
