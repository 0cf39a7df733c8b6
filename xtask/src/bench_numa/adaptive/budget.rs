//! How many of the whole grid's runs a search may use.

/// Rounds of the whole grid, if `--repeat` is not given. With the usual budget, a setting runs three times on
/// average.
pub(crate) const REPEAT: usize = 9;
/// The part of the whole grid's runs that may be used, if `--budget` is not given.
pub(crate) const BUDGET: f64 = 1.0 / 3.0;

/// Refuses budgets that allow no comparison.
///
/// # Errors
///
/// One line that says what to change.
pub(crate) fn check(budget: Option<f64>, repeat: usize) -> Result<(), String> {
    let rounds = budget.map(|budget| budget * repeat as f64);
    match rounds.filter(|&rounds| rounds < 1.5) {
        Some(rounds) => Err(format!(
            "--adaptive: the budget of {repeat} rounds is {rounds:.1} runs for each setting, and so few tell nothing \
             apart: give --repeat {REPEAT} or a larger --budget"
        )),
        None => Ok(()),
    }
}

/// A part of all runs: `1/3`, `25%` or `0.4`.
///
/// # Errors
///
/// It is no part, or not between 0 and 1.
pub(crate) fn parse(text: &str) -> Result<f64, String> {
    let number = |text: &str| text.trim().parse::<f64>();
    let part = match (text.split_once('/'), text.strip_suffix('%')) {
        (Some((over, under)), _) => number(over).and_then(|over| Ok(over / number(under)?)),
        (None, Some(percent)) => number(percent).map(|percent| percent / 100.0),
        (None, None) => number(text),
    };
    match part {
        Ok(part) if part > 0.0 && part <= 1.0 => Ok(part),
        Ok(_) => Err("it must be more than 0 and at most 1".into()),
        Err(_) => Err("it is no part: write 1/3, 25% or 0.4".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_read_in_three_ways() {
        for (text, part) in [("1/4", 0.25), ("25%", 0.25), ("0.25", 0.25), ("1", 1.0)] {
            assert_eq!(parse(text), Ok(part), "{text}");
        }
        for (text, hint) in
            [("0", "more than 0"), ("3/2", "at most 1"), ("1/0", "at most 1"), ("half", "1/3"), ("1/", "1/3")]
        {
            assert!(parse(text).unwrap_err().contains(hint), "{text}");
        }
    }

    #[test]
    fn a_budget_of_one_run_a_setting_is_refused() {
        assert!(check(Some(1.0 / 3.0), 3).unwrap_err().contains("--repeat 9"));
        assert!(check(Some(BUDGET), REPEAT).is_ok() && check(None, 1).is_ok());
    }
}
