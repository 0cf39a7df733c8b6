//! Compares our map with the best of the others in each setting.

use bench::maps::is_ours;
use bench::units::three_digits;

use super::plan::{Group, row_name};
use super::stats::{Interval, beside};
use super::summary::{Numbers, Row};
use crate::table::aligned;

/// A line for each setting: our first row, the peer with the highest median, and our throughput relative to
/// that peer's. There are no lines if no setting has both.
pub(crate) fn lines(groups: &[Group], rows: &[Vec<Row>]) -> Vec<String> {
    let compared = groups.iter().zip(rows).filter_map(|(group, rows)| compare(group, rows));
    let headings =
        ["setting", "ours", "best peer", "theirs", "ratio", "by round", "95 %"].map(str::to_owned).to_vec();
    let table: Vec<Vec<String>> = std::iter::once(headings).chain(compared).collect();
    if table.len() == 1 { Vec::new() } else { aligned(&table, 1) }
}

/// The line of a setting whose first row is ours, and in which a peer was measured.
fn compare(group: &Group, rows: &[Row]) -> Option<Vec<String>> {
    let first = group.cells.first().filter(|cell| is_ours(&cell.map))?;
    let peers = group.cells.iter().zip(rows).filter(|(cell, _)| !is_ours(&cell.map));
    let measured = peers.filter_map(|(cell, row)| Some((row_name(cell), numbers(row)?)));
    let (name, best) = measured.max_by(|(_, a), (_, b)| a.mops.median.total_cmp(&b.mops.median))?;
    let Some(ours) = rows.first().and_then(numbers) else {
        return Some(vec![group.title(), format!("{} has no number", first.map)]);
    };
    // A row has its own throughput relative to ours.
    let inverse = |ratio: Option<f64>| ratio.map_or_else(|| "-".into(), |ratio| three_digits(1.0 / ratio));
    let [of_medians, by_round] = [best.ratio, best.ratio_by_round].map(inverse);
    let interval = best.ratio_interval.map(Interval::inverse);
    let interval = beside(interval, best.ratio_by_round.map(|ratio| 1.0 / ratio), three_digits);
    let [ours, theirs] = [ours, best].map(|numbers| three_digits(numbers.mops.median));
    Some(vec![group.title(), ours, name, theirs, of_medians, by_round, interval])
}

fn numbers(row: &Row) -> Option<&Numbers> {
    match row {
        Row::Measured(numbers) => Some(numbers),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::machine::tests::sample;
    use super::super::plan::tests::plan;
    use super::super::run::tests::measured;
    use super::super::summary::rows;
    use super::super::summary::tests::run;
    use super::*;
    use bench::protocol::CellOutcome;

    /// The words of the lines for a sweep of one setting, where `mops` has the outcome of each row.
    fn compared(maps: &str, mops: &[Option<f64>]) -> Vec<String> {
        let plan = plan(&format!("--maps {maps} --workloads c --repeat 1"), &sample(2, 1)).unwrap();
        let outcome = |mops: &Option<f64>| match mops {
            Some(mops) => measured(*mops),
            None => CellOutcome::Failed { reason: "key 7 lost".into() },
        };
        let runs: Vec<_> = mops.iter().enumerate().map(|(row, m)| run(&plan, row, 1, outcome(m))).collect();
        let lines = lines(&plan.groups, &rows(&plan, &runs));
        lines.iter().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    }

    #[test]
    fn the_fastest_peer_that_did_not_fail_is_the_best() {
        let lines = compared(
            "bskip,bskip-coin,masstree,congee,artmap",
            &[Some(6.0), Some(9.0), None, Some(4.0), Some(3.0)],
        );
        assert_eq!(lines[1], "c, uniform, 2 threads, pin compact 6.00 congee 4.00 1.50 1.50 -");
        assert_eq!(lines.len(), 2);
    }

    #[test]
    fn without_ours_or_a_peer_there_is_nothing_to_compare() {
        assert!(compared("congee,bskip", &[Some(1.0), Some(2.0)]).is_empty());
        assert!(compared("bskip,bskip-coin", &[Some(1.0), Some(2.0)]).is_empty());
        assert!(compared("bskip,congee", &[Some(1.0), None]).is_empty());
        assert!(compared("bskip,congee", &[None, Some(2.0)])[1].ends_with("bskip has no number"));
    }
}
