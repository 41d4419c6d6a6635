//! Media Streams: audio both ways as JSON over a WebSocket.

use super::request::key;
use crate::channel::phone::call::SegmentId;
use crate::channel::phone::line::{Command, Event, Socket};
use crate::channel::phone::serve::{self, Begun};
use crate::channel::phone::state::Phone;
use crate::speech::{decode_mu_law, encode_mu_law};
use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// Bytes of a message: thirty seconds of audio, which some gateways send at once.
const MESSAGE_BYTES_MAX: usize = 512 << 10;
/// The gateway says which call it is within this time.
const START_MAX: Duration = Duration::from_secs(10);
/// A line on which nothing comes for so long is dead: audio comes 50 times a second.
const SILENT_MAX: Duration = Duration::from_secs(20);
/// Samples that are sent in one message: a second.
const CHUNK: usize = 8_000;

#[derive(Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum Incoming {
    Start {
        start: Start,
    },
    Media {
        media: Media,
    },
    Dtmf {
        dtmf: Dtmf,
    },
    Mark {
        mark: Mark,
    },
    Stop,
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Start {
    stream_sid: String,
    call_sid: String,
    #[serde(default)]
    custom_parameters: std::collections::BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Media {
    payload: String,
    #[serde(default)]
    track: Option<String>,
}

#[derive(Deserialize)]
struct Dtmf {
    digit: String,
}

#[derive(Deserialize)]
struct Mark {
    name: String,
}

/// Opens a stream. Whose it is shows by the token of its first message.
pub(super) async fn open(State(phone): State<Arc<Phone>>, upgrade: WebSocketUpgrade) -> Result<Response, StatusCode> {
    let door = Arc::clone(&phone.doors).try_acquire_owned().map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    Ok(upgrade.max_message_size(MESSAGE_BYTES_MAX).on_upgrade(async move |mut socket| {
        let Ok(Some(start)) = timeout(START_MAX, start(&mut socket)).await else { return };
        drop(door);
        let token = start.custom_parameters.get("token").cloned().unwrap_or_default();
        let Some(call) = key(&start.call_sid) else { return };
        serve::lead(&phone, Begun { call, token }, async |ends| pump(&mut socket, &start.stream_sid, ends).await).await;
    }))
}

async fn start(socket: &mut WebSocket) -> Option<Start> {
    loop {
        let message = socket.recv().await?.ok()?;
        if let Message::Text(text) = message
            && let Ok(Incoming::Start { start }) = serde_json::from_str(&text)
        {
            return Some(start);
        }
    }
}

/// Passes messages between the gateway and the call until one of them is done.
async fn pump(socket: &mut WebSocket, stream: &str, mut ends: Socket) {
    loop {
        let sent = tokio::select! {
            message = timeout(SILENT_MAX, socket.recv()) => match message {
                Ok(Some(Ok(message))) => take(&message, &ends),
                Ok(None | Some(Err(_))) | Err(_) => return,
            },
            command = ends.commands.recv() => match command {
                Some(command) => tell(socket, stream, command).await,
                None => break,
            },
        };
        if !sent {
            return;
        }
    }
    // The gateway goes on with what follows the stream.
    let _ = socket.send(Message::Close(None)).await;
}

/// Tells the call. Says whether the line still stands.
fn take(message: &Message, ends: &Socket) -> bool {
    let text = match message {
        Message::Text(text) => text,
        Message::Close(_) => return false,
        Message::Binary(_) | Message::Ping(_) | Message::Pong(_) => return true,
    };
    let event = match serde_json::from_str(text) {
        Ok(Incoming::Media { media }) if media.track.as_deref() != Some("outbound") => {
            let bytes = STANDARD.decode(&media.payload).unwrap_or_default();
            Event::Audio(bytes.into_iter().map(decode_mu_law).collect())
        }
        Ok(Incoming::Dtmf { dtmf }) => match dtmf.digit.chars().next() {
            Some(digit) => Event::Digit(digit),
            None => return true,
        },
        Ok(Incoming::Mark { mark }) => match mark.name.parse() {
            Ok(id) => Event::Mark(SegmentId(id)),
            Err(_) => return true,
        },
        Ok(Incoming::Stop) => return false,
        // A message that is new or broken is no reason to drop a caller.
        Ok(Incoming::Start { .. } | Incoming::Media { .. } | Incoming::Other) | Err(_) => return true,
    };
    // A call that cannot keep up loses the line, not its order.
    ends.events.try_send(event).is_ok()
}

/// Tells the gateway. Says whether the line still stands.
async fn tell(socket: &mut WebSocket, stream: &str, command: Command) -> bool {
    match command {
        Command::Clear => send(socket, &json!({ "event": "clear", "streamSid": stream })).await,
        Command::Play(id, pcm) => {
            for chunk in pcm.chunks(CHUNK) {
                let bytes: Vec<u8> = chunk.iter().copied().map(encode_mu_law).collect();
                let media = json!({ "payload": STANDARD.encode(bytes) });
                if !send(socket, &json!({ "event": "media", "streamSid": stream, "media": media })).await {
                    return false;
                }
            }
            let mark = json!({ "name": id.0.to_string() });
            send(socket, &json!({ "event": "mark", "streamSid": stream, "mark": mark })).await
        }
    }
}

async fn send(socket: &mut WebSocket, message: &serde_json::Value) -> bool {
    socket.send(Message::Text(message.to_string().into())).await.is_ok()
}
