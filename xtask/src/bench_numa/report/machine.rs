//! The machine: a box for each NUMA node, with its CPUs, caches and memory, and how far apart the nodes are.

use bench::units;
use maud::{Markup, html};
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;
use serde_json::{Map, Value};

use super::palette::{GREY, INK, series};
use super::svg::{Area, Drawn, Picture, WIDTH, label, picture, text};
use crate::bench_numa::layout::{CacheLayout, NodeLayout};

const GAP: i32 = 8;
/// The lines of a node above its caches.
const HEAD: i32 = 58;
/// A level of caches.
const LEVEL: i32 = 28;
/// Caches of a level that are drawn one by one.
const MOST: usize = 64;

/// What the file says about the nodes; empty if it is older than that.
pub(super) fn layout(machine: &Map<String, Value>) -> Vec<NodeLayout> {
    machine.get("layout").and_then(|of| serde_json::from_value(of.clone()).ok()).unwrap_or_default()
}

/// The picture of the machine, and the table of distances.
pub(super) fn section(nodes: &[NodeLayout]) -> Markup {
    html! {
        @if nodes.is_empty() { p { "These results do not say where CPUs and memory are." } }
        @else { div.pictures { (drawn(nodes)) (distances(nodes)) } }
    }
}

fn drawn(nodes: &[NodeLayout]) -> Picture {
    let levels = nodes.iter().map(|node| node.caches.len()).max().unwrap_or(0) as i32;
    let columns = nodes.len().min(2) as i32;
    let width = (WIDTH - GAP * (columns - 1) - 2) / columns;
    let height = HEAD + LEVEL * levels + 4;
    let rows = (nodes.len() as i32 + columns - 1) / columns;
    let about: Vec<String> = nodes.iter().map(|node| lines(node).join(", ")).collect();
    let about = format!("The NUMA nodes of the machine. {}.", about.join("; "));
    picture("NUMA nodes, with their CPUs, memory and caches", about, rows * (height + GAP), |area| {
        for (index, node) in nodes.iter().enumerate() {
            let (column, row) = (index as i32 % columns, index as i32 / columns);
            let corner = (1 + column * (width + GAP), 1 + row * (height + GAP));
            draw(area, node, corner, (width, height))?;
        }
        Ok(())
    })
}

fn draw(area: &Area<'_>, node: &NodeLayout, (x, y): (i32, i32), (width, height): (i32, i32)) -> Drawn {
    let colour = series(0);
    area.draw(&Rectangle::new([(x, y), (x + width, y + height)], GREY))?;
    area.draw(&Rectangle::new([(x, y), (x + 5, y + height)], colour.filled()))?;
    for (line, words) in lines(node).iter().take(3).enumerate() {
        let style = if line == 0 { label(13, INK, HPos::Left) } else { label(11, GREY, HPos::Left) };
        text(area, words, (x + 13, y + 12 + line as i32 * 17), width - 16, &style)?;
    }
    for (index, cache) in node.caches.iter().enumerate() {
        let top = y + HEAD + index as i32 * LEVEL;
        text(area, &cache_in_words(cache), (x + 13, top + 5), width - 16, &label(11, GREY, HPos::Left))?;
        let number = cache.count.clamp(1, MOST) as i32;
        let room = width - 22;
        for part in 0..number {
            let (left, right) = (part * room / number, (part + 1) * room / number);
            let corners = [(x + 13 + left, top + 13), (x + 13 + right - 1, top + 20)];
            area.draw(&Rectangle::new(corners, colour.filled()))?;
        }
    }
    Ok(())
}

/// What a node is, then its CPUs, its memory, and a line for each level of caches.
fn lines(node: &NodeLayout) -> Vec<String> {
    let cpus = match &*node.cpus {
        "" => "no CPUs: memory alone".to_owned(),
        cpus if cpus.contains([',', '-']) => format!("CPUs {cpus}"),
        cpu => format!("CPU {cpu}"),
    };
    let memory = node
        .memory
        .map_or_else(|| "memory unknown".into(), |bytes| format!("{} memory", units::bytes(bytes)));
    let head = [format!("node {}", node.node), cpus, memory];
    head.into_iter().chain(node.caches.iter().map(cache_in_words)).collect()
}

fn cache_in_words(cache: &CacheLayout) -> String {
    format!("L{}: {} × {}", cache.level, cache.count, units::bytes(cache.size))
}

/// What the firmware says about distances; nothing for one node.
fn distances(nodes: &[NodeLayout]) -> Markup {
    let known: Vec<&NodeLayout> = nodes.iter().filter(|node| !node.distances.is_empty()).collect();
    html! {
        @if known.len() > 1 {
            div.scroll tabindex="0" {
                table {
                    caption { "Distances by the firmware" }
                    thead {
                        tr { th scope="col" { "from" } @for node in nodes { th scope="col" { "node " (node.node) } } }
                    }
                    tbody {
                        @for node in known {
                            tr {
                                th scope="row" { "node " (node.node) }
                                @for distance in &node.distances { td { (distance) } }
                            }
                        }
                    }
                }
            }
        }
    }
}
