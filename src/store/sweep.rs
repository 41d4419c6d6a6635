//! Retention: what is older than it may be is deleted, class by class, and it is looked whether anything is left.

use crate::store::{Store, StoreError, count, now};
use jiff::Timestamp;

/// How old each class may become, in days.
#[derive(Clone, Copy, Debug)]
pub struct Ages {
    /// Conversations with all that belongs to them, after their last use.
    pub conversations_days: u32,
    /// The audit log.
    pub audit_days: u32,
    /// What became of hand-offs and calls: figures without words and without conversations.
    pub figures_days: u32,
    /// Webhooks that were given up.
    pub letters_days: u32,
}

/// What was done about one class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Swept {
    /// Which class.
    pub class: &'static str,
    /// How many entries were deleted.
    pub deleted_n: u64,
    /// How many entries past their age are there after it: none, unless something is wrong.
    pub left_n: u64,
}

/// Conversations that one transaction deletes, so that writing citizens wait for milliseconds only.
const BATCH_N: i64 = 500;
/// A day in milliseconds.
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// A class that is deleted by its time alone: its name, the deletion, and the look at what is left.
struct Class {
    name: &'static str,
    delete: &'static str,
    look: &'static str,
}

const AUDIT: Class = Class {
    name: "audit",
    delete: "delete from audit where at < $1",
    look: "select count(*) from audit where at < $1",
};
const HANDOFFS: Class = Class {
    name: "hand-off figures",
    delete: "delete from handoffs_done where ended_at < $1",
    look: "select count(*) from handoffs_done where ended_at < $1",
};
const CALLS: Class = Class {
    name: "call figures",
    delete: "delete from callbacks_done where ended_at < $1",
    look: "select count(*) from callbacks_done where ended_at < $1",
};
const LETTERS: Class = Class {
    name: "undelivered webhooks",
    delete: "delete from outbox where dead = 1 and next_at < $1",
    look: "select count(*) from outbox where dead = 1 and next_at < $1",
};

impl Store {
    /// Deletes of every class what is older than it may be, and looks what is left of it.
    ///
    /// # Errors
    /// Where the database fails; what was deleted stays deleted.
    pub async fn sweep(&self, ages: &Ages) -> Result<Vec<Swept>, StoreError> {
        let since = Timestamp::from_millisecond(before(ages.conversations_days));
        let deleted_n = self.delete_unused_since(since.map_err(|_| StoreError::Form { what: "time" })?).await?;
        let left = "select count(*) from conversations where used_at < $1";
        let left_n = self.past(left, before(ages.conversations_days)).await?;
        let mut swept = vec![Swept { class: "conversations", deleted_n, left_n }];
        let classes = [
            (AUDIT, ages.audit_days),
            (HANDOFFS, ages.figures_days),
            (CALLS, ages.figures_days),
            (LETTERS, ages.letters_days),
        ];
        for (class, days) in classes {
            let before = before(days);
            let deleted_n = sqlx::query(class.delete).bind(before).execute(&self.backend.writer).await?.rows_affected();
            swept.push(Swept { class: class.name, deleted_n, left_n: self.past(class.look, before).await? });
        }
        Ok(swept)
    }

    async fn past(&self, look: &'static str, before: i64) -> Result<u64, StoreError> {
        let (left_n,): (i64,) = sqlx::query_as(look).bind(before).fetch_one(&self.backend.readers).await?;
        Ok(count(left_n))
    }

    /// Deletes the conversations that were not used since a time. Gives how many there were.
    ///
    /// # Errors
    /// Where the database fails; what was deleted stays deleted.
    pub async fn delete_unused_since(&self, since: Timestamp) -> Result<u64, StoreError> {
        let mut deleted_n = 0;
        loop {
            let batch = sqlx::query(
                "delete from conversations where id in (select id from conversations where used_at < $1 limit $2)",
            )
            .bind(since.as_millisecond())
            .bind(BATCH_N)
            .execute(&self.backend.writer)
            .await?
            .rows_affected();
            deleted_n += batch;
            if batch < BATCH_N.unsigned_abs() {
                break;
            }
        }
        if 0 < deleted_n {
            self.backend.checkpoint().await?;
        }
        Ok(deleted_n)
    }
}

/// The time before which a class is deleted.
fn before(days: u32) -> i64 {
    now().as_millisecond() - DAY_MS * i64::from(days)
}
