//! Text for people: tables, and words cut to a length.

/// Lays `rows` out in columns that are as wide as their widest cell, two spaces apart. The first `left`
/// columns are words, the others numbers. If a row has fewer cells than the first, it is a name and words,
/// and the width of its last cell does not count.
pub(crate) fn aligned(rows: &[Vec<String>], left: usize) -> Vec<String> {
    let columns = rows.first().map_or(0, Vec::len);
    let counted = |row: &Vec<String>, column: usize| {
        column < row.len() && (row.len() == columns || column + 1 < row.len())
    };
    let width = |column: usize| {
        let cells = rows.iter().filter(|row| counted(row, column)).map(|row| row[column].chars().count());
        cells.max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let is_whole = row.len() == columns;
        let cell = |(column, cell): (usize, &String)| match widths[column] {
            _ if !is_whole && column + 1 == row.len() => cell.clone(),
            width if column < left || !is_whole => format!("{cell:<width$}"),
            width => format!("{cell:>width$}"),
        };
        let cells: Vec<String> = row.iter().enumerate().map(cell).collect();
        cells.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// At most `most` characters, on one line.
pub(crate) fn shortened(text: &str, most: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(most) {
        None => line,
        Some((end, _)) => format!("{}...", &line[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows: Vec<Vec<String>> =
            [&["check", "n", "result"][..], &["é", "10", "ok"], &["a longer name", "words"]]
                .map(|row| row.iter().map(ToString::to_string).collect())
                .into();
        assert_eq!(
            aligned(&rows, 1),
            ["check           n  result", "é              10      ok", "a longer name  words"]
        );
        assert_eq!(aligned(&rows[..2], 3), ["check  n   result", "é      10  ok"]);
    }
}
