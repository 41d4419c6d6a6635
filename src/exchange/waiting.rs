//! Where somebody stands in the queue, for streams: many look at once, so all of them see the queue as it was at most a moment ago.

use crate::exchange::handoff::place_of;
use crate::exchange::{Admitted, Exchange, Refusal};
use crate::handoff::estimate_minutes;
use crate::store::Ticket;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// The place of somebody who waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// From 1.
    pub position: u32,
    /// The wait in minutes, rounded up.
    pub estimate_minutes: Option<u32>,
}

/// The last look at the queue.
#[derive(Default)]
pub(super) struct Recent(Mutex<Option<(Instant, Arc<Queue>)>>);

struct Queue {
    tickets: Vec<Ticket>,
    chats_n: u32,
    chat_minutes: f64,
}

/// How old a look may be.
const AGE_MAX: Duration = Duration::from_secs(1);

impl Exchange {
    /// Where a conversation stands in its queue, some hundred milliseconds ago; nothing where it does not wait.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn place_in_queue(&self, admitted: Admitted) -> Result<Option<Place>, Refusal> {
        let queue = self.recent_queue().await?;
        let Some(ticket) = queue.tickets.iter().find(|ticket| ticket.conversation == admitted.id()) else {
            return Ok(None);
        };
        let position = place_of(ticket, &queue.tickets);
        let estimate_minutes = estimate_minutes(position, queue.chats_n, queue.chat_minutes);
        Ok(Some(Place { position, estimate_minutes }))
    }

    #[expect(clippy::disallowed_methods, reason = "bounds how old a look at the queue may be")]
    async fn recent_queue(&self) -> Result<Arc<Queue>, Refusal> {
        // Whoever comes while another looks waits for what that one sees.
        let mut recent = self.waiting.0.lock().await;
        if let Some((at, queue)) = &*recent
            && at.elapsed() < AGE_MAX
        {
            return Ok(Arc::clone(queue));
        }
        let queue = Arc::new(Queue {
            tickets: self.store.waiting().await?,
            chats_n: self.store.chats_at_once().await?,
            chat_minutes: self.chat_minutes().await?,
        });
        *recent = Some((Instant::now(), Arc::clone(&queue)));
        Ok(queue)
    }
}
