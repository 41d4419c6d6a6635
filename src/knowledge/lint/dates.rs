//! Dates that come: reviews that are late, figures that end without a successor.

use crate::knowledge::lint::{Rules, line_with};
use crate::knowledge::{Finding, Knowledge, Severity, Source};
use jiff::ToSpan;
use jiff::civil::Date;

pub(super) fn check(source: &Source, knowledge: &Knowledge, rules: &Rules, day: Date, findings: &mut Vec<Finding>) {
    for article in knowledge.topics.iter().flat_map(|topic| &topic.articles) {
        let last = article.review_by.checked_add(i64::from(rules.review_days_max).days());
        if last.is_ok_and(|last| last < day) {
            let line = line_with(source.file(&article.path).unwrap_or_default(), "review_by");
            let message = format!(
                "was to be reviewed by {}, over {} days ago: hold it against {}",
                article.review_by, rules.review_days_max, article.source
            );
            findings.push(Finding { severity: Severity::Error, ..Finding::warning(&article.path, line, message) });
        }
    }
    for fact in knowledge.facts.values() {
        let (benefit, name) = fact.id.split_once('/').unwrap_or((&fact.id, ""));
        let path = format!("knowledge/{benefit}/facts.toml");
        let line = || line_with(source.file(&path).unwrap_or_default(), &format!("[{name}]"));
        let ends = fact.values.iter().filter_map(|dated| dated.to).filter(|to| day <= *to);
        for end in ends.filter(|end| end.tomorrow().is_ok_and(|next| fact.on(next).is_none())) {
            let message = format!("fact `{name}` has no value after {end}: add the next one as soon as it is known");
            findings.push(Finding::warning(&path, line(), message));
        }
    }
}
