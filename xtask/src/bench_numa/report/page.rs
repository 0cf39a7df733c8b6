//! The page: what stands where.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::cells::{Panel, Setting, Sweep};
use super::palette::dark_rules;
use super::svg::Picture;
use super::{
    answer, bars, ceilings, compare, counters, curves, dropped, facts, heat, latency, machine, open_loop,
    placed, tables, words,
};

/// Every report has this near its beginning, so that no other file is taken for one.
pub(super) const MARK: &str = "<meta name=\"generator\" content=\"cargo xtask bench-numa\">";

/// The page of one sweep or several.
pub(super) fn page(sweeps: &[Sweep]) -> String {
    let title =
        format!("bench-numa: {}", sweeps.iter().map(|sweep| &*sweep.name).collect::<Vec<_>>().join(" and "));
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                (PreEscaped(MARK))
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(style())) }
            }
            body {
                main {
                    @if sweeps.len() > 1 { (compare::section(sweeps)) }
                    @for sweep in sweeps { (one(sweep)) }
                }
            }
        }
    };
    page.into_string()
}

fn style() -> String {
    format!(
        "{}@media screen and (prefers-color-scheme: dark) {{\n{}}}\n",
        include_str!("style.css"),
        dark_rules()
    )
}

/// All about one sweep.
fn one(sweep: &Sweep) -> Markup {
    let file = &sweep.file;
    // The picture has these.
    let mut machine_facts = file.machine.clone();
    machine_facts.remove("layout");
    // These have sections of their own.
    let mut other = file.other.clone();
    other.retain(|name, _| !["ceilings", "adaptive"].contains(&name.as_str()));
    html! {
        h1 { "Sweep " (sweep.name) }
        p { "Each number is the median of its rounds. The range beside it is the 95 % confidence interval; \"not bounded\" means \
            that the rounds are too few, or differ too much, to say anything." }
        pre { (file.command) }
        @if let Some(line) = &file.interrupted { p.failed { (line) } }
        @if !file.notes.is_empty() {
            h2 { "What these numbers cannot show, and notes" }
            ul { @for note in &file.notes { li { (note) } } }
        }
        @if let Some(tuned) = &sweep.tuned { (answer::section(tuned)) }
        h2 { "Machine and build" }
        (machine::section(&machine::layout(&file.machine)))
        @if sweep.settings.iter().any(placed::has_any) {
            p { "A block is remote if it is on another node than the thread that asked for it." }
            @for setting in &sweep.settings { (placed::section(setting)) }
        }
        details open="open" {
            summary { "Everything that the results say about machine and build" }
            (facts::table(&[("machine", &machine_facts), ("build", &file.build), ("", &other)]))
        }
        (ceilings::section(&file.other))
        h2 { "Throughput" }
        @for setting in &sweep.settings {
            h3 { (setting.title) }
            div.pictures { @for panel in &setting.panels { (throughput(panel)) } }
        }
        @if sweep.settings.iter().any(curves::has_any) {
            h2 { "Scaling" }
            @for setting in &sweep.settings { (curves::section(setting)) }
        }
        @if heat::has_any(&sweep.settings) {
            h2 { "Placement and threads" }
            @for setting in &sweep.settings { (heat::section(setting)) }
        }
        h2 { "Latency" }
        @for setting in &sweep.settings {
            h3 { (setting.title) }
            div.pictures { @for picture in setting.panels.iter().filter_map(latency::picture) { (picture) } }
        }
        (open_loop::section(sweep))
        (threads(sweep))
        (counters::section(sweep))
        (dropped::section(&file.other))
        h2 { "Cells without numbers" }
        (tables::without_numbers(sweep))
        h2 { "Every cell" }
        p {
            "Relative: to the first row of its table, by round. Ceiling: the part of what the memory allows. Lookup \
             predicted: computed from counted lines and the latency of this memory, not measured; p50 beyond: what the \
             measured median has more. results.txt says which cells have no ceiling, and why. Latency is of the operations that were timed one by one; max is the median of \
             the rounds' slowest operations. Bytes a key: counted by the arena, or ~ the growth of the process. Rounds \
             and answers are counts, so they have no interval."
        }
        (tables::cells(sweep))
        h2 { "Every round" }
        details {
            summary { (file.runs.len()) " runs as they were measured" }
            (tables::rounds(sweep))
        }
    }
}

/// The slowest and the fastest thread of cells with several threads.
fn threads(sweep: &Sweep) -> Markup {
    let pictures = |setting: &Setting| setting.panels.iter().filter_map(latency::threads).collect::<Vec<_>>();
    html! {
        @if sweep.settings.iter().any(|setting| !pictures(setting).is_empty()) {
            h2 { "Slowest and fastest thread" }
            @for setting in &sweep.settings {
                h3 { (setting.title) }
                div.pictures { @for picture in pictures(setting) { (picture) } }
            }
        }
    }
}

/// Throughput of all cells of a panel.
fn throughput(panel: &Panel) -> Picture {
    let title = format!("{}, {}", words::workload(&panel.workload), words::threads(panel.threads));
    let of = "million operations a second, with 95 % intervals";
    bars::bars(&title, of, &panel.cells.iter().map(bars::Bar::of).collect::<Vec<_>>())
}
