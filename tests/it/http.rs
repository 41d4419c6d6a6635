//! What a client of the API meets, from opening a conversation to deleting it, and every polite no in between.

use crate::callback::holds;
use crate::support::{QUESTION, Server, Talk, begin, code, fresh, start, string, until};
use futures_util::StreamExt;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Reads events of a stream until there are `events_n`: id and data of each.
async fn read(response: Response, events_n: usize) -> Vec<(String, Value)> {
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut chunks = response.bytes_stream();
    let mut text = String::new();
    let mut events = Vec::new();
    while events.len() < events_n {
        let chunk = tokio::time::timeout(Duration::from_secs(10), chunks.next()).await.unwrap().unwrap().unwrap();
        text.push_str(std::str::from_utf8(&chunk).unwrap());
        while let Some((event, rest)) = text.split_once("\n\n") {
            let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
            if let (Some(id), Some(data)) = (field("id: "), field("data: ")) {
                events.push((id, serde_json::from_str(&data).unwrap()));
            }
            text = rest.to_owned();
        }
    }
    events
}

fn ids(events: &[(String, Value)]) -> Vec<&str> {
    events.iter().map(|(id, _)| id.as_str()).collect()
}

#[tokio::test]
async fn a_whole_conversation() {
    let (_folder, server) = fresh(|_| {}).await;
    let body = json!({"lang": "fi", "context": {"page": "https://kela.fi/asumistuki?sessio=1"}});
    let response = server.request(Method::POST, "/v1/conversations").json(&body).send().await.unwrap();
    assert_eq!(response.status(), 201);
    let location = response.headers()["location"].to_str().unwrap().to_owned();
    let opened: Value = response.json().await.unwrap();
    let talk = Talk { id: string(&opened["id"]), secret: string(&opened["secret"]) };
    assert_eq!(location, format!("/v1/conversations/{}", talk.id));
    assert!(32 <= talk.secret.len());
    assert_eq!(
        (&opened["welcome"]["kind"], &opened["welcome"]["seq"], &opened["welcome"]["text"]),
        (&json!("welcome"), &json!(1), &json!("welcome suomeksi"))
    );

    let said = server.say(&talk, QUESTION).await;
    assert_eq!((&said["seq"], &said["text"], &said["reply"]["seq"]), (&json!(2), &json!(QUESTION), &json!(3)));
    let reply = &said["reply"];
    assert_eq!((&reply["kind"], &reply["outcome"], &reply["lang"]), (&json!("reply"), &json!("answer"), &json!("fi")));
    let citation = &reply["citation"];
    assert_eq!(
        (&citation["topic"], &citation["url"], &citation["checked"]),
        (&json!("housing.apply"), &json!("https://www.kela.fi/housing.apply"), &json!("2026-05-24"))
    );
    assert_eq!(string(&citation["version"]).len(), 12);
    assert!(string(&reply["text"]).contains("https://www.kela.fi/housing.apply"));
    assert_eq!(reply["markdown"], "Asumistuen hakeminen: OmaKela.");

    let kinds: Vec<_> = server.events(&talk).await.iter().map(|event| string(&event["kind"])).collect();
    assert_eq!(kinds, ["welcome", "message", "reply"]);
    let plain = server.within(Method::GET, &talk, "/transcript").header("accept", "text/plain").send().await.unwrap();
    assert_eq!(plain.headers()["content-type"], "text/plain; charset=utf-8");
    assert_eq!(plain.headers()["cache-control"], "no-store");
    assert!(plain.text().await.unwrap().contains(QUESTION));

    let deleted = server.within(Method::DELETE, &talk, "").send().await.unwrap();
    assert_eq!(deleted.status(), 204);
    let gone = server.within(Method::GET, &talk, "/transcript").send().await.unwrap();
    assert_eq!(code(404, gone).await, "conversation-not-found");
    server.stop().await;
}

#[tokio::test]
async fn answers_in_the_language_of_the_question() {
    let (_folder, server) = fresh(|_| {}).await;
    for (text, lang) in
        [("hur ansöker jag om bostadsbidrag", "sv"), ("how do I apply for housing allowance", "en"), (QUESTION, "fi")]
    {
        let said = server.say(&server.open().await, text).await;
        assert_eq!((&said["reply"]["lang"], &said["reply"]["outcome"]), (&json!(lang), &json!("answer")), "{text}");
    }
}

#[tokio::test]
async fn only_the_secret_opens() {
    let (_folder, server) = fresh(|_| {}).await;
    let (talk, other) = (server.open().await, server.open().await);
    let unknown = Talk { id: Uuid::now_v7().to_string(), ..talk.clone() };
    let crossed = Talk { id: talk.id.clone(), secret: other.secret };
    let short = Talk { id: talk.id.clone(), secret: "x".to_owned() };
    let no_id = Talk { id: "nonsense".to_owned(), ..talk.clone() };
    let mut bodies = BTreeSet::new();
    for stranger in [&unknown, &crossed, &short, &no_id] {
        for (method, path) in
            [(Method::GET, "/transcript"), (Method::GET, "/events"), (Method::POST, "/messages"), (Method::DELETE, "")]
        {
            let body = json!({"id": Uuid::now_v7(), "text": "hei"});
            let response = server.within(method, stranger, path).json(&body).send().await.unwrap();
            assert_eq!(response.status(), 404);
            bodies.insert(response.text().await.unwrap());
        }
    }
    let path = format!("/v1/conversations/{}/transcript", talk.id);
    let missing = server.get(&path).await;
    bodies.insert(missing.text().await.unwrap());
    assert_eq!(bodies.len(), 1, "all look the same: {bodies:?}");
    let basic = server.request(Method::GET, &path).header("authorization", format!("Basic {}", talk.secret));
    assert_eq!(code(404, basic.send().await.unwrap()).await, "conversation-not-found");
    assert_eq!(server.events(&talk).await.len(), 1);
}

#[tokio::test]
async fn a_message_sent_twice_is_answered_once() {
    let (_folder, server) = fresh(|_| {}).await;
    let (talk, id) = (server.open().await, Uuid::now_v7());
    let send = || async { server.message(&talk, id, QUESTION).send().await.unwrap().json::<Value>().await.unwrap() };
    // At the same time, and later, and with other words.
    let (first, second) = tokio::join!(send(), send());
    assert_eq!(first, second);
    assert_eq!(send().await, first);
    let other: Value = server.message(&talk, id, "paljonko").send().await.unwrap().json().await.unwrap();
    assert_eq!(other, first);
    assert_eq!(server.events(&talk).await.len(), 3);
    // The id is the conversation's own.
    let elsewhere = server.open().await;
    assert_eq!(server.message(&elsewhere, id, QUESTION).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn messages_at_once_keep_one_sequence() {
    let (_folder, server) = fresh(|config| config.limits.messages_max = 5).await;
    let talk = server.open().await;
    let texts = ["yksi", "kaksi", "kolme", "neljä"];
    let said = futures_util::future::join_all(texts.map(|text| server.say(&talk, text))).await;
    let mut seqs: Vec<_> = said.iter().map(|said| said["seq"].as_u64().unwrap()).collect();
    seqs.sort_unstable();
    assert_eq!(seqs, [2, 4, 6, 8]);
    let events = server.events(&talk).await;
    assert_eq!(
        events.iter().map(|event| event["seq"].as_u64().unwrap()).collect::<Vec<_>>(),
        (1..=9).collect::<Vec<_>>()
    );
    server.say(&talk, "viisi").await;
    let full = server.message(&talk, Uuid::now_v7(), "kuusi").send().await.unwrap();
    assert_eq!(code(409, full).await, "conversation-full");
}

#[tokio::test]
async fn a_stream_goes_on_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path(), |_| {}).await;
    let talk = server.open().await;
    let stream = server.within(Method::GET, &talk, "/events").send().await.unwrap();
    let (events, _) = tokio::join!(read(stream, 3), server.say(&talk, QUESTION));
    assert_eq!(ids(&events), ["1", "2", "3"]);
    assert_eq!(string(&events[2].1["kind"]), "reply");
    let open = server.within(Method::GET, &talk, "/events").send().await.unwrap();
    server.stop().await;
    // The stream ended cleanly, after what there was.
    let rest = open.text().await.unwrap();
    assert_eq!(rest.matches("id: ").count(), 3);

    let server = start(folder.path(), |_| {}).await;
    server.say(&talk, "paljonko opintoraha on").await;
    let resumed = server.within(Method::GET, &talk, "/events").header("last-event-id", "2").send().await.unwrap();
    assert_eq!(ids(&read(resumed, 3).await), ["3", "4", "5"]);
    let after = server.within(Method::GET, &talk, "/events?after=4").send().await.unwrap();
    assert_eq!(ids(&read(after, 1).await), ["5"]);
    let bad = server.within(Method::GET, &talk, "/events").header("last-event-id", "x").send().await.unwrap();
    assert_eq!(code(400, bad).await, "bad-cursor");
    let bad = server.within(Method::GET, &talk, "/events?after=-1").send().await.unwrap();
    assert_eq!(code(400, bad).await, "bad-cursor");
    server.stop().await;
}

#[tokio::test]
async fn a_deleted_conversation_ends_its_streams() {
    let (_folder, server) = fresh(|config| config.limits.streams_max = 1).await;
    let talk = server.open().await;
    let mut stream = server.within(Method::GET, &talk, "/events").send().await.unwrap();
    assert!(stream.chunk().await.unwrap().unwrap().starts_with(b"id: 1"));
    let second = server.within(Method::GET, &talk, "/events").send().await.unwrap();
    assert_eq!(code(503, second).await, "streams-full");
    assert!(server.get("/metrics").await.text().await.unwrap().contains("neuvo_streams_open 1"));
    server.within(Method::DELETE, &talk, "").send().await.unwrap();
    let rest = tokio::time::timeout(Duration::from_secs(5), stream.text()).await.unwrap().unwrap();
    assert_eq!(rest.matches("id: ").count(), 0);
}

#[tokio::test]
async fn every_refusal_is_a_problem() {
    let (_folder, server) = fresh(|config| config.limits.body_bytes_max = 40_000).await;
    let talk = server.open().await;
    let say = |body: &str| {
        let request = server.within(Method::POST, &talk, "/messages").header("content-type", "application/json");
        let request = request.body(body.to_owned());
        async move { request.send().await.unwrap() }
    };
    let id = Uuid::now_v7();
    assert_eq!(code(400, say("{").await).await, "bad-json");
    assert_eq!(code(422, say(r#"{"text": "hei"}"#).await).await, "bad-body");
    assert_eq!(code(422, say(&format!(r#"{{"id": "{id}", "text": "hei", "x": 1}}"#)).await).await, "bad-body");
    assert_eq!(code(422, say(&format!(r#"{{"id": "{id}", "text": "hei", "lang": "de"}}"#)).await).await, "bad-body");
    assert_eq!(code(422, say(&format!(r#"{{"id": "{id}", "text": " \u0007 "}}"#)).await).await, "message-empty");
    let long = "ä".repeat(2_001);
    assert_eq!(code(422, say(&format!(r#"{{"id": "{id}", "text": "{long}"}}"#)).await).await, "message-too-long");
    let huge = "a".repeat(40_001);
    assert_eq!(code(413, say(&format!(r#"{{"id": "{id}", "text": "{huge}"}}"#)).await).await, "body-too-large");
    let plain = server.within(Method::POST, &talk, "/messages").body("hei").send().await.unwrap();
    assert_eq!(code(415, plain).await, "not-json");
    assert_eq!(code(404, server.get("/v1/nowhere").await).await, "not-found");
    assert_eq!(code(404, server.get("/docs/nowhere").await).await, "not-found");
    let method = server.request(Method::PUT, "/v1/conversations").send().await.unwrap();
    assert_eq!(method.headers()["allow"], "POST");
    assert_eq!(code(405, method).await, "method-not-allowed");
    let panicked = server.message(&talk, Uuid::now_v7(), "kaadu").send().await.unwrap();
    assert_eq!(code(500, panicked).await, "internal");
    // Nothing of it was kept, and the conversation goes on.
    assert_eq!(server.events(&talk).await.len(), 1);
    server.say(&talk, QUESTION).await;
    let listed: Vec<Value> = server.get("/v1/problems").await.json().await.unwrap();
    assert!(listed.iter().any(|problem| problem["code"] == "queue-full"));
}

#[tokio::test]
async fn asking_too_often_is_refused() {
    let (_folder, server) = fresh(|config| {
        config.limits.requests_burst_max = 3;
        config.limits.requests_per_minute_max = 1;
        config.server.behind_proxy = true;
    })
    .await;
    let ask = |address: &'static str| {
        let request = server.request(Method::POST, "/v1/conversations").json(&json!({}));
        async move { request.header("x-forwarded-for", address).send().await.unwrap() }
    };
    for _ in 0..3 {
        assert_eq!(ask("192.0.2.1").await.status(), 201);
    }
    let refused = ask("10.0.0.1, 192.0.2.1").await;
    assert!((1..=60).contains(&refused.headers()["retry-after"].to_str().unwrap().parse::<u32>().unwrap()));
    assert_eq!(code(429, refused).await, "rate-limited");
    assert_eq!(ask("192.0.2.2").await.status(), 201);
    // Operators always get through.
    assert_eq!(server.get("/readyz").await.status(), 200);
    let metrics = server.get("/metrics").await.text().await.unwrap();
    assert!(metrics.contains(r#"neuvo_refusals_total{reason="rate-limited"} 1"#), "{metrics}");
}

#[tokio::test]
async fn a_full_queue_says_so_at_once() {
    let (_folder, server) = fresh(|config| {
        config.server.turn_threads_n = 1;
        config.limits.turn_queue_len_max = 1;
    })
    .await;
    let talks = [server.open().await, server.open().await, server.open().await];
    let slow = |talk: &Talk| tokio::spawn(server.message(talk, Uuid::now_v7(), "hidas").send());
    let first = slow(&talks[0]);
    server.gate.until_waiting(1).await;
    // The second waits in the queue; which is full as soon as a third is refused.
    let second = slow(&talks[1]);
    let third = Uuid::now_v7();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let refused = server.message(&talks[2], third, "hidas").send().await.unwrap();
    assert_eq!(code(503, refused).await, "queue-full");
    assert_eq!(server.events(&talks[2]).await.len(), 1);
    server.gate.open();
    for waited in [first, second] {
        assert_eq!(waited.await.unwrap().unwrap().status(), 200);
    }
    assert_eq!(server.message(&talks[2], third, "hidas").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_answered_later() {
    let (_folder, server) = fresh(|config| config.limits.request_seconds_max = 1).await;
    let (talk, id) = (server.open().await, Uuid::now_v7());
    let late = server.message(&talk, id, "hidas").send().await.unwrap();
    assert_eq!(code(503, late).await, "timed-out");
    server.gate.open();
    let said: Value = server.message(&talk, id, "hidas").send().await.unwrap().json().await.unwrap();
    assert_eq!(said["seq"], 2);
    assert_eq!(server.events(&talk).await.len(), 3);
}

#[tokio::test]
async fn personal_details_are_masked_before_anything_is_stored() {
    let (folder, server) = fresh(|_| {}).await;
    let talk = server.open().await;
    let text = "hetuni on 010594Y9032, tilini FI21 1234 5600 0007 85, soita 040 123 4567 tai matti@example.fi";
    let said = server.say(&talk, text).await;
    assert_eq!(said["text"], "hetuni on [hetu], tilini [iban], soita [phone] tai [email]");
    assert_eq!(server.events(&talk).await[1]["text"], said["text"]);
    let mut found_mark = false;
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let holds = |words: &str| bytes.windows(words.len()).any(|window| window == words.as_bytes());
        for secret in ["010594Y9032", "0007 85", "123 4567", "matti@example.fi", &talk.secret] {
            assert!(!holds(secret), "{secret} is stored");
        }
        found_mark |= holds("[hetu]");
    }
    assert!(found_mark);
}

#[tokio::test]
async fn other_sites_call_only_when_they_are_allowed() {
    let (_folder, server) =
        fresh(|config| config.server.allowed_origins = vec!["https://www.kela.fi".to_owned()]).await;
    let preflight = |origin: &'static str| {
        let request = server.request(Method::OPTIONS, "/v1/conversations").header("origin", origin);
        let request = request.header("access-control-request-method", "POST");
        let request = request.header("access-control-request-headers", "authorization,content-type");
        async move { request.send().await.unwrap() }
    };
    let allowed = preflight("https://www.kela.fi").await;
    assert_eq!(allowed.headers()["access-control-allow-origin"], "https://www.kela.fi");
    assert!(allowed.headers()["access-control-allow-headers"].to_str().unwrap().contains("authorization"));
    assert!(!preflight("https://evil.example").await.headers().contains_key("access-control-allow-origin"));
    let request = server.request(Method::GET, "/v1/nowhere").header("origin", "https://www.kela.fi");
    let refused = request.send().await.unwrap();
    assert_eq!(refused.headers()["access-control-allow-origin"], "https://www.kela.fi");
}

#[tokio::test]
async fn pages_and_documents_load_nothing_from_elsewhere() {
    let (_folder, server) = fresh(|_| {}).await;
    for (path, kind) in [("/", "text/html"), ("/page.css", "text/css"), ("/docs/", "text/html")] {
        let response = server.get(path).await;
        assert_eq!(response.status(), 200, "{path}");
        let headers = response.headers();
        assert!(headers["content-type"].to_str().unwrap().starts_with(kind), "{path}");
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("script-src 'self';") && policy.contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["referrer-policy"], "no-referrer");
        let text = response.text().await.unwrap();
        assert!(!text.contains("src=\"http") && !text.contains("href=\"http"), "{path}");
    }
    let initializer = server.get("/docs/swagger-initializer.js").await.text().await.unwrap();
    assert!(initializer.contains("/v1/openapi.json") && !initializer.contains("petstore"), "{initializer}");
    let document: Value = server.get("/v1/openapi.json").await.json().await.unwrap();
    let paths: Vec<_> = document["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        paths.into_iter().collect::<BTreeSet<_>>(),
        BTreeSet::from([
            "/healthz",
            "/metrics",
            "/readyz",
            "/v1/admin/content",
            "/v1/admin/content/reload",
            "/v1/admin/content/rollback",
            "/v1/callback/slots",
            "/v1/conversations",
            "/v1/conversations/{id}",
            "/v1/conversations/{id}/callback",
            "/v1/conversations/{id}/card",
            "/v1/conversations/{id}/events",
            "/v1/conversations/{id}/export",
            "/v1/conversations/{id}/feedback",
            "/v1/conversations/{id}/feedback/{seq}",
            "/v1/conversations/{id}/handoff",
            "/v1/conversations/{id}/messages",
            "/v1/conversations/{id}/transcript",
            "/v1/conversations/{id}/typing",
            "/v1/desk/conversations/{id}",
            "/v1/desk/conversations/{id}/claim",
            "/v1/desk/conversations/{id}/close",
            "/v1/desk/conversations/{id}/messages",
            "/v1/desk/conversations/{id}/requeue",
            "/v1/desk/conversations/{id}/return",
            "/v1/desk/conversations/{id}/typing",
            "/v1/desk/queue",
            "/v1/openapi.json",
            "/v1/problems",
            "/v1/widget/config",
        ])
    );
    assert_eq!(document["components"]["securitySchemes"]["secret"]["scheme"], "bearer");
}

#[tokio::test]
async fn ready_once_the_content_is_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let hold = CancellationToken::new();
    let (server, ready) = begin(folder.path(), |_| {}, hold.clone()).await;
    assert_eq!(server.get("/healthz").await.status(), 200);
    assert_eq!(code(503, server.get("/readyz").await).await, "starting");
    let early = server.request(Method::POST, "/v1/conversations").json(&json!({})).send().await.unwrap();
    assert_eq!(code(503, early).await, "starting");
    hold.cancel();
    ready.await.unwrap();
    assert_eq!(server.get("/readyz").await.status(), 200);
    server.say(&server.open().await, QUESTION).await;
    let metrics = server.get("/metrics").await.text().await.unwrap();
    assert!(metrics.contains(r#"neuvo_turns_total{outcome="answer",lang="fi"} 1"#), "{metrics}");
    assert!(metrics.contains("neuvo_turn_seconds_count 1"), "{metrics}");
    assert!(!metrics.contains("asumistuki"));
    stopped(server).await;
}

/// Stops a server and sees that nobody listens any more.
async fn stopped(server: Server) {
    let (client, address) = (server.client.clone(), server.address);
    server.stop().await;
    assert!(client.get(format!("http://{address}/healthz")).send().await.is_err());
    until(|| std::net::TcpStream::connect(address).is_err()).await;
}

#[tokio::test]
async fn feedback_is_kept_changed_and_taken_back() {
    let (folder, server) = fresh(|_| {}).await;
    let talk = server.open().await;
    let said = server.say(&talk, QUESTION).await;
    let path = format!("/feedback/{}", said["reply"]["seq"]);
    let rate = |path: String, body: Value| server.within(Method::PUT, &talk, &path).json(&body).send();
    let kept = async || {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.path().join("neuvo.sqlite"));
        let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
        let answers: Vec<(String, String)> =
            sqlx::query_as("select rating, words from answer_feedback").fetch_all(&pool).await.unwrap();
        let conversations: Vec<(String, String, bool)> =
            sqlx::query_as("select sort, words, wants_reply from conversation_feedback")
                .fetch_all(&pool)
                .await
                .unwrap();
        (answers, conversations)
    };
    assert_eq!(rate(path.clone(), json!({"rating": "up"})).await.unwrap().status(), 204);
    let words = json!({"rating": "down", "words": "soita 040 123 4567"});
    assert_eq!(rate(path.clone(), words).await.unwrap().status(), 204);
    assert_eq!(kept().await.0, [("down".to_owned(), "soita [phone]".to_owned())]);
    assert_eq!(rate(path.clone(), json!({"rating": null})).await.unwrap().status(), 204);
    assert!(kept().await.0.is_empty());

    for place in ["/feedback/1", "/feedback/2", "/feedback/99", "/feedback/x"] {
        let refused = rate(place.to_owned(), json!({"rating": "up"})).await.unwrap();
        assert_eq!(code(404, refused).await, "answer-not-found", "{place}");
    }
    let long = rate(path.clone(), json!({"rating": "up", "words": "a".repeat(501)})).await.unwrap();
    assert_eq!(code(422, long).await, "bad-body");
    assert_eq!(code(422, rate(path.clone(), json!({"rating": "great"})).await.unwrap()).await, "bad-body");

    let comment = |body: Value| server.within(Method::POST, &talk, "/feedback").json(&body).send();
    assert_eq!(comment(json!({"sort": "praise", "words": "hyvä"})).await.unwrap().status(), 204);
    let again = json!({"sort": "complaint", "words": "olen 010190-999P", "wants_reply": true});
    assert_eq!(comment(again).await.unwrap().status(), 204);
    assert_eq!(kept().await.1, [("complaint".to_owned(), "olen [hetu]".to_owned(), true)]);
    for bad in [json!({"sort": "praise", "words": " "}), json!({"sort": "x", "words": "a"}), json!({"words": "a"})] {
        assert_eq!(code(422, comment(bad).await.unwrap()).await, "bad-body");
    }

    assert_eq!(rate(path.clone(), json!({"rating": "up"})).await.unwrap().status(), 204);
    server.within(Method::DELETE, &talk, "").send().await.unwrap();
    assert_eq!(kept().await, (vec![], vec![]));
    assert_eq!(code(404, rate(path, json!({"rating": "up"})).await.unwrap()).await, "conversation-not-found");
}

#[tokio::test]
async fn the_widget_is_one_script_with_its_texts() {
    let (_folder, server) =
        fresh(|config| config.server.allowed_origins = vec!["https://www.kela.fi".to_owned()]).await;
    let script =
        server.request(Method::GET, "/widget.js").header("origin", "https://www.kela.fi").send().await.unwrap();
    assert_eq!(script.headers()["content-type"], "text/javascript; charset=utf-8");
    assert_eq!(script.headers()["access-control-allow-origin"], "https://www.kela.fi");
    assert!(script.headers()["cache-control"].to_str().unwrap().contains("stale-if-error"));
    let tag = script.headers()["etag"].clone();
    let text = script.text().await.unwrap();
    assert!(text.contains("widget-send suomeksi") && text.contains("customElements.define"));
    let same = server.request(Method::GET, "/widget.js").header("if-none-match", &tag).send().await.unwrap();
    assert_eq!((same.status().as_u16(), same.text().await.unwrap().as_str()), (304, ""));
    let small = server.request(Method::GET, "/widget.js").header("accept-encoding", "gzip, br").send().await.unwrap();
    assert_eq!(small.headers()["content-encoding"], "gzip");
    assert!(small.bytes().await.unwrap().len() < 30 * 1024);
    let strange =
        server.request(Method::GET, "/widget.js").header("origin", "https://example.com").send().await.unwrap();
    assert!(!strange.headers().contains_key("access-control-allow-origin"));

    let config: Value = server.get("/v1/widget/config?context=housing").await.json().await.unwrap();
    assert_eq!(config["features"], json!({"handoff": false, "callback": false}));
    assert_eq!(config["texts"]["sv"]["send"], "widget-send på svenska");
    assert_eq!(config["starters"]["en"], json!(["Applying for housing allowance"]));
    let elsewhere: Value = server.get("/v1/widget/config?context=nothing").await.json().await.unwrap();
    assert_eq!(elsewhere["starters"], json!({}));
}

#[tokio::test]
async fn the_widget_comes_while_the_content_is_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let hold = CancellationToken::new();
    let (server, ready) = begin(folder.path(), |_| {}, hold.clone()).await;
    let text = server.get("/widget.js").await.text().await.unwrap();
    assert!(text.contains("contact-plain") && !text.contains("{{service/"));
    assert_eq!(code(503, server.get("/v1/widget/config").await).await, "starting");
    hold.cancel();
    ready.await.unwrap();
    assert!(server.get("/widget.js").await.text().await.unwrap().contains("widget-send suomeksi"));
}

#[tokio::test]
async fn a_code_in_two_messages_is_masked_in_both() {
    let (_folder, server) = fresh(|_| {}).await;
    let talk = server.open().await;
    assert_eq!(server.say(&talk, "tunnukseni on 010190").await["text"], "tunnukseni on 010190");
    assert_eq!(server.say(&talk, "-999P ja asun Koivukuja 5 A 3").await["text"], "[hetu] ja asun [address]");
    let texts: Vec<_> = server.events(&talk).await.iter().map(|event| event["text"].to_string()).collect();
    assert!(texts.contains(&"\"tunnukseni on [hetu]\"".to_owned()) && !texts.concat().contains("010190"), "{texts:?}");
}

#[tokio::test]
async fn a_code_in_many_messages_leaves_nothing_behind() {
    let (folder, server) = fresh(|_| {}).await;
    let talk = server.open().await;
    for text in ["moi", "sotuni on 131052", "hetki vielä", "-30"] {
        assert_eq!(server.say(&talk, text).await["text"], text);
    }
    assert_eq!(server.say(&talk, "8T kiitos").await["text"], "[hetu] kiitos");
    let events = server.events(&talk).await;
    let said: Vec<_> =
        events.iter().filter(|event| event["kind"] == "message").map(|event| string(&event["text"])).collect();
    assert_eq!(said, ["moi", "sotuni on [hetu]", "hetki vielä", "[hetu]", "[hetu] kiitos"]);
    // Nor in the files of the database.
    assert!(!holds(folder.path(), "131052"));
}

#[tokio::test]
async fn everything_that_is_kept_is_given_out_to_whom_it_is_about() {
    let (_folder, server) = fresh(|_| {}).await;
    let talk = server.open().await;
    let seq = server.say(&talk, QUESTION).await["reply"]["seq"].as_u64().unwrap();
    let rate = server.within(Method::PUT, &talk, &format!("/feedback/{seq}"));
    assert_eq!(rate.json(&json!({"rating": "up", "words": "hyvä"})).send().await.unwrap().status(), 204);
    let comment = server.within(Method::POST, &talk, "/feedback");
    let words = json!({"sort": "praise", "words": "kiitos 010190-999P"});
    assert_eq!(comment.json(&words).send().await.unwrap().status(), 204);
    let kept: Value = server.within(Method::GET, &talk, "/export").send().await.unwrap().json().await.unwrap();
    assert_eq!((&kept["id"], kept["events"].as_array().unwrap().len()), (&json!(talk.id), 3));
    assert_eq!(kept["ratings"], json!([{"seq": seq, "rating": "up", "words": "hyvä"}]));
    assert_eq!(kept["comment"], json!({"sort": "praise", "words": "kiitos [hetu]"}));
    assert_eq!((&kept["callback"], kept.get("notes")), (&Value::Null, None));
    let other = server.open().await;
    let stranger = Talk { id: talk.id, secret: other.secret };
    let refused = server.within(Method::GET, &stranger, "/export").send().await.unwrap();
    assert_eq!(code(404, refused).await, "conversation-not-found");
}
