//! Settings of the human side: queues, calls back, another contact centre.

use crate::handoff::{CallHours, Queue};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The queues for a person.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct HandoffConfig {
    /// The queues; the first that serves a conversation's language and benefit is its queue. Without any, citizens are told how else they
    /// reach a person.
    pub queues: Vec<Queue>,
    /// Minutes that a conversation with an expert takes, until some have been measured.
    pub chat_minutes: u32,
}

impl Default for HandoffConfig {
    fn default() -> Self {
        Self { queues: Vec::new(), chat_minutes: 12 }
    }
}

/// Calls that citizens may ask for.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct CallbackConfig {
    /// A file with 32 random bytes in hexadecimal, with which phone numbers are encrypted; without one no calls are taken.
    pub key_file: PathBuf,
    /// When calls are made.
    pub hours: CallHours,
}

/// Another contact centre that may be the human side: events leave by webhook, and it acts over `/v1/desk`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct ContactCentreConfig {
    /// Where events are sent; empty sends none.
    pub webhook_url: String,
    /// A file with the secret that signs them: `whsec_` and base64.
    pub secret_file: PathBuf,
    /// A file with the token that `/v1/desk` asks for; without one nothing is let in.
    pub token_file: PathBuf,
    /// The login of the account that it acts with.
    pub login: String,
}

impl Default for ContactCentreConfig {
    fn default() -> Self {
        Self {
            webhook_url: String::new(),
            secret_file: PathBuf::new(),
            token_file: PathBuf::new(),
            login: "contact-centre".to_owned(),
        }
    }
}
