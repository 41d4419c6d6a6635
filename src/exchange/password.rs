//! Passwords as they are kept: argon2id with a salt of its own each. Hashing is slow on purpose: callers do it on a blocking thread.

use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};

/// The shortest password in characters.
pub const CHARS_MIN: usize = 12;
/// The longest password in characters.
pub const CHARS_MAX: usize = 200;

/// Why a password cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Too short or too long.
    #[error("a password has {CHARS_MIN} to {CHARS_MAX} characters: choose another")]
    Length,
    /// It could not be hashed.
    #[error("the password cannot be hashed")]
    Hash,
}

/// 19 MiB, two passes: what OWASP recommends for argon2id.
fn argon2() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::default())
}

/// Hashes a password to keep.
///
/// # Errors
/// Where it is too short or too long.
pub fn hash(password: &str) -> Result<String, PasswordError> {
    if !(CHARS_MIN..=CHARS_MAX).contains(&password.chars().count()) {
        return Err(PasswordError::Length);
    }
    let salt: [u8; 16] = rand::random();
    let salt = SaltString::encode_b64(&salt).map_err(|_| PasswordError::Hash)?;
    let hash = argon2().hash_password(password.as_bytes(), &salt).map_err(|_| PasswordError::Hash)?;
    Ok(hash.to_string())
}

/// Whether a password is the one that was hashed. Without a hash the same work is done for nothing, so that nobody learns who has an
/// account.
pub(super) fn is_right(password: &str, hash: Option<&str>) -> bool {
    if CHARS_MAX < password.chars().count() {
        return false;
    }
    let known = hash.is_some();
    let Ok(hash) = PasswordHash::new(hash.unwrap_or(NOBODY)) else { return false };
    let same = argon2().verify_password(password.as_bytes(), &hash).is_ok();
    known && same
}

/// A hash of nobody's password.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$AAECAwQFBgcICQoLDA0ODwABAgMEBQYHCAkKCwwNDg8";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_password_is_right() {
        let kept = hash("oikea hevonen paristo").unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(is_right("oikea hevonen paristo", Some(&kept)));
        assert!(!is_right("väärä hevonen paristo", Some(&kept)));
        assert!(!is_right("oikea hevonen paristo", None) && !is_right("", Some("nonsense")));
        assert_ne!(kept, hash("oikea hevonen paristo").unwrap());
        assert!(PasswordHash::new(NOBODY).is_ok());
        assert!(matches!(hash("lyhyt"), Err(PasswordError::Length)));
        assert!(matches!(hash(&"ä".repeat(201)), Err(PasswordError::Length)));
    }
}
