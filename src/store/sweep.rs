//! Retention: what is older than it may be is deleted.

use crate::store::{Store, StoreError, now};

/// Conversations that one transaction deletes, so that writing citizens wait for milliseconds only.
const BATCH_N: u32 = 500;
/// A day in milliseconds.
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

impl Store {
    /// Deletes the conversations that were last used more than this many days ago. Gives how many there were.
    ///
    /// # Errors
    /// Where the database fails; what was deleted stays deleted.
    pub async fn sweep(&self, retention_days: u32) -> Result<u64, StoreError> {
        let before = now().as_millisecond() - DAY_MS * i64::from(retention_days);
        let mut deleted_n = 0;
        loop {
            let batch = sqlx::query(
                "delete from conversations where id in (select id from conversations where used_at < ? limit ?)",
            )
            .bind(before)
            .bind(BATCH_N)
            .execute(&self.writer)
            .await?
            .rows_affected();
            deleted_n += batch;
            if batch < u64::from(BATCH_N) {
                break;
            }
        }
        if 0 < deleted_n {
            self.checkpoint().await?;
        }
        Ok(deleted_n)
    }
}
