//! Parts of a file as plain facts: a name and a value for each number and word, however deep it is.

use bench::units;
use bskip_topology::CpuSet;
use maud::{Markup, html};
use serde_json::{Map, Value};

/// A table of all facts in these parts.
pub(super) fn table(parts: &[(&str, &Map<String, Value>)]) -> Markup {
    let facts: Vec<(String, String)> = parts.iter().flat_map(|(name, part)| of(name, part)).collect();
    html! {
        div.scroll tabindex="0" {
            table.facts {
                tbody { @for (name, value) in &facts { tr { th scope="row" { (name) } td.words { (value) } } } }
            }
        }
    }
}

/// The facts of an object. A list of plain values is one fact.
pub(super) fn of(name: &str, object: &Map<String, Value>) -> Vec<(String, String)> {
    let mut facts = Vec::new();
    for (key, value) in object {
        let name = format!("{name} {}", key.replace('_', " ")).trim().to_owned();
        collect(&name, value, &mut facts);
    }
    facts
}

fn collect(name: &str, value: &Value, facts: &mut Vec<(String, String)>) {
    match value {
        Value::Object(object) => facts.extend(of(name, object)),
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            let numbered = items.iter().enumerate();
            numbered.for_each(|(index, item)| collect(&format!("{name} {index}"), item, facts));
        }
        Value::Array(items) => {
            // The CPUs of a large machine are a range.
            if let Some(set) = long_set(items) {
                return facts.push((name.to_owned(), set));
            }
            facts.push((name.to_owned(), items.iter().map(plain).collect::<Vec<_>>().join(", ")));
        }
        value => facts.push((name.to_owned(), with_unit(name, value))),
    }
}

/// Many ascending numbers as ranges: `0-63`.
fn long_set(items: &[Value]) -> Option<String> {
    let numbers: Vec<u32> =
        items.iter().map(|item| u32::try_from(item.as_u64()?).ok()).collect::<Option<_>>()?;
    let is_set = numbers.len() > 8 && numbers.is_sorted_by(|a, b| a < b);
    is_set.then(|| numbers.into_iter().collect::<CpuSet>().to_string())
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

/// Sizes in a readable unit too.
fn with_unit(name: &str, value: &Value) -> String {
    let is_size = ["memory", "cache", "available"].iter().any(|end| name.ends_with(end));
    match value.as_u64().filter(|_| is_size) {
        Some(bytes) => format!("{bytes} ({})", units::bytes(bytes)),
        None => plain(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_a_row_however_deep_it_is() {
        let json =
            r#"{"a_b": 1, "nodes": [0, 1], "of": {"memory": 2048, "list": [{"x": null}, {"x": "y"}]}}"#;
        let facts = of("m", &serde_json::from_str(json).unwrap());
        let facts: Vec<String> = facts.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        let expected = [
            "m a b=1",
            "m nodes=0, 1",
            "m of list 0 x=null",
            "m of list 1 x=y",
            "m of memory=2048 (2.00 KiB)",
        ];
        assert_eq!(facts, expected);
        let json = r#"{"cpus": [0, 1, 2, 3, 4, 5, 6, 7, 9], "times": [9, 8, 7, 6, 5, 4, 3, 2, 1]}"#;
        let facts = of("", &serde_json::from_str(json).unwrap());
        assert_eq!((facts[0].1.as_str(), facts[1].1.as_str()), ("0-7,9", "9, 8, 7, 6, 5, 4, 3, 2, 1"));
    }
}
