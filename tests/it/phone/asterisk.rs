//! Calls through Asterisk's AudioSocket, and what its dial plan asks.

use super::{Office, TOKEN, office};
use crate::support::until;
use neuvo::config::phone::Mode;
use neuvo::domain::Language;
use reqwest::Method;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedWriteHalf;
use uuid::Uuid;

/// The exchange's end of a call's audio.
struct Trunk {
    writer: OwnedWriteHalf,
    frames_n: Arc<AtomicUsize>,
    /// The last message that was no audio.
    other: Arc<Mutex<Option<u8>>>,
}

impl Trunk {
    async fn dial(address: SocketAddr, call: Uuid) -> Self {
        let (mut reader, writer) = TcpStream::connect(address).await.unwrap().into_split();
        let (frames_n, other): (Arc<AtomicUsize>, Arc<Mutex<Option<u8>>>) = Default::default();
        tokio::spawn({
            let (frames_n, other) = (Arc::clone(&frames_n), Arc::clone(&other));
            async move {
                while let Ok(kind) = reader.read_u8().await {
                    let len = reader.read_u16().await.unwrap();
                    let mut body = vec![0; usize::from(len)];
                    reader.read_exact(&mut body).await.unwrap();
                    if kind == 0x10 {
                        assert_eq!(len, 320);
                        frames_n.fetch_add(1, Ordering::SeqCst);
                    } else {
                        *other.lock().unwrap() = Some(kind);
                    }
                }
            }
        });
        let mut trunk = Self { writer, frames_n, other };
        trunk.send(0x01, call.as_bytes()).await;
        trunk
    }

    async fn send(&mut self, kind: u8, body: &[u8]) {
        let mut message = vec![kind];
        message.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
        message.extend(body);
        self.writer.write_all(&message).await.unwrap();
    }

    async fn speak(&mut self, loudness: i16) {
        for frame in (0..30).map(|_| loudness).chain((0..40).map(|_| 0)) {
            let bytes: Vec<u8> = (0..160).flat_map(|_| i16::to_le_bytes(frame)).collect();
            self.send(0x10, &bytes).await;
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

async fn ask(office: &Office, path: &str, token: &str) -> (u16, String) {
    let response = office.server.request(Method::GET, path).bearer_auth(token).send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

async fn audio() -> (Office, SocketAddr) {
    let probe = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = probe.local_addr().unwrap();
    drop(probe);
    let office = office(Mode::Stream, |config| {
        config.phone.audiosocket.listen = Some(address);
        config.phone.audiosocket.language = Some(Language::Fi);
    })
    .await;
    (office, address)
}

#[tokio::test]
async fn a_call_goes_to_a_person_and_comes_back() {
    let (office, address) = audio().await;
    let call = Uuid::now_v7();
    let mut trunk = Trunk::dial(address, call).await;
    office.says("phone-greeting suomeksi").await;
    until(|| 20 < trunk.frames_n.load(Ordering::SeqCst)).await;
    trunk.send(0x03, b"#").await;
    trunk.speak(2_000).await;
    office.says("Asumistuen hakeminen").await;
    trunk.send(0x03, b"0").await;
    until(|| *trunk.other.lock().unwrap() == Some(0)).await;
    let next = format!("/phone/audiosocket/{call}/next");
    assert_eq!(ask(&office, &next, "a-wrong-token").await.0, 403);
    assert_eq!(ask(&office, &next, TOKEN).await, (200, "dial +358401111111".to_owned()));
    let dialled = format!("/phone/audiosocket/{call}/dialled");
    assert_eq!(ask(&office, &format!("{dialled}?status=BUSY"), TOKEN).await, (200, "audio".to_owned()));
    let mut trunk = Trunk::dial(address, call).await;
    office.says("phone-back-busy suomeksi").await;
    // The exchange hangs up; after a while the call is over.
    trunk.send(0x00, &[]).await;
    drop(trunk);
    assert!(!office.fakes.has_said("phone-goodbye"));
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "times what the exchange hears")]
async fn audio_goes_out_at_the_speed_of_speech() {
    let (office, address) = audio().await;
    let trunk = Trunk::dial(address, Uuid::now_v7()).await;
    until(|| 0 < trunk.frames_n.load(Ordering::SeqCst)).await;
    let began = Instant::now();
    let before = trunk.frames_n.load(Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(600)).await;
    let frames_n = trunk.frames_n.load(Ordering::SeqCst) - before;
    let expected = usize::try_from(began.elapsed().as_millis()).unwrap() / 20;
    assert!(frames_n.abs_diff(expected) <= 6, "{frames_n} frames in the time of {expected}");
    drop(office);
}
