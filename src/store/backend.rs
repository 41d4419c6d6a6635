//! The two databases: SQLite in a file of its own, and PostgreSQL for several replicas. Statements are written once, in the SQL that both
//! read; here stands what differs.

use crate::domain::{ConversationId, Side};
use crate::store::StoreError;
use fs_err::os::unix::fs::OpenOptionsExt as _;
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::postgres::PgListener;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Any, AnyConnection, AnyPool, ConnectOptions as _, Transaction};
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::time::Duration;
use uuid::Uuid;

/// Where conversations are kept.
#[derive(Clone)]
pub enum Place {
    /// A file of SQLite, made when it is missing: one process.
    File(PathBuf),
    /// The address of a PostgreSQL database: any number of processes.
    Postgres(String),
}

/// The pools of one database.
#[derive(Clone, Debug)]
pub(super) struct Backend {
    /// SQLite has one writer: one connection, so that writes queue here and not in busy loops. PostgreSQL's is its pool.
    pub(super) writer: AnyPool,
    pub(super) readers: AnyPool,
    place: Place,
}

/// What another process, or this one, did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// A conversation reaches this far.
    Reaches(ConversationId, u64),
    /// A conversation was deleted.
    Deleted(ConversationId),
    /// Somebody writes in a conversation just now. Not kept.
    Typing(ConversationId, Side),
    /// The connection was lost: anything may have happened.
    Missed,
}

/// Tells of changes as they are committed. Only PostgreSQL has other processes to tell of.
#[derive(Debug)]
pub struct Changes {
    place: Place,
    listener: Option<PgListener>,
}

/// How long a connection of SQLite waits for another process that writes.
const BUSY_MS_MAX: u32 = 5_000;
/// Connections of SQLite that read.
const READERS_N: u32 = 4;
/// Connections of PostgreSQL for each process.
const POSTGRES_CONNECTIONS_N: u32 = 12;
/// How long a request waits for a connection.
const ACQUIRE_TIME_MAX: Duration = Duration::from_secs(5);
/// The wait before a lost listener tries again.
const RECONNECT_TIME: Duration = Duration::from_millis(500);
/// The channel of PostgreSQL's `NOTIFY`.
const CHANNEL: &str = "neuvo";

impl Backend {
    pub(super) async fn open(place: &Place) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let (writer, readers) = match place {
            Place::File(file) => open_file(file).await?,
            Place::Postgres(url) => {
                let options = AnyConnectOptions::from_str(url)?;
                let pool = AnyPoolOptions::new()
                    .max_connections(POSTGRES_CONNECTIONS_N)
                    .acquire_timeout(ACQUIRE_TIME_MAX)
                    .connect_with(options)
                    .await?;
                // Replicas that start at once wait for each other: sqlx holds an advisory lock meanwhile.
                sqlx::migrate!("src/store/migrations/postgres").run(&pool).await?;
                (pool.clone(), pool)
            }
        };
        Ok(Self { writer, readers, place: place.clone() })
    }

    /// Begins to write. SQLite takes its lock at once, so that no reader becomes a writer too late; PostgreSQL locks the rows it changes.
    pub(super) async fn begin(&self) -> Result<Transaction<'static, Any>, StoreError> {
        Ok(match self.place {
            Place::File(_) => self.writer.begin_with("begin immediate").await?,
            Place::Postgres(_) => self.writer.begin().await?,
        })
    }

    /// Tells other processes, once the transaction is committed.
    pub(super) async fn tell(&self, connection: &mut AnyConnection, change: Change) -> Result<(), StoreError> {
        if let Place::Postgres(_) = self.place {
            let told = "select pg_notify($1, $2)";
            sqlx::query(told).bind(CHANNEL).bind(change.to_string()).execute(connection).await?;
        }
        Ok(())
    }

    /// Empties SQLite's write-ahead log into the file: pages of what was deleted or masked lie there otherwise.
    pub(super) async fn checkpoint(&self) -> Result<(), StoreError> {
        if let Place::File(_) = self.place {
            sqlx::query("pragma wal_checkpoint(truncate)").execute(&self.writer).await?;
        }
        Ok(())
    }

    /// Tells other processes of what is not kept.
    pub(super) async fn whisper(&self, change: Change) -> Result<(), StoreError> {
        match self.place {
            Place::File(_) => Ok(()),
            Place::Postgres(_) => {
                let mut connection = self.writer.acquire().await?;
                self.tell(&mut connection, change).await
            }
        }
    }

    pub(super) fn changes(&self) -> Changes {
        Changes { place: self.place.clone(), listener: None }
    }
}

async fn open_file(file: &Path) -> Result<(AnyPool, AnyPool), StoreError> {
    if let Some(folder) = file.parent() {
        fs_err::create_dir_all(folder)?;
    }
    // Made by us, so that nobody else on the machine may read it; SQLite's files beside it take over its mode.
    fs_err::OpenOptions::new().create(true).append(true).mode(0o600).open(file)?;
    let options = SqliteConnectOptions::new().filename(file);
    let pool = |connections_n| {
        let pool = AnyPoolOptions::new().max_connections(connections_n).idle_timeout(None).max_lifetime(None);
        pool.acquire_timeout(ACQUIRE_TIME_MAX)
    };
    // `synchronous = full`: what was acknowledged survives a power cut too. `secure_delete`: what is deleted is overwritten, so that no
    // words stay behind in free pages.
    let pragmas = format!(
        "pragma busy_timeout = {BUSY_MS_MAX}; pragma journal_mode = wal; pragma synchronous = full; \
         pragma foreign_keys = on; pragma secure_delete = on"
    );
    let writer = pool(1)
        .after_connect(move |connection, _| {
            let pragmas = sqlx::AssertSqlSafe(pragmas.clone());
            Box::pin(async move { sqlx::raw_sql(pragmas).execute(connection).await.map(|_| ()) })
        })
        .connect_with(AnyConnectOptions::from_url(&options.to_url_lossy())?)
        .await?;
    sqlx::migrate!("src/store/migrations/sqlite").run(&writer).await?;
    let options = options.read_only(true).create_if_missing(false);
    let readers = pool(READERS_N).connect_with(AnyConnectOptions::from_url(&options.to_url_lossy())?).await?;
    Ok((writer, readers))
}

impl Changes {
    /// The next change; waits for good where there is only this process. Never fails: a lost listener comes back by itself.
    pub async fn next(&mut self) -> Change {
        let Place::Postgres(url) = &self.place else { return std::future::pending().await };
        loop {
            match &mut self.listener {
                Some(listener) => match listener.try_recv().await {
                    Ok(Some(told)) => {
                        if let Some(change) = Change::parse(told.payload()) {
                            return change;
                        }
                    }
                    Ok(None) => return Change::Missed,
                    Err(_) => self.listener = None,
                },
                None => match listen(url).await {
                    Ok(listener) => {
                        self.listener = Some(listener);
                        return Change::Missed;
                    }
                    Err(error) => {
                        tracing::warn!(%error, "cannot listen to the database: it is tried again");
                        tokio::time::sleep(RECONNECT_TIME).await;
                    }
                },
            }
        }
    }
}

async fn listen(url: &str) -> Result<PgListener, sqlx::Error> {
    let mut listener = PgListener::connect(url).await?;
    listener.listen(CHANNEL).await?;
    Ok(listener)
}

impl Change {
    fn parse(payload: &str) -> Option<Self> {
        let (id, what) = payload.split_once(' ')?;
        let id = ConversationId(Uuid::try_parse(id).ok()?);
        match what {
            "deleted" => Some(Self::Deleted(id)),
            "citizen" => Some(Self::Typing(id, Side::Citizen)),
            "expert" => Some(Self::Typing(id, Side::Expert)),
            seq => Some(Self::Reaches(id, seq.parse().ok()?)),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reaches(id, seq) => write!(f, "{id} {seq}"),
            Self::Deleted(id) => write!(f, "{id} deleted"),
            Self::Typing(id, Side::Citizen) => write!(f, "{id} citizen"),
            Self::Typing(id, Side::Expert) => write!(f, "{id} expert"),
            Self::Missed => f.write_str("missed"),
        }
    }
}

/// Addresses of databases hold passwords.
impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => write!(f, "File({})", file.display()),
            Self::Postgres(_) => f.write_str("Postgres"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_understood() {
        let id = ConversationId(Uuid::now_v7());
        let typing = [Side::Citizen, Side::Expert].map(|side| Change::Typing(id, side));
        for change in typing.into_iter().chain([Change::Reaches(id, 7), Change::Deleted(id)]) {
            assert_eq!(Change::parse(&change.to_string()), Some(change));
        }
        assert_eq!(Change::parse(&Change::Missed.to_string()), None);
        assert_eq!(format!("{:?}", Place::Postgres("postgres://me:secret@host/db".to_owned())), "Postgres");
    }
}
