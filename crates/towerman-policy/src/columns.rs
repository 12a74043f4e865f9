//! Rows whose cells line up. Pure.

use std::fmt;

/// Rows of cells, displayed one a line with a margin of two.
pub(crate) struct Columns(Vec<Vec<String>>);

impl<const N: usize> FromIterator<[String; N]> for Columns {
    fn from_iter<I: IntoIterator<Item = [String; N]>>(rows: I) -> Self {
        Self(rows.into_iter().map(Vec::from).collect())
    }
}

impl fmt::Display for Columns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |column: usize| {
            let cells = self.0.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        for row in &self.0 {
            let last = row.len().saturating_sub(1);
            for (column, cell) in row.iter().enumerate() {
                if column == last {
                    writeln!(f, "  {cell}")?;
                } else {
                    write!(f, "  {cell:width$}", width = width(column))?;
                }
            }
        }
        Ok(())
    }
}
