//! Settings of sign-in to the console by OpenID Connect.

use crate::config::{ConfigError, is_origin};
use crate::domain::Role;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Sign-in to the console by an identity provider that speaks OpenID Connect.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct OpenIdConfig {
    /// The provider, as it names itself in its discovery document; empty leaves only passwords.
    pub issuer: String,
    /// The name under which the provider knows neuvo.
    pub client_id: String,
    /// A file with the secret that goes with it; empty for a public client.
    pub client_secret_file: PathBuf,
    /// How browsers reach this service, without a path: they come back to `/console/openid/return` there.
    pub public_url: String,
    /// What is asked for besides `openid`.
    pub scopes: Vec<String>,
    /// The claim that says what somebody may do; dots lead into nested claims.
    pub claim: String,
    /// Which value of the claim gives which role; the first that somebody has counts, and without one nobody is let in.
    pub roles: Vec<RoleOf>,
    /// Seconds by which the provider's clock may be off.
    pub clock_skew_seconds: u64,
    /// Whether accounts may sign in with a password too.
    pub password: bool,
}

/// The role that a value of a claim gives.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RoleOf {
    /// The value, such as the name of a group.
    pub value: String,
    /// The role.
    pub role: Role,
}

impl Default for OpenIdConfig {
    fn default() -> Self {
        Self {
            issuer: String::new(),
            client_id: String::new(),
            client_secret_file: PathBuf::new(),
            public_url: String::new(),
            scopes: vec!["profile".to_owned()],
            claim: "groups".to_owned(),
            roles: Vec::new(),
            clock_skew_seconds: 60,
            password: true,
        }
    }
}

impl OpenIdConfig {
    /// Whether a provider is configured.
    pub const fn is_on(&self) -> bool {
        !self.issuer.is_empty()
    }

    /// Looks that what belongs together is there and safe.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let is_scope = |scope: &String| !scope.is_empty() && scope.bytes().all(|byte| byte.is_ascii_graphic());
        let rules = [
            (
                self.is_on() || self.password,
                "openid.password",
                "expected `true` where no `openid.issuer` is named: nobody could sign in",
            ),
            (
                !self.is_on() || is_safe(&self.issuer),
                "openid.issuer",
                "expected an address such as `https://login.example.fi/realms/kela`, without `?` and `#`; `http://` only on this machine",
            ),
            (
                !self.is_on() || !self.client_id.is_empty(),
                "openid.client_id",
                "expected the name under which the provider knows neuvo",
            ),
            (
                !self.is_on() || is_origin(&self.public_url) && is_safe(&self.public_url),
                "openid.public_url",
                "expected how browsers reach this service, such as `https://bot.example.fi`, without a path; `http://` only on this machine",
            ),
            (
                !self.is_on() || !self.claim.is_empty(),
                "openid.claim",
                "expected the claim that tells roles, such as `groups`",
            ),
            (
                !self.is_on() || !self.roles.is_empty() && self.roles.iter().all(|of| !of.value.is_empty()),
                "openid.roles",
                "expected at least one such as { value = \"chat-experts\", role = \"expert\" }: nobody could sign in",
            ),
            (
                self.scopes.len() <= SCOPES_N_MAX && self.scopes.iter().all(is_scope),
                "openid.scopes",
                "expected up to 20 names without spaces",
            ),
            (self.clock_skew_seconds <= CLOCK_SKEW_SECONDS_MAX, "openid.clock_skew_seconds", "expected 0 to 300"),
        ];
        match rules.into_iter().find(|(holds, _, _)| !holds) {
            Some((_, setting, message)) => Err(ConfigError::Range { setting, message }),
            None => Ok(()),
        }
    }
}

const SCOPES_N_MAX: usize = 20;
const CLOCK_SKEW_SECONDS_MAX: u64 = 300;

/// Whether nobody in between can read or change what is exchanged with an address: TLS, or this machine.
fn is_safe(url: &str) -> bool {
    if url.contains(['?', '#', '@', '\\']) || !url.bytes().all(|byte| byte.is_ascii_graphic()) {
        return false;
    }
    if let Some(rest) = url.strip_prefix("https://") {
        return !rest.is_empty() && !rest.starts_with('/');
    }
    let authority = url.strip_prefix("http://").and_then(|rest| rest.split('/').next()).unwrap_or_default();
    ["localhost", "127.0.0.1", "[::1]"].iter().any(|host| match authority.strip_prefix(host) {
        Some("") => true,
        Some(port) => port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok()),
        None => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let base = "issuer = \"https://login.example.fi\"\nclient_id = \"neuvo\"\npublic_url = \"https://bot.example.fi\"\n\
                    roles = [{ value = \"experts\", role = \"expert\" }]\n";
        let mut table: toml::Table = base.parse().unwrap();
        table.extend(text.parse::<toml::Table>().unwrap());
        let config: OpenIdConfig = table.try_into().unwrap();
        let said = config.check().map_or_else(|error| error.to_string(), |()| "fine".to_owned());
        assert!(said.starts_with(expected), "{text}: {said}");
    }

    #[test]
    fn a_provider_is_complete_and_safe() {
        check("", "fine");
        check("password = false", "fine");
        for issuer in
            ["http://localhost:8081", "http://127.0.0.1:9000/realms/kela", "http://[::1]:1", "http://localhost"]
        {
            check(&format!("issuer = {issuer:?}"), "fine");
        }
        for issuer in [
            "http://login.example.fi",
            "http://localhost.example.fi",
            "http://localhost:80.example.fi",
            "http://localhost@example.fi",
            "https://",
            "https:///realms",
            "https://login.example.fi/?realm=kela",
            "login.example.fi",
            "https://login.example.fi/a b",
        ] {
            check(&format!("issuer = {issuer:?}"), "`openid.issuer`: expected an address");
        }
        check("issuer = \"\"\npassword = false", "`openid.password`: expected `true`");
        check("client_id = \"\"", "`openid.client_id`");
        for url in ["", "http://bot.example.fi", "https://bot.example.fi/neuvo", "https://bot.example.fi/"] {
            check(&format!("public_url = {url:?}"), "`openid.public_url`: expected how browsers reach this service");
        }
        check("roles = []", "`openid.roles`: expected at least one");
        check("claim = \"\"", "`openid.claim`");
        check("scopes = [\"profile email\"]", "`openid.scopes`");
        check("clock_skew_seconds = 3600", "`openid.clock_skew_seconds`: expected 0 to 300");
        assert!(OpenIdConfig::default().check().is_ok() && !OpenIdConfig::default().is_on());
        assert!(toml::from_str::<OpenIdConfig>("roles = [{ value = \"a\", role = \"boss\" }]").is_err());
    }
}
