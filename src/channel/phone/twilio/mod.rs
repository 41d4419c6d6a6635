//! Twilio, and gateways that speak like it: signed webhooks answered with TwiML, and Media Streams.

pub(in crate::channel::phone) mod twiml;

mod request;
mod signature;
mod socket;

use crate::channel::phone::call::Transferred;
use crate::channel::phone::state::Phone;
use crate::channel::phone::turns::Turn;
use crate::channel::phone::webhook::{self, Dialect, Event};
use crate::config::phone::{Mode, Person};
use crate::domain::Language;
use crate::speech::Pace;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use request::Signed;
use std::sync::Arc;
use twiml::Verb;

/// The routes; none without a token.
pub(super) fn routes(phone: &Phone) -> Router<Arc<Phone>> {
    if phone.secrets.twilio.is_none() {
        return Router::new();
    }
    Router::new()
        .route("/phone/twilio/incoming", post(incoming).get(incoming))
        .route("/phone/twilio/next", post(next))
        .route("/phone/twilio/turn", post(turn))
        .route("/phone/twilio/dialled", post(dialled))
        .route("/phone/twilio/status", post(status))
        .route("/phone/twilio/stream", get(socket::open))
}

/// TwiML.
pub(super) struct Twiml;

impl Dialect for Twiml {
    fn name(&self) -> &'static str {
        "twilio"
    }

    fn mode(&self, phone: &Phone) -> Mode {
        phone.config.twilio.mode
    }

    fn connect(&self, phone: &Phone, token: &str, next: &str) -> String {
        twiml::stream(&phone.socket_url("/phone/twilio/stream"), token, next)
    }

    fn turn(&self, phone: &Phone, turn: Turn, here: &str) -> String {
        twiml::turn(&phone.config.twilio, turn, here)
    }

    fn leave(&self, person: Option<&Person>, dialled: Option<&str>) -> String {
        twiml::leave(person, dialled)
    }

    fn refuse(&self, phone: &Phone, text: &str, language: Language, person: Option<&Person>) -> String {
        let says = (!text.is_empty()).then(|| twiml::say(&phone.config.twilio, text, language, Pace::Normal));
        let then = match person {
            Some(person) => twiml::to_person(person, None),
            None => Verb::new("Hangup"),
        };
        Verb::document(says.into_iter().chain([then]).collect())
    }
}

/// TwiML as an answer.
struct Xml(String);

impl IntoResponse for Xml {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, "text/xml; charset=utf-8")], self.0).into_response()
    }
}

async fn answer(phone: &Arc<Phone>, request: &Signed, event: Event) -> Result<Xml, StatusCode> {
    webhook::answer(phone, &Twiml, &request.key()?, request.step(), event).await.map(Xml)
}

async fn incoming(State(phone): State<Arc<Phone>>, request: Signed) -> Result<Xml, StatusCode> {
    let field = |name| request.field(name).unwrap_or_default().to_owned();
    answer(&phone, &request, Event::Incoming { to: field("To"), from: field("From") }).await
}

async fn next(State(phone): State<Arc<Phone>>, request: Signed) -> Result<Xml, StatusCode> {
    answer(&phone, &request, Event::Next).await
}

async fn turn(State(phone): State<Arc<Phone>>, request: Signed) -> Result<Xml, StatusCode> {
    let certainty = request.field("Confidence").and_then(|text| text.parse().ok()).unwrap_or(1.0);
    let words = request.field("SpeechResult").map(|text| (text.to_owned(), certainty));
    let digits = request.field("Digits").unwrap_or_default().to_owned();
    answer(&phone, &request, Event::Turn { words, digits }).await
}

/// The verbs that reach a person tell how it went, each in a field of its own.
async fn dialled(State(phone): State<Arc<Phone>>, request: Signed) -> Result<Xml, StatusCode> {
    let told = ["DialCallStatus", "ReferCallStatus", "QueueResult"].into_iter().find_map(|name| request.field(name));
    let how = match told.unwrap_or_default() {
        "completed" | "answered" | "bridged" | "hangup" | "redirected" | "leave" | "in-progress" => Transferred::Done,
        "busy" | "queue-full" => Transferred::Busy,
        "no-answer" | "canceled" => Transferred::NoAnswer,
        _ => Transferred::Failed,
    };
    answer(&phone, &request, Event::Dialled(how)).await
}

async fn status(State(phone): State<Arc<Phone>>, request: Signed) -> Result<StatusCode, StatusCode> {
    let sequence = request.field("SequenceNumber").and_then(|number| number.parse().ok());
    webhook::status(&phone, &request.key()?, request.field("CallStatus").unwrap_or_default(), sequence);
    Ok(StatusCode::NO_CONTENT)
}
