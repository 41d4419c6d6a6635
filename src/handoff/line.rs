//! The order in a queue, who may serve whom, and how long the wait is.

use crate::domain::{Language, Occasion};
use jiff::Timestamp;
use std::time::Duration;

/// Someone who waits.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting {
    /// Why.
    pub occasion: Occasion,
    /// Since when.
    pub since: Timestamp,
    /// The language of the conversation.
    pub language: Language,
    /// The benefit that was last spoken of.
    pub benefit: Option<String>,
}

/// What an expert serves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Skills {
    /// Languages; empty serves all.
    pub languages: Vec<Language>,
    /// Benefits; empty serves all.
    pub benefits: Vec<String>,
}

/// After this wait experts in other benefits are asked too.
const ANY_BENEFIT_TIME: Duration = Duration::from_mins(5);
/// After this wait those who know another of the languages are asked too: a person with an interpreter is better than nobody.
const ANY_LANGUAGE_TIME: Duration = Duration::from_mins(20);

impl Waiting {
    /// Sorts a queue: by occasion, then by waiting time.
    pub const fn rank(&self) -> (Occasion, Timestamp) {
        (self.occasion, self.since)
    }
}

/// Whether an expert is asked to serve someone now. A crisis is everybody's, and the circle widens with the wait.
pub fn is_for(waiting: &Waiting, skills: &Skills, now: Timestamp) -> bool {
    let waited = now.duration_since(waiting.since);
    let waited = Duration::try_from(waited).unwrap_or_default();
    let speaks = skills.languages.is_empty() || skills.languages.contains(&waiting.language);
    let knows = match &waiting.benefit {
        Some(benefit) => skills.benefits.is_empty() || skills.benefits.contains(benefit),
        None => true,
    };
    waiting.occasion == Occasion::Crisis
        || (speaks || ANY_LANGUAGE_TIME <= waited) && (knows || ANY_BENEFIT_TIME <= waited)
}

/// The place of someone who waits, from 1: how many are served before, and one.
pub fn position<'a>(one: &Waiting, all: impl Iterator<Item = &'a Waiting>) -> u32 {
    let before_n = all.filter(|other| other.rank() < one.rank()).count();
    u32::try_from(before_n).unwrap_or(u32::MAX).saturating_add(1)
}

/// The wait in minutes that is told, or nothing where nobody serves: better no promise than a wrong one.
///
/// With `chats_n` conversations going on at once, each of which lasts `chat_minutes` on average, one ends every `chat_minutes / chats_n`;
/// whoever stands at `position` is called when so many have ended. The chance of it is spread widely, so a third is added and the result
/// is rounded up to a time that people say. In the simulation below nine in ten wait no longer than they were told.
pub fn estimate_minutes(position: u32, chats_n: u32, chat_minutes: f64) -> Option<u32> {
    if chats_n == 0 {
        return None;
    }
    let expected = f64::from(position) * chat_minutes / f64::from(chats_n);
    let told = expected * MARGIN;
    Some(SAID_MINUTES.into_iter().find(|&minutes| told <= f64::from(minutes)).unwrap_or(MINUTES_MAX))
}

/// What is added to the expected wait.
const MARGIN: f64 = 4.0 / 3.0;
/// The longest wait that is told.
const MINUTES_MAX: u32 = 120;
/// Times that people say.
const SAID_MINUTES: [u32; 11] = [1, 2, 3, 5, 7, 10, 15, 20, 30, 45, 60];

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::ToSpan as _;
    use rand::rngs::SmallRng;
    use rand::{RngExt as _, SeedableRng as _};

    const NOON: Timestamp = Timestamp::constant(1_795_000_000, 0);

    fn waiting(occasion: Occasion, minutes: i64, language: Language, benefit: Option<&str>) -> Waiting {
        let since = NOON - minutes.minutes();
        Waiting { occasion, since, language, benefit: benefit.map(str::to_owned) }
    }

    #[test]
    fn the_urgent_come_first_and_then_who_waited() {
        let mut queue = [
            waiting(Occasion::Misses, 30, Language::Fi, None),
            waiting(Occasion::Asked, 10, Language::Fi, None),
            waiting(Occasion::Supported, 1, Language::Fi, None),
            waiting(Occasion::Asked, 12, Language::Sv, None),
            waiting(Occasion::Crisis, 0, Language::En, None),
        ];
        let last = queue[0].clone();
        queue.sort_by_key(Waiting::rank);
        let order: Vec<_> = queue.iter().map(|one| (one.occasion, one.language)).collect();
        assert_eq!(
            order,
            [
                (Occasion::Crisis, Language::En),
                (Occasion::Supported, Language::Fi),
                (Occasion::Asked, Language::Sv),
                (Occasion::Asked, Language::Fi),
                (Occasion::Misses, Language::Fi),
            ]
        );
        assert_eq!(position(&last, queue.iter()), 5);
        assert_eq!(position(&queue[0], queue.iter()), 1);
    }

    #[test]
    fn the_circle_widens() {
        let finnish = Skills { languages: vec![Language::Fi], benefits: vec!["student".to_owned()] };
        let is = |occasion, minutes, language, benefit| {
            is_for(&waiting(occasion, minutes, language, benefit), &finnish, NOON)
        };
        assert!(is(Occasion::Asked, 0, Language::Fi, Some("student")) && is(Occasion::Asked, 0, Language::Fi, None));
        assert!(!is(Occasion::Asked, 4, Language::Fi, Some("pension")));
        assert!(is(Occasion::Asked, 5, Language::Fi, Some("pension")));
        assert!(!is(Occasion::Supported, 19, Language::Sv, Some("student")));
        assert!(is(Occasion::Supported, 20, Language::Sv, Some("student")));
        assert!(is(Occasion::Crisis, 0, Language::En, Some("pension")));
        assert!(is_for(&waiting(Occasion::Misses, 0, Language::En, Some("pension")), &Skills::default(), NOON));
    }

    #[test]
    fn nobody_there_means_no_promise() {
        assert_eq!(estimate_minutes(1, 0, 10.0), None);
        assert_eq!(estimate_minutes(1, 10, 10.0), Some(2));
        assert_eq!(estimate_minutes(6, 4, 8.0), Some(20));
        assert_eq!(estimate_minutes(1_000, 1, 30.0), Some(120));
    }

    /// Plays days of a contact centre and holds what was told against what happened.
    #[test]
    fn the_estimate_holds_in_a_simulation() {
        const SEED: u64 = 20_261_122;
        let mut random = SmallRng::seed_from_u64(SEED);
        let mut exponential = |mean: f64| -mean * (1.0 - random.random::<f64>()).ln();
        for (chats_n, chat_minutes, arrivals_minutes) in [(2u32, 8.0, 4.1), (6, 10.0, 1.7), (20, 12.0, 0.61)] {
            let (mut kept_n, mut told_n, mut told_sum, mut waited_sum) = (0u32, 0u32, 0.0, 0.0);
            for _ in 0..200 {
                // When each of the conversations that may go on at once ends, in minutes from the morning.
                let mut ends = vec![0.0f64; usize::try_from(chats_n).unwrap()];
                // When those who came are called: who was not called yet at an arrival stands before it.
                let mut calls: Vec<f64> = Vec::new();
                let mut now = 0.0;
                while now < 390.0 {
                    now += exponential(arrivals_minutes);
                    let position = calls.iter().filter(|&&call| now < call).count() + 1;
                    let first = ends.iter_mut().min_by(|a, b| a.total_cmp(b)).unwrap();
                    let call = first.max(now);
                    *first = call + exponential(chat_minutes);
                    calls.push(call);
                    if now < call {
                        let position = u32::try_from(position).unwrap();
                        let told = f64::from(estimate_minutes(position, chats_n, chat_minutes).unwrap());
                        told_n += 1;
                        kept_n += u32::from(call - now <= told);
                        told_sum += told;
                        waited_sum += call - now;
                    }
                }
            }
            let (kept, told, waited) =
                (f64::from(kept_n) / f64::from(told_n), told_sum / f64::from(told_n), waited_sum / f64::from(told_n));
            println!(
                "seed {SEED}: {chats_n} chats: {told_n} waits, told {told:.1} min, waited {waited:.1}, kept {kept:.2}"
            );
            assert!((0.7..=0.95).contains(&kept), "{chats_n} chats: kept {kept}");
            assert!((1.0..=2.0).contains(&(told / waited)), "{chats_n} chats: told {told}, waited {waited}");
        }
    }
}
