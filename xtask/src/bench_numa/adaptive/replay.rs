//! A search among settings whose rates are known, to compare it with the whole grid.

use super::race::Race;

/// What a search has found, and what the whole grid has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Replayed {
    /// The setting that the search has found, and the best of the whole grid.
    pub(crate) found: usize,
    pub(crate) best: usize,
    /// How much slower the found one is, by the geometric means of all rounds.
    pub(crate) loss: f64,
    /// Runs that the search used.
    pub(crate) runs: usize,
}

/// Searches with a part of the runs. `rates` has the rate of each setting in each round; all have as many rounds.
/// `None` if there is nothing to search.
pub(crate) fn replay(rates: &[Vec<f64>], budget: f64) -> Option<Replayed> {
    let rounds = rates.first()?.len();
    let runs = (rates.len() * rounds) as f64 * budget;
    let mut race = Race::new(rates.len(), runs.floor() as usize, rounds);
    while let Some((round, settings)) = race.next_round() {
        settings.into_iter().for_each(|setting| race.record(setting, Some(rates[setting][round - 1])));
        race.end_round();
    }
    let mean = |setting: usize| rates[setting].iter().map(|rate| rate.ln()).sum::<f64>() / rounds as f64;
    let best = (0..rates.len()).max_by(|&a, &b| mean(a).total_cmp(&mean(b)))?;
    let found = race.standing()?.best;
    Some(Replayed { found, best, loss: 1.0 - (mean(found) - mean(best)).exp(), runs: race.runs() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_sees_only_the_rounds_that_it_asks_for() {
        // Setting 1 is the best of all rounds, but slow in the first.
        let mut rates = vec![vec![10.0; 9], vec![20.0; 9], vec![9.0; 9]];
        rates[1][0] = 5.0;
        let replayed = replay(&rates, 1.0 / 3.0).unwrap();
        assert_eq!(replayed.best, 1);
        assert!(replayed.runs <= 9 && replayed.found < 2, "{replayed:?}");
        let steady = vec![vec![10.0; 9], vec![20.0; 9], vec![9.0; 9]];
        let replayed = replay(&steady, 1.0 / 3.0).unwrap();
        assert_eq!((replayed.found, replayed.best, replayed.loss, replayed.runs), (1, 1, 0.0, 6));
        assert_eq!(replay(&[], 1.0), None);
    }
}
