//! Several pictures in one SVG file, for documents: two beside each other, each under its title. It follows the
//! browser's light or dark style as the page does.

use maud::{PreEscaped, html};

use super::palette::{INK, PAPER, dark_rules};
use super::svg::{Picture, WIDTH, hex};

const MARGIN: i32 = 16;
/// The title of the file, and that of a picture.
const HEAD: i32 = 44;
const TITLE: i32 = 24;
const GAP: i32 = 28;
const COLUMNS: usize = 2;

/// The text of the file.
pub(super) fn poster(title: &str, pictures: &[Picture]) -> String {
    let columns = COLUMNS.min(pictures.len()).max(1) as i32;
    // If a title is longer than the pictures are wide, the viewer still shows all of it.
    let width = (columns * (WIDTH + GAP) - GAP + 2 * MARGIN).max(title.chars().count() as i32 * 10);
    let mut bottom = HEAD;
    let mut places = Vec::new();
    for row in pictures.chunks(COLUMNS) {
        for (column, picture) in row.iter().enumerate() {
            places.push((MARGIN + column as i32 * (WIDTH + GAP), bottom, picture));
        }
        bottom += TITLE + GAP + row.iter().map(|picture| picture.height).max().unwrap_or(0);
    }
    let style = format!("@media (prefers-color-scheme: dark) {{\n{}}}", dark_rules());
    let about: Vec<String> =
        pictures.iter().map(|Picture { title, about, .. }| format!("{title}. {about}")).collect();
    let page = html! {
        svg xmlns="http://www.w3.org/2000/svg" width=(width) height=(bottom)
            viewBox=(format!("0 0 {width} {bottom}")) role="img" font-family="system-ui, sans-serif" {
            title { (title) }
            desc { (about.join("\n")) }
            style { (PreEscaped(style)) }
            rect width="100%" height="100%" fill=(hex(PAPER)) {}
            text x=(MARGIN) y="26" font-size="17" font-weight="600" fill=(hex(INK)) { (title) }
            @for (x, y, picture) in &places {
                text x=(x) y=(y + 14) font-size="13" font-weight="600" fill=(hex(INK)) { (picture.title) }
                svg x=(x) y=(y + TITLE) width=(WIDTH) height=(picture.height) { (PreEscaped(&picture.drawing)) }
            }
        }
    };
    page.into_string() + "\n"
}
