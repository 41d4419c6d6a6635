//! Keeps conversations, in SQLite or in PostgreSQL. Only this module knows SQL.
//!
//! A citizen's message, its reply and what the core remembers are written together or not at all. What is stored was masked before.
//!
//! One conversation has one writer at a time, over any number of processes: every write first changes the conversation's row, and only from
//! the place that it was read at (`seq_last`). PostgreSQL keeps the row locked until the commit, SQLite has one writer anyway; whoever comes
//! second finds another `seq_last` and writes nothing. No lock outlives its transaction, so a process that dies leaves none behind.

mod accounts;
mod backend;
mod callbacks;
mod cards;
mod events;
mod export;
mod feedback;
mod handoff;
mod identities;
mod notes;
mod outbox;
mod sweep;
mod unanswered;

use crate::conversation::Conversation;
use crate::domain::{ContentVersion, ConversationId, Event, EventKind, Language, Owner, Side};
use backend::Backend;
use jiff::Timestamp;
use sqlx::{Connection as _, Row as _};

pub use accounts::{Account, Audited, SessionTimes, TokenHash};
pub use backend::{Change, Changes, Place};
pub use callbacks::{CallBack, NewCallBack};
pub use events::{Appended, Exchanged, Said};
pub use export::Exported;
pub use handoff::{Joining, Passing, Ticket};
pub use notes::Note;
pub use outbox::{DeadLetter, Outgoing};
pub use sweep::{Ages, Swept};
pub use unanswered::Unanswered;

/// The SHA-256 of a conversation's secret.
pub type SecretHash = [u8; 32];

/// Kept conversations. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    backend: Backend,
    /// Whether events leave for another system.
    has_outbox: bool,
}

/// A conversation that begins.
#[derive(Clone, Debug)]
pub struct NewConversation {
    /// Its random name.
    pub id: ConversationId,
    /// The hash of its secret.
    pub secret_hash: SecretHash,
    /// The language that the channel says.
    pub language: Option<Language>,
    /// The page that the citizen came from.
    pub page: Option<String>,
    /// What the core knows at the start.
    pub state: Conversation,
    /// The version of the content that welcomes.
    pub version: ContentVersion,
}

/// What is kept of a conversation besides its events.
#[derive(Clone, Debug)]
pub struct Record {
    /// What the core remembers.
    pub state: Conversation,
    /// The language that the channel said at the start.
    pub language: Option<Language>,
    /// Who answers.
    pub owner: Owner,
    /// The place of the last event.
    pub seq_last: u64,
    /// How many messages the citizen wrote.
    pub messages_n: u32,
}

/// Why something cannot be stored or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no such conversation, or no longer.
    #[error("the conversation does not exist: open a new one")]
    Unknown,
    /// Someone else wrote to the conversation meanwhile.
    #[error("the conversation went on meanwhile: read it again")]
    Conflict,
    /// The conversation is in other hands: somebody was quicker.
    #[error("the conversation is in other hands: look at the queue again")]
    Taken,
    /// As many wait for a person as may.
    #[error("the queue for a person is full: try again later")]
    QueueFull,
    /// The time has all the calls that it takes.
    #[error("the time has all its calls: choose another")]
    SlotFull,
    /// The expert has as many conversations as one may.
    #[error("the expert has all the conversations that one may have: end one first")]
    ChatsFull,
    /// Another account has this login.
    #[error("the login is taken: choose another")]
    LoginTaken,
    /// The folder of the database cannot be made.
    #[error("cannot make the folder of the store: {0}")]
    Folder(#[from] std::io::Error),
    /// The database is newer or older than this program.
    #[error("cannot bring the store to this version: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// What was stored cannot be read by this program.
    #[error("the store holds a {what} that cannot be read")]
    Form {
        /// What it is.
        what: &'static str,
    },
    /// The database failed.
    #[error("the store failed: {0}")]
    Database(#[from] sqlx::Error),
}

impl Store {
    /// Opens the database and brings it to this version; makes the file of SQLite where it is missing.
    ///
    /// # Errors
    /// Where it cannot be opened or is of another version.
    pub async fn open(place: &Place) -> Result<Self, StoreError> {
        Ok(Self { backend: Backend::open(place).await?, has_outbox: false })
    }

    /// Tells what other processes write.
    pub fn changes(&self) -> Changes {
        self.backend.changes()
    }

    /// Tells other processes that somebody writes just now. Nothing is kept.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn whisper(&self, id: ConversationId, side: Side) -> Result<(), StoreError> {
        self.backend.whisper(Change::Typing(id, side)).await
    }

    /// Begins a conversation with its first event.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn create(&self, new: &NewConversation, welcome: EventKind) -> Result<Event, StoreError> {
        let event = Event { seq: 1, at: now(), version: new.version.clone(), kind: welcome };
        let at = event.at.as_millisecond();
        let mut transaction = self.backend.begin().await?;
        sqlx::query(
            "insert into conversations (id, secret_hash, language, page, state, seq_last, messages_n, created_at, used_at)
             values ($1, $2, $3, $4, $5, 1, 0, $6, $7)",
        )
        .bind(id_bytes(new.id))
        .bind(new.secret_hash.to_vec())
        .bind(new.language.map(Language::tag))
        .bind(new.page.as_deref())
        .bind(json(&new.state, "state")?)
        .bind(at)
        .bind(at)
        .execute(&mut *transaction)
        .await?;
        self.insert(&mut transaction, new.id, &event, None).await?;
        transaction.commit().await?;
        Ok(event)
    }

    /// The hash of a conversation's secret.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn secret_hash(&self, id: ConversationId) -> Result<Option<SecretHash>, StoreError> {
        let row = sqlx::query("select secret_hash from conversations where id = $1")
            .bind(id_bytes(id))
            .fetch_optional(&self.backend.readers)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let hash: Vec<u8> = row.try_get(0)?;
        hash.try_into().map(Some).map_err(|_| StoreError::Form { what: "secret hash" })
    }

    /// What is kept of a conversation.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] where there is none.
    pub async fn record(&self, id: ConversationId) -> Result<Record, StoreError> {
        let row = sqlx::query("select state, language, seq_last, messages_n, owner from conversations where id = $1")
            .bind(id_bytes(id))
            .fetch_optional(&self.backend.readers)
            .await?
            .ok_or(StoreError::Unknown)?;
        let language: Option<String> = row.try_get(1)?;
        Ok(Record {
            state: parse(row.try_get(0)?, "state")?,
            language: language.and_then(|tag| tag.parse().ok()),
            owner: Owner::from_name(row.try_get(4)?).ok_or(StoreError::Form { what: "owner" })?,
            seq_last: count(row.try_get(2)?),
            messages_n: u32::try_from(count(row.try_get(3)?)).unwrap_or(u32::MAX),
        })
    }

    /// Deletes a conversation with everything that was said in it. True where there was one.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn delete(&self, id: ConversationId) -> Result<bool, StoreError> {
        let mut transaction = self.backend.begin().await?;
        let deleted = sqlx::query("delete from conversations where id = $1")
            .bind(id_bytes(id))
            .execute(&mut *transaction)
            .await?;
        self.backend.tell(&mut transaction, Change::Deleted(id)).await?;
        transaction.commit().await?;
        self.backend.checkpoint().await?;
        Ok(deleted.rows_affected() != 0)
    }

    /// Whether the database can be read: for readiness.
    pub async fn is_ready(&self) -> bool {
        match self.backend.readers.acquire().await {
            Ok(mut connection) => connection.ping().await.is_ok(),
            Err(_) => false,
        }
    }

    /// Finishes what is under way and closes the connections.
    pub async fn close(&self) {
        self.backend.readers.close().await;
        self.backend.writer.close().await;
    }
}

#[expect(clippy::disallowed_methods, reason = "the store stamps what it keeps")]
fn now() -> Timestamp {
    let now = Timestamp::now();
    // The resolution that is stored, so that an event reads back as it was given.
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}

fn id_bytes(id: ConversationId) -> Vec<u8> {
    id.0.as_bytes().to_vec()
}

fn count(stored: i64) -> u64 {
    u64::try_from(stored).unwrap_or_default()
}

/// Numbers of events fit: a conversation has bounded messages.
fn stored(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn json(value: &impl serde::Serialize, what: &'static str) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|_| StoreError::Form { what })
}

fn parse<T: serde::de::DeserializeOwned>(text: &str, what: &'static str) -> Result<T, StoreError> {
    // The parser's message may quote what it read: it is dropped.
    serde_json::from_str(text).map_err(|_| StoreError::Form { what })
}
