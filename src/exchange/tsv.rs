//! Tables with tabs between the cells and "n/a" where nothing is known, as BIDS wants them.

use super::ExchangeError;
use std::path::Path;

/// A table with a head.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Table {
    pub head: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new(head: &[&str]) -> Table {
        Table { head: head.iter().map(|h| h.to_string()).collect(), rows: Vec::new() }
    }

    /// Reads a file; a byte order mark and the line ends of other systems are no part of it.
    pub fn read(path: &Path) -> Result<Table, ExchangeError> {
        let bytes = std::fs::read(path).map_err(|cause| ExchangeError::Read { path: path.into(), cause })?;
        let text = String::from_utf8_lossy(&bytes);
        let mut lines = text.trim_start_matches('\u{feff}').lines();
        let split = |line: &str| line.split('\t').map(|cell| cell.trim().to_string()).collect::<Vec<_>>();
        let head = lines.next().map(split).unwrap_or_default();
        Ok(Table { head, rows: lines.filter(|l| !l.trim().is_empty()).map(split).collect() })
    }

    /// A cell that says something.
    pub fn cell<'a>(&self, row: &'a [String], column: &str) -> Option<&'a str> {
        let at = self.head.iter().position(|h| h.eq_ignore_ascii_case(column))?;
        row.get(at).map(String::as_str).filter(|cell| !cell.is_empty() && !cell.eq_ignore_ascii_case("n/a"))
    }

    pub fn number(&self, row: &[String], column: &str) -> Option<f64> {
        self.cell(row, column)?.parse().ok().filter(|v: &f64| v.is_finite())
    }

    pub fn text(&self) -> String {
        let line = |cells: &[String]| cells.iter().map(|c| clean(c)).collect::<Vec<_>>().join("\t") + "\n";
        line(&self.head) + &self.rows.iter().map(|r| line(r)).collect::<String>()
    }
}

/// A cell: no tabs, no line ends, never empty.
fn clean(cell: &str) -> String {
    let text: String = cell.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.trim().is_empty() { "n/a".into() } else { text.trim().into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_never_empty_and_marks_are_no_part_of_names() {
        let table = Table { rows: vec![vec!["1".into(), String::new(), "a\tb".into()]], ..Table::new(&["x", "y", "z"]) };
        assert_eq!(table.text(), "x\ty\tz\n1\tn/a\ta b\n");
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "\u{feff}x\ty\r\n2.5\tn/a\r\n").expect("written");
        let read = Table::read(file.path()).expect("read");
        assert_eq!((read.number(&read.rows[0], "X"), read.cell(&read.rows[0], "y")), (Some(2.5), None));
    }
}
