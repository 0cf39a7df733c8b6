//! Sweeps side by side: what differs between them, and how their cells differ.

use bench::units::three_digits;
use maud::{Markup, html};

use super::bars::{Bar, bars, length};
use super::cells::{Cell, Outcome, Sweep, title};
use super::file::Id;
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
type Union<'a> = Vec<(String, Vec<Vec<Vec<Option<&'a Cell>>>>)>;

fn union(sweeps: &[Sweep]) -> Union<'_> {
    let mut ids: Vec<&Id> = Vec::new();
    for id in sweeps.iter().flat_map(Sweep::cells).map(|cell| &cell.id) {
        match ids.iter_mut().find(|kept| are_same(kept, id)) {
            Some(kept) if kept.ops == 0 => *kept = id,
            Some(_) => {}
            None => ids.push(id),
        }
    }
    let with_ops = ids.iter().filter(|id| id.ops > 0);
    let known = distinct(with_ops.map(|id| (title(&without_ops(id)), title(id))));
    let title_of = |id: &Id| {
        let own = title(id);
        let of_others = known.iter().find(|(without, _)| id.ops == 0 && *without == own);
        of_others.map_or(own, |(_, with)| with.clone())
    };
    let ids: Vec<(String, &Id)> = ids.into_iter().map(|id| (title_of(id), id)).collect();
    let of_title = |title: String| {
        let here: Vec<&Id> = ids.iter().filter(|(of, _)| *of == title).map(|(_, id)| *id).collect();
        let keys = distinct(here.iter().map(|id| (&id.workload, id.threads)));
        let of_key = |key| {
            let here = here.iter().filter(|id| (&id.workload, id.threads) == key);
            here.map(|id| {
                sweeps.iter().map(|sweep| sweep.cells().find(|cell| are_same(&cell.id, id))).collect()
            })
            .collect()
        };
        (title, keys.into_iter().map(of_key).collect())
    };
    distinct(ids.iter().map(|(title, _)| title.clone())).into_iter().map(of_title).collect()
}

/// Whether two sweeps mean the same cell. `results.csv` does not say how many operations were planned, and an old one
/// does not say what the keys are like.
fn are_same(a: &Id, b: &Id) -> bool {
    let rest = |id: &Id| match &*id.keys_like {
        "" => Id { keys_like: "u64".into(), ..without_ops(id) },
        _ => without_ops(id),
    };
    (a.ops == b.ops || a.ops == 0 || b.ops == 0)
        && (&a.map, a.threads) == (&b.map, b.threads)
        && rest(a) == rest(b)
}

fn without_ops(id: &Id) -> Id {
    Id { ops: 0, ..id.clone() }
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

#[cfg(test)]
mod tests {
    use super::super::csv_file::{self, tests::csv};
    use super::super::file::File;
    use super::*;

    /// The sweep of a `results.json` with these maps and operations.
    fn json(cells: &[(&str, u64)]) -> Sweep {
        let cell = |(map, ops): &(&str, u64)| {
            format!(
                r#"{{"map": "{map}", "workload": "c", "dist": "uniform", "keys_like": "u64", "threads": 1, "keys": 1000,
                     "ops": {ops}, "placement": "local", "pin": "compact", "pages": "thp", "status": "not_run"}}"#
            )
        };
        let cells: Vec<String> = cells.iter().map(cell).collect();
        let text = format!(r#"{{"cells": [{}]}}"#, cells.join(", "));
        Sweep::new("x".into(), File::parse(&text).unwrap())
    }

    /// A map, and whether each sweep has it.
    type Has = (String, Vec<bool>);

    /// The title of each setting, and its rows.
    fn rows(sweeps: &[Sweep]) -> Vec<(String, Vec<Has>)> {
        let row = |cells: &Vec<Option<&Cell>>| {
            let name = cells.iter().flatten().next().unwrap().name.clone();
            (name, cells.iter().map(Option::is_some).collect())
        };
        let rows = union(sweeps);
        rows.into_iter().map(|(title, panels)| (title, panels.iter().flatten().map(row).collect())).collect()
    }

    #[test]
    fn a_sweep_that_has_lines_only_is_compared_with_one_that_has_everything() {
        let lines = || {
            let text = csv(&[(1, "bskip", "c", 1, Ok(4.0)), (1, "congee", "c", 1, Ok(2.0))]);
            Sweep::new("x".into(), csv_file::parse(&text, "").unwrap())
        };
        let all = || json(&[("bskip", 2000)]);
        let title = "1k uniform keys, 2k operations, pin compact".to_owned();
        let row = |map: &str, of: [bool; 2]| (map.to_owned(), of.to_vec());
        let expected = |only| vec![(title.clone(), vec![row("bskip", [true, true]), row("congee", only)])];
        assert_eq!(rows(&[all(), lines()]), expected([false, true]));
        assert_eq!(rows(&[lines(), all()]), expected([true, false]));
        // Two numbers of operations are two cells.
        let two = rows(&[json(&[("bskip", 2000)]), json(&[("bskip", 3000)])]);
        let alone = |of: [bool; 2]| vec![row("bskip", of)];
        assert_eq!(
            two.iter().map(|(_, rows)| rows.clone()).collect::<Vec<_>>(),
            [alone([true, false]), alone([false, true])]
        );
    }
}
