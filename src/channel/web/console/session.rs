//! Who is at the console: a session by cookie, and proof that a form is the console's own.

use crate::channel::web::console::words::Tongue;
use crate::channel::web::problem::{Code, Problem};
use crate::channel::web::state::Web;
use crate::exchange::desk::may_enter;
use crate::exchange::{Exchange, Glossary, Secret};
use crate::store::Account;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// The cookie's name.
const COOKIE: &str = "neuvo-console";

/// Someone who signed in and may be here.
#[derive(Clone, Debug)]
pub(super) struct Signed {
    /// Who.
    pub(super) account: Account,
    /// What the cookie holds.
    pub(super) secret: Secret,
    /// The language of the console.
    pub(super) tongue: Tongue,
    /// The content's words in it.
    pub(super) glossary: Glossary,
}

/// The way to the sign-in page, for all who are not signed in.
#[derive(Debug)]
pub(super) enum Refused {
    /// Not signed in.
    SignIn,
    /// Something else.
    Problem(Problem),
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::SignIn => to("/console"),
            Self::Problem(problem) => problem.into_response(),
        }
    }
}

impl From<Code> for Refused {
    fn from(code: Code) -> Self {
        Self::Problem(code.into())
    }
}

impl Signed {
    /// Looks at the cookie. `is_use` keeps the session alive.
    pub(super) async fn look(exchange: &Exchange, headers: &HeaderMap, is_use: bool) -> Result<Option<Self>, Problem> {
        let Some(secret) = cookie_value(headers, COOKIE).and_then(Secret::parse) else { return Ok(None) };
        let account = exchange.session(&secret, is_use).await.map_err(crate::exchange::Refusal::Store)?;
        let account = account.filter(|account| may_enter(account.role));
        let tongue = Tongue::of(headers);
        Ok(account.map(|account| Self { account, secret, tongue, glossary: exchange.glossary(tongue.0) }))
    }

    /// What every form of this session sends along.
    pub(super) fn token(&self) -> String {
        self.secret.derived("form")
    }

    /// Refuses forms of other sites. `SameSite=Strict` keeps them away already; this holds where a browser does not know it.
    pub(super) fn check(&self, token: &str) -> Result<(), Refused> {
        if self.token() == token { Ok(()) } else { Err(Refused::SignIn) }
    }
}

impl FromRequestParts<Arc<Web>> for Signed {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, web: &Arc<Web>) -> Result<Self, Refused> {
        let exchange = web.exchange().map_err(Refused::Problem)?;
        Self::look(exchange, &parts.headers, true).await.map_err(Refused::Problem)?.ok_or(Refused::SignIn)
    }
}

/// Sends the browser on.
pub(super) fn to(path: &str) -> Response {
    match HeaderValue::try_from(path) {
        Ok(path) => (StatusCode::SEE_OTHER, [(header::LOCATION, path)]).into_response(),
        Err(_) => Problem::from(Code::Internal).into_response(),
    }
}

/// The header that sets a cookie, or takes it away. A proxy in front ends TLS; without one the console is used on this machine only.
pub(super) fn session_cookie(secret: Option<&Secret>, is_secure: bool) -> String {
    let secure = if is_secure { "; Secure" } else { "" };
    match secret {
        Some(secret) => {
            format!("{COOKIE}={}; Path=/console; HttpOnly; SameSite=Strict{secure}", secret.expose())
        }
        None => format!("{COOKIE}=; Path=/console; HttpOnly; SameSite=Strict; Max-Age=0{secure}"),
    }
}

/// What a cookie of this name holds.
pub(super) fn cookie_value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(of, _)| *of == name).map(|(_, value)| value)
}
