//! jambonz's verbs: what it is told to do next.

use crate::channel::phone::call::Segment;
use crate::channel::phone::turns::{Next, Turn};
use crate::channel::phone::twilio::twiml::locale;
use crate::config::phone::{Person, Way};
use crate::domain::Language;
use serde_json::{Value, json};

/// Seconds of silence after which the gateway tells that it heard nothing.
const GATHER_SECONDS: u32 = 8;

/// Audio both ways. What the socket's end leads to is asked at `next`.
pub(super) fn listen(socket: &str, token: &str, next: &str) -> String {
    let audio = json!({ "enabled": true, "streaming": true, "sampleRate": 8000 });
    let listen = json!({
        "verb": "listen", "url": socket, "actionHook": next, "sampleRate": 8000, "mixType": "mono", "passDtmf": true,
        "metadata": { "token": token }, "bidirectionalAudio": audio,
    });
    json!([listen]).to_string()
}

/// One turn: says something, then listens, hangs up or calls a person.
pub(super) fn turn(turn: Turn, here: &str) -> String {
    let mut verbs = says(&turn.says);
    match turn.next {
        Next::Listen => {
            let mut gather = json!({
                "verb": "gather", "input": ["digits", "speech"], "actionHook": here, "timeout": GATHER_SECONDS,
                "bargein": true, "dtmfBargein": true, "listenDuringPrompt": true,
                "recognizer": { "vendor": "default", "language": locale(turn.language) },
            });
            // The last words can be interrupted.
            if let Some(mut say) = verbs.pop() {
                drop(say.as_object_mut().and_then(|say| say.remove("verb")));
                set(&mut gather, "say", say);
            }
            if turn.wants_number {
                set(&mut gather, "finishOnKey", json!("#"));
            } else {
                set(&mut gather, "numDigits", json!(1));
            }
            verbs.push(gather);
        }
        Next::Person(person) => verbs.push(to_person(&person, Some(here))),
        Next::HangUp => verbs.push(json!({ "verb": "hangup" })),
    }
    Value::Array(verbs).to_string()
}

/// Calls a person, or hangs up where there is none.
pub(super) fn leave(person: Option<&Person>, dialled: Option<&str>) -> String {
    let verb = person.map_or_else(|| json!({ "verb": "hangup" }), |person| to_person(person, dialled));
    json!([verb]).to_string()
}

/// Says a text and calls a person, without any call of ours.
pub(super) fn refuse(text: &str, language: Language, person: Option<&Person>) -> String {
    let then = person.map_or_else(|| json!({ "verb": "hangup" }), |person| to_person(person, None));
    let says = (!text.is_empty()).then(|| say(text, language));
    Value::Array(says.into_iter().chain([then]).collect()).to_string()
}

fn says(segments: &[Segment]) -> Vec<Value> {
    let runs = segments.chunk_by(|a, b| a.language == b.language);
    runs.filter_map(|run| {
        let text = run.iter().map(|segment| &*segment.text).collect::<Vec<_>>().join(" ");
        run.first().map(|first| say(&text, first.language))
    })
    .collect()
}

fn say(text: &str, language: Language) -> Value {
    json!({ "verb": "say", "text": text, "synthesizer": { "vendor": "default", "language": locale(language) } })
}

fn to_person(person: &Person, dialled: Option<&str>) -> Value {
    let mut verb = if let Some(queue) = person.to.strip_prefix("queue:") {
        json!({ "verb": "enqueue", "name": queue })
    } else if person.by == Way::Refer {
        json!({ "verb": "sip:refer", "referTo": person.to })
    } else {
        let target = if person.to.starts_with("sip:") {
            json!({ "type": "sip", "sipUri": person.to })
        } else {
            json!({ "type": "phone", "number": person.to })
        };
        json!({ "verb": "dial", "target": [target], "timeout": person.ring_seconds, "answerOnBridge": true })
    };
    if let Some(dialled) = dialled {
        set(&mut verb, "actionHook", json!(dialled));
    }
    verb
}

fn set(verb: &mut Value, name: &str, value: Value) {
    if let Some(verb) = verb.as_object_mut() {
        verb.insert(name.to_owned(), value);
    }
}
