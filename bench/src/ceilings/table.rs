//! The ceilings as a table for people.

use super::report::{Ceilings, Range};
use crate::units::{bytes, three_digits};
use std::fmt;

/// `98.1 (98.1-103)`.
fn with_range(number: f64, [low, high]: Range) -> String {
    format!("{} ({}-{})", three_digits(number), three_digits(low), three_digits(high))
}

/// Rows of columns. The first row is the heading; all but the first column are aligned to the right.
fn columns(f: &mut fmt::Formatter<'_>, rows: &[Vec<String>]) -> fmt::Result {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    for row in rows {
        for (column, cell) in row.iter().enumerate() {
            match column {
                0 => write!(f, "  {cell:<width$}", width = width(0))?,
                _ => write!(f, "  {cell:>width$}", width = width(column))?,
            }
        }
        writeln!(f)?;
    }
    Ok(())
}

fn headings<const N: usize>(names: [&str; N]) -> Vec<String> {
    names.map(str::to_owned).to_vec()
}

impl fmt::Display for Ceilings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "What this machine's memory can do: {} a node", bytes(self.bytes))?;
        match self.cache {
            Some(cache) => writeln!(f, ", caches of up to {}", bytes(cache))?,
            None => writeln!(f, ", caches unknown")?,
        }
        writeln!(f, "Each number is that of the best window; in brackets, the range of all windows.")?;

        writeln!(f, "\nOne thread, by the CPU's node and the memory's:")?;
        let mut rows = vec![headings([
            "CPU, memory, pages",
            "dependent miss, ns",
            "independent misses, M/s",
            "misses at once",
            "written lines, M/s",
        ])];
        rows.extend(self.pairs.iter().map(|pair| {
            vec![
                format!("node {}, node {}, {}", pair.cpu_node, pair.memory_node, pair.pages),
                with_range(pair.dependent_ns, pair.dependent_ns_range),
                with_range(pair.independent_mops, pair.independent_mops_range),
                three_digits(pair.parallelism()),
                with_range(pair.written_mops, pair.written_mops_range),
            ]
        }));
        columns(f, &rows)?;

        writeln!(f, "\nThreads together, each with memory of its own node:")?;
        let mut rows =
            vec![headings(["threads", "reading, GiB/s", "independent misses, M/s", "written lines, M/s"])];
        rows.extend(self.bandwidth.iter().map(|row| {
            vec![
                format!("{}, {}, {}", row.threads, row.pin, row.pages),
                with_range(row.gib_s, row.gib_s_range),
                with_range(row.independent_mops, row.independent_mops_range),
                with_range(row.written_mops, row.written_mops_range),
            ]
        }));
        columns(f, &rows)?;

        if !self.handovers.is_empty() {
            writeln!(f, "\nA line that two CPUs write in turns:")?;
            let mut rows = vec![headings(["CPUs", "from write to write, ns"])];
            rows.extend(self.handovers.iter().map(|row| {
                let ([a, b], [a_node, b_node]) = (row.cpus, row.nodes);
                vec![format!("{a} (node {a_node}) and {b} (node {b_node})"), with_range(row.ns, row.ns_range)]
            }));
            columns(f, &rows)?;
        }
        self.notes.iter().try_for_each(|note| writeln!(f, "note: {note}"))?;
        writeln!(f, "measured in {:.1} s", self.seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::super::report::{Bandwidth, Handover, Pair};
    use super::*;

    #[test]
    fn every_number_stands_under_its_heading_with_its_range() {
        let ceilings = Ceilings {
            bytes: 256 << 20,
            cache: Some(32 << 20),
            pairs: vec![Pair {
                cpu_node: 0,
                memory_node: 1,
                pages: "thp".into(),
                dependent_ns: 100.0,
                dependent_ns_range: [100.0, 120.0],
                independent_mops: 150.0,
                independent_mops_range: [140.0, 150.0],
                ..Pair::default()
            }],
            bandwidth: vec![Bandwidth {
                pin: "compact".into(),
                threads: 2,
                gib_s: 40.0,
                ..Bandwidth::default()
            }],
            handovers: vec![Handover {
                cpus: [0, 1],
                ns: 55.0,
                ns_range: [55.0, 71.0],
                ..Handover::default()
            }],
            notes: vec!["no hugetlb".into()],
            ..Ceilings::default()
        };
        let text = ceilings.to_string();
        for part in [
            "256 MiB a node, caches of up to 32.0 MiB",
            "node 0, node 1, thp",
            "100 (100-120)",
            "150 (140-150)",
            "15.0",
            "40.0 (0.00-0.00)",
            "0 (node 0) and 1 (node 0)",
            "55.0 (55.0-71.0)",
            "note: no hugetlb",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        let lines: Vec<&str> =
            text.lines().filter(|line| line.contains("node 1") || line.contains("miss, ns")).collect();
        assert_eq!(lines[0].len(), lines[1].len(), "{text}");
    }

    #[test]
    fn the_json_reads_back() {
        let ceilings =
            Ceilings { pairs: vec![Pair::default()], written_line_ns: Some(55.0), ..Ceilings::default() };
        let json = serde_json::to_string(&ceilings).unwrap();
        assert_eq!(serde_json::from_str::<Ceilings>(&json).unwrap(), ceilings);
    }
}
