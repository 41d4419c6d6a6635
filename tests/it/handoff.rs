//! A citizen asks for a person: the queue, its hours, and the way back.

use crate::support::{QUESTION, Server, Talk, code, fresh, string};
use neuvo::config::Config;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

/// A queue that the tests' clock, Monday at ten, finds open or closed.
pub(crate) fn queue(config: &mut Config, opens: &str, len_max: u32) {
    let queue = format!("id = \"general\"\nopens = \"{opens}\"\ncloses = \"16:00\"\nlen_max = {len_max}");
    config.handoff.queues = vec![toml::from_str(&queue).unwrap()];
}

async fn ask(server: &Server, talk: &Talk) -> Vec<Value> {
    let response = server.within(Method::POST, talk, "/handoff").send().await.unwrap();
    assert_eq!(response.status(), 200);
    let body: Value = response.json().await.unwrap();
    body["events"].as_array().unwrap().clone()
}

async fn standing(server: &Server, talk: &Talk) -> Value {
    server.within(Method::GET, talk, "/handoff").send().await.unwrap().json().await.unwrap()
}

fn states(events: &[Value]) -> Vec<String> {
    events.iter().map(|event| string(&event["state"])).collect()
}

#[tokio::test]
async fn waits_in_the_queue_and_leaves_it() {
    let (_folder, server) = fresh(|config| queue(config, "09:00", 2)).await;
    let (talk, second, third) = (server.open().await, server.open().await, server.open().await);
    let events = ask(&server, &talk).await;
    assert_eq!(states(&events), ["requested", "queued"]);
    let queued = &events[1];
    assert_eq!((&queued["kind"], &queued["position"], &queued["lang"]), (&json!("handoff"), &json!(1), &json!("fi")));
    // Nobody works: no wait is promised.
    assert_eq!(queued["estimate_minutes"], Value::Null);
    assert_eq!(queued["text"], "handoff-queued suomeksi");
    assert!(queued.get("why").is_none());
    assert_eq!(states(&ask(&server, &second).await), ["requested", "queued"]);
    assert_eq!(standing(&server, &second).await["position"], 2);
    // The bot is silent, and what is written is kept.
    let said = server.say(&talk, QUESTION).await;
    assert_eq!((&said["reply"], &said["text"]), (&Value::Null, &json!(QUESTION)));
    let again = server.within(Method::POST, &talk, "/handoff").send().await.unwrap();
    assert_eq!(code(409, again).await, "in-other-hands");
    let full = ask(&server, &third).await;
    assert_eq!(states(&full), ["failed"]);
    assert_eq!(full[0]["text"], "handoff-full suomeksi\n\nhandoff-ways suomeksi");
    // Who leaves is answered again, and the next moves up.
    let left: Value = server.within(Method::DELETE, &talk, "/handoff").send().await.unwrap().json().await.unwrap();
    assert_eq!(left["state"], "returned");
    let gone = server.within(Method::DELETE, &talk, "/handoff").send().await.unwrap();
    assert_eq!(code(409, gone).await, "in-other-hands");
    assert_eq!(server.say(&talk, QUESTION).await["reply"]["outcome"], "answer");
    assert_eq!(standing(&server, &second).await["position"], 1);
    assert_eq!(standing(&server, &talk).await, json!({"owner": "bot", "position": null, "estimate_minutes": null}));
    let seqs: Vec<_> = server.events(&talk).await.iter().map(|event| event["seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs, (1..=7).collect::<Vec<_>>());
    let plain = server.within(Method::GET, &talk, "/transcript").header("accept", "text/plain").send().await.unwrap();
    assert!(plain.text().await.unwrap().contains("handoff-queued suomeksi"));
}

#[tokio::test]
async fn a_closed_queue_says_when_it_opens() {
    let (_folder, server) = fresh(|config| queue(config, "12:00", 2)).await;
    let talk = server.open().await;
    let events = ask(&server, &talk).await;
    assert_eq!((states(&events), &events[0]["opens"]), (vec!["failed".to_owned()], &json!("2026-11-23T12:00:00")));
    assert_eq!(events[0]["text"], "handoff-closed-now suomeksi\n\nhandoff-ways suomeksi");
    assert_eq!(server.say(&talk, QUESTION).await["reply"]["outcome"], "answer");
}

#[tokio::test]
async fn without_a_queue_other_ways_are_told() {
    let (_folder, server) = fresh(|_| {}).await;
    let talk = server.open().await;
    let events = ask(&server, &talk).await;
    assert_eq!((states(&events), &events[0]["text"]), (vec!["failed".to_owned()], &json!("person suomeksi")));
    let stranger = Talk { id: Uuid::now_v7().to_string(), ..talk };
    let unknown = server.within(Method::POST, &stranger, "/handoff").send().await.unwrap();
    assert_eq!(code(404, unknown).await, "conversation-not-found");
}
