//! Two replicas over one PostgreSQL: each hears of the other's writes, and a database that goes away loses nothing.

use crate::postgres::Postgres;
use crate::support::{QUESTION, Server, Talk, start, string};
use futures_util::StreamExt;
use reqwest::Method;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use uuid::Uuid;

/// Conversations at once, and messages of each.
const TALKS_N: usize = 6;
const MESSAGES_N: usize = 12;

async fn replica(url: &str) -> (TempDir, Server) {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path(), |config| {
        url.clone_into(&mut config.store.url);
        config.limits.requests_burst_max = 100_000;
        config.limits.requests_per_minute_max = 1_000_000;
    })
    .await;
    (folder, server)
}

#[tokio::test]
async fn a_message_reaches_the_stream_of_another_replica() {
    let postgres = Postgres::start();
    let url = postgres.database("replicas");
    let ((_a, here), (_b, there)) = tokio::join!(replica(&url), replica(&url));
    let talk = here.open().await;
    let stream = there.within(Method::GET, &talk, "/events").send().await.unwrap();
    let mut chunks = stream.bytes_stream();
    let mut text = String::new();
    let said = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        here.say(&talk, QUESTION).await
    };
    let read = async {
        // Sooner than the streams look by themselves, every ten seconds.
        while !text.contains("id: 3") {
            let chunk = tokio::time::timeout(Duration::from_secs(5), chunks.next()).await.unwrap().unwrap().unwrap();
            text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    };
    tokio::join!(said, read);
    // A deletion at one ends the stream at the other.
    here.within(Method::DELETE, &talk, "").send().await.unwrap();
    let end = tokio::time::timeout(Duration::from_secs(5), chunks.next()).await.unwrap();
    assert!(end.is_none());
}

/// Says everything in order, each message until it is acknowledged, now at the one replica and now at the other.
async fn persist(servers: Arc<[Server; 2]>, talk: Talk) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for n in 0..MESSAGES_N {
        let id = Uuid::now_v7();
        for server in servers.iter().cycle().skip(n) {
            match server.message(&talk, id, QUESTION).send().await {
                Ok(response) if response.status() == 200 => break,
                _ => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
        acknowledged.push(id.to_string());
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    acknowledged
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_goes_away_loses_nothing() {
    let postgres = Arc::new(Postgres::start());
    let url = postgres.database("replicas");
    let ((_a, here), (_b, there)) = tokio::join!(replica(&url), replica(&url));
    let servers = Arc::new([here, there]);
    let mut talks = Vec::new();
    for _ in 0..TALKS_N {
        talks.push(servers[0].open().await);
    }
    let writers: Vec<_> = talks.iter().map(|talk| tokio::spawn(persist(Arc::clone(&servers), talk.clone()))).collect();
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(700)).await;
        let postgres = Arc::clone(&postgres);
        tokio::task::spawn_blocking(move || {
            postgres.down();
            postgres.up();
        })
        .await
        .unwrap();
    }
    for (talk, writer) in talks.iter().zip(writers) {
        let acknowledged = tokio::time::timeout(Duration::from_secs(90), writer).await.unwrap().unwrap();
        let events: Vec<Value> = servers[1].events(talk).await;
        let seqs: Vec<_> = events.iter().map(|event| event["seq"].as_u64().unwrap()).collect();
        assert_eq!(seqs, (1..=2 * MESSAGES_N as u64 + 1).collect::<Vec<_>>());
        let messages = events.iter().filter(|event| event["kind"] == "message").map(|event| string(&event["id"]));
        assert_eq!(messages.collect::<Vec<_>>(), acknowledged);
    }
}
