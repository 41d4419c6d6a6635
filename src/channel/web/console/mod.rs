//! The console at which experts take over: server-rendered pages with plain forms, kept fresh by server-sent events.
//!
//! In reading order: [`session`] says who is there; [`openid`] signs in by an identity provider, [`desk`] by password, and shows the queue and the floor; [`chat`] is one conversation, [`calls`] are those asked for; [`live`]
//! pushes what changes; [`doors`], [`views`] and [`chat_views`] draw all of it in the languages of [`words`].

mod calls;
mod chat;
mod chat_views;
mod desk;
mod doors;
mod letters;
mod live;
mod openid;
mod rich;
mod session;
mod views;
mod words;

use crate::channel::openid::RETURN_PATH;
use crate::channel::web::state::Web;
use axum::Router;
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use std::sync::Arc;

/// Every route of the console.
pub(super) fn routes() -> Router<Arc<Web>> {
    Router::new()
        .route("/console", get(desk::home))
        .route("/console/sign-in", post(desk::sign_in))
        .route("/console/openid", get(openid::begin))
        .route(RETURN_PATH, get(openid::back))
        .route("/console/sign-out", post(desk::sign_out))
        .route("/console/available", post(desk::available))
        .route("/console/live", get(live::lists))
        .route("/console/floor", get(desk::floor))
        .route("/console/floor/live", get(live::floor))
        .route("/console/audit", get(desk::audit))
        .route("/console/calls", get(calls::list))
        .route("/console/calls/live", get(live::calls))
        .route("/console/calls/{id}", get(calls::show))
        .route("/console/calls/{id}/claim", post(calls::claim))
        .route("/console/calls/{id}/return", post(calls::give_back))
        .route("/console/calls/{id}/move", post(calls::postpone))
        .route("/console/calls/{id}/end", post(calls::end))
        .route("/console/letters", get(letters::list))
        .route("/console/letters/again", post(letters::again))
        .route("/console/guidance", get(chat::guidance))
        .route("/console/chats/{id}", get(chat::show))
        .route("/console/chats/{id}/live", get(live::chat))
        .route("/console/chats/{id}/say", post(chat::say))
        .route("/console/chats/{id}/note", post(chat::note))
        .route("/console/chats/{id}/typing", post(chat::typing))
        .route("/console/chats/{id}/card", post(chat::card))
        .route("/console/chats/{id}/claim", post(chat::claim))
        .route("/console/chats/{id}/pass", post(chat::pass))
        .route("/console/chats/{id}/requeue", post(chat::requeue))
        .route("/console/chats/{id}/return", post(chat::give_back))
        .route("/console/chats/{id}/end", post(chat::end))
        .route("/console/console.css", get(async || file("text/css; charset=utf-8", include_str!("console.css"))))
        .route("/console/console.js", get(async || file("text/javascript; charset=utf-8", include_str!("console.js"))))
}

fn file(kind: &'static str, content: &'static str) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, kind)], content)
}

/// A page as an answer.
fn html(page: String) -> Response {
    Html(page).into_response()
}
