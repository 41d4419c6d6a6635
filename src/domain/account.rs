//! Who works at the console.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// The name of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AccountId(pub Uuid);

/// What an account may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Serves citizens.
    Expert,
    /// Serves citizens, and sees load, waits and the audit log.
    Supervisor,
    /// Works on content: no conversations.
    Editor,
    /// Reads figures: no conversations.
    Analyst,
    /// Everything.
    Admin,
}

/// Whom an identity provider says that somebody is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The provider.
    pub issuer: String,
    /// The person's name at the provider: it is never given to somebody else, as a login or an address may be.
    pub subject: String,
    /// The login that the provider suggests.
    pub login: Option<String>,
    /// The first name.
    pub name: Option<String>,
    /// The role that the configuration gives to what the provider says; without one nobody is let in.
    pub role: Option<Role>,
}

/// A text that is no role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a role: expected expert, supervisor, editor, analyst or admin")]
pub struct RoleError(String);

impl Role {
    /// All roles.
    pub const ALL: [Self; 5] = [Self::Expert, Self::Supervisor, Self::Editor, Self::Analyst, Self::Admin];

    /// Its name in contracts and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Expert => "expert",
            Self::Supervisor => "supervisor",
            Self::Editor => "editor",
            Self::Analyst => "analyst",
            Self::Admin => "admin",
        }
    }

    /// Whether it reads and serves conversations.
    pub const fn serves(self) -> bool {
        matches!(self, Self::Expert | Self::Supervisor | Self::Admin)
    }

    /// Whether it sees the whole floor.
    pub const fn supervises(self) -> bool {
        matches!(self, Self::Supervisor | Self::Admin)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = RoleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or_else(|| RoleError(text.to_owned()))
    }
}
