//! Nothing is lost: citizens and experts write while processes are killed, the database is restarted and connections are cut.
//!
//! Each process is this test's own program, started anew: neuvo's server over a store of its own, with small content. A proxy in front passes
//! connections on to whichever process answers. Every message that was acknowledged must be there once, in order, on the citizen's stream, on
//! the expert's screen and in the transcript.

#![expect(clippy::disallowed_methods, reason = "a process of the test's own is told by its environment what to serve")]
#![expect(clippy::print_stdout, reason = "the seed is told, so that a failure can be run again")]

use crate::handoff::queue;
use crate::postgres::Postgres;
use crate::support::{DAY, Gate, assistant, string};
use futures_util::StreamExt;
use neuvo::app::serve::serve;
use neuvo::config::Config;
use neuvo::domain::Role;
use neuvo::exchange::password;
use neuvo::store::{Account, Place, Store};
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const TALKS_N: usize = 50;
const KILLS_N: usize = 30;
const PASSWORD: &str = "oikea hevonen paristo";
/// Where a process of its own finds its data folder, its port and its database.
const VARIABLES: [&str; 3] = ["NEUVO_TEST_DATA", "NEUVO_TEST_PORT", "NEUVO_TEST_STORE"];

/// The server of a process that this test starts; by itself it does nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn serves_in_a_process_of_its_own() {
    let [Ok(data), Ok(port), Ok(url)] = VARIABLES.map(std::env::var) else { return };
    let mut config = Config::default();
    config.data.folder = data.into();
    config.store.url = url;
    config.limits.messages_max = 2_000;
    config.limits.requests_burst_max = 1_000_000;
    config.limits.requests_per_minute_max = 10_000_000;
    queue(&mut config, "09:00", 1_000);
    let listener = TcpListener::bind(("127.0.0.1", port.parse::<u16>().unwrap())).await.unwrap();
    let load = || assistant(Arc::new(Gate::default()));
    let clock = Box::new(|| DAY.at(10, 0, 0, 0));
    serve(&config, listener, clock, load, (|| {}, CancellationToken::new())).await.unwrap();
}

/// A process that is killed and started again.
struct Replica {
    data: PathBuf,
    address: SocketAddr,
    url: String,
    child: Child,
}

impl Replica {
    async fn start(data: PathBuf, url: &str) -> Self {
        let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let child = launch(&data, address, url);
        let mut replica = Self { data, address, url: url.to_owned(), child };
        replica.until_ready().await;
        replica
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn again(&mut self) {
        self.child = launch(&self.data, self.address, &self.url);
    }

    /// A process that ended by itself, because it found no database at its start, is started again, as a supervisor would.
    async fn until_ready(&mut self) {
        for _ in 0..600 {
            if self.child.try_wait().unwrap().is_some() {
                self.again();
            }
            if matches!(reqwest::get(format!("http://{}/readyz", self.address)).await, Ok(ready) if ready.status() == 200)
            {
                return;
            }
            sleep(Duration::from_millis(50)).await;
        }
        panic!("a process is not ready in time");
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn launch(data: &Path, address: SocketAddr, url: &str) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "nothing_lost::serves_in_a_process_of_its_own"])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let values = [data.to_str().unwrap().to_owned(), address.port().to_string(), url.to_owned()];
    command.envs(VARIABLES.into_iter().zip(values)).spawn().unwrap()
}

/// Passes connections on to the next process that answers, and cuts them when it is told to.
#[derive(Clone)]
struct Proxy {
    address: SocketAddr,
    open: Arc<Mutex<Vec<AbortHandle>>>,
}

impl Proxy {
    async fn start(backends: Vec<SocketAddr>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Self { address: listener.local_addr().unwrap(), open: Arc::default() };
        let open = Arc::clone(&proxy.open);
        tokio::spawn(async move {
            let next = Arc::new(AtomicUsize::new(0));
            while let Ok((mut client, _)) = listener.accept().await {
                let (backends, next) = (backends.clone(), Arc::clone(&next));
                let passing = tokio::spawn(async move {
                    for _ in 0..backends.len() {
                        let backend = backends[next.fetch_add(1, Ordering::Relaxed) % backends.len()];
                        if let Ok(mut server) = TcpStream::connect(backend).await {
                            let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                            return;
                        }
                    }
                });
                let mut open = open.lock().unwrap();
                open.retain(|passing| !passing.is_finished());
                open.push(passing.abort_handle());
            }
        });
        proxy
    }

    fn cut(&self) {
        for passing in self.open.lock().unwrap().drain(..) {
            passing.abort();
        }
    }
}

/// A citizen and an expert in one conversation, as their browsers know it.
#[derive(Clone)]
struct Pair {
    client: Client,
    base: String,
    id: String,
    secret: String,
    /// Cookie and proof of the expert's session.
    session: (String, String),
}

/// What somebody saw, by place; a place that came twice is a fault.
type Seen = Arc<Mutex<BTreeMap<u64, String>>>;

impl Pair {
    fn citizen(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("{}/v1/conversations/{}{path}", self.base, self.id))
            .bearer_auth(&self.secret)
    }

    fn expert(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}/console/chats/{}{path}", self.base, self.id));
        request.header("cookie", &self.session.0)
    }

    fn form(&self, path: &str, fields: &str) -> RequestBuilder {
        let request = self.expert(Method::POST, path).header("content-type", "application/x-www-form-urlencoded");
        request.header("x-console", "1").body(format!("token={}{fields}", self.session.1))
    }

    /// The citizen writes until each message is acknowledged. Gives the messages' ids.
    async fn citizen_writes(self, over: CancellationToken, mut random: SmallRng) -> Vec<String> {
        let mut acknowledged = Vec::new();
        while !over.is_cancelled() {
            let id = Uuid::now_v7().to_string();
            let message = json!({"id": id, "text": format!("viesti numero {}", acknowledged.len())});
            persist(|| self.citizen(Method::POST, "/messages").json(&message), 200).await;
            acknowledged.push(id);
            sleep(Duration::from_millis(random.random_range(200..700))).await;
        }
        acknowledged
    }

    /// The expert writes until each message is acknowledged. Gives the messages' words.
    async fn expert_writes(self, over: CancellationToken, mut random: SmallRng) -> Vec<String> {
        let mut acknowledged = Vec::new();
        while !over.is_cancelled() {
            let words = format!("vastaus-{}", acknowledged.len());
            let fields = format!("&id={}&text={words}", Uuid::now_v7());
            persist(|| self.form("/say", &fields), 204).await;
            acknowledged.push(words);
            sleep(Duration::from_millis(random.random_range(200..700))).await;
        }
        acknowledged
    }

    /// Listens as the widget does: again and again, after the last event that came.
    async fn citizen_reads(self, seen: Seen) {
        listen(
            &seen,
            |after| self.citizen(Method::GET, "/events").header("last-event-id", after),
            |part| {
                let data = part.lines().find_map(|line| line.strip_prefix("data: "))?;
                let event: Value = serde_json::from_str(data).ok()?;
                part.starts_with("id: ").then(|| vec![(event["seq"].as_u64().unwrap(), named(&event))])
            },
        )
        .await;
    }

    /// Listens as the console does.
    async fn expert_reads(self, seen: Seen) {
        listen(
            &seen,
            |after| self.expert(Method::GET, &format!("/live?after={after}")),
            |part| {
                part.contains("event: lines").then(|| {
                    let lines = part.split("data-seq=\"").skip(1);
                    let line = |line: &str| (line.split('"').next().unwrap().parse().unwrap(), String::new());
                    lines.map(line).collect()
                })
            },
        )
        .await;
    }
}

/// Tries until the answer is the one that acknowledges.
async fn persist(request: impl Fn() -> RequestBuilder, acknowledged: u16) {
    for _ in 0..600 {
        match request().timeout(Duration::from_secs(5)).send().await {
            Ok(response) if response.status() == acknowledged => return,
            _ => sleep(Duration::from_millis(100)).await,
        }
    }
    panic!("a message was not acknowledged within a minute");
}

/// Reads a stream for ever and notes what came where.
async fn listen(
    seen: &Seen,
    connect: impl Fn(u64) -> RequestBuilder,
    read: impl Fn(&str) -> Option<Vec<(u64, String)>>,
) {
    loop {
        let after = seen.lock().unwrap().last_key_value().map_or(0, |(seq, _)| *seq);
        if let Ok(response) = connect(after).send().await
            && response.status() == 200
        {
            let mut chunks = response.bytes_stream();
            let mut text = Vec::new();
            while let Ok(Some(Ok(chunk))) = timeout(Duration::from_secs(40), chunks.next()).await {
                text.extend_from_slice(&chunk);
                while let Some(end) = text.windows(2).position(|pair| pair == b"\n\n") {
                    let part: Vec<_> = text.drain(..end + 2).collect();
                    for (seq, what) in read(std::str::from_utf8(&part).unwrap()).into_iter().flatten() {
                        let before = seen.lock().unwrap().insert(seq, what);
                        assert!(before.is_none(), "{seq} came twice");
                    }
                }
            }
        }
        sleep(Duration::from_millis(100)).await;
    }
}

/// What names an event: a message's id, an expert's words.
fn named(event: &Value) -> String {
    match string(&event["kind"]).as_str() {
        "message" => string(&event["id"]),
        "expert" => string(&event["text"]),
        other => other.to_owned(),
    }
}

/// Opens a conversation, brings it into the queue, and lets the expert take it.
async fn pair(client: &Client, base: &str, session: &(String, String)) -> Pair {
    let opened = client.post(format!("{base}/v1/conversations")).json(&json!({})).send().await.unwrap();
    let opened: Value = opened.json().await.unwrap();
    let pair = Pair {
        client: client.clone(),
        base: base.to_owned(),
        id: string(&opened["id"]),
        secret: string(&opened["secret"]),
        session: session.clone(),
    };
    assert_eq!(pair.citizen(Method::POST, "/handoff").send().await.unwrap().status(), 200);
    assert_eq!(pair.form("/claim", "").send().await.unwrap().status(), 303);
    pair
}

/// Signs in at the console. Gives the cookie and the proof of its forms.
async fn sign_in(client: &Client, base: &str) -> (String, String) {
    let form = format!("login=aino&password={}", PASSWORD.replace(' ', "+"));
    let request = client.post(format!("{base}/console/sign-in")).body(form);
    let signed = request.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap();
    let cookie = signed.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let page = client.get(format!("{base}/console")).header("cookie", &cookie).send().await.unwrap();
    let page = page.text().await.unwrap();
    let token = page.split("name=\"token\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    (cookie, token)
}

/// What happens beside the kills.
type Trouble = dyn Fn(usize) -> Option<JoinHandle<()>> + Send + Sync;

async fn nothing_is_lost(place: Place, folders: &[PathBuf], url: &str, trouble: Arc<Trouble>) {
    let seed = std::env::var("NEUVO_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random::<u64>);
    println!("seed {seed}: run it again with NEUVO_SEED={seed}");
    let mut random = SmallRng::seed_from_u64(seed);
    let store = Store::open(&place).await.unwrap();
    let aino = Account { chats_max: 1_000, ..Account::new("aino", "Aino", Role::Expert) };
    store.add_account(&aino, &password::hash(PASSWORD).unwrap()).await.unwrap();
    store.close().await;

    let mut replicas = Vec::new();
    for folder in folders {
        replicas.push(Replica::start(folder.clone(), url).await);
    }
    let proxy = Proxy::start(replicas.iter().map(|replica| replica.address).collect()).await;
    let client = Client::builder().redirect(Policy::none()).pool_max_idle_per_host(8).build().unwrap();
    let base = format!("http://{}", proxy.address);
    let session = sign_in(&client, &base).await;
    let mut pairs = Vec::new();
    for _ in 0..TALKS_N {
        pairs.push(pair(&client, &base, &session).await);
    }

    let over = CancellationToken::new();
    let (mut readers, mut writers, mut seen) = (Vec::new(), Vec::new(), Vec::new());
    for pair in &pairs {
        let both: [Seen; 2] = Default::default();
        readers.push(tokio::spawn(pair.clone().citizen_reads(Arc::clone(&both[0]))));
        readers.push(tokio::spawn(pair.clone().expert_reads(Arc::clone(&both[1]))));
        let mut own = || SmallRng::seed_from_u64(random.random());
        writers.push((
            tokio::spawn(pair.clone().citizen_writes(over.clone(), own())),
            tokio::spawn(pair.clone().expert_writes(over.clone(), own())),
        ));
        seen.push(both);
    }
    for kill in 0..KILLS_N {
        sleep(Duration::from_millis(random.random_range(100..700))).await;
        let at = random.random_range(0..replicas.len());
        replicas[at].kill();
        if random.random_bool(0.3) {
            proxy.cut();
        }
        let other = trouble(kill);
        sleep(Duration::from_millis(random.random_range(0..300))).await;
        replicas[at].again();
        if let Some(other) = other {
            other.await.unwrap();
        }
        if random.random_bool(0.5) {
            replicas[at].until_ready().await;
        }
    }
    for replica in &mut replicas {
        replica.until_ready().await;
    }
    sleep(Duration::from_secs(1)).await;
    over.cancel();

    let mut messages_n = 0;
    for ((pair, (citizen, expert)), seen) in pairs.iter().zip(writers).zip(&seen) {
        let (asked, answered) = (citizen.await.unwrap(), expert.await.unwrap());
        messages_n += asked.len() + answered.len();
        let transcript = pair.citizen(Method::GET, "/transcript").send().await.unwrap();
        let transcript: Value = transcript.json().await.unwrap();
        let events = transcript["events"].as_array().unwrap();
        let seqs: Vec<_> = events.iter().map(|event| event["seq"].as_u64().unwrap()).collect();
        assert_eq!(seqs, (1..=events.len() as u64).collect::<Vec<_>>(), "one sequence without gaps");
        let of = |kind: &str| events.iter().filter(|event| event["kind"] == kind).map(named).collect::<Vec<_>>();
        assert_eq!(of("message"), asked, "every message of the citizen once, in order");
        assert_eq!(of("expert"), answered, "every message of the expert once, in order");
        // Both screens come to show all of it, each event once.
        for screen in seen {
            let shows_all = || screen.lock().unwrap().len() == events.len();
            for _ in 0..600 {
                if shows_all() {
                    break;
                }
                sleep(Duration::from_millis(50)).await;
            }
            assert_eq!(screen.lock().unwrap().keys().copied().collect::<Vec<_>>(), seqs);
        }
        let shown: Vec<_> = seen[0].lock().unwrap().values().cloned().collect();
        assert_eq!(shown, events.iter().map(named).collect::<Vec<_>>());
    }
    for reader in readers {
        assert!(!reader.is_finished(), "a screen saw something twice");
        reader.abort();
    }
    println!("{messages_n} messages of {TALKS_N} conversations, {KILLS_N} kills: all there once, in order");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_processes_over_postgresql() {
    let postgres = Arc::new(Postgres::start());
    let url = postgres.database("lost");
    let folders: Vec<_> = (0..3).map(|_| tempfile::tempdir().unwrap()).collect();
    let paths: Vec<_> = folders.iter().map(|folder| folder.path().to_owned()).collect();
    // The database goes away twice meanwhile, without a word.
    let trouble = move |kill| {
        let postgres = Arc::clone(&postgres);
        (kill == KILLS_N / 3 || kill == 2 * KILLS_N / 3).then(|| {
            tokio::task::spawn_blocking(move || {
                postgres.down();
                postgres.up();
            })
        })
    };
    nothing_is_lost(Place::Postgres(url.clone()), &paths, &url, Arc::new(trouble)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_process_over_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::File(folder.path().join("neuvo.sqlite"));
    nothing_is_lost(place, &[folder.path().to_owned()], "", Arc::new(|_| None)).await;
}
