//! When experts call back: the times that can be chosen.

use crate::handoff::calendar::{self, DayKind};
use jiff::civil::{Date, DateTime, Time};
use jiff::{SignedDuration, Span};
use serde::{Deserialize, Serialize};

/// The hours of calls, as they are configured, Helsinki time.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct CallHours {
    /// When the first call of a weekday may begin.
    pub opens: Time,
    /// When the last call's time ends.
    pub closes: Time,
    /// When it ends on New Year's Eve and Maundy Thursday; there are no calls on these days where nothing is said.
    pub closes_on_eves: Option<Time>,
    /// How long the time lasts in which a citizen waits for the call.
    pub slot_minutes: u32,
    /// How many calls one such time takes.
    pub per_slot_n: u32,
}

impl Default for CallHours {
    fn default() -> Self {
        let hour = |hour| Time::constant(hour, 0, 0, 0);
        Self { opens: hour(9), closes: hour(15), closes_on_eves: None, slot_minutes: 60, per_slot_n: 4 }
    }
}

/// The longest row of closed days that is looked over.
const DAYS_MAX: usize = 21;

impl CallHours {
    /// When the times begin that can be chosen now: those still to come today, and those of the next working day.
    pub fn slots(&self, now: DateTime) -> Vec<DateTime> {
        let days = now.date().series(Span::new().days(1)).take(DAYS_MAX).skip(1);
        let next = days.map(|day| self.of_day(day)).find(|slots| !slots.is_empty());
        let today = self.of_day(now.date()).into_iter().filter(|&slot| now < slot);
        today.chain(next.into_iter().flatten()).collect()
    }

    fn of_day(&self, day: Date) -> Vec<DateTime> {
        let closes = match calendar::kind(day) {
            DayKind::Working => Some(self.closes),
            DayKind::Short => self.closes_on_eves,
            DayKind::Closed => None,
        };
        let Some(closes) = closes.map(|closes| day.to_datetime(closes)) else { return Vec::new() };
        let minutes = SignedDuration::from_mins(i64::from(self.slot_minutes.max(1)));
        let starts = std::iter::successors(Some(day.to_datetime(self.opens)), |start| start.checked_add(minutes).ok());
        starts.take_while(|start| start.checked_add(minutes).is_ok_and(|end| end <= closes)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(now: &str, expected: &str) {
        let hours = CallHours {
            closes: "12:00".parse().unwrap(),
            closes_on_eves: Some("10:30".parse().unwrap()),
            ..CallHours::default()
        };
        let slots = hours.slots(now.parse().unwrap());
        let shown: Vec<_> = slots.iter().map(|slot| slot.strftime("%d.%m. %H:%M").to_string()).collect();
        assert_eq!(shown.join(" "), expected, "{now}");
    }

    #[test]
    fn today_and_the_next_working_day() {
        check("2026-11-23T10:00", "23.11. 11:00 24.11. 09:00 24.11. 10:00 24.11. 11:00");
        check("2026-11-23T08:59", "23.11. 09:00 23.11. 10:00 23.11. 11:00 24.11. 09:00 24.11. 10:00 24.11. 11:00");
        check("2026-11-20T18:00", "23.11. 09:00 23.11. 10:00 23.11. 11:00");
        // Christmas, then New Year's Eve, which is short.
        check("2026-12-23T15:00", "28.12. 09:00 28.12. 10:00 28.12. 11:00");
        check("2026-12-30T15:00", "31.12. 09:00");
    }
}
