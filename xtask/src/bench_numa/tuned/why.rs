//! Why a setting is the best, in two sentences that follow from the numbers.

use bench::units::three_digits;
use numa_alloc::config::{Margin, Replicas, Setting};

use super::super::stats::Interval;

/// The numbers of a choice.
pub(super) struct Facts<'a> {
    /// The best setting, and its million operations a second.
    pub(super) best: &'a Setting,
    pub(super) mops: f64,
    /// The next setting and the margin over it.
    pub(super) next: Option<(&'a Setting, &'a Margin)>,
    /// How many settings were measured, and in how many rounds.
    pub(super) settings: usize,
    pub(super) rounds: usize,
    /// How many loads the number is the mean of.
    pub(super) loads: usize,
}

/// The two sentences.
pub(super) fn why(facts: &Facts<'_>) -> String {
    let Facts { best, settings, rounds, loads, .. } = facts;
    let mops = three_digits(facts.mops);
    let rounds = if *rounds == 1 { "one round".into() } else { format!("{rounds} rounds") };
    let median = match loads {
        1 => format!("median of {rounds}"),
        loads => format!("mean over {loads} loads of the medians of {rounds}"),
    };
    let Some((next, margin)) = facts.next else {
        return format!(
            "There was nothing to choose between, because the sweep measured one setting: {best}. It did {mops} \
             million operations a second ({median})."
        );
    };
    format!(
        "Of {settings} settings, {best} did most: {mops} million operations a second ({median}). {}",
        lead(best, next, margin)
    )
}

/// What the lead over the next setting is worth.
fn lead(best: &Setting, next: &Setting, margin: &Margin) -> String {
    let differs = differences(best, next);
    let ratio = three_digits(margin.ratio);
    match margin.interval {
        None => format!(
            "One round shows no spread, so its {ratio} times the throughput with {differs} may be chance."
        ),
        Some([low, high]) => {
            let ends = Interval { low, high }.told(" to ", three_digits);
            let interval = format!("95 % interval {ends}");
            match margin.tells_apart() {
                true => format!("That is {ratio} times the throughput with {differs} ({interval})."),
                false => {
                    format!("It is not told apart from {differs}: {ratio} times the throughput, {interval}.")
                }
            }
        }
    }
}

/// How `next` differs from `best`: `small pages instead of transparent`.
pub(super) fn differences(best: &Setting, next: &Setting) -> String {
    let replicas = |setting: &Setting| match setting.replicas {
        Replicas::Synchronous => "replicas",
        Replicas::Lazy => "lazy replicas",
        _ => "no replicas",
    };
    let words = |setting: &Setting| {
        [
            format!("placement {}", setting.placement),
            format!("inner levels {}", setting.inner_placement),
            format!("{} pages", setting.pages),
            replicas(setting).to_owned(),
            format!("pin {}", setting.pin),
            format!("{} thread{}", setting.threads, if setting.threads == 1 { "" } else { "s" }),
        ]
    };
    // If the inner levels follow the leaves in both, they are not news.
    let follow = [best, next].iter().all(|setting| setting.placement == setting.inner_placement);
    let pairs = words(next).into_iter().zip(words(best)).enumerate();
    let news: Vec<String> = pairs
        .filter(|(axis, (next, best))| next != best && !(follow && *axis == 1))
        .map(|(_, (next, _))| next)
        .collect();
    match news.split_last() {
        None => "the same setting".into(),
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}
