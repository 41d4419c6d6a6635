//! Retention: what is older than it may be is deleted.

use crate::store::{Store, StoreError, now};
use jiff::Timestamp;

/// Conversations that one transaction deletes, so that writing citizens wait for milliseconds only.
const BATCH_N: i64 = 500;
/// A day in milliseconds.
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

impl Store {
    /// Deletes the conversations that were last used more than this many days ago. Gives how many there were.
    ///
    /// # Errors
    /// Where the database fails; what was deleted stays deleted.
    pub async fn sweep(&self, retention_days: u32) -> Result<u64, StoreError> {
        let before = now().as_millisecond() - DAY_MS * i64::from(retention_days);
        let before = Timestamp::from_millisecond(before).map_err(|_| StoreError::Form { what: "time" })?;
        self.delete_unused_since(before).await
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
