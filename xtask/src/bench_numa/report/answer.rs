//! The best settings: what `tuned.toml` says in words, then the whole file.

use maud::{Markup, html};
use toml::{Table, Value};

/// The section about the text of a `tuned.toml`.
pub(super) fn section(tuned: &str) -> Markup {
    let reasons = reasons(tuned);
    html! {
        h2 { "The best settings: tuned.toml" }
        @if !reasons.is_empty() {
            ul { @for (name, why) in &reasons { li { b { (name) } ": " (why) } } }
        }
        p { "A program loads this file by " code { "numa_alloc::NumaConfig::from_file" } "." }
        details {
            summary { "The file" }
            pre { (tuned) }
        }
    }
}

/// Why each setting was chosen: over all workloads, then for each. Empty if the text is something else.
fn reasons(tuned: &str) -> Vec<(String, String)> {
    let Ok(file) = tuned.parse::<Table>() else { return Vec::new() };
    let why = |of: &Value| Some(of.get("why")?.as_str()?.to_owned());
    let overall = file.get("overall").and_then(why).map(|why| ("overall".to_owned(), why));
    let workloads = file.get("workload").and_then(Value::as_table).into_iter().flatten();
    let workloads = workloads.filter_map(|(name, of)| Some((format!("workload {name}"), why(of)?)));
    overall.into_iter().chain(workloads).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_stand_before_the_file_and_another_text_is_shown_as_it_is() {
        let file = "[workload.c]\nwhy = \"fastest <here>\"\n[overall]\nwhy = \"it did most\"\n";
        let text = section(file).into_string();
        let expected = "<li><b>overall</b>: it did most</li><li><b>workload c</b>: fastest &lt;here&gt;</li>";
        assert!(text.contains(expected) && text.contains("<pre>[workload.c]"), "{text}");
        let other = section("no toml").into_string();
        assert!(!other.contains("<ul>") && other.contains("<pre>no toml</pre>"), "{other}");
    }
}
