//! The plan that measures the settings of a configuration again: the best and the next of each workload.

use std::collections::BTreeSet;
use std::time::Duration;

use bench::protocol::{CellSpec, PAGES};
use numa_alloc::config::{Choice, NumaConfig, Setting};

use super::super::plan::{Group, Plan};
use super::candidates::{Load, map_of};

/// A choice of the file, and what it was made for.
pub(super) struct Checked<'a> {
    /// A workload, or `overall`.
    pub(super) name: &'a str,
    pub(super) choice: &'a Choice,
    /// What both settings run.
    pub(super) loads: BTreeSet<Load>,
}

impl<'a> Checked<'a> {
    /// The best setting and the next; `None` if there was only one.
    pub(super) fn pair(&self) -> Option<[&'a Setting; 2]> {
        Some([&self.choice.best, self.choice.next.as_ref()?])
    }
}

/// The choices of these workloads, and the one over all of them if none was left out.
///
/// # Errors
/// The file lacks a workload, or has none that can be measured without further files.
pub(super) fn choices<'a>(
    config: &'a NumaConfig,
    only: Option<&[String]>,
) -> Result<Vec<Checked<'a>>, String> {
    let file = config.file.as_ref().map(|file| file.display().to_string()).unwrap_or_default();
    let missing = only.iter().copied().flatten().find(|name| !config.workloads.contains_key(*name));
    if let Some(name) = missing {
        let known = config.workloads.keys().cloned().collect::<Vec<_>>().join(", ");
        return Err(format!("{file} has no workload {name}; it has {known}"));
    }
    if config.workloads.contains_key("trace") {
        return Err(format!("{file} was made from a trace, which it does not contain: run the sweep again"));
    }
    let loads = |workload: &str| -> BTreeSet<Load> {
        let with = |dist: &String| {
            let dist = dist.clone();
            config
                .measured
                .keys_like
                .iter()
                .map(move |like| (workload.to_owned(), dist.clone(), like.clone()))
        };
        config.measured.dists.iter().flat_map(with).collect()
    };
    let wanted = config.workloads.iter().filter(|(name, _)| only.is_none_or(|only| only.contains(*name)));
    let mut found: Vec<Checked<'a>> =
        wanted.map(|(name, choice)| Checked { name, choice, loads: loads(name) }).collect();
    // With one workload, both are the same.
    if only.is_none() && found.len() > 1 {
        let all = found.iter().flat_map(|checked| &checked.loads).cloned().collect();
        found.push(Checked { name: "overall", choice: &config.overall, loads: all });
    }
    Ok(found)
}

/// The cells: on each load, the settings of the choices that it belongs to.
pub(super) fn plan(config: &NumaConfig, choices: &[Checked<'_>], repeat: usize, timeout: Duration) -> Plan {
    let loads: BTreeSet<&Load> = choices.iter().flat_map(|checked| &checked.loads).collect();
    let group = |load: &Load| {
        let mut settings: Vec<&Setting> = Vec::new();
        for checked in choices.iter().filter(|checked| checked.loads.contains(load)) {
            for setting in checked.pair().into_iter().flatten() {
                if !settings.contains(&setting) {
                    settings.push(setting);
                }
            }
        }
        Group { cells: settings.into_iter().map(|setting| cell(config, load, setting)).collect() }
    };
    let groups: Vec<Group> = loads.into_iter().map(group).filter(|group| !group.cells.is_empty()).collect();
    Plan { groups, skipped: Vec::new(), repeat, timeout, preset: None, budget: None }
}

/// The cell that measures a setting.
fn cell(config: &NumaConfig, (workload, dist, keys_like): &Load, setting: &Setting) -> CellSpec {
    let Setting { placement, inner_placement, .. } = setting;
    let both = placement == inner_placement;
    let is_it = |pages: &&&str| pages.parse() == Ok(setting.pages);
    CellSpec {
        map: map_of(setting.replicas).into(),
        workload: workload.clone(),
        dist: dist.clone(),
        keys_like: keys_like.clone(),
        threads: setting.threads,
        keys: config.measured.keys,
        ops: config.measured.ops,
        seed: config.measured.seed,
        placement: if both { placement.to_string() } else { format!("{placement}+{inner_placement}") },
        pin: setting.pin.clone(),
        pages: PAGES.iter().find(is_it).expect("a sweep has every page size of the arena").to_string(),
        open_loop: false,
        counters: false,
        trace: None,
    }
}
