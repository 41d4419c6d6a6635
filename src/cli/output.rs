//! Writing for people: colour where the terminal has it, wrapped text.

use anstyle::{AnsiColor, Style};
use std::fmt::Write as _;
use std::io::{self, Write};

/// What stands out.
pub(super) const BOLD: Style = Style::new().bold();
/// What stands back.
pub(super) const DIM: Style = Style::new().dimmed();
/// Where to look next.
pub(super) const ACCENT: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Cyan)));

/// The widest line: longer ones are hard to read.
const COLUMNS_MAX: usize = 88;

/// Writes a line to standard output.
pub(super) fn line(text: &str) -> io::Result<()> {
    writeln!(anstream::stdout().lock(), "{text}")
}

/// Writes a text in a style.
pub(super) fn styled(style: Style, text: &str) -> String {
    let mut out = String::new();
    let _ = write!(out, "{style}{text}{style:#}");
    out
}

/// Explains a failure on standard error.
pub(super) fn error(message: &str) {
    // Where standard error is closed there is nobody to tell.
    let _ = writeln!(
        anstream::stderr().lock(),
        "{} {message}",
        styled(Style::new().bold().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Red))), "error:")
    );
}

/// Tells progress on standard error.
pub(super) fn note(message: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{message}");
}

/// Wraps paragraphs to the terminal; list items hang.
pub(super) fn wrapped(text: &str) -> String {
    let columns = textwrap::termwidth().min(COLUMNS_MAX);
    let wrap = |line: &str| {
        let marker =
            line.find(". ").filter(|at| line.get(..*at).is_some_and(|n| n.chars().all(|c| c.is_ascii_digit())));
        let indent = match (line.starts_with("- "), marker) {
            (true, _) => 2,
            (false, Some(at)) => at + 2,
            (false, None) => 0,
        };
        let indent = " ".repeat(indent);
        textwrap::fill(line, textwrap::Options::new(columns).subsequent_indent(&indent).break_words(false))
    };
    text.lines().map(wrap).collect::<Vec<_>>().join("\n")
}
