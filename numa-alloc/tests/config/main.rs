//! Configurations that are right, and those that are not: each wrong one gets one line that names the file
//! and the key, and says what to do.

use std::fs;
use std::path::PathBuf;

use bskip_core::BSkipMap;
use numa_alloc::NumaConfig;
use numa_alloc::config::{ConfigErrorKind, TunedMachine};

const ONE: &str = include_str!("one-node.toml");
const FOUR: &str = include_str!("four-nodes.toml");

/// A path of its own for each test.
fn path(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("numa-alloc-config-{}-{name}", std::process::id()))
}

/// Checks that an error is one line with these words.
fn says(error: &str, words: &[&str]) {
    assert!(!error.contains('\n'), "{error}");
    for word in words {
        assert!(error.contains(word), "{word} in: {error}");
    }
}

#[test]
fn what_is_written_is_read_back() {
    for text in [ONE, FOUR] {
        let config: NumaConfig = text.parse().unwrap();
        assert_eq!(config.to_string().parse::<NumaConfig>().unwrap(), config);
    }
    let four: NumaConfig = FOUR.parse().unwrap();
    assert_eq!(four.workloads["trace"].best.placement.to_string(), "memory-only");
    assert!(!four.overall.margin.unwrap().tells_apart(), "without an interval nothing is told apart");
    let one: NumaConfig = ONE.parse().unwrap();
    assert!(one.workloads["c"].margin.as_ref().unwrap().tells_apart());
}

#[test]
fn a_file_of_this_machine_makes_a_map() {
    let file = path("fits.toml");
    let mut config: NumaConfig = ONE.parse().unwrap();
    config.machine = TunedMachine::this();
    // An editor may have ended the lines in CR LF.
    fs::write(&file, config.to_string().replace('\n', "\r\n")).unwrap();
    let read = NumaConfig::from_file(&file).unwrap();
    fs::remove_file(&file).unwrap();
    let best = read.best_for("c").unwrap();
    let arena = best.arena().build().unwrap();
    let map = BSkipMap::with_config(arena.clone(), best.map()).unwrap();
    (0..1000u64).for_each(|key| _ = map.insert(key, key));
    assert_eq!(map.get(&7), Some(7));
    assert_eq!(arena.policy(), &best.placement);
    says(&read.best_for("z").unwrap_err().to_string(), &["fits.toml", "no workload `z`", "it has c"]);
}

#[test]
fn a_file_of_another_machine_is_refused() {
    let file = path("other.toml");
    fs::write(&file, FOUR).unwrap();
    let error = NumaConfig::from_file(&file).unwrap_err();
    let read = NumaConfig::read(&file).unwrap();
    fs::remove_file(&file).unwrap();
    assert!(matches!(error.kind, ConfigErrorKind::OtherMachine { .. }));
    let words = [
        "other.toml is for another machine",
        "made on 4 NUMA nodes [0,1,2,6]; this machine has",
        "run `cargo xtask",
    ];
    says(&error.to_string(), &words);
    assert_eq!(read.best().unwrap_err(), error);
    assert_eq!(read.best_for("trace").unwrap_err(), error);
}

#[test]
fn what_is_wrong_is_named_with_its_line_or_key() {
    let wrong = |from: &str, to: &str| {
        assert!(ONE.contains(from), "{from}");
        ONE.replacen(from, to, 1)
    };
    for (text, words) in [
        (String::new(), &["has no `schema = 1`"][..]),
        ("# nothing\n".into(), &["has no `schema = 1`"]),
        ("map = bskip\n".into(), &["line 1", "`map`"]),
        ("[machine\n".into(), &["line 1"]),
        (wrong("schema = 1", "schema = 2"), &["has schema 2", "reads schema 1"]),
        (wrong("schema = 1", "schema = \"1\""), &["has schema \"1\"", "reads schema 1"]),
        (wrong("schema = 1\n", ""), &["has no `schema = 1`"]),
        (wrong("mops = 8.5", "mops = 8.5\ncolour = 1"), &["line 27, `colour`", "unknown field"]),
        (
            wrong("pages = \"transparent\"", "pages = \"2M\""),
            &["line 31, `pages`", "transparent, small, hugetlb-2m"],
        ),
        (wrong("placement = \"local\"", "placement = \"far\""), &["`placement`", "local, interleave"]),
        (
            wrong("placement = \"local\"", "placement = \"node:1\""),
            &["overall.best.placement", "node:1", "are 0"],
        ),
        (wrong("replicas = \"none\"", "replicas = \"some\""), &["`replicas`", "unknown variant", "lazy"]),
        (wrong("pin = \"none\"", "pin = \"tight\""), &["overall.best.pin", "compact"]),
        (wrong("threads = 1", "threads = 0"), &["overall.best.threads", "at least 1"]),
        (wrong("threads = 1", "threads = 1000000000000000"), &["overall.best.threads", "at most 4096"]),
        (wrong("rounds = 3", "rounds = 9223372036854775807"), &["measured.rounds", "from 1 to 1000000"]),
        (wrong("rounds = 3", "rounds = 0"), &["measured.rounds", "from 1 to 1000000"]),
        (wrong("keys = 500000", "keys = 0"), &["measured.keys", "at least 1"]),
        (wrong("\nops = 500000", "\nops = 0"), &["measured.ops", "at least 1"]),
        (wrong("dists = [\"uniform\"]", "dists = []"), &["measured.dists", "at least one"]),
        (wrong("keys_like = [\"u64\"]", "keys_like = []"), &["measured.keys_like", "at least one"]),
        (wrong("threads = 1", "threads = \"two\""), &["`threads`", "invalid type"]),
        (wrong("threads = 1", "threads = -1"), &["`threads`", "invalid value"]),
        (wrong("threads = 1\n", ""), &["missing field `threads`"]),
        (wrong("mops = 8.5", "mops = nan"), &["overall.mops", "above 0"]),
        (wrong("interval = [1.05, 1.13]", "interval = [1.13, 1.05]"), &["workload.c.margin.interval"]),
        (wrong("interval = [1.05, 1.13]", "interval = [1.05]"), &["`interval`", "line 60"]),
        (wrong("id = 0", "id = -1"), &["`id`"]),
        (wrong("cpus = \"0-1\"\nmemory", "cpus = \"0,b\"\nmemory"), &["machine", "0-3,8"]),
        (
            wrong(
                "[[machine.nodes]]",
                "[[machine.nodes]]\nid = 3\ncpus = \"\"\nmemory = 1\n[[machine.nodes]]",
            ),
            &["order"],
        ),
        (ONE.replace("[workload.c", "[workloads.c"), &["unknown field `workloads`"]),
        (ONE.split("[overall]").next().unwrap().to_owned(), &["missing field `overall`"]),
        (ONE.split("[workload.c]").next().unwrap().to_owned(), &["missing field `workload`"]),
        (ONE.split("[workload.c.margin]").next().unwrap().to_owned(), &["workload.c.next", "margin"]),
        (wrong("mops = 8.5", "mops = 8.5\nmops = 8.5"), &["line 27", "duplicate"]),
    ] {
        let error = text.parse::<NumaConfig>().map(drop).expect_err(&text).to_string();
        says(&error, words);
        says(&error, &["cargo xtask bench-numa --out DIR"]);
    }
}

#[test]
fn what_is_no_text_file_is_refused() {
    let file = path("bytes.toml");
    fs::write(&file, b"schema = 1\n\xff\xfe").unwrap();
    let error = NumaConfig::from_file(&file).unwrap_err();
    says(&error.to_string(), &["bytes.toml cannot be read", "UTF-8", "bench-numa --out DIR"]);
    fs::remove_file(&file).unwrap();
    let gone = NumaConfig::from_file(&file).unwrap_err();
    says(&gone.to_string(), &["bytes.toml cannot be read", "bench-numa --out DIR"]);
    let folder = NumaConfig::from_file(std::env::temp_dir()).unwrap_err();
    assert!(matches!(folder.kind, ConfigErrorKind::Unreadable { .. }));
    says(&folder.to_string(), &["cannot be read"]);
}
