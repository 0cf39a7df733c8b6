//! Words for workloads and numbers that a reader of pictures and tables recognises.

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
    fn every_workload_has_words() {
        for name in bench::protocol::WORKLOADS.iter().filter(|name| **name != "trace") {
            assert!(workload(name).contains(": "), "{name}");
        }
    }
}
