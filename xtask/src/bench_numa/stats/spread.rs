//! A median with the range of the rounds, and how a table prints it.

use serde::Serialize;

use super::{around, beside};

/// A median, and the range of the rounds around it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Spread {
    /// The middle number, or the mean of the two middle values.
    pub(crate) median: f64,
    /// The smallest.
    pub(crate) min: f64,
    /// The largest.
    pub(crate) max: f64,
}

impl Spread {
    /// Of some numbers; `None` if there are none.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = values.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let (&min, &max) = (sorted.first()?, sorted.last()?);
        let middle = sorted.len() / 2;
        let median =
            if sorted.len() % 2 == 1 { sorted[middle] } else { (sorted[middle - 1] + sorted[middle]) / 2.0 };
        Some(Self { median, min, max })
    }
}

/// The median of some rounds with its interval, as `3.50 M/s ±4 %`; a dash if there are none.
pub(crate) fn median_beside(rounds: &[f64], words: impl Fn(f64) -> String) -> String {
    let Some(Spread { median, .. }) = Spread::of(rounds.iter().copied()) else { return "-".into() };
    match around(median, rounds.iter().copied()) {
        None => words(median),
        interval => format!("{} {}", words(median), beside(interval, Some(median), &words)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_rounds_give_the_mean_as_median() {
        let spread = Spread::of([3.0, 1.0]).unwrap();
        assert_eq!(spread, Spread { median: 2.0, min: 1.0, max: 3.0 });
        assert_eq!(Spread::of([]), None);
    }

    #[test]
    fn a_median_stands_beside_its_interval_in_the_same_unit() {
        let told = |rounds: &[f64]| median_beside(rounds, |number| format!("{number:.1} us"));
        assert_eq!(told(&[5.0]), "5.0 us");
        assert_eq!(told(&[5.0, 5.0]), "5.0 us ±0.0 %");
        assert_eq!(told(&[4.0, 5.0, 6.0]), "5.0 us 3.0 us..8.2 us");
        assert_eq!(told(&[1.0, 9000.0]), "4500.5 us not bounded");
        assert_eq!(told(&[]), "-");
    }
}
