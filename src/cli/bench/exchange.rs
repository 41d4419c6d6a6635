//! `neuvo bench exchange`: how soon a message is on the other side's screen, and what many open conversations cost.
//!
//! The servers are processes of their own, started from this program with the configured content and a store of their own.

use crate::cli::bench::percentile_ms;
use crate::cli::output;
use crate::config::Config;
use crate::domain::Role;
use crate::exchange::password;
use crate::store::{Account, Place, Store};
use anyhow::{Context as _, Result, bail};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use uuid::Uuid;

/// Time messages between both sides, and many open conversations
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// An empty PostgreSQL database, such as `postgres://postgres@localhost/bench`: then two replicas serve, one for each side
    #[arg(long, value_name = "URL")]
    postgres: Option<String>,
    /// Messages of each side that are timed one after the other
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(10..=5_000))]
    messages: u32,
    /// Open conversations with an event stream each
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=3_500))]
    streams: u32,
    /// Messages a second into them
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=2_000))]
    per_second: u32,
    /// Seconds of that
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=600))]
    seconds: u32,
}

const LOGIN: &str = "bench";
const PASSWORD: &str = "oikea hevonen paristo";
/// How long a server may load, and a message may take.
const READY_TIME_MAX: Duration = Duration::from_mins(5);
const MESSAGE_TIME_MAX: Duration = Duration::from_secs(10);
/// A message of the middle length.
const WORDS: &str = "Kiitos, nyt ymmärrän. Milloin saan päätöksen, jos lähetän hakemuksen tänään?";

pub(in crate::cli) fn run(config: &Config, arguments: &Arguments) -> Result<ExitCode> {
    tokio::runtime::Runtime::new()?.block_on(measure(config, arguments))?;
    Ok(ExitCode::SUCCESS)
}

async fn measure(config: &Config, arguments: &Arguments) -> Result<()> {
    let folder = TempDir::new()?;
    let url = arguments.postgres.clone().unwrap_or_default();
    let here = Server::start(config, &folder.path().join("a"), &url).await?;
    let second = if url.is_empty() { None } else { Some(Server::start(config, &folder.path().join("b"), &url).await?) };
    let there = second.as_ref().unwrap_or(&here);
    let place = if url.is_empty() { Place::File(here.data.join("neuvo.sqlite")) } else { Place::Postgres(url) };
    let store = Store::open(&place).await?;
    let account = Account { chats_max: arguments.streams + 1, ..Account::new(LOGIN, "Aino", Role::Expert) };
    store.add_account(&account, &password::hash(PASSWORD)?).await.context("the database is not empty")?;
    store.close().await;
    output::line(if second.is_some() { "two replicas over PostgreSQL" } else { "one process over SQLite" })?;

    let desk = Desk::sign_in(there).await?;
    let talk = Talk::open(&here).await?;
    talk.hand_over(&here, &desk).await?;
    let (told, mut heard) = mpsc::channel(64);
    talk.listen(&here, told.clone());
    desk.listen(&talk, told);
    sleep(Duration::from_millis(500)).await;
    for (side, to) in [("expert to citizen", Screen::Citizen), ("citizen to expert", Screen::Expert)] {
        let mut times = Vec::new();
        for n in 0..arguments.messages {
            let mark = format!("viesti-{}-{n}", side.len());
            let began = now();
            let said = match to {
                Screen::Citizen => desk.say(&talk, &mark).send(),
                Screen::Expert => talk.say(&here, Uuid::now_v7(), &mark).send(),
            };
            let arrives = async {
                while let Some((screen, text, at)) = heard.recv().await {
                    if screen == to && text.contains(&mark) {
                        return Some(at);
                    }
                }
                None
            };
            let (said, arrived) = tokio::join!(said, timeout(MESSAGE_TIME_MAX, arrives));
            said?.error_for_status()?;
            let at = arrived.context("a message did not arrive")?.context("a stream ended")?;
            times.push(at.duration_since(began));
        }
        times.sort_unstable();
        output::line(&format!(
            "{side}: p50 {:.1} ms, p95 {:.1} ms ({} messages)",
            percentile_ms(&times, 50),
            percentile_ms(&times, 95),
            arguments.messages
        ))?;
    }
    crowd(&here, &desk, arguments).await
}

/// Opens many conversations with a person, listens to all, and writes into them.
async fn crowd(server: &Server, desk: &Desk, arguments: &Arguments) -> Result<()> {
    let before = server.memory_kb();
    let mut talks = Vec::new();
    for _ in 0..arguments.streams {
        let talk = Talk::open(server).await?;
        talk.hand_over(server, desk).await?;
        talks.push(talk);
    }
    let opened = server.memory_kb();
    let (told, mut heard) = mpsc::channel(4_096);
    for talk in &talks {
        talk.listen(server, told.clone());
    }
    sleep(Duration::from_secs(3)).await;
    let listening = server.memory_kb();
    let per = |from: f64, to: f64| (to - from) / f64::from(arguments.streams);
    output::line(&format!(
        "{} open streams: {:.1} KB each (and {:.1} KB while they were opened), {:.0} MB in all",
        arguments.streams,
        per(opened, listening),
        per(before, opened),
        listening / 1024.0
    ))?;

    let began: Arc<Mutex<HashMap<String, Instant>>> = Arc::default();
    let messages_n = arguments.per_second * arguments.seconds;
    let mut tick = interval(Duration::from_secs(1) / arguments.per_second);
    tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let writing = async {
        let mut refused = Vec::new();
        for (n, talk) in (0..messages_n).zip(talks.iter().cycle()) {
            tick.tick().await;
            let id = Uuid::now_v7();
            began.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_string(), now());
            let request = talk.say(server, id, &format!("{WORDS} {n}"));
            refused
                .push(tokio::spawn(async move { !matches!(request.send().await, Ok(r) if r.status().is_success()) }));
        }
        let mut refused_n = 0u32;
        for one in refused {
            refused_n += u32::from(one.await.unwrap_or(true));
        }
        refused_n
    };
    let reading = async {
        let mut times = Vec::new();
        while times.len() < messages_n as usize {
            let Ok(Some((_, text, at))) = timeout(MESSAGE_TIME_MAX, heard.recv()).await else { break };
            let id =
                serde_json::from_str::<Value>(&text).ok().and_then(|event| Some(event.get("id")?.as_str()?.to_owned()));
            let sent = id.and_then(|id| began.lock().unwrap_or_else(PoisonError::into_inner).remove(&id));
            times.extend(sent.map(|sent| at.duration_since(sent)));
        }
        times
    };
    let (refused_n, mut times) = tokio::join!(writing, reading);
    times.sort_unstable();
    output::line(&format!(
        "{} messages a second for {} s: {} of {messages_n} on their streams, {refused_n} refused, p50 {:.1} ms, p95 {:.1} ms, p99 {:.1} ms",
        arguments.per_second,
        arguments.seconds,
        times.len(),
        percentile_ms(&times, 50),
        percentile_ms(&times, 95),
        percentile_ms(&times, 99),
    ))?;
    Ok(())
}

/// A server in a process of its own; it ends with this value.
struct Server {
    child: Child,
    base: String,
    data: PathBuf,
    client: Client,
}

impl Server {
    async fn start(config: &Config, data: &Path, url: &str) -> Result<Self> {
        fs_err::create_dir_all(data)?;
        copy_caches(&config.data.folder, data)?;
        let listen = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let mut config = config.clone();
        config.content.root = std::path::absolute(&config.content.root)?;
        config.model.folder = std::path::absolute(&config.model.folder)?;
        config.content.versions = data.join("content");
        data.clone_into(&mut config.data.folder);
        url.clone_into(&mut config.store.url);
        config.server.listen = listen;
        config.limits.requests_burst_max = 1_000_000;
        config.limits.requests_per_minute_max = 10_000_000;
        let queue = "id = \"bench\"\nopens = \"00:00\"\ncloses = \"23:59:59\"\nlen_max = 100000";
        config.handoff.queues = vec![toml::from_str(queue)?];
        let file = data.join("neuvo.toml");
        fs_err::write(&file, toml::to_string(&config)?)?;
        // A Monday, on which queues are open.
        let child = Command::new(std::env::current_exe()?)
            .arg("--config")
            .arg(&file)
            .args(["--at", "2026-11-23", "serve"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let client = Client::builder().redirect(Policy::none()).build()?;
        let mut server = Self { child, base: format!("http://{listen}"), data: data.to_owned(), client };
        let began = now();
        while began.elapsed() < READY_TIME_MAX {
            if server.child.try_wait()?.is_some() {
                bail!("a server ended at its start: try `neuvo --config {} serve`", file.display());
            }
            let ready = server.client.get(format!("{}/readyz", server.base)).send().await;
            if ready.is_ok_and(|ready| ready.status().is_success()) {
                return Ok(server);
            }
            sleep(Duration::from_millis(100)).await;
        }
        bail!("a server is not ready in time");
    }

    /// What the process holds in memory.
    fn memory_kb(&self) -> f64 {
        let status = fs_err::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What was learnt and embedded, so that the servers start warm; never conversations.
fn copy_caches(from: &Path, to: &Path) -> Result<()> {
    for entry in fs_err::read_dir(from).into_iter().flatten() {
        let entry = entry?;
        let name = entry.file_name();
        let is_cache = Path::new(&name).extension().is_some_and(|ending| ending == "bin" || ending == "safetensors");
        if is_cache && entry.file_type()?.is_file() {
            fs_err::copy(entry.path(), to.join(&name))?;
        }
    }
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Screen {
    Citizen,
    Expert,
}

/// Whose screen, what came, and when.
type Heard = (Screen, String, Instant);

/// A citizen's side of a conversation.
struct Talk {
    id: String,
    secret: String,
}

impl Talk {
    async fn open(server: &Server) -> Result<Self> {
        let opened = server.client.post(format!("{}/v1/conversations", server.base)).json(&json!({})).send().await?;
        let opened: Value = opened.error_for_status()?.json().await?;
        let field = |name: &str| opened.get(name).and_then(Value::as_str).map(str::to_owned).context("no conversation");
        Ok(Self { id: field("id")?, secret: field("secret")? })
    }

    fn path(&self, server: &Server, path: &str) -> String {
        format!("{}/v1/conversations/{}{path}", server.base, self.id)
    }

    /// Asks for a person, and lets the expert take it.
    async fn hand_over(&self, server: &Server, desk: &Desk) -> Result<()> {
        let asked = server.client.post(self.path(server, "/handoff")).bearer_auth(&self.secret).send().await?;
        asked.error_for_status()?;
        desk.form(&format!("/console/chats/{}/claim", self.id), "").send().await?.error_for_status()?;
        Ok(())
    }

    fn say(&self, server: &Server, id: Uuid, text: &str) -> RequestBuilder {
        let message = server.client.post(self.path(server, "/messages")).bearer_auth(&self.secret);
        message.json(&json!({"id": id, "text": text}))
    }

    fn listen(&self, server: &Server, told: mpsc::Sender<Heard>) {
        let request = server.client.get(self.path(server, "/events")).bearer_auth(&self.secret);
        hear(request, Screen::Citizen, told);
    }
}

/// The expert's side.
struct Desk {
    base: String,
    client: Client,
    cookie: String,
    token: String,
}

impl Desk {
    async fn sign_in(server: &Server) -> Result<Self> {
        let (base, client) = (server.base.clone(), server.client.clone());
        let form = format!("login={LOGIN}&password={}", PASSWORD.replace(' ', "+"));
        let signed = client.post(format!("{base}/console/sign-in")).body(form);
        let signed = signed.header("content-type", "application/x-www-form-urlencoded").send().await?;
        let cookie = signed.headers().get("set-cookie").and_then(|cookie| cookie.to_str().ok()?.split(';').next());
        let cookie = cookie.context("cannot sign in at the console")?.to_owned();
        let page = client.get(format!("{base}/console")).header("cookie", &cookie).send().await?.text().await?;
        let token = page.split("name=\"token\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        let token = token.context("the console has no forms")?.to_owned();
        Ok(Self { base, client, cookie, token })
    }

    fn form(&self, path: &str, fields: &str) -> RequestBuilder {
        let request = self.client.post(format!("{}{path}", self.base)).header("cookie", &self.cookie);
        let request = request.header("content-type", "application/x-www-form-urlencoded").header("x-console", "1");
        request.body(format!("token={}{fields}", self.token))
    }

    fn say(&self, talk: &Talk, text: &str) -> RequestBuilder {
        self.form(&format!("/console/chats/{}/say", talk.id), &format!("&id={}&text={text}", Uuid::now_v7()))
    }

    fn listen(&self, talk: &Talk, told: mpsc::Sender<Heard>) {
        let request = self.client.get(format!("{}/console/chats/{}/live?after=0", self.base, talk.id));
        hear(request.header("cookie", &self.cookie), Screen::Expert, told);
    }
}

/// Reads a stream and tells each part of it as it comes.
fn hear(request: RequestBuilder, screen: Screen, told: mpsc::Sender<Heard>) {
    tokio::spawn(async move {
        let Ok(mut response) = request.send().await else { return };
        let mut text = String::new();
        while let Ok(Some(chunk)) = response.chunk().await {
            text.push_str(&String::from_utf8_lossy(&chunk));
            while let Some((part, rest)) = text.split_once("\n\n") {
                let data = part.lines().filter_map(|line| line.strip_prefix("data: ")).collect::<Vec<_>>().join("\n");
                if told.send((screen, data, now())).await.is_err() {
                    return;
                }
                text = rest.to_owned();
            }
        }
    });
}

#[expect(clippy::disallowed_methods, reason = "times what people wait for")]
fn now() -> Instant {
    Instant::now()
}
