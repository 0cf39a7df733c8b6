//! Measuring several ways in turns: the little that the programs for this have in common.

use crate::team::Team;

/// The sum of what all workers found.
pub(crate) fn total(results: Vec<Result<u64, String>>) -> Result<u64, String> {
    results.into_iter().try_fold(0, |sum: u64, part| Ok(sum.wrapping_add(part?)))
}

/// Runs `work` on each worker; the sum of what they found, and how long it took in seconds.
pub(crate) fn timed(team: &Team, work: impl Fn(usize) -> u64 + Sync) -> Result<(u64, f64), String> {
    let done = team.run(work);
    Ok((total(done.results)?, done.elapsed.as_secs_f64()))
}

/// The one in the middle.
pub(crate) fn median(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut numbers: Vec<f64> = numbers.collect();
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}
