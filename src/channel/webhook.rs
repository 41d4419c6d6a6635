//! Tells another system of what happens while a person is asked for or has a conversation: signed webhooks by the Standard Webhooks
//! specification, in order for each conversation, tried again with growing waits, given up in the end where supervisors see it.

use crate::channel::web::wire::EventBody;
use crate::config::ContactCentreConfig;
use crate::domain::{EventKind, HandOff};
use crate::exchange::Exchange;
use crate::store::Outgoing;
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use serde::Serialize;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Where events go, and how they are signed.
pub struct Webhook {
    url: String,
    signer: standardwebhooks::Webhook,
    client: Client,
}

/// What is sent.
#[derive(Serialize)]
struct Payload {
    /// `conversation.` and the kind of the event.
    r#type: String,
    /// When it happened.
    timestamp: Timestamp,
    data: Data,
}

#[derive(Serialize)]
struct Data {
    conversation: Uuid,
    event: EventBody,
    /// Why a person is asked for: citizens are not shown it.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<HandOff>,
}

/// The waits before each further try, in seconds: some ten hours in all.
const WAITS: [i64; 8] = [2, 10, 60, 300, 1_800, 3_600, 10_800, 21_600];
/// Events that are sent at once.
const BATCH_N: u32 = 16;
/// How long the other system may take.
const SEND_TIME_MAX: Duration = Duration::from_secs(10);
/// How often the outbox is looked at without news: what failed becomes due, other processes leave something behind.
const LOOK_TIME: Duration = Duration::from_secs(1);

impl Webhook {
    /// Reads the secret; `None` where no address is configured.
    ///
    /// # Errors
    /// Where the secret cannot be read or is none.
    pub fn open(config: &ContactCentreConfig) -> std::io::Result<Option<Self>> {
        if config.webhook_url.is_empty() {
            return Ok(None);
        }
        let file = config.secret_file.display();
        let wrong = || {
            std::io::Error::other(format!(
                "`{file}`: expected `whsec_` and 24 to 64 bytes in base64: make it with `echo whsec_$(openssl rand -base64 32)`"
            ))
        };
        let secret = fs_err::read_to_string(&config.secret_file)?;
        let secret = secret.trim();
        // 24 bytes are 32 characters.
        let is_long = secret.strip_prefix("whsec_").is_some_and(|key| 32 <= key.len());
        let signer = standardwebhooks::Webhook::new(secret).ok().filter(|_| is_long).ok_or_else(wrong)?;
        let client = Client::builder().timeout(SEND_TIME_MAX).redirect(Policy::none()).build();
        let client = client.map_err(std::io::Error::other)?;
        Ok(Some(Self { url: config.webhook_url.clone(), signer, client }))
    }

    /// Sends what the outbox holds, until `stop`.
    pub async fn run(&self, exchange: &Exchange, stop: &CancellationToken) {
        let mut news = exchange.anything();
        loop {
            let sent_n = match exchange.take_due(BATCH_N).await {
                Ok(due) => join_all(due.into_iter().map(|outgoing| self.send(exchange, outgoing))).await.len(),
                Err(error) => {
                    tracing::error!(%error, "the outbox cannot be read: it is tried again");
                    0
                }
            };
            if 0 < sent_n && !stop.is_cancelled() {
                // The next event of these conversations may be due now.
                continue;
            }
            tokio::select! {
                () = stop.cancelled() => return,
                _ = news.changed() => {}
                () = tokio::time::sleep(LOOK_TIME) => {}
            }
        }
    }

    async fn send(&self, exchange: &Exchange, outgoing: Outgoing) {
        let (id, tries_n) = (outgoing.id, outgoing.tries_n);
        let done = match self.post(outgoing).await {
            Ok(()) => exchange.sent(id).await,
            Err(fault) => {
                let wait = usize::try_from(tries_n).ok().and_then(|tries_n| WAITS.get(tries_n.saturating_sub(1)));
                // The receiver says that it wants no more of these.
                let wait = wait.filter(|_| fault != StatusCode::GONE.as_str());
                if wait.is_none() {
                    tracing::error!(webhook.id = %id, fault, "a webhook was given up: see /console/letters");
                }
                exchange.unsent(id, &fault, wait.map(|&seconds| SignedDuration::from_secs(seconds))).await
            }
        };
        if let Err(error) = done {
            tracing::error!(%error, "the outbox cannot be written: the event is sent again");
        }
    }

    /// Sends one event; else how it failed: a status, or what kind of trouble.
    #[expect(clippy::disallowed_methods, reason = "signatures carry the time at which they were made")]
    async fn post(&self, outgoing: Outgoing) -> Result<(), String> {
        let id = format!("msg_{}", outgoing.id.simple());
        let timestamp = Timestamp::now().as_second();
        let body = serde_json::to_vec(&payload(outgoing)).map_err(|_| "form".to_owned())?;
        let signature = self.signer.sign(&id, timestamp, &body).map_err(|_| "signature".to_owned())?;
        let request = self
            .client
            .post(&self.url)
            .header("content-type", "application/json")
            .header(standardwebhooks::HEADER_WEBHOOK_ID, id)
            .header(standardwebhooks::HEADER_WEBHOOK_TIMESTAMP, timestamp)
            .header(standardwebhooks::HEADER_WEBHOOK_SIGNATURE, signature);
        match request.body(body).send().await {
            Ok(response) if response.status().is_success() => Ok(()),
            Ok(response) => Err(response.status().as_str().to_owned()),
            Err(error) if error.is_timeout() => Err("timed out".to_owned()),
            Err(error) if error.is_connect() => Err("not reached".to_owned()),
            Err(_) => Err("broken".to_owned()),
        }
    }
}

fn payload(outgoing: Outgoing) -> Payload {
    let Outgoing { conversation, event, .. } = outgoing;
    let why = match &event.kind {
        EventKind::Handoff(handover) => handover.why.clone(),
        _ => None,
    };
    let (timestamp, name) = (event.at, event.kind.name());
    let data = Data { conversation: conversation.0, event: event.into(), why };
    Payload { r#type: format!("conversation.{name}"), timestamp, data }
}
