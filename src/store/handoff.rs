//! Who answers a conversation. Each change of hands is one transaction: the owner, its event and the queue together, or none of them.

use crate::domain::{
    AccountId, ContentVersion, ConversationId, Event, EventKind, ExpertMessage, HandOff, Handover, Language, Occasion,
    Owner, Resolution,
};
use crate::store::{Change, Store, StoreError, count, events, id_bytes, json, now, parse, stored};
use jiff::{SignedDuration, Timestamp};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row as _};
use uuid::Uuid;

/// A conversation's place in the queue that is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Joining {
    /// Which queue.
    pub queue: String,
    /// Why.
    pub why: HandOff,
    /// The language of the conversation.
    pub language: Language,
    /// What was last spoken of.
    pub benefit: Option<String>,
    /// How many may wait.
    pub len_max: u32,
}

/// A conversation that waits for a person or is with one.
#[derive(Clone, Debug, PartialEq)]
pub struct Ticket {
    /// The conversation.
    pub conversation: ConversationId,
    /// Which queue.
    pub queue: String,
    /// Why.
    pub why: HandOff,
    /// Since when.
    pub since: Timestamp,
    /// The language of the conversation.
    pub language: Language,
    /// What was last spoken of.
    pub benefit: Option<String>,
    /// The expert who has it.
    pub expert: Option<AccountId>,
}

/// A change of hands.
#[derive(Clone, Debug, PartialEq)]
pub enum Passing {
    /// The citizen leaves the queue.
    Leave,
    /// An expert takes it out of the queue.
    Claim(AccountId),
    /// The expert gives it to a colleague.
    Pass(AccountId, AccountId),
    /// The expert puts it back into the queue.
    Requeue(AccountId),
    /// The expert gives it back to the bot.
    Return(AccountId),
    /// The expert closes it.
    Close(AccountId, Resolution),
}

/// How many conversations are looked at: more than any queue may hold.
const TICKETS_MAX: i64 = 2_000;
/// How many finished conversations tell how long one lasts.
const SAMPLE_N: i64 = 50;

impl Passing {
    const fn owners(&self) -> (Owner, Owner) {
        match self {
            Self::Leave => (Owner::Queued, Owner::Bot),
            Self::Claim(_) => (Owner::Queued, Owner::Expert),
            Self::Pass(..) => (Owner::Expert, Owner::Expert),
            Self::Requeue(_) => (Owner::Expert, Owner::Queued),
            Self::Return(_) => (Owner::Expert, Owner::Bot),
            Self::Close(..) => (Owner::Expert, Owner::Closed),
        }
    }

    /// What it is called where it ends a hand-off.
    const fn outcome(&self) -> Option<&'static str> {
        match self {
            Self::Leave => Some("left"),
            Self::Return(_) => Some("returned"),
            Self::Close(..) => Some("closed"),
            Self::Claim(_) | Self::Pass(..) | Self::Requeue(_) => None,
        }
    }

    const fn resolution(&self) -> Option<Resolution> {
        if let Self::Close(_, resolution) = self { Some(*resolution) } else { None }
    }
}

impl Store {
    /// Changes hands and writes the event of it.
    ///
    /// # Errors
    /// [`StoreError::Taken`] where the conversation is not there any more: someone else was quicker, or it is not this expert's;
    /// [`StoreError::ChatsFull`] where the expert has as many as one may.
    pub async fn pass(
        &self,
        id: ConversationId,
        passing: &Passing,
        event: (Handover, ContentVersion),
    ) -> Result<Event, StoreError> {
        let (handover, version) = event;
        let (from, to) = passing.owners();
        let mut transaction = self.backend.begin().await?;
        let seq = advance(&mut transaction, id, (from, to)).await?;
        if let Passing::Claim(expert) = passing {
            has_room(&mut transaction, *expert).await?;
        }
        let done = change_ticket(&mut transaction, id, passing).await?;
        if !done {
            transaction.rollback().await?;
            return Err(StoreError::Taken);
        }
        let event = Event { seq, at: now(), version, kind: EventKind::Handoff(Box::new(handover)) };
        self.insert(&mut transaction, id, &event, None).await?;
        self.backend.tell(&mut transaction, Change::Reaches(id, seq)).await?;
        transaction.commit().await?;
        Ok(event)
    }

    /// Puts a conversation that the bot has into the queue.
    ///
    /// # Errors
    /// [`StoreError::QueueFull`] where as many wait as may, [`StoreError::Taken`] where the bot has it no more.
    pub async fn join(
        &self,
        id: ConversationId,
        joining: &Joining,
        handovers: Vec<Handover>,
        version: ContentVersion,
    ) -> Result<Vec<Event>, StoreError> {
        let mut transaction = self.backend.begin().await?;
        let mut written = Vec::new();
        for handover in handovers {
            let from = if written.is_empty() { None } else { Some(Owner::Queued) };
            let seq = match from {
                None => advance_from_bot(&mut transaction, id).await?,
                Some(owner) => advance(&mut transaction, id, (owner, owner)).await?,
            };
            let event =
                Event { seq, at: now(), version: version.clone(), kind: EventKind::Handoff(Box::new(handover)) };
            self.insert(&mut transaction, id, &event, None).await?;
            written.push(event);
        }
        insert_ticket(&mut transaction, id, joining).await?;
        let seq = written.last().map_or(0, |event| event.seq);
        self.backend.tell(&mut transaction, Change::Reaches(id, seq)).await?;
        transaction.commit().await?;
        Ok(written)
    }

    /// Writes an event that changes nothing else, such as a hand-off that failed.
    ///
    /// # Errors
    /// [`StoreError::Taken`] where the bot has the conversation no more.
    pub async fn note(
        &self,
        id: ConversationId,
        handover: Handover,
        version: ContentVersion,
    ) -> Result<Event, StoreError> {
        let mut transaction = self.backend.begin().await?;
        let advanced: Option<(i64,)> = sqlx::query_as(
            "update conversations set seq_last = seq_last + 1 where id = $1 and owner in ('bot', 'closed') returning seq_last",
        )
        .bind(id_bytes(id))
        .fetch_optional(&mut *transaction)
        .await?;
        let seq = count(advanced.ok_or(StoreError::Taken)?.0);
        let event = Event { seq, at: now(), version, kind: EventKind::Handoff(Box::new(handover)) };
        self.insert(&mut transaction, id, &event, None).await?;
        self.backend.tell(&mut transaction, Change::Reaches(id, seq)).await?;
        transaction.commit().await?;
        Ok(event)
    }

    /// Writes what the expert says who has the conversation. The same message again gives the first one's event.
    ///
    /// # Errors
    /// [`StoreError::Taken`] where the expert has it no more.
    pub async fn speak(
        &self,
        id: ConversationId,
        expert: AccountId,
        message: ExpertMessage,
        version: ContentVersion,
    ) -> Result<Event, StoreError> {
        let kind = EventKind::Expert(message.clone());
        let mut transaction = self.backend.begin().await?;
        let seq = advance(&mut transaction, id, (Owner::Expert, Owner::Expert)).await;
        let is_theirs: Option<(i64,)> =
            sqlx::query_as("select occasion from handoffs where conversation = $1 and expert = $2")
                .bind(id_bytes(id))
                .bind(account_bytes(expert))
                .fetch_optional(&mut *transaction)
                .await?;
        if let (Ok(seq), Some(_)) = (seq, is_theirs) {
            let event = Event { seq, at: now(), version, kind: kind.clone() };
            match self.insert(&mut transaction, id, &event, None).await {
                Err(StoreError::Database(error)) if events::is_duplicate(&error) => {}
                result => {
                    result?;
                    self.backend.tell(&mut transaction, Change::Reaches(id, seq)).await?;
                    transaction.commit().await?;
                    return Ok(event);
                }
            }
        }
        transaction.rollback().await?;
        // What was written before is told again, to who wrote it, also when the conversation is over by now.
        let written = self.event_named(id, message.id).await?.filter(|event| event.kind == kind);
        written.ok_or(StoreError::Taken)
    }

    /// Everyone who waits, the most urgent first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn waiting(&self) -> Result<Vec<Ticket>, StoreError> {
        let rows = sqlx::query(
            "select conversation, why, since, language, benefit, expert, queue from handoffs where expert is null
             order by occasion, since limit $1",
        )
        .bind(TICKETS_MAX)
        .fetch_all(&self.backend.readers)
        .await?;
        rows.iter().map(ticket).collect()
    }

    /// The conversations that experts have, the oldest first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn claimed(&self) -> Result<Vec<Ticket>, StoreError> {
        let rows = sqlx::query(
            "select conversation, why, since, language, benefit, expert, queue from handoffs where expert is not null
             order by since limit $1",
        )
        .bind(TICKETS_MAX)
        .fetch_all(&self.backend.readers)
        .await?;
        rows.iter().map(ticket).collect()
    }

    /// The ticket of a conversation, where it waits or is with an expert.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn ticket(&self, id: ConversationId) -> Result<Option<Ticket>, StoreError> {
        let statement =
            "select conversation, why, since, language, benefit, expert, queue from handoffs where conversation = $1";
        let row = sqlx::query(statement).bind(id_bytes(id)).fetch_optional(&self.backend.readers).await?;
        row.as_ref().map(ticket).transpose()
    }

    /// How long the last conversations with experts took, on average; nothing before the first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn chat_time(&self) -> Result<Option<SignedDuration>, StoreError> {
        let rows: Vec<(i64, i64)> = sqlx::query_as(
            "select claimed_at, ended_at from handoffs_done where claimed_at is not null order by ended_at desc limit $1",
        )
        .bind(SAMPLE_N)
        .fetch_all(&self.backend.readers)
        .await?;
        let chats_n = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        let sum: i64 = rows.iter().map(|(claimed, ended)| (ended - claimed).max(0)).sum();
        Ok(sum.checked_div(chats_n).map(SignedDuration::from_millis))
    }
}

/// Takes the next place in a conversation that an owner has, and locks its row: whoever comes second finds another owner.
pub(super) async fn advance(
    connection: &mut AnyConnection,
    id: ConversationId,
    (from, to): (Owner, Owner),
) -> Result<u64, StoreError> {
    let advanced: Option<(i64,)> = sqlx::query_as(
        "update conversations set seq_last = seq_last + 1, owner = $1, used_at = $2 where id = $3 and owner = $4
         returning seq_last",
    )
    .bind(to.as_str())
    .bind(now().as_millisecond())
    .bind(id_bytes(id))
    .bind(from.as_str())
    .fetch_optional(connection)
    .await?;
    advanced.map(|(seq,)| count(seq)).ok_or(StoreError::Taken)
}

/// Counts the conversations of an expert. The account's row is locked first, so that of two claims at once the second counts the first.
async fn has_room(connection: &mut AnyConnection, expert: AccountId) -> Result<(), StoreError> {
    let account: Option<(i64,)> =
        sqlx::query_as("update accounts set chats_max = chats_max where id = $1 and disabled = 0 returning chats_max")
            .bind(account_bytes(expert))
            .fetch_optional(&mut *connection)
            .await?;
    let (chats_max,) = account.ok_or(StoreError::Taken)?;
    let (chats_n,): (i64,) = sqlx::query_as("select count(*) from handoffs where expert = $1")
        .bind(account_bytes(expert))
        .fetch_one(connection)
        .await?;
    if chats_max <= chats_n { Err(StoreError::ChatsFull) } else { Ok(()) }
}

async fn advance_from_bot(connection: &mut AnyConnection, id: ConversationId) -> Result<u64, StoreError> {
    match advance(connection, id, (Owner::Bot, Owner::Queued)).await {
        Err(StoreError::Taken) => advance(connection, id, (Owner::Closed, Owner::Queued)).await,
        result => result,
    }
}

/// Writes a place in the queue, unless it is full. Joining locks the gate, so that two who come at once are counted one after the other.
pub(super) async fn insert_ticket(
    connection: &mut AnyConnection,
    id: ConversationId,
    joining: &Joining,
) -> Result<(), StoreError> {
    sqlx::query("update gate set joined_n = joined_n + 1 where id = 1").execute(&mut *connection).await?;
    let (waiting_n,): (i64,) = sqlx::query_as("select count(*) from handoffs where queue = $1 and expert is null")
        .bind(joining.queue.clone())
        .fetch_one(&mut *connection)
        .await?;
    if i64::from(joining.len_max) <= waiting_n {
        return Err(StoreError::QueueFull);
    }
    sqlx::query(
        "insert into handoffs (conversation, occasion, since, language, benefit, why, queue)
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(id_bytes(id))
    .bind(urgency(joining.why.occasion))
    .bind(now().as_millisecond())
    .bind(joining.language.tag())
    .bind(joining.benefit.clone())
    .bind(json(&joining.why, "reason")?)
    .bind(joining.queue.clone())
    .execute(connection)
    .await?;
    Ok(())
}

/// Changes the place in the queue. False where it is not there, or not this expert's.
async fn change_ticket(
    connection: &mut AnyConnection,
    id: ConversationId,
    passing: &Passing,
) -> Result<bool, StoreError> {
    let changed = match passing {
        Passing::Claim(expert) => {
            sqlx::query("update handoffs set expert = $1, claimed_at = $2 where conversation = $3 and expert is null")
                .bind(account_bytes(*expert))
                .bind(now().as_millisecond())
                .bind(id_bytes(id))
        }
        Passing::Pass(from, to) => {
            sqlx::query("update handoffs set expert = $1 where conversation = $2 and expert = $3")
                .bind(account_bytes(*to))
                .bind(id_bytes(id))
                .bind(account_bytes(*from))
        }
        Passing::Requeue(expert) => {
            sqlx::query("update handoffs set expert = null, claimed_at = null where conversation = $1 and expert = $2")
                .bind(id_bytes(id))
                .bind(account_bytes(*expert))
        }
        Passing::Leave => sqlx::query(DONE_WAITING).bind(now().as_millisecond()).bind("left").bind(id_bytes(id)),
        Passing::Return(expert) | Passing::Close(expert, _) => sqlx::query(DONE_BY_EXPERT)
            .bind(now().as_millisecond())
            .bind(passing.outcome().unwrap_or_default())
            .bind(id_bytes(id))
            .bind(account_bytes(*expert))
            .bind(passing.resolution().map(Resolution::as_str)),
    };
    let changed = changed.execute(&mut *connection).await?.rows_affected() == 1;
    if changed && passing.outcome().is_some() {
        sqlx::query("delete from handoffs where conversation = $1").bind(id_bytes(id)).execute(connection).await?;
    }
    Ok(changed)
}

const DONE_WAITING: &str = "insert into handoffs_done (ended_at, since, claimed_at, occasion, language, outcome)
    select $1, since, claimed_at, occasion, language, $2 from handoffs where conversation = $3 and expert is null";
const DONE_BY_EXPERT: &str =
    "insert into handoffs_done (ended_at, since, claimed_at, occasion, language, outcome, resolution)
    select $1, since, claimed_at, occasion, language, $2, $5 from handoffs where conversation = $3 and expert = $4";

fn ticket(row: &AnyRow) -> Result<Ticket, StoreError> {
    let language: String = row.try_get(3)?;
    let expert: Option<Vec<u8>> = row.try_get(5)?;
    let id: Vec<u8> = row.try_get(0)?;
    Ok(Ticket {
        conversation: ConversationId(uuid(&id)?),
        queue: row.try_get(6)?,
        why: parse(&row.try_get::<String, _>(1)?, "reason")?,
        since: Timestamp::from_millisecond(row.try_get(2)?).map_err(|_| StoreError::Form { what: "time" })?,
        language: language.parse().map_err(|_| StoreError::Form { what: "language" })?,
        benefit: row.try_get(4)?,
        expert: expert.map(|bytes| uuid(&bytes).map(AccountId)).transpose()?,
    })
}

fn urgency(occasion: Occasion) -> i64 {
    let at = Occasion::ALL.iter().position(|other| *other == occasion).unwrap_or(Occasion::ALL.len());
    stored(at as u64)
}

pub(super) fn uuid(bytes: &[u8]) -> Result<Uuid, StoreError> {
    Uuid::from_slice(bytes).map_err(|_| StoreError::Form { what: "id" })
}

pub(super) fn account_bytes(id: AccountId) -> Vec<u8> {
    id.0.as_bytes().to_vec()
}
