//! Events: written a turn at a time, read by cursor.

use crate::conversation::Conversation;
use crate::domain::{Answered, ContentVersion, ConversationId, Event, EventKind, Message, MessageId};
use crate::store::{Record, Store, StoreError, count, id_bytes, json, now, parse, stored};
use jiff::Timestamp;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Row as _, error::ErrorKind};

/// A message with its reply, as they were kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Exchanged {
    /// What the citizen wrote.
    pub message: Event,
    /// What was replied.
    pub reply: Event,
}

/// What became of a turn that was to be written.
#[derive(Clone, Debug, PartialEq)]
pub enum Appended {
    /// It was written.
    Written(Exchanged),
    /// The message had been written before: this is what was replied then.
    Repeated(Exchanged),
}

impl Store {
    /// Writes a message, its reply and the new state, together or not at all. `before` is what the turn started from.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] where the conversation was deleted meanwhile, [`StoreError::Conflict`] where someone else wrote to it.
    pub async fn append(
        &self,
        id: ConversationId,
        before: &Record,
        state: &Conversation,
        turn: (Message, Answered, ContentVersion),
    ) -> Result<Appended, StoreError> {
        let (message, answered, version) = turn;
        let message_id = message.id;
        let at = now();
        let mut transaction = self.writer.begin_with("begin immediate").await?;
        let changed = sqlx::query(
            "update conversations set state = ?, seq_last = seq_last + 2, messages_n = messages_n + 1, used_at = ?
             where id = ? and seq_last = ?",
        )
        .bind(json(state, "state")?)
        .bind(at.as_millisecond())
        .bind(id_bytes(id))
        .bind(stored(before.seq_last))
        .execute(&mut *transaction)
        .await?;
        if changed.rows_affected() == 0 {
            transaction.rollback().await?;
            if let Some(exchanged) = self.exchanged(id, message_id).await? {
                return Ok(Appended::Repeated(exchanged));
            }
            // Tells a conversation that is gone from one that went on.
            self.record(id).await?;
            return Err(StoreError::Conflict);
        }
        let seq = before.seq_last + 1;
        let message = Event { seq, at, version: version.clone(), kind: EventKind::Message(message) };
        let reply = Event { seq: seq + 1, at, version, kind: EventKind::Reply(Box::new(answered)) };
        match insert(&mut transaction, id, &message, None).await {
            Err(StoreError::Database(error)) if is_duplicate(&error) => {
                transaction.rollback().await?;
                let exchanged = self.exchanged(id, message_id).await?.ok_or(StoreError::Conflict)?;
                return Ok(Appended::Repeated(exchanged));
            }
            result => result?,
        }
        insert(&mut transaction, id, &reply, Some(seq)).await?;
        transaction.commit().await?;
        Ok(Appended::Written(Exchanged { message, reply }))
    }

    /// What was replied to a message with this name, if it was written before.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn exchanged(&self, id: ConversationId, message: MessageId) -> Result<Option<Exchanged>, StoreError> {
        let seq: Option<i64> = sqlx::query_scalar("select seq from events where conversation = ? and message_id = ?")
            .bind(id_bytes(id))
            .bind(message.0.as_bytes().to_vec())
            .fetch_optional(&self.readers)
            .await?;
        let Some(seq) = seq else { return Ok(None) };
        let rows = sqlx::query(
            "select seq, at, content, payload from events where conversation = ? and (seq = ? or answers = ?) order by seq limit 2",
        )
        .bind(id_bytes(id))
        .bind(seq)
        .bind(seq)
        .fetch_all(&self.readers)
        .await?;
        let mut events = rows.iter().map(event);
        match (events.next().transpose()?, events.next().transpose()?) {
            (Some(message), Some(reply)) => Ok(Some(Exchanged { message, reply })),
            // Deleted between the two looks.
            _ => Ok(None),
        }
    }

    /// The events after a place, in order, at most `events_max`.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn events(&self, id: ConversationId, after: u64, events_max: u32) -> Result<Vec<Event>, StoreError> {
        let rows = sqlx::query(
            "select seq, at, content, payload from events where conversation = ? and seq > ? order by seq limit ?",
        )
        .bind(id_bytes(id))
        .bind(stored(after))
        .bind(events_max)
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(event).collect()
    }
}

pub(super) async fn insert(
    connection: &mut SqliteConnection,
    id: ConversationId,
    event: &Event,
    answers: Option<u64>,
) -> Result<(), StoreError> {
    let message_id = match &event.kind {
        EventKind::Message(message) => Some(message.id.0.as_bytes().to_vec()),
        EventKind::Welcome(_) | EventKind::Reply(_) => None,
    };
    sqlx::query(
        "insert into events (conversation, seq, kind, payload, content, message_id, answers, at)
         values (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(id_bytes(id))
    .bind(stored(event.seq))
    .bind(event.kind.name())
    .bind(json(&event.kind, "event")?)
    .bind(event.version.as_str())
    .bind(message_id)
    .bind(answers.map(stored))
    .bind(event.at.as_millisecond())
    .execute(connection)
    .await?;
    Ok(())
}

fn event(row: &SqliteRow) -> Result<Event, StoreError> {
    let version: String = row.try_get(2)?;
    Ok(Event {
        seq: count(row.try_get(0)?),
        at: Timestamp::from_millisecond(row.try_get(1)?).map_err(|_| StoreError::Form { what: "time" })?,
        // A version is a string of JSON wherever it is written.
        version: serde_json::from_value(version.into()).map_err(|_| StoreError::Form { what: "version" })?,
        kind: parse(row.try_get(3)?, "event")?,
    })
}

fn is_duplicate(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| error.kind() == ErrorKind::UniqueViolation)
}
