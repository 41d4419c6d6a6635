use super::course::Weights;
use super::*;
use crate::domain::{
    Assessment, Candidate, Citation, ContentVersion, Cues, Passage, Reading, Sign, Signal, SituationGroup, Utterance,
};
use jiff::civil::date;

fn understanding(intent: Option<&str>) -> Understanding {
    Understanding {
        language: Language::Fi,
        intent: intent.map(|id| (Intent::new(id), 0.9)),
        asks_beside: false,
        alone: Reading {
            utterance: Utterance::parse("mitä nyt").unwrap(),
            embedding: Vec::new().into(),
            guidance: if intent.is_some() { 0.0 } else { 1.0 },
            prior: Vec::new().into(),
            variates: Vec::new().into(),
        },
        continued: None,
        core: None,
        further: Vec::new(),
        cues: Cues::default(),
        kin: Vec::new(),
        named: None,
        assessment: None,
    }
}

fn consequence(intent: &Intent) -> Option<Consequence> {
    match intent.as_str() {
        "thanks" => Some(consequence_of(Outcome::Chat, None)),
        "language-sv" => Some(consequence_of(Outcome::Chat, Some(Language::Sv))),
        "person" => Some(consequence_of(Outcome::Handoff, None)),
        "tax" => Some(consequence_of(Outcome::Fallback, None)),
        _ => None,
    }
}

fn evidence(confidence: f32) -> Evidence {
    let candidate =
        |id: &str, score| Candidate { topic: id.parse().unwrap(), title: id.to_owned(), score, parts: Vec::new() };
    Evidence {
        candidates: vec![candidate("a.a", 0.6), candidate("b.b", 0.3), candidate("c.c", 0.05), candidate("d.d", 0.05)],
        confidence,
        answer_from: 0.6,
        clarify_from: 0.2,
        passages: vec![Passage { heading: None, text: "Vastaus.".to_owned() }],
        citation: Some(Citation {
            topic: "a.a".parse().unwrap(),
            title: "A".to_owned(),
            url: "https://kela.fi".to_owned(),
            checked: date(2026, 5, 24),
            version: ContentVersion::from_hash(b"123456"),
        }),
        next: Vec::new(),
    }
}

fn consequence_of(outcome: Outcome, switch_to: Option<Language>) -> Consequence {
    Consequence { outcome, switch_to, control: None }
}

fn shown(reply: &Reply) -> String {
    match reply {
        Reply::Answer { citation, aside, .. } => {
            let aside = aside.as_ref().map(|notice| format!(" and {}", notice.0)).unwrap_or_default();
            format!("answer {}{aside}", citation.topic)
        }
        Reply::Again { citation, .. } => format!("again {}", citation.topic),
        Reply::Clarify(choices) => format!("clarify {}", choices.len()),
        Reply::Declined(notice) => format!("declined {}", notice.0),
        Reply::HandOff { notice, why } => format!("handoff {} {}", notice.0, why.occasion.as_str()),
        Reply::Chat(notice) => format!("chat {}", notice.0),
        Reply::Rephrase(misses_n) => format!("rephrase {misses_n}"),
        Reply::Unavailable => "unavailable".to_owned(),
    }
}

fn say(conversation: &mut Conversation, said: Understanding, found: Result<Evidence, Stalled>) -> Reply {
    let calibration = Calibration::default();
    let (decided, situation) = conversation.consider(said, date(2026, 11, 22), &calibration, consequence);
    match decided {
        Move::Reply(reply) => reply,
        Move::Lookup(question) => {
            let Question { alone, continued, asked, .. } = *question;
            let found = found.map(|mut evidence| {
                if let (Some(wanted), Some(citation)) = (alone.wanted, &mut evidence.citation) {
                    citation.topic = wanted;
                    evidence.confidence = 1.0;
                }
                Found { continued: continued.map(|_| evidence.clone()), alone: evidence, further: Vec::new() }
            });
            conversation.conclude(asked, found, situation.as_ref(), &calibration).0
        }
    }
}

/// Says one thing, with this intent or else this evidence, and shows what is replied and remembered.
#[track_caller]
fn check(conversation: &mut Conversation, intent: Option<&str>, found: Result<Evidence, Stalled>, expected: &str) {
    let reply = say(conversation, understanding(intent), found);
    let language = conversation.language.map_or("-", Language::tag);
    assert_eq!(format!("{} | {language} misses {}", shown(&reply), conversation.misses_n), expected);
}

fn assessed(group: SituationGroup, signals: &[&str]) -> Understanding {
    let mut shown = Assessment { danger: Some("violence".into()), ..Assessment::default() };
    shown.shares[group.index()] = 0.97;
    shown.signals = signals.iter().map(|id| Sign { signal: Signal::new(id), lasting: true }).collect();
    Understanding { assessment: Some(shown), ..understanding(None) }
}

#[test]
fn answers_only_when_sure() {
    let mut conversation = Conversation::default();
    check(&mut conversation, None, Ok(evidence(0.1)), "rephrase 1 | fi misses 1");
    check(&mut conversation, None, Ok(evidence(0.3)), "clarify 3 | fi misses 1");
    assert_eq!(conversation.offered.len(), 3);
    check(&mut conversation, None, Ok(evidence(0.6)), "answer a.a | fi misses 0");
    assert!(conversation.offered.is_empty());
}

#[test]
fn never_answers_without_a_citation() {
    let uncited = Evidence { citation: None, ..evidence(0.99) };
    check(&mut Conversation::default(), None, Ok(uncited), "clarify 3 | fi misses 0");
}

#[test]
fn intents_need_no_guidance() {
    let mut conversation = Conversation::default();
    check(&mut conversation, Some("thanks"), Ok(evidence(0.9)), "chat thanks | fi misses 0");
    check(&mut conversation, Some("tax"), Ok(evidence(0.9)), "declined tax | fi misses 0");
    check(&mut conversation, Some("person"), Ok(evidence(0.9)), "handoff person asked | fi misses 0");
    check(&mut conversation, Some("language-sv"), Ok(evidence(0.9)), "chat language-sv | sv misses 0");
}

#[test]
fn what_is_said_of_all_benefits_leaves_the_subject() {
    let id = |text: &str| Some(text.parse::<TopicId>().unwrap());
    let mut conversation = Conversation::default();
    let check = |conversation: &Conversation, expected: [Option<TopicId>; 2]| {
        let Before { subject, aside } = conversation.before();
        assert_eq!([subject.cloned(), aside.cloned()], expected);
    };
    check(&conversation, [None, None]);
    conversation.go_on_with(id("service.contact"));
    check(&conversation, [id("service.contact"), None]);
    conversation.go_on_with(id("family.child-benefit"));
    check(&conversation, [id("family.child-benefit"), None]);
    conversation.go_on_with(id("service.processing-times"));
    check(&conversation, [id("family.child-benefit"), id("service.processing-times")]);
    conversation.go_on_with(id("student.grant"));
    check(&conversation, [id("student.grant"), None]);
}

#[test]
fn a_question_beside_the_wish_for_another_language_is_answered_in_it() {
    let mut conversation = Conversation { topic: Some("z.z".parse().unwrap()), ..Conversation::default() };
    let said = Understanding { asks_beside: true, ..understanding(Some("language-sv")) };
    let (Move::Lookup(question), _) =
        conversation.consider(said, date(2026, 6, 1), &Calibration::default(), consequence)
    else {
        panic!("the question is looked up");
    };
    assert_eq!((question.alone.language, &question.alone.wanted), (Language::Sv, &None));
    assert_eq!(conversation.language, Some(Language::Sv));
}

#[test]
fn another_language_gets_the_last_answer_again() {
    let mut conversation = Conversation::default();
    check(&mut conversation, None, Ok(evidence(0.9)), "answer a.a | fi misses 0");
    check(&mut conversation, Some("language-sv"), Ok(evidence(0.9)), "again a.a | sv misses 0");
}

#[test]
fn three_misses_end_with_a_person() {
    let mut conversation = Conversation::default();
    check(&mut conversation, None, Ok(evidence(0.1)), "rephrase 1 | fi misses 1");
    check(&mut conversation, None, Ok(evidence(0.1)), "clarify 3 | fi misses 2");
    check(&mut conversation, None, Ok(evidence(0.1)), "handoff misses misses | fi misses 3");
}

#[test]
fn never_asks_the_same_twice() {
    let mut conversation = Conversation::default();
    check(&mut conversation, None, Ok(evidence(0.3)), "clarify 3 | fi misses 0");
    check(&mut conversation, None, Ok(evidence(0.3)), "rephrase 1 | fi misses 1");
}

#[test]
fn a_choice_is_taken_by_its_place() {
    let mut conversation = Conversation::default();
    check(&mut conversation, None, Ok(evidence(0.3)), "clarify 3 | fi misses 0");
    let second = Understanding { cues: Cues { choice: Some(1), ..Cues::default() }, ..understanding(None) };
    assert_eq!(shown(&say(&mut conversation, second, Ok(evidence(0.1)))), "answer b.b");
    assert_eq!(conversation.topic, Some("b.b".parse().unwrap()));
}

#[test]
fn danger_comes_before_everything() {
    let mut conversation = Conversation::default();
    let said = Understanding { intent: Some((Intent::new("thanks"), 1.0)), ..assessed(SituationGroup::Crisis, &[]) };
    assert_eq!(shown(&say(&mut conversation, said.clone(), Ok(evidence(0.9)))), "handoff crisis-violence crisis");
    // Also the second time.
    assert_eq!(shown(&say(&mut conversation, said, Ok(evidence(0.9)))), "handoff crisis-violence crisis");
}

#[test]
fn a_supported_situation_calls_a_person_once_and_names_its_signals() {
    let mut conversation = Conversation::default();
    let said = assessed(SituationGroup::Supported, &["debts", "homeless"]);
    let Reply::HandOff { why, .. } = say(&mut conversation, said.clone(), Ok(evidence(0.9))) else {
        panic!("no person was called");
    };
    assert_eq!(why.occasion, Occasion::Supported);
    assert_eq!(why.signals, [Signal::new("debts"), Signal::new("homeless")]);
    assert_eq!(shown(&say(&mut conversation, said, Ok(evidence(0.9)))), "answer a.a");
}

#[test]
fn evidence_of_a_hard_life_adds_up() {
    let mut weights = Weights { supported_from: 0.6, ..Weights::default() };
    weights.supported[1] = 2.0;
    let mut course = Course::default();
    let mut groups = Vec::new();
    for signal in ["debts", "homeless", "illness"] {
        let mut shown = assessed(SituationGroup::Changing, &[signal]).assessment.unwrap();
        shown.shares[SituationGroup::Supported.index()] = 0.2;
        groups.push(course.take(&shown, &weights).group);
    }
    assert_eq!((groups[0], groups[2]), (SituationGroup::Changing, SituationGroup::Supported));
}

#[test]
fn professionals_are_told_their_ways_once() {
    let mut conversation = Conversation::default();
    let mut said = assessed(SituationGroup::Steady, &[]);
    said.assessment.as_mut().unwrap().professional = 0.9;
    assert_eq!(shown(&say(&mut conversation, said.clone(), Ok(evidence(0.9)))), "answer a.a and professional");
    assert_eq!(shown(&say(&mut conversation, said, Ok(evidence(0.9)))), "answer a.a");
}

#[test]
fn trouble_is_a_reply() {
    let stalled = Err(Stalled::Full { stage: "turn" });
    check(&mut Conversation::default(), None, stalled, "unavailable | fi misses 0");
}

#[test]
fn the_calibration_is_written_as_it_is_read() {
    let calibration = Calibration { obtained: "by hand".to_owned(), ..Calibration::default() };
    assert_eq!(Calibration::parse(&calibration.write().unwrap()).unwrap(), calibration);
}
