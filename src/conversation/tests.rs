use super::*;
use crate::domain::{Candidate, Citation, ContentVersion, Passage};
use jiff::civil::date;

fn understanding(intent: Option<&str>) -> Understanding {
    Understanding {
        language: Language::Fi,
        intent: intent.map(|id| (Intent::new(id), 0.9)),
        guidance: if intent.is_some() { 0.0 } else { 1.0 },
        prior: Vec::new().into(),
        situation: None,
        embedding: Vec::new().into(),
    }
}

fn consequence(intent: &Intent) -> Option<Consequence> {
    match intent.as_str() {
        "thanks" => Some(Consequence { outcome: Outcome::Chat, switch_to: None }),
        "language-sv" => Some(Consequence { outcome: Outcome::Chat, switch_to: Some(Language::Sv) }),
        "person" => Some(Consequence { outcome: Outcome::Handoff, switch_to: None }),
        "tax" => Some(Consequence { outcome: Outcome::Fallback, switch_to: None }),
        _ => None,
    }
}

fn evidence(confidence: f32) -> Evidence {
    let candidate = |id: &str, score| Candidate { topic: id.parse().unwrap(), title: id.to_owned(), score };
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

/// Says one thing, with this intent or else this evidence, and shows what is replied and remembered.
#[track_caller]
fn check(conversation: &mut Conversation, intent: Option<&str>, found: Result<Evidence, Stalled>, expected: &str) {
    let utterance = Utterance::parse("mitä nyt").unwrap();
    let reply = match conversation.consider(utterance, understanding(intent), date(2026, 11, 22), consequence) {
        Move::Reply(reply) => reply,
        Move::Lookup(_) => conversation.conclude(found),
    };
    let shown = match &reply {
        Reply::Answer { citation, .. } => format!("answer {}", citation.topic),
        Reply::Clarify(choices) => format!("clarify {}", choices.len()),
        Reply::Declined(notice) => format!("declined {}", notice.0),
        Reply::HandOff { notice, why } => format!("handoff {} {}", notice.0, why.occasion.as_str()),
        Reply::Chat(notice) => format!("chat {}", notice.0),
        Reply::Rephrase => "rephrase".to_owned(),
        Reply::Unavailable => "unavailable".to_owned(),
    };
    let language = conversation.language.map_or("-", Language::tag);
    assert_eq!(format!("{shown} | {language} misses {}", conversation.misses_n), expected);
}

#[test]
fn answers_only_when_sure() {
    let mut conversation = Conversation::default();
    check(&mut conversation, None, Ok(evidence(0.1)), "rephrase | fi misses 1");
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
fn trouble_is_a_reply() {
    let stalled = Err(Stalled::Full { stage: "turn" });
    check(&mut Conversation::default(), None, stalled, "unavailable | fi misses 0");
}
