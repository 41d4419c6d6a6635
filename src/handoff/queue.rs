//! A queue's rules: whom it serves, when it is open, how long it may grow.

use crate::domain::Language;
use crate::handoff::calendar::{self, DayKind};
use jiff::civil::{Date, DateTime, Time};
use serde::{Deserialize, Serialize};

/// The rules of one queue, as they are configured.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    /// Its name: lower-case letters, digits and hyphens.
    pub id: String,
    /// The languages that it serves; empty serves all.
    #[serde(default)]
    pub languages: Vec<Language>,
    /// The benefits that it serves, by their folder under `knowledge/`; empty serves all.
    #[serde(default)]
    pub benefits: Vec<String>,
    /// When it opens on weekdays, Helsinki time.
    pub opens: Time,
    /// When it closes on weekdays; who waits then is still served.
    pub closes: Time,
    /// When it closes on New Year's Eve and Maundy Thursday; it is closed on these days where nothing is said.
    #[serde(default)]
    pub closes_on_eves: Option<Time>,
    /// How many may wait.
    pub len_max: u32,
}

/// Whether someone may join a queue now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Availability {
    /// Yes.
    Open,
    /// It is closed until then, Helsinki time; nothing is known where it is closed for all of the next weeks.
    Closed(Option<DateTime>),
    /// As many wait as may.
    Full,
}

/// The longest row of closed days that is looked over.
const DAYS_MAX: usize = 21;

impl Queue {
    /// The queue for a conversation: the first that serves its language and its benefit.
    pub fn of<'a>(queues: &'a [Self], language: Language, benefit: Option<&str>) -> Option<&'a Self> {
        queues.iter().find(|queue| {
            let serves_benefit =
                queue.benefits.is_empty() || benefit.is_some_and(|b| queue.benefits.iter().any(|q| q == b));
            (queue.languages.is_empty() || queue.languages.contains(&language)) && serves_benefit
        })
    }

    /// Whether one more may join at this time in Helsinki, when so many wait.
    pub fn availability(&self, now: DateTime, waiting_n: u32) -> Availability {
        let is_open = self.hours(now.date()).is_some_and(|(opens, closes)| opens <= now.time() && now.time() < closes);
        if !is_open {
            return Availability::Closed(self.opens_next(now));
        }
        if self.len_max <= waiting_n { Availability::Full } else { Availability::Open }
    }

    /// The hours of a day.
    fn hours(&self, day: Date) -> Option<(Time, Time)> {
        match calendar::kind(day) {
            DayKind::Working => Some((self.opens, self.closes)),
            DayKind::Short => Some((self.opens, self.closes_on_eves?)),
            DayKind::Closed => None,
        }
    }

    fn opens_next(&self, now: DateTime) -> Option<DateTime> {
        let days = now.date().series(jiff::Span::new().days(1)).take(DAYS_MAX);
        let openings = days.filter_map(|day| self.hours(day).map(|(opens, _)| day.to_datetime(opens)));
        openings.into_iter().find(|&opening| now < opening)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue() -> Queue {
        toml::from_str(
            "id = \"general\"\nopens = \"09:00\"\ncloses = \"15:30\"\ncloses_on_eves = \"13:00\"\nlen_max = 2",
        )
        .unwrap()
    }

    #[track_caller]
    fn check(now: &str, expected: &str) {
        let said = match queue().availability(now.parse().unwrap(), 1) {
            Availability::Closed(Some(opens)) => opens.strftime("opens %a %F %H:%M").to_string(),
            other => format!("{other:?}"),
        };
        assert_eq!(said, expected, "{now}");
    }

    #[test]
    fn opens_and_closes() {
        check("2026-11-23T09:00", "Open");
        check("2026-11-23T15:29:59", "Open");
        check("2026-11-23T08:59", "opens Mon 2026-11-23 09:00");
        check("2026-11-23T15:30", "opens Tue 2026-11-24 09:00");
        check("2026-11-20T16:00", "opens Mon 2026-11-23 09:00");
        // Christmas: Wednesday evening to Monday.
        check("2026-12-23T18:00", "opens Mon 2026-12-28 09:00");
        check("2026-12-31T12:00", "Open");
        check("2026-12-31T13:00", "opens Mon 2027-01-04 09:00");
        // Maundy Thursday to the Tuesday after Easter.
        check("2026-04-02T14:00", "opens Tue 2026-04-07 09:00");
    }

    #[test]
    fn is_full_and_serves_some() {
        let monday = "2026-11-23T10:00".parse().unwrap();
        assert_eq!(queue().availability(monday, 2), Availability::Full);
        let swedish = Queue { id: "sv".to_owned(), languages: vec![Language::Sv], ..queue() };
        let student = Queue { id: "student".to_owned(), benefits: vec!["student".to_owned()], ..queue() };
        let queues = [swedish, student, queue()];
        let of = |language, benefit| Queue::of(&queues, language, benefit).map(|queue| queue.id.as_str());
        assert_eq!(of(Language::Sv, Some("student")), Some("sv"));
        assert_eq!(of(Language::Fi, Some("student")), Some("student"));
        assert_eq!(of(Language::En, None), Some("general"));
        assert_eq!(Queue::of(&queues[..2], Language::En, None), None);
    }
}
