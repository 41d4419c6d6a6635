//! Where the messages of one conversation wait for their turn and its listeners for news. A room exists while someone is in it.

use crate::domain::{ConversationId, Side};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedMutexGuard, watch};

/// The rooms that someone is in.
#[derive(Debug, Default)]
pub(super) struct Rooms {
    rooms: Mutex<HashMap<ConversationId, Room>>,
    /// Tells whoever looks over all conversations that something happened in one.
    anything: watch::Sender<()>,
}

#[derive(Debug)]
struct Room {
    writer: Arc<tokio::sync::Mutex<()>>,
    news: watch::Sender<News>,
    /// Who wrote last without sending it, and when.
    typing: watch::Sender<Option<(Side, Instant)>>,
    writers_n: usize,
    listeners_n: usize,
}

/// What listeners are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// The conversation reaches this far.
    Reaches(u64),
    /// The conversation was deleted.
    Closed,
    /// Somebody writes just now.
    Typing(Side),
}

/// How many messages of one conversation may be under way, the one being answered included.
const WRITERS_MAX: usize = 4;
/// How often listeners are told that the same side writes.
const TYPING_TIME: Duration = Duration::from_secs(2);
/// How many streams one conversation may have: some pages in tabs of one browser.
const LISTENERS_MAX: usize = 8;

/// A message's place in the queue of its conversation.
#[derive(Debug)]
pub(super) struct Place {
    rooms: Arc<Rooms>,
    id: ConversationId,
    writer: Arc<tokio::sync::Mutex<()>>,
}

/// A listener's place in a conversation.
#[derive(Debug)]
pub struct Visit {
    rooms: Arc<Rooms>,
    id: ConversationId,
    news: watch::Receiver<News>,
    typing: watch::Receiver<Option<(Side, Instant)>>,
}

impl Rooms {
    /// Queues a message; `None` where as many wait as may.
    pub(super) fn queue(self: &Arc<Self>, id: ConversationId) -> Option<Place> {
        let mut rooms = self.lock();
        let room = rooms.entry(id).or_default();
        if WRITERS_MAX <= room.writers_n {
            return None;
        }
        room.writers_n += 1;
        Some(Place { rooms: Arc::clone(self), id, writer: Arc::clone(&room.writer) })
    }

    /// Lets a listener in; `None` where as many listen as may.
    pub(super) fn visit(self: &Arc<Self>, id: ConversationId) -> Option<Visit> {
        let mut rooms = self.lock();
        let room = rooms.entry(id).or_default();
        if LISTENERS_MAX <= room.listeners_n {
            return None;
        }
        room.listeners_n += 1;
        let (news, typing) = (room.news.subscribe(), room.typing.subscribe());
        Some(Visit { rooms: Arc::clone(self), id, news, typing })
    }

    /// Tells listeners that the conversation is no more.
    pub(super) fn close(&self, id: ConversationId) {
        self.tell(id, News::Closed);
    }

    /// Lets all listeners look for themselves: something may have happened.
    pub(super) fn look(&self) {
        for room in self.lock().values() {
            room.news.send_modify(|_| {});
        }
        self.anything.send_replace(());
    }

    /// Tells the listeners of one conversation.
    pub(super) fn tell(&self, id: ConversationId, news: News) {
        if let Some(room) = self.lock().get(&id) {
            room.news.send_replace(news);
        }
        self.anything.send_replace(());
    }

    /// Tells the listeners of one conversation that somebody writes. False where they were told a moment ago.
    #[expect(clippy::disallowed_methods, reason = "bounds how often listeners are told")]
    pub(super) fn typing(&self, id: ConversationId, side: Side) -> bool {
        let now = Instant::now();
        match self.lock().get(&id) {
            Some(room) => room.typing.send_if_modified(|last| {
                let is_new = last.is_none_or(|(of, at)| of != side || TYPING_TIME <= now.duration_since(at));
                if is_new {
                    *last = Some((side, now));
                }
                is_new
            }),
            None => true,
        }
    }

    /// Hears that something happened, wherever.
    pub(super) fn anything(&self) -> watch::Receiver<()> {
        self.anything.subscribe()
    }

    fn leave(&self, id: ConversationId, leave: impl FnOnce(&mut Room)) {
        let mut rooms = self.lock();
        if let Some(room) = rooms.get_mut(&id) {
            leave(room);
            if room.writers_n == 0 && room.listeners_n == 0 {
                rooms.remove(&id);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ConversationId, Room>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Room {
    fn default() -> Self {
        Self {
            writer: Arc::default(),
            news: watch::Sender::new(News::Reaches(0)),
            typing: watch::Sender::new(None),
            writers_n: 0,
            listeners_n: 0,
        }
    }
}

impl Place {
    /// Waits until no other message of the conversation is being answered.
    pub(super) async fn turn(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.writer).lock_owned().await
    }

    /// Tells listeners how far the conversation reaches.
    pub(super) fn tell(&self, seq: u64) {
        self.rooms.tell(self.id, News::Reaches(seq));
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.rooms.leave(self.id, |room| room.writers_n -= 1);
    }
}

impl Visit {
    /// Waits for the next news; what came since the last look counts.
    pub async fn news(&mut self) -> News {
        // The sender lives in the room, which stands while this visit is in it.
        tokio::select! {
            biased;
            changed = self.news.changed() => match changed {
                Ok(()) => *self.news.borrow_and_update(),
                Err(_) => News::Closed,
            },
            Ok(()) = self.typing.changed() => match *self.typing.borrow_and_update() {
                Some((side, _)) => News::Typing(side),
                None => *self.news.borrow(),
            },
        }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.rooms.leave(self.id, |room| room.listeners_n -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[tokio::test]
    async fn one_at_a_time_and_only_so_many() {
        let rooms: Arc<Rooms> = Arc::default();
        let id = ConversationId(Uuid::now_v7());
        let places: Vec<_> = std::iter::from_fn(|| rooms.queue(id)).collect();
        assert_eq!(places.len(), WRITERS_MAX);
        let turn = places[0].turn().await;
        assert!(futures_util::poll!(Box::pin(places[1].turn())).is_pending());
        drop(turn);
        assert!(futures_util::poll!(Box::pin(places[1].turn())).is_ready());
        drop(places);
        assert!(rooms.lock().is_empty());
    }

    #[tokio::test]
    async fn listeners_hear_what_came_since() {
        let rooms: Arc<Rooms> = Arc::default();
        let id = ConversationId(Uuid::now_v7());
        let mut visit = rooms.visit(id).unwrap();
        rooms.queue(id).unwrap().tell(3);
        assert_eq!(visit.news().await, News::Reaches(3));
        // Who writes is told once in a while.
        assert!(rooms.typing(id, Side::Expert) && !rooms.typing(id, Side::Expert));
        assert_eq!(visit.news().await, News::Typing(Side::Expert));
        assert!(futures_util::poll!(Box::pin(visit.news())).is_pending());
        rooms.close(id);
        assert_eq!(visit.news().await, News::Closed);
        drop(visit);
        assert!(rooms.lock().is_empty());
    }
}
