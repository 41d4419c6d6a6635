//! What an identity provider says of a person, and which role that gives.

use crate::config::RoleOf;
use crate::domain::{Identity, Role};
use openidconnect::core::CoreGenderClaim;
use openidconnect::{
    AdditionalClaims, EndUserGivenName, EndUserName, EndUserUsername, IdTokenClaims, LocalizedClaim, UserInfoClaims,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The claims that the standard does not name: groups and roles among them.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Claims {
    #[serde(flatten)]
    all: Map<String, Value>,
}

impl AdditionalClaims for Claims {}

/// Which claim tells roles, and what its values give.
pub(super) struct Rules {
    pub(super) claim: String,
    pub(super) roles: Vec<RoleOf>,
}

/// What is said of a person.
pub(super) struct Person {
    pub(super) claims: Claims,
    login: Option<String>,
    name: Option<String>,
}

impl Rules {
    /// Whether the claim is there at all.
    pub(super) fn are_told(&self, claims: &Claims) -> bool {
        self.value(claims).is_some()
    }

    /// The first role of the configuration that the claim's values give.
    pub(super) fn role(&self, claims: &Claims) -> Option<Role> {
        let has = |wanted: &str| match self.value(claims) {
            Some(Value::String(value)) => value == wanted,
            Some(Value::Array(values)) => values.iter().any(|value| value.as_str() == Some(wanted)),
            _ => false,
        };
        self.roles.iter().find(|of| has(&of.value)).map(|of| of.role)
    }

    /// The claim of this name, or the one to which its dots lead: names may be addresses, with dots of their own.
    fn value<'a>(&self, claims: &'a Claims) -> Option<&'a Value> {
        claims.all.get(&self.claim).or_else(|| {
            let (first, rest) = self.claim.split_once('.')?;
            rest.split('.').try_fold(claims.all.get(first)?, |value, part| value.get(part))
        })
    }
}

impl Person {
    /// By an ID token that was verified.
    pub(super) fn of_token(claims: &IdTokenClaims<Claims, CoreGenderClaim>) -> Self {
        Self {
            claims: claims.additional_claims().clone(),
            login: login(claims.preferred_username()),
            name: name(claims.given_name(), claims.name()),
        }
    }

    /// With what the user info adds.
    pub(super) fn and(self, told: &UserInfoClaims<Claims, CoreGenderClaim>) -> Self {
        let mut claims = told.additional_claims().clone();
        claims.all.extend(self.claims.all);
        Self {
            claims,
            login: self.login.or_else(|| login(told.preferred_username())),
            name: self.name.or_else(|| name(told.given_name(), told.name())),
        }
    }

    /// Who that is for neuvo.
    pub(super) fn identity(self, rules: &Rules, (issuer, subject): (&str, &str)) -> Identity {
        let role = rules.role(&self.claims);
        Identity { issuer: issuer.to_owned(), subject: subject.to_owned(), login: self.login, name: self.name, role }
    }
}

fn login(claim: Option<&EndUserUsername>) -> Option<String> {
    claim.map(|login| login.as_str().to_owned())
}

/// The given name, or else the first word of the whole one.
fn name(
    given: Option<&LocalizedClaim<EndUserGivenName>>,
    whole: Option<&LocalizedClaim<EndUserName>>,
) -> Option<String> {
    let given = given.and_then(|names| names.get(None)).map(|name| name.as_str());
    let whole = whole.and_then(|names| names.get(None)).and_then(|name| name.as_str().split_whitespace().next());
    given.or(whole).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(claim: &str, claims: Value, expected: Option<Role>) {
        let role = |value: &str, role| RoleOf { value: value.to_owned(), role };
        let roles = vec![role("boss", Role::Supervisor), role("chat", Role::Expert), role("text", Role::Editor)];
        let rules = Rules { claim: claim.to_owned(), roles };
        assert_eq!(rules.role(&serde_json::from_value(claims).unwrap()), expected);
    }

    #[test]
    fn the_first_role_of_the_configuration_counts() {
        check("groups", json!({"groups": ["text", "chat"]}), Some(Role::Expert));
        check("groups", json!({"groups": ["chat", "boss"]}), Some(Role::Supervisor));
        check("groups", json!({"groups": "text"}), Some(Role::Editor));
        check("realm_access.roles", json!({"realm_access": {"roles": ["chat"]}}), Some(Role::Expert));
        check("https://kela.example/roles", json!({"https://kela.example/roles": ["chat"]}), Some(Role::Expert));
    }

    #[test]
    fn without_one_there_is_none() {
        for claims in [
            json!({}),
            json!({"groups": []}),
            json!({"groups": ["Chat", "chat ", "chat2"]}),
            json!({"groups": [["chat"], {"chat": true}, 1, null]}),
            json!({"groups": {"chat": true}}),
            json!({"groups": null}),
            json!({"groups": "chat text"}),
            json!({"roles": ["chat"]}),
        ] {
            check("groups", claims, None);
        }
        check("realm_access.roles", json!({"realm_access": ["roles", "chat"]}), None);
        check(".", json!({"": {"": "chat"}}), Some(Role::Expert));
    }
}
