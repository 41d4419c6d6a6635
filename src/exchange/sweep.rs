//! Retention: everything that is past its time goes, by the service every hour and by an operator at once.

use crate::exchange::Exchange;
use crate::exchange::callback::LATE_TIME;
use crate::exchange::desk::SESSION;
use crate::exchange::identity::SIGN_IN_TIME_MAX;
use crate::store::{Ages, Store, StoreError, Swept};
use jiff::civil::DateTime;

impl Exchange {
    /// Deletes what is older than it may be, and says what it did.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn sweep(&self) -> Result<Vec<Swept>, StoreError> {
        sweep(&self.store, &self.ages, (self.clock)()).await
    }
}

/// Deletes what is older than it may be, and calls that nobody ended, by the time in Helsinki. Says what it did, class by class.
///
/// # Errors
/// Where the store fails; what was deleted stays deleted.
pub async fn sweep(store: &Store, ages: &Ages, now: DateTime) -> Result<Vec<Swept>, StoreError> {
    store.sweep_sessions(SESSION).await?;
    store.sweep_sign_ins(SIGN_IN_TIME_MAX).await?;
    let mut swept = store.sweep(ages).await?;
    if let Ok(before) = now.checked_sub(LATE_TIME) {
        let deleted_n = store.sweep_call_backs(before).await?;
        let left = store.call_backs().await?.into_iter().filter(|call| call.slot < before);
        swept.push(Swept { class: "late calls", deleted_n, left_n: left.count() as u64 });
    }
    Ok(swept)
}
