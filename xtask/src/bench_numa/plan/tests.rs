//! Plans of command lines on small machines.

use super::super::args::tests::parse;
use super::super::machine::tests::sample;
use super::super::{names, presets};
use super::*;
use bench::protocol::TraceKeys;

/// The plan of a command line on a machine.
pub(crate) fn plan(line: &str, machine: &Machine) -> Result<Plan, String> {
    Plan::new(&parse(line).unwrap(), None, machine).map_err(|stop| stop.line)
}

fn rows(group: &Group) -> Vec<String> {
    group.cells.iter().map(row_name).collect()
}

#[test]
fn a_quick_sweep_has_both_of_our_maps_first_and_five_workloads() {
    let plan = plan("--quick", &sample(2, 1)).unwrap();
    assert_eq!(plan.groups.len(), 5);
    for group in &plan.groups {
        assert_eq!(group.cells.len(), presets::QUICK_MAPS.len());
        assert_eq!([&group.cells[0].map, &group.cells[1].map], ["bskip", "bskip-numa"]);
        assert_eq!(group.cells[0].threads, 2);
    }
    assert_eq!(plan.runs(), 5 * presets::QUICK_MAPS.len() * presets::QUICK_REPEAT);
}

/// If a sweep names only placements, it also runs the default map once, to compare with.
#[test]
fn placements_without_maps_keep_the_default_map_once() {
    for flags in ["--placement interleave", "--quick --placement interleave --pages 4k"] {
        let plan = plan(&format!("{flags} --workloads c"), &sample(4, 2)).unwrap();
        let rows = rows(&plan.groups[0]);
        assert_eq!(rows[0], "bskip");
        assert!(rows[1].starts_with("bskip-numa interleave"), "{rows:?}");
        assert_eq!(rows.iter().filter(|row| row.starts_with("bskip")).count(), 2, "{rows:?}");
    }
}

#[test]
fn a_sweep_that_names_no_map_has_both_of_ours_and_every_peer() {
    let plan = plan("--workloads c", &sample(2, 1)).unwrap();
    let maps: Vec<&str> = plan.groups[0].cells.iter().map(|cell| cell.map.as_str()).collect();
    let peers = names::MAPS.iter().filter(|map| !bench::maps::is_ours(map));
    assert_eq!(maps, ["bskip", "bskip-numa"].iter().chain(peers).copied().collect::<Vec<_>>());
}

#[test]
fn flags_win_over_quick() {
    let plan = plan("--quick --maps bskip --workloads c --keys 7 --ops 9 --repeat 5", &sample(2, 1)).unwrap();
    assert_eq!((plan.cells(), plan.runs()), (1, 5));
    let cell = &plan.groups[0].cells[0];
    assert_eq!((cell.keys, cell.ops), (7, 9));
}

#[test]
fn settings_multiply_and_only_the_map_on_the_numa_arena_heeds_memory() {
    let plan = plan(
        "--maps bskip,bskip-numa,congee --workloads load,c --dist uniform,zipfian --threads 1,2 --pin none,compact \
         --placement local,node:1 --pages thp,4k",
        &sample(4, 2),
    )
    .unwrap();
    assert_eq!(plan.groups.len(), 2 * 2 * 2 * 2);
    assert_eq!(plan.groups[0].title(), "load, uniform, 1 thread, pin none");
    assert_eq!(
        rows(&plan.groups[0]),
        [
            "bskip",
            "bskip-numa local thp",
            "bskip-numa node:1 thp",
            "bskip-numa local 4k",
            "bskip-numa node:1 4k",
            "congee"
        ]
    );
    let [default, .., peer] = &plan.groups[0].cells[..] else { panic!("two cells and more") };
    for unplaced in [default, peer] {
        assert_eq!((&*unplaced.placement, &*unplaced.pages), ("default", "default"));
    }
    assert!(plan.skipped.is_empty());
}

#[test]
fn one_node_lists_the_remote_cells_as_skipped() {
    let plan = plan("--maps bskip,bskip-numa,congee --workloads c,e", &sample(2, 1)).unwrap();
    assert_eq!(plan.cells(), 6);
    let skipped: Vec<_> = plan.skipped.iter().map(|skip| skip.spec.placement.as_str()).collect();
    assert_eq!(skipped, ["interleave", "node:1", "interleave", "node:1"]);
    assert!(plan.skipped[1].reason.contains("this machine has one NUMA node (0)"));
}

#[test]
fn several_nodes_get_the_remote_cells() {
    let plan = plan("--maps bskip,bskip-numa --workloads c", &sample(4, 2)).unwrap();
    let placed = ["bskip-numa local thp", "bskip-numa interleave thp", "bskip-numa node:1 thp"];
    assert_eq!(rows(&plan.groups[0]), [&["bskip"], &placed[..]].concat());
    assert!(plan.skipped.is_empty());
}

#[test]
fn a_named_node_that_is_missing_is_skipped_and_an_empty_plan_refused() {
    let some = plan("--maps bskip-numa --workloads c --placement local,node:3", &sample(4, 2)).unwrap();
    assert_eq!((some.cells(), some.skipped.len()), (1, 1));
    let none = plan("--maps bskip-numa --workloads c --placement node:1", &sample(2, 1)).unwrap_err();
    assert!(none.contains("nothing to run") && none.contains("one NUMA node"), "{none}");
}

#[test]
fn shapes_of_keys_multiply_and_leave_out_maps_without_strings() {
    let sweep = plan("--workloads load,c --keys-like u64,url", &sample(2, 1)).unwrap();
    assert_eq!(sweep.groups.len(), 4);
    assert_eq!(sweep.groups[1].title(), "load, uniform, keys like url, 2 threads, pin compact");
    assert_eq!((&*sweep.groups[2].cells[0].keys_like, &*sweep.groups[3].cells[0].keys_like), ("u64", "url"));
    assert!(sweep.groups[0].cells.iter().all(|cell| names::takes_strings(&cell.map)));
    for (line, hint) in [
        ("--maps bskip,congee --keys-like url", "congee takes no byte strings"),
        ("--maps bskip --dist ascending --keys-like url", "use uniform or zipfian"),
    ] {
        let error = plan(line, &sample(2, 1)).expect_err(line);
        assert!(error.contains(hint), "{error}");
    }
}

#[test]
fn a_sweep_of_strings_has_every_shape_workload_and_map_of_them() {
    let sweep = plan("--strings", &sample(2, 1)).unwrap();
    assert_eq!(sweep.groups.len(), 6 * 5);
    let maps: Vec<&str> = sweep.groups[0].cells.iter().map(|cell| &*cell.map).collect();
    assert_eq!(maps, strings::names::BYTE_MAPS);
    assert!(sweep.groups.iter().flat_map(|g| &g.cells).all(|c| c.keys == 2_000_000 && c.keys_like != "u64"));
    let fewer = plan("--strings --maps bskip,artmap --keys-like url --keys 7", &sample(2, 1)).unwrap();
    assert_eq!((fewer.cells(), fewer.groups[0].cells[0].keys), (10, 7));
}

#[test]
fn a_trace_is_one_workload_with_the_sizes_of_its_files() {
    let trace = Trace {
        files: TraceFiles { load: "l".into(), run: "r".into(), keys: TraceKeys::Numbers },
        lines: (3, 4),
    };
    let args = Args { maps: Some(vec!["bskip".into()]), ..Args::default() };
    let plan = Plan::new(&args, Some(trace), &sample(2, 1)).unwrap();
    let cell = &plan.groups[0].cells[0];
    assert_eq!((cell.workload.as_str(), cell.keys, cell.ops), ("trace", 3, 4));
    assert_eq!(plan.groups[0].title(), "trace, 2 threads, pin compact");
}

#[test]
fn a_trace_of_byte_strings_runs_on_the_maps_that_take_them() {
    let with = |args: &Args| {
        let files = TraceFiles { load: "l".into(), run: "r".into(), keys: TraceKeys::Strings };
        Plan::new(args, Some(Trace { files, lines: (3, 4) }), &sample(2, 1))
    };
    let plan = with(&Args::default()).unwrap();
    assert_eq!(plan.groups[0].title(), "trace of byte strings, 2 threads, pin compact");
    assert!(plan.groups[0].cells.iter().all(|cell| names::takes_strings(&cell.map)));
    for (line, hint) in [("--maps congee", "congee takes no byte strings"), ("--keys-like url", "leave out")]
    {
        assert!(with(&parse(line).unwrap()).unwrap_err().line.contains(hint), "{line}");
    }
}

#[test]
fn nodes_of_memory_alone_are_planned_only_when_they_are_named() {
    let machine = Machine { nodes: vec![0, 8], memory_alone: vec![250], ..sample(4, 1) };
    let placements = |line: &str| -> Vec<String> {
        let plan = plan(line, &machine).unwrap();
        plan.groups[0].cells.iter().map(|cell| cell.placement.clone()).collect()
    };
    assert_eq!(placements("--maps bskip-numa"), ["local", "interleave", "node:8"]);
    assert_eq!(placements("--maps bskip-numa --placement node:250,node:0"), ["node:250", "node:0"]);
    let one = Machine { nodes: vec![0], ..machine.clone() };
    let plan = plan("--maps bskip-numa", &one).unwrap();
    assert_eq!(plan.groups[0].cells.iter().map(|cell| &*cell.placement).collect::<Vec<_>>(), ["local"]);
}

#[test]
fn every_preset_is_a_plan_on_machines_small_and_large() {
    let cxl = Machine { memory_alone: vec![2], reserved_pages: vec!["hugetlb-2m".into()], ..sample(96, 2) };
    for preset in presets::all() {
        for machine in [sample(1, 1), sample(2, 1), sample(8, 2), cxl.clone()] {
            let machine = Machine { memory_available: 1 << 30, ..machine };
            let plan = plan(&format!("--preset {}", preset.name), &machine).unwrap();
            assert_eq!(plan.preset.as_deref(), Some(preset.name));
            assert!(plan.specs().all(|spec| spec.keys == spec.ops && spec.keys > 0));
            super::super::feasible::memory(&plan, &machine).unwrap();
        }
    }
    let cells = |flags: &str| -> Vec<String> {
        let plan = plan(flags, &cxl).unwrap();
        let mut seen: Vec<String> = plan
            .specs()
            .map(|spec| format!("{} {} {} {}", spec.placement, spec.pages, spec.pin, spec.threads))
            .collect();
        seen.sort();
        seen.dedup();
        seen
    };
    assert_eq!(
        cells("--preset tiered"),
        ["local thp compact 96", "tiered thp compact 96", "tiered+local thp compact 96"]
    );
    assert_eq!(
        cells("--preset hugepages"),
        ["local 4k compact 96", "local hugetlb-2m compact 96", "local thp compact 96"]
    );
    assert_eq!(
        cells("--preset placement --maps bskip-numa --pin none --threads 8"),
        ["hash", "interleave", "local", "nearest", "node:1"].map(|name| format!("{name} thp none 8"))
    );
    assert_eq!(cells("--preset scaling --maps bskip --pin none").len(), 8, "1, 2, 4, 8, 16, 32, 64, 96");
    let paper = plan("--preset paper", &sample(2, 1)).unwrap();
    let of = |each: &dyn Fn(&CellSpec) -> String| {
        paper
            .specs()
            .map(each)
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(of(&|spec| spec.workload.clone()), "a b c e load");
    assert_eq!(of(&|spec| spec.dist.clone()), "uniform zipfian");
    assert_eq!(of(&|spec| spec.threads.to_string()), "1 2");
    assert_eq!(of(&|spec| spec.keys.to_string()), "20000000", "6 GiB are free");
    // A flag wins, and so does a short form.
    let less = plan("--preset paper --dist uniform --keys 7 --workloads c", &sample(2, 1)).unwrap();
    assert!(less.specs().all(|spec| spec.keys == 7 && spec.dist == "uniform"));
    let groups = |flags: &str| plan(flags, &sample(2, 1)).unwrap().groups;
    assert_eq!(groups("--quick"), groups("--preset quick"));
    for (flags, is_quick) in
        [("--quick", true), ("--preset quick", true), ("--preset scaling", false), ("", false)]
    {
        let plan = plan(flags, &sample(2, 1)).unwrap();
        // A resumed sweep has the plan from the file.
        let resumed: Plan = serde_json::from_str(&serde_json::to_string(&plan).unwrap()).unwrap();
        assert_eq!([plan.is_quick(), resumed.is_quick()], [is_quick; 2], "{flags}");
    }
    assert_eq!(groups("--strings"), groups("--preset strings"));
}
