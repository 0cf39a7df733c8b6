//! `--accept`: writes the lines of each operation to `bench/lines.csv`, from which a sweep computes ceilings.

use bench::lines::{Lines, text};
use bench::marks::{Class, Counted, Counts};

use super::results::Row;
use crate::stop::Stop;
use crate::tree;

/// The setting whose counts are accepted; that of maps without a placement is the same.
const SETTING: &str = super::args::PEER_SETTING;

/// Writes the file.
///
/// # Errors
///
/// No map was counted under [`SETTING`], or the file cannot be written.
pub(super) fn accept(rows: &[Row]) -> Result<String, Stop> {
    let lines: Vec<Lines> = lines(rows);
    if lines.is_empty() {
        return Err(Stop::usage(format!(
            "--accept takes the counts of setting {SETTING}: add it to --settings"
        )));
    }
    let path = tree::root().join("bench/lines.csv");
    std::fs::write(&path, text(&lines))
        .map_err(|error| Stop::failure(format!("cannot write {}: {error}", path.display())))?;
    Ok(format!("\n{} counts are now in bench/lines.csv: commit it\n", lines.len()))
}

/// The lines of each operation on the smallest machine. Ceilings need none of updates: an update is a lookup that
/// writes one line.
fn lines(rows: &[Row]) -> Vec<Lines> {
    let nodes = rows.iter().map(|row| row.run.nodes).min();
    let rows = rows.iter().filter(|row| Some(row.run.nodes) == nodes && row.run.setting == SETTING);
    let rows = rows.filter(|row| row.operation != "update");
    rows.map(|row| Lines {
        map: row.run.map.clone(),
        operation: row.operation.clone(),
        lines: Class::ALL.iter().map(|&class| fetched(&row.counted, class)).sum(),
        dependent: dependent(&row.counted),
    })
    .collect()
}

/// Lines of a class that come from memory or from another cache, for each operation.
fn fetched(counted: &Counted, class: Class) -> f64 {
    let Counts { local_misses, remote_misses, near_transfers, far_transfers, .. } =
        counted.classes[class as usize];
    (local_misses + remote_misses + near_transfers + far_transfers) as f64 / counted.ops as f64
}

/// The lines that wait for each other. All lines of a node are loaded side by side.
fn dependent(counted: &Counted) -> f64 {
    let of = |class| fetched(counted, class);
    of(Class::Leaf).min(1.0) + of(Class::Inner).min(1.0) + of(Class::Other) + of(Class::Stack)
}

#[cfg(test)]
mod tests {
    use super::super::results::tests::run;
    use super::*;

    #[test]
    fn a_node_counts_once_among_the_dependent_lines() {
        let mut counted = Counted { ops: 100, ..Counted::default() };
        counted.classes[Class::Leaf as usize] =
            Counts { local_misses: 300, remote_misses: 100, ..Counts::default() };
        counted.classes[Class::Other as usize] = Counts { far_transfers: 50, ..Counts::default() };
        let row = |setting| Row {
            run: run("bskip-numa", setting),
            operation: "get".into(),
            counted: counted.clone(),
        };
        let lines = lines(&[row("interleave"), row("local")]);
        assert_eq!(lines.len(), 1);
        assert!((lines[0].lines - 4.5).abs() < 1e-9 && (lines[0].dependent - 1.5).abs() < 1e-9, "{lines:?}");
    }
}
