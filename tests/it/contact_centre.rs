//! Another contact centre is the human side: it is told by signed webhooks, and acts over `/v1/desk`.

use crate::console::{Browser, account, store};
use crate::handoff::queue;
use crate::support::{QUESTION, Server, Talk, code, fresh, string, until};
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use neuvo::config::Config;
use neuvo::domain::Role;
use neuvo::store::{Account, Store};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use uuid::Uuid;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=";
const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// The other system: keeps what it took, each webhook once, and answers as it is told.
#[derive(Clone)]
struct Centre {
    url: String,
    status: Arc<AtomicU16>,
    taken: Arc<Mutex<Vec<Value>>>,
    tries: Arc<Mutex<Vec<String>>>,
}

impl Centre {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let centre = Self { url, status: Arc::new(AtomicU16::new(204)), taken: Arc::default(), tries: Arc::default() };
        let verifier = Arc::new(standardwebhooks::Webhook::new(SECRET).unwrap());
        let known: Arc<Mutex<HashSet<String>>> = Arc::default();
        let hook = {
            let centre = centre.clone();
            move |headers: HeaderMap, body: Bytes| async move {
                verifier.verify(&body, &headers).unwrap();
                let id = headers["webhook-id"].to_str().unwrap().to_owned();
                centre.tries.lock().unwrap().push(id.clone());
                let status = StatusCode::from_u16(centre.status.load(Ordering::Relaxed)).unwrap();
                if status.is_success() && known.lock().unwrap().insert(id) {
                    centre.taken.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
                }
                status
            }
        };
        tokio::spawn(async move { axum::serve(listener, axum::Router::new().route("/hook", post(hook))).await });
        centre
    }

    fn configure(&self, config: &mut Config) {
        queue(config, "09:00", 9);
        let file = |name: &str, text: &str| {
            let path = config.data.folder.join(name);
            fs_err::write(&path, text).unwrap();
            path
        };
        config.contact_centre.secret_file = file("secret", SECRET);
        config.contact_centre.token_file = file("token", TOKEN);
        config.contact_centre.webhook_url.clone_from(&self.url);
    }

    fn taken_n(&self) -> usize {
        self.taken.lock().unwrap().len()
    }
}

async fn desk(server: &Server, method: Method, path: &str, body: Value) -> Response {
    server.request(method, &format!("/v1/desk{path}")).bearer_auth(TOKEN).json(&body).send().await.unwrap()
}

async fn add_centre(store: &Store) {
    let centre = Account { chats_max: 100, ..Account::new("contact-centre", "Keskus", Role::Expert) };
    store.add_account(&centre, "hash").await.unwrap();
}

#[tokio::test]
async fn the_other_system_is_told_and_answers() {
    let centre = Centre::start().await;
    let (folder, server) = fresh(|config| centre.configure(config)).await;
    let store = store(folder.path()).await;
    let talk: Talk = server.open().await;
    server.say(&talk, QUESTION).await;
    assert_eq!(server.within(Method::POST, &talk, "/handoff").send().await.unwrap().status(), 200);
    let path = format!("/conversations/{}", talk.id);
    // Without its account, and with a wrong token, nobody comes in.
    let closed = desk(&server, Method::GET, "/queue", json!({})).await;
    assert_eq!(code(403, closed).await, "desk-closed");
    add_centre(&store).await;
    let wrong = server.request(Method::GET, "/v1/desk/queue").bearer_auth("f".repeat(32)).send().await.unwrap();
    assert_eq!(code(401, wrong).await, "desk-unauthorized");

    let waiting: Value = desk(&server, Method::GET, "/queue", json!({})).await.json().await.unwrap();
    assert_eq!(
        (&waiting["waiting"][0]["conversation"], &waiting["waiting"][0]["why"]["occasion"]),
        (&json!(talk.id), &json!("asked"))
    );
    let claimed = desk(&server, Method::POST, &format!("{path}/claim"), json!({"name": "Aino"})).await;
    let claimed: Value = claimed.json().await.unwrap();
    assert_eq!((&claimed["state"], &claimed["expert"]), (&json!("claimed"), &json!("Aino")));
    let again = desk(&server, Method::POST, &format!("{path}/claim"), json!({"name": "Olli"})).await;
    assert_eq!(code(409, again).await, "in-other-hands");
    server.say(&talk, "olen vielä täällä 010190-999P").await;
    let message = json!({"id": Uuid::now_v7(), "name": "Aino", "text": "Hei, miten voin auttaa?"});
    for _ in 0..2 {
        let said = desk(&server, Method::POST, &format!("{path}/messages"), message.clone()).await;
        assert_eq!(said.json::<Value>().await.unwrap()["seq"], 8);
    }
    assert_eq!(desk(&server, Method::POST, &format!("{path}/typing"), json!({})).await.status(), 204);
    let case: Value = desk(&server, Method::GET, &path, json!({})).await.json().await.unwrap();
    assert_eq!((&case["owner"], case["events"].as_array().unwrap().len()), (&json!("expert"), 8));
    let bad = desk(&server, Method::POST, &format!("{path}/close"), json!({"resolution": "great"})).await;
    assert_eq!(code(422, bad).await, "bad-body");
    let closed = desk(&server, Method::POST, &format!("{path}/close"), json!({"resolution": "advised"})).await;
    assert_eq!(closed.json::<Value>().await.unwrap()["state"], "closed");
    assert_eq!(server.say(&talk, QUESTION).await["reply"]["outcome"], "answer");

    // Everything that concerned a person was told, in order, and nothing of what the bot was asked before and after.
    until(|| centre.taken_n() == 6).await;
    let taken = centre.taken.lock().unwrap().clone();
    let told: Vec<_> = taken
        .iter()
        .map(|webhook| {
            assert_eq!(webhook["data"]["conversation"], json!(talk.id));
            let event = &webhook["data"]["event"];
            let what = event.get("state").or(event.get("text")).unwrap();
            format!("{} {} {}", event["seq"], string(&webhook["type"]), string(what))
        })
        .collect();
    assert_eq!(
        told,
        [
            "4 conversation.handoff requested",
            "5 conversation.handoff queued",
            "6 conversation.handoff claimed",
            "7 conversation.message olen vielä täällä [hetu]",
            "8 conversation.expert Hei, miten voin auttaa?",
            "9 conversation.handoff closed",
        ]
    );
    assert_eq!(taken[0]["data"]["why"]["occasion"], "asked");
    store.close().await;
}

#[tokio::test]
async fn what_is_not_taken_is_tried_again_and_given_up_in_the_end() {
    let centre = Centre::start().await;
    centre.status.store(503, Ordering::Relaxed);
    let (folder, server) = fresh(|config| centre.configure(config)).await;
    let store = store(folder.path()).await;
    account(&store, "sari", "Sari", Role::Supervisor).await;
    let talk = server.open().await;
    server.within(Method::POST, &talk, "/handoff").send().await.unwrap();
    until(|| centre.tries.lock().unwrap().len() == 2).await;
    // The same webhook again, under the same id, and none of what comes after it.
    let tries = centre.tries.lock().unwrap().clone();
    assert_eq!(tries[0], tries[1]);
    // It wants no more of these: given up, and the next goes out, to the same end.
    centre.status.store(410, Ordering::Relaxed);
    for _ in 0..200 {
        if store.dead_letters().await.unwrap().len() == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let sari = Browser::signed_in(&server, "sari").await;
    let page = sari.page("/console/letters").await;
    assert!(page.contains(&talk.id) && page.contains("410") && page.contains("Try all again"), "{page}");
    centre.status.store(200, Ordering::Relaxed);
    assert_eq!(sari.send("/console/letters/again", &[]).await, "/console/letters");
    until(|| centre.taken_n() == 2).await;
    assert!(sari.page("/console/letters").await.contains("Everything was delivered"));
    // What a citizen deletes leaves nothing behind here either.
    centre.status.store(503, Ordering::Relaxed);
    server.within(Method::DELETE, &talk, "/handoff").send().await.unwrap();
    server.within(Method::DELETE, &talk, "").send().await.unwrap();
    assert!(store.dead_letters().await.unwrap().is_empty());
    store.close().await;
}
