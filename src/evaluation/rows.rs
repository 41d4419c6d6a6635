//! Tab-separated files with a header that names the columns.

use crate::domain::Language;

/// A fault of a set.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct RowsError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong and what is expected.
    pub message: String,
}

/// The lines of a file by column.
#[derive(Debug)]
pub struct Rows<'a> {
    header: Vec<&'a str>,
    lines: Vec<(usize, &'a str)>,
}

/// One line.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    rows: &'a Rows<'a>,
    line: &'a str,
    /// Its number in the file, from 1.
    pub number: usize,
}

impl<'a> Rows<'a> {
    /// Reads a file that must have some columns.
    ///
    /// # Errors
    /// Where the header lacks one of them.
    pub fn read(text: &'a str, columns: &[&str]) -> Result<Self, RowsError> {
        let mut lines = text.lines().enumerate().map(|(at, line)| (at + 1, line));
        let header: Vec<&str> =
            lines.next().map(|(_, line)| line.split('\t').map(str::trim).collect()).unwrap_or_default();
        if let Some(lacks) = columns.iter().find(|column| !header.contains(column)) {
            let message = format!("the header lacks the column `{lacks}`: name the columns, separated by tabs");
            return Err(RowsError { line: 1, message });
        }
        Ok(Self { header, lines: lines.filter(|(_, line)| !line.trim().is_empty()).collect() })
    }

    /// Whether there is a column of this name.
    pub fn has(&self, column: &str) -> bool {
        self.header.contains(&column)
    }

    /// The lines, in order.
    pub fn iter(&'a self) -> impl Iterator<Item = Row<'a>> {
        self.lines.iter().map(|&(number, line)| Row { rows: self, line, number })
    }
}

impl<'a> Row<'a> {
    /// What stands in a column; empty where there is none of this name.
    pub fn cell(&self, column: &str) -> &'a str {
        let at = self.rows.header.iter().position(|name| *name == column);
        at.and_then(|at| self.line.split('\t').nth(at)).map(str::trim).unwrap_or_default()
    }

    /// The language in the column `lang`.
    ///
    /// # Errors
    /// Where it is none of ours.
    pub fn language(&self) -> Result<Language, RowsError> {
        self.cell("lang").parse().map_err(|error| self.fault(format!("{error}")))
    }

    /// A fault of this line.
    pub fn fault(&self, message: String) -> RowsError {
        RowsError { line: self.number, message }
    }
}
