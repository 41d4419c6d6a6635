//! Counters for operators, in Prometheus' form. Labels come from fixed lists: never a word of a citizen, never an id.

use crate::domain::{Language, Outcome};
use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder};
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use std::time::Duration;

/// The counters of one server. They belong to it and to no global, so that servers in one process count apart.
pub struct Metrics {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    turn_seconds: Histogram,
    conversations: Counter,
    streams_open: Gauge,
    calls_open: Gauge,
    reply_seconds: Histogram,
}

/// Upper ends of the histogram's buckets, in seconds.
const TURN_SECONDS: [f64; 11] = [0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.25, 0.5, 1.0, 5.0];

const METADATA: Metadata<'_> = Metadata::new("neuvo", Level::INFO, None);

impl Metrics {
    /// Counters at zero.
    ///
    /// # Errors
    /// Where the buckets are refused, which a test rules out.
    pub fn new() -> Result<Self, BuildError> {
        let recorder = PrometheusBuilder::new().set_buckets(&TURN_SECONDS)?.build_recorder();
        recorder.describe_counter("neuvo_turns_total".into(), None, "Turns by outcome and language.".into());
        recorder.describe_histogram("neuvo_turn_seconds".into(), None, "Time of a turn, stored.".into());
        recorder.describe_counter("neuvo_refusals_total".into(), None, "Refused requests by reason.".into());
        recorder.describe_counter("neuvo_conversations_total".into(), None, "Conversations opened.".into());
        recorder.describe_gauge("neuvo_streams_open".into(), None, "Event streams that are open.".into());
        recorder.describe_gauge("neuvo_calls_open".into(), None, "Phone calls that are open.".into());
        recorder.describe_counter("neuvo_call_events_total".into(), None, "What happened in calls, by kind.".into());
        let of_replies = "From the end of a caller's speech to the first sound of the reply.";
        recorder.describe_histogram("neuvo_call_reply_seconds".into(), None, of_replies.into());
        Ok(Self {
            handle: recorder.handle(),
            turn_seconds: recorder.register_histogram(&Key::from_name("neuvo_turn_seconds"), &METADATA),
            conversations: recorder.register_counter(&Key::from_name("neuvo_conversations_total"), &METADATA),
            streams_open: recorder.register_gauge(&Key::from_name("neuvo_streams_open"), &METADATA),
            calls_open: recorder.register_gauge(&Key::from_name("neuvo_calls_open"), &METADATA),
            reply_seconds: recorder.register_histogram(&Key::from_name("neuvo_call_reply_seconds"), &METADATA),
            recorder,
        })
    }

    /// Counts a turn that was stored.
    pub fn turn(&self, outcome: Outcome, language: Language, took: Duration) {
        let outcome = match outcome {
            Outcome::Answer => "answer",
            Outcome::Clarify => "clarify",
            Outcome::Fallback => "fallback",
            Outcome::Handoff => "handoff",
            Outcome::Chat => "chat",
        };
        let labels =
            vec![Label::from_static_parts("outcome", outcome), Label::from_static_parts("lang", language.tag())];
        self.recorder.register_counter(&Key::from_parts("neuvo_turns_total", labels), &METADATA).increment(1);
        self.turn_seconds.record(took.as_secs_f64());
    }

    /// Counts a conversation that was opened.
    pub fn conversation(&self) {
        self.conversations.increment(1);
    }

    /// Counts a refused request by its stable code.
    pub fn refusal(&self, code: &'static str) {
        let labels = vec![Label::from_static_parts("reason", code)];
        self.recorder.register_counter(&Key::from_parts("neuvo_refusals_total", labels), &METADATA).increment(1);
    }

    /// Counts a stream that opened.
    pub fn stream_opened(&self) {
        self.streams_open.increment(1.0);
    }

    /// Counts a stream that ended.
    pub fn stream_ended(&self) {
        self.streams_open.decrement(1.0);
    }

    /// How many phone calls are open now.
    pub fn calls_open(&self, calls_n: usize) {
        self.calls_open.set(f64::from(u32::try_from(calls_n).unwrap_or(u32::MAX)));
    }

    /// Counts something that happened in a call, by a label of a fixed list.
    pub fn call_event(&self, event: &'static str) {
        let labels = vec![Label::from_static_parts("event", event)];
        self.recorder.register_counter(&Key::from_parts("neuvo_call_events_total", labels), &METADATA).increment(1);
    }

    /// Counts the time from the end of a caller's speech to the first sound of the reply.
    pub fn call_answered(&self, took: Duration) {
        self.reply_seconds.record(took.as_secs_f64());
    }

    /// Everything in Prometheus' text form.
    pub fn render(&self) -> String {
        self.handle.render()
    }

    /// Folds recorded times into their buckets. Nobody may ever ask for [`Metrics::render`]; without this they would pile up.
    pub fn tidy(&self) {
        self.handle.run_upkeep();
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_without_a_global() {
        let metrics = Metrics::new().unwrap();
        metrics.turn(Outcome::Answer, Language::Fi, Duration::from_millis(12));
        metrics.refusal("queue-full");
        metrics.stream_opened();
        metrics.tidy();
        let text = metrics.render();
        for line in [
            r#"neuvo_turns_total{outcome="answer",lang="fi"} 1"#,
            r#"neuvo_turn_seconds_bucket{le="0.02"} 1"#,
            r#"neuvo_refusals_total{reason="queue-full"} 1"#,
            "neuvo_streams_open 1",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        assert!(!Metrics::new().unwrap().render().contains("answer"));
    }
}
