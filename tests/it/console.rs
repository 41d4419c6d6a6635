//! An expert at the console, from signing in to ending a conversation; what citizens and strangers meet meanwhile.

use crate::handoff::queue;
use crate::support::{QUESTION, Server, Talk, fresh, string};
use futures_util::StreamExt;
use neuvo::domain::Role;
use neuvo::exchange::password;
use neuvo::store::{Account, Place, Store};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Response};
use serde_json::json;
use std::path::Path;
use std::time::Duration;
use uuid::Uuid;

const PASSWORD: &str = "oikea hevonen paristo";

/// A browser that follows nothing by itself.
pub(crate) struct Browser {
    client: Client,
    base: String,
    pub(crate) cookie: String,
}

impl Browser {
    pub(crate) fn new(server: &Server) -> Self {
        let client = Client::builder().redirect(Policy::none()).build().unwrap();
        Self { client, base: format!("http://{}", server.address), cookie: String::new() }
    }

    pub(crate) async fn signed_in(server: &Server, login: &str) -> Self {
        let mut browser = Self::new(server);
        let response = browser.post("/console/sign-in", &[("login", login), ("password", PASSWORD)]).await;
        assert_eq!((response.status().as_u16(), location(&response)), (303, "/console".to_owned()));
        let cookie = response.headers()["set-cookie"].to_str().unwrap();
        assert!(cookie.contains("; HttpOnly; SameSite=Strict") && cookie.contains("Path=/console"), "{cookie}");
        cookie.split(';').next().unwrap().clone_into(&mut browser.cookie);
        browser
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        let request = self.client.get(format!("{}{path}", self.base)).header("cookie", &self.cookie);
        request.header("accept-language", "en").send().await.unwrap()
    }

    pub(crate) async fn page(&self, path: &str) -> String {
        let response = self.get(path).await;
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(response.headers()["cache-control"], "no-store");
        let policy = response.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("script-src 'self';") && policy.contains("form-action 'self'"), "{policy}");
        response.text().await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<Vec<_>>().concat();
        let body: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let request = self.client.post(format!("{}{path}", self.base)).header("cookie", &self.cookie);
        let request =
            request.header("content-type", "application/x-www-form-urlencoded").header("accept-language", "en");
        request.body(body.join("&")).send().await.unwrap()
    }

    /// Sends a form as the pages of this session do. Gives where it leads.
    pub(crate) async fn send(&self, path: &str, fields: &[(&str, &str)]) -> String {
        let token = form_token(self).await;
        let mut all = vec![("token", token.as_str())];
        all.extend(fields);
        let response = self.post(path, &all).await;
        assert_eq!(response.status(), 303, "{path}");
        location(&response)
    }
}

pub(crate) fn location(response: &Response) -> String {
    response.headers()["location"].to_str().unwrap().to_owned()
}

/// Reads a stream until it says something.
async fn read_until(response: Response, until: &str) -> String {
    let mut chunks = response.bytes_stream();
    let mut text = String::new();
    while !text.contains(until) {
        let chunk = tokio::time::timeout(Duration::from_secs(10), chunks.next()).await.unwrap().unwrap().unwrap();
        text.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    text
}

/// The proof that forms of this session carry.
async fn form_token(browser: &Browser) -> String {
    let page = browser.page("/console").await;
    page.split("name=\"token\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

pub(crate) async fn store(folder: &Path) -> Store {
    Store::open(&Place::File(folder.join("neuvo.sqlite"))).await.unwrap()
}

pub(crate) async fn account(store: &Store, login: &str, name: &str, role: Role) {
    store.add_account(&Account::new(login, name, role), &password::hash(PASSWORD).unwrap()).await.unwrap();
}

pub(crate) async fn asks(server: &Server) -> Talk {
    let talk = server.open().await;
    server.say(&talk, QUESTION).await;
    server.within(Method::POST, &talk, "/handoff").send().await.unwrap();
    talk
}

#[tokio::test]
async fn an_expert_takes_over_and_ends() {
    let (folder, server) = fresh(|config| queue(config, "09:00", 9)).await;
    let store = store(folder.path()).await;
    for (login, name, role) in
        [("aino", "Aino", Role::Expert), ("olli", "Olli", Role::Expert), ("sari", "Sari", Role::Supervisor)]
    {
        account(&store, login, name, role).await;
    }
    let talk = asks(&server).await;
    let chat = format!("/console/chats/{}", talk.id);
    let (aino, olli) = (Browser::signed_in(&server, "aino").await, Browser::signed_in(&server, "olli").await);
    assert!(aino.page("/console").await.contains("Asked for a person"));
    assert_eq!(aino.send("/console/available", &[("available", "1")]).await, "/console");
    assert_eq!(aino.send(&format!("{chat}/claim"), &[]).await, chat);
    assert_eq!(olli.send(&format!("{chat}/claim"), &[]).await, "/console?notice=taken");
    assert_eq!(location(&olli.get(&chat).await), "/console?notice=taken");
    assert!(olli.page("/console?notice=taken").await.contains("Someone else has the conversation already"));

    // The bot is silent; what the citizen writes is masked, and shown as words only.
    let said = server.say(&talk, "<script>alert(1)</script> 010190-999P").await;
    assert_eq!(said["reply"], json!(null));
    let page = aino.page(&chat).await;
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt; <mark>[hetu]</mark>"), "{page}");
    assert!(page.contains("https://www.kela.fi/housing.apply"), "what was answered stands in the summary");

    // A message is written once, however often it is sent, and only by who has the conversation.
    let id = Uuid::now_v7().to_string();
    for _ in 0..2 {
        let fields = [("id", id.as_str()), ("text", "Hei, olen Aino, soita 040 123 4567")];
        assert_eq!(aino.send(&format!("{chat}/say"), &fields).await, chat);
    }
    let stranger = [("id", id.as_str()), ("text", "minäkin")];
    assert_eq!(olli.send(&format!("{chat}/say"), &stranger).await, "/console?notice=taken");
    let events = server.events(&talk).await;
    let experts: Vec<_> = events.iter().filter(|event| event["kind"] == "expert").collect();
    assert_eq!(experts.len(), 1);
    assert_eq!((&experts[0]["name"], &experts[0]["text"]), (&json!("Aino"), &json!("Hei, olen Aino, soita [phone]")));
    let claimed = events.iter().find(|event| event["state"] == "claimed").unwrap();
    assert_eq!((&claimed["expert"], &claimed["text"]), (&json!("Aino"), &json!("handoff-claimed suomeksi")));

    // Guidance to read and to insert, in the conversation's language.
    let found = aino.page("/console/guidance?lang=fi&q=miten+haen+asumistukea").await;
    assert!(found.contains("https://www.kela.fi/housing.apply") && found.contains("data-insert="), "{found}");

    // Passed on, back, and ended: the bot answers again.
    let olli_id = store.account("olli").await.unwrap().unwrap().0.id.0.to_string();
    assert_eq!(aino.send(&format!("{chat}/pass"), &[("to", &olli_id)]).await, "/console");
    assert_eq!(aino.send(&format!("{chat}/end"), &[("resolution", "solved")]).await, "/console?notice=taken");
    assert_eq!(olli.send(&format!("{chat}/requeue"), &[]).await, "/console");
    assert_eq!(olli.send(&format!("{chat}/claim"), &[]).await, chat);
    assert_eq!(olli.send(&format!("{chat}/end"), &[("resolution", "advised")]).await, "/console");
    assert_eq!(server.say(&talk, QUESTION).await["reply"]["outcome"], "answer");
    let states: Vec<_> = server
        .events(&talk)
        .await
        .iter()
        .filter(|event| event["kind"] == "handoff")
        .map(|event| string(&event["state"]))
        .collect();
    assert_eq!(states, ["requested", "queued", "claimed", "transferred", "transferred", "claimed", "closed"]);

    // Who supervises sees the floor and every view and action.
    assert_eq!(aino.get("/console/audit").await.status(), 404);
    let sari = Browser::signed_in(&server, "sari").await;
    assert!(sari.page("/console/floor").await.contains("Aino (aino)"));
    let log = sari.page("/console/audit").await;
    for action in ["sign", "viewed", "claimed", "wrote", "passed-on", "requeued", "closed", "available"] {
        assert!(log.contains(action), "{action} is not in the log");
    }
    store.close().await;
}

#[tokio::test]
async fn only_who_may_comes_in() {
    let (folder, server) = fresh(|config| queue(config, "09:00", 9)).await;
    let store = store(folder.path()).await;
    account(&store, "aino", "Aino", Role::Expert).await;
    account(&store, "eero", "Eero", Role::Editor).await;
    let talk = asks(&server).await;
    let nobody = Browser::new(&server);
    assert!(nobody.page("/console").await.contains("type=\"password\""));
    for path in
        ["/console/floor", "/console/live", "/console/guidance?lang=fi&q=a", &format!("/console/chats/{}", talk.id)]
    {
        let response = nobody.get(path).await;
        assert_eq!((response.status().as_u16(), location(&response)), (303, "/console".to_owned()), "{path}");
    }
    for (login, secret, said) in [
        ("aino", "väärä hevonen paristo", "Login or password is wrong."),
        ("nobody", PASSWORD, "Login or password is wrong."),
        ("eero", PASSWORD, "Your account has no access to the console."),
    ] {
        let response = nobody.post("/console/sign-in", &[("login", login), ("password", secret)]).await;
        assert!(!response.headers().contains_key("set-cookie"));
        assert!(response.text().await.unwrap().contains(said), "{login}");
    }
    // A form of another site brings no proof.
    let aino = Browser::signed_in(&server, "aino").await;
    let claim = format!("/console/chats/{}/claim", talk.id);
    for token in ["", "0123456789abcdef"] {
        assert_eq!(location(&aino.post(&claim, &[("token", token)]).await), "/console");
    }
    assert_eq!(store.waiting().await.unwrap().len(), 1);
    // Guessing is slowed down.
    let mut last = String::new();
    for _ in 0..6 {
        let tried = nobody.post("/console/sign-in", &[("login", "aino"), ("password", "arvaus arvaus")]).await;
        last = tried.text().await.unwrap();
    }
    assert!(last.contains("Too many tries"), "{last}");
    // Who is disabled is out at once, also of what is open.
    let live = aino.get("/console/live").await;
    assert_eq!(live.status(), 200);
    assert!(store.disable("aino", true).await.unwrap());
    assert!(aino.page("/console").await.contains("type=\"password\""));
    store.close().await;
}

#[tokio::test]
async fn screens_are_kept_fresh() {
    let (folder, server) = fresh(|config| queue(config, "09:00", 9)).await;
    let store = store(folder.path()).await;
    account(&store, "aino", "Aino", Role::Expert).await;
    let aino = Browser::signed_in(&server, "aino").await;
    let read = read_until;
    let queue = aino.get("/console/live").await;
    let (drawn, talk) = tokio::join!(read(queue, "Waiting (1)"), asks(&server));
    assert!(drawn.contains("event: part") && drawn.contains("Waiting (0)"));
    let chat = format!("/console/chats/{}", talk.id);
    aino.send(&format!("{chat}/claim"), &[]).await;
    let lines = aino.get(&format!("{chat}/live?after=6")).await;
    let (lines, _) = tokio::join!(read(lines, "olen vielä täällä"), server.say(&talk, "olen vielä täällä"));
    assert!(lines.contains("event: lines") && lines.contains("id: 7"), "{lines}");
    let over = aino.get(&format!("{chat}/live?after=7")).await;
    let back = format!("{chat}/return");
    let (over, _) = tokio::join!(read(over, "event: over"), aino.send(&back, &[]));
    assert!(over.contains("over"));
    store.close().await;
}

#[tokio::test]
async fn notes_cards_and_who_writes() {
    let (folder, server) = fresh(|config| queue(config, "09:00", 9)).await;
    let store = store(folder.path()).await;
    for (login, name) in [("aino", "Aino"), ("olli", "Olli")] {
        account(&store, login, name, Role::Expert).await;
    }
    let (talk, second) = (asks(&server).await, asks(&server).await);
    let chat = format!("/console/chats/{}", talk.id);
    let (aino, olli) = (Browser::signed_in(&server, "aino").await, Browser::signed_in(&server, "olli").await);
    // Whoever waits is told her place, and again when it changes.
    let waits = server.within(Method::GET, &second, "/events").send().await.unwrap();
    let stream = server.within(Method::GET, &talk, "/events").send().await.unwrap();
    aino.send(&format!("{chat}/claim"), &[]).await;
    let told = read_until(waits, "\"position\":1").await;
    assert!(told.contains("event: queue\ndata: {\"kind\":\"queue\",\"seq\":5,\"position\":2}"), "{told}");

    // Notes are the experts' own, masked, and go along to a colleague.
    let id = Uuid::now_v7().to_string();
    let note = [("id", id.as_str()), ("text", "kerro <b>perintä</b> 010190-999P")];
    assert_eq!(aino.send(&format!("{chat}/note"), &note).await, chat);
    assert_eq!(olli.send(&format!("{chat}/note"), &note).await, "/console?notice=taken");
    assert!(aino.page(&chat).await.contains("kerro &lt;b&gt;perintä&lt;/b&gt; [hetu]"));

    // Who writes is told to the other side, at most every two seconds, and kept nowhere.
    let lines = aino.get(&format!("{chat}/live?after=6")).await;
    let typed = async {
        for _ in 0..3 {
            let typed = server.within(Method::POST, &talk, "/typing").send().await.unwrap();
            assert_eq!(typed.status(), 204);
        }
    };
    let (lines, ()) = tokio::join!(read_until(lines, "event: typing"), typed);
    assert_eq!(lines.matches("event: typing").count(), 1, "{lines}");
    let token = form_token(&aino).await;
    let typing = aino.post(&format!("{chat}/typing"), &[("token", &token)]).await;
    assert_eq!(typing.status(), 204);
    let stranger = olli.post(&format!("{chat}/typing"), &[("token", &form_token(&olli).await)]).await;
    assert_eq!(stranger.status(), 409);
    let told = read_until(stream, "event: typing").await;
    assert!(!told.contains("perintä") && told.contains("{\"kind\":\"typing\",\"seq\":"), "{told}");

    // A card is shown once the citizen agrees.
    let answer = |wanted: bool| {
        let body = json!({"partner": "partner-county", "wanted": wanted});
        server.within(Method::POST, &talk, "/card").json(&body).send()
    };
    assert_eq!(answer(true).await.unwrap().status(), 409);
    assert_eq!(aino.send(&format!("{chat}/card"), &[("partner", "partner-county")]).await, chat);
    let offered = server.events(&talk).await.pop().unwrap();
    assert_eq!((&offered["kind"], &offered["state"]), (&json!("card"), &json!("offered")));
    assert_eq!(
        (&offered["title"], &offered["text"]),
        (&json!("hyvinvointialue"), &json!("hyvinvointialue: näytetäänkö?"))
    );
    let shown: serde_json::Value = answer(true).await.unwrap().json().await.unwrap();
    assert_eq!((&shown["state"], &shown["text"]), (&json!("shown"), &json!("Apua arkeen (https://county.example).")));
    let link = "<p>Apua <a href=\"https://county.example\" rel=\"noreferrer\" target=\"_blank\">arkeen ↗</a>.</p>";
    assert!(aino.page(&chat).await.contains(link));
    assert_eq!(answer(false).await.unwrap().status(), 409);
    aino.send(&format!("{chat}/card"), &[("partner", "partner-county")]).await;
    let declined: serde_json::Value = answer(false).await.unwrap().json().await.unwrap();
    assert_eq!((&declined["state"], &declined["text"]), (&json!("declined"), &json!("card-declined suomeksi")));
    let unknown = aino.post(&format!("{chat}/card"), &[("token", &token), ("partner", "welcome")]).await;
    assert_eq!(unknown.status(), 404);
    assert!(!server.events(&talk).await.iter().any(|event| event.to_string().contains("perintä")));
    store.close().await;
}
