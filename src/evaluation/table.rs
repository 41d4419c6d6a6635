//! The figures of an evaluation as a table for people and as values for programs.

use crate::domain::{Language, Outcome, SituationGroup};
use crate::evaluation::{Graded, dialogues, facts, sections, situations};
use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;
use std::time::Duration;

/// The figures of one group of questions. Shares are of all questions of the group, 0 to 1.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    /// The group: a language, or all.
    pub group: String,
    /// How many questions.
    pub questions_n: usize,
    /// The right topic came first.
    pub top_1: f64,
    /// The right topic was among the first three.
    pub top_3: f64,
    /// Answered with the right topic.
    pub answered_right: f64,
    /// Answered with a wrong one.
    pub answered_wrong: f64,
    /// Asked back, with the right topic among the choices.
    pub asked_back_right: f64,
    /// Asked back.
    pub asked_back: f64,
    /// Refused: not answered and not asked back.
    pub refused: f64,
    /// Replied in the question's language.
    pub language_right: f64,
    /// Median time of a turn, in milliseconds.
    pub p50_ms: f64,
    /// 95th percentile of the time of a turn, in milliseconds.
    pub p95_ms: f64,
}

/// The figures of each language and of all.
pub fn figures(graded: &[Graded]) -> Vec<Figures> {
    let mut rows: Vec<Figures> = Language::ALL
        .into_iter()
        .map(|language| group(language.tag(), graded.iter().filter(|g| g.language == language)))
        .filter(|figures| 0 < figures.questions_n)
        .collect();
    if 1 < rows.len() {
        rows.push(group("all", graded.iter()));
    }
    rows
}

#[expect(clippy::cast_precision_loss, reason = "question counts are small")]
fn group<'a>(name: &str, graded: impl Iterator<Item = &'a Graded>) -> Figures {
    let graded: Vec<&Graded> = graded.collect();
    let share = |is: &dyn Fn(&Graded) -> bool| {
        graded.iter().filter(|question| is(question)).count() as f64 / graded.len().max(1) as f64
    };
    let mut times: Vec<Duration> = graded.iter().map(|question| question.took).collect();
    times.sort_unstable();
    let time = |percent: usize| {
        let at = (times.len() * percent / 100).min(times.len().saturating_sub(1));
        times.get(at).copied().unwrap_or_default().as_secs_f64() * 1e3
    };
    Figures {
        group: name.to_owned(),
        questions_n: graded.len(),
        top_1: share(&|question| question.is_within(1)),
        top_3: share(&|question| question.is_within(3)),
        answered_right: share(&Graded::is_answered_right),
        answered_wrong: share(&Graded::is_answered_wrong),
        asked_back_right: share(&|question| question.outcome == Outcome::Clarify && question.is_within(3)),
        asked_back: share(&|question| question.outcome == Outcome::Clarify),
        refused: share(&|q| matches!(q.outcome, Outcome::Fallback | Outcome::Chat | Outcome::Handoff)),
        language_right: share(&|question| question.language_right),
        p50_ms: time(50),
        p95_ms: time(95),
    }
}

/// The figures as a table, one row a group.
pub fn table(rows: &[Figures]) -> String {
    let header = [
        "",
        "questions",
        "top-1",
        "top-3",
        "answered right",
        "answered wrong",
        "asked back",
        "(right among)",
        "refused",
        "language",
        "p50 ms",
        "p95 ms",
    ];
    let cells = rows.iter().map(|row| {
        vec![
            row.group.clone(),
            row.questions_n.to_string(),
            percent(row.top_1),
            percent(row.top_3),
            percent(row.answered_right),
            percent(row.answered_wrong),
            percent(row.asked_back),
            percent(row.asked_back_right),
            percent(row.refused),
            percent(row.language_right),
            format!("{:.2}", row.p50_ms),
            format!("{:.2}", row.p95_ms),
        ]
    });
    drawn(&header, cells)
}

/// The figures of life situations as a table, one row a group.
pub fn situations(rows: &[situations::Figures]) -> String {
    let header = [
        "",
        "messages",
        "supported found",
        "crisis found",
        "both",
        "explicit, with 112",
        "handed over by mistake",
        "group right",
    ];
    let cells = rows.iter().map(|row| {
        vec![
            row.group.clone(),
            row.messages_n.to_string(),
            percent(row.supported_found),
            percent(row.crisis_found),
            percent(row.found),
            percent(row.explicit_found),
            percent(row.handed_by_mistake),
            percent(row.group_right),
        ]
    });
    drawn(&header, cells)
}

/// How often each group (row) was seen as each (column).
pub fn matrix(counts: &[[usize; 5]; 5]) -> String {
    let names = SituationGroup::ALL.map(SituationGroup::as_str);
    let header: Vec<&str> = ["is \\ seen as"].into_iter().chain(names).collect();
    let cells = names
        .iter()
        .zip(counts)
        .map(|(name, row)| [(*name).to_owned()].into_iter().chain(row.iter().map(ToString::to_string)).collect());
    drawn(&header, cells)
}

/// The figures of questions for a figure as a table, one row a group.
pub fn facts(rows: &[facts::Figures]) -> String {
    let header = [
        "",
        "questions",
        "right figure",
        "(of answered)",
        "within one choice",
        "right topic, no figure",
        "wrong topic",
    ];
    let cells = rows.iter().map(|row| {
        let shares = [row.figure, row.figure_of_answered, row.figure_in_two, row.no_figure, row.wrong];
        let named = [row.group.clone(), row.questions_n.to_string()];
        named.into_iter().chain(shares.map(percent)).collect()
    });
    drawn(&header, cells)
}

/// The figures of questions with their sections as a table, one row a group.
pub fn sections(rows: &[sections::Figures]) -> String {
    let header = ["", "questions", "answered", "(of these) right section", "shown first"];
    let cells = rows.iter().map(|row| {
        let counts = [row.questions_n, row.answered_n].map(|n| n.to_string());
        [row.group.clone()].into_iter().chain(counts).chain([row.shown, row.first].map(percent)).collect()
    });
    drawn(&header, cells)
}

/// The figures of dialogues as a table, one row a group.
pub fn dialogues(rows: &[dialogues::Figures]) -> String {
    let header = ["", "turns", "first right", "later", "later right", "answered wrong", "language"];
    let cells = rows.iter().map(|row| {
        vec![
            row.group.clone(),
            row.turns_n.to_string(),
            percent(row.first_right),
            row.later_n.to_string(),
            percent(row.later_right),
            percent(row.answered_wrong),
            percent(row.language_right),
        ]
    });
    drawn(&header, cells)
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

fn drawn(header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_header(header);
    for row in rows {
        table.add_row(row);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}
