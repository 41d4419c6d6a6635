//! Calls through jambonz: signed JSON, verbs, and `listen` with linear audio.

use super::{NUMBER_FI, Office, PUBLIC, TOKEN, office};
use crate::support::{string, until};
use futures_util::{SinkExt as _, StreamExt as _};
use hmac::{Hmac, KeyInit, Mac};
use neuvo::config::phone::Mode;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use std::time::Duration;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

#[expect(clippy::disallowed_methods, reason = "a signature has its time")]
async fn send(office: &Office, path: &str, secret: &str, mut body: Value) -> Response {
    body["call_sid"] = json!("call-1");
    body["some_new_field"] = json!({"nobody": ["knows"]});
    let body = body.to_string();
    let time = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{time}.{body}").as_bytes());
    let hex = neuvo::domain::hex(&mac.finalize().into_bytes(), 32);
    let request = office.server.request(Method::POST, path).header("content-type", "application/json");
    request.header("jambonz-signature", format!("t={time},v1={hex}")).body(body).send().await.unwrap()
}

async fn post(office: &Office, path: &str, body: Value) -> Vec<Value> {
    let response = send(office, path, TOKEN, body).await;
    assert_eq!(response.status(), 200, "{path}");
    response.json().await.unwrap()
}

fn hook(verbs: &[Value], verb: &str) -> String {
    let verb = verbs.iter().find(|v| v["verb"] == verb).unwrap_or_else(|| panic!("no {verb} in {verbs:?}"));
    string(&verb["actionHook"]).strip_prefix(PUBLIC).unwrap().to_owned()
}

fn incoming() -> Value {
    json!({"direction": "inbound", "from": "+358401234567", "to": NUMBER_FI, "call_status": "trying", "sip_status": 100})
}

#[tokio::test]
async fn turn_by_turn() {
    let office = office(Mode::Turns, |_| {}).await;
    let greeting = post(&office, "/phone/jambonz/incoming", incoming()).await;
    let gather = greeting.last().unwrap();
    assert!(string(&gather["say"]["text"]).contains("phone-greeting suomeksi"), "{gather}");
    assert_eq!((&gather["recognizer"]["language"], &gather["numDigits"]), (&json!("fi-FI"), &json!(1)));
    let words = json!({"reason": "speechDetected", "speech": {"is_final": true, "alternatives": [{"transcript": "miten haen asumistukea", "confidence": 0.91}]}});
    let answer = post(&office, &hook(&greeting, "gather"), words).await;
    assert!(answer.last().unwrap()["say"]["text"].as_str().unwrap().contains("OmaKela"));
    let silence = post(&office, &hook(&answer, "gather"), json!({"reason": "timeout"})).await;
    assert!(silence.last().unwrap()["say"]["text"].as_str().unwrap().contains("phone-silence-1"));
    let person = post(&office, &hook(&silence, "gather"), json!({"reason": "dtmfDetected", "digits": "0"})).await;
    assert_eq!(person.last().unwrap()["target"][0], json!({"type": "phone", "number": "+358401111111"}));
    let back = post(&office, &hook(&person, "dial"), json!({"dial_call_status": "busy", "dial_sip_status": 486})).await;
    assert!(back.last().unwrap()["say"]["text"].as_str().unwrap().contains("phone-back-busy"));
    let status = send(&office, "/phone/jambonz/status", TOKEN, json!({"call_status": "completed"})).await;
    assert_eq!(status.status(), 204);
    assert!(office.metrics().await.contains("neuvo_calls_open 0"));
}

#[tokio::test]
async fn only_what_is_signed_is_let_in() {
    let office = office(Mode::Turns, |_| {}).await;
    assert_eq!(send(&office, "/phone/jambonz/incoming", "another", incoming()).await.status(), 403);
    let bare = office.server.request(Method::POST, "/phone/jambonz/incoming").json(&incoming()).send().await.unwrap();
    assert_eq!(bare.status(), 403);
}

#[tokio::test]
async fn with_audio_both_ways() {
    let office = office(Mode::Stream, |_| {}).await;
    let verbs = post(&office, "/phone/jambonz/incoming", incoming()).await;
    let listen = &verbs[0];
    assert_eq!((&listen["verb"], &listen["sampleRate"]), (&json!("listen"), &json!(8000)));
    let mut request = format!("ws://{}/phone/jambonz/stream", office.server.address).into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", "audio.jambonz.org".parse().unwrap());
    let (mut socket, response) = connect_async(request).await.unwrap();
    assert_eq!(response.headers()["sec-websocket-protocol"], "audio.jambonz.org");
    let about = json!({"callSid": "call-1", "sampleRate": 8000, "mixType": "mono", "metadata": listen["metadata"]});
    socket.send(Message::text(about.to_string())).await.unwrap();
    let (mut to_us, mut from_us) = socket.split();
    let texts = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let audio_bytes = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let reading = tokio::spawn({
        let (texts, audio_bytes) = (std::sync::Arc::clone(&texts), std::sync::Arc::clone(&audio_bytes));
        async move {
            while let Some(Ok(message)) = from_us.next().await {
                match message {
                    Message::Text(text) => texts.lock().unwrap().push(text.to_string()),
                    Message::Binary(bytes) => {
                        assert_eq!(bytes.len(), 320);
                        audio_bytes.fetch_add(bytes.len(), std::sync::atomic::Ordering::SeqCst);
                    }
                    _ => {}
                }
            }
        }
    });
    let speak = |loudness: i16| Message::binary((0..160).flat_map(|_| loudness.to_le_bytes()).collect::<Vec<u8>>());
    office.says("phone-greeting suomeksi").await;
    until(|| 0 < audio_bytes.load(std::sync::atomic::Ordering::SeqCst)).await;
    // A key interrupts, and asks for a person.
    to_us.send(Message::text(json!({"event": "dtmf", "dtmf": "9", "duration": "1600"}).to_string())).await.unwrap();
    office.says("phone-help suomeksi").await;
    until(|| texts.lock().unwrap().iter().any(|text| text.contains("killAudio"))).await;
    for frame in (0..30).map(|_| 2_000).chain((0..40).map(|_| 0)) {
        to_us.send(speak(frame)).await.unwrap();
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    office.says("Asumistuen hakeminen").await;
    to_us.send(Message::text(json!({"event": "dtmf", "dtmf": "0"}).to_string())).await.unwrap();
    reading.await.unwrap();
    assert!(texts.lock().unwrap().iter().any(|text| text.contains("disconnect")));
    let dial = post(&office, &hook(&verbs, "listen"), json!({"call_status": "in-progress"})).await;
    assert_eq!(dial[0]["verb"], "dial");
}
