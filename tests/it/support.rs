//! A real server on a port of its own, with a real store in a folder of its own, small content and an encoder that needs no weights.

use neuvo::app::serve::{Loaded, serve};
use neuvo::app::{AppError, stages};
use neuvo::assistant::{Assistant, Content};
use neuvo::config::Config;
use neuvo::inference::{Embedding, Encode, EncodeError, Purpose};
use neuvo::knowledge::{self, Source};
use neuvo::retrieval::{Calibration, Vectors};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// The day for which figures are given.
pub(crate) const DAY: jiff::civil::Date = jiff::civil::date(2026, 11, 23);
/// A partner's contact card: the first line is its name.
const PARTNER: &str = "[[text]]\nid = \"partner-county\"\nfi = \"hyvinvointialue\\nApua [arkeen](https://county.example).\"\nsv = \"välfärdsområdet\\nHjälp.\"\n\
    en = \"the county\\nHelp.\"\n";
/// Numbers of an embedding.
const DIMS: u64 = 96;
/// A question that is answered from the content.
pub(crate) const QUESTION: &str = "miten haen asumistukea";

/// Words hashed into a unit vector. A text with the word `hidas` waits until the gate opens.
pub(crate) struct TestEncoder {
    pub(crate) gate: Arc<Gate>,
}

/// Holds slow turns.
#[derive(Default)]
pub(crate) struct Gate {
    state: Mutex<(bool, usize)>,
    changed: Condvar,
}

impl Gate {
    /// Lets slow turns go on.
    pub(crate) fn open(&self) {
        self.state.lock().unwrap().0 = true;
        self.changed.notify_all();
    }

    /// Waits until this many turns wait at the gate.
    pub(crate) async fn until_waiting(&self, turns_n: usize) {
        until(|| self.state.lock().unwrap().1 == turns_n).await;
    }

    fn pass(&self) {
        let mut state = self.state.lock().unwrap();
        state.1 += 1;
        while !state.0 {
            state = self.changed.wait(state).unwrap();
        }
        state.1 -= 1;
    }
}

impl Encode for TestEncoder {
    fn dims(&self) -> usize {
        usize::try_from(DIMS).unwrap()
    }

    fn fingerprint(&self) -> &'static str {
        "words"
    }

    fn encode(&self, _: Purpose, text: &str) -> Result<Embedding, EncodeError> {
        let mut vector = vec![0.0f32; self.dims()];
        for word in text.to_lowercase().split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
            if word == "hidas" {
                self.gate.pass();
            }
            assert_ne!(word, "kaadu", "a turn that fails");
            let mut hasher = DefaultHasher::new();
            word.hash(&mut hasher);
            let at = usize::try_from(hasher.finish() % DIMS).unwrap();
            vector[at] += 1.0;
        }
        let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt().max(1e-6);
        Ok(vector.into_iter().map(|x| x / length).collect::<Vec<_>>().into())
    }

    fn encode_all(&self, texts: &[(Purpose, String)]) -> Result<Vec<Embedding>, EncodeError> {
        texts.iter().map(|(purpose, text)| self.encode(*purpose, text)).collect()
    }
}

/// A server that runs.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) stop: CancellationToken,
    pub(crate) gate: Arc<Gate>,
    pub(crate) client: Client,
    pub(crate) task: JoinHandle<()>,
}

/// A conversation as a client knows it.
#[derive(Clone)]
pub(crate) struct Talk {
    pub(crate) id: String,
    pub(crate) secret: String,
}

/// Starts a server and waits until it is ready.
pub(crate) async fn start(data: &Path, edit: impl FnOnce(&mut Config)) -> Server {
    let at_once = CancellationToken::new();
    at_once.cancel();
    let (server, ready) = begin(data, edit, at_once).await;
    ready.await.unwrap();
    server
}

/// Starts a server with content of its own and waits until it is ready.
pub(crate) async fn start_with<L: Into<Loaded> + 'static>(
    data: &Path,
    edit: impl FnOnce(&mut Config),
    load: impl FnOnce(Arc<Gate>) -> Result<L, AppError> + Send + 'static,
) -> Server {
    let (server, ready) = begin_with(data, edit, load).await;
    ready.await.unwrap();
    server
}

/// Starts a server in a folder of its own.
pub(crate) async fn fresh(edit: impl FnOnce(&mut Config)) -> (TempDir, Server) {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path(), edit).await;
    (folder, server)
}

/// Starts a server. It loads its content when `hold` is cancelled.
pub(crate) async fn begin(
    data: &Path,
    edit: impl FnOnce(&mut Config),
    hold: CancellationToken,
) -> (Server, oneshot::Receiver<()>) {
    begin_with(data, edit, move |gate| {
        while !hold.is_cancelled() {
            std::thread::sleep(Duration::from_millis(5));
        }
        assistant(gate)
    })
    .await
}

async fn begin_with<L: Into<Loaded> + 'static>(
    data: &Path,
    edit: impl FnOnce(&mut Config),
    load: impl FnOnce(Arc<Gate>) -> Result<L, AppError> + Send + 'static,
) -> (Server, oneshot::Receiver<()>) {
    let mut config = Config::default();
    config.data.folder = data.to_owned();
    config.server.turn_threads_n = 2;
    config.limits.shutdown_seconds_max = 5;
    // Tests that poll come from one address: only those of the limit itself set one that is met.
    (config.limits.requests_burst_max, config.limits.requests_per_minute_max) = (10_000, 60_000);
    edit(&mut config);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, gate) = (CancellationToken::new(), Arc::new(Gate::default()));
    let (told, ready) = oneshot::channel();
    let load = {
        let gate = Arc::clone(&gate);
        move || load(gate)
    };
    let task = tokio::spawn({
        let stop = stop.clone();
        let ready = move || told.send(()).unwrap();
        async move { serve(&config, listener, Box::new(|| DAY.at(10, 0, 0, 0)), load, (ready, stop)).await.unwrap() }
    });
    (Server { address, stop, gate, client: Client::new(), task }, ready)
}

/// What answers from the small content.
pub(crate) fn assistant(gate: Arc<Gate>) -> Result<Assistant, AppError> {
    assistant_over(gate, files())
}

/// An assistant over content of its own.
pub(crate) fn assistant_over(gate: Arc<Gate>, files: Vec<(String, String)>) -> Result<Assistant, AppError> {
    let loaded = knowledge::read(&Source::from_files(files), DAY);
    let knowledge = Arc::new(loaded.knowledge.unwrap_or_else(|| panic!("{:?}", loaded.findings)));
    let mut calibration = Calibration::unfitted();
    (calibration.answer_from, calibration.clarify_from) = (0.5, 0.2);
    let vectors = Vectors::in_memory(Arc::new(TestEncoder { gate }));
    let (understanding, retrieval) = stages(&knowledge, calibration, &vectors, Arc::clone(vectors.encoder()))?;
    Ok(Assistant::new(Content {
        knowledge,
        understanding: Box::new(understanding),
        retrieval: Box::new(retrieval),
        conversation: neuvo::conversation::Calibration::default(),
    }))
}

/// Three topics in three languages, and the texts around them.
pub(crate) fn files() -> Vec<(String, String)> {
    let topics = [
        (
            "housing.apply",
            ["Asumistuen hakeminen", "Ansöka om bostadsbidrag", "Applying for housing allowance"],
            [
                "miten haen asumistukea; mistä asumistukea haetaan; asumistuki hakemus; haluan hakea asumistukea; kuinka asumistuki haetaan; asumistuen hakeminen netissä",
                "hur ansöker jag om bostadsbidrag; var ansöker man om bostadsbidrag; bostadsbidrag ansökan; jag vill ansöka om bostadsbidrag; ansöka bostadsbidrag; bostadsbidrag på nätet",
                "how do I apply for housing allowance; where to apply for housing allowance; housing allowance application; I want to apply for housing allowance; applying housing allowance; housing allowance online",
            ],
        ),
        (
            "student.grant",
            ["Opintoraha", "Studiepenning", "Study grant"],
            [
                "paljonko opintoraha on; opintorahan määrä; saanko opintorahaa; kuka saa opintorahaa; opintoraha lukiossa; opintoraha yliopistossa",
                "hur stor är studiepenningen; studiepenningens belopp; får jag studiepenning; vem får studiepenning; studiepenning i gymnasiet; studiepenning vid universitet",
                "how much is the study grant; amount of study grant; can I get a study grant; who gets a study grant; study grant at school; study grant at university",
            ],
        ),
        (
            "family.child-benefit",
            ["Lapsilisä", "Barnbidrag", "Child benefit"],
            [
                "milloin lapsilisä maksetaan; lapsilisän määrä; miten lapsilisää saa; lapsilisä toisesta lapsesta; lapsilisä vauvalle; kenelle lapsilisä maksetaan",
                "när betalas barnbidraget; barnbidragets belopp; hur får man barnbidrag; barnbidrag för andra barnet; barnbidrag för baby; vem får barnbidraget",
                "when is child benefit paid; amount of child benefit; how to get child benefit; child benefit for the second child; child benefit for a baby; who gets child benefit",
            ],
        ),
    ];
    let mut files = Vec::new();
    for (topic, titles, questions) in topics {
        for ((tag, title), questions) in ["fi", "sv", "en"].into_iter().zip(titles).zip(questions) {
            let questions: Vec<_> = questions.split("; ").map(|question| format!("{question:?}")).collect();
            let text = format!(
                "+++\ntopic = {topic:?}\ntitle = {title:?}\nquestions = [{}]\nsource = \"https://www.kela.fi/{topic}\"\n\
                 checked = 2026-05-24\nreview_by = 2027-01-31\n+++\n{title}: OmaKela.\n",
                questions.join(", ")
            );
            files.push((format!("knowledge/{}.{tag}.md", topic.replace('.', "/")), text));
        }
    }
    let mut texts = String::new();
    for (_, id) in knowledge::intents::required() {
        let _ = write!(
            texts,
            "[[text]]\nid = {id:?}\nfi = \"{id} suomeksi\"\nsv = \"{id} på svenska\"\nen = \"{id} in English\"\n"
        );
    }
    let texts = texts.replace("card-offer suomeksi", "{partner}: näytetäänkö?") + PARTNER;
    files.push(("intents/texts.toml".to_owned(), texts));
    files
}

impl Server {
    /// A request to a path.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.address))
    }

    /// A request with a conversation's secret.
    pub(crate) fn within(&self, method: Method, talk: &Talk, path: &str) -> RequestBuilder {
        self.request(method, &format!("/v1/conversations/{}{path}", talk.id)).bearer_auth(&talk.secret)
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.unwrap()
    }

    /// Opens a conversation.
    pub(crate) async fn open(&self) -> Talk {
        let response = self.request(Method::POST, "/v1/conversations").json(&json!({})).send().await.unwrap();
        assert_eq!(response.status(), 201);
        let body: Value = response.json().await.unwrap();
        Talk { id: string(&body["id"]), secret: string(&body["secret"]) }
    }

    /// A message with this id.
    pub(crate) fn message(&self, talk: &Talk, id: Uuid, text: &str) -> RequestBuilder {
        self.within(Method::POST, talk, "/messages").json(&json!({"id": id, "text": text}))
    }

    /// Says something new and gives what comes back.
    pub(crate) async fn say(&self, talk: &Talk, text: &str) -> Value {
        let response = self.message(talk, Uuid::now_v7(), text).send().await.unwrap();
        assert_eq!(response.status(), 200);
        response.json().await.unwrap()
    }

    /// Everything that happened in a conversation.
    pub(crate) async fn events(&self, talk: &Talk) -> Vec<Value> {
        let response = self.within(Method::GET, talk, "/transcript").send().await.unwrap();
        let body: Value = response.json().await.unwrap();
        body["events"].as_array().unwrap().clone()
    }

    /// Stops the server as SIGTERM does and waits for its end.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

/// The code of a problem, once its form was looked at.
#[track_caller]
pub(crate) fn code(status: u16, response: Response) -> impl Future<Output = String> {
    let place = std::panic::Location::caller();
    async move {
        assert_eq!(response.status(), status, "at {place}");
        assert_eq!(response.headers()["content-type"], "application/problem+json", "at {place}");
        assert!(status != 503 && status != 429 || response.headers().contains_key("retry-after"), "at {place}");
        let body: Value = response.json().await.unwrap();
        for part in ["type", "title", "code", "detail"] {
            assert!(body[part].is_string(), "{part} at {place}: {body}");
        }
        assert_eq!(body["status"], status, "at {place}");
        string(&body["code"])
    }
}

/// A JSON string.
pub(crate) fn string(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no string")).to_owned()
}

/// Waits until something holds; a test that waits for ten seconds fails.
pub(crate) async fn until(holds: impl Fn() -> bool) {
    for _ in 0..2_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it did not come to hold");
}
