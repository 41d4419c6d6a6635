//! The calls that citizens asked for: the list, and one call with its number.

use crate::channel::web::console::desk::{Plain, failed};
use crate::channel::web::console::session::{Refused, Signed, to};
use crate::channel::web::console::views::{form, page};
use crate::channel::web::console::{html, words::Tongue};
use crate::channel::web::problem::{Code, Problem};
use crate::channel::web::state::Web;
use crate::domain::{CallBackId, CallOutcome, PhoneNumber};
use crate::exchange::desk::Floor;
use crate::exchange::{Refusal, Slot};
use crate::store::CallBack;
use axum::Form;
use axum::extract::{Path, State};
use axum::response::Response;
use jiff::civil::DateTime;
use maud::{Markup, html as markup};
use serde::Deserialize;
use std::sync::Arc;
use uuid::Uuid;

/// How a call ended.
#[derive(Deserialize)]
pub(super) struct End {
    token: String,
    outcome: String,
}

/// Another time.
#[derive(Deserialize)]
pub(super) struct Move {
    token: String,
    slot: DateTime,
}

/// Where the list is.
const LIST: &str = "/console/calls";

/// All calls that are to be made.
pub(super) async fn list(State(web): State<Arc<Web>>, signed: Signed) -> Result<Response, Refused> {
    let exchange = web.exchange().map_err(Refused::Problem)?;
    let floor = exchange.floor().await.map_err(failed)?;
    let t = signed.tongue;
    let title = t.say("Soittopyynnöt", "Begärda samtal", "Calls");
    let main = markup! {
        h1 { (title) }
        @if !exchange.takes_call_backs() {
            p .fault { (t.say(
                "Soittopyyntöjä ei oteta vastaan: callback.key_file puuttuu asetuksista.",
                "Inga samtal tas emot: callback.key_file saknas i inställningarna.",
                "No calls are taken: callback.key_file is not configured.",
            )) }
        }
        div data-live="/console/calls/live" { (rows(&signed, &floor)) }
    };
    Ok(html(page(t, title, Some(&signed), &main)))
}

/// The part of the list that is kept fresh.
pub(super) fn rows(signed: &Signed, floor: &Floor) -> Markup {
    let (t, me) = (signed.tongue, signed.account.id);
    let name =
        |id| floor.accounts.iter().find(|account| account.id == id).map_or("–", |account| account.name.as_str());
    markup! {
        @if floor.calls.is_empty() { p .soft data-count="0" { (t.say("Ei soittopyyntöjä.", "Inga begärda samtal.", "No calls.")) } }
        @else { p .soft data-count=(floor.calls.len()) { (floor.calls.len()) " " (t.say("odottaa soittoa", "väntar på samtal", "waiting for a call")) } }
        ol .tickets {
            @for call in &floor.calls {
                li .ticket {
                    (words(t, call))
                    @match call.expert {
                        Some(expert) if expert == me => { a .main href=(path(call)) { (t.say("Avaa", "Öppna", "Open")) " " (time(call)) } }
                        Some(expert) => { span .soft { (name(expert)) } }
                        None => {
                            (form(signed, &format!("{}/claim", path(call)), &markup! {
                                button .main aria-label=(format!("{}: {}, {}", t.say("Ota", "Ta", "Take"), time(call), t.language(call.language))) {
                                    (t.say("Ota", "Ta", "Take"))
                                }
                            }))
                        }
                    }
                }
            }
        }
    }
}

/// One call that one has, with its number.
pub(super) async fn show(
    State(web): State<Arc<Web>>,
    signed: Signed,
    Path(id): Path<Uuid>,
) -> Result<Response, Refused> {
    let exchange = web.exchange().map_err(Refused::Problem)?;
    let (call, number) = match exchange.call_number(&signed.account, CallBackId(id)).await {
        Ok(found) => found,
        Err(refusal) => return back(refusal),
    };
    let slots = exchange.call_back_slots().await.map_err(|error| Refused::Problem(error.into()))?;
    let title = signed.tongue.say("Soita asiakkaalle", "Ring kunden", "Call the citizen");
    Ok(html(page(signed.tongue, title, Some(&signed), &one(&signed, &call, &number, &slots))))
}

fn one(signed: &Signed, call: &CallBack, number: &PhoneNumber, slots: &[Slot]) -> Markup {
    let (t, path) = (signed.tongue, path(call));
    let outcome = |value: &str, main: bool, words: &str| {
        form(
            signed,
            &format!("{path}/end"),
            &markup! {
                input type="hidden" name="outcome" value=(value);
                button .main[main] { (words) }
            },
        )
    };
    markup! {
        h1 { (t.say("Soita asiakkaalle", "Ring kunden", "Call the citizen")) }
        section .card aria-labelledby="call" {
            h2 id="call" { (time(call)) }
            p .figures { a href=(format!("tel:{}", number.as_str())) { (number.as_str()) } }
            (words(t, call))
        }
        section .card aria-labelledby="end" {
            h2 id="end" { (t.say("Miten kävi?", "Hur gick det?", "How did it go?")) }
            p .soft { (t.say("Numero ja aihe poistetaan heti.", "Numret och ämnet raderas genast.", "Number and topic are deleted at once.")) }
            (outcome("called", true, t.say("Soitettu", "Uppringd", "Called")))
            (outcome("unreached", false, t.say("Ei vastannut", "Svarade inte", "No answer")))
        }
        section .card aria-labelledby="move" {
            h2 id="move" { (t.say("Myöhemmin", "Senare", "Later")) }
            @if !slots.is_empty() {
                (form(signed, &format!("{path}/move"), &markup! {
                    label for="slot" { (t.say("Uusi aika", "Ny tid", "Another time")) }
                    select id="slot" name="slot" { @for slot in slots { option value=(slot.starts) { (shown(slot.starts)) } } }
                    button { (t.say("Siirrä", "Flytta", "Move")) }
                }))
            }
            (form(signed, &format!("{path}/return"), &markup! { button { (t.say("Palauta muille", "Ge tillbaka", "Give back to others")) } }))
        }
    }
}

pub(super) async fn claim(
    State(web): State<Arc<Web>>,
    signed: Signed,
    Path(id): Path<Uuid>,
    Form(form): Form<Plain>,
) -> Result<Response, Refused> {
    signed.check(&form.token)?;
    let exchange = web.exchange().map_err(Refused::Problem)?;
    let done = exchange.claim_call(&signed.account, CallBackId(id), true).await;
    done.map_or_else(back, |()| Ok(to(&format!("{LIST}/{id}"))))
}

pub(super) async fn give_back(
    State(web): State<Arc<Web>>,
    signed: Signed,
    Path(id): Path<Uuid>,
    Form(form): Form<Plain>,
) -> Result<Response, Refused> {
    signed.check(&form.token)?;
    let exchange = web.exchange().map_err(Refused::Problem)?;
    exchange.claim_call(&signed.account, CallBackId(id), false).await.map_or_else(back, |()| Ok(to(LIST)))
}

pub(super) async fn postpone(
    State(web): State<Arc<Web>>,
    signed: Signed,
    Path(id): Path<Uuid>,
    Form(form): Form<Move>,
) -> Result<Response, Refused> {
    signed.check(&form.token)?;
    let exchange = web.exchange().map_err(Refused::Problem)?;
    exchange.move_call(&signed.account, CallBackId(id), form.slot).await.map_or_else(back, |()| Ok(to(LIST)))
}

pub(super) async fn end(
    State(web): State<Arc<Web>>,
    signed: Signed,
    Path(id): Path<Uuid>,
    Form(form): Form<End>,
) -> Result<Response, Refused> {
    signed.check(&form.token)?;
    let outcome = match form.outcome.as_str() {
        "called" => CallOutcome::Called,
        "unreached" => CallOutcome::Unreached,
        _ => return Err(Code::BadBody.into()),
    };
    let exchange = web.exchange().map_err(Refused::Problem)?;
    exchange.end_call(&signed.account, CallBackId(id), outcome).await.map_or_else(back, |()| Ok(to(LIST)))
}

/// Back to the list: it shows who has the call now, or that it is no more.
fn back(refusal: Refusal) -> Result<Response, Refused> {
    match refusal {
        Refusal::Taken | Refusal::NoCall | Refusal::SlotTaken => Ok(to(LIST)),
        other => Err(Refused::Problem(Problem::from(other))),
    }
}

fn words(t: Tongue, call: &CallBack) -> Markup {
    markup! {
        div {
            strong { (time(call)) } " · " (t.language(call.language))
            @if call.wants_interpreter { " · " (t.say("tulkki", "tolk", "interpreter")) }
            @if !call.topic.is_empty() { p .soft lang=(call.language.tag()) { (call.topic) } }
        }
    }
}

fn time(call: &CallBack) -> String {
    shown(call.slot)
}

fn shown(slot: DateTime) -> String {
    slot.strftime("%-d.%-m. %H:%M").to_string()
}

fn path(call: &CallBack) -> String {
    format!("{LIST}/{}", call.id)
}
