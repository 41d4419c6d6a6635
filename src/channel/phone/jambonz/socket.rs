//! jambonz's `listen`: audio both ways as binary messages of linear samples over a WebSocket.

use super::request::key;
use crate::channel::phone::line::{Command, Event, Played, Player, Socket};
use crate::channel::phone::serve::{self, Begun};
use crate::channel::phone::state::Phone;
use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// Bytes of a message: seconds of audio.
const MESSAGE_BYTES_MAX: usize = 128 << 10;
/// The gateway says which call it is within this time.
const START_MAX: Duration = Duration::from_secs(10);
/// A line on which nothing comes for so long is dead: audio comes all the time.
const SILENT_MAX: Duration = Duration::from_secs(20);
/// What jambonz asks for in the handshake.
const PROTOCOL: &str = "audio.jambonz.org";

/// Opens a stream. Whose it is shows by the token of its first message.
pub(super) async fn open(State(phone): State<Arc<Phone>>, upgrade: WebSocketUpgrade) -> Result<Response, StatusCode> {
    let door = Arc::clone(&phone.doors).try_acquire_owned().map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    let upgrade = upgrade.protocols([PROTOCOL]).max_message_size(MESSAGE_BYTES_MAX);
    Ok(upgrade.on_upgrade(async move |mut socket| {
        let Ok(Some(begun)) = timeout(START_MAX, start(&mut socket)).await else { return };
        drop(door);
        serve::lead(&phone, begun, async |ends| pump(&mut socket, ends).await).await;
    }))
}

/// The first message describes the call and has what the `listen` verb gave along.
async fn start(socket: &mut WebSocket) -> Option<Begun> {
    let Message::Text(text) = socket.recv().await?.ok()? else { return None };
    let about: Value = serde_json::from_str(&text).ok()?;
    let text = |names: [&str; 2]| names.into_iter().find_map(|name| about.pointer(name)?.as_str());
    let call = key(text(["/callSid", "/call_sid"])?)?;
    Some(Begun { call, token: text(["/token", "/metadata/token"])?.to_owned() })
}

/// Passes audio between the gateway and the call until one of them is done.
async fn pump(socket: &mut WebSocket, mut ends: Socket) {
    let mut player = Player::new();
    loop {
        let stands = tokio::select! {
            message = timeout(SILENT_MAX, socket.recv()) => match message {
                Ok(Some(Ok(message))) => take(&message, &ends),
                Ok(None | Some(Err(_))) | Err(_) => return,
            },
            command = ends.commands.recv() => match command {
                Some(command) => {
                    let clears = matches!(command, Command::Clear);
                    player.obey(command);
                    !clears || socket.send(Message::Text(json!({ "type": "killAudio" }).to_string().into())).await.is_ok()
                }
                None => break,
            },
            played = player.next() => match played {
                Played::Frame(bytes) => socket.send(Message::Binary(bytes.into())).await.is_ok(),
                Played::Whole(id) => ends.events.try_send(Event::Mark(id)).is_ok(),
            },
        };
        if !stands {
            return;
        }
    }
    // The gateway asks how the call goes on.
    let _ = socket.send(Message::Text(json!({ "type": "disconnect" }).to_string().into())).await;
    let _ = socket.send(Message::Close(None)).await;
}

/// Tells the call. Says whether the line still stands.
fn take(message: &Message, ends: &Socket) -> bool {
    let event = match message {
        Message::Binary(bytes) => {
            let (samples, _) = bytes.as_chunks::<2>();
            Event::Audio(samples.iter().map(|bytes| i16::from_le_bytes(*bytes)).collect())
        }
        Message::Text(text) => {
            let about: Value = serde_json::from_str(text).unwrap_or_default();
            let text = |name| about.get(name).and_then(Value::as_str);
            match text("dtmf").filter(|_| text("event") == Some("dtmf")).and_then(|digit| digit.chars().next()) {
                Some(digit) => Event::Digit(digit),
                None => return true,
            }
        }
        Message::Close(_) => return false,
        Message::Ping(_) | Message::Pong(_) => return true,
    };
    // A call that cannot keep up loses the line, not its order.
    ends.events.try_send(event).is_ok()
}
