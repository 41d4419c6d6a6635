//! Signing in and out, the queue, the floor, the audit log.

use crate::channel::web::console::doors::{self, Ways};
use crate::channel::web::console::session::{Refused, Signed, session_cookie, to};
use crate::channel::web::console::words::Tongue;
use crate::channel::web::console::{html, views};
use crate::channel::web::problem::Code;
use crate::channel::web::state::Web;
use crate::exchange::Refusal;
use crate::exchange::desk::{SignInError, may_enter};
use crate::store::StoreError;
use axum::Form;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use jiff::Timestamp;
use serde::Deserialize;
use std::sync::Arc;

/// Why someone was sent back to the queue.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Notice {
    notice: Option<String>,
}

/// What is typed to sign in.
#[derive(Deserialize)]
pub(super) struct SignIn {
    login: String,
    password: String,
}

/// A form without fields of its own.
#[derive(Deserialize)]
pub(super) struct Plain {
    pub(super) token: String,
}

/// The switch of availability.
#[derive(Deserialize)]
pub(super) struct Available {
    token: String,
    available: String,
}

/// Entries of the audit log that are shown.
const ENTRIES_MAX: u32 = 200;

#[expect(clippy::disallowed_methods, reason = "the console shows how long people wait")]
pub(super) fn now() -> Timestamp {
    Timestamp::now()
}

pub(super) fn failed(error: StoreError) -> Refused {
    Refused::Problem(Refusal::Store(error).into())
}

/// The queue, or the way in.
pub(super) async fn home(
    State(web): State<Arc<Web>>,
    headers: HeaderMap,
    Query(notice): Query<Notice>,
) -> Result<Response, Refused> {
    let exchange = web.exchange().map_err(Refused::Problem)?;
    let signed = Signed::look(exchange, &headers, true).await.map_err(Refused::Problem)?;
    let Some(signed) = signed else {
        let tongue = Tongue::of(&headers);
        let page = if notice.notice.as_deref() == Some("signed-out") {
            let end = match web.provider.get() {
                Some(provider) => provider.end().await,
                None => None,
            };
            doors::signed_out(tongue, Ways::of(&web), end.as_deref())
        } else {
            doors::sign_in(tongue, Ways::of(&web), None)
        };
        return Ok(html(page));
    };
    let t = signed.tongue;
    let notice = match notice.notice.as_deref() {
        Some("taken") => Some(t.say(
            "Keskustelu on jo toisella.",
            "Konversationen är redan hos någon annan.",
            "Someone else has the conversation already.",
        )),
        Some("full") => Some(t.say(
            "Sinulla on jo niin monta keskustelua kuin voi olla.",
            "Du har redan så många konversationer som man kan ha.",
            "You have as many conversations as you can have.",
        )),
        _ => None,
    };
    let floor = exchange.floor().await.map_err(failed)?;
    Ok(html(views::queue(&signed, &floor, notice, now())))
}

pub(super) async fn sign_in(
    State(web): State<Arc<Web>>,
    headers: HeaderMap,
    Form(typed): Form<SignIn>,
) -> Result<Response, Refused> {
    let t = Tongue::of(&headers);
    let exchange = web.exchange().map_err(Refused::Problem)?;
    if !web.password {
        return Err(Code::NotFound.into());
    }
    let fault = match exchange.sign_in(typed.login.trim(), typed.password).await {
        Ok((account, secret)) if may_enter(account.role) => {
            let cookie =
                HeaderValue::try_from(session_cookie(Some(&secret), web.is_secure())).map_err(|_| Code::Internal)?;
            let mut response = to("/console");
            response.headers_mut().insert(header::SET_COOKIE, cookie);
            return Ok(response);
        }
        Ok(_) => t.say(
            "Tililläsi ei ole pääsyä konsoliin.",
            "Ditt konto har inte tillgång till konsolen.",
            "Your account has no access to the console.",
        ),
        Err(SignInError::Wrong | SignInError::Disabled | SignInError::NoRole) => t.say(
            "Tunnus tai salasana on väärä.",
            "Användarnamnet eller lösenordet är fel.",
            "Login or password is wrong.",
        ),
        Err(SignInError::TooOften) => t.say(
            "Liian monta yritystä. Odota minuutti.",
            "För många försök. Vänta en minut.",
            "Too many tries. Wait a minute.",
        ),
        Err(SignInError::Store(error)) => return Err(failed(error)),
    };
    Ok(html(doors::sign_in(t, Ways::of(&web), Some(fault))))
}

pub(super) async fn sign_out(
    State(web): State<Arc<Web>>,
    signed: Signed,
    Form(form): Form<Plain>,
) -> Result<Response, Refused> {
    signed.check(&form.token)?;
    web.exchange().map_err(Refused::Problem)?.sign_out(&signed.account, &signed.secret).await.map_err(failed)?;
    let mut response = to("/console?notice=signed-out");
    let cookie = HeaderValue::try_from(session_cookie(None, web.is_secure())).map_err(|_| Code::Internal)?;
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

pub(super) async fn available(
    State(web): State<Arc<Web>>,
    signed: Signed,
    Form(form): Form<Available>,
) -> Result<Response, Refused> {
    signed.check(&form.token)?;
    let exchange = web.exchange().map_err(Refused::Problem)?;
    exchange.set_available(&signed.account, form.available == "1").await.map_err(failed)?;
    Ok(to("/console"))
}

/// The floor, for those who supervise.
pub(super) async fn floor(State(web): State<Arc<Web>>, signed: Signed) -> Result<Response, Refused> {
    supervises(&signed)?;
    let floor = web.exchange().map_err(Refused::Problem)?.floor().await.map_err(failed)?;
    Ok(html(views::floor(&signed, &floor, now())))
}

/// The audit log, for those who supervise.
pub(super) async fn audit(State(web): State<Arc<Web>>, signed: Signed) -> Result<Response, Refused> {
    supervises(&signed)?;
    let exchange = web.exchange().map_err(Refused::Problem)?;
    let entries = exchange.audited(&signed.account, ENTRIES_MAX).await.map_err(failed)?;
    Ok(html(views::audit(&signed, &entries)))
}

/// Others learn no more than that there is no such page.
pub(super) fn supervises(signed: &Signed) -> Result<(), Refused> {
    if signed.account.role.supervises() { Ok(()) } else { Err(Code::NotFound.into()) }
}
