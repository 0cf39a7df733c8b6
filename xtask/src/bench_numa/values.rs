//! The values that flags may have: what `--help` says of them, and how they are read.

use bench::numbers;
use bench::protocol::TraceKeys;
use bench::units;
use bskip_topology::PinPolicy;

use super::{names, presets};
use crate::cli::{distinct, known, known_list, wrapped};

pub(super) fn preset_help() -> String {
    let lines = presets::all().into_iter().map(|preset| format!("{}: {}", preset.name, preset.what));
    let lines = lines.collect::<Vec<_>>().join("\n");
    format!("A named set of axes; any flag below wins over it\n{lines}")
}

pub(super) fn preset(name: &str) -> Result<&'static str, String> {
    presets::named(name).map(|preset| preset.name)
}

pub(super) fn strings_help() -> String {
    format!(
        "Short for --preset strings: keys like {}\nworkloads {}, {} keys, every map that takes byte strings",
        presets::STRINGS_KEYS_LIKE.join(","),
        presets::STRINGS_WORKLOADS.join(","),
        units::count(presets::STRINGS_KEYS),
    )
}

pub(super) fn maps_help() -> String {
    format!(
        "{}\nbskip: the map as BSkipMap::new() makes it; bskip-numa: the same on NumaArena;\n\
         -coin, -overflow, -single, -numa-replicas: variants of these two; the rest are peers.\n\
         The first one is what the others are compared with. A workload that a map cannot\n\
         do is skipped for it: arenaskiplist has no u and no x\n\
         [default: bskip, bskip-numa and the peers; with --quick:\n{}]",
        wrapped(names::MAPS, 72),
        wrapped(presets::QUICK_MAPS, 72)
    )
}

pub(super) fn workloads_help() -> String {
    format!(
        "{}\nload: inserts only; a: 50 % reads 50 % inserts; b: 95/5; c: reads; e: 95 % short\n\
         scans; u: 50 % updates; x: 25 % inserts 25 % removes; s: full scans; m: reads,\n\
         n: inserts, 64 keys a call, counted in pairs [default: all; with --quick: {}]",
        names::WORKLOADS.join(", "),
        presets::QUICK_WORKLOADS.join(",")
    )
}

pub(super) fn maps(list: &str) -> Result<Vec<String>, String> {
    known_list("map", list, names::MAPS)
}

pub(super) fn workloads(list: &str) -> Result<Vec<String>, String> {
    known_list("workload", list, names::WORKLOADS)
}

pub(super) fn dists(list: &str) -> Result<Vec<String>, String> {
    known_list("distribution", list, names::DISTS)
}

pub(super) fn keys_like(list: &str) -> Result<Vec<String>, String> {
    known_list("shape of keys", list, names::KEYS_LIKE)
}

pub(super) fn pages(list: &str) -> Result<Vec<String>, String> {
    known_list("page size", list, names::PAGES)
}

pub(super) fn placements(list: &str) -> Result<Vec<String>, String> {
    let list = distinct(names::split_list(list));
    list.iter().try_for_each(|item| names::placed_on(item).map(drop))?;
    Ok(list)
}

pub(super) fn pins(list: &str) -> Result<Vec<String>, String> {
    let list = distinct(names::split_list(list));
    for policy in &list {
        policy.parse::<PinPolicy>().map_err(|error| error.to_string())?;
    }
    Ok(list)
}

pub(super) fn threads(list: &str) -> Result<Vec<usize>, String> {
    distinct(list.split(',')).into_iter().map(numbers::threads).collect()
}

pub(super) fn trace_keys(name: &str) -> Result<TraceKeys, String> {
    let name = known("kind of keys", name, TraceKeys::ALL.map(|(name, _)| name))?;
    let found = TraceKeys::ALL.into_iter().find(|(known, _)| *known == name);
    Ok(found.expect("it is known").1)
}

/// A part in per cent: `5%`, `0.5 %` or `5`.
pub(super) fn percent(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').unwrap_or(text).trim_end();
    match number.parse::<f64>() {
        Ok(number) if number > 0.0 && number < 100.0 => Ok(number / 100.0),
        Ok(_) => Err("it must be more than 0 % and less than 100 %".into()),
        Err(_) => Err("it is no percentage: write 5% or 2.5%".into()),
    }
}
