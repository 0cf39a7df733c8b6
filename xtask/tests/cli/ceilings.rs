//! What the memory can do, beside the cells.

use super::common::{bench_numa, bench_numa_with_ceilings, fresh_path, run};

const FLAGS: &str = "--maps bskip --workloads c --keys 100M --ops 1k --threads 1 --pin none --repeat 1";

#[test]
fn ceilings_are_in_the_table_and_in_the_json() {
    let dir = fresh_path("ceilings");
    let printed = run(bench_numa_with_ceilings("ceilings", FLAGS).arg("--out").arg(&dir));
    assert_eq!(printed.code, Some(0), "{}", printed.err);
    for words in ["dependent miss 100 ns", "a written line goes to another CPU in 55.0 ns", " misses "] {
        assert!(printed.out.contains(words), "{words} in {}", printed.out);
    }
    let json = std::fs::read_to_string(dir.join("results.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["ceilings"]["bandwidth"][0]["gib_s"], 20.0);
    let ceiling = &json["cells"][0]["ceiling"];
    assert_eq!(ceiling["limit"], "misses");
    assert!(ceiling["percent"].as_f64().unwrap() > 0.0 && ceiling["beyond_ns"].is_number(), "{ceiling}");
}

#[test]
fn a_sweep_without_ceilings_has_its_numbers_all_the_same() {
    for mut command in [bench_numa("ceilings", FLAGS), bench_numa_with_ceilings("ok", FLAGS)] {
        let printed = run(&mut command);
        assert_eq!(printed.code, Some(0), "{}", printed.err);
        assert!(
            printed.out.contains("bskip  ") && !printed.out.contains("dependent miss"),
            "{}",
            printed.out
        );
    }
}
