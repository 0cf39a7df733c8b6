//! Where the memory of the cells went: blocks by node, and how many are on another node than their thread.

use std::collections::BTreeMap;

use maud::{Markup, html};
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::cells::{Cell, Setting};
use super::interval::Estimate;
use super::numbers::{Blocks, Numbers, total};
use super::palette::{INK, PAPER, series};
use super::svg::{Picture, WIDTH, label, name_style, picture, text, unit, width_of};
use super::tables::ends_in_words;
use super::words;
use crate::cli::distinct;

const MARGIN: i32 = 8;
const ROW: i32 = 38;
const KEY: i32 = 18;
const AXIS: i32 = 24;

/// The blocks of cells with the same memory: all workloads of a round together.
struct Placed<'a> {
    name: &'a str,
    /// The part of the blocks that is on each node.
    by_node: BTreeMap<u32, Estimate>,
    /// The part that is on another node than its thread; `None` if a cell does not know.
    remote: Option<Estimate>,
}

/// The pictures of a setting: one for each number of threads; nothing if no arena placed blocks.
pub(super) fn section(setting: &Setting) -> Markup {
    let mut counts = distinct(setting.panels.iter().map(|panel| panel.threads));
    counts.sort_unstable();
    let pictures: Vec<Picture> = counts.into_iter().filter_map(|threads| drawn(setting, threads)).collect();
    html! {
        @if !pictures.is_empty() {
            h3 { (setting.title) }
            div.pictures { @for picture in &pictures { (picture) } }
        }
    }
}

/// Whether any cell knows where its blocks are.
pub(super) fn has_any(setting: &Setting) -> bool {
    let mut cells = setting.panels.iter().flat_map(|panel| &panel.cells);
    cells.any(|cell| cell.numbers().is_some_and(Numbers::knows_nodes))
}

fn rows(setting: &Setting, threads: usize) -> Vec<Placed<'_>> {
    let panels = setting.panels.iter().filter(|panel| panel.threads == threads);
    let cells: Vec<&Cell> = panels.flat_map(|panel| &panel.cells).collect();
    let names = distinct(cells.iter().map(|cell| cell.name.as_str()));
    let row = |name| {
        let of_name = cells.iter().filter(|cell| cell.name == name).filter_map(|cell| cell.numbers());
        let all: Vec<&Numbers> = of_name.filter(|numbers| numbers.knows_nodes()).collect();
        // Rounds that all workloads have.
        let rounds =
            all.first()?.blocks.keys().filter(|round| all.iter().all(|of| of.blocks.contains_key(round)));
        let rounds: Vec<Vec<&Blocks>> =
            rounds.map(|round| all.iter().map(|of| &of.blocks[round]).collect()).collect();
        let nodes = distinct(rounds.iter().flatten().flat_map(|of| &of.by_node).map(|(node, _)| *node));
        let part = |node: u32| Estimate::share(rounds.iter().map(|of| part_on(node, of)));
        let remote: Option<Vec<f64>> = rounds.iter().map(|of| part_remote(of)).collect();
        Some(Placed {
            name,
            by_node: nodes.into_iter().filter_map(|node| Some((node, part(node)?))).collect(),
            remote: remote.and_then(Estimate::share),
        })
    };
    names.into_iter().filter_map(row).collect()
}

/// The part of a round's blocks that is on a node.
fn part_on(node: u32, of: &[&Blocks]) -> f64 {
    let blocks = || of.iter().flat_map(|of| &of.by_node);
    let here = total(blocks().filter(|(on, _)| *on == node).map(|(_, blocks)| *blocks));
    here as f64 / total(blocks().map(|(_, blocks)| *blocks)).max(1) as f64
}

/// The part of a round's blocks that is on another node than its thread.
fn part_remote(of: &[&Blocks]) -> Option<f64> {
    let crossed: Vec<(u64, u64)> = of.iter().map(|of| of.crossed).collect::<Option<_>>()?;
    let [local, remote] = [total(crossed.iter().map(|of| of.0)), total(crossed.iter().map(|of| of.1))];
    Some(remote as f64 / local.saturating_add(remote).max(1) as f64)
}

fn drawn(setting: &Setting, threads: usize) -> Option<Picture> {
    let rows = rows(setting, threads);
    if rows.is_empty() {
        return None;
    }
    let mut nodes = distinct(rows.iter().flat_map(|row| row.by_node.keys().copied()));
    nodes.sort_unstable();
    let colour = |node: u32| series(nodes.iter().position(|of| *of == node).unwrap_or(0));
    let about: Vec<String> = rows
        .iter()
        .map(|row| {
            let parts = row.by_node.iter().map(|(node, of)| format!("node {node}: {}", percent(of)));
            format!("{}: {}, {}", row.name, parts.collect::<Vec<_>>().join(", "), crossed(row))
        })
        .collect();
    let about = format!("Blocks by NUMA node at the end of the runs. {}.", about.join("; "));
    let title = format!("Where the memory went, {}", words::threads(threads));
    let keys = (nodes.len() as i32 + 4) / 5;
    let bottom = rows.len() as i32 * ROW;
    Some(picture(&title, about, bottom + keys * KEY + AXIS, |area| {
        for (index, row) in rows.iter().enumerate() {
            let (top, words) = (index as i32 * ROW, crossed(row));
            let beside = width_of(&words, 11) + 14;
            text(area, row.name, (MARGIN, top + 9), WIDTH - 2 * MARGIN - beside, &name_style())?;
            text(area, &words, (WIDTH - MARGIN, top + 9), WIDTH, &label(11, INK, HPos::Right))?;
            let all: f64 = row.by_node.values().map(|of| of.middle).sum();
            let mut before = 0.0;
            for (node, of) in &row.by_node {
                let x = |part: f64| MARGIN + (part / all * f64::from(WIDTH - 2 * MARGIN)) as i32;
                let (left, right) = (x(before), x(before + of.middle));
                before += of.middle;
                area.draw(&Rectangle::new(
                    [(left, top + 18), (right - 1, top + 34)],
                    colour(*node).filled(),
                ))?;
                let long = percent(of);
                let short = format!("{:.0} %", of.middle * 100.0);
                let fits = [long, short].into_iter().find(|words| right - left > width_of(words, 11) + 4);
                if let Some(words) = fits {
                    let style = label(11, PAPER, HPos::Center);
                    text(area, &words, ((left + right) / 2, top + 26), WIDTH, &style)?;
                }
            }
        }
        for (index, node) in nodes.iter().enumerate() {
            let (x, y) = (MARGIN + index as i32 % 5 * 84, bottom + 8 + index as i32 / 5 * KEY);
            area.draw(&Rectangle::new([(x, y - 5), (x + 11, y + 6)], colour(*node).filled()))?;
            text(area, &format!("node {node}"), (x + 16, y), 66, &label(12, INK, HPos::Left))?;
        }
        unit(area, "share of the blocks on each node, all workloads together", bottom + keys * KEY + 12)
    }))
}

fn crossed(row: &Placed<'_>) -> String {
    row.remote.as_ref().map_or_else(|| "remote: not known".into(), |of| format!("{} remote", percent(of)))
}

/// A part and its interval, in per cent.
fn percent(of: &Estimate) -> String {
    let words = |part: f64| format!("{:.1}", part * 100.0);
    format!("{} % ({})", words(of.middle), ends_in_words(of.interval, words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_a_file_may_be_any_numbers() {
        let blocks =
            |local, remote| Blocks { crossed: Some((local, remote)), by_node: vec![(0, local), (1, remote)] };
        let two = [blocks(1, u64::MAX), blocks(1, 1)];
        let rounds = [&two[0], &two[1]];
        assert_eq!((part_on(1, &rounds), part_remote(&rounds)), (1.0, Some(1.0)));
        assert_eq!(part_on(0, &[&two[1]]), 0.5);
    }
}
