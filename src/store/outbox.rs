//! The outbox: events that another system is to be told of. A row is written in its event's transaction, and goes when the event was taken.

use crate::domain::{ConversationId, Event, EventKind};
use crate::store::handoff::uuid;
use crate::store::{Store, StoreError, count, events, id_bytes, now, stored};
use jiff::SignedDuration;
use sqlx::{AnyConnection, Row as _};
use uuid::Uuid;

/// An event on its way out.
#[derive(Clone, Debug, PartialEq)]
pub struct Outgoing {
    /// The name under which it is sent, the same at every try.
    pub id: Uuid,
    /// The conversation.
    pub conversation: ConversationId,
    /// What happened.
    pub event: Event,
    /// How often it was tried, this time included.
    pub tries_n: u32,
}

/// An event that was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The name under which it was sent.
    pub id: Uuid,
    /// The conversation.
    pub conversation: ConversationId,
    /// Its place in the conversation.
    pub seq: u64,
    /// How often it was tried.
    pub tries_n: u32,
    /// How the last try failed.
    pub fault: String,
}

/// Dead letters that are looked at.
const DEAD_MAX: i64 = 500;
/// Of a conversation only the oldest event is sent, so that they arrive in order; one that was given up holds up nobody.
const DUE: &str = "select id, conversation, seq, tries_n, next_at from outbox o where dead = 0 and next_at <= $1
    and not exists (select 1 from outbox before where before.conversation = o.conversation and before.seq < o.seq and before.dead = 0)
    order by next_at limit $2";

impl Store {
    /// Keeps every event of a person's part for another system from now on.
    #[must_use]
    pub const fn with_outbox(mut self) -> Self {
        self.has_outbox = true;
        self
    }

    /// Writes an event, and its row in the outbox where there is one.
    pub(super) async fn insert(
        &self,
        connection: &mut AnyConnection,
        id: ConversationId,
        event: &Event,
        answers: Option<u64>,
    ) -> Result<(), StoreError> {
        events::insert(connection, id, event, answers).await?;
        let leaves = matches!(event.kind, EventKind::Handoff(_) | EventKind::Expert(_) | EventKind::Card(_));
        if self.has_outbox && leaves { post(connection, id, event.seq).await } else { Ok(()) }
    }

    /// Takes events that are due, until `lease` is over: a process that dies with them leaves them to another. At most `events_max`.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn take_due(&self, lease: SignedDuration, events_max: u32) -> Result<Vec<Outgoing>, StoreError> {
        let rows = sqlx::query(DUE)
            .bind(now().as_millisecond())
            .bind(i64::from(events_max))
            .fetch_all(&self.backend.readers)
            .await?;
        let mut taken = Vec::new();
        for row in rows {
            let (id, conversation): (Vec<u8>, Vec<u8>) = (row.try_get(0)?, row.try_get(1)?);
            let (seq, tries_n, next_at): (i64, i64, i64) = (row.try_get(2)?, row.try_get(3)?, row.try_get(4)?);
            // Whoever changes the row first has it.
            let changed =
                sqlx::query("update outbox set tries_n = tries_n + 1, next_at = $1 where id = $2 and next_at = $3")
                    .bind((now() + lease).as_millisecond())
                    .bind(id.clone())
                    .bind(next_at)
                    .execute(&self.backend.writer)
                    .await?;
            if changed.rows_affected() == 0 {
                continue;
            }
            let conversation = ConversationId(uuid(&conversation)?);
            let event = self.events(conversation, count(seq).saturating_sub(1), 1).await?.into_iter().next();
            // It may have been deleted between the two looks.
            if let Some(event) = event {
                let tries_n = u32::try_from(tries_n).unwrap_or(u32::MAX).saturating_add(1);
                taken.push(Outgoing { id: uuid(&id)?, conversation, event, tries_n });
            }
        }
        Ok(taken)
    }

    /// The event was taken: its row goes.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn sent(&self, id: Uuid) -> Result<(), StoreError> {
        sqlx::query("delete from outbox where id = $1")
            .bind(id.as_bytes().to_vec())
            .execute(&self.backend.writer)
            .await?;
        Ok(())
    }

    /// The event was not taken: it is tried again after a while, or given up where none is said.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn unsent(&self, id: Uuid, fault: &str, after: Option<SignedDuration>) -> Result<(), StoreError> {
        sqlx::query("update outbox set fault = $1, dead = $2, next_at = $3 where id = $4")
            .bind(fault.to_owned())
            .bind(i64::from(after.is_none()))
            .bind((now() + after.unwrap_or_default()).as_millisecond())
            .bind(id.as_bytes().to_vec())
            .execute(&self.backend.writer)
            .await?;
        Ok(())
    }

    /// The events that were given up, the oldest first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn dead_letters(&self) -> Result<Vec<DeadLetter>, StoreError> {
        let rows =
            sqlx::query("select id, conversation, seq, tries_n, fault from outbox where dead = 1 order by id limit $1")
                .bind(DEAD_MAX)
                .fetch_all(&self.backend.readers)
                .await?;
        rows.iter()
            .map(|row| {
                let (id, conversation): (Vec<u8>, Vec<u8>) = (row.try_get(0)?, row.try_get(1)?);
                Ok(DeadLetter {
                    id: uuid(&id)?,
                    conversation: ConversationId(uuid(&conversation)?),
                    seq: count(row.try_get(2)?),
                    tries_n: u32::try_from(count(row.try_get(3)?)).unwrap_or(u32::MAX),
                    fault: row.try_get::<Option<String>, _>(4)?.unwrap_or_default(),
                })
            })
            .collect()
    }

    /// Tries everything again that was given up. Gives how many there were.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn revive(&self) -> Result<u64, StoreError> {
        let revived = sqlx::query("update outbox set dead = 0, tries_n = 0, next_at = $1 where dead = 1")
            .bind(now().as_millisecond())
            .execute(&self.backend.writer)
            .await?;
        Ok(revived.rows_affected())
    }
}

/// Puts an event into the outbox.
pub(super) async fn post(connection: &mut AnyConnection, id: ConversationId, seq: u64) -> Result<(), StoreError> {
    sqlx::query("insert into outbox (id, conversation, seq, tries_n, next_at, dead) values ($1, $2, $3, 0, $4, 0)")
        .bind(Uuid::now_v7().as_bytes().to_vec())
        .bind(id_bytes(id))
        .bind(stored(seq))
        .bind(now().as_millisecond())
        .execute(connection)
        .await?;
    Ok(())
}
