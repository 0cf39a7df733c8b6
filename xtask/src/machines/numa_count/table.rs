//! The counts and what the model makes of them, as tables for people.

use std::fmt::Write as _;

use bench::marks::{Class, Counts};
use bench::units::three_digits;

use super::model::{Costs, LEFT_OUT, Layout, Prediction, SOURCES, layouts, predictions, total};
use super::results::Row;
use crate::table::aligned;

/// The columns. Some counts are split by class of memory. The first three columns are words, the others
/// numbers.
const COLUMNS: [&str; 17] = [
    "map",
    "setting",
    "operation",
    "instr",
    "local",
    "remote",
    "r.leaf",
    "r.inner",
    "r.other",
    "near",
    "far",
    "f.leaf",
    "f.inner",
    "f.other",
    "inv.near",
    "inv.far",
    "stack",
];

/// What the columns mean.
const LEGEND: &str = "\
All per operation. local, remote: lines from memory of the own and of another node (r.: of those the arena's leaves, its \
inner\nnodes, the rest; maps without an arena are all rest). near, far: lines that another cache of the own node, of another node, had\n\
modified (f.: of those). inv.: writes that took the line from other caches. stack: misses and transfers of the workers' own\n\
stacks, which are in no other column.\n";

/// The counts, a table for each machine.
pub(super) fn counts(rows: &[Row]) -> String {
    let mut text = String::new();
    let mut machines: Vec<(usize, usize)> = rows.iter().map(|row| (row.run.nodes, row.run.cpus)).collect();
    machines.dedup();
    for machine in machines {
        let (nodes, cpus) = machine;
        let mut lines = vec![COLUMNS.map(str::to_owned).to_vec()];
        lines.extend(rows.iter().filter(|row| (row.run.nodes, row.run.cpus) == machine).map(cells));
        let _ = write!(text, "\n{nodes} nodes, {} processors\n{}", nodes * cpus, columns(&lines));
    }
    text.push('\n');
    text.push_str(LEGEND);
    text
}

/// The lines in columns; the first three are words.
fn columns(lines: &[Vec<String>]) -> String {
    aligned(lines, 3).join("\n") + "\n"
}

/// One line of the counts.
fn cells(row: &Row) -> Vec<String> {
    let counted = &row.counted;
    let per = |count: u64| per_operation(count, counted.ops);
    let of = |class: Class| &counted.classes[class as usize];
    let by_class = |count: fn(&Counts) -> u64| {
        [Class::Leaf, Class::Inner, Class::Other].map(|class| per(count(of(class))))
    };
    let all = total(counted);
    let stack = of(Class::Stack);
    let stack = stack.local_misses + stack.remote_misses + stack.near_transfers + stack.far_transfers;
    let mut cells = vec![row.run.map.clone(), row.run.setting.clone(), row.operation.clone()];
    cells.push(format!("{:.0}", counted.instructions as f64 / counted.ops as f64));
    cells.extend([per(all.local_misses), per(all.remote_misses)]);
    cells.extend(by_class(|counts| counts.remote_misses));
    cells.extend([per(all.near_transfers), per(all.far_transfers)]);
    cells.extend(by_class(|counts| counts.far_transfers));
    cells.extend([per(all.near_invalidations), per(all.far_invalidations), per(stack)]);
    cells
}

/// Only an exact zero is shown as zero.
fn per_operation(count: u64, ops: u64) -> String {
    match count as f64 / ops as f64 {
        0.0 => "0".into(),
        part if part < 0.000_05 => "<.0001".into(),
        part if part < 0.1 => format!("{part:.4}"),
        part => format!("{part:.2}"),
    }
}

/// What the model makes of the rows of the largest machine: millions of operations a second.
pub(super) fn model(rows: &[Row], costs: &Costs) -> String {
    let Some(nodes) = rows.iter().map(|row| row.run.nodes).max() else { return String::new() };
    let mut head = ["map", "setting", "operation"].map(str::to_owned).to_vec();
    let heading = |layout: &Layout| format!("{}x{}", layout.sockets, layout.threads / layout.sockets);
    head.extend(layouts(costs).iter().map(heading));
    let mut lines = vec![head];
    for Prediction { map, setting, operation, rates } in predictions(rows, costs) {
        let mut line = [map, setting, operation].map(str::to_owned).to_vec();
        line.extend(rates.iter().map(|rate| three_digits(rate / 1e6)));
        lines.push(line);
    }
    let [local, remote, near, far] = costs.latencies;
    let mut text = format!(
        "\nPredicted by a model from the counts on {nodes} nodes, not measured: Mops/s on sockets x threads of each\n{}\n\
         {} cores a socket, {} GHz, {} instructions a cycle; ns a line: local memory {local}, remote {remote}, near cache \
         {near}, far {far}\n",
        columns(&lines),
        costs.cores,
        costs.ghz,
        costs.ipc,
    );
    if *costs == Costs::default() {
        let _ = writeln!(text, "({SOURCES})");
    }
    text.push_str("Left out:\n");
    LEFT_OUT.iter().for_each(|what| text.push_str(&format!("  {what}\n")));
    text
}

#[cfg(test)]
mod tests {
    use super::super::results::tests::run;
    use super::*;
    use bench::marks::Counted;

    fn row(map: &str, nodes: usize) -> Row {
        let mut counted = Counted { ops: 1000, instructions: 250_400, hottest: 3, ..Counted::default() };
        counted.classes[Class::Leaf as usize] =
            Counts { local_misses: 500, remote_misses: 1500, ..Counts::default() };
        counted.classes[Class::Inner as usize] =
            Counts { remote_misses: 50, far_transfers: 20, ..Counts::default() };
        counted.classes[Class::Stack as usize] = Counts { local_misses: 7, ..Counts::default() };
        counted.classes[Class::Other as usize] = Counts { far_invalidations: 3000, ..Counts::default() };
        let mut run = run(map, "local");
        run.nodes = nodes;
        Row { run, operation: "get".into(), counted }
    }

    #[test]
    fn each_machine_has_a_table_with_what_each_operation_does() {
        let text = counts(&[row("bskip", 2), row("bskip", 4)]);
        assert!(
            text.contains("\n2 nodes, 4 processors\nmap ") && text.contains("\n4 nodes, 8 processors\nmap "),
            "{text}"
        );
        let line = text.lines().find(|line| line.starts_with("bskip")).unwrap();
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(
            words,
            [
                "bskip", "local", "get", "250", "0.50", "1.55", "1.50", "0.0500", "0", "0", "0.0200", "0",
                "0.0200", "0", "0", "3.00", "0.0070"
            ]
        );
        assert_eq!(words.len(), COLUMNS.len());
        assert!(text.ends_with(LEGEND));
    }

    #[test]
    fn small_numbers_are_not_shown_as_zero() {
        assert_eq!(per_operation(0, 10), "0");
        assert_eq!(per_operation(1, 100_000), "<.0001");
        assert_eq!(per_operation(1, 1000), "0.0010");
        assert_eq!(per_operation(5, 10), "0.50");
    }

    #[test]
    fn the_model_speaks_of_the_largest_machine_and_says_what_it_leaves_out() {
        let costs = Costs::default();
        let text = model(&[row("bskip", 2), row("masstree", 4)], &costs);
        assert!(text.contains("1x1 ") && text.contains("8x24") && text.contains("masstree"), "{text}");
        assert!(!text.contains("\nbskip"), "{text}");
        assert!(text.contains("not measured") && text.contains(SOURCES));
        assert!(LEFT_OUT.iter().all(|what| text.contains(what)));
        let other = model(&[row("bskip", 2)], &Costs { ghz: 2.0, ..costs });
        assert!(!other.contains(SOURCES) && other.contains("2 GHz"));
        assert_eq!(model(&[], &costs), "");
    }
}
