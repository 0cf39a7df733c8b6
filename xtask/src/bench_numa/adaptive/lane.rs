//! The races of a plan, and which one runs next.

use bench::protocol::CellSpec;

use super::super::plan::Plan;
use super::super::run::Place;
use super::race::{Drop, Race};

/// A race with the cells of its settings.
pub(super) struct Lane {
    pub(super) race: Race,
    pub(super) places: Vec<Place>,
    pub(super) drops: Vec<Drop>,
}

/// The races of a plan: cells that differ only in placement, pages, pinning and threads.
pub(super) fn lanes(plan: &Plan, budget: f64) -> Vec<Lane> {
    let key = |spec: &CellSpec| {
        (spec.map.clone(), spec.workload.clone(), spec.dist.clone(), spec.keys_like.clone())
    };
    let mut races: Vec<(_, Vec<Place>)> = Vec::new();
    for (group, cells) in plan.groups.iter().enumerate() {
        for (row, spec) in cells.cells.iter().enumerate() {
            let place = Place { group, row };
            match races.iter_mut().find(|(of, _)| *of == key(spec)) {
                Some((_, places)) => places.push(place),
                None => races.push((key(spec), vec![place])),
            }
        }
    }
    let lane = |(_, places): (_, Vec<Place>)| {
        let runs = (places.len() * plan.repeat) as f64 * budget;
        Lane { race: Race::new(places.len(), runs.floor() as usize, plan.repeat), places, drops: Vec::new() }
    };
    races.into_iter().map(lane).collect()
}

/// The race whose round is next: the one with the fewest rounds. If the budgets of all races have ended, what
/// decided races have left goes to the race whose best two settings are hardest to tell apart.
pub(super) fn next(lanes: &mut [Lane]) -> Option<&mut Lane> {
    let ready = (0..lanes.len()).filter_map(|lane| Some((lanes[lane].race.next_round()?.0, lane)));
    if let Some((_, lane)) = ready.min() {
        return Some(&mut lanes[lane]);
    }
    let spare = lanes.iter().map(|lane| lane.race.left).sum();
    let mut open: Vec<usize> = (0..lanes.len()).filter(|&lane| lanes[lane].race.would_use(spare)).collect();
    open.sort_by(|&a, &b| lanes[b].race.width().total_cmp(&lanes[a].race.width()));
    let &lane = open.first()?;
    lanes.iter_mut().for_each(|lane| lane.race.left = 0);
    lanes[lane].race.left = spare;
    Some(&mut lanes[lane])
}
