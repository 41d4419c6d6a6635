//! The events of a conversation as they happen: a stream that can be resumed after any of them.

use crate::channel::web::problem::{Code, Problem, ProblemBody};
use crate::channel::web::state::{Key, Web};
use crate::channel::web::wire::EventBody;
use crate::domain::{Event, EventKind, HandoverState, Side};
use crate::exchange::{Admitted, Exchange, News, QueuePlace, Visit};
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::sse::{self, KeepAlive, Sse};
use futures_util::{Stream, stream};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;

/// What passes: it is not kept and has no place of its own.
#[derive(Serialize)]
struct PassingBody {
    kind: &'static str,
    /// The last event before it.
    seq: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    estimate_minutes: Option<u32>,
}

/// From where to read.
#[derive(Debug, Deserialize)]
pub(super) struct Cursor {
    /// Only events after this one.
    after: Option<u64>,
}

/// A comment is sent this often, so that proxies keep the connection and a dead one is noticed.
const KEEP_ALIVE_TIME: Duration = Duration::from_secs(15);
/// How often the store is asked without news: another process may have written, and its news been lost.
const LOOK_TIME: Duration = Duration::from_secs(10);
/// The same while the citizen waits for a person: others leave the queue.
const QUEUE_TIME: Duration = Duration::from_secs(2);
/// Events that one read takes from the store.
const EVENTS_N: u32 = 64;

/// Listen to a conversation
///
/// Server-sent events; `id` is the `seq`, `event` the kind, `data` the event as JSON. Beside them come events that are not kept and have no
/// `id`: `typing`, while a person writes, and `queue`, with the place in the queue and the wait whenever they change.
#[utoipa::path(get, path = "/v1/conversations/{id}/events", tag = "conversations", security(("secret" = [])),
    params(("id" = String, Path, format = "uuid", description = "The conversation"),
        ("after" = Option<u64>, Query, description = "Only events after this `seq`; `Last-Event-ID` goes before it"),
        ("Last-Event-ID" = Option<u64>, Header, description = "Only events after this `seq`")),
    responses(
        (status = 200, description = "A stream of events", body = EventBody, content_type = "text/event-stream"),
        (status = "4XX", description = "See /v1/problems", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "See /v1/problems", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub(super) async fn stream(
    State(web): State<Arc<Web>>,
    Key(admitted): Key,
    headers: HeaderMap,
    cursor: Result<Query<Cursor>, axum::extract::rejection::QueryRejection>,
) -> Result<Sse<impl Stream<Item = Result<sse::Event, Infallible>>>, Problem> {
    let after = match (headers.get("last-event-id"), cursor) {
        (Some(id), _) => id.to_str().ok().and_then(|id| id.parse().ok()).ok_or(Code::BadCursor)?,
        (None, Ok(Query(cursor))) => cursor.after.unwrap_or(0),
        (None, Err(_)) => return Err(Code::BadCursor.into()),
    };
    let exchange = Arc::clone(web.exchange()?);
    let permit = Arc::clone(&web.streams).try_acquire_owned().map_err(|_| Code::StreamsFull)?;
    let visit = exchange.visit(admitted).ok_or(Code::StreamsFull)?;
    let listener = Listener {
        exchange,
        admitted,
        visit,
        after,
        read: VecDeque::new(),
        queue: None,
        waits: false,
        _open: Open::new(&web, permit),
        web,
    };
    let events = stream::unfold(listener, |mut listener| async move {
        let event = listener.next().await?;
        Some((Ok(event), listener))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE_TIME)))
}

struct Listener {
    exchange: Arc<Exchange>,
    admitted: Admitted,
    visit: Visit,
    after: u64,
    read: VecDeque<Event>,
    /// The place in the queue that was told last.
    queue: Option<QueuePlace>,
    /// Whether the last step of a hand-off that was read is that a person is waited for.
    waits: bool,
    _open: Open,
    web: Arc<Web>,
}

/// Counts a stream while it lives.
struct Open {
    web: Arc<Web>,
    _permit: OwnedSemaphorePermit,
}

impl Listener {
    /// The next event; `None` where the stream ends: the server stops, the conversation was deleted, or the store failed. A client comes
    /// back with the last id it saw and misses nothing.
    async fn next(&mut self) -> Option<sse::Event> {
        loop {
            if let Some(event) = self.read.pop_front() {
                self.after = event.seq;
                if let EventKind::Handoff(handover) = &event.kind {
                    self.waits = handover.state == HandoverState::Queued;
                }
                let body = EventBody::from(event);
                return sse::Event::default().id(body.seq().to_string()).event(body.name()).json_data(&body).ok();
            }
            match self.exchange.events(self.admitted, self.after, EVENTS_N).await {
                Ok(events) if !events.is_empty() => {
                    self.read = events.into();
                    continue;
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::error!(%error, "a stream cannot be read on");
                    return None;
                }
            }
            let queue = self.exchange.place_in_queue(self.admitted).await.ok()?;
            if let (true, Some(place)) = (queue != self.queue, queue) {
                self.queue = queue;
                return self.passing("queue", Some(place));
            }
            self.queue = queue;
            let look_time = if queue.is_some() || self.waits { QUEUE_TIME } else { LOOK_TIME };
            tokio::select! {
                () = self.web.stop.cancelled() => return None,
                news = self.visit.news() => match news {
                    News::Closed => return None,
                    News::Typing(Side::Expert) => return self.passing("typing", None),
                    News::Typing(Side::Citizen) | News::Reaches(_) => {}
                },
                () = tokio::time::sleep(look_time) => if !matches!(self.exchange.is_kept(self.admitted).await, Ok(true)) { return None },
            }
        }
    }
}

impl Listener {
    fn passing(&self, kind: &'static str, place: Option<QueuePlace>) -> Option<sse::Event> {
        let position = place.map(|place| place.position);
        let estimate_minutes = place.and_then(|place| place.estimate_minutes);
        let body = PassingBody { kind, seq: self.after, position, estimate_minutes };
        sse::Event::default().event(kind).json_data(&body).ok()
    }
}

impl Open {
    fn new(web: &Arc<Web>, permit: OwnedSemaphorePermit) -> Self {
        web.metrics.stream_opened();
        Self { web: Arc::clone(web), _permit: permit }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.web.metrics.stream_ended();
    }
}
