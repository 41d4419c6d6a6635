//! Signing in by the word of an identity provider instead of a password.
//!
//! A person is known by issuer and subject, never by a login or an address: those can be given to somebody else, and an account that has a
//! password is nobody's but its owner's.

use crate::domain::{Identity, Role};
use crate::exchange::desk::{SignInError, may_enter};
use crate::exchange::{Exchange, Secret};
use crate::store::{Account, StoreError};
use jiff::SignedDuration;

/// How long somebody may be at the provider.
pub const SIGN_IN_TIME_MAX: SignedDuration = SignedDuration::from_mins(10);
/// The longest login in characters, and what is left for a number that tells it from others.
const LOGIN_CHARS_MAX: usize = 60;
/// The longest first name in characters.
const NAME_CHARS_MAX: usize = 40;
/// Logins that are tried for a new account.
const LOGINS_N: u32 = 100;
/// The login of whom the provider gives none.
const NAMELESS: &str = "expert";

impl Exchange {
    /// Begins a sign-in. What comes back belongs in a cookie of the browser; all that the provider is told follows from it.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn begin_sign_in(&self) -> Result<Secret, StoreError> {
        let begun = Secret::random();
        self.store.begin_sign_in(&begun.hash(), SIGN_IN_TIME_MAX).await?;
        Ok(begun)
    }

    /// Takes a sign-in up again that was begun here or at another replica: once, and not too late. What is false goes into the audit log.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn resume_sign_in(&self, begun: &Secret) -> Result<bool, StoreError> {
        self.store.take_sign_in(&begun.hash(), SIGN_IN_TIME_MAX).await
    }

    /// Writes down that a sign-in was refused before anybody knew whose it was.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn refuse_sign_in(&self) -> Result<(), StoreError> {
        self.store.audit("", "sign-in-refused", None).await
    }

    /// Opens a session for a person whom the provider vouches for. The account is made at the first sign-in; its role follows the provider at
    /// each.
    ///
    /// # Errors
    /// [`SignInError::Disabled`] and [`SignInError::NoRole`].
    pub async fn sign_in_as(&self, identity: &Identity) -> Result<(Account, Secret), SignInError> {
        let known = self.store.account_of(&identity.issuer, &identity.subject).await?;
        let login = known.as_ref().map(|account| account.login.clone()).unwrap_or_default();
        if known.as_ref().is_some_and(|account| account.is_disabled) {
            self.store.audit(&login, "sign-in-refused", None).await?;
            return Err(SignInError::Disabled);
        }
        let account = match (known, identity.role) {
            (Some(account), Some(role)) => self.with_role(account, role).await?,
            (None, Some(role)) => self.welcome_expert(identity, role).await?,
            (known, None) => {
                if let Some(account) = known {
                    self.store.close_sessions(&account).await?;
                }
                self.store.audit(&login, "sign-in-refused", None).await?;
                return Err(SignInError::NoRole);
            }
        };
        if !may_enter(account.role) {
            self.store.audit(&account.login, "sign-in-refused", None).await?;
            return Err(SignInError::NoRole);
        }
        let secret = self.open_session(&account).await?;
        Ok((account, secret))
    }

    async fn with_role(&self, account: Account, role: Role) -> Result<Account, StoreError> {
        if account.role == role {
            return Ok(account);
        }
        self.store.set_role(&account.login, role).await?;
        self.store.audit(&account.login, "role-changed", None).await?;
        Ok(Account { role, ..account })
    }

    async fn welcome_expert(&self, identity: &Identity, role: Role) -> Result<Account, StoreError> {
        let base = login(identity.login.as_deref().unwrap_or_default());
        let name = name(identity.name.as_deref().unwrap_or_default());
        let name = if name.is_empty() { word(&base) } else { name };
        for n in 1..=LOGINS_N {
            let login = if n == 1 { base.clone() } else { format!("{base}-{n}") };
            let account = Account::new(&login, &name, role);
            match self.store.add_account_of(&account, &identity.issuer, &identity.subject).await {
                Ok(()) => {
                    self.store.audit(&login, "account-added", None).await?;
                    return Ok(account);
                }
                // Another sign-in of the same person may have been quicker; else the login is somebody else's.
                Err(StoreError::LoginTaken) => {
                    if let Some(account) = self.store.account_of(&identity.issuer, &identity.subject).await? {
                        return Ok(account);
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Err(StoreError::LoginTaken)
    }
}

/// A suggested login as one of ours: lower-case letters, digits and `. _ - @`.
fn login(suggested: &str) -> String {
    let is_login = |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-@".contains(*c);
    let login: String = suggested.to_lowercase().chars().filter(is_login).take(LOGIN_CHARS_MAX).collect();
    if login.is_empty() { NAMELESS.to_owned() } else { login }
}

/// A first name as citizens may see it: without what turns the text around it.
fn name(given: &str) -> String {
    let is_shown = |c: &char| {
        !c.is_control() && !matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let name: String = given.chars().filter(is_shown).take(NAME_CHARS_MAX).collect();
    name.trim().to_owned()
}

/// The first word of a login, with a capital: citizens are not shown addresses.
fn word(login: &str) -> String {
    let word = login.split(['.', '_', '-', '@']).find(|word| !word.is_empty()).unwrap_or(NAMELESS);
    let mut chars = word.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_provider_suggests_becomes_ours() {
        assert_eq!(login("Aino.Virtanen@kela.fi"), "aino.virtanen@kela.fi");
        assert_eq!(login("Åke Ström\u{202e}"), "kestrm");
        assert_eq!(login("§"), "expert");
        assert_eq!(login(&"a".repeat(300)).len(), LOGIN_CHARS_MAX);
        assert_eq!(name(" Ai\u{202e}no\u{0}\n "), "Aino");
        assert_eq!(word("aino.virtanen@kela.fi"), "Aino");
        assert_eq!(name(&"ä".repeat(300)).chars().count(), NAME_CHARS_MAX);
    }
}
