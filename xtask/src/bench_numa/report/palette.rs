//! The colours of the pictures. plotters writes them into the elements, and the style sheet exchanges them in
//! the dark: it selects elements by the colour that they have.

use std::fmt::Write as _;

use plotters::style::RGBColor;

/// A colour on a light page, and the one in its place on a dark page.
#[derive(Clone, Copy)]
struct Pair {
    light: RGBColor,
    dark: u32,
}

const fn rgb(number: u32) -> RGBColor {
    let [_, red, green, blue] = number.to_be_bytes();
    RGBColor(red, green, blue)
}

const fn pair(light: u32, dark: u32) -> Pair {
    Pair { light: rgb(light), dark }
}

const INKS: [Pair; 6] = [
    pair(0x1b1b1b, 0xececec),
    pair(0x5c5c5c, 0xb0b0b0),
    pair(0xdcdcdc, 0x3c3c3c),
    pair(0xa80020, 0xff8a8a),
    pair(0x333333, 0xdddddd),
    pair(0xffffff, 0x16181b),
];
/// Words and numbers.
pub(super) const INK: RGBColor = INKS[0].light;
/// Axes and what stands beside them.
pub(super) const GREY: RGBColor = INKS[1].light;
pub(super) const GRID: RGBColor = INKS[2].light;
/// Cells that failed.
pub(super) const ALARM: RGBColor = INKS[3].light;
/// Intervals, on bars of every colour.
pub(super) const WHISKER: RGBColor = INKS[4].light;

/// The page itself: words on a series.
pub(super) const PAPER: RGBColor = INKS[5].light;

/// After Okabe and Ito, so that people with every kind of colour vision tell them apart; darker on a light page,
/// where their yellow and sky blue would be too faint.
const SERIES: [Pair; 7] = [
    pair(0x0072b2, 0x56b4e9),
    pair(0xd55e00, 0xff8c42),
    pair(0x007a5a, 0x2fd0a0),
    pair(0xb14e8a, 0xe8a0cc),
    pair(0x9a6b00, 0xf0c03f),
    pair(0x3d9bd1, 0xa5d8f5),
    pair(0x4b4b4b, 0xc8c8c8),
];

/// The colour of a series; they begin again after the seventh.
pub(super) fn series(index: usize) -> RGBColor {
    SERIES[index % SERIES.len()].light
}

/// The steps of a heat map, from little to much. They are the same on a dark page, because their words stand on them.
pub(super) const HEAT: [RGBColor; 7] =
    [rgb(0xedf3fa), rgb(0xcfe0f1), rgb(0xa6c8e4), rgb(0x74a9d4), rgb(0x2f72ad), rgb(0x1d5a94), rgb(0x0b3d74)];

/// The colour of words on a step of a heat map.
pub(super) fn heat_ink(step: usize) -> RGBColor {
    if step < 4 { rgb(0x10_1010) } else { rgb(0xfa_fafa) }
}

/// The rules of the style sheet that exchange the colours.
pub(super) fn dark_rules() -> String {
    let mut rules = String::new();
    for Pair { light: RGBColor(red, green, blue), dark } in INKS.iter().chain(&SERIES) {
        for property in ["fill", "stroke"] {
            writeln!(rules, "svg [{property}=\"#{red:02X}{green:02X}{blue:02X}\"]{{{property}:#{dark:06x}}}")
                .expect("a String takes everything");
        }
    }
    rules
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::distinct;

    /// Relative luminance, as WCAG defines it.
    fn luminance(RGBColor(red, green, blue): RGBColor) -> f64 {
        let linear = |part: u8| match f64::from(part) / 255.0 {
            part if part <= 0.04045 => part / 12.92,
            part => ((part + 0.055) / 1.055).powf(2.4),
        };
        0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
    }

    fn contrast(a: RGBColor, b: RGBColor) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn colours_differ_and_stand_out_from_light_and_dark_pages() {
        let all = || INKS.iter().chain(&SERIES);
        assert_eq!(distinct(all().map(|pair| pair.light)).len(), all().count());
        for Pair { light, dark } in all().filter(|pair| ![GRID, PAPER].contains(&pair.light)) {
            assert!(contrast(*light, rgb(0xff_ffff)) >= 3.0, "{light:?}");
            assert!(contrast(rgb(*dark), rgb(0x16_181b)) >= 3.0, "{dark:06x}");
        }
    }

    #[test]
    fn words_can_be_read_on_every_step_of_a_heat_map() {
        for (step, colour) in HEAT.into_iter().enumerate() {
            assert!(contrast(colour, heat_ink(step)) >= 4.5, "{step}");
        }
    }
}
