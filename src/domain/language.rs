//! The three languages in which neuvo answers.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A language that citizens are answered in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Finnish.
    Fi,
    /// Swedish, as it is written in Finland.
    Sv,
    /// English.
    En,
}

impl Language {
    /// All languages, in the order in which tables show them.
    pub const ALL: [Self; 3] = [Self::Fi, Self::Sv, Self::En];

    /// The BCP 47 tag: `fi`, `sv` or `en`.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Fi => "fi",
            Self::Sv => "sv",
            Self::En => "en",
        }
    }

    /// The position in [`Language::ALL`], for arrays that hold one value a language.
    pub const fn index(self) -> usize {
        match self {
            Self::Fi => 0,
            Self::Sv => 1,
            Self::En => 2,
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}

/// A tag that names no language of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{tag}` is not a language we answer in: expected fi, sv or en")]
pub struct UnknownLanguage {
    /// The tag as it was written.
    pub tag: String,
}

impl FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(tag: &str) -> Result<Self, Self::Err> {
        match tag {
            "fi" => Ok(Self::Fi),
            "sv" => Ok(Self::Sv),
            "en" => Ok(Self::En),
            other => Err(UnknownLanguage { tag: other.to_owned() }),
        }
    }
}
