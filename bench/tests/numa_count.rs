//! `bench numa-count` without an emulator that counts: its answers, and its lines for the host.

use bench::maps::{NAMES, is_ours};
use bench::marks::{DONE, Done};
use bench::numa_count::{NumaCount, Operation};

fn small(map: &str, setting: &str) -> NumaCount {
    NumaCount {
        run: 3,
        map: map.to_owned(),
        setting: setting.parse().unwrap(),
        pages: "4k".to_owned(),
        keys: 6_000,
        ops: 1_000,
        warm: 200,
        seed: 1,
        workers: 1,
    }
}

#[test]
fn every_map_gives_right_answers_in_every_phase() {
    let is_here = |name: &&&str| is_ours(name) || **name == "rwlock-btreemap" || cfg!(feature = "peers");
    for map in NAMES.iter().filter(is_here) {
        if *map == "arenaskiplist" {
            let why = small(map, "local").run().unwrap_err();
            assert!(why.contains("arenaskiplist has no updates"), "{why}");
            continue;
        }
        let words = small(map, "local").run().unwrap_or_else(|why| panic!("{map}: {why}"));
        let done: Vec<Done> = words
            .lines()
            .map(|line| serde_json::from_str(line.strip_prefix(DONE).expect("a line for the host")).unwrap())
            .collect();
        assert_eq!(done.len(), Operation::ALL.len(), "{map}");
        for (number, (done, operation)) in done.iter().zip(Operation::ALL).enumerate() {
            let (ops, warm) = if operation == Operation::Scan { (100, 20) } else { (1000, 200) };
            let expected = Done {
                run: 3,
                phase: number as u64,
                operation: operation.name().to_owned(),
                ops,
                checked: ops + warm,
            };
            assert_eq!(*done, expected, "{map}");
        }
    }
}

#[test]
fn every_setting_runs() {
    for setting in ["interleave", "node:0+ranges", "interleave+locks", "interleave+ranges+locks"] {
        small("bskip-numa", setting).run().unwrap_or_else(|why| panic!("{setting}: {why}"));
    }
}

#[test]
fn another_seed_runs_too() {
    NumaCount { seed: 7, ..small("bskip-numa", "local+ranges") }.run().unwrap();
}

#[test]
fn impossible_settings_are_refused() {
    let error = |change: &dyn Fn(&mut NumaCount)| {
        let mut asked = small("bskip-numa", "local");
        change(&mut asked);
        asked.run().unwrap_err()
    };
    assert!(error(&|asked| asked.map = "hashmap".to_owned()).contains("unknown map 'hashmap'"));
    assert!(error(&|asked| asked.ops = 7_000).contains("remove more than the 6000 keys"));
    assert!(error(&|asked| asked.keys = 0).contains("0 keys are fewer"));
    assert!(error(&|asked| asked.setting.placement = "node:77".to_owned()).contains("77"));
    let locks = error(&|asked| {
        asked.map = "rwlock-btreemap".to_owned();
        asked.setting = "interleave+locks".parse().unwrap();
    });
    assert!(locks.contains("no nodes to emulate locks for"), "{locks}");
    for setting in ["interleave", "local+replicas", "local+lazy"] {
        let why = small("bskip", setting).run().unwrap_err();
        assert!(why.contains(&format!("{setting} has no effect on bskip")), "{why}");
    }
}
