//! What changes on screens, pushed as server-sent events: parts of pages for the queue and the floor, new lines for a conversation.

use crate::channel::web::console::desk::{failed, now, supervises};
use crate::channel::web::console::session::{Refused, Signed};
use crate::channel::web::console::{calls, chat_views, views};
use crate::channel::web::problem::Code;
use crate::channel::web::state::Web;
use crate::domain::{ConversationId, Side};
use crate::exchange::{Exchange, News, Refusal, Visit};
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::sse::{self, KeepAlive, Sse};
use futures_util::{Stream, stream};
use serde::Deserialize;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, watch};
use uuid::Uuid;

/// From where to read.
#[derive(Debug, Deserialize)]
pub(super) struct Cursor {
    after: u64,
}

/// Waiting times go on without news.
const LOOK_TIME: Duration = Duration::from_secs(10);
/// Much may happen at once: screens are drawn anew no more often than this.
const DRAW_TIME: Duration = Duration::from_millis(250);
const KEEP_ALIVE_TIME: Duration = Duration::from_secs(15);

type Events<S> = Result<Sse<S>, Refused>;

/// The queue and one's own conversations.
pub(super) async fn lists(
    State(web): State<Arc<Web>>,
    signed: Signed,
) -> Events<impl Stream<Item = Result<sse::Event, Infallible>>> {
    screen(&web, signed, |signed, floor| views::lists(signed, floor, now()).into_string())
}

/// The calls that are to be made.
pub(super) async fn calls(
    State(web): State<Arc<Web>>,
    signed: Signed,
) -> Events<impl Stream<Item = Result<sse::Event, Infallible>>> {
    screen(&web, signed, |signed, floor| calls::rows(signed, floor).into_string())
}

/// The floor, for those who supervise.
pub(super) async fn floor(
    State(web): State<Arc<Web>>,
    signed: Signed,
) -> Events<impl Stream<Item = Result<sse::Event, Infallible>>> {
    supervises(&signed)?;
    screen(&web, signed, |signed, floor| views::floor_tables(signed, floor, now()).into_string())
}

type Draw = fn(&Signed, &crate::exchange::desk::Floor) -> String;

struct Screen {
    web: Arc<Web>,
    exchange: Arc<Exchange>,
    signed: Signed,
    news: watch::Receiver<()>,
    drawn: String,
    draw: Draw,
    _permit: OwnedSemaphorePermit,
}

fn screen(
    web: &Arc<Web>,
    signed: Signed,
    draw: Draw,
) -> Events<impl Stream<Item = Result<sse::Event, Infallible>> + use<>> {
    let exchange = Arc::clone(web.exchange().map_err(Refused::Problem)?);
    let permit = Arc::clone(&web.streams).try_acquire_owned().map_err(|_| Code::StreamsFull)?;
    let news = exchange.anything();
    let screen = Screen { web: Arc::clone(web), exchange, signed, news, drawn: String::new(), draw, _permit: permit };
    let events = stream::unfold(screen, |mut screen| async move {
        let event = screen.next().await?;
        Some((Ok(event), screen))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE_TIME)))
}

impl Screen {
    /// The next drawing that differs; `None` where the stream ends: the server stops, or the session is over.
    async fn next(&mut self) -> Option<sse::Event> {
        loop {
            // An open page does not keep a session alive, and shows nothing once it is over.
            self.signed.account = self.exchange.session(&self.signed.secret, false).await.ok()??;
            let floor = self.exchange.floor().await.ok()?;
            let drawn = (self.draw)(&self.signed, &floor);
            if drawn != self.drawn {
                self.drawn.clone_from(&drawn);
                return Some(sse::Event::default().event("part").data(drawn));
            }
            tokio::select! {
                () = self.web.stop.cancelled() => return None,
                changed = self.news.changed() => changed.ok()?,
                () = tokio::time::sleep(LOOK_TIME) => {}
            }
            tokio::time::sleep(DRAW_TIME).await;
        }
    }
}

struct Chat {
    web: Arc<Web>,
    exchange: Arc<Exchange>,
    signed: Signed,
    id: ConversationId,
    visit: Visit,
    after: u64,
    notes_n: usize,
    is_over: bool,
    _permit: OwnedSemaphorePermit,
}

/// The new lines of a conversation.
pub(super) async fn chat(
    State(web): State<Arc<Web>>,
    signed: Signed,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
    Query(cursor): Query<Cursor>,
) -> Events<impl Stream<Item = Result<sse::Event, Infallible>>> {
    let exchange = Arc::clone(web.exchange().map_err(Refused::Problem)?);
    let id = ConversationId(id);
    // Whoever may not read it is refused here, and at every further look.
    exchange.case_events(&signed.account, id, u64::MAX >> 1).await.map_err(|error| Refused::Problem(error.into()))?;
    let permit = Arc::clone(&web.streams).try_acquire_owned().map_err(|_| Code::StreamsFull)?;
    let visit = exchange.visit_case(id).ok_or(Code::StreamsFull)?;
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let after = last.unwrap_or(cursor.after);
    let chat = Chat { web, exchange, signed, id, visit, after, notes_n: 0, is_over: false, _permit: permit };
    let events = stream::unfold(chat, |mut chat| async move {
        let event = chat.next().await?;
        Some((Ok(event), chat))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE_TIME)))
}

impl Chat {
    async fn next(&mut self) -> Option<sse::Event> {
        loop {
            if self.is_over {
                return None;
            }
            self.exchange.session(&self.signed.secret, false).await.map_err(failed).ok()??;
            match self.exchange.case_events(&self.signed.account, self.id, self.after).await {
                Ok(events) if !events.is_empty() => {
                    self.after = events.last().map_or(self.after, |event| event.seq);
                    let lines = chat_views::events(self.signed.tongue, &events).into_string();
                    return Some(sse::Event::default().id(self.after.to_string()).event("lines").data(lines));
                }
                Ok(_) => {
                    let notes = self.exchange.notes(&self.signed.account, self.id).await.ok()?;
                    if notes.len() != self.notes_n {
                        self.notes_n = notes.len();
                        let drawn = chat_views::notes(&notes).into_string();
                        return Some(sse::Event::default().event("notes").data(drawn));
                    }
                }
                // The browser comes back with the last line it has.
                Err(Refusal::Store(error)) => {
                    tracing::error!(%error, "a conversation's screen cannot be read on");
                    return None;
                }
                Err(_) => {
                    // Ended, passed on or deleted: the page goes back to the queue.
                    self.is_over = true;
                    return Some(sse::Event::default().event("over").data("over"));
                }
            }
            tokio::select! {
                () = self.web.stop.cancelled() => return None,
                news = self.visit.news() => match news {
                    News::Closed => {
                        self.is_over = true;
                        return Some(sse::Event::default().event("over").data("over"));
                    }
                    News::Typing(Side::Citizen) => return Some(sse::Event::default().event("typing").data("typing")),
                    News::Typing(Side::Expert) | News::Reaches(_) => {}
                },
                () = tokio::time::sleep(LOOK_TIME) => {}
            }
        }
    }
}
