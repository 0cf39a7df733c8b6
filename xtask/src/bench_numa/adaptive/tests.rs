//! Simulated grids with noise from a seed.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt as _, SeedableRng as _};
use rand_distr::{Distribution, Normal};

use super::race::{AS_GOOD, Drop, Race};

/// A grid of placements, pinnings, page sizes and thread counts: each choice changes the rate by some factor, and
/// each combination by another, smaller one.
fn grid(random: &mut Xoshiro256PlusPlus) -> Vec<f64> {
    let (main, joint) = (Normal::new(0.0, 0.1).unwrap(), Normal::new(0.0, 0.03).unwrap());
    let choices: Vec<Vec<f64>> =
        (0..4).map(|_| (0..random.random_range(2..=4)).map(|_| main.sample(random)).collect()).collect();
    let mut rates = vec![0.0];
    for axis in &choices {
        rates = rates.iter().flat_map(|rate| axis.iter().map(move |choice| rate + choice)).collect();
    }
    rates.into_iter().map(|rate: f64| (rate + joint.sample(random)).exp()).collect()
}

/// Searches a grid. Returns the loss of the setting that was found against the best, and the runs it took.
fn search(grid: &[f64], sigma: f64, rounds: usize, random: &mut Xoshiro256PlusPlus) -> (f64, usize) {
    let (noise, drift) = (Normal::new(0.0, sigma).unwrap(), Normal::new(0.0, 0.1).unwrap());
    let mut race = Race::new(grid.len(), grid.len() * rounds / 3, rounds);
    let mut runs = 0;
    while let Some((_, settings)) = race.next_round() {
        let drift = drift.sample(random);
        for setting in settings {
            runs += 1;
            race.record(setting, Some(grid[setting] * (drift + noise.sample(random)).exp()));
        }
        race.end_round();
    }
    let best = grid.iter().copied().fold(0.0, f64::max);
    (1.0 - grid[race.standing().unwrap().best] / best, runs)
}

#[test]
fn a_third_of_the_runs_finds_the_best_setting_or_one_as_good() {
    for (sigma, rounds, most_missed) in [(0.01, 9, 0), (0.03, 9, 5), (0.05, 9, 20), (0.05, 15, 10)] {
        let mut missed = 0;
        for seed in 0..500 {
            let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
            let grid = grid(&mut random);
            let (loss, runs) = search(&grid, sigma, rounds, &mut random);
            assert!(3 * runs <= rounds * grid.len(), "{runs} runs of {} settings", grid.len());
            missed += usize::from(loss > AS_GOOD);
        }
        assert!(missed <= most_missed, "noise {sigma}, {rounds} rounds: {missed} of 500 missed");
    }
}

#[test]
fn settings_that_are_much_slower_are_dropped_with_proof_after_two_rounds() {
    let mut race = Race::new(4, 100, 9);
    for (round, noise) in [(1, 0.01), (2, -0.01)] {
        let (number, settings) = race.next_round().unwrap();
        assert_eq!((number, settings[0]), (round, round - 1));
        for setting in settings {
            let rate = [10.0, 9.999, 5.0, 4.0][setting] + if setting % 2 == 0 { noise } else { -noise };
            race.record(setting, Some(rate));
        }
        let dropped = race.end_round();
        let settings: Vec<usize> = dropped.iter().map(|drop| drop.setting).collect();
        assert_eq!(settings, if round == 1 { vec![] } else { vec![2, 3] });
        assert!(dropped.iter().all(|drop| drop.is_proven() && drop.leader == 0 && drop.round == 2));
    }
    let standing = race.standing().unwrap();
    assert_eq!((standing.best, standing.next), (0, Some(1)));
}

#[test]
fn a_setting_without_a_rate_is_out_and_equal_ones_end_the_race() {
    let mut race = Race::new(3, 100, 9);
    for _ in 0..2 {
        for setting in race.next_round().unwrap().1 {
            race.record(setting, (setting != 1).then_some(7.0));
        }
        assert!(race.end_round().is_empty());
    }
    assert!(race.is_decided() && race.next_round().is_none());
    assert_eq!(race.standing().unwrap().next, Some(2));
}

#[test]
fn a_setting_without_rivals_runs_once() {
    let mut race = Race::new(1, 3, 9);
    assert_eq!(race.next_round(), Some((1, vec![0])));
    race.record(0, Some(7.0));
    race.end_round();
    assert!(race.is_decided() && race.next_round().is_none());
    assert_eq!((race.standing().unwrap().best, race.runs()), (0, 1));
}

/// Settings with the same rate, measured with noise. Returns whether one was dropped as slower than another.
fn tells_equals_apart(settings: usize, random: &mut Xoshiro256PlusPlus) -> bool {
    let noise = Normal::new(0.0, 0.03).unwrap();
    let mut race = Race::new(settings, settings * 9, 9);
    let mut proven = false;
    while let Some((_, running)) = race.next_round() {
        for setting in running {
            let log: f64 = noise.sample(random);
            race.record(setting, Some(log.exp()));
        }
        proven |= race.end_round().iter().any(Drop::is_proven);
    }
    proven
}

#[test]
fn equal_settings_are_told_apart_in_at_most_5_of_100_sweeps() {
    for settings in [2, 3, 8, 24] {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(settings as u64);
        let wrong = (0..2_000).filter(|_| tells_equals_apart(settings, &mut random)).count();
        assert!(wrong <= 100, "{settings} settings: {wrong} of 2000");
    }
}
