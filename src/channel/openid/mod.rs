//! Asks an identity provider who somebody is, by OpenID Connect: the authorization code flow with PKCE, state and nonce.
//!
//! A sign-in has one secret, in a cookie of the browser that began it. State, nonce and PKCE verifier are hashes of it, each for its own
//! purpose: what the provider sees of them tells nothing of the secret, and whoever comes back without the cookie brings nothing that fits.
//! In reading order: [`party`] is what is known of the provider; [`claims`] is what it says of a person; [`http`] is how it is asked.

mod claims;
mod http;
mod party;

use crate::config::OpenIdConfig;
use crate::domain::Identity;
use crate::exchange::Secret;
use claims::{Claims, Rules};
use http::Http;
use openidconnect::core::{CoreAuthPrompt, CoreResponseType};
use openidconnect::{
    AccessTokenHash, AuthenticationFlow, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, CsrfToken,
    IssuerUrl, Nonce, OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError,
    Scope, TokenResponse as _,
};
use party::{Found, Party};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use subtle::ConstantTimeEq as _;

/// An identity provider.
pub struct Provider {
    issuer: IssuerUrl,
    client_id: ClientId,
    client_secret: Option<ClientSecret>,
    return_url: RedirectUrl,
    scopes: Vec<Scope>,
    clock_skew: Duration,
    rules: Rules,
    http: Http,
    found: tokio::sync::Mutex<Option<Found>>,
    /// Whether browsers reach this service by TLS.
    pub is_secure: bool,
}

/// Where browsers come back to, below the public address.
pub const RETURN_PATH: &str = "/console/openid/return";

/// Why a person is not known.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The provider cannot be asked. The cause is for the log.
    #[error("the identity provider cannot be asked: {0}")]
    Down(String),
    /// What it said cannot be relied on.
    #[error("the identity provider's answer is refused: {0}")]
    Refused(String),
}

/// How long all questions about one person may take.
const ASK_TIME_MAX: Duration = Duration::from_secs(8);
/// Who signs out waits for the provider no longer than this.
const END_TIME_MAX: Duration = Duration::from_secs(1);
/// An ID token is used at once: one that was issued longer ago was kept somewhere.
const ISSUED_TIME_MAX: Duration = Duration::from_mins(10);
/// Bytes of a subject, by the specification.
const SUBJECT_BYTES_MAX: usize = 255;

impl Provider {
    /// Reads the secret; `None` where no provider is configured. Nobody is asked yet.
    ///
    /// # Errors
    /// Where the secret cannot be read or is empty.
    pub fn open(config: &OpenIdConfig) -> std::io::Result<Option<Arc<Self>>> {
        if !config.is_on() {
            return Ok(None);
        }
        let file = &config.client_secret_file;
        let client_secret = if file.as_os_str().is_empty() {
            None
        } else {
            let secret = fs_err::read_to_string(file)?.trim().to_owned();
            if secret.is_empty() {
                let message =
                    format!("`{}`: expected the secret that the identity provider gave to neuvo", file.display());
                return Err(std::io::Error::other(message));
            }
            Some(ClientSecret::new(secret))
        };
        let return_url = format!("{}{RETURN_PATH}", config.public_url);
        Ok(Some(Arc::new(Self {
            issuer: IssuerUrl::new(config.issuer.clone()).map_err(std::io::Error::other)?,
            client_id: ClientId::new(config.client_id.clone()),
            client_secret,
            return_url: RedirectUrl::new(return_url).map_err(std::io::Error::other)?,
            scopes: config.scopes.iter().cloned().map(Scope::new).collect(),
            clock_skew: Duration::from_secs(config.clock_skew_seconds),
            rules: Rules { claim: config.claim.clone(), roles: config.roles.clone() },
            http: Http::new(config.issuer.starts_with("https://")).map_err(std::io::Error::other)?,
            found: tokio::sync::Mutex::default(),
            is_secure: config.public_url.starts_with("https://"),
        })))
    }

    /// Where a browser is sent to sign in. `again` asks the person for the password even where the provider still knows the browser.
    ///
    /// # Errors
    /// [`Trouble::Down`].
    pub async fn begin(&self, begun: &Secret, again: bool) -> Result<String, Trouble> {
        let party = in_time(ASK_TIME_MAX, self.party()).await?;
        let (state, nonce) = (CsrfToken::new(state(begun)), nonce(begun));
        let flow = AuthenticationFlow::<CoreResponseType>::AuthorizationCode;
        let mut request = party.client.authorize_url(flow, move || state, move || nonce);
        request = request.add_scopes(self.scopes.clone());
        request = request.set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier(begun)));
        if again {
            request = request.add_prompt(CoreAuthPrompt::Login);
        }
        Ok(request.url().0.into())
    }

    /// Whether what came back belongs to the sign-in that this browser began, and from this provider (RFC 9207) where it says so.
    pub fn fits(&self, begun: &Secret, given: &str, issuer: Option<&str>) -> bool {
        let is_ours = state(begun).as_bytes().ct_eq(given.as_bytes());
        bool::from(is_ours) && issuer.is_none_or(|issuer| issuer == self.issuer.as_str())
    }

    /// Who somebody is, by the code that came back.
    ///
    /// # Errors
    /// See [`Trouble`].
    pub async fn identify(&self, begun: &Secret, code: String) -> Result<Identity, Trouble> {
        in_time(ASK_TIME_MAX, self.ask(begun, code)).await
    }

    /// Where a browser is sent to sign out at the provider too; `None` where that cannot be, or not now.
    pub async fn end(&self) -> Option<String> {
        in_time(END_TIME_MAX, self.party()).await.ok()?.end_url.clone()
    }

    async fn ask(&self, begun: &Secret, code: String) -> Result<Identity, Trouble> {
        let party = self.party().await?;
        let request = party.client.exchange_code(AuthorizationCode::new(code));
        let request = request.map_err(|error| Trouble::Down(error.to_string()))?.set_pkce_verifier(verifier(begun));
        let tokens = request.request_async(&self.http).await.map_err(|error| match error {
            RequestTokenError::Request(error) => Trouble::Down(error.to_string()),
            // Its description is the provider's free text.
            RequestTokenError::ServerResponse(said) => {
                Trouble::Refused(format!("the code was not taken: {}", said.error()))
            }
            RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
                Trouble::Refused("the token endpoint does not answer as it should".to_owned())
            }
        })?;
        let refused = |what: &str| Trouble::Refused(what.to_owned());
        let token = tokens.id_token().ok_or_else(|| refused("there is no ID token"))?;
        let clock_skew = self.clock_skew;
        let verifier = party
            .client
            .id_token_verifier()
            .set_allowed_algs(party::algorithms())
            .set_time_fn(move || (now() - clock_skew).into())
            .set_issue_time_verifier_fn(move |issued| {
                let (issued, now) = (SystemTime::from(issued), now());
                let is_fresh = issued <= now + clock_skew && now <= issued + ISSUED_TIME_MAX + clock_skew;
                if is_fresh { Ok(()) } else { Err("issued at another time".to_owned()) }
            });
        let claims = token.claims(&verifier, &nonce(begun)).map_err(|error| Trouble::Refused(fault(&error)))?;
        if claims.authorized_party().is_some_and(|party| *party != self.client_id) {
            return Err(refused("the ID token was issued for somebody else"));
        }
        if let Some(expected) = claims.access_token_hash() {
            let signed = token.signing_key(&verifier).ok().zip(token.signing_alg().ok());
            let hash = signed.and_then(|(key, alg)| AccessTokenHash::from_token(tokens.access_token(), alg, key).ok());
            if hash.as_ref() != Some(expected) {
                return Err(refused("the access token is not that of the ID token"));
            }
        }
        let subject = claims.subject().clone();
        if SUBJECT_BYTES_MAX < subject.len() || subject.is_empty() {
            return Err(refused("the subject is none"));
        }
        let mut person = claims::Person::of_token(claims);
        if !self.rules.are_told(&person.claims) && party.client.user_info_url().is_some() {
            let request = party.client.user_info(tokens.access_token().clone(), Some(subject.clone()));
            let request = request.map_err(|error| Trouble::Down(error.to_string()))?;
            let told = request.request_async::<Claims, _, _>(&self.http).await;
            person = person.and(&told.map_err(|error| party::user_info_trouble(&error))?);
        }
        Ok(person.identity(&self.rules, (self.issuer.as_str(), subject.as_str())))
    }

    async fn party(&self) -> Result<Arc<Party>, Trouble> {
        let mut found = self.found.lock().await;
        if let Some(found) = found.as_ref().filter(|found| found.is_fresh()) {
            return found.party();
        }
        let now = Party::discover(self).await;
        found.insert(Found::now(now)).party()
    }
}

async fn in_time<T>(time_max: Duration, asked: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
    let asked = tokio::time::timeout(time_max, asked).await;
    asked.unwrap_or_else(|_| Err(Trouble::Down("it does not answer in time".to_owned())))
}

fn state(begun: &Secret) -> String {
    begun.derived("openid-state")
}

fn nonce(begun: &Secret) -> Nonce {
    Nonce::new(begun.derived("openid-nonce"))
}

fn verifier(begun: &Secret) -> PkceCodeVerifier {
    PkceCodeVerifier::new(begun.derived("openid-verifier"))
}

#[expect(clippy::disallowed_methods, reason = "tokens expire")]
fn now() -> SystemTime {
    SystemTime::now()
}

/// What is wrong with an ID token, without what stands in it.
fn fault(error: &ClaimsVerificationError) -> String {
    let fault = match error {
        ClaimsVerificationError::Expired(_) => "the ID token is not of this moment: compare the clocks",
        ClaimsVerificationError::InvalidAudience(_) => "the ID token was issued for somebody else",
        ClaimsVerificationError::InvalidIssuer(_) => "the ID token was issued by somebody else",
        ClaimsVerificationError::InvalidNonce(_) => "the ID token belongs to another sign-in",
        ClaimsVerificationError::SignatureVerification(_) => "the ID token is not signed by the provider",
        _ => "the ID token is not as it should be",
    };
    fault.to_owned()
}
