//! Takes a citizen's message to a stored reply: masks it, waits for its conversation, computes the turn on a worker, writes everything at once.
//!
//! Every channel that keeps conversations goes through here. One message of a conversation is answered at a time; a message that comes twice
//! is answered once.

pub mod desk;
pub mod identity;
pub mod password;

mod access;
mod beside;
mod call;
mod callback;
mod feedback;
mod handoff;
mod outbox;
mod rooms;
mod seal;
mod sweep;
mod turn;
mod waiting;
mod wording;

use crate::assistant::Assistant;
use crate::config::{HandoffConfig, Limits};
use crate::conversation::Conversation;
use crate::domain::{ConversationId, Event, EventKind, Language, MessageId, Stalled, Utterance, Welcome};
use crate::inference::Workers;
use crate::reply::markdown;
use crate::store::{Ages, Change, Exchanged, Exported, NewConversation, Store, StoreError};
use crate::telemetry::metrics::Metrics;
use jiff::civil::DateTime;
use rooms::Rooms;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

pub use access::{Admitted, Secret};
pub use beside::Partner;
pub use callback::{CallBacks, Slot};
pub use handoff::Standing;
pub use rooms::{News, Visit};
pub use sweep::sweep;
use turn::{TRIES_MAX, answered};
pub use waiting::Place as QueuePlace;
pub use wording::{Glossary, Wording};

/// Answers messages and keeps conversations.
pub struct Exchange {
    assistant: Arc<Assistant>,
    workers: Arc<Workers>,
    store: Store,
    metrics: Arc<Metrics>,
    messages_max: u32,
    ages: Ages,
    handoff: HandoffConfig,
    callbacks: CallBacks,
    clock: Clock,
    desk: desk::Desk,
    rooms: Arc<Rooms>,
    /// The queue as it was a moment ago, for streams.
    waiting: waiting::Recent,
    /// Turns that were begun: they finish and are stored even when the client has gone.
    turns: TaskTracker,
}

/// Tells the time in Helsinki, which opens and closes queues; its day is the one for which figures are given.
pub type Clock = Box<dyn Fn() -> DateTime + Send + Sync>;

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
    /// The queues for a person.
    pub handoff: HandoffConfig,
    /// Calls that citizens may ask for.
    pub callbacks: CallBacks,
    /// How long what is kept may be.
    pub ages: Ages,
    /// Tells the time.
    pub clock: Clock,
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
    /// The conversation is not with whom it would have to be: it waits for a person already, or no more.
    #[error("the conversation is in other hands")]
    Taken,
    /// Other messages of the same conversation wait already.
    #[error("the conversation has messages waiting")]
    Busy,
    /// More turns wait than may.
    #[error("the queue of turns is full")]
    QueueFull,
    /// The conversation has all the messages that it may have.
    #[error("the conversation has all its messages")]
    ConversationFull,
    /// No calls are taken here.
    #[error("no calls are taken")]
    CallsOff,
    /// The time of a call has all its calls, or is none that can be chosen.
    #[error("the time has all its calls")]
    SlotTaken,
    /// No call was asked for, or no longer.
    #[error("no call was asked for")]
    NoCall,
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
            StoreError::Conflict | StoreError::QueueFull | StoreError::ChatsFull => Self::Busy,
            StoreError::Taken => Self::Taken,
            StoreError::SlotFull => Self::SlotTaken,
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
        let Parts { assistant, workers, store, metrics, handoff, callbacks, ages, clock } = parts;
        Self {
            assistant,
            workers,
            store,
            metrics,
            handoff,
            callbacks,
            clock,
            desk: desk::Desk::default(),
            messages_max: limits.messages_max,
            ages,
            rooms: Arc::default(),
            waiting: waiting::Recent::default(),
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
        let markdown = content.text("welcome", language, (self.clock)().date());
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
                place.tell(exchanged.reply.as_ref().unwrap_or(&exchanged.message).seq);
            }
            answered
        });
        turn.await.map_err(|_| Refusal::Failed)?
    }

    /// The events after a place, in order, at most `events_max`.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn events(&self, admitted: Admitted, after: u64, events_max: u32) -> Result<Vec<Event>, Refusal> {
        Ok(self.store.events(admitted.id(), after, events_max).await?)
    }

    /// Everything that is kept of a conversation, what experts wrote down for each other left out.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn export(&self, admitted: Admitted) -> Result<Exported, Refusal> {
        Ok(Exported { notes: Vec::new(), ..self.store.export(admitted.id()).await? })
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

    /// Passes what other processes write on to the listeners of this one, until `stop`.
    pub async fn follow(&self, stop: &CancellationToken) {
        let mut changes = self.store.changes();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                change = changes.next() => match change {
                    Change::Reaches(id, seq) => self.rooms.tell(id, News::Reaches(seq)),
                    Change::Deleted(id) => self.rooms.close(id),
                    Change::Typing(id, side) => {
                        self.rooms.typing(id, side);
                    }
                    Change::Missed => self.rooms.look(),
                },
            }
        }
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
