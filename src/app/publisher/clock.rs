//! How long each step of a publication took, for editors.

use crate::publication::Step;
use std::time::Instant;

/// Times the steps of one publication.
pub(super) struct Clock {
    began: Instant,
    last: Instant,
    steps: Vec<Step>,
}

impl Clock {
    /// Begins now.
    pub(super) fn start() -> Self {
        let now = instant();
        Self { began: now, last: now, steps: Vec::new() }
    }

    /// Notes that a step is done.
    pub(super) fn step(&mut self, name: &'static str) {
        let now = instant();
        self.steps.push(Step { name, ms: millis(self.last, now) });
        self.last = now;
    }

    /// The whole time in milliseconds, and each step with its own.
    pub(super) fn stop(self) -> (u64, Vec<Step>) {
        (millis(self.began, self.last), self.steps)
    }
}

fn millis(from: Instant, to: Instant) -> u64 {
    u64::try_from(to.duration_since(from).as_millis()).unwrap_or(u64::MAX)
}

#[expect(clippy::disallowed_methods, reason = "tells editors how long their change took")]
fn instant() -> Instant {
    Instant::now()
}
