//! What was measured, and what came out best.

use serde::{Deserialize, Serialize};

use super::setting::Setting;

/// What was measured: section `[measured]`. `bench-numa verify` measures the same again.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// The command line.
    pub command: String,
    /// How the program was built.
    pub build: String,
    /// Keys loaded before a run. (Of a trace, these are its lines; the file does not name the trace.)
    pub keys: u64,
    /// Operations of a run.
    pub ops: u64,
    /// Seed of keys and operations.
    pub seed: u64,
    /// Interleaved rounds.
    pub rounds: usize,
    /// How keys were chosen.
    pub dists: Vec<String>,
    /// What keys looked like.
    pub keys_like: Vec<String>,
}

/// More rounds than any sweep takes.
const MOST_ROUNDS: usize = 1_000_000;

impl Measured {
    /// What is wrong with the section, with its key; `None` if it can be measured again.
    pub(super) fn problem(&self) -> Option<(&'static str, String)> {
        if !(1..=MOST_ROUNDS).contains(&self.rounds) {
            return Some(("measured.rounds", format!("{} is not from 1 to {MOST_ROUNDS}", self.rounds)));
        }
        for (key, number) in [("measured.keys", self.keys), ("measured.ops", self.ops)] {
            if number == 0 {
                return Some((key, "nothing would be measured; at least 1".into()));
            }
        }
        let lists = [("measured.dists", &self.dists), ("measured.keys_like", &self.keys_like)];
        let (key, _) = lists.into_iter().find(|(_, list)| list.is_empty())?;
        Some((key, "the list is empty; name at least one".into()))
    }
}

/// The best setting for a workload, or for all of them: sections `[workload.NAME]` and `[overall]`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// Why, in two sentences that follow from the numbers.
    pub why: String,
    /// How many settings were compared.
    pub settings: usize,
    /// Million operations a second of the best setting: the median over the rounds. Over several
    /// distributions, shapes of keys or workloads, the geometric mean of their medians.
    pub mops: f64,
    /// The best setting.
    pub best: Setting,
    /// The setting with the next highest throughput; `None` if there was only one setting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Setting>,
    /// By how much the best setting is ahead of the next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin: Option<Margin>,
}

/// The throughput of the best setting relative to the next: sections `[workload.NAME.margin]`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Margin {
    /// Million operations a second of the next setting, as [`Choice::mops`].
    pub next_mops: f64,
    /// The geometric mean of the ratios of the same rounds.
    pub ratio: f64,
    /// The 95 % interval of the ratio, by Student's t on the logarithms; `None` after fewer than two rounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<[f64; 2]>,
}

impl Margin {
    /// Whether the interval shows that the best setting is faster than the next.
    #[must_use]
    pub fn tells_apart(&self) -> bool {
        self.interval.is_some_and(|[low, _]| low > 1.0)
    }
}

impl Choice {
    /// What is wrong with the section on these nodes, with its key; `None` if it makes sense.
    pub(super) fn problem(&self, nodes: &[u32]) -> Option<(String, String)> {
        let is_rate = |number: f64| number.is_finite() && number > 0.0;
        let margin = self
            .margin
            .iter()
            .flat_map(|m| [m.next_mops, m.ratio].into_iter().chain(m.interval.into_iter().flatten()));
        if !is_rate(self.mops) || !margin.clone().all(is_rate) {
            return Some(("mops".into(), "throughputs and ratios are numbers above 0".into()));
        }
        if self.margin.as_ref().and_then(|m| m.interval).is_some_and(|[low, high]| low > high) {
            return Some(("margin.interval".into(), "the interval ends before it begins".into()));
        }
        if self.next.is_some() != self.margin.is_some() {
            return Some(("next".into(), "a next setting and a margin over it come together".into()));
        }
        let settings = [Some((&self.best, "best")), self.next.as_ref().map(|next| (next, "next"))];
        settings.into_iter().flatten().find_map(|(setting, section)| {
            setting.problem(nodes).map(|(key, reason)| (format!("{section}.{key}"), reason))
        })
    }
}
