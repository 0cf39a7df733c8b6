//! A picture as text: the few SVG elements that charts are made of.

use std::fmt::Write as _;

/// Where a text stands relative to its point.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// What a text is.
#[derive(Clone, Copy)]
pub(super) enum Style {
    /// The heading of the picture.
    Title,
    /// The heading of a panel.
    Head,
    /// A name.
    Label,
    /// A number among lines.
    Number,
    /// What is read last: ticks, remarks.
    Small,
    /// A failure.
    Alarm,
}

impl Style {
    fn attributes(self) -> &'static str {
        match self {
            Self::Title => r##"font-size="17" font-weight="bold" fill="#222222""##,
            Self::Head => r##"font-size="13" font-weight="bold" fill="#222222""##,
            Self::Label => r##"font-size="12" fill="#222222""##,
            // These two on a white ground of their own, whatever line they stand on.
            Self::Number => {
                r##"font-size="12" fill="#222222" stroke="#ffffff" stroke-width="4" paint-order="stroke""##
            }
            Self::Small => r##"font-size="11" fill="#666666""##,
            Self::Alarm => {
                r##"font-size="11" fill="#b00020" stroke="#ffffff" stroke-width="4" paint-order="stroke""##
            }
        }
    }
}

/// Pixels that a character of a label takes at most, about: the font is the viewer's.
pub(super) const CHARACTER: f64 = 6.7;

/// A picture that is being drawn. Points count from the upper left corner.
pub(super) struct Svg {
    width: f64,
    height: f64,
    body: String,
}

impl Svg {
    pub(super) fn new(width: f64, height: f64) -> Self {
        Self { width, height, body: String::new() }
    }

    pub(super) fn rect(&mut self, (x, y): (f64, f64), width: f64, height: f64, fill: &str) {
        self.push(format_args!(
            r#"<rect x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" fill="{fill}"/>"#
        ));
    }

    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), stroke: &str, width: f64) {
        let ((x1, y1), (x2, y2)) = (from, to);
        self.push(format_args!(
            r#"<line x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}" stroke="{stroke}" stroke-width="{width:.1}"/>"#
        ));
    }

    /// Lines from point to point, and a dot at each.
    pub(super) fn path(&mut self, points: &[(f64, f64)], stroke: &str) {
        let list: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        self.push(format_args!(
            r#"<polyline points="{}" fill="none" stroke="{stroke}" stroke-width="2"/>"#,
            list.join(" ")
        ));
        for (x, y) in points {
            self.push(format_args!(r#"<circle cx="{x:.1}" cy="{y:.1}" r="3" fill="{stroke}"/>"#));
        }
    }

    /// From the smallest to the largest of several rounds, with a short stroke at either end.
    pub(super) fn whisker(&mut self, from: (f64, f64), to: (f64, f64), stroke: &str) {
        const HALF: f64 = 3.0;
        let (x, y) = if from.1 == to.1 { (0.0, HALF) } else { (HALF, 0.0) };
        self.line(from, to, stroke, 1.0);
        for end in [from, to] {
            self.line((end.0 - x, end.1 - y), (end.0 + x, end.1 + y), stroke, 1.0);
        }
    }

    pub(super) fn text(&mut self, (x, y): (f64, f64), anchor: Anchor, style: Style, words: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        self.push(format_args!(
            r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}" {}>{}</text>"#,
            style.attributes(),
            escaped(words)
        ));
    }

    /// The file. `title` is what is read aloud.
    pub(super) fn finish(self, title: &str) -> String {
        let Self { width, height, body } = self;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
             viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\" \
             font-family=\"Helvetica, Arial, DejaVu Sans, sans-serif\">\n\
             <title>{}</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n{body}</svg>\n",
            escaped(title)
        )
    }

    fn push(&mut self, element: std::fmt::Arguments<'_>) {
        writeln!(self.body, "{element}").expect("a String takes everything");
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A round distance between the ticks of an axis up to `most`: at most six of them.
pub(super) fn tick(most: f64) -> f64 {
    let rough = (most / 6.0).max(f64::MIN_POSITIVE);
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().find(|step| step * power >= rough * (1.0 - 1e-9));
    step.expect("a number is at most ten times its power of ten") * power
}

/// The ticks from 0 up to the first that is `most` or more.
pub(super) fn ticks(most: f64) -> Vec<f64> {
    let step = tick(most);
    let last = (most / step - 1e-9).ceil().max(1.0) as u32;
    (0..=last).map(|number| f64::from(number) * step).collect()
}

/// A number of an axis, without digits that say nothing.
pub(super) fn tick_label(number: f64) -> String {
    let text = format!("{number:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Panics unless `text` is one element whose tags are nested, whose attributes are quoted, and whose words
    /// are escaped: what this file can write of XML.
    pub(crate) fn assert_well_formed(text: &str) {
        let mut open: Vec<&str> = Vec::new();
        let mut elements = 0;
        let mut rest = text;
        while let Some((words, after)) = rest.split_once('<') {
            check_words(words);
            let (tag, after) = after.split_once('>').expect("a tag is closed");
            rest = after;
            if let Some(name) = tag.strip_prefix('/') {
                assert_eq!(open.pop(), Some(name), "{tag}");
                continue;
            }
            let (tag, is_empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
            let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
            assert!(name.chars().all(|c| c.is_ascii_alphabetic()), "{tag}");
            // Names with `=` before and values between the quotes.
            let parts: Vec<&str> = attributes.split('"').collect();
            assert_eq!(parts.len() % 2, 1, "quotes of {tag}");
            for pair in parts.chunks_exact(2) {
                assert!(pair[0].trim().ends_with('='), "{tag}");
                check_words(pair[1]);
                assert!(!pair[1].contains("NaN") && !pair[1].contains("inf"), "{tag}");
            }
            elements += usize::from(open.is_empty());
            if !is_empty {
                open.push(name);
            }
        }
        assert!(open.is_empty() && elements == 1 && rest.trim().is_empty(), "{open:?} {elements} {rest}");
    }

    fn check_words(words: &str) {
        for entity in words.split('&').skip(1) {
            let known = ["amp;", "lt;", "gt;", "quot;"];
            assert!(known.iter().any(|known| entity.starts_with(known)), "{words}");
        }
        assert!(!words.contains('>'), "{words}");
    }

    #[test]
    fn a_picture_is_well_formed_whatever_its_words() {
        let mut svg = Svg::new(100.0, 50.0);
        svg.text((1.0, 2.0), Anchor::Start, Style::Alarm, "a < b && \"c\" > d");
        svg.rect((0.0, 0.0), 1.0, 2.0, "#123456");
        svg.path(&[(0.0, 0.0), (1.0, 1.0)], "#123456");
        svg.whisker((0.0, 0.0), (9.0, 0.0), "#123456");
        let text = svg.finish("<&>");
        assert_well_formed(&text);
        assert!(text.contains("a &lt; b &amp;&amp; &quot;c&quot; &gt; d"), "{text}");
    }

    #[test]
    #[should_panic(expected = "quotes")]
    fn the_check_finds_an_open_quote() {
        assert_well_formed("<svg a=\"1></svg>");
    }

    #[test]
    #[should_panic(expected = "left")]
    fn the_check_finds_a_wrong_end() {
        assert_well_formed("<svg><g></svg>");
    }

    #[test]
    fn ticks_are_round_and_reach_the_end() {
        assert_eq!(ticks(1.0), [0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0]);
        assert_eq!(ticks(130.0), [0.0, 25.0, 50.0, 75.0, 100.0, 125.0, 150.0]);
        for most in [0.003, 0.9, 1.01, 3.0, 7.7, 99.0, 12345.0] {
            let ticks = ticks(most);
            assert!((2..=7).contains(&ticks.len()), "{most}: {ticks:?}");
            assert!(*ticks.last().unwrap() >= most * (1.0 - 1e-6), "{most}: {ticks:?}");
        }
        assert_eq!([tick_label(0.0), tick_label(0.25), tick_label(150.0)], ["0", "0.25", "150"]);
    }
}
