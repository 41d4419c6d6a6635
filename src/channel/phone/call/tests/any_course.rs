//! Whatever callers, lines and assistants do, in whatever order: a call is sound and ends.

use super::*;
use proptest::prelude::*;

fn inputs() -> impl Strategy<Value = Input> {
    let words = prop::sample::select(vec![
        "miten haen asumistukea",
        "ihminen",
        "kyllä",
        "ei",
        "toista",
        "hitaammin",
        "jatka",
        "linkki",
        "på svenska",
        "",
        "hei hei",
    ]);
    let heard = (words, 0.0f32..1.0).prop_map(|(text, certainty)| match text {
        "" => Heard::Nothing,
        text => Heard::Words(Transcript { text: text.to_owned(), others: Vec::new(), certainty }),
    });
    let kind = prop::sample::select(vec![
        Kind::Guidance,
        Kind::Choice,
        Kind::Unknown,
        Kind::Chat,
        Kind::Person(Occasion::Crisis),
        Kind::Person(Occasion::Supported),
    ]);
    prop_oneof![
        1 => Just(Input::Connected),
        2 => Just(Input::Hearing(Hearing::Started)),
        2 => (0usize..20_000).prop_map(|n| Input::Hearing(Hearing::Paused(vec![0; n].into()))),
        1 => Just(Input::Hearing(Hearing::Resumed)),
        2 => Just(Input::Hearing(Hearing::Ended)),
        3 => (0u32..6, heard.clone()).prop_map(|(utterance, heard)| Input::Heard { utterance, heard: Ok(heard) }),
        1 => (0u32..6).prop_map(|utterance| Input::Heard { utterance, heard: Err(Deaf::Busy) }),
        2 => heard.prop_map(Input::Said),
        1 => Just(Input::Silence),
        4 => prop::char::range('#', '9').prop_map(Input::Digit),
        4 => (0u32..60).prop_map(|id| Input::Mark(SegmentId(id))),
        4 => (0u32..6, kind).prop_map(|(question, kind)| {
            let choices = vec!["Asumistuki".to_owned(), "Opintotuki".to_owned()];
            let answer = Answer { choices, ..answer(kind, "Yksi. Kaksi.") };
            Input::Replied { question, answer: Some(Box::new(answer)) }
        }),
        2 => prop::sample::select(vec![
            Transferred::Done, Transferred::Busy, Transferred::NoAnswer, Transferred::Failed, Transferred::Closed,
        ]).prop_map(Input::Transferred),
        1 => any::<bool>().prop_map(Input::CallBack),
        1 => any::<bool>().prop_map(Input::Sent),
        6 => Just(Input::Tick),
    ]
}

/// What a line would notice: pieces come one after the other and only one thing is said at a time.
#[derive(Default)]
struct Watch {
    /// Given out and neither played nor cleared.
    playing: VecDeque<SegmentId>,
    last: u32,
    is_over: bool,
    is_away: bool,
}

impl Watch {
    fn see(&mut self, input: &Input, out: &[Output]) {
        if let Input::Mark(id) = input {
            self.playing.retain(|playing| id < playing);
        }
        for output in out {
            assert!(!self.is_over, "{output:?} after the end");
            match output {
                Output::Speak(segment) => {
                    assert!(!self.is_away, "speaks while a person has the caller");
                    assert!(self.last < segment.id.0, "pieces come in order");
                    assert!(self.playing.len() < 80, "what is to be said is bounded");
                    self.last = segment.id.0;
                    self.playing.push_back(segment.id);
                }
                Output::Clear => self.playing.clear(),
                Output::Transfer(_) => self.is_away = true,
                Output::End => self.is_over = true,
                _ => {}
            }
        }
        if matches!(input, Input::Transferred(_)) {
            self.is_away = self.is_away && !out.iter().any(|output| matches!(output, Output::Speak(_) | Output::End));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_course_is_sound_and_ends(
        steps in prop::collection::vec((0u64..4_000, inputs()), 0..120),
        language in prop::sample::select(vec![None, Some(Language::Sv)]),
        knows_number in any::<bool>(),
    ) {
        let mut call = Call::new(Rules { language, knows_number, ..rules() }, script());
        let mut watch = Watch::default();
        let mut now = Duration::ZERO;
        let connected = call.take(now, Input::Connected);
        watch.see(&Input::Connected, &connected);
        for (millis, input) in steps {
            now += Duration::from_millis(millis);
            // What was transferred came back in an order of its own; the watch wants to see it first.
            if matches!(input, Input::Transferred(_)) && call.is_away() {
                watch.is_away = false;
            }
            let out = call.take(now, input.clone());
            watch.see(&input, &out);
            let pending = call.pending();
            prop_assert!(pending.iter().all(|id| watch.playing.contains(id)), "says what is not to be said");
        }
        // Whatever happened, time alone ends it.
        let end = now + rules().call_max + LEAVE_MAX * 2 + AWAY_MAX;
        while !call.is_over() && now < end {
            now += Duration::from_secs(5);
            let out = call.take(now, Input::Tick);
            watch.see(&Input::Tick, &out);
        }
        prop_assert!(call.is_over());
        prop_assert!(call.take(now, Input::Digit('1')).is_empty());
    }
}
