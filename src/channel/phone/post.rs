//! Text messages, by an interface in the form of Twilio's `Messages.json`.

use crate::config::phone::SmsConfig;
use reqwest::Client;
use reqwest::header::CONTENT_TYPE;
use std::time::Duration;

/// Sends text messages.
pub(super) struct Post {
    client: Client,
    config: SmsConfig,
    token: String,
}

/// A caller waits no longer for the news that the link is on its way.
const SEND_MAX: Duration = Duration::from_secs(6);

impl Post {
    pub(super) fn new(config: &SmsConfig, token: String) -> Option<Self> {
        let client = Client::builder().timeout(SEND_MAX).build().ok()?;
        (!config.url.is_empty()).then(|| Self { client, config: config.clone(), token })
    }

    /// Sends a text message. Says whether the gateway took it.
    pub(super) async fn send(&self, to: &str, text: &str) -> bool {
        let pairs = [("To", to), ("From", self.config.from.as_str()), ("Body", text)];
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        let request = self.client.post(&self.config.url).basic_auth(&self.config.account, Some(&self.token));
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form);
        match request.send().await {
            Ok(response) if response.status().is_success() => true,
            Ok(response) => {
                tracing::warn!(http.status = response.status().as_u16(), "the gateway refused a text message");
                false
            }
            // The error may name the address, not what was sent.
            Err(error) => {
                tracing::warn!(error = %error.without_url(), "a text message could not be sent");
                false
            }
        }
    }
}
