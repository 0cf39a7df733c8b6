//! What a reader recognises: a colour for each map, words for each workload.

use bench::maps::NAMES;

/// Colours in the order of [`NAMES`]; a map has the same in every chart of every sweep. Ours are blue.
const COLOURS: [&str; 20] = [
    "#1f5fbf", "#6fa8dc", "#9fc5e8", "#3d85c6", "#0b3d91", "#7d9ec0", "#a4b8d8", "#e07b00", "#d98cb3",
    "#f2b134", "#b8860b", "#3a9a3a", "#8a5fb5", "#c94f8a", "#9a7b4f", "#2aa5a5", "#6b8e23", "#c0392b",
    "#4b3621", "#7f7f7f",
];

/// The colour of a map.
pub(super) fn colour(map: &str) -> &'static str {
    let at = NAMES.iter().position(|name| *name == map);
    at.and_then(|at| COLOURS.get(at)).unwrap_or(&"#000000")
}

/// The heading of a workload's panel.
pub(super) fn workload(name: &str) -> String {
    let words = match name {
        "load" => return "load: inserts only".into(),
        "a" => "50 % reads, 50 % inserts",
        "b" => "95 % reads, 5 % inserts",
        "c" => "reads",
        "e" => "95 % scans of 1 to 100 pairs, 5 % inserts",
        "u" => "50 % reads, 50 % updates",
        "x" => "50 % reads, 25 % inserts, 25 % removes",
        "s" => "scans of the whole map",
        "m" => "reads, 64 keys a call",
        "n" => "inserts, 64 keys a call",
        other => return other.to_owned(),
    };
    format!("{}: {words}", name.to_uppercase())
}

/// `1 thread`, `2 threads`.
pub(super) fn threads(number: usize) -> String {
    if number == 1 { "1 thread".into() } else { format!("{number} threads") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_map_has_a_colour_of_its_own() {
        assert_eq!(COLOURS.len(), NAMES.len());
        for (at, name) in NAMES.iter().enumerate() {
            assert_eq!(colour(name), COLOURS[at]);
            assert!(!COLOURS[..at].contains(&COLOURS[at]), "{name}");
        }
    }

    #[test]
    fn every_workload_has_words() {
        for name in bench::protocol::WORKLOADS.iter().filter(|name| **name != "trace") {
            assert!(workload(name).contains(": "), "{name}");
        }
    }
}
