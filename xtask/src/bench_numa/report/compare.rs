//! Sweeps side by side: what differs between them, and how their cells differ.

use bench::units::three_digits;
use maud::{Markup, html};

use super::bars::{Bar, bars, length};
use super::cells::{Cell, Outcome, Panel, Sweep};
use super::interval::ratio;
use super::tables::{ends, with_interval};
use super::{ceilings, facts, words};
use crate::cli::distinct;

/// The comparison of all sweeps with the first.
pub(super) fn section(sweeps: &[Sweep]) -> Markup {
    html! {
        h1 { (sweeps.len()) " sweeps side by side" }
        ul { @for (index, sweep) in sweeps.iter().enumerate() { li { b { (letter(index)) } ": " (sweep.name) } } }
        h2 { "What differs between the sweeps" }
        (differences(sweeps))
        h2 { "Throughput side by side" }
        p {
            "Million operations a second. The last column of each sweep is its throughput relative to A, with the 95 % \
             interval of Welch's t test on the logarithms of the rounds: the rounds of two sweeps are no pairs. If the \
             interval contains 1, no difference is shown."
        }
        @for (title, panels) in union(sweeps) {
            h3 { (title) }
            @for cells in panels { (panel(sweeps, &cells)) }
        }
    }
}

/// `A` for the first sweep, `B` for the second.
pub(super) fn letter(index: usize) -> String {
    let letter = u8::try_from(index).ok().filter(|index| *index < 26).map(|index| char::from(b'A' + index));
    letter.map_or_else(|| format!("#{}", index + 1), String::from)
}

/// The cells of all sweeps, each once, by setting and panel. A cell of the table is one from each sweep.
type Union<'a> = Vec<(&'a str, Vec<Vec<Vec<Option<&'a Cell>>>>)>;

fn union(sweeps: &[Sweep]) -> Union<'_> {
    let titles =
        distinct(sweeps.iter().flat_map(|sweep| &sweep.settings).map(|setting| setting.title.as_str()));
    let of_title = |title| {
        let settings = sweeps.iter().flat_map(|sweep| &sweep.settings);
        let panels: Vec<&Panel> =
            settings.filter(|setting| setting.title == title).flat_map(|setting| &setting.panels).collect();
        let keys = distinct(panels.iter().map(|panel| (panel.workload.as_str(), panel.threads)));
        let of_key = |key| {
            let here = panels.iter().filter(|panel| (panel.workload.as_str(), panel.threads) == key);
            let ids = distinct(here.flat_map(|panel| &panel.cells).map(|cell| &cell.id));
            ids.into_iter()
                .map(|id| sweeps.iter().map(|sweep| sweep.cells().find(|cell| cell.id == *id)).collect())
                .collect()
        };
        (title, keys.into_iter().map(of_key).collect())
    };
    titles.into_iter().map(of_title).collect()
}

/// The bars and the table of the same panel in all sweeps.
fn panel(sweeps: &[Sweep], cells: &[Vec<Option<&Cell>>]) -> Markup {
    let any =
        |of: &[Option<&Cell>]| of.iter().flatten().next().map(|cell| (cell.name.clone(), cell.id.clone()));
    let Some((_, id)) = cells.first().and_then(|of| any(of)) else { return html! {} };
    let title = format!("{}, {}", words::workload(&id.workload), words::threads(id.threads));
    let bar = |name: &str, index: usize, cell: &Option<&Cell>| Bar {
        name: format!("{}  {name}", letter(index)),
        series: index,
        length: cell.map_or_else(|| Err(("not in this sweep".into(), false)), length),
    };
    let all: Vec<Bar> = cells
        .iter()
        .filter_map(|of| Some((any(of)?.0, of)))
        .flat_map(|(name, of)| {
            of.iter().enumerate().map(|(index, cell)| bar(&name, index, cell)).collect::<Vec<_>>()
        })
        .collect();
    html! {
        div.beside {
            (bars(&title, "million operations a second, with 95 % intervals", &all))
            div.scroll tabindex="0" {
                table {
                    caption { (title) }
                    thead {
                        tr {
                            th scope="col" { "map" }
                            @for index in 0..sweeps.len() {
                                th scope="col" { (letter(index)) }
                                @if index > 0 { th scope="col" { (letter(index)) " / A" } }
                            }
                        }
                    }
                    tbody { @for of in cells { (row(of)) } }
                }
            }
        }
    }
}

fn status(cell: Option<&&Cell>) -> String {
    match cell.map(|cell| &cell.outcome) {
        Some(Outcome::Without { status, .. }) => status.replace('_', " "),
        _ => String::new(),
    }
}

fn row(cells: &[Option<&Cell>]) -> Markup {
    let name = cells.iter().flatten().next().map_or("", |cell| &cell.name);
    let number = |cell: &Option<&Cell>| match cell.map(length) {
        None => html! { td { "–" } },
        Some(Ok(mops)) => ends(mops.middle, mops.interval, three_digits),
        // The reason stands in the picture, and below in the part about the sweep.
        Some(Err(_)) => html! { td { (status(cell.as_ref())) } },
    };
    html! {
        tr {
            th scope="row" { (name) }
            @for (index, cell) in cells.iter().enumerate() {
                (number(cell))
                @if index > 0 { (relative(cells[0], *cell)) }
            }
        }
    }
}

/// A cell's throughput relative to that of the first sweep, and what that shows.
fn relative(first: Option<&Cell>, cell: Option<&Cell>) -> Markup {
    let rates = |cell: &Cell| Some(cell.numbers()?.by_round.values().copied().collect::<Vec<_>>());
    let Some(ratio) =
        first.and_then(rates).zip(cell.and_then(rates)).map(|(first, cell)| ratio(&cell, &first))
    else {
        return html! { td { "–" } };
    };
    let verdict = match ratio.interval {
        Some((low, _)) if low > 1.0 => "faster",
        Some((_, high)) if high < 1.0 => "slower",
        _ => "no difference shown",
    };
    html! { td { (with_interval(&ratio)) small { (verdict) } } }
}

/// The facts that are not the same in all sweeps.
fn differences(sweeps: &[Sweep]) -> Markup {
    let facts: Vec<Vec<(String, String)>> = sweeps.iter().map(facts_of).collect();
    let names = distinct(facts.iter().flatten().map(|(name, _)| name.as_str()));
    let value = |of: &[(String, String)], name: &str| {
        of.iter().find(|(fact, _)| fact == name).map_or_else(|| "–".to_owned(), |(_, value)| value.clone())
    };
    let rows: Vec<(&str, Vec<String>)> =
        names.iter().map(|name| (*name, facts.iter().map(|of| value(of, name)).collect())).collect();
    let (equal, differ): (Vec<_>, Vec<_>) =
        rows.into_iter().partition(|(_, values)| values.iter().all(|value| *value == values[0]));
    html! {
        div.scroll tabindex="0" {
            table.facts {
                thead {
                    tr {
                        th scope="col" { "what" }
                        @for index in 0..sweeps.len() { th.words scope="col" { (letter(index)) } }
                    }
                }
                tbody {
                    @for (name, values) in &differ {
                        tr { th scope="row" { (name) } @for value in values { td.words { (value) } } }
                    }
                }
            }
        }
        p { "The other " (equal.len()) " facts about command, machine and build are the same." }
    }
}

/// The facts of a sweep that could explain other numbers.
fn facts_of(sweep: &Sweep) -> Vec<(String, String)> {
    let file = &sweep.file;
    let mut facts = vec![("command".to_owned(), file.command.clone())];
    let mut other = file.other.clone();
    other.retain(|name, _| !["ceilings", "adaptive"].contains(&name.as_str()));
    for (name, part) in [("machine", &file.machine), ("build", &file.build), ("", &other)] {
        facts.extend(facts::of(name, part));
    }
    facts.extend(ceilings::facts(&file.other));
    facts
}
