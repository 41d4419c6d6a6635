//! What an operator sets, read once from one TOML file. Everything has a default that works on one machine.

use crate::inference::int8::Kernel;
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// All settings.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where the content lies.
    pub content: ContentConfig,
    /// The sentence encoder.
    pub model: ModelConfig,
    /// Where the program keeps what it learns and stores.
    pub data: DataConfig,
    /// The web server.
    pub server: ServerConfig,
    /// Bounds.
    pub limits: Limits,
}

/// Where the content lies.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ContentConfig {
    /// The folder that holds `knowledge/` and `intents/`.
    pub root: PathBuf,
}

/// The sentence encoder.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ModelConfig {
    /// A folder with `config.json`, `tokenizer.json` and weights (`model.gguf` or safetensors).
    pub folder: PathBuf,
    /// How embeddings are computed: `int8` is the hot path, `f32` the reference that it is held against.
    pub engine: Engine,
    /// The processor's instructions that the `int8` engine uses: `auto`, `avx512-vnni`, `avx-vnni`, `avx2` or `portable`.
    pub kernel: Kernel,
}

/// How embeddings are computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// Whole numbers in the processor's instructions.
    #[default]
    Int8,
    /// candle's `BertModel`.
    F32,
}

/// Where the program keeps what it learns and stores.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DataConfig {
    /// The folder; made when it is missing.
    pub folder: PathBuf,
}

/// The web server.
#[derive(Clone, Debug, Deserialize)]
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
#[derive(Clone, Debug, Deserialize)]
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
        Self { root: ".".into() }
    }
}

impl Default for ModelConfig {
    fn default() -> Self {
        Self { folder: "models/multilingual-e5-small".into(), engine: Engine::Int8, kernel: Kernel::Auto }
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
        for folder in [&mut config.content.root, &mut config.model.folder, &mut config.data.folder] {
            *folder = base.join(&*folder);
        }
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let positive = [
            ("limits.turn_queue_len_max", self.limits.turn_queue_len_max),
            ("limits.requests_burst_max", self.limits.requests_burst_max as usize),
            ("limits.requests_per_minute_max", self.limits.requests_per_minute_max as usize),
            ("limits.body_bytes_max", self.limits.body_bytes_max),
            ("limits.messages_max", self.limits.messages_max as usize),
            ("limits.streams_max", self.limits.streams_max),
        ];
        if let Some((setting, _)) = positive.into_iter().find(|(_, value)| *value == 0) {
            return Err(ConfigError::Range { setting, message: "expected at least 1" });
        }
        if self.server.allowed_origins.iter().any(|origin| !origin.starts_with("http") || origin.ends_with('/')) {
            let message = "expected origins such as `https://www.kela.fi`, without a path";
            return Err(ConfigError::Range { setting: "server.allowed_origins", message });
        }
        Ok(())
    }
}
