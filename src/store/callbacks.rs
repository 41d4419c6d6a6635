//! Calls that citizens asked for. Numbers come in encrypted and leave with their row.

use crate::domain::{AccountId, CallBackId, CallBackWish, CallOutcome, ConversationId, Language};
use crate::store::handoff::{account_bytes, uuid};
use crate::store::{Change, Store, StoreError, id_bytes, now};
use jiff::Timestamp;
use jiff::civil::DateTime;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row as _};
use std::collections::BTreeMap;

/// A call that was asked for. Its `Debug` hides topic and number.
#[derive(Clone, PartialEq, Eq)]
pub struct CallBack {
    /// Its name.
    pub id: CallBackId,
    /// The conversation in which it was asked for.
    pub conversation: ConversationId,
    /// When its time begins, Helsinki time.
    pub slot: DateTime,
    /// The encrypted number.
    pub sealed_number: Vec<u8>,
    /// The language of the call.
    pub language: Language,
    /// Whether an interpreter is wanted.
    pub wants_interpreter: bool,
    /// What it is about, masked; may be empty.
    pub topic: String,
    /// Who will call.
    pub expert: Option<AccountId>,
    /// When it was asked for.
    pub asked_at: Timestamp,
}

/// A call that is asked for.
pub struct NewCallBack {
    /// Its name.
    pub id: CallBackId,
    /// The conversation in which it is asked for.
    pub conversation: ConversationId,
    /// What is asked for, its topic masked.
    pub wish: CallBackWish,
    /// The encrypted number: the one of the wish is not kept.
    pub sealed_number: Vec<u8>,
}

/// How many calls are looked at: more than two days can have.
const CALLS_MAX: i64 = 2_000;
const SELECT_ALL: &str =
    "select id, conversation, slot, number, language, interpreter, topic, expert, asked_at from callbacks
     order by slot, asked_at limit $1";
const SELECT_ONE: &str = "select id, conversation, slot, number, language, interpreter, topic, expert, asked_at from callbacks where id = $1";
const SELECT_OF: &str =
    "select id, conversation, slot, number, language, interpreter, topic, expert, asked_at from callbacks
     where conversation = $1";

impl Store {
    /// Keeps a request, in the place of one that the conversation has already. Time and place are counted in the same transaction.
    ///
    /// # Errors
    /// [`StoreError::SlotFull`] where the time has all its calls, [`StoreError::Taken`] where an expert has the earlier request already,
    /// [`StoreError::Unknown`] where the conversation is no more.
    pub async fn request_call_back(&self, call: NewCallBack, per_slot_n: u32) -> Result<CallBack, StoreError> {
        let NewCallBack { id, conversation, wish, sealed_number } = call;
        let call = CallBack {
            id,
            conversation,
            slot: wish.slot,
            sealed_number,
            language: wish.language,
            wants_interpreter: wish.wants_interpreter,
            topic: wish.topic,
            expert: None,
            asked_at: now(),
        };
        let mut transaction = self.backend.begin().await?;
        take_place(&mut transaction, call.slot, call.conversation, per_slot_n).await?;
        let written = sqlx::query(
            "insert into callbacks (id, conversation, slot, number, language, interpreter, topic, asked_at)
             select $1, id, $2, $3, $4, $5, $6, $7 from conversations where id = $8
             on conflict (conversation) do update set id = excluded.id, slot = excluded.slot, number = excluded.number,
                 language = excluded.language, interpreter = excluded.interpreter, topic = excluded.topic
             where callbacks.expert is null",
        )
        .bind(call.id.0.as_bytes().to_vec())
        .bind(call.slot.to_string())
        .bind(call.sealed_number.clone())
        .bind(call.language.tag())
        .bind(i64::from(call.wants_interpreter))
        .bind(call.topic.clone())
        .bind(call.asked_at.as_millisecond())
        .bind(id_bytes(call.conversation))
        .execute(&mut *transaction)
        .await?;
        if written.rows_affected() == 0 {
            transaction.rollback().await?;
            self.record(call.conversation).await?;
            return Err(StoreError::Taken);
        }
        self.backend.tell(&mut transaction, Change::Reaches(call.conversation, 0)).await?;
        transaction.commit().await?;
        Ok(call)
    }

    /// All calls that are to be made, the next first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn call_backs(&self) -> Result<Vec<CallBack>, StoreError> {
        let rows = sqlx::query(SELECT_ALL).bind(CALLS_MAX).fetch_all(&self.backend.readers).await?;
        rows.iter().map(call).collect()
    }

    /// One call.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn call_back(&self, id: CallBackId) -> Result<Option<CallBack>, StoreError> {
        let row = sqlx::query(SELECT_ONE).bind(id.0.as_bytes().to_vec()).fetch_optional(&self.backend.readers).await?;
        row.as_ref().map(call).transpose()
    }

    /// The call that was asked for in a conversation.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn call_back_of(&self, conversation: ConversationId) -> Result<Option<CallBack>, StoreError> {
        let row = sqlx::query(SELECT_OF).bind(id_bytes(conversation)).fetch_optional(&self.backend.readers).await?;
        row.as_ref().map(call).transpose()
    }

    /// How many calls each time has.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn calls_by_slot(&self) -> Result<BTreeMap<DateTime, u32>, StoreError> {
        let rows = sqlx::query("select slot, count(*) from callbacks group by slot limit $1")
            .bind(CALLS_MAX)
            .fetch_all(&self.backend.readers)
            .await?;
        rows.iter()
            .map(|row| {
                Ok((slot(&row.try_get::<String, _>(0)?)?, u32::try_from(row.try_get::<i64, _>(1)?).unwrap_or(u32::MAX)))
            })
            .collect()
    }

    /// Gives a call to an expert, or takes it from her. False where somebody else has it, or it is no more.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn claim_call_back(
        &self,
        id: CallBackId,
        expert: AccountId,
        is_claimed: bool,
    ) -> Result<bool, StoreError> {
        let statement = if is_claimed {
            "update callbacks set expert = $1 where id = $2 and expert is null"
        } else {
            "update callbacks set expert = null where expert = $1 and id = $2"
        };
        let changed = sqlx::query(statement)
            .bind(account_bytes(expert))
            .bind(id.0.as_bytes().to_vec())
            .execute(&self.backend.writer)
            .await?;
        Ok(changed.rows_affected() == 1)
    }

    /// Moves a call of an expert to another time; it is anybody's again.
    ///
    /// # Errors
    /// [`StoreError::SlotFull`] where the time has all its calls, [`StoreError::Taken`] where it is not this expert's.
    pub async fn move_call_back(
        &self,
        call: &CallBack,
        expert: AccountId,
        (slot, per_slot_n): (DateTime, u32),
    ) -> Result<(), StoreError> {
        let mut transaction = self.backend.begin().await?;
        take_place(&mut transaction, slot, call.conversation, per_slot_n).await?;
        let moved = sqlx::query("update callbacks set slot = $1, expert = null where id = $2 and expert = $3")
            .bind(slot.to_string())
            .bind(call.id.0.as_bytes().to_vec())
            .bind(account_bytes(expert))
            .execute(&mut *transaction)
            .await?;
        if moved.rows_affected() == 0 {
            transaction.rollback().await?;
            return Err(StoreError::Taken);
        }
        self.backend.tell(&mut transaction, Change::Reaches(call.conversation, 0)).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Ends a call and deletes number and topic. `expert` is whose it has to be, none lets the citizen end it. False where it is not, or is
    /// no more.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn end_call_back(
        &self,
        call: &CallBack,
        expert: Option<AccountId>,
        outcome: CallOutcome,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.backend.begin().await?;
        let ended_n = match expert {
            Some(expert) => sqlx::query("delete from callbacks where id = $1 and expert = $2")
                .bind(call.id.0.as_bytes().to_vec())
                .bind(account_bytes(expert)),
            None => sqlx::query("delete from callbacks where id = $1").bind(call.id.0.as_bytes().to_vec()),
        };
        if ended_n.execute(&mut *transaction).await?.rows_affected() == 0 {
            return Ok(false);
        }
        done(&mut transaction, call, outcome).await?;
        self.backend.tell(&mut transaction, Change::Reaches(call.conversation, 0)).await?;
        transaction.commit().await?;
        self.backend.checkpoint().await?;
        Ok(true)
    }

    /// Deletes the calls whose time began before this and that nobody ended. Gives how many there were.
    ///
    /// # Errors
    /// Where the database fails; what was deleted stays deleted.
    pub async fn sweep_call_backs(&self, before: DateTime) -> Result<u64, StoreError> {
        let mut deleted_n = 0;
        for call in self.call_backs().await?.iter().take_while(|call| call.slot < before) {
            deleted_n += u64::from(self.end_call_back(call, None, CallOutcome::Lapsed).await?);
        }
        Ok(deleted_n)
    }
}

/// Counts the calls of a time, but for this conversation's. The gate is locked first, so that two who come at once are counted one after the
/// other.
async fn take_place(
    connection: &mut AnyConnection,
    slot: DateTime,
    conversation: ConversationId,
    per_slot_n: u32,
) -> Result<(), StoreError> {
    sqlx::query("update gate set joined_n = joined_n + 1 where id = 2").execute(&mut *connection).await?;
    let (taken_n,): (i64,) = sqlx::query_as("select count(*) from callbacks where slot = $1 and conversation <> $2")
        .bind(slot.to_string())
        .bind(id_bytes(conversation))
        .fetch_one(connection)
        .await?;
    if i64::from(per_slot_n) <= taken_n { Err(StoreError::SlotFull) } else { Ok(()) }
}

async fn done(connection: &mut AnyConnection, call: &CallBack, outcome: CallOutcome) -> Result<(), StoreError> {
    sqlx::query("insert into callbacks_done (ended_at, asked_at, slot, language, outcome) values ($1, $2, $3, $4, $5)")
        .bind(now().as_millisecond())
        .bind(call.asked_at.as_millisecond())
        .bind(call.slot.to_string())
        .bind(call.language.tag())
        .bind(outcome.as_str())
        .execute(connection)
        .await?;
    Ok(())
}

fn slot(text: &str) -> Result<DateTime, StoreError> {
    text.parse().map_err(|_| StoreError::Form { what: "time of a call" })
}

fn call(row: &AnyRow) -> Result<CallBack, StoreError> {
    let (id, conversation): (Vec<u8>, Vec<u8>) = (row.try_get(0)?, row.try_get(1)?);
    let language: String = row.try_get(4)?;
    let expert: Option<Vec<u8>> = row.try_get(7)?;
    Ok(CallBack {
        id: CallBackId(uuid(&id)?),
        conversation: ConversationId(uuid(&conversation)?),
        slot: slot(&row.try_get::<String, _>(2)?)?,
        sealed_number: row.try_get(3)?,
        language: language.parse().map_err(|_| StoreError::Form { what: "language" })?,
        wants_interpreter: row.try_get::<i64, _>(5)? != 0,
        topic: row.try_get(6)?,
        expert: expert.map(|bytes| uuid(&bytes).map(AccountId)).transpose()?,
        asked_at: Timestamp::from_millisecond(row.try_get(8)?).map_err(|_| StoreError::Form { what: "time" })?,
    })
}

impl std::fmt::Debug for CallBack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CallBack({}, {})", self.id, self.slot)
    }
}
