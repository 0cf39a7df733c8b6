//! A grid of boxes that are darker the more they stand for.

use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::palette::{GREY, HEAT, heat_ink};
use super::svg::{Area, Drawn, Picture, WIDTH, label, name_style, picture, text, unit};

const MARGIN: i32 = 8;
const NAME: i32 = 18;
const BOX: i32 = 38;
const AXIS: i32 = 40;
/// Boxes beside each other; more would have no room for their numbers.
pub(super) const COLUMNS: usize = 5;

/// What a picture of boxes shows.
pub(super) struct Grid<'a> {
    pub(super) title: &'a str,
    /// What the numbers are, with their unit.
    pub(super) unit: &'a str,
    pub(super) rows: &'a [String],
    pub(super) columns: &'a [String],
    /// The number that is darkest.
    pub(super) most: f64,
}

/// What stands in a box.
pub(super) struct Square {
    /// How dark it is; `None` if it has no number.
    pub(super) number: Option<f64>,
    /// The number and its interval, or why it has none.
    pub(super) words: Vec<String>,
}

impl Grid<'_> {
    /// The picture. `at` says what stands in a row and a column.
    pub(super) fn draw(&self, at: impl Fn(usize, usize) -> Option<Square>) -> Picture {
        let Self { title, unit: of, rows, columns, .. } = self;
        let in_words = |row: usize, column: usize| {
            let words = at(row, column)?.words.join(" ");
            Some(format!("{}, {}: {words}", rows[row], columns[column]))
        };
        let all = (0..rows.len())
            .flat_map(|row| (0..columns.len()).filter_map(move |column| in_words(row, column)));
        let about = format!("{of}. {}.", all.collect::<Vec<_>>().join("; "));
        let step = (WIDTH - 2 * MARGIN) / columns.len().max(1) as i32;
        let bottom = rows.len() as i32 * (NAME + BOX);
        picture(title, about, bottom + AXIS, |area| {
            for (row, name) in rows.iter().enumerate() {
                let top = row as i32 * (NAME + BOX);
                text(area, name, (MARGIN, top + 9), WIDTH - 2 * MARGIN, &name_style())?;
                for column in 0..columns.len() {
                    if let Some(square) = at(row, column) {
                        self.square(area, &square, (MARGIN + column as i32 * step, top + NAME), step - 3)?;
                    }
                }
            }
            for (column, name) in columns.iter().enumerate() {
                let middle = MARGIN + column as i32 * step + (step - 3) / 2;
                text(area, name, (middle, bottom + 9), step, &label(11, GREY, HPos::Center))?;
            }
            unit(area, &format!("{of}; darker is more"), bottom + 28)
        })
    }

    fn square(&self, area: &Area<'_>, square: &Square, (left, top): (i32, i32), width: i32) -> Drawn {
        let step = square.number.map(|number| {
            let part = number / self.most * (HEAT.len() - 1) as f64;
            (part.round() as usize).min(HEAT.len() - 1)
        });
        let corners = [(left, top), (left + width, top + BOX - 4)];
        let ink = match step {
            Some(step) => {
                area.draw(&Rectangle::new(corners, HEAT[step].filled()))?;
                heat_ink(step)
            }
            None => {
                area.draw(&Rectangle::new(corners, GREY))?;
                GREY
            }
        };
        for (line, words) in square.words.iter().enumerate() {
            let size = if line == 0 { 12 } else { 10 };
            let at = (left + width / 2, top + 10 + line as i32 * 15);
            text(area, words, at, width + 12, &label(size, ink, HPos::Center))?;
        }
        Ok(())
    }
}
