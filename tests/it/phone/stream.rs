//! Calls with audio both ways over Twilio's Media Streams.

use super::gateway::{Caller, Leg};
use super::speech::NOISE;
use super::{NUMBER_ANY, Office, office, person};
use crate::support::until;
use neuvo::config::phone::Mode;
use reqwest::Method;
use serde_json::Value;
use std::time::{Duration, Instant};

const QUESTION: i16 = 2_000;
const PERSON: i16 = 5_000;
const MUMBLED: i16 = 9_000;
const YES: i16 = 14_000;
const GOODBYE: i16 = 20_000;

async fn begun<'a>(office: &'a Office, sid: &str) -> (Leg<'a>, String, Caller) {
    let leg = Leg::new(office, sid);
    let twiml = leg.ring().await;
    let caller = leg.connect(&twiml).await;
    office.says("phone-ask suomeksi").await;
    caller.listen().await;
    (leg, twiml.action("Connect"), caller)
}

#[tokio::test]
async fn asks_is_answered_and_says_goodbye() {
    let office = office(Mode::Stream, |_| {}).await;
    let (leg, next, caller) = begun(&office, "CA1").await;
    assert!(office.fakes.has_said("phone-greeting suomeksi"));
    caller.speak(QUESTION);
    office.says("Asumistuen hakeminen").await;
    office.says("phone-after-first suomeksi").await;
    caller.listen().await;
    assert!(!caller.seen.lock().unwrap().marks_played.is_empty());
    caller.speak(GOODBYE);
    office.says("phone-goodbye suomeksi").await;
    caller.until_closed().await;
    let twiml = leg.post(&next, &[]).await;
    assert!(twiml.find("Hangup").is_some());
    // The same request again has the same answer; the call is over.
    assert!(leg.post(&next, &[]).await.find("Hangup").is_some());
    assert!(leg.ring().await.find("Hangup").is_some());
    let metrics = office.metrics().await;
    for line in ["neuvo_calls_open 0", "neuvo_call_events_total{event=\"begun\"} 1", "neuvo_call_reply_seconds_count 1"]
    {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
    assert!(!metrics.contains("asumistu"));
}

#[tokio::test]
async fn a_stream_opens_with_its_token_once() {
    let office = office(Mode::Stream, |_| {}).await;
    let leg = Leg::new(&office, "CA1");
    let twiml = leg.ring().await;
    let token = twiml.get("Parameter").attributes["value"].clone();
    // A stranger, and a token with another call's name.
    for (sid, token) in [("CA1", "guess"), ("CA2", token.as_str())] {
        let caller = Caller::connect(&office, "/phone/twilio/stream", sid, token).await;
        caller.until_closed().await;
    }
    // The wrong name has used it up: the gateway asks how the call goes on and gets another.
    let again = leg.post(&twiml.action("Connect"), &[]).await;
    let caller = leg.connect(&again).await;
    office.says("phone-greeting suomeksi").await;
    let stranger = leg.connect(&again).await;
    stranger.until_closed().await;
    assert!(!caller.seen.lock().unwrap().is_closed);
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "times what the caller hears")]
async fn a_voice_stops_the_bot_at_once() {
    let office = office(Mode::Stream, |_| {}).await;
    let (_leg, _, caller) = begun(&office, "CA1").await;
    caller.speak(QUESTION);
    office.says("phone-after-first suomeksi").await;
    until(|| 10 < caller.seen.lock().unwrap().queued_frames).await;
    let clears_n = caller.seen.lock().unwrap().clears_n;
    caller.speak(QUESTION);
    let began = Instant::now();
    until(|| clears_n < caller.seen.lock().unwrap().clears_n).await;
    assert!(began.elapsed() < Duration::from_millis(200), "{:?}", began.elapsed());
    assert_eq!(caller.seen.lock().unwrap().queued_frames, 0);
    until(|| office.fakes.said_n("Asumistuen hakeminen") == 2).await;
    assert!(office.metrics().await.contains("neuvo_call_events_total{event=\"barge-in\"} 1"));
}

#[tokio::test]
async fn a_noise_only_pauses_it_and_a_key_stops_it() {
    let office = office(Mode::Stream, |_| {}).await;
    let (_leg, _, caller) = begun(&office, "CA1").await;
    caller.speak(QUESTION);
    office.says("phone-after-first suomeksi").await;
    until(|| 10 < caller.seen.lock().unwrap().queued_frames).await;
    office.fakes.forget();
    caller.speak(NOISE);
    office.says("phone-after-first suomeksi").await;
    assert!(office.metrics().await.contains("neuvo_call_events_total{event=\"false-barge-in\"} 1"));
    until(|| 0 < caller.seen.lock().unwrap().queued_frames).await;
    caller.press('4');
    until(|| 0 < office.fakes.said_n("Asumistuen hakeminen")).await;
    caller.press('2');
    office.says("phone-language-set på svenska").await;
}

#[tokio::test]
async fn a_mumbled_question_is_confirmed() {
    let office = office(Mode::Stream, |_| {}).await;
    let (_leg, _, caller) = begun(&office, "CA1").await;
    caller.speak(MUMBLED);
    office.says("phone-confirm Asumistuen hakeminen suomeksi").await;
    caller.listen().await;
    caller.speak(YES);
    office.says("OmaKela").await;
}

#[tokio::test]
async fn a_person_is_busy_and_the_caller_comes_back() {
    let office = office(Mode::Stream, |config| crate::handoff::queue(config, "09:00", 5)).await;
    let (leg, next, caller) = begun(&office, "CA1").await;
    caller.speak(PERSON);
    office.says("phone-transfer suomeksi").await;
    caller.until_closed().await;
    let dial = leg.post(&next, &[]).await;
    assert_eq!(dial.get("Number").text, "+358401111111");
    assert_eq!(dial.get("Dial").attributes["timeout"], "30");
    let dialled = dial.action("Dial");
    let back = leg.post(&dialled, &[("DialCallStatus", "busy")]).await;
    let caller = leg.connect(&back).await;
    office.says("phone-back-busy suomeksi").await;
    office.says("phone-callback-offer suomeksi").await;
    caller.listen().await;
    caller.speak(YES);
    office.says("phone-callback-done suomeksi").await;
    let wish = office.wishes.0.lock().unwrap()[0].clone();
    assert_eq!((wish.number.as_str(), wish.language.tag()), ("+358401234567", "fi"));
    assert!(!format!("{wish:?}").contains("358"));
    // The bot answers again.
    caller.listen().await;
    caller.speak(QUESTION);
    office.says("Asumistuen hakeminen").await;
    caller.listen().await;
    caller.speak(PERSON);
    caller.until_closed().await;
    let dial = leg.post(&back.action("Connect"), &[]).await;
    let twiml = leg.post(&dial.action("Dial"), &[("DialCallStatus", "completed")]).await;
    assert!(twiml.find("Hangup").is_some());
    assert!(office.metrics().await.contains("neuvo_calls_open 0"));
}

#[tokio::test]
async fn nobody_at_work_is_told_at_once() {
    let closed = "to = \"+358401111111\"\nopens = \"12:00\"\ncloses = \"13:00\"";
    let office = office(Mode::Stream, |config| config.phone.persons = vec![person(closed)]).await;
    let (_leg, _, caller) = begun(&office, "CA1").await;
    caller.press('0');
    office.says("phone-back-closed suomeksi").await;
    caller.listen().await;
    assert!(!caller.seen.lock().unwrap().is_closed);
}

#[tokio::test]
async fn silence_is_asked_twice_and_brings_a_person() {
    let office = office(Mode::Stream, |_| {}).await;
    let (leg, next, caller) = begun(&office, "CA1").await;
    tokio::time::sleep(Duration::from_secs(8)).await;
    office.says("phone-silence-1 suomeksi").await;
    caller.listen().await;
    // A noise is no answer.
    caller.speak(NOISE);
    tokio::time::sleep(Duration::from_secs(8)).await;
    office.says("phone-silence-2 suomeksi").await;
    caller.listen().await;
    tokio::time::sleep(Duration::from_secs(8)).await;
    office.says("phone-transfer-misses suomeksi").await;
    caller.until_closed().await;
    assert!(leg.post(&next, &[]).await.find("Dial").is_some());
}

#[tokio::test]
async fn a_broken_line_is_taken_up_and_a_hang_up_ends_the_call() {
    let office = office(Mode::Stream, |_| {}).await;
    let (leg, next, caller) = begun(&office, "CA1").await;
    caller.speak(QUESTION);
    office.says("phone-after-first suomeksi").await;
    until(|| 5 < caller.seen.lock().unwrap().queued_frames).await;
    caller.cut();
    office.fakes.forget();
    let again = leg.post(&next, &[]).await;
    let caller = leg.connect(&again).await;
    // What was not heard is said again.
    office.says("phone-after-first suomeksi").await;
    caller.hang_up();
    // The status may come twice and before older news.
    for (status, number) in [("completed", "2"), ("completed", "2"), ("in-progress", "1")] {
        let response = leg.send("/phone/twilio/status", &[("CallStatus", status), ("SequenceNumber", number)]).await;
        assert_eq!(response.status(), 204);
    }
    assert!(office.metrics().await.contains("neuvo_calls_open 0"));
    assert!(leg.ring().await.find("Hangup").is_some(), "it does not come back to life");
}

#[tokio::test]
async fn a_conversation_by_phone_is_like_any_other() {
    let office = office(Mode::Stream, |config| crate::handoff::queue(config, "09:00", 5)).await;
    let (leg, _, caller) = begun(&office, "CA1").await;
    caller.speak(QUESTION);
    office.says("Asumistuen hakeminen").await;
    leg.send("/phone/twilio/status", &[("CallStatus", "completed")]).await;
    caller.until_closed().await;
    // Nobody was told the secret: it is read where it is kept.
    let kinds = async || -> Vec<String> {
        let url = format!("sqlite://{}", office.folder.path().join("neuvo.sqlite").display());
        sqlx::any::install_default_drivers();
        let pool = sqlx::AnyPool::connect(&url).await.unwrap();
        let rows: Vec<(String,)> =
            sqlx::query_as("select kind from events order by seq").fetch_all(&pool).await.unwrap();
        rows.into_iter().map(|(kind,)| kind).collect()
    };
    for _ in 0..100 {
        if kinds().await.len() == 4 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(kinds().await, ["welcome", "message", "reply", "handoff"]);
}

#[tokio::test]
async fn twenty_calls_at_once_are_more_than_there_is_room_for() {
    let office = office(Mode::Stream, |_| {}).await;
    *office.fakes.takes.lock().unwrap() = Duration::from_millis(400);
    let legs: Vec<Leg<'_>> = (0..20).map(|n| Leg::new(&office, &format!("CA{n}"))).collect();
    let answers = futures_util::future::join_all(legs.iter().map(Leg::ring)).await;
    let streams: Vec<_> = answers.iter().zip(&legs).filter(|(twiml, _)| twiml.find("Stream").is_some()).collect();
    assert_eq!(streams.len(), 5);
    let refused: Vec<_> = answers.iter().filter(|twiml| twiml.find("Dial").is_some()).collect();
    assert_eq!(refused.len(), 15);
    assert!(refused.iter().all(|twiml| twiml.said().contains("phone-full suomeksi")));
    let callers = futures_util::future::join_all(streams.iter().map(|(twiml, leg)| leg.connect(twiml))).await;
    for caller in &callers {
        until(|| 0 < caller.seen.lock().unwrap().played_frames).await;
        caller.listen().await;
    }
    // Five speak at once, and there are three recognisers.
    for caller in &callers {
        caller.speak(QUESTION);
    }
    until(|| office.fakes.said_n("phone-busy suomeksi") == 2).await;
    until(|| office.fakes.said_n("Asumistuen hakeminen") == 3).await;
    for (_, leg) in &streams {
        leg.send("/phone/twilio/status", &[("CallStatus", "completed")]).await;
    }
    assert!(Leg::new(&office, "CA99").ring().await.find("Stream").is_some(), "there is room again");
}

#[tokio::test]
async fn the_caller_may_choose_the_language() {
    let office = office(Mode::Stream, |_| {}).await;
    let leg = Leg::to(&office, "CA1", NUMBER_ANY);
    let caller = leg.connect(&leg.ring().await).await;
    for text in ["phone-languages suomeksi", "phone-languages på svenska", "phone-languages in English"] {
        office.says(text).await;
    }
    caller.press('3');
    office.says("phone-language-set in English").await;
    // The web's clients see nothing of it.
    let list: Value = office.server.request(Method::GET, "/v1/problems").send().await.unwrap().json().await.unwrap();
    let list = list.to_string();
    assert!(!list.contains("phone-") && !list.contains("gateway"), "{list}");
}
