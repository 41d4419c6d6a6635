//! Requests to an identity provider: bounded in time and in size, without following redirects.

use openidconnect::http::Response;
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use reqwest::redirect::Policy;
use std::pin::Pin;
use std::time::Duration;

/// A client that asks identity providers.
pub(super) struct Http(reqwest::Client);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum HttpError {
    /// The connection failed, or it took too long.
    #[error("no answer: {0}")]
    Failed(#[source] reqwest::Error),
    /// The answer is longer than any that is meant.
    #[error("the answer has more than {BODY_BYTES_MAX} bytes")]
    TooLong,
    /// The answer cannot be one.
    #[error("the answer is no HTTP response")]
    Form,
}

/// How long one answer may take.
const TIME_MAX: Duration = Duration::from_secs(3);
/// Bytes of an answer. The keys of large providers have some ten thousand.
const BODY_BYTES_MAX: usize = 256 * 1024;

impl Http {
    /// A client; `only_tls` where the provider is elsewhere.
    pub(super) fn new(only_tls: bool) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder().timeout(TIME_MAX).connect_timeout(TIME_MAX / 2);
        // A redirect could lead into the house's own network.
        client.redirect(Policy::none()).https_only(only_tls).build().map(Self)
    }

    async fn ask(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        // The address is the provider's; what is asked may stand in it.
        let failed = |error: reqwest::Error| HttpError::Failed(error.without_url());
        let request = reqwest::Request::try_from(request).map_err(failed)?;
        let mut answer = self.0.execute(request).await.map_err(failed)?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            if BODY_BYTES_MAX < body.len() + chunk.len() {
                return Err(HttpError::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        let mut response = Response::builder().status(answer.status());
        if let Some(headers) = response.headers_mut() {
            headers.extend(answer.headers().clone());
        }
        response.body(body).map_err(|_| HttpError::Form)
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.ask(request))
    }
}
