//! The answer in a few lines below the table.

use bench::maps::is_placed;
use bench::units::three_digits;
use numa_alloc::NumaConfig;
use numa_alloc::config::{Choice, Setting};

use super::super::results::Results;
use super::super::stats::Interval;
use super::choose::answer;

/// The lines: each best setting with the workloads that it is best for. None if the sweep has no placed map.
pub(crate) fn lines(results: &Results<'_>) -> Vec<String> {
    let mut cells = results.plan.groups.iter().flat_map(|group| &group.cells);
    if !cells.any(|cell| is_placed(&cell.map)) {
        return Vec::new();
    }
    match answer(results) {
        Ok(config) => of(&config),
        Err(why) => vec![format!("none: {why}")],
    }
}

fn of(config: &NumaConfig) -> Vec<String> {
    if config.overall.next.is_none() {
        return vec![format!(
            "one setting was measured, so there was nothing to choose between: {}",
            config.overall.best
        )];
    }
    let mut bests: Vec<(&Setting, Vec<(&str, &Choice)>)> = Vec::new();
    let named = config.workloads.iter().map(|(name, choice)| (&**name, choice));
    for (name, choice) in named.chain([("overall", &config.overall)]) {
        match bests.iter_mut().find(|(best, _)| **best == choice.best) {
            Some((_, names)) => names.push((name, choice)),
            None => bests.push((&choice.best, vec![(name, choice)])),
        }
    }
    let line = |(best, choices): (&Setting, Vec<(&str, &Choice)>)| {
        let (ahead, level): (Vec<_>, Vec<_>) = choices.into_iter().partition(|(_, choice)| is_ahead(choice));
        let list = |choices: &[(&str, &Choice)]| {
            choices.iter().map(|(name, choice)| lead(name, choice)).collect::<Vec<_>>()
        };
        let mut text = format!("{best}");
        if !ahead.is_empty() {
            text += &format!("\n    times the next: {}", list(&ahead).join(", "));
        }
        if !level.is_empty() {
            text += &format!("\n    not told apart from the next: {}", list(&level).join(", "));
        }
        text
    };
    bests.into_iter().map(line).flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect()
}

fn is_ahead(choice: &Choice) -> bool {
    choice.margin.as_ref().is_some_and(|margin| margin.tells_apart())
}

/// `c 1.05 (1.01..1.09)`.
fn lead(name: &str, choice: &Choice) -> String {
    match &choice.margin {
        None => name.to_owned(),
        Some(margin) => {
            let interval = margin.interval.map(|[low, high]| format!(" ({})", Interval { low, high }.ends()));
            format!("{name} {}{}", three_digits(margin.ratio), interval.unwrap_or_default())
        }
    }
}
