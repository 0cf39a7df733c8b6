//! Numbers as people write and read them: `10M`, `1_000_000`, `1.2 us`, `26.8`.

use std::time::Duration;

/// Reads a count: digits, perhaps with `_` between them, and at most one of the suffixes `k`, `K`, `M`, `G`.
///
/// # Errors
/// `text` is not a count, or does not fit into 64 bits.
pub fn parse_count(text: &str) -> Result<u64, String> {
    let (digits, factor) = match text.as_bytes().last() {
        Some(b'k' | b'K') => (&text[..text.len() - 1], 1_000),
        Some(b'M') => (&text[..text.len() - 1], 1_000_000),
        Some(b'G') => (&text[..text.len() - 1], 1_000_000_000),
        _ => (text, 1),
    };
    let well_formed = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    if !well_formed {
        return Err(format!("{text:?} is not a count: write 1000000, 1_000_000, 1M, 500k or 1G"));
    }
    let number = digits.replace('_', "").parse::<u64>().ok().and_then(|number| number.checked_mul(factor));
    number.ok_or_else(|| format!("{text:?} is too large: at most {}", u64::MAX))
}

/// A count with the suffix that loses nothing: 10000000 is `10M`, 1500 is `1500`.
#[must_use]
pub fn count(number: u64) -> String {
    for (factor, suffix) in [(1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")] {
        if number >= factor && number.is_multiple_of(factor) {
            return format!("{}{suffix}", number / factor);
        }
    }
    number.to_string()
}

/// Nanoseconds with three significant digits and the unit that suits them.
#[must_use]
pub fn nanoseconds(ns: u64) -> String {
    match ns {
        0..1_000 => format!("{ns} ns"),
        1_000..1_000_000 => format!("{} us", three_digits(ns as f64 / 1e3)),
        1_000_000..1_000_000_000 => format!("{} ms", three_digits(ns as f64 / 1e6)),
        _ => format!("{} s", three_digits(ns as f64 / 1e9)),
    }
}

/// A number with three significant digits, but never without the digits before the point.
#[must_use]
pub fn three_digits(number: f64) -> String {
    match number.abs() {
        size if size < 9.995 => format!("{number:.2}"),
        size if size < 99.95 => format!("{number:.1}"),
        _ => format!("{number:.0}"),
    }
}

/// Bytes in the binary unit that suits them.
#[must_use]
pub fn bytes(number: u64) -> String {
    for (shift, unit) in [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")] {
        if number >= 1 << shift {
            return format!("{} {unit}", three_digits(number as f64 / (1_u64 << shift) as f64));
        }
    }
    format!("{number} B")
}

/// Whole seconds, or minutes if there are many.
#[must_use]
pub fn duration(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds if seconds.is_multiple_of(60) => format!("{} min", seconds / 60),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_with_suffixes_and_underscores() {
        for (text, number) in [
            ("0", 0),
            ("1_000_000", 1_000_000),
            ("10M", 10_000_000),
            ("500k", 500_000),
            ("2K", 2_000),
            ("1G", 1_000_000_000),
            ("1_5M", 15_000_000),
        ] {
            assert_eq!(parse_count(text), Ok(number), "{text}");
        }
    }

    #[test]
    fn what_is_no_count_is_refused() {
        for text in
            ["", " ", "M", "_1", "-1", "+1", "1.5M", "10m", "1MM", "1T", "ten", "1 M", "é", "1e999", "inf"]
        {
            let error = parse_count(text).unwrap_err();
            assert!(error.contains("is not a count"), "{text}: {error}");
        }
        for text in ["18446744073709551616", "18446744073709551615k", "99999999999G"] {
            assert!(parse_count(text).unwrap_err().contains("too large"), "{text}");
        }
    }

    #[test]
    fn counts_are_written_without_loss() {
        for number in [0, 1, 999, 1_000, 1_500, 10_000_000, 2_000_000_000, 1_000_001] {
            assert_eq!(parse_count(&count(number)), Ok(number));
        }
        assert_eq!(count(10_000_000), "10M");
        assert_eq!(count(1_500), "1500");
    }

    #[test]
    fn times_and_sizes_are_short() {
        assert_eq!(nanoseconds(870), "870 ns");
        assert_eq!(nanoseconds(1_234), "1.23 us");
        assert_eq!(nanoseconds(98_765), "98.8 us");
        assert_eq!(nanoseconds(718_000_000), "718 ms");
        assert_eq!(nanoseconds(2_500_000_000), "2.50 s");
        assert_eq!(bytes(17), "17 B");
        assert_eq!(bytes(3 << 30), "3.00 GiB");
        assert_eq!(duration(Duration::from_secs(45)), "45 s");
        assert_eq!(duration(Duration::from_secs(125)), "2 min 5 s");
        assert_eq!(duration(Duration::from_secs(600)), "10 min");
    }
}
