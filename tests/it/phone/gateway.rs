//! Twilio as its documentation describes it: signed webhooks, TwiML, Media Streams with a queue of audio and marks. Its clock runs fast.

use super::{NUMBER_FI, Office, PUBLIC, TOKEN};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt as _, StreamExt as _};
use hmac::{Hmac, KeyInit, Mac};
use neuvo::speech::encode_mu_law;
use quick_xml::Reader;
use quick_xml::events::Event as Xml;
use reqwest::Response;
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

/// So many times faster than life.
const SPEED: u32 = 10;
/// Bytes of 20 ms of mu-law.
const FRAME: usize = 160;

/// An element of TwiML.
#[derive(Clone, Debug, Default)]
pub(crate) struct Verb {
    pub(crate) name: String,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) text: String,
    pub(crate) children: Vec<Verb>,
}

impl Verb {
    /// The first element of a name, anywhere inside.
    pub(crate) fn find(&self, name: &str) -> Option<&Verb> {
        self.children.iter().find_map(|child| if child.name == name { Some(child) } else { child.find(name) })
    }

    #[track_caller]
    pub(crate) fn get(&self, name: &str) -> &Verb {
        self.find(name).unwrap_or_else(|| panic!("no <{name}> in {self:?}"))
    }

    /// All that is said.
    pub(crate) fn said(&self) -> String {
        let inside = self.children.iter().map(Verb::said);
        std::iter::once(self.text.clone()).chain(inside).filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ")
    }

    /// The address to which the gateway turns next.
    #[track_caller]
    pub(crate) fn action(&self, name: &str) -> String {
        let action = &self.get(name).attributes["action"];
        action.strip_prefix(PUBLIC).unwrap_or_else(|| panic!("{action} is not ours")).to_owned()
    }
}

/// Reads TwiML.
pub(crate) fn parse(text: &str) -> Verb {
    let mut reader = Reader::from_str(text);
    let mut open = vec![Verb::default()];
    loop {
        match reader.read_event().unwrap() {
            Xml::Start(start) => open.push(verb(&start)),
            Xml::Empty(start) => open.last_mut().unwrap().children.push(verb(&start)),
            Xml::End(_) => {
                let done = open.pop().unwrap();
                open.last_mut().unwrap().children.push(done);
            }
            Xml::Text(text) => open.last_mut().unwrap().text.push_str(&text.xml10_content()),
            Xml::Eof => return open.pop().unwrap(),
            _ => {}
        }
    }
}

fn verb(start: &quick_xml::events::BytesStart<'_>) -> Verb {
    let attributes = start.attributes().map(|attribute| {
        let attribute = attribute.unwrap();
        let name = attribute.key.as_ref().to_owned();
        (name, attribute.value.replace("&amp;", "&"))
    });
    let name = start.name().as_ref().to_owned();
    Verb { name, attributes: attributes.collect(), ..Verb::default() }
}

/// The signature of a request.
pub(crate) fn sign(token: &str, url: &str, fields: &[(String, String)]) -> String {
    let mut sorted = fields.to_vec();
    sorted.sort();
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(token.as_bytes()).unwrap();
    mac.update(url.as_bytes());
    for (name, value) in sorted {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    STANDARD.encode(mac.finalize().into_bytes())
}

/// One call at the gateway.
pub(crate) struct Leg<'a> {
    office: &'a Office,
    pub(crate) sid: String,
    to: &'a str,
}

impl<'a> Leg<'a> {
    pub(crate) fn new(office: &'a Office, sid: &str) -> Self {
        Self { office, sid: sid.to_owned(), to: NUMBER_FI }
    }

    pub(crate) fn to(office: &'a Office, sid: &str, to: &'a str) -> Self {
        Self { to, ..Self::new(office, sid) }
    }

    fn fields(&self, more: &[(&str, &str)]) -> Vec<(String, String)> {
        let always = [
            ("CallSid", self.sid.as_str()),
            ("AccountSid", "AC1"),
            ("From", "+358401234567"),
            ("To", self.to),
            ("CallStatus", "in-progress"),
            ("ANewField", "that nobody knows & cares for"),
        ];
        let mut fields: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in always.iter().chain(more) {
            fields.insert((*name).to_owned(), (*value).to_owned());
        }
        fields.into_iter().collect()
    }

    /// A signed request as it comes back.
    pub(crate) async fn send(&self, path: &str, more: &[(&str, &str)]) -> Response {
        let fields = self.fields(more);
        let signature = sign(TOKEN, &format!("{PUBLIC}{path}"), &fields);
        self.send_with(path, &fields, &signature).await
    }

    pub(crate) async fn send_with(&self, path: &str, fields: &[(String, String)], signature: &str) -> Response {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.office.server.request(reqwest::Method::POST, path);
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        request.header("x-twilio-signature", signature).send().await.unwrap()
    }

    /// A signed request whose answer is TwiML.
    pub(crate) async fn post(&self, path: &str, more: &[(&str, &str)]) -> Verb {
        let response = self.send(path, more).await;
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(response.headers()["content-type"], "text/xml; charset=utf-8");
        parse(&response.text().await.unwrap())
    }

    pub(crate) async fn ring(&self) -> Verb {
        self.post("/phone/twilio/incoming", &[]).await
    }

    /// Opens the stream that TwiML asks for.
    pub(crate) async fn connect(&self, twiml: &Verb) -> Caller {
        let stream = twiml.get("Stream");
        let path = stream.attributes["url"].strip_prefix("wss://bot.example.fi").unwrap().to_owned();
        let parameter = &twiml.get("Parameter").attributes;
        let token = parameter["value"].clone();
        Caller::connect(self.office, &path, &self.sid, &token).await
    }
}

/// A caller on a stream.
pub(crate) struct Caller {
    acts: mpsc::UnboundedSender<Act>,
    pub(crate) seen: Arc<Mutex<Seen>>,
    task: JoinHandle<()>,
}

/// What the gateway saw.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Frames that were played to the caller.
    pub(crate) played_frames: usize,
    /// Frames that wait to be played.
    pub(crate) queued_frames: usize,
    pub(crate) clears_n: usize,
    /// Marks that came back because their audio was played.
    pub(crate) marks_played: Vec<String>,
    /// The bot closed the stream.
    pub(crate) is_closed: bool,
    /// What no gateway takes.
    pub(crate) breaches: Vec<String>,
}

enum Act {
    /// Speaks with this loudness for so many frames.
    Speak(i16, usize),
    Press(char),
    HangUp,
    /// The line breaks without a word.
    Break,
}

enum Queued {
    Audio,
    Mark(String),
}

impl Caller {
    pub(crate) async fn connect(office: &Office, path: &str, sid: &str, token: &str) -> Self {
        let (mut socket, _) = connect_async(format!("ws://{}{path}", office.server.address)).await.unwrap();
        let (acts, mut to_do) = mpsc::unbounded_channel();
        let seen: Arc<Mutex<Seen>> = Arc::default();
        let say = |value: Value| Message::text(value.to_string());
        socket.send(say(json!({"event": "connected", "protocol": "Call", "version": "1.0.0"}))).await.unwrap();
        let format = json!({"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1});
        let start = json!({"streamSid": "MZ1", "accountSid": "AC1", "callSid": sid, "tracks": ["inbound"],
                           "customParameters": {"token": token}, "mediaFormat": format});
        socket
            .send(say(json!({"event": "start", "sequenceNumber": "1", "start": start, "streamSid": "MZ1"})))
            .await
            .unwrap();
        let watched = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            let mut clock = tokio::time::interval(Duration::from_millis(20) / SPEED);
            let (mut mic, mut queue, mut chunk): (VecDeque<i16>, VecDeque<Queued>, u64) = Default::default();
            loop {
                tokio::select! {
                    _ = clock.tick() => {
                        let loudness = mic.pop_front().unwrap_or_default();
                        chunk += 1;
                        let payload = STANDARD.encode([encode_mu_law(loudness); FRAME]);
                        let media = json!({"track": "inbound", "chunk": chunk.to_string(), "timestamp": (chunk * 20).to_string(), "payload": payload});
                        let message = json!({"event": "media", "sequenceNumber": (chunk + 1).to_string(), "media": media, "streamSid": "MZ1"});
                        if socket.send(say(message)).await.is_err() {
                            break;
                        }
                        if matches!(queue.front(), Some(Queued::Audio)) {
                            queue.pop_front();
                            let mut seen = watched.lock().unwrap();
                            seen.played_frames += 1;
                            seen.queued_frames -= 1;
                        }
                        while let Some(Queued::Mark(name)) = queue.front() {
                            let name = name.clone();
                            queue.pop_front();
                            watched.lock().unwrap().marks_played.push(name.clone());
                            let mark = json!({"event": "mark", "streamSid": "MZ1", "mark": {"name": name}});
                            let _ = socket.send(say(mark)).await;
                        }
                    }
                    message = socket.next() => {
                        let text = match message {
                            Some(Ok(Message::Text(text))) => text,
                            Some(Ok(Message::Binary(_))) => {
                                watched.lock().unwrap().breaches.push("31950: binary".to_owned());
                                continue;
                            }
                            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
                            Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                        };
                        let message: Value = serde_json::from_str(&text).unwrap();
                        assert_eq!(message["streamSid"], "MZ1");
                        match message["event"].as_str().unwrap() {
                            "media" => {
                                let bytes = STANDARD.decode(message["media"]["payload"].as_str().unwrap()).unwrap();
                                let frames_n = bytes.len().div_ceil(FRAME);
                                queue.extend((0..frames_n).map(|_| Queued::Audio));
                                watched.lock().unwrap().queued_frames += frames_n;
                            }
                            "mark" => queue.push_back(Queued::Mark(message["mark"]["name"].as_str().unwrap().to_owned())),
                            "clear" => {
                                let thrown: Vec<Queued> = queue.drain(..).collect();
                                {
                                    let mut seen = watched.lock().unwrap();
                                    (seen.queued_frames, seen.clears_n) = (0, seen.clears_n + 1);
                                }
                                // Marks of what was thrown away come back like the others.
                                for queued in thrown {
                                    if let Queued::Mark(name) = queued {
                                        let mark = json!({"event": "mark", "streamSid": "MZ1", "mark": {"name": name}});
                                        let _ = socket.send(say(mark)).await;
                                    }
                                }
                            }
                            other => watched.lock().unwrap().breaches.push(format!("31924: {other}")),
                        }
                    }
                    act = to_do.recv() => match act {
                        Some(Act::Speak(loudness, frames_n)) => mic.extend((0..frames_n).map(|_| loudness)),
                        Some(Act::Press(digit)) => {
                            let dtmf = json!({"event": "dtmf", "streamSid": "MZ1", "sequenceNumber": "9", "dtmf": {"track": "inbound_track", "digit": digit.to_string()}});
                            socket.send(say(dtmf)).await.unwrap();
                        }
                        Some(Act::HangUp) => {
                            let _ = socket.send(say(json!({"event": "stop", "streamSid": "MZ1"}))).await;
                            break;
                        }
                        Some(Act::Break) | None => break,
                    },
                }
            }
            watched.lock().unwrap().is_closed = true;
        });
        Self { acts, seen, task }
    }

    /// Says something for half a second.
    pub(crate) fn speak(&self, loudness: i16) {
        let _ = self.acts.send(Act::Speak(loudness, 25));
    }

    pub(crate) fn press(&self, digit: char) {
        let _ = self.acts.send(Act::Press(digit));
    }

    pub(crate) fn hang_up(&self) {
        let _ = self.acts.send(Act::HangUp);
    }

    pub(crate) fn cut(&self) {
        let _ = self.acts.send(Act::Break);
    }

    /// Waits until the bot has nothing more to say.
    pub(crate) async fn listen(&self) {
        for quiet_n in 0.. {
            assert!(quiet_n < 400, "the bot talks on and on");
            let before = self.seen.lock().unwrap().played_frames;
            tokio::time::sleep(Duration::from_millis(60)).await;
            let seen = self.seen.lock().unwrap();
            if seen.queued_frames == 0 && seen.played_frames == before {
                return;
            }
        }
    }

    /// Waits until the bot has closed the stream.
    pub(crate) async fn until_closed(&self) {
        crate::support::until(|| self.seen.lock().unwrap().is_closed).await;
        assert_eq!(self.seen.lock().unwrap().breaches, Vec::<String>::new());
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        self.task.abort();
    }
}
