//! One conversation of an expert: read it, take it, write, pass it on, end it.

use crate::channel::web::console::chat_views::{self, Beside, Canned};
use crate::channel::web::console::desk::{Plain, failed, now};
use crate::channel::web::console::html;
use crate::channel::web::console::session::{Refused, Signed, to};
use crate::channel::web::problem::{Code, Problem};
use crate::channel::web::state::Web;
use crate::domain::{AccountId, ConversationId, Language, MessageId, Resolution, Utterance};
use crate::exchange::{Exchange, Refusal};
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use maud::html as markup;
use serde::Deserialize;
use std::sync::Arc;
use uuid::Uuid;

/// A message of the expert.
#[derive(Deserialize)]
pub(super) struct Say {
    token: String,
    id: Uuid,
    text: String,
}

/// To whom a conversation goes.
#[derive(Deserialize)]
pub(super) struct Pass {
    token: String,
    to: Uuid,
}

/// How a conversation ended.
#[derive(Deserialize)]
pub(super) struct End {
    token: String,
    resolution: Resolution,
}

/// Which card is offered.
#[derive(Deserialize)]
pub(super) struct Offer {
    token: String,
    partner: String,
}

/// What guidance is looked for.
#[derive(Deserialize)]
pub(super) struct Search {
    lang: Language,
    q: String,
}

pub(super) async fn show(
    State(web): State<Arc<Web>>,
    signed: Signed,
    Path(id): Path<Uuid>,
) -> Result<Response, Refused> {
    let exchange = web.exchange().map_err(Refused::Problem)?;
    let case = match exchange.case(&signed.account, ConversationId(id)).await {
        Ok(case) => case,
        Err(refusal) => return back(refusal),
    };
    let mut colleagues = exchange.floor().await.map_err(failed)?.accounts;
    colleagues.retain(|other| other.role.serves() && !other.is_disabled && other.id != signed.account.id);
    let language = case.ticket.as_ref().map_or(Language::Fi, |ticket| ticket.language);
    let canned: Vec<_> = exchange.canned(language).into_iter().map(Canned::new).collect();
    let partners = exchange.partners(language);
    let beside = Beside { partners: &partners, colleagues: &colleagues, canned: &canned };
    Ok(html(chat_views::chat(&signed, &case, id, &beside, now())))
}

/// Writes to the citizen. The script asks for a bare answer, a form without it for the page again.
pub(super) async fn say(
    State(web): State<Arc<Web>>,
    signed: Signed,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
    Form(form): Form<Say>,
) -> Result<Response, Refused> {
    signed.check(&form.token)?;
    let is_script = headers.contains_key("x-console");
    let words = Utterance::parse(&form.text).map_err(|error| Refused::Problem(error.into()))?;
    let exchange = web.exchange().map_err(Refused::Problem)?;
    match exchange.speak(&signed.account, ConversationId(id), (MessageId(form.id), &words)).await {
        Ok(_) if is_script => Ok(StatusCode::NO_CONTENT.into_response()),
        Ok(_) => Ok(to(&format!("/console/chats/{id}"))),
        Err(refusal) if is_script => Err(Refused::Problem(refusal.into())),
        Err(refusal) => back(refusal),
    }
}

pub(super) async fn claim(
    State(web): State<Arc<Web>>,
    signed: Signed,
    Path(id): Path<Uuid>,
    Form(form): Form<Plain>,
) -> Result<Response, Refused> {
    signed.check(&form.token)?;
    match exchange(&web)?.claim(&signed.account, ConversationId(id)).await {
        Ok(_) => Ok(to(&format!("/console/chats/{id}"))),
        Err(refusal) => back(refusal),
    }
}

pub(super) async fn pass(
    State(web): State<Arc<Web>>,
    signed: Signed,
    Path(id): Path<Uuid>,
    Form(form): Form<Pass>,
) -> Result<Response, Refused> {
    signed.check(&form.token)?;
    let passed = exchange(&web)?.pass_on(&signed.account, ConversationId(id), AccountId(form.to)).await;
    passed.map_or_else(back, |_| Ok(to("/console")))
}

pub(super) async fn requeue(
    State(web): State<Arc<Web>>,
    signed: Signed,
    Path(id): Path<Uuid>,
    Form(form): Form<Plain>,
) -> Result<Response, Refused> {
    signed.check(&form.token)?;
    let done = exchange(&web)?.requeue(&signed.account, ConversationId(id)).await;
    done.map_or_else(back, |_| Ok(to("/console")))
}

pub(super) async fn give_back(
    State(web): State<Arc<Web>>,
    signed: Signed,
    Path(id): Path<Uuid>,
    Form(form): Form<Plain>,
) -> Result<Response, Refused> {
    signed.check(&form.token)?;
    let done = exchange(&web)?.give_back(&signed.account, ConversationId(id)).await;
    done.map_or_else(back, |_| Ok(to("/console")))
}

pub(super) async fn end(
    State(web): State<Arc<Web>>,
    signed: Signed,
    Path(id): Path<Uuid>,
    Form(form): Form<End>,
) -> Result<Response, Refused> {
    signed.check(&form.token)?;
    let done = exchange(&web)?.end(&signed.account, ConversationId(id), form.resolution).await;
    done.map_or_else(back, |_| Ok(to("/console")))
}

/// Writes a note for colleagues.
pub(super) async fn note(
    State(web): State<Arc<Web>>,
    signed: Signed,
    Path(id): Path<Uuid>,
    Form(form): Form<Say>,
) -> Result<Response, Refused> {
    signed.check(&form.token)?;
    let words = Utterance::parse(&form.text).map_err(|error| Refused::Problem(error.into()))?;
    let note = (MessageId(form.id), &words);
    let done = exchange(&web)?.add_note(&signed.account, ConversationId(id), note).await;
    done.map_or_else(back, |()| Ok(to(&format!("/console/chats/{id}"))))
}

/// Tells the citizen that somebody writes.
pub(super) async fn typing(
    State(web): State<Arc<Web>>,
    signed: Signed,
    Path(id): Path<Uuid>,
    Form(form): Form<Plain>,
) -> Result<StatusCode, Refused> {
    signed.check(&form.token)?;
    let told = exchange(&web)?.expert_types(&signed.account, ConversationId(id)).await;
    told.map(|()| StatusCode::NO_CONTENT).map_err(|refusal| Refused::Problem(refusal.into()))
}

/// Asks the citizen whether a partner's card may be shown.
pub(super) async fn card(
    State(web): State<Arc<Web>>,
    signed: Signed,
    Path(id): Path<Uuid>,
    Form(form): Form<Offer>,
) -> Result<Response, Refused> {
    signed.check(&form.token)?;
    let done = exchange(&web)?.offer_card(&signed.account, ConversationId(id), &form.partner).await;
    done.map_or_else(back, |_| Ok(to(&format!("/console/chats/{id}"))))
}

/// What the guidance says, in the conversation's language, with buttons that put it into the message.
pub(super) async fn guidance(
    State(web): State<Arc<Web>>,
    signed: Signed,
    Query(search): Query<Search>,
) -> Result<Response, Refused> {
    let question = Utterance::parse(&search.q).map_err(|error| Refused::Problem(error.into()))?;
    let found =
        exchange(&web)?.guidance(search.lang, question).await.map_err(|error| Refused::Problem(error.into()))?;
    let t = signed.tongue;
    let lang = search.lang.tag();
    let part = markup! {
        @match &found.citation {
            Some(citation) => {
                p { a href=(citation.url) target="_blank" rel="noreferrer" { (citation.title) " ↗" } " · " (citation.checked) }
                (chat_views::insertable(t, &found.text, lang))
            }
            None => {
                p { (t.say("Ohjetta ei löytynyt. Kokeile toisin sanoin.", "Ingen anvisning hittades. Försök med andra ord.", "No guidance found. Try other words.")) }
                ul { @for choice in &found.choices { li { (choice.title) } } }
            }
        }
    };
    Ok(html(part.into_string()))
}

fn exchange(web: &Web) -> Result<&Arc<Exchange>, Refused> {
    web.exchange().map_err(Refused::Problem)
}

/// Back to the queue with a word on what happened.
fn back(refusal: Refusal) -> Result<Response, Refused> {
    match refusal {
        Refusal::Taken => Ok(to("/console?notice=taken")),
        Refusal::Busy => Ok(to("/console?notice=full")),
        Refusal::Unknown => Err(Refused::Problem(Problem::from(Code::NotFound))),
        other => Err(Refused::Problem(other.into())),
    }
}
