//! What is known of an identity provider: its addresses and keys, as its discovery document has them.

use crate::channel::openid::claims::Claims;
use crate::channel::openid::http::HttpError;
use crate::channel::openid::{Provider, Trouble};
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreErrorResponseType, CoreGenderClaim, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreRevocableToken, CoreRevocationErrorResponse,
    CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::url::Url;
use openidconnect::{
    Client, DiscoveryError, EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet, IdTokenFields,
    LogoutRequest, ProviderMetadataWithLogout, StandardErrorResponse, StandardTokenResponse, UserInfoError,
};
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

type Tokens = StandardTokenResponse<
    IdTokenFields<
        Claims,
        EmptyExtraTokenFields,
        CoreGenderClaim,
        CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm,
    >,
    CoreTokenType,
>;

/// neuvo as this provider's client.
type OurClient = Client<
    Claims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// A provider whose document was read.
pub(super) struct Party {
    pub(super) client: OurClient,
    /// Where browsers sign out.
    pub(super) end_url: Option<String>,
}

/// The last look at the document, good or bad.
pub(super) struct Found {
    at: Instant,
    party: Result<Arc<Party>, String>,
}

/// How long a look holds: new keys are seen soon, and however many sign in, the provider is asked this often.
const FOUND_TIME: Duration = Duration::from_secs(10);

/// Signatures that only the provider can make.
pub(super) fn algorithms() -> [CoreJwsSigningAlgorithm; 9] {
    use CoreJwsSigningAlgorithm as Alg;
    [
        Alg::RsaSsaPkcs1V15Sha256,
        Alg::RsaSsaPkcs1V15Sha384,
        Alg::RsaSsaPkcs1V15Sha512,
        Alg::RsaSsaPssSha256,
        Alg::RsaSsaPssSha384,
        Alg::RsaSsaPssSha512,
        Alg::EcdsaP256Sha256,
        Alg::EcdsaP384Sha384,
        Alg::EdDsa,
    ]
}

impl Party {
    /// Reads document and keys.
    pub(super) async fn discover(provider: &Provider) -> Result<Self, String> {
        let issuer = provider.issuer.clone();
        let document = ProviderMetadataWithLogout::discover_async(issuer, &provider.http).await;
        let document = document.map_err(|error| discovery_fault(&error))?;
        let only_tls = provider.issuer.url().scheme() == "https";
        let is_safe = |url: &Url| !only_tls || url.scheme() == "https";
        if !is_safe(document.authorization_endpoint().url()) {
            return Err("its authorization endpoint is not reached by TLS".to_owned());
        }
        let end = document.additional_metadata().end_session_endpoint.clone().filter(|url| is_safe(url.url()));
        let end_url =
            end.map(|url| LogoutRequest::from(url).set_client_id(provider.client_id.clone()).http_get_url().into());
        let secret = provider.client_secret.clone();
        let client = Client::from_provider_metadata(document, provider.client_id.clone(), secret);
        Ok(Self { client: client.set_redirect_uri(provider.return_url.clone()), end_url })
    }
}

impl Found {
    #[expect(clippy::disallowed_methods, reason = "what is known of a provider grows old")]
    pub(super) fn now(party: Result<Party, String>) -> Self {
        Self { at: Instant::now(), party: party.map(Arc::new) }
    }

    pub(super) fn is_fresh(&self) -> bool {
        self.at.elapsed() < FOUND_TIME
    }

    pub(super) fn party(&self) -> Result<Arc<Party>, Trouble> {
        self.party.clone().map_err(Trouble::Down)
    }
}

/// Why the document cannot be had, with the causes: they name no person.
fn discovery_fault(error: &DiscoveryError<HttpError>) -> String {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        said = format!("{said}: {error}");
        cause = error.source();
    }
    said
}

/// Why the user info cannot be had, without what stands in it.
pub(super) fn user_info_trouble(error: &UserInfoError<HttpError>) -> Trouble {
    match error {
        UserInfoError::Request(error) => Trouble::Down(error.to_string()),
        UserInfoError::ClaimsVerification(_) => Trouble::Refused("the user info is somebody else's".to_owned()),
        _ => Trouble::Refused("the user info is not as it should be".to_owned()),
    }
}
