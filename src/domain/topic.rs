//! Names of content: topics and versions.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The id of a topic, `<benefit>.<topic>`: `housing-allowance.apply`. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TopicId(Arc<str>);

/// The benefit whose topics are about all others.
const OF_ALL: &str = "service";

/// A text that is no topic id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a topic id: expected `<benefit>.<topic>` in lower-case letters, digits and hyphens")]
pub struct TopicIdError {
    /// The text as it was written.
    pub text: String,
}

impl TopicId {
    /// The whole id.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the dot: the folder under `knowledge/`.
    pub fn benefit(&self) -> &str {
        self.0.split_once('.').map_or(&*self.0, |(benefit, _)| benefit)
    }

    /// Whether it is about all benefits: processing times, appeals, ways to reach Kela.
    pub fn is_of_all(&self) -> bool {
        self.benefit() == OF_ALL
    }

    /// The part after the dot: the file name without language and ending.
    pub fn name(&self) -> &str {
        self.0.split_once('.').map_or("", |(_, name)| name)
    }
}

impl FromStr for TopicId {
    type Err = TopicIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_word = |word: &str| {
            !word.is_empty()
                && word.len() <= 64
                && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        };
        match text.split_once('.') {
            Some((benefit, name)) if is_word(benefit) && is_word(name) => Ok(Self(text.into())),
            _ => Err(TopicIdError { text: text.to_owned() }),
        }
    }
}

impl TryFrom<String> for TopicId {
    type Error = TopicIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<TopicId> for String {
    fn from(id: TopicId) -> Self {
        id.0.as_ref().to_owned()
    }
}

impl fmt::Display for TopicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TopicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The version of all content together: the first twelve hexadecimal digits of its SHA-256. Every reply records it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ContentVersion(Arc<str>);

impl ContentVersion {
    /// The version whose content has this hash.
    pub fn from_hash(hash: &[u8]) -> Self {
        Self(hex(hash, 6).into())
    }

    /// The version as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ContentVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The first bytes of a hash as hexadecimal digits.
pub fn hex(hash: &[u8], bytes_n: usize) -> String {
    use fmt::Write as _;
    hash.iter().take(bytes_n).fold(String::with_capacity(2 * bytes_n), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
