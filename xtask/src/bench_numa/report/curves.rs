//! Throughput against threads, with the fit of the Universal Scalability Law.

use bench::units::three_digits;
use maud::{Markup, html};

use super::cells::{Cell, Setting};
use super::interval::Estimate;
use super::lines::{Line, lines};
use super::numbers::Numbers;
use super::svg::Picture;
use super::tables::{ends, ends_in_words};
use super::usl::{POINTS, Usl};
use super::words;
use crate::cli::distinct;

/// A row of cells with growing numbers of threads.
struct Curve<'a> {
    name: &'a str,
    points: Vec<(usize, &'a Numbers)>,
}

impl<'a> Curve<'a> {
    /// The curves of a workload in a setting, with at least two points each.
    fn of(setting: &'a Setting, workload: &str) -> Vec<Self> {
        let panels = || setting.panels.iter().filter(|panel| panel.workload == workload);
        let names = distinct(panels().flat_map(|panel| &panel.cells).map(|cell| cell.name.as_str()));
        let curve = |name| {
            let cells = panels().flat_map(|panel| &panel.cells).filter(|cell: &&Cell| cell.name == name);
            let mut points: Vec<_> =
                cells.filter_map(|cell| Some((cell.id.threads, cell.numbers()?))).collect();
            points.sort_by_key(|(threads, _)| *threads);
            Self { name, points }
        };
        names.into_iter().map(curve).filter(|curve| curve.points.len() > 1).collect()
    }

    fn medians(&self) -> Vec<(usize, f64)> {
        self.points.iter().map(|(threads, of)| (*threads, of.mops.middle)).collect()
    }

    /// The law of the medians.
    fn law(&self) -> Option<Usl> {
        Usl::fit(&self.medians())
    }

    /// The points of each round that has all thread counts, and their law.
    fn rounds(&self) -> Vec<(Vec<(usize, f64)>, Usl)> {
        let rounds =
            self.points.first().map_or_else(Vec::new, |(_, of)| of.by_round.keys().copied().collect());
        let law = |round: usize| {
            let points = self.points.iter().map(|(threads, of)| Some((*threads, *of.by_round.get(&round)?)));
            let points: Vec<_> = points.collect::<Option<_>>()?;
            let law = Usl::fit(&points)?;
            Some((points, law))
        };
        rounds.into_iter().filter_map(law).collect()
    }
}

/// Whether a setting has several numbers of threads.
pub(super) fn has_any(setting: &Setting) -> bool {
    setting.panels.iter().any(|panel| panel.threads != setting.panels[0].threads)
}

/// A picture for each workload; none if the setting has one number of threads.
pub(super) fn pictures(setting: &Setting) -> Vec<Picture> {
    let all = all(setting);
    all.iter()
        .filter(|(_, curves)| !curves.is_empty())
        .map(|(workload, curves)| drawn(workload, curves))
        .collect()
}

/// The curves of each workload.
fn all(setting: &Setting) -> Vec<(&str, Vec<Curve<'_>>)> {
    let workloads = distinct(setting.panels.iter().map(|panel| panel.workload.as_str()));
    workloads.into_iter().map(|workload| (workload, Curve::of(setting, workload))).collect()
}

/// All pictures of a setting, and the table of its fits; nothing if it has one number of threads.
pub(super) fn section(setting: &Setting) -> Markup {
    let counts = distinct(setting.panels.iter().map(|panel| panel.threads));
    html! {
        @if counts.len() > 1 {
            h3 { (setting.title) }
            div.pictures { @for picture in pictures(setting) { (picture) } }
            @if counts.len() < POINTS {
                p {
                    "No fit of the Universal Scalability Law: it needs at least " (POINTS) " thread counts, and this \
                     sweep has " (counts.len()) "."
                }
            } @else { (fits(&all(setting))) }
        }
    }
}

fn drawn(workload: &str, curves: &[Curve<'_>]) -> Picture {
    let line = |curve: &Curve<'_>| Line {
        name: curve.name.to_owned(),
        points: curve.points.iter().map(|(threads, of)| (*threads, of.mops)).collect(),
        law: curve.law(),
    };
    let all: Vec<Line> = curves.iter().map(line).collect();
    lines(&words::workload(workload), "million operations a second, with 95 % intervals", &all)
}

/// The numbers of the law for every curve.
fn fits(all: &[(&str, Vec<Curve<'_>>)]) -> Markup {
    html! {
        p {
            "The lines are fits of the Universal Scalability Law, X(N) = λN / (1 + σ(N−1) + κN(N−1)), with the smallest \
             relative errors. λ: million operations a second of one thread. σ: the part of the work that threads do \
             one after the other. κ: what each pair of threads pays to agree. Knee: the number of threads with the \
             highest throughput. Each interval comes from the fits of the single rounds."
        }
        div.scroll tabindex="0" {
            table {
                thead {
                    tr {
                        th scope="col" { "map" }
                        th.words scope="col" { "workload" }
                        @for heading in ["λ, Mops/s", "σ", "κ", "knee, threads", "largest error"] {
                            th scope="col" { (heading) }
                        }
                    }
                }
                tbody {
                    @for (workload, curve) in all.iter().flat_map(|(workload, of)| of.iter().map(move |of| (workload, of))) {
                        tr {
                            th scope="row" { (curve.name) }
                            td.words { (workload) }
                            (fit(curve))
                        }
                    }
                }
            }
        }
    }
}

/// σ or κ, which may be tiny and are never negative.
fn small(number: f64) -> String {
    match number {
        number if number < 1e-9 => "0".into(),
        number if number < 1e-3 => format!("{number:.1e}"),
        number => format!("{number:.4}"),
    }
}

fn fit(curve: &Curve<'_>) -> Markup {
    let Some(law) = curve.law() else {
        return html! { td.words colspan="5" { "fewer than " (POINTS) " thread counts have numbers" } };
    };
    let rounds = curve.rounds();
    let coefficient = |of: fn(&Usl) -> f64| {
        let found = Estimate::linear_around(of(&law), rounds.iter().map(|(_, law)| of(law)));
        ends(found.middle, found.interval, small)
    };
    let knees: Vec<f64> = rounds.iter().filter_map(|(_, law)| law.knee()).collect();
    let last = curve.points.last().map_or(0.0, |(threads, _)| *threads as f64);
    let lambda = Estimate::around(law.lambda, rounds.iter().map(|(_, law)| law.lambda));
    let errors = rounds.iter().map(|(points, law)| law.error(points));
    let error = Estimate::linear_around(law.error(&curve.medians()), errors);
    html! {
        (ends(lambda.middle, lambda.interval, three_digits))
        (coefficient(|law| law.sigma))
        (coefficient(|law| law.kappa))
        @match law.knee() {
            None => td {
                "none: more threads always help"
                @if !knees.is_empty() { small { "a knee in " (knees.len()) " of " (rounds.len()) " rounds" } }
            },
            Some(knee) => td {
                (format!("{knee:.1}"))
                @if knees.len() < rounds.len() {
                    small { "none in " (rounds.len() - knees.len()) " of " (rounds.len()) " rounds" }
                } @else {
                    @let interval = Estimate::around(knee, knees.iter().copied()).interval;
                    small { (ends_in_words(interval, |number| format!("{number:.1}"))) }
                }
                @if knee > last { small { "beyond the " (last) " threads that were measured" } }
            }
        }
        (ends(error.middle, error.interval, |part| format!("{:.0} %", part * 100.0)))
    }
}
