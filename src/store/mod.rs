//! Keeps conversations: SQLite with a write-ahead log, one file in the data folder. Only this module knows SQL.
//!
//! A citizen's message, its reply and what the core remembers are written together or not at all. What is stored was masked before.

mod events;
mod feedback;
mod sweep;

use crate::conversation::Conversation;
use crate::domain::{ContentVersion, ConversationId, Event, EventKind, Language};
use fs_err::os::unix::fs::OpenOptionsExt as _;
use jiff::Timestamp;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection as _, Row as _};
use std::path::Path;
use std::time::Duration;

pub use events::{Appended, Exchanged};

/// The SHA-256 of a conversation's secret.
pub type SecretHash = [u8; 32];

/// Conversations on disk. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    /// SQLite has one writer: one connection, so that writes queue here and not in busy loops.
    writer: SqlitePool,
    readers: SqlitePool,
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

/// How long a connection waits for another process that writes.
const BUSY_TIME_MAX: Duration = Duration::from_secs(5);
/// Connections that read.
const READERS_N: u32 = 4;

impl Store {
    /// Opens the database, makes it where it is missing and brings it to this version.
    ///
    /// # Errors
    /// Where the file cannot be opened or is of another version.
    pub async fn open(file: &Path) -> Result<Self, StoreError> {
        if let Some(folder) = file.parent() {
            fs_err::create_dir_all(folder)?;
        }
        // Made by us, so that nobody else on the machine may read it; SQLite's files beside it take over its mode.
        fs_err::OpenOptions::new().create(true).append(true).mode(0o600).open(file)?;
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // What was acknowledged survives a power cut too.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIME_MAX)
            .foreign_keys(true)
            // What is deleted is overwritten, so that no words stay behind in free pages.
            .pragma("secure_delete", "on");
        let pool = |connections_n| {
            SqlitePoolOptions::new().max_connections(connections_n).idle_timeout(None).max_lifetime(None)
        };
        let writer = pool(1).connect_with(options.clone()).await?;
        sqlx::migrate!("src/store/migrations/sqlite").run(&writer).await?;
        let readers = pool(READERS_N).connect_with(options.read_only(true).create_if_missing(false)).await?;
        Ok(Self { writer, readers })
    }

    /// Begins a conversation with its first event.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn create(&self, new: &NewConversation, welcome: EventKind) -> Result<Event, StoreError> {
        let event = Event { seq: 1, at: now(), version: new.version.clone(), kind: welcome };
        let at = event.at.as_millisecond();
        let mut transaction = self.writer.begin().await?;
        sqlx::query(
            "insert into conversations (id, secret_hash, language, page, state, seq_last, messages_n, created_at, used_at)
             values (?, ?, ?, ?, ?, 1, 0, ?, ?)",
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
        events::insert(&mut transaction, new.id, &event, None).await?;
        transaction.commit().await?;
        Ok(event)
    }

    /// The hash of a conversation's secret.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn secret_hash(&self, id: ConversationId) -> Result<Option<SecretHash>, StoreError> {
        let row = sqlx::query("select secret_hash from conversations where id = ?")
            .bind(id_bytes(id))
            .fetch_optional(&self.readers)
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
        let row = sqlx::query("select state, language, seq_last, messages_n from conversations where id = ?")
            .bind(id_bytes(id))
            .fetch_optional(&self.readers)
            .await?
            .ok_or(StoreError::Unknown)?;
        let language: Option<String> = row.try_get(1)?;
        Ok(Record {
            state: parse(row.try_get(0)?, "state")?,
            language: language.and_then(|tag| tag.parse().ok()),
            seq_last: count(row.try_get(2)?),
            messages_n: u32::try_from(count(row.try_get(3)?)).unwrap_or(u32::MAX),
        })
    }

    /// Deletes a conversation with everything that was said in it. True where there was one.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn delete(&self, id: ConversationId) -> Result<bool, StoreError> {
        let done =
            sqlx::query("delete from conversations where id = ?").bind(id_bytes(id)).execute(&self.writer).await?;
        self.checkpoint().await?;
        Ok(done.rows_affected() != 0)
    }

    /// Moves the write-ahead log into the database and empties it: pages of deleted conversations lie there otherwise.
    async fn checkpoint(&self) -> Result<(), StoreError> {
        sqlx::query("pragma wal_checkpoint(truncate)").execute(&self.writer).await?;
        Ok(())
    }

    /// Whether the database can be read: for readiness.
    pub async fn is_ready(&self) -> bool {
        match self.readers.acquire().await {
            Ok(mut connection) => connection.ping().await.is_ok(),
            Err(_) => false,
        }
    }

    /// Finishes what is under way and closes the file.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
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

#[cfg(test)]
mod tests;
