//! Every memtable passes a small run, with every answer checked.

use bench::memtable::Memtables;
use bench::strings::KeysLike;

#[test]
fn all_memtables_give_the_right_answers() {
    for (versions, keys_like) in [(1, KeysLike::Ycsb), (4, KeysLike::Url), (7, KeysLike::Rand16)] {
        let memtables =
            Memtables { threads: 2, keys: 3000, versions, keys_like, value_bytes: 40, rounds: 3, gets: 1000 };
        let report = memtables.run().expect("all answers are right");
        for line in ["put       bskip memtable", "get       crossbeam-skiplist", "flush     artmap versioned"]
        {
            assert!(report.contains(line), "{line} in\n{report}");
        }
        assert_eq!(report.matches("beyond key, number and value").count(), 3, "{report}");
    }
}

#[test]
fn too_few_versions_are_refused() {
    let memtables = Memtables {
        threads: 2,
        keys: 5,
        versions: 4,
        keys_like: KeysLike::Ycsb,
        value_bytes: 8,
        rounds: 3,
        gets: 10,
    };
    assert!(memtables.run().unwrap_err().contains("too few"));
}
