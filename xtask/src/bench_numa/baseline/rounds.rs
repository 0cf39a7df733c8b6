//! Runs the old and the new program, cell by cell in the same rounds, until every cell is judged.

use bench::protocol::CellOutcome;

use super::super::run::Ended;
use super::super::summary::rate;
use super::judge::{Judged, LOOKS, Verdict, judge};
use super::old::Cell;
use crate::stop::Stop;

/// The two programs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Side {
    Old,
    New,
}

/// What became of a cell.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Compared {
    /// Million operations a second, of the old and of the new program, by round.
    pub(super) rates: Vec<(f64, f64)>,
    pub(super) judged: Option<Judged>,
    /// Why it has no rates: which program failed or skipped it, and its reason.
    pub(super) stopped: Option<(Side, CellOutcome)>,
}

/// A comparison after its end.
#[derive(Debug)]
pub(super) struct Comparison {
    pub(super) cells: Vec<Compared>,
    /// Whether it was not interrupted.
    pub(super) complete: bool,
}

/// Runs all cells `first` times on both sides, and again those that are uncertain. `run` runs one program on a
/// cell.
///
/// # Errors
///
/// A program refuses the very first cell that it gets.
pub(super) fn compare(
    cells: &[Cell],
    first: usize,
    fail_above: f64,
    mut run: impl FnMut(Side, usize, &Cell) -> Ended,
) -> Result<Comparison, Stop> {
    let mut compared = vec![Compared::default(); cells.len()];
    let mut open: Vec<usize> = (0..cells.len()).collect();
    let mut round = 0;
    for look in 0..LOOKS {
        while round < first << look {
            round += 1;
            for position in 0..open.len() {
                let cell = open[(position + round - 1) % open.len()];
                if compared[cell].stopped.is_some() {
                    continue;
                }
                // Each program goes first in every second round.
                let order = match (cell + round).is_multiple_of(2) {
                    true => [Side::Old, Side::New],
                    false => [Side::New, Side::Old],
                };
                let is_first = compared.iter().all(|cell| cell.rates.is_empty() && cell.stopped.is_none());
                match pair(order, &mut |side| run(side, round, &cells[cell]), is_first)? {
                    None => return Ok(Comparison { cells: compared, complete: false }),
                    Some(Ok(rates)) => compared[cell].rates.push(rates),
                    Some(Err(stopped)) => {
                        compared[cell] = Compared { stopped: Some(stopped), ..Compared::default() }
                    }
                }
            }
        }
        let ratios: Vec<Vec<f64>> =
            compared.iter().map(|cell| cell.rates.iter().map(|(old, new)| new / old).collect()).collect();
        let judged = judge(&ratios, fail_above);
        open.iter().for_each(|&cell| compared[cell].judged = judged[cell]);
        open.retain(|&cell| judged[cell].is_some_and(|judged| judged.verdict == Verdict::Uncertain));
        if open.is_empty() {
            break;
        }
    }
    Ok(Comparison { cells: compared, complete: true })
}

/// The rates of the old and the new program, or what stopped one of them. `None` after Ctrl-C.
type Pair = Option<Result<(f64, f64), (Side, CellOutcome)>>;

/// Runs both programs, also if the first one is stopped, so that their order does not change what is told. A
/// failure of the new program counts most. Without a rate of the old one there is nothing to compare with, so
/// this counts more than a cell that the new one skips.
fn pair(order: [Side; 2], run: &mut dyn FnMut(Side) -> Ended, is_first: bool) -> Result<Pair, Stop> {
    let (mut rates, mut stopped) = ([0.0; 2], Vec::new());
    for side in order {
        let outcome = match run(side) {
            Ended::With(outcome) => outcome,
            Ended::Interrupted => return Ok(None),
            Ended::Refused(why) if is_first && side == Side::New => return Err(Stop::usage(why)),
            Ended::Refused(why) if is_first => {
                return Err(Stop::environment(format!(
                    "--baseline: its program refuses the cells: {why}; measure a baseline again, with --out"
                )));
            }
            Ended::Refused(reason) => CellOutcome::Failed { reason },
        };
        match outcome {
            CellOutcome::Measured(measurement) => rates[side as usize] = rate(&measurement),
            outcome => stopped.push((side, outcome)),
        }
    }
    stopped.sort_by_key(|(side, outcome)| match (side, outcome) {
        (Side::New, CellOutcome::Failed { .. }) => 0,
        (Side::Old, _) => 1,
        (Side::New, _) => 2,
    });
    Ok(Some(stopped.into_iter().next().map_or(Ok(rates.into()), Err)))
}

#[cfg(test)]
mod tests {
    use super::super::super::run::tests::measured;
    use super::*;
    use bench::protocol::CellSpec;

    fn cells(maps: &[&str]) -> Vec<Cell> {
        let cell = |map: &&str| Cell {
            spec: CellSpec { map: (*map).into(), ..CellSpec::default() },
            json: String::new(),
        };
        maps.iter().map(cell).collect()
    }

    #[test]
    fn both_programs_take_turns_and_only_uncertain_cells_get_more_rounds() {
        let mut asked: Vec<(Side, String)> = Vec::new();
        let comparison = compare(&cells(&["steady", "noisy"]), 2, 0.05, |side, round, cell| {
            asked.push((side, cell.spec.map.clone()));
            let noise =
                if cell.spec.map == "noisy" && side == Side::New { [0.5, 2.0][round % 2] } else { 1.0 };
            Ended::With(measured(4.0 * noise))
        })
        .unwrap();
        let [steady, noisy] = &comparison.cells[..] else { panic!() };
        assert_eq!((steady.rates.len(), noisy.rates.len()), (2, 2 << (LOOKS - 1)));
        assert_eq!(steady.judged.unwrap().verdict, Verdict::Fine);
        assert_eq!(noisy.judged.unwrap().verdict, Verdict::Uncertain);
        for map in ["steady", "noisy"] {
            let of_map = asked.iter().filter(|(_, name)| name == map).map(|(side, _)| *side);
            let firsts: Vec<Side> = of_map.step_by(2).collect();
            assert!(firsts.windows(2).all(|two| two[0] != two[1]), "{map}: {firsts:?}");
        }
    }

    #[test]
    fn a_cell_that_one_program_cannot_do_is_not_compared() {
        let comparison = compare(&cells(&["bskip", "congee"]), 2, 0.05, |side, _, cell| {
            Ended::With(match (side, &*cell.spec.map) {
                (Side::New, "congee") => CellOutcome::Failed { reason: "key 7 lost".into() },
                _ => measured(1.0),
            })
        })
        .unwrap();
        let failed = CellOutcome::Failed { reason: "key 7 lost".into() };
        assert_eq!(comparison.cells[1].stopped, Some((Side::New, failed)));
        assert!(comparison.complete && comparison.cells[1].judged.is_none());
        assert_eq!(comparison.cells[0].rates.len(), 2);
    }

    #[test]
    fn what_stops_a_cell_does_not_depend_on_the_order_of_the_programs() {
        let failed = || CellOutcome::Failed { reason: "key 7 lost".into() };
        let skipped = || CellOutcome::Skipped { reason: "no pages".into() };
        for (old, new, told) in [
            (failed(), measured(1.0), Side::Old),
            (failed(), skipped(), Side::Old),
            (failed(), failed(), Side::New),
            (skipped(), measured(1.0), Side::Old),
            (skipped(), skipped(), Side::Old),
            (skipped(), failed(), Side::New),
            (measured(1.0), failed(), Side::New),
            (measured(1.0), skipped(), Side::New),
        ] {
            let of = |side| if side == Side::Old { &old } else { &new };
            for order in [[Side::Old, Side::New], [Side::New, Side::Old]] {
                let pair = pair(order, &mut |side| Ended::With(of(side).clone()), false);
                assert_eq!(pair, Ok(Some(Err((told, of(told).clone())))), "{old:?} {new:?} {order:?}");
            }
        }
    }

    #[test]
    fn an_old_program_that_refuses_everything_ends_with_what_to_do() {
        let refused = compare(&cells(&["bskip"]), 1, 0.05, |side, _, _| match side {
            Side::Old => Ended::Refused("unknown field".into()),
            Side::New => Ended::With(measured(1.0)),
        });
        let stop = refused.unwrap_err();
        assert_eq!(stop.code, Stop::ENVIRONMENT);
        assert!(stop.line.contains("unknown field; measure a baseline again"), "{}", stop.line);
        let interrupted = compare(&cells(&["bskip"]), 1, 0.05, |_, _, _| Ended::Interrupted).unwrap();
        assert!(!interrupted.complete);
    }
}
