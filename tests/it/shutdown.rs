//! What was begun is finished, and what citizens say stays out of the log.

use crate::support::{fresh, start};
use reqwest::Method;
use serde_json::Value;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use uuid::Uuid;

#[tokio::test]
async fn shutdown_finishes_a_running_turn() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path(), |_| {}).await;
    let talk = server.open().await;
    let waiting = tokio::spawn(server.message(&talk, Uuid::now_v7(), "hidas").send());
    server.gate.until_waiting(1).await;
    server.stop.cancel();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!server.task.is_finished());
    server.gate.open();
    let said: Value = waiting.await.unwrap().unwrap().json().await.unwrap();
    assert_eq!(said["reply"]["seq"], 3);
    server.task.await.unwrap();
    let server = start(folder.path(), |_| {}).await;
    assert_eq!(server.events(&talk).await.len(), 3);
}

#[tokio::test]
async fn shutdown_stores_a_turn_whose_client_has_gone() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path(), |_| {}).await;
    let talk = server.open().await;
    let waiting = tokio::spawn(server.message(&talk, Uuid::now_v7(), "hidas").send());
    server.gate.until_waiting(1).await;
    waiting.abort();
    server.stop.cancel();
    server.gate.open();
    server.task.await.unwrap();
    let server = start(folder.path(), |_| {}).await;
    assert_eq!(server.events(&talk).await.len(), 3);
}

#[tokio::test]
async fn a_turn_that_hangs_does_not_keep_the_server() {
    let (folder, server) = fresh(|config| config.limits.shutdown_seconds_max = 1).await;
    let talk = server.open().await;
    let waiting = tokio::spawn(server.message(&talk, Uuid::now_v7(), "hidas").send());
    server.gate.until_waiting(1).await;
    server.stop.cancel();
    let ended = tokio::time::timeout(Duration::from_secs(8), server.task).await;
    server.gate.open();
    ended.unwrap().unwrap();
    // What is acknowledged is stored, however late it comes.
    let acknowledged = waiting.await.unwrap().is_ok_and(|response| response.status() == 200);
    let server = start(folder.path(), |_| {}).await;
    let events_n = server.events(&talk).await.len();
    assert!(events_n == 3 || !acknowledged && events_n == 1, "{acknowledged} {events_n}");
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_words_of_citizens_in_the_log() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter("trace")
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    // Every test of this binary runs in a process of its own, or shares the log without harm.
    let _ = tracing::subscriber::set_global_default(subscriber);
    let (_folder, server) = fresh(|_| {}).await;
    let talk = server.open().await;
    server.say(&talk, "kissankello asumistuki 010594Y9032").await;
    server.message(&talk, Uuid::now_v7(), "kaadu kissankello").send().await.unwrap();
    let body = r#"{"id": "x", "text": "kissankello"}"#;
    let request = server.within(Method::POST, &talk, "/messages").header("content-type", "application/json").body(body);
    assert_eq!(request.send().await.unwrap().status(), 422);
    server.within(Method::GET, &talk, "/transcript").send().await.unwrap();
    server.stop().await;
    let text = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    let ours: Vec<_> =
        text.lines().filter(|line| !line.contains("reqwest") && !line.contains("hyper_util::client")).collect();
    assert!(ours.iter().any(|line| line.contains("neuvo")), "the log was captured");
    for secret in ["kissankello", "010594Y9032", &talk.secret] {
        let found: Vec<_> = ours.iter().filter(|line| line.contains(secret)).collect();
        assert!(found.is_empty(), "{secret} is logged: {found:?}");
    }
}
