//! Events: written a turn at a time, read by cursor.

use crate::conversation::Conversation;
use crate::domain::{Answered, ContentVersion, ConversationId, Event, EventKind, Handover, Message, MessageId, Owner};
use crate::store::{
    Change, Joining, Record, Store, StoreError, count, handoff, id_bytes, json, now, outbox, parse, stored,
};
use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row as _, error::ErrorKind};

/// A message with its reply, as they were kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Exchanged {
    /// What the citizen wrote.
    pub message: Event,
    /// What the bot replied; nothing while a person has the conversation.
    pub reply: Option<Event>,
}

/// What became of a turn that was to be written.
#[derive(Clone, Debug, PartialEq)]
pub enum Appended {
    /// It was written, up to this place.
    Written(Exchanged, u64),
    /// The message had been written before: this is what was replied then.
    Repeated(Exchanged),
}

/// What is written of a turn.
#[derive(Clone, Debug)]
pub struct Said {
    /// What the citizen wrote.
    pub message: Message,
    /// The version of the content.
    pub version: ContentVersion,
    /// What the bot replied and remembers, where it has the conversation.
    pub replied: Option<(Conversation, Answered)>,
    /// The citizen's messages before, masked anew: an identity code stood in pieces in them and this one.
    pub remasked: Vec<Event>,
    /// What became of the hand-off that the reply asked for.
    pub handovers: Vec<Handover>,
    /// The place in the queue that it got.
    pub joining: Option<Joining>,
}

impl Store {
    /// Writes a message, its reply, the new state and the place in the queue, together or not at all. `before` is what the turn started
    /// from: where somebody wrote since, a person who claimed the conversation among them, nothing is written.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] where the conversation was deleted meanwhile, [`StoreError::Conflict`] where someone else wrote to it,
    /// [`StoreError::QueueFull`] where the queue filled up.
    pub async fn append(&self, id: ConversationId, before: &Record, said: Said) -> Result<Appended, StoreError> {
        let Said { message, version, replied, remasked, handovers, joining } = said;
        let message_id = message.id;
        let at = now();
        let event = |seq, kind| Event { seq, at, version: version.clone(), kind };
        let mut seqs = before.seq_last.saturating_add(1)..;
        let mut next = || seqs.next().unwrap_or(u64::MAX);
        let (state, answered) = replied.unzip();
        let message = event(next(), EventKind::Message(message));
        let reply = answered.map(|answered| event(next(), EventKind::Reply(Box::new(answered))));
        let handovers: Vec<_> =
            handovers.into_iter().map(|handover| event(next(), EventKind::Handoff(Box::new(handover)))).collect();
        let last = handovers.last().or(reply.as_ref()).map_or(message.seq, |event| event.seq);
        let owner = if joining.is_some() { Owner::Queued } else { before.owner };

        let mut transaction = self.backend.begin().await?;
        let changed = sqlx::query(
            "update conversations set state = $1, seq_last = $2, messages_n = messages_n + 1, used_at = $3, owner = $4
             where id = $5 and seq_last = $6",
        )
        .bind(json(state.as_ref().unwrap_or(&before.state), "state")?)
        .bind(stored(last))
        .bind(at.as_millisecond())
        .bind(owner.as_str())
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
        match self.insert(&mut transaction, id, &message, None).await {
            Err(StoreError::Database(error)) if is_duplicate(&error) => {
                transaction.rollback().await?;
                let exchanged = self.exchanged(id, message_id).await?.ok_or(StoreError::Conflict)?;
                return Ok(Appended::Repeated(exchanged));
            }
            result => result?,
        }
        for earlier in &remasked {
            sqlx::query("update events set payload = $1 where conversation = $2 and seq = $3 and kind = 'message'")
                .bind(json(&earlier.kind, "event")?)
                .bind(id_bytes(id))
                .bind(stored(earlier.seq))
                .execute(&mut *transaction)
                .await?;
        }
        if let Some(reply) = &reply {
            self.insert(&mut transaction, id, reply, Some(message.seq)).await?;
        }
        for handover in &handovers {
            self.insert(&mut transaction, id, handover, None).await?;
        }
        if self.has_outbox && !before.owner.is_bot() {
            // Whoever has the conversation, or will, is told what the citizen writes.
            outbox::post(&mut transaction, id, message.seq).await?;
        }
        if let Some(joining) = &joining {
            handoff::insert_ticket(&mut transaction, id, joining).await?;
        }
        self.backend.tell(&mut transaction, Change::Reaches(id, last)).await?;
        transaction.commit().await?;
        if !remasked.is_empty() {
            self.backend.checkpoint().await?;
        }
        Ok(Appended::Written(Exchanged { message, reply }, last))
    }

    /// What was replied to a message with this name, if it was written before.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn exchanged(&self, id: ConversationId, message: MessageId) -> Result<Option<Exchanged>, StoreError> {
        let seq: Option<i64> = sqlx::query_scalar("select seq from events where conversation = $1 and message_id = $2")
            .bind(id_bytes(id))
            .bind(message.0.as_bytes().to_vec())
            .fetch_optional(&self.backend.readers)
            .await?;
        let Some(seq) = seq else { return Ok(None) };
        let rows = sqlx::query(
            "select seq, at, content, payload from events where conversation = $1 and (seq = $2 or answers = $2) order by seq limit 2",
        )
        .bind(id_bytes(id))
        .bind(seq)
        .fetch_all(&self.backend.readers)
        .await?;
        let mut events = rows.iter().map(event);
        let Some(message) = events.next().transpose()? else {
            // Deleted between the two looks.
            return Ok(None);
        };
        Ok(Some(Exchanged { message, reply: events.next().transpose()? }))
    }

    /// The last messages of the citizen, at most `messages_n`, the newest last.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn last_messages(&self, id: ConversationId, messages_n: usize) -> Result<Vec<Event>, StoreError> {
        let rows = sqlx::query(
            "select seq, at, content, payload from events where conversation = $1 and kind = 'message' order by seq desc limit $2",
        )
        .bind(id_bytes(id))
        .bind(i64::try_from(messages_n).unwrap_or(i64::MAX))
        .fetch_all(&self.backend.readers)
        .await?;
        rows.iter().rev().map(event).collect()
    }

    /// The message with this name, a citizen's or an expert's.
    pub(super) async fn event_named(&self, id: ConversationId, name: MessageId) -> Result<Option<Event>, StoreError> {
        let row =
            sqlx::query("select seq, at, content, payload from events where conversation = $1 and message_id = $2")
                .bind(id_bytes(id))
                .bind(name.0.as_bytes().to_vec())
                .fetch_optional(&self.backend.readers)
                .await?;
        row.as_ref().map(event).transpose()
    }

    /// The events after a place, in order, at most `events_max`.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn events(&self, id: ConversationId, after: u64, events_max: u32) -> Result<Vec<Event>, StoreError> {
        let rows = sqlx::query(
            "select seq, at, content, payload from events where conversation = $1 and seq > $2 order by seq limit $3",
        )
        .bind(id_bytes(id))
        .bind(stored(after))
        .bind(i64::from(events_max))
        .fetch_all(&self.backend.readers)
        .await?;
        rows.iter().map(event).collect()
    }
}

pub(super) async fn insert(
    connection: &mut AnyConnection,
    id: ConversationId,
    event: &Event,
    answers: Option<u64>,
) -> Result<(), StoreError> {
    let message_id = match &event.kind {
        EventKind::Message(message) => Some(message.id.0.as_bytes().to_vec()),
        EventKind::Expert(message) => Some(message.id.0.as_bytes().to_vec()),
        EventKind::Welcome(_) | EventKind::Reply(_) | EventKind::Handoff(_) | EventKind::Card(_) => None,
    };
    sqlx::query(
        "insert into events (conversation, seq, kind, payload, content, message_id, answers, at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
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

fn event(row: &AnyRow) -> Result<Event, StoreError> {
    let version: String = row.try_get(2)?;
    Ok(Event {
        seq: count(row.try_get(0)?),
        at: Timestamp::from_millisecond(row.try_get(1)?).map_err(|_| StoreError::Form { what: "time" })?,
        // A version is a string of JSON wherever it is written.
        version: serde_json::from_value(version.into()).map_err(|_| StoreError::Form { what: "version" })?,
        kind: parse(row.try_get(3)?, "event")?,
    })
}

pub(super) fn is_duplicate(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| error.kind() == ErrorKind::UniqueViolation)
}
