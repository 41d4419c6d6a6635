//! Signing in by an identity provider: to it and back. Where one is sent never depends on what a request says.

use crate::channel::openid::{Provider, RETURN_PATH, Trouble};
use crate::channel::web::console::desk::failed;
use crate::channel::web::console::doors::{self, Ways};
use crate::channel::web::console::html;
use crate::channel::web::console::session::{Refused, cookie_value, session_cookie, to};
use crate::channel::web::console::words::Tongue;
use crate::channel::web::problem::Code;
use crate::channel::web::state::Web;
use crate::exchange::desk::SignInError;
use crate::exchange::identity::SIGN_IN_TIME_MAX;
use crate::exchange::{Exchange, Secret};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use serde::Deserialize;
use std::sync::Arc;

/// Whether the provider is to ask for the password again.
#[derive(Debug, Deserialize)]
pub(super) struct Begin {
    again: Option<String>,
}

/// What the provider sends back with the browser.
#[derive(Deserialize)]
pub(super) struct Back {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
    iss: Option<String>,
}

/// The cookie of a sign-in that is under way.
const COOKIE: &str = "neuvo-sign-in";
/// The longest code in bytes: providers that pack tokens into it have some two thousand.
const CODE_BYTES_MAX: usize = 8 * 1024;

/// Sends the browser to the provider.
pub(super) async fn begin(
    State(web): State<Arc<Web>>,
    headers: HeaderMap,
    Query(begin): Query<Begin>,
) -> Result<Response, Refused> {
    let exchange = web.exchange().map_err(Refused::Problem)?;
    let provider = provider(&web)?;
    let begun = exchange.begin_sign_in().await.map_err(failed)?;
    match provider.begin(&begun, begin.again.is_some()).await {
        Ok(address) => {
            let mut response = to(&address);
            set(&mut response, &cookie(Some(&begun), provider.is_secure))?;
            Ok(response)
        }
        Err(trouble) => Ok(refused(&web, &headers, &trouble_said(&trouble))),
    }
}

/// Takes the browser that comes back.
pub(super) async fn back(
    State(web): State<Arc<Web>>,
    headers: HeaderMap,
    Query(back): Query<Back>,
) -> Result<Response, Refused> {
    let exchange = web.exchange().map_err(Refused::Problem)?;
    let provider = provider(&web)?;
    let tongue = Tongue::of(&headers);
    let mut response = match entered(exchange, provider, &headers, back).await? {
        Ok(secret) => {
            // A redirect would still count as the provider's, and the browser would keep the strict cookie back: the page itself leads on.
            let mut response = html(doors::signed_in(tongue));
            response.headers_mut().insert("refresh", HeaderValue::from_static("0;url=/console"));
            set(&mut response, &session_cookie(Some(&secret), web.is_secure()))?;
            response
        }
        Err(fault) => refused(&web, &headers, &fault),
    };
    set(&mut response, &cookie(None, provider.is_secure))?;
    Ok(response)
}

/// Why somebody is not let in.
enum Fault {
    /// What came back does not belong to what this browser began, or it is too late.
    Stray,
    /// The person, or the provider, thought better of it.
    Cancelled,
    /// The provider is in trouble.
    Down,
    /// What the provider says cannot be relied on.
    Unsure,
    /// Nothing gives a role.
    NoRole,
    /// The account is disabled.
    Disabled,
}

/// A session for whoever comes back, or why there is none.
async fn entered(
    exchange: &Exchange,
    provider: &Provider,
    headers: &HeaderMap,
    back: Back,
) -> Result<Result<Secret, Fault>, Refused> {
    let begun = cookie_value(headers, COOKIE).and_then(Secret::parse);
    let fits = |begun: &Secret| provider.fits(begun, back.state.as_deref().unwrap_or_default(), back.iss.as_deref());
    let begun = match begun.filter(fits) {
        Some(begun) if exchange.resume_sign_in(&begun).await.map_err(failed)? => begun,
        _ => {
            exchange.refuse_sign_in().await.map_err(failed)?;
            return Ok(Err(Fault::Stray));
        }
    };
    if back.error.is_some() {
        exchange.refuse_sign_in().await.map_err(failed)?;
        return Ok(Err(if back.error.as_deref() == Some("access_denied") { Fault::Cancelled } else { Fault::Unsure }));
    }
    let Some(code) = back.code.filter(|code| !code.is_empty() && code.len() <= CODE_BYTES_MAX) else {
        exchange.refuse_sign_in().await.map_err(failed)?;
        return Ok(Err(Fault::Unsure));
    };
    let identity = match provider.identify(&begun, code).await {
        Ok(identity) => identity,
        Err(trouble) => {
            exchange.refuse_sign_in().await.map_err(failed)?;
            return Ok(Err(trouble_said(&trouble)));
        }
    };
    match exchange.sign_in_as(&identity).await {
        Ok((_, secret)) => Ok(Ok(secret)),
        Err(SignInError::Disabled) => Ok(Err(Fault::Disabled)),
        Err(SignInError::Store(error)) => Err(failed(error)),
        Err(SignInError::NoRole | SignInError::Wrong | SignInError::TooOften) => Ok(Err(Fault::NoRole)),
    }
}

fn trouble_said(trouble: &Trouble) -> Fault {
    tracing::warn!(error = %trouble, "a sign-in failed: {trouble}");
    match trouble {
        Trouble::Down(_) => Fault::Down,
        Trouble::Refused(_) => Fault::Unsure,
    }
}

fn provider(web: &Web) -> Result<&Arc<Provider>, Refused> {
    web.provider.get().ok_or_else(|| Code::NotFound.into())
}

/// The way in again, with what went wrong.
fn refused(web: &Web, headers: &HeaderMap, fault: &Fault) -> Response {
    let t = Tongue::of(headers);
    let said = match fault {
        Fault::Stray => t.say(
            "Kirjautuminen keskeytyi tai kesti liian kauan. Aloita alusta.",
            "Inloggningen avbröts eller tog för lång tid. Börja om.",
            "The sign-in was interrupted or took too long. Start again.",
        ),
        Fault::Cancelled => t.say("Kirjautuminen peruttiin.", "Inloggningen avbröts.", "The sign-in was cancelled."),
        Fault::Down => t.say(
            "Organisaation kirjautuminen ei vastaa nyt. Yritä hetken kuluttua uudelleen.",
            "Organisationens inloggning svarar inte just nu. Försök igen om en stund.",
            "Your organisation's sign-in does not answer now. Try again in a while.",
        ),
        Fault::Unsure => t.say(
            "Organisaation kirjautuminen ei onnistunut. Yritä uudelleen. Jos se ei auta, kerro siitä ylläpidolle.",
            "Organisationens inloggning lyckades inte. Försök igen. Om det inte hjälper, meddela administratören.",
            "Your organisation's sign-in did not work. Try again. If that does not help, tell your administrator.",
        ),
        Fault::NoRole => t.say(
            "Tililläsi ei ole pääsyä konsoliin. Pyydä käyttöoikeutta esihenkilöltäsi.",
            "Ditt konto har inte tillgång till konsolen. Be din chef om behörighet.",
            "Your account has no access to the console. Ask your supervisor for it.",
        ),
        Fault::Disabled => t.say(
            "Tilisi on poistettu käytöstä. Kysy ylläpidolta.",
            "Ditt konto har stängts av. Fråga administratören.",
            "Your account is disabled. Ask your administrator.",
        ),
    };
    // Whoever was refused may have another account; the provider would send the same one again.
    let again = matches!(fault, Fault::NoRole | Fault::Disabled);
    html(doors::sign_in(t, Ways { again, ..Ways::of(web) }, Some(said)))
}

/// The cookie of a sign-in, which comes back with the browser from another site: `Lax`. Without one it is taken away.
fn cookie(begun: Option<&Secret>, is_secure: bool) -> String {
    let path = RETURN_PATH;
    let secure = if is_secure { "; Secure" } else { "" };
    let (value, seconds) = begun.map_or(("", 0), |begun| (begun.expose(), SIGN_IN_TIME_MAX.as_secs()));
    format!("{COOKIE}={value}; Path={path}; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}")
}

fn set(response: &mut Response, cookie: &str) -> Result<(), Refused> {
    let cookie = HeaderValue::try_from(cookie).map_err(|_| Code::Internal)?;
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(())
}
