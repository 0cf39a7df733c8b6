//! Every row of the tables has a counterpart that a test calls, or a reason.

/// The document, and each of its tables' headings with the source of its test.
const DOCUMENT: &str = include_str!("../../../bskip-core/docs/MIGRATION.md");
const SOURCES: [(&str, &str); 7] = [
    ("`std::collections::BTreeMap`", include_str!("btree_map.rs")),
    ("`std::collections::BTreeSet`", include_str!("btree_set.rs")),
    ("`crossbeam_skiplist::SkipMap`", include_str!("skip_map.rs")),
    ("`crossbeam_skiplist::SkipSet`", include_str!("skip_set.rs")),
    ("`artmap::ArtMap`", include_str!("art_map.rs")),
    ("`artmap::VersionedArtMap`", include_str!("versions.rs")),
    ("`papaya::HashMap`", include_str!("papaya.rs")),
];

/// The cells of a row. A `|` within a cell is written `\|`.
fn cells(row: &str) -> Vec<String> {
    let row = row.replace("\\|", "\0");
    row.trim_matches('|').split('|').map(|cell| cell.replace('\0', "|").trim().to_string()).collect()
}

/// Whether `source` has what stands between backticks: a call, if it is a name or a path, and otherwise just
/// that text.
fn has(source: &str, code: &str) -> bool {
    if !code.chars().all(|c| c.is_alphanumeric() || c == '_' || c == ':') {
        return source.contains(code);
    }
    let name = code.rsplit("::").next().unwrap_or(code);
    let calls = [".", "::"].map(|before| format!("{before}{name}"));
    let is_called = |call: &String| {
        source.match_indices(call).any(|(at, _)| {
            let behind = &source[at + call.len()..];
            behind.starts_with('(') || behind.starts_with("::<")
        })
    };
    // The functions of std that a row may name.
    calls.iter().any(is_called)
        || ["drop", "catch_unwind"].contains(&name) && source.contains(&format!("{name}("))
}

#[test]
fn every_row_has_a_counterpart_that_is_called() {
    let mut sections = DOCUMENT.split("\n## ").skip(1).collect::<Vec<_>>();
    let mut rows = 0;
    for (title, source) in SOURCES {
        let section = sections.remove(0);
        assert_eq!(section.lines().next(), Some(title));
        let is_row = |line: &&str| line.starts_with('|') && !line.starts_with("| ---");
        // A table begins with the names of its columns.
        for row in section
            .lines()
            .filter(is_row)
            .map(cells)
            .filter(|row| row.get(1).is_none_or(|ours| ours != "here"))
        {
            let [theirs, ours, differs] = row.as_slice() else { panic!("{row:?}: not three cells") };
            assert!(!theirs.is_empty() && !differs.is_empty(), "{row:?}: an empty cell");
            if ours == "none" {
                assert!(differs.starts_with("because"), "{row:?}: no reason");
            } else {
                let codes: Vec<&str> = ours.split('`').skip(1).step_by(2).collect();
                assert!(!codes.is_empty(), "{row:?}: no method");
                for code in codes {
                    assert!(has(source, code), "{row:?}: the test of {title} does not call `{code}`");
                }
            }
            rows += 1;
        }
    }
    assert!(sections.is_empty(), "a section without a test");
    assert!(rows > 100, "only {rows} rows");
}
