//! Takes a citizen's message to a stored reply: masks it, waits for its conversation, computes the turn on a worker, writes everything at once.
//!
//! Every channel that keeps conversations goes through here. One message of a conversation is answered at a time; a message that comes twice
//! is answered once.

mod access;
mod feedback;
mod rooms;
mod wording;

use crate::assistant::{Assistant, Turn};
use crate::config::Limits;
use crate::conversation::Conversation;
use crate::domain::{
    Answered, ConversationId, Event, EventKind, Language, Message, MessageId, QuickReply, Reply, Stalled, Utterance,
    Welcome,
};
use crate::inference::Workers;
use crate::reply::markdown;
use crate::store::{Appended, Exchanged, NewConversation, Store, StoreError};
use crate::telemetry::metrics::Metrics;
use jiff::civil::Date;
use rooms::Rooms;
use std::sync::Arc;
use std::time::Instant;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

pub use access::{Admitted, Secret};
pub use rooms::{News, Visit};
pub use wording::Wording;

/// Answers messages and keeps conversations.
pub struct Exchange {
    assistant: Arc<Assistant>,
    workers: Arc<Workers>,
    store: Store,
    metrics: Arc<Metrics>,
    messages_max: u32,
    retention_days: u32,
    today: Today,
    rooms: Arc<Rooms>,
    /// Turns that were begun: they finish and are stored even when the client has gone.
    turns: TaskTracker,
}

/// Tells the day for which figures are given.
pub type Today = Box<dyn Fn() -> Date + Send + Sync>;

/// The parts that an exchange is made of.
pub struct Parts {
    /// Replies.
    pub assistant: Arc<Assistant>,
    /// Threads on which turns are computed.
    pub workers: Arc<Workers>,
    /// Keeps conversations.
    pub store: Store,
    /// Counts.
    pub metrics: Arc<Metrics>,
    /// Tells the day.
    pub today: Today,
}

/// A conversation that was opened. Its secret is told once and not kept.
#[derive(Debug)]
pub struct Opened {
    /// Its name.
    pub id: ConversationId,
    /// What opens it from now on.
    pub secret: Secret,
    /// Its first event.
    pub welcome: Event,
}

/// Where a citizen comes from.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// The page, without what identifies.
    pub page: Option<String>,
    /// The benefit that the page is about.
    pub benefit: Option<String>,
}

/// A message on its way in.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// The client's name of it.
    pub id: MessageId,
    /// The words.
    pub utterance: Utterance,
    /// The language that the channel says.
    pub hint: Option<Language>,
}

/// Why a message is not answered, or a conversation not shown.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// There is no such conversation, or the secret is not its secret: nobody learns which.
    #[error("no such conversation")]
    Unknown,
    /// Other messages of the same conversation wait already.
    #[error("the conversation has messages waiting")]
    Busy,
    /// More turns wait than may.
    #[error("the queue of turns is full")]
    QueueFull,
    /// The conversation has all the messages that it may have.
    #[error("the conversation has all its messages")]
    ConversationFull,
    /// The turn failed; the cause is in the log.
    #[error("the turn failed")]
    Failed,
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unknown => Self::Unknown,
            StoreError::Conflict => Self::Busy,
            other => Self::Store(other),
        }
    }
}

impl From<Stalled> for Refusal {
    fn from(stalled: Stalled) -> Self {
        match stalled {
            Stalled::Full { .. } => Self::QueueFull,
            Stalled::TimedOut { .. } | Stalled::Failed { .. } => Self::Failed,
        }
    }
}

impl Exchange {
    /// An exchange over its parts.
    pub fn new(parts: Parts, limits: &Limits) -> Self {
        let Parts { assistant, workers, store, metrics, today } = parts;
        Self {
            assistant,
            workers,
            store,
            metrics,
            today,
            messages_max: limits.messages_max,
            retention_days: limits.retention_days,
            rooms: Arc::default(),
            turns: TaskTracker::new(),
        }
    }

    /// Opens a conversation.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn open(&self, hint: Option<Language>, place: Place) -> Result<Opened, Refusal> {
        let content = self.assistant.content();
        let language = hint.unwrap_or(Language::Fi);
        let markdown = content.text("welcome", language, (self.today)());
        let welcome = Welcome { language, text: markdown::plain(&markdown), markdown };
        let secret = Secret::random();
        let new = NewConversation {
            id: ConversationId(Uuid::now_v7()),
            secret_hash: secret.hash(),
            language: hint,
            page: place.page,
            state: Conversation { benefit: place.benefit.map(Arc::from), ..Conversation::default() },
            version: content.knowledge.version.clone(),
        };
        let welcome = self.store.create(&new, EventKind::Welcome(welcome)).await?;
        self.metrics.conversation();
        Ok(Opened { id: new.id, secret, welcome })
    }

    /// Answers a message. The turn goes on and is stored when the caller stops waiting; the same message then gets its reply.
    ///
    /// # Errors
    /// See [`Refusal`]; then nothing was written.
    pub async fn say(self: &Arc<Self>, admitted: Admitted, incoming: Incoming) -> Result<Exchanged, Refusal> {
        let place = self.rooms.queue(admitted.id()).ok_or(Refusal::Busy)?;
        let exchange = Arc::clone(self);
        let turn = self.turns.spawn(async move {
            let _turn = place.turn().await;
            let answered = exchange.answer(admitted.id(), incoming).await;
            if let Ok(exchanged) = &answered {
                place.tell(exchanged.reply.seq);
            }
            answered
        });
        turn.await.map_err(|_| Refusal::Failed)?
    }

    /// One turn of a conversation that nobody else writes to.
    #[expect(clippy::disallowed_methods, reason = "times what a citizen waits for")]
    async fn answer(&self, id: ConversationId, incoming: Incoming) -> Result<Exchanged, Refusal> {
        let began = Instant::now();
        if let Some(exchanged) = self.store.exchanged(id, incoming.id).await? {
            return Ok(exchanged);
        }
        let record = self.store.record(id).await?;
        if self.messages_max <= record.messages_n {
            return Err(Refusal::ConversationFull);
        }
        // From here on nothing sees identity codes, account numbers, phone numbers or addresses.
        let utterance = incoming.utterance.masked();
        let message = Message { id: incoming.id, text: utterance.as_str().to_owned() };
        let (assistant, day) = (Arc::clone(&self.assistant), (self.today)());
        let (mut state, hint) = (record.state.clone(), incoming.hint.or(record.language));
        let (state, turn) = self
            .workers
            .run(move || {
                let turn = assistant.turn(&mut state, utterance, hint, day);
                (state, turn)
            })
            .await?;
        let (outcome, language) = (turn.reply.outcome(), turn.language);
        match self.write(id, &record, (state, turn), message).await? {
            Appended::Written(exchanged) => {
                self.metrics.turn(outcome, language, began.elapsed());
                Ok(exchanged)
            }
            Appended::Repeated(exchanged) => Ok(exchanged),
        }
    }

    async fn write(
        &self,
        id: ConversationId,
        before: &crate::store::Record,
        (state, turn): (Conversation, Turn),
        message: Message,
    ) -> Result<Appended, Refusal> {
        let version = turn.version.clone();
        Ok(self.store.append(id, before, &state, (message, answered(turn), version)).await?)
    }

    /// The events after a place, in order, at most `events_max`.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn events(&self, admitted: Admitted, after: u64, events_max: u32) -> Result<Vec<Event>, Refusal> {
        Ok(self.store.events(admitted.id(), after, events_max).await?)
    }

    /// Whether the conversation is still there.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn is_kept(&self, admitted: Admitted) -> Result<bool, Refusal> {
        Ok(self.store.secret_hash(admitted.id()).await?.is_some())
    }

    /// Listens for what happens in a conversation; `None` where as many listen as may.
    pub fn visit(&self, admitted: Admitted) -> Option<Visit> {
        self.rooms.visit(admitted.id())
    }

    /// Deletes a conversation with everything that was said in it.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn delete(&self, admitted: Admitted) -> Result<(), Refusal> {
        self.store.delete(admitted.id()).await?;
        self.rooms.close(admitted.id());
        Ok(())
    }

    /// Deletes what is older than it may be.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn sweep(&self) -> Result<u64, StoreError> {
        self.store.sweep(self.retention_days).await
    }

    /// Whether messages can be answered and kept now.
    pub async fn is_ready(&self) -> bool {
        self.store.is_ready().await
    }

    /// Waits for the turns that were begun.
    pub async fn finish(&self) {
        self.turns.close();
        self.turns.wait().await;
    }

    /// Stops the workers, then closes the store.
    pub async fn close(&self) {
        let workers = Arc::clone(&self.workers);
        if tokio::task::spawn_blocking(move || workers.stop()).await.is_err() {
            tracing::error!("the workers could not be stopped");
        }
        self.store.close().await;
    }
}

fn answered(turn: Turn) -> Answered {
    let outcome = turn.reply.outcome();
    let (citation, choices, next, handoff) = match turn.reply {
        Reply::Answer { citation, next, .. } => (Some(citation), Vec::new(), next, None),
        Reply::Again { citation, next, .. } => (Some(citation), Vec::new(), next, None),
        Reply::Clarify(candidates) => {
            let choices =
                candidates.into_iter().map(|candidate| QuickReply { topic: candidate.topic, title: candidate.title });
            (None, choices.collect(), Vec::new(), None)
        }
        Reply::HandOff { why, .. } => (None, Vec::new(), Vec::new(), Some(why)),
        Reply::Rephrase(_) | Reply::Declined(_) | Reply::Unavailable | Reply::Chat(_) => {
            (None, Vec::new(), Vec::new(), None)
        }
    };
    Answered {
        outcome,
        language: turn.language,
        text: turn.text,
        markdown: turn.body,
        citation,
        choices,
        next,
        confidence: turn.confidence,
        handoff,
    }
}
