//! Where the memory of the cells went: blocks by node, and how many are on another node than their thread.

use std::collections::BTreeMap;

use bench::units::count;
use maud::{Markup, html};
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::cells::{Cell, Numbers, Setting};
use super::palette::{INK, PAPER, series};
use super::svg::{WIDTH, figure, label, name_style, text, unit, width_of};
use crate::cli::distinct;
use crate::plot::words;

const MARGIN: i32 = 8;
const ROW: i32 = 38;
const KEY: i32 = 18;
const AXIS: i32 = 24;

/// The blocks of cells with the same memory: the last rounds of all workloads together.
struct Placed<'a> {
    name: &'a str,
    by_node: BTreeMap<u32, u64>,
    /// On the node of their thread, and on others; `None` if a cell does not know.
    crossed: Option<(u64, u64)>,
}

/// The pictures of a setting: one for each number of threads; nothing if no arena placed blocks.
pub(super) fn section(setting: &Setting) -> Markup {
    let mut counts = distinct(setting.panels.iter().map(|panel| panel.threads));
    counts.sort_unstable();
    let pictures: Vec<Markup> = counts.into_iter().filter_map(|threads| picture(setting, threads)).collect();
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
    cells.any(|cell| cell.numbers().is_some_and(|numbers| !numbers.by_node.is_empty()))
}

fn rows(setting: &Setting, threads: usize) -> Vec<Placed<'_>> {
    let panels = setting.panels.iter().filter(|panel| panel.threads == threads);
    let cells: Vec<&Cell> = panels.flat_map(|panel| &panel.cells).collect();
    let names = distinct(cells.iter().map(|cell| cell.name.as_str()));
    let row = |name| {
        let of_name = cells.iter().filter(|cell| cell.name == name).filter_map(|cell| cell.numbers());
        let all: Vec<&Numbers> = of_name.filter(|numbers| !numbers.by_node.is_empty()).collect();
        let mut by_node = BTreeMap::new();
        for (node, blocks) in all.iter().flat_map(|numbers| &numbers.by_node) {
            *by_node.entry(*node).or_default() += blocks;
        }
        let crossed = all.iter().map(|numbers| numbers.blocks);
        let add = |(a, b): (u64, u64), (c, d): (u64, u64)| (a + c, b + d);
        let crossed = crossed.collect::<Option<Vec<_>>>().map(|all| all.into_iter().fold((0, 0), add));
        (by_node.values().sum::<u64>() > 0).then_some(Placed { name, by_node, crossed })
    };
    names.into_iter().filter_map(row).collect()
}

fn picture(setting: &Setting, threads: usize) -> Option<Markup> {
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
            let parts =
                row.by_node.iter().map(|(node, blocks)| format!("{} blocks on node {node}", count(*blocks)));
            format!("{}: {}, {}", row.name, parts.collect::<Vec<_>>().join(", "), crossed(row))
        })
        .collect();
    let about = format!("Blocks by NUMA node at the end of the runs. {}.", about.join("; "));
    let title = format!("Where the memory went, {}", words::threads(threads));
    let keys = (nodes.len() as i32 + 4) / 5;
    let bottom = rows.len() as i32 * ROW;
    Some(figure(&title, &about, bottom + keys * KEY + AXIS, |area| {
        for (index, row) in rows.iter().enumerate() {
            let (top, words) = (index as i32 * ROW, crossed(row));
            let beside = width_of(&words, 11) + 14;
            text(area, row.name, (MARGIN, top + 9), WIDTH - 2 * MARGIN - beside, &name_style())?;
            text(area, &words, (WIDTH - MARGIN, top + 9), WIDTH, &label(11, INK, HPos::Right))?;
            let all: u64 = row.by_node.values().sum();
            let mut before = 0;
            for (node, blocks) in &row.by_node {
                let x = |blocks: u64| {
                    MARGIN + (blocks as f64 / all as f64 * f64::from(WIDTH - 2 * MARGIN)) as i32
                };
                let (left, right) = (x(before), x(before + blocks));
                before += blocks;
                area.draw(&Rectangle::new(
                    [(left, top + 18), (right - 1, top + 34)],
                    colour(*node).filled(),
                ))?;
                let part = format!("{:.0} %", *blocks as f64 / all as f64 * 100.0);
                if right - left > width_of(&part, 11) + 4 {
                    let style = label(11, PAPER, HPos::Center);
                    text(area, &part, ((left + right) / 2, top + 26), WIDTH, &style)?;
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
    match row.crossed {
        Some((local, remote)) => {
            let part = remote as f64 / (local + remote).max(1) as f64 * 100.0;
            format!("{part:.1} % remote")
        }
        None => "remote: not known".into(),
    }
}
