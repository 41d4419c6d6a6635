//! A citizen asks for a call, changes it, takes it back; an expert makes it. The number is nowhere to be read but on the expert's page.

use crate::console::{Browser, account, location, store};
use crate::handoff::queue;
use crate::support::{Server, Talk, code, fresh, string};
use neuvo::config::Config;
use neuvo::domain::Role;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use std::path::Path;

/// Calls are taken, two at a time of an hour; the tests' clock says Monday at ten.
fn takes_calls(config: &mut Config) {
    queue(config, "12:00", 9);
    config.callback.key_file = config.data.folder.join("callback.key");
    config.callback.hours.per_slot_n = 2;
    fs_err::write(&config.callback.key_file, "0f".repeat(32)).unwrap();
}

fn wish(number: &str, slot: &str) -> Value {
    json!({"number": number, "lang": "sv", "interpreter": true, "topic": "asumistuki, 010190-999P", "slot": slot})
}

async fn put(server: &Server, talk: &Talk, wish: &Value) -> Response {
    server.within(Method::PUT, talk, "/callback").json(wish).send().await.unwrap()
}

async fn slots(server: &Server) -> Vec<String> {
    let body: Value = server.get("/v1/callback/slots").await.json().await.unwrap();
    body["slots"].as_array().unwrap().iter().map(|slot| string(&slot["slot"])).collect()
}

/// Whether the bytes lie anywhere in the folder.
pub(crate) fn holds(folder: &Path, words: &str) -> bool {
    fs_err::read_dir(folder).unwrap().any(|file| {
        let bytes = fs_err::read(file.unwrap().path()).unwrap_or_default();
        bytes.windows(words.len()).any(|window| window == words.as_bytes())
    })
}

#[tokio::test]
async fn asks_changes_and_cancels() {
    let (folder, server) = fresh(takes_calls).await;
    let talk = server.open().await;
    let config: Value = server.get("/v1/widget/config").await.json().await.unwrap();
    assert_eq!(config["features"], json!({"handoff": true, "callback": true}));
    // Closed now: a call is offered.
    let asked = server.within(Method::POST, &talk, "/handoff").send().await.unwrap();
    let asked: Value = asked.json().await.unwrap();
    let text = string(&asked["events"][0]["text"]);
    assert_eq!(text, "handoff-closed-now suomeksi\n\nhandoff-callback suomeksi\n\nhandoff-ways suomeksi");
    let free = slots(&server).await;
    assert_eq!((free.len(), free[0].as_str(), free[4].as_str()), (10, "2026-11-23T11:00:00", "2026-11-24T09:00:00"));
    let none = server.within(Method::GET, &talk, "/callback").send().await.unwrap();
    assert_eq!(code(404, none).await, "callback-not-found");
    for (number, slot, status, expected) in [
        ("kissa", "2026-11-23T11:00:00", 422, "bad-number"),
        ("040 123 4567", "2026-11-23T09:00:00", 409, "slot-taken"),
        ("040 123 4567", "2026-11-23T11:30:00", 409, "slot-taken"),
        ("040 123 4567", "kello yksi", 422, "bad-body"),
    ] {
        assert_eq!(code(status, put(&server, &talk, &wish(number, slot)).await).await, expected);
    }
    for _ in 0..2 {
        let kept = put(&server, &talk, &wish("040 123 4567", "2026-11-23T11:00:00")).await;
        let kept: Value = kept.json().await.unwrap();
        let expected = json!({"slot": "2026-11-23T11:00:00", "starts_at": "2026-11-23T09:00:00Z", "lang": "sv",
            "interpreter": true, "topic": "asumistuki, [hetu]", "claimed": false});
        assert_eq!(kept, expected);
    }
    let second = server.open().await;
    assert_eq!(put(&server, &second, &wish("0401234568", "2026-11-23T11:00:00")).await.status(), 200);
    let third = server.open().await;
    let full = put(&server, &third, &wish("0401234569", "2026-11-23T11:00:00")).await;
    assert_eq!(code(409, full).await, "slot-taken");
    assert_eq!(slots(&server).await.len(), 9);
    // Another secret learns nothing.
    let stranger = Talk { id: talk.id.clone(), secret: second.secret.clone() };
    let read = server.within(Method::GET, &stranger, "/callback").send().await.unwrap();
    assert_eq!(code(404, read).await, "conversation-not-found");
    assert!(!holds(folder.path(), "401234567"), "the number lies open");
    let cancel = || async { server.within(Method::DELETE, &talk, "/callback").send().await.unwrap() };
    assert_eq!(cancel().await.status(), 204);
    assert_eq!(code(404, cancel().await).await, "callback-not-found");
    assert_eq!(slots(&server).await.len(), 10);
}

#[tokio::test]
async fn an_expert_calls() {
    let (folder, server) = fresh(takes_calls).await;
    let store = store(folder.path()).await;
    for (login, name) in [("aino", "Aino"), ("olli", "Olli")] {
        account(&store, login, name, Role::Expert).await;
    }
    let (talk, other) = (server.open().await, server.open().await);
    put(&server, &talk, &wish("040 123 4567", "2026-11-23T11:00:00")).await;
    put(&server, &other, &wish("+46 8 123 456", "2026-11-23T13:00:00")).await;
    let (aino, olli) = (Browser::signed_in(&server, "aino").await, Browser::signed_in(&server, "olli").await);
    let list = aino.page("/console/calls").await;
    assert!(list.contains("23.11. 11:00") && list.contains("interpreter") && !list.contains("1234567"), "{list}");
    let calls = store.call_backs().await.unwrap();
    let path = |at: usize| format!("/console/calls/{}", calls[at].id);
    // Nobody sees the number without having the call.
    assert_eq!(location(&aino.get(&path(0)).await), "/console/calls");
    assert_eq!(aino.send(&format!("{}/claim", path(0)), &[]).await, path(0));
    assert!(aino.page(&path(0)).await.contains("tel:+358401234567"));
    assert_eq!(location(&olli.get(&path(0)).await), "/console/calls");
    assert_eq!(olli.send(&format!("{}/claim", path(0)), &[]).await, "/console/calls");
    let changed = put(&server, &talk, &wish("040 123 4567", "2026-11-23T12:00:00")).await;
    assert_eq!(code(409, changed).await, "in-other-hands");
    // Later; then called; and the other did not answer.
    let slot = [("slot", "2026-11-24T09:00:00")];
    assert_eq!(aino.send(&format!("{}/move", path(0)), &slot).await, "/console/calls");
    let standing: Value = server.within(Method::GET, &talk, "/callback").send().await.unwrap().json().await.unwrap();
    assert_eq!((&standing["slot"], &standing["claimed"]), (&json!("2026-11-24T09:00:00"), &json!(false)));
    for (at, outcome) in [(0, "called"), (1, "unreached")] {
        assert_eq!(olli.send(&format!("{}/claim", path(at)), &[]).await, path(at));
        assert_eq!(aino.send(&format!("{}/end", path(at)), &[("outcome", outcome)]).await, "/console/calls");
        assert_eq!(olli.send(&format!("{}/end", path(at)), &[("outcome", outcome)]).await, "/console/calls");
    }
    assert!(store.call_backs().await.unwrap().is_empty());
    let gone = server.within(Method::GET, &talk, "/callback").send().await.unwrap();
    assert_eq!(code(404, gone).await, "callback-not-found");
    let actions: Vec<_> = store.audited(50).await.unwrap().into_iter().map(|entry| entry.action).collect();
    for action in ["claimed-call", "viewed-number", "moved-call", "ended-call"] {
        assert!(actions.iter().any(|done| done == action), "{action}");
    }
    store.close().await;
}

#[tokio::test]
async fn without_a_key_no_calls_are_taken() {
    let (_folder, server) = fresh(|config| queue(config, "12:00", 9)).await;
    let talk = server.open().await;
    assert_eq!(slots(&server).await, Vec::<String>::new());
    let refused = put(&server, &talk, &wish("040 123 4567", "2026-11-23T11:00:00")).await;
    assert_eq!(code(409, refused).await, "callback-off");
    let asked = server.within(Method::POST, &talk, "/handoff").send().await.unwrap();
    let asked: Value = asked.json().await.unwrap();
    assert_eq!(asked["events"][0]["text"], "handoff-closed-now suomeksi\n\nhandoff-ways suomeksi");
    let config: Value = server.get("/v1/widget/config").await.json().await.unwrap();
    assert_eq!(config["features"], json!({"handoff": true, "callback": false}));
}
