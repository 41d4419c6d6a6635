//! Turns over HTTP: a real server on a port of this machine, with a store of its own that is thrown away.

use crate::app::serve::serve;
use crate::assistant::Assistant;
use crate::cli::bench::percentile_ms;
use crate::config::Config;
use anyhow::{Context as _, Result, ensure};
use jiff::civil::Date;
use reqwest::Client;
use serde::Deserialize;
use serde_json::json;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Questions of one conversation: people ask a few.
const QUESTIONS_EACH: usize = 3;
/// The 99th percentile has to stay below this.
const P99_MS_MAX: f64 = 50.0;
/// The highest rate that is tried.
const RATE_MAX: f64 = 4_000.0;
/// How often the gap between a rate that holds and one that does not is halved.
const HALVINGS_N: usize = 4;

/// What was measured.
pub(super) struct Figures {
    /// Times of one client that asks one question after the other, sorted.
    pub alone: Vec<Duration>,
    /// The highest rate found, in questions a second, at which 99 % are answered within 50 ms.
    pub rate_max: f64,
}

/// Starts a server, asks, and stops it. `seconds` is how long each rate is held.
pub(super) async fn measure(
    config: &Config,
    assistant: Assistant,
    day: Date,
    questions: &[String],
    seconds: u64,
) -> Result<Figures> {
    let folder = tempfile::tempdir()?;
    let mut config = config.clone();
    config.data.folder = folder.path().to_owned();
    config.limits.requests_burst_max = 1_000_000;
    config.limits.requests_per_minute_max = 10_000_000;
    config.limits.messages_max = 2_000;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let base = format!("http://{}/v1/conversations", listener.local_addr()?);
    let stop = CancellationToken::new();
    let (ready, is_ready) = oneshot::channel();
    let serving = tokio::spawn({
        let stop = stop.clone();
        // Whoever waits for it is there until then.
        let ready = move || ready.send(()).unwrap_or_default();
        async move { serve(&config, listener, Box::new(move || day.into()), move || Ok(assistant), (ready, stop)).await }
    });
    // A server that fails drops the sender.
    let figures = match is_ready.await {
        Ok(()) => ask(base, questions, seconds).await,
        Err(_) => Err(anyhow::anyhow!("the server did not start")),
    };
    stop.cancel();
    serving.await.context("the server panicked")??;
    figures
}

async fn ask(base: String, questions: &[String], seconds: u64) -> Result<Figures> {
    let client = Client::builder().no_proxy().build()?;
    let mut alone = Vec::with_capacity(questions.len());
    for question in questions {
        // The same turns as in process: each is the first of its conversation.
        let conversation = Conversation::begin(&client, &base).await?;
        let began = Instant::now();
        conversation.ask(question.clone()).await?;
        alone.push(began.elapsed());
    }
    alone.sort_unstable();
    // Doubles the rate until it is too high, then halves the gap.
    let (mut holds, mut fails) = (0.0, 50.0);
    while fails < RATE_MAX && is_held(&client, &base, questions, fails, seconds).await? {
        (holds, fails) = (fails, fails * 2.0);
    }
    for _ in 0..HALVINGS_N {
        let rate = f64::midpoint(holds, fails);
        if is_held(&client, &base, questions, rate, seconds).await? {
            holds = rate;
        } else {
            fails = rate;
        }
    }
    Ok(Figures { alone, rate_max: holds })
}

/// Whether 99 % of questions that come at a rate are answered in time. They come whether those before are answered or not, and times count
/// from when a question was due.
async fn is_held(client: &Client, base: &str, questions: &[String], rate: f64, seconds: u64) -> Result<bool> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few thousand")]
    let questions_n = (rate * Duration::from_secs(seconds).as_secs_f64()) as usize;
    let mut conversations = Vec::new();
    for _ in 0..questions_n.div_ceil(QUESTIONS_EACH) {
        conversations.push(Conversation::begin(client, base).await?);
    }
    let mut due = Instant::now();
    let mut asked = JoinSet::new();
    for (conversation, question) in conversations.iter().cycle().zip(questions.iter().cycle()).take(questions_n) {
        sleep_until(due).await;
        let (conversation, question) = (conversation.clone(), question.clone());
        asked.spawn(async move {
            // What is refused was not answered in time.
            conversation.ask(question).await.map_or(Duration::MAX, |()| due.elapsed())
        });
        due += Duration::from_secs_f64(1.0 / rate);
    }
    let mut times = asked.join_all().await;
    times.sort_unstable();
    Ok(percentile_ms(&times, 99) < P99_MS_MAX)
}

/// One conversation of a client.
#[derive(Clone)]
struct Conversation {
    client: Client,
    messages: String,
    secret: String,
}

#[derive(Deserialize)]
struct Begun {
    id: Uuid,
    secret: String,
}

impl Conversation {
    async fn begin(client: &Client, base: &str) -> Result<Self> {
        let begun = client.post(base).json(&json!({})).send().await?.error_for_status()?;
        let Begun { id, secret } = begun.json().await?;
        Ok(Self { client: client.clone(), messages: format!("{base}/{id}/messages"), secret })
    }

    async fn ask(&self, text: String) -> Result<()> {
        let message = json!({ "id": Uuid::now_v7(), "text": text });
        let asked = self.client.post(&self.messages).bearer_auth(&self.secret).json(&message).send().await?;
        let answer = asked.error_for_status()?.bytes().await?;
        ensure!(!answer.is_empty(), "a reply is not empty");
        Ok(())
    }
}
