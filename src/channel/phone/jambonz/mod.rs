//! jambonz: signed JSON webhooks answered with verbs, and audio both ways over a WebSocket.

mod request;
mod socket;
mod verbs;

use crate::channel::phone::call::Transferred;
use crate::channel::phone::state::Phone;
use crate::channel::phone::turns::Turn;
use crate::channel::phone::webhook::{self, Dialect, Event};
use crate::config::phone::{Mode, Person};
use crate::domain::Language;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use request::Signed;
use std::sync::Arc;

/// The routes; none without a secret.
pub(super) fn routes(phone: &Phone) -> Router<Arc<Phone>> {
    if phone.secrets.jambonz.is_none() {
        return Router::new();
    }
    Router::new()
        .route("/phone/jambonz/incoming", post(incoming))
        .route("/phone/jambonz/next", post(next))
        .route("/phone/jambonz/turn", post(turn))
        .route("/phone/jambonz/dialled", post(dialled))
        .route("/phone/jambonz/status", post(status))
        .route("/phone/jambonz/stream", get(socket::open))
}

/// jambonz's verbs.
pub(super) struct Verbs;

impl Dialect for Verbs {
    fn name(&self) -> &'static str {
        "jambonz"
    }

    fn mode(&self, phone: &Phone) -> Mode {
        phone.config.jambonz.mode
    }

    fn connect(&self, phone: &Phone, token: &str, next: &str) -> String {
        verbs::listen(&phone.socket_url("/phone/jambonz/stream"), token, next)
    }

    fn turn(&self, _: &Phone, turn: Turn, here: &str) -> String {
        verbs::turn(turn, here)
    }

    fn leave(&self, person: Option<&Person>, dialled: Option<&str>) -> String {
        verbs::leave(person, dialled)
    }

    fn refuse(&self, _: &Phone, text: &str, language: Language, person: Option<&Person>) -> String {
        verbs::refuse(text, language, person)
    }
}

/// Verbs as an answer.
struct Json(String);

impl IntoResponse for Json {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, "application/json")], self.0).into_response()
    }
}

async fn answer(phone: &Arc<Phone>, request: &Signed, event: Event) -> Result<Json, StatusCode> {
    webhook::answer(phone, &Verbs, &request.key()?, request.step, event).await.map(Json)
}

async fn incoming(State(phone): State<Arc<Phone>>, request: Signed) -> Result<Json, StatusCode> {
    let field = |name| request.text(name).unwrap_or_default().to_owned();
    answer(&phone, &request, Event::Incoming { to: field("/to"), from: field("/from") }).await
}

async fn next(State(phone): State<Arc<Phone>>, request: Signed) -> Result<Json, StatusCode> {
    answer(&phone, &request, Event::Next).await
}

async fn turn(State(phone): State<Arc<Phone>>, request: Signed) -> Result<Json, StatusCode> {
    let digits = request.text("/digits").unwrap_or_default().to_owned();
    let words = request.text("/speech/alternatives/0/transcript").filter(|text| !text.trim().is_empty());
    let certainty = request.number("/speech/alternatives/0/confidence").unwrap_or(1.0);
    let words = words.map(|text| (text.to_owned(), certainty));
    answer(&phone, &request, Event::Turn { words, digits }).await
}

async fn dialled(State(phone): State<Arc<Phone>>, request: Signed) -> Result<Json, StatusCode> {
    let names = ["/dial_call_status", "/queue_result", "/final_referred_call_status", "/refer_status"];
    let told = names.into_iter().find_map(|name| request.word(name));
    let how = match told.as_deref().unwrap_or_default() {
        "completed" | "answered" | "bridged" | "hangup" | "leave" | "200" | "202" => Transferred::Done,
        "busy" | "486" => Transferred::Busy,
        "no-answer" | "canceled" | "timeout" | "480" => Transferred::NoAnswer,
        _ => Transferred::Failed,
    };
    answer(&phone, &request, Event::Dialled(how)).await
}

async fn status(State(phone): State<Arc<Phone>>, request: Signed) -> Result<StatusCode, StatusCode> {
    webhook::status(&phone, &request.key()?, request.text("/call_status").unwrap_or_default(), None);
    Ok(StatusCode::NO_CONTENT)
}
