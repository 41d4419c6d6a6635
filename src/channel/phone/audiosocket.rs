//! Asterisk's AudioSocket: audio both ways over TCP, in messages of a type, a length and a body. The dial plan asks by HTTP how the call goes on.

use crate::channel::phone::call::Transferred;
use crate::channel::phone::calls::{CallKey, Found};
use crate::channel::phone::line::{Event, Played, Player, Socket};
use crate::channel::phone::state::{Phone, Ring};
use crate::channel::phone::{effects, serve};
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::get;
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;
use subtle::ConstantTimeEq;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;
use uuid::Uuid;

/// The kind of calls that come from here.
const KIND: &str = "audiosocket";
/// The caller is gone, or we are.
const HANG_UP: u8 = 0x00;
/// The name of the call.
const NAME: u8 = 0x01;
/// A key.
const DIGIT: u8 = 0x03;
/// Linear samples, 8 kHz, little-endian.
const AUDIO: u8 = 0x10;
/// The call begins with its name within this time.
const START_MAX: Duration = Duration::from_secs(5);
/// A line on which nothing comes for so long is dead: audio comes 50 times a second.
const SILENT_MAX: Duration = Duration::from_secs(20);

/// Serves calls until the phone stops.
///
/// # Errors
/// Where the address cannot be listened on.
pub async fn serve(phone: Arc<Phone>, listener: TcpListener) -> std::io::Result<()> {
    loop {
        let socket = tokio::select! {
            accepted = listener.accept() => accepted?.0,
            () = phone.stop.cancelled() => return Ok(()),
        };
        // Full: the exchange hears it at once.
        let Ok(door) = Arc::clone(&phone.doors).try_acquire_owned() else { continue };
        let phone = Arc::clone(&phone);
        tokio::spawn(async move {
            let _ = socket.set_nodelay(true);
            call(&phone, socket, door).await;
        });
    }
}

async fn call(phone: &Arc<Phone>, socket: TcpStream, door: OwnedSemaphorePermit) {
    let (mut reader, mut writer) = socket.into_split();
    let Ok(Ok((NAME, name))) = timeout(START_MAX, read(&mut reader)).await else { return };
    drop(door);
    let Ok(name) = Uuid::from_slice(&name) else { return };
    let Some(key) = CallKey::parse(KIND, &name.to_string()) else { return };
    let Ring::Call(entry) = phone.ring(&key, phone.config.audiosocket.language, None).await else {
        // The dial plan goes on without us, to a person.
        let _ = write(&mut writer, HANG_UP, &[]).await;
        return;
    };
    serve::lead_known(phone, key, entry, async |ends| pump(&mut reader, &mut writer, ends).await).await;
}

/// Passes audio between the exchange and the call until one of them is done.
async fn pump(reader: &mut OwnedReadHalf, writer: &mut OwnedWriteHalf, ends: Socket) {
    let Socket { events, mut commands } = ends;
    let reading = async {
        // A read that is given up would lose its place in the stream: it goes on beside the writing.
        while let Ok(Ok((kind, body))) = timeout(SILENT_MAX, read(reader)).await {
            let event = match kind {
                AUDIO => Event::Audio(body.as_chunks::<2>().0.iter().map(|bytes| i16::from_le_bytes(*bytes)).collect()),
                DIGIT => match body.first() {
                    Some(digit) => Event::Digit(char::from(*digit)),
                    None => continue,
                },
                HANG_UP | 0xff => return,
                _ => continue,
            };
            if events.try_send(event).is_err() {
                return;
            }
        }
    };
    let writing = async {
        let mut player = Player::new();
        loop {
            tokio::select! {
                command = commands.recv() => match command {
                    Some(command) => player.obey(command),
                    None => return,
                },
                played = player.next() => match played {
                    Played::Frame(bytes) => {
                        if write(writer, AUDIO, &bytes).await.is_err() {
                            return;
                        }
                    }
                    Played::Whole(id) => {
                        if events.try_send(Event::Mark(id)).is_err() {
                            return;
                        }
                    }
                },
            }
        }
    };
    tokio::select! {
        () = reading => {}
        () = writing => {}
    }
    let _ = write(writer, HANG_UP, &[]).await;
}

async fn read(reader: &mut OwnedReadHalf) -> std::io::Result<(u8, Vec<u8>)> {
    let kind = reader.read_u8().await?;
    let len = usize::from(reader.read_u16().await?);
    let mut body = vec![0; len];
    reader.read_exact(&mut body).await?;
    Ok((kind, body))
}

async fn write(writer: &mut OwnedWriteHalf, kind: u8, body: &[u8]) -> std::io::Result<()> {
    let mut message = Vec::with_capacity(3 + body.len());
    message.push(kind);
    message.extend_from_slice(&u16::try_from(body.len()).unwrap_or_default().to_be_bytes());
    message.extend_from_slice(body);
    writer.write_all(&message).await
}

/// The routes by which the dial plan asks; none without a token.
pub(super) fn routes(phone: &Phone) -> Router<Arc<Phone>> {
    if phone.secrets.audiosocket.is_none() {
        return Router::new();
    }
    Router::new()
        .route("/phone/audiosocket/{call}/next", get(next))
        .route("/phone/audiosocket/{call}/dialled", get(dialled))
}

/// How an attempt to reach a person went: Asterisk's `DIALSTATUS`.
#[derive(Deserialize)]
struct Dialled {
    #[serde(default)]
    status: String,
}

/// How the call goes on when the audio has ended: `dial PLACE`, or `hangup`.
async fn next(
    State(phone): State<Arc<Phone>>,
    Path(call): Path<Uuid>,
    headers: HeaderMap,
) -> Result<String, StatusCode> {
    admit(&phone, &headers)?;
    let key = CallKey::parse(KIND, &call.to_string()).ok_or(StatusCode::NOT_FOUND)?;
    let to_person = |phone: &Phone| {
        let person = phone.person_of_any_time(crate::domain::Occasion::Misses, crate::domain::Language::Fi);
        person.map_or_else(|| "hangup".to_owned(), |person| format!("dial {}", person.to))
    };
    let Found::Known(entry) = phone.calls.find(&key) else {
        // There was no room, or the process is another one.
        return Ok(if matches!(phone.calls.find(&key), Found::Over) { "hangup".to_owned() } else { to_person(&phone) });
    };
    let session = entry.session.lock().await;
    match &session.person {
        Some(person) if session.call.is_away() => Ok(format!("dial {}", person.to)),
        _ if session.call.is_over() => {
            phone.finish(&key);
            Ok("hangup".to_owned())
        }
        _ => Ok(to_person(&phone)),
    }
}

/// The attempt to reach a person is over: `audio` leads the dial plan back to the bot, `hangup` to the end.
async fn dialled(
    State(phone): State<Arc<Phone>>,
    Path(call): Path<Uuid>,
    Query(Dialled { status }): Query<Dialled>,
    headers: HeaderMap,
) -> Result<&'static str, StatusCode> {
    admit(&phone, &headers)?;
    let key = CallKey::parse(KIND, &call.to_string()).ok_or(StatusCode::NOT_FOUND)?;
    let Found::Known(entry) = phone.calls.find(&key) else { return Ok("hangup") };
    let how = match status.as_str() {
        "ANSWER" => {
            phone.finish(&key);
            return Ok("hangup");
        }
        "BUSY" | "CONGESTION" => Transferred::Busy,
        "NOANSWER" | "CANCEL" => Transferred::NoAnswer,
        _ => Transferred::Failed,
    };
    let mut session = entry.session.lock().await;
    session.person = None;
    session.back = Some(how);
    session.step_n += 1;
    effects::come_back(&phone, &session.parties).await;
    Ok("audio")
}

fn admit(phone: &Phone, headers: &HeaderMap) -> Result<(), StatusCode> {
    let presented = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let presented = presented.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    let is_right =
        phone.secrets.audiosocket.as_ref().is_some_and(|token| token.as_bytes().ct_eq(presented.as_bytes()).into());
    if is_right { Ok(()) } else { Err(StatusCode::FORBIDDEN) }
}
