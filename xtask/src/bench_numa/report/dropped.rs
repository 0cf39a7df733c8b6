//! The settings that `--adaptive` dropped.

use bench::units::three_digits;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::file::part;
use super::tables::ends;

/// What `--adaptive` says in the file.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Adaptive {
    races: Vec<Race>,
}

/// The settings of one map under one workload.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Race {
    map: String,
    workload: String,
    best: Option<String>,
    settings: usize,
    dropped: Vec<Dropped>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Dropped {
    setting: String,
    round: usize,
    leader: String,
    ratio: f64,
    ratio_interval: Option<Ends>,
    proven: bool,
}

#[derive(Deserialize)]
struct Ends {
    low: f64,
    /// Not there if the interval has no bounds.
    high: Option<f64>,
}

/// The settings that were dropped; nothing without `--adaptive`.
pub(super) fn section(other: &Map<String, Value>) -> Markup {
    let Some(Adaptive { races }) = part(other, "adaptive") else { return html! {} };
    html! {
        h2 { "Settings that were dropped" }
        ul {
            @for Race { map, workload, best, settings, dropped } in &races {
                li {
                    (map) ", " (workload) ": " (dropped.len()) " of " (settings) " settings were dropped; the best is "
                    (best.as_deref().unwrap_or("not known")) "."
                }
            }
        }
        div.scroll tabindex="0" {
            table {
                thead {
                    tr {
                        th scope="col" { "setting" }
                        th.words scope="col" { "map and workload" }
                        th scope="col" { "after round" }
                        th.words scope="col" { "best setting then" }
                        th scope="col" { "how much faster that was" }
                        th.words scope="col" { "why" }
                    }
                }
                tbody {
                    @for (race, of) in races.iter().flat_map(|race| race.dropped.iter().map(move |of| (race, of))) {
                        tr {
                            th scope="row" { (of.setting) }
                            td.words { (race.map) ", " (race.workload) }
                            td { (of.round) }
                            td.words { (of.leader) }
                            (ends(of.ratio, of.ratio_interval.as_ref().map(|ends| (ends.low, ends.high.unwrap_or(f64::INFINITY))), three_digits))
                            td.words { (if of.proven { "proven slower" } else { "the budget of runs ended" }) }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn other(json: &str) -> Map<String, Value> {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn dropped_settings_say_how_much_slower_they_were_and_why() {
        let text = section(&other(
            r#"{"adaptive": {"races": [{"map": "bskip-numa", "workload": "c", "best": "local thp", "settings": 4,
                "dropped": [{"setting": "node:1 4k", "round": 2, "leader": "local thp", "ratio": 1.5,
                             "ratio_interval": {"low": 1.2, "high": 1.8}, "proven": true},
                            {"setting": "node:2 4k", "round": 2, "leader": "local thp", "ratio": 1.5,
                             "ratio_interval": {"low": 0.0, "high": null}, "proven": false}]}]}}"#,
        ))
        .into_string();
        for words in [
            "2 of 4 settings were dropped",
            "node:1 4k",
            "1.50<small>1.20–1.80</small>",
            "proven slower",
            "1.50<small>not bounded",
        ] {
            assert!(text.contains(words), "{words} in {text}");
        }
        assert_eq!(section(&other("{}")).into_string(), "");
    }
}
