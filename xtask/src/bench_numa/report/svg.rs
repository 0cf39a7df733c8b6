//! The frame of a picture: plotters' drawing within an `<svg>` that scales with the page and says what it shows.

use std::io;

use maud::{Markup, PreEscaped, Render, html};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::palette::{GREY, INK};
use crate::table::shortened;

/// The width of every picture, in the units of its text: as wide as a telephone, so that text stays readable there.
pub(super) const WIDTH: i32 = 440;
/// About the width of a character, in parts of the size of its font; the viewer chooses the font.
const CHARACTER: f64 = 0.56;

pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
pub(super) type Drawn = Result<(), DrawingAreaErrorKind<io::Error>>;

/// A drawing, [`WIDTH`] wide, with words about it.
pub(super) struct Picture {
    pub(super) title: String,
    /// What it shows, in words.
    pub(super) about: String,
    pub(super) height: i32,
    /// SVG elements.
    pub(super) drawing: String,
}

/// Draws a picture. `about` says in words what it shows.
pub(super) fn picture(
    title: &str,
    about: String,
    height: i32,
    draw: impl FnOnce(&Area<'_>) -> Drawn,
) -> Picture {
    Picture { title: title.to_owned(), about, height, drawing: drawing(height, draw) }
}

/// A figure of a page, with the title above it.
impl Render for Picture {
    fn render(&self) -> Markup {
        let Self { title, about, height, drawing } = self;
        html! {
            figure {
                figcaption { (title) }
                svg viewBox=(format!("0 0 {WIDTH} {height}")) role="img" {
                    title { (title) }
                    desc { (about) }
                    (PreEscaped(drawing))
                }
            }
        }
    }
}

/// A place in a picture. One that is far outside of it, such as the end of an interval without bounds, is cut.
pub(super) fn pixel(at: f64) -> i32 {
    at.clamp(-9_999.0, 9_999.0) as i32
}

/// A colour as plotters writes it, so that the style sheet finds it.
pub(super) fn hex(RGBColor(red, green, blue): RGBColor) -> String {
    format!("#{red:02X}{green:02X}{blue:02X}")
}

/// The elements of a drawing, without the `<svg>` around them: plotters gives that a fixed size.
fn drawing(height: i32, draw: impl FnOnce(&Area<'_>) -> Drawn) -> String {
    let mut text = String::new();
    let size = (WIDTH.unsigned_abs(), height.unsigned_abs());
    {
        let root = SVGBackend::with_string(&mut text, size).into_drawing_area();
        draw(&root).and_then(|()| root.present()).expect("a String takes everything");
    }
    let within = text.split_once('>').map_or("", |(_, rest)| rest).trim();
    within.strip_suffix("</svg>").unwrap_or(within).to_owned()
}

/// A text whose middle is at the height of its point.
pub(super) fn label(size: i32, colour: RGBColor, anchor: HPos) -> TextStyle<'static> {
    font(size).color(&colour).pos(Pos::new(anchor, VPos::Center))
}

pub(super) fn font(size: i32) -> FontDesc<'static> {
    // plotters writes 1/1.24 of the size into the picture.
    ("system-ui, sans-serif", f64::from(size) * 1.24).into_font()
}

/// Writes `words` at a point, cut to `room`.
pub(super) fn text(area: &Area<'_>, words: &str, at: (i32, i32), room: i32, style: &TextStyle<'_>) -> Drawn {
    let most = f64::from(room) / (style.font.get_size() / 1.24 * CHARACTER);
    area.draw_text(&shortened(words, (most as usize).saturating_sub(2)), style, at)
}

/// Words in at most two lines that fit into `room`; only what does not fit into the second is cut.
pub(super) fn two_lines(words: &str, room: i32, size: i32) -> Vec<String> {
    if width_of(words, size) <= room {
        return vec![words.to_owned()];
    }
    let fits = |(end, _): &(usize, char)| width_of(&words[..*end], size) <= room;
    let end =
        words.char_indices().filter(|(_, c)| *c == ' ').take_while(fits).last().map_or(0, |(end, _)| end);
    [&words[..end], &words[end..]]
        .map(|line| line.trim().to_owned())
        .into_iter()
        .filter(|line| !line.is_empty())
        .collect()
}

/// The width of a text in this size.
pub(super) fn width_of(words: &str, size: i32) -> i32 {
    (words.chars().count() as f64 * f64::from(size) * CHARACTER).ceil() as i32
}

/// Where an axis from 0 to `most` has its numbers: at 1, 2 or 5 times a power of ten, four to eight of them.
pub(super) fn ticks(most: f64) -> Vec<f64> {
    let raw = most / 5.0;
    let power = 10_f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|step| step * power).find(|step| *step >= raw);
    let step = step.unwrap_or(raw);
    (0..=8).map(|index| f64::from(index) * step).take_while(|tick| *tick <= most * 1.000_001).collect()
}

/// A number of an axis, without superfluous digits.
pub(super) fn tick_label(number: f64) -> String {
    let text = format!("{number:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The words below an axis: what it shows, and the unit.
pub(super) fn unit(area: &Area<'_>, words: &str, y: i32) -> Drawn {
    text(area, words, (WIDTH / 2, y), WIDTH, &label(11, GREY, HPos::Center))
}

/// The style of a name.
pub(super) fn name_style() -> TextStyle<'static> {
    label(12, INK, HPos::Left)
}
