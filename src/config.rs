//! What an operator sets, read once from one TOML file. Everything has a default that works on one machine.

mod openid;
mod person;
pub mod phone;
mod speech;

pub use openid::{OpenIdConfig, RoleOf};
pub use person::{CallbackConfig, ContactCentreConfig, HandoffConfig};
pub use speech::{SpeechConfig, VoicesConfig};

use crate::inference::int8::Kernel;
use phone::PhoneConfig;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// All settings.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where the content lies.
    pub content: ContentConfig,
    /// The sentence encoder.
    pub model: ModelConfig,
    /// Where the program keeps what it learns and stores.
    pub data: DataConfig,
    /// Where conversations are kept.
    pub store: StoreConfig,
    /// The queues for a person.
    pub handoff: HandoffConfig,
    /// Calls that citizens may ask for.
    pub callback: CallbackConfig,
    /// Another contact centre that may be the human side.
    pub contact_centre: ContactCentreConfig,
    /// Sign-in to the console by an identity provider.
    pub openid: OpenIdConfig,
    /// The phone.
    pub phone: PhoneConfig,
    /// The web server.
    pub server: ServerConfig,
    /// Hearing and speaking, on the phone.
    pub speech: SpeechConfig,
    /// What editors and operators may ask of a running service.
    pub admin: AdminConfig,
    /// Bounds.
    pub limits: Limits,
    /// How long is kept what is no conversation: those go after `limits.retention_days`.
    pub retention: RetentionConfig,
}

/// Where the content lies.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct ContentConfig {
    /// The folder that holds `knowledge/` and `intents/`.
    pub root: PathBuf,
    /// Where the last versions are kept, with the name of the live one. Replicas that share it follow each other.
    pub versions: PathBuf,
    /// How many versions are kept.
    pub versions_n_max: usize,
    /// Seconds between two looks at whether another replica went ahead.
    pub follow_seconds: u64,
}

/// What editors and operators may ask of a running service.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdminConfig {
    /// A file with the token that `/v1/admin` asks for; without one nothing is let in.
    pub token_file: PathBuf,
}

/// The sentence encoder.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct ModelConfig {
    /// A folder with `config.json`, `tokenizer.json` and weights (`model.gguf` or safetensors).
    pub folder: PathBuf,
    /// How embeddings are computed: `int8` is the hot path, `f32` the reference that it is held against.
    pub engine: Engine,
    /// The processor's instructions that the `int8` engine uses: `auto`, `avx512-vnni`, `avx-vnni`, `avx2` or `portable`.
    pub kernel: Kernel,
    /// Bytes of recent questions' embeddings that are kept, under hashes keyed anew at each start; 0 keeps none.
    pub question_cache_bytes_max: u64,
}

/// How embeddings are computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// Whole numbers in the processor's instructions.
    #[default]
    Int8,
    /// candle's `BertModel`.
    F32,
}

/// Where the program keeps what it learns and stores.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct DataConfig {
    /// The folder; made when it is missing.
    pub folder: PathBuf,
}

/// Where conversations are kept.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreConfig {
    /// The address of a PostgreSQL database; empty for SQLite in the data folder. It may hold a password: `Debug` hides it.
    pub url: String,
}

impl std::fmt::Debug for StoreConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.url.is_empty() { "StoreConfig(sqlite)" } else { "StoreConfig(postgres)" })
    }
}

/// The web server.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServerConfig {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// Origins of other sites whose pages may call the API, such as `https://www.kela.fi`.
    pub allowed_origins: Vec<String>,
    /// Threads that compute turns; 0 takes as many as there are cores.
    pub turn_threads_n: usize,
    /// Whether `X-Forwarded-For` of a proxy in front tells the client's address.
    pub behind_proxy: bool,
}

/// Bounds. Full means a polite refusal now, not a growing queue.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Turns that may wait for a thread.
    pub turn_queue_len_max: usize,
    /// Requests one client address may make in a burst.
    pub requests_burst_max: u32,
    /// Requests one client address may make per minute in the long run.
    pub requests_per_minute_max: u32,
    /// Bytes of a request's body.
    pub body_bytes_max: usize,
    /// Messages of one conversation.
    pub messages_max: u32,
    /// Open event streams in all.
    pub streams_max: usize,
    /// Seconds a request may take.
    pub request_seconds_max: u64,
    /// Seconds that running requests are given at shutdown.
    pub shutdown_seconds_max: u64,
    /// Days after which a conversation is deleted.
    pub retention_days: u32,
}

impl Default for ContentConfig {
    fn default() -> Self {
        Self { root: ".".into(), versions: "data/content".into(), versions_n_max: 10, follow_seconds: 10 }
    }
}

impl Default for ModelConfig {
    fn default() -> Self {
        Self {
            folder: "models/multilingual-e5-small".into(),
            engine: Engine::Int8,
            kernel: Kernel::Auto,
            question_cache_bytes_max: 8 << 20,
        }
    }
}

impl Default for DataConfig {
    fn default() -> Self {
        Self { folder: "data".into() }
    }
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            allowed_origins: Vec::new(),
            turn_threads_n: 0,
            behind_proxy: false,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            turn_queue_len_max: 256,
            requests_burst_max: 60,
            requests_per_minute_max: 120,
            body_bytes_max: 16 * 1024,
            messages_max: 400,
            streams_max: 4_000,
            request_seconds_max: 10,
            shutdown_seconds_max: 10,
            retention_days: 30,
        }
    }
}

/// How long is kept what is no conversation.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct RetentionConfig {
    /// Days after which entries of the audit log are deleted.
    pub audit_days: u32,
    /// Days after which it is forgotten what became of hand-offs and calls: figures without words and without conversations.
    pub figures_days: u32,
    /// Days after which webhooks are deleted that were given up.
    pub letters_days: u32,
}

impl Default for RetentionConfig {
    fn default() -> Self {
        Self { audit_days: 730, figures_days: 730, letters_days: 30 }
    }
}

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration: {0}")]
    Read(#[from] std::io::Error),
    /// The file is not what is expected.
    #[error("`{path}`: {error}")]
    Form {
        /// The file.
        path: String,
        /// Where and what.
        error: Box<toml::de::Error>,
    },
    /// A setting is out of its range.
    #[error("`{setting}`: {message}")]
    Range {
        /// Its name.
        setting: &'static str,
        /// What is expected.
        message: &'static str,
    },
}

/// The file that is read where none is named and it exists.
const DEFAULT_FILE: &str = "neuvo.toml";

impl Config {
    /// Reads a file, or `neuvo.toml` if it exists, or takes the defaults. Relative paths start at the file's folder.
    ///
    /// # Errors
    /// Where the file cannot be read or says what is not known.
    pub fn read(file: Option<&Path>) -> Result<Self, ConfigError> {
        let path = match file {
            Some(path) => path,
            None if Path::new(DEFAULT_FILE).try_exists()? => Path::new(DEFAULT_FILE),
            None => return Ok(Self::default()),
        };
        let text = fs_err::read_to_string(path)?;
        let mut config: Self = toml::from_str(&text)
            .map_err(|error| ConfigError::Form { path: path.display().to_string(), error: Box::new(error) })?;
        let base = path.parent().unwrap_or(Path::new(""));
        let content = &mut config.content;
        for folder in [&mut content.root, &mut content.versions, &mut config.model.folder, &mut config.data.folder] {
            *folder = base.join(&*folder);
        }
        let centre = &mut config.contact_centre;
        let files = [
            &mut config.admin.token_file,
            &mut config.callback.key_file,
            &mut centre.secret_file,
            &mut centre.token_file,
            &mut config.openid.client_secret_file,
        ];
        for file in files {
            if !file.as_os_str().is_empty() {
                *file = base.join(&*file);
            }
        }
        for file in config.phone.files().into_iter().filter(|file| !file.as_os_str().is_empty()) {
            *file = base.join(&*file);
        }
        config.speech.resolve(base);
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let limits = &self.limits;
        let ranges = [
            ("server.turn_threads_n", self.server.turn_threads_n as u64, 0..=256, "expected 0 to 256"),
            ("limits.turn_queue_len_max", limits.turn_queue_len_max as u64, 1..=100_000, "expected 1 to 100000"),
            ("limits.requests_burst_max", limits.requests_burst_max.into(), 1..=1_000_000, "expected 1 to 1000000"),
            (
                "limits.requests_per_minute_max",
                limits.requests_per_minute_max.into(),
                1..=10_000_000,
                "expected 1 to 10000000",
            ),
            ("limits.body_bytes_max", limits.body_bytes_max as u64, 1_024..=1 << 20, "expected 1024 to 1048576"),
            ("limits.messages_max", limits.messages_max.into(), 1..=2_000, "expected 1 to 2000"),
            ("limits.streams_max", limits.streams_max as u64, 1..=100_000, "expected 1 to 100000"),
            ("limits.request_seconds_max", limits.request_seconds_max, 1..=300, "expected 1 to 300"),
            ("limits.shutdown_seconds_max", limits.shutdown_seconds_max, 1..=300, "expected 1 to 300"),
            ("content.versions_n_max", self.content.versions_n_max as u64, 1..=1_000, "expected 1 to 1000"),
            ("content.follow_seconds", self.content.follow_seconds, 1..=86_400, "expected 1 to 86400"),
            ("handoff.chat_minutes", self.handoff.chat_minutes.into(), 1..=240, "expected 1 to 240"),
            ("callback.hours.slot_minutes", self.callback.hours.slot_minutes.into(), 5..=480, "expected 5 to 480"),
            ("callback.hours.per_slot_n", self.callback.hours.per_slot_n.into(), 1..=1_000, "expected 1 to 1000"),
            ("retention.audit_days", self.retention.audit_days.into(), 1..=3_650, "expected 1 to 3650"),
            ("retention.figures_days", self.retention.figures_days.into(), 1..=3_650, "expected 1 to 3650"),
            ("retention.letters_days", self.retention.letters_days.into(), 1..=3_650, "expected 1 to 3650"),
            ("limits.retention_days", limits.retention_days.into(), 1..=3_650, "expected 1 to 3650"),
        ];
        let ranges = ranges.into_iter().chain(self.speech.ranges());
        if let Some((setting, _, _, message)) = ranges.into_iter().find(|(_, value, range, _)| !range.contains(value)) {
            return Err(ConfigError::Range { setting, message });
        }
        if !self.speech.has_voices() {
            let message = "expected { festival = \"NAME\" }, { espeak-ng = \"NAME\" }, { command = [\"PROGRAM\", …] } or { http = \"http://…\" }";
            return Err(ConfigError::Range { setting: "speech.voices", message });
        }
        let url = &self.store.url;
        if !url.is_empty() && !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            let message = "expected an address such as `postgres://user@host/database`, or nothing for SQLite";
            return Err(ConfigError::Range { setting: "store.url", message });
        }
        let webhook = &self.contact_centre.webhook_url;
        if !webhook.is_empty() && !webhook.starts_with("https://") && !webhook.starts_with("http://") {
            let message = "expected an address such as `https://centre.example/hook`, or nothing";
            return Err(ConfigError::Range { setting: "contact_centre.webhook_url", message });
        }
        if self
            .handoff
            .queues
            .iter()
            .any(|queue| queue.len_max == 0 || queue.closes <= queue.opens || queue.id.is_empty())
        {
            let message = "expected an id, `closes` after `opens` and `len_max` from 1 in each queue";
            return Err(ConfigError::Range { setting: "handoff.queues", message });
        }
        self.openid.check()?;
        self.phone.check()?;
        if self.server.allowed_origins.iter().any(|origin| !is_origin(origin)) {
            let message = "expected origins such as `https://www.kela.fi`, without a path";
            return Err(ConfigError::Range { setting: "server.allowed_origins", message });
        }
        Ok(())
    }
}

/// Scheme, host and perhaps a port, as browsers send them.
fn is_origin(origin: &str) -> bool {
    let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    let is_host = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-:[]".contains(c);
    host.is_some_and(|host| !host.is_empty() && host.chars().all(is_host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_is_the_defaults() {
        let example: toml::Table = toml::from_str(include_str!("../neuvo.example.toml")).unwrap();
        assert_eq!(example, toml::Table::try_from(Config::default()).unwrap());
        Config::default().check().unwrap();
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let config: Config = toml::from_str(text).unwrap();
        let said = config.check().map_or_else(|error| error.to_string(), |()| "fine".to_owned());
        assert_eq!(said, expected);
    }

    #[test]
    fn settings_have_bounds() {
        check("limits.messages_max = 0", "`limits.messages_max`: expected 1 to 2000");
        check("limits.body_bytes_max = 99999999", "`limits.body_bytes_max`: expected 1024 to 1048576");
        check("store.url = \"postgres://neuvo@db/neuvo\"", "fine");
        check(
            "store.url = \"mysql://db\"",
            "`store.url`: expected an address such as `postgres://user@host/database`, or nothing for SQLite",
        );
        check("limits.retention_days = 0", "`limits.retention_days`: expected 1 to 3650");
        check("server.allowed_origins = [\"https://www.kela.fi\", \"http://localhost:3000\"]", "fine");
        let refused = "`server.allowed_origins`: expected origins such as `https://www.kela.fi`, without a path";
        for voice in
            ["{ festival = \"x) (system \" }", "{ espeak-ng = \"-w\" }", "{ command = [] }", "{ http = \"ftp://x\" }"]
        {
            let config: Config = toml::from_str(&format!("speech.voices.fi = {voice}")).unwrap();
            assert!(config.check().is_err(), "{voice}");
        }
        check("speech.recognise_seconds_max = 0", "`speech.recognise_seconds_max`: expected 1 to 120");
        for origin in ["*", "https://kela.fi/", "https://KELA.fi", "ftp://kela.fi", "https://", "httpskela"] {
            check(&format!("server.allowed_origins = [\"{origin}\"]"), refused);
        }
    }
}
