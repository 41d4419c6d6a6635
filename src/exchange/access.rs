//! Who may see a conversation: whoever has its secret.

use crate::domain::ConversationId;
use crate::exchange::{Exchange, Refusal};
use crate::store::SecretHash;
use sha2::{Digest, Sha256};
use std::fmt::{self, Write as _};

/// What opens a conversation: 256 random bits in hexadecimal. Only its hash is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// The length of a secret in characters.
const SECRET_CHARS: usize = 64;

/// Proof that the conversation's secret was shown. Only [`Exchange::admit`] and [`Exchange::open_call`] make it.
#[derive(Clone, Copy, Debug)]
pub struct Admitted(ConversationId);

impl Secret {
    /// A new secret from the operating system's randomness.
    pub fn random() -> Self {
        // The thread's generator is ChaCha, seeded by the operating system: made for secrets.
        let bytes: [u8; SECRET_CHARS / 2] = rand::random();
        Self(bytes.iter().fold(String::with_capacity(SECRET_CHARS), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        }))
    }

    /// A secret as a client sends it; `None` where it can be none.
    pub fn parse(text: &str) -> Option<Self> {
        let is_one = text.len() == SECRET_CHARS && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_one.then(|| Self(text.to_owned()))
    }

    /// The secret itself, to be told once.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Another secret that follows from this one and tells nothing of it.
    pub fn derived(&self, purpose: &str) -> String {
        let digest = Sha256::new().chain_update(purpose).chain_update(self.0.as_bytes()).finalize();
        digest.iter().fold(String::with_capacity(SECRET_CHARS), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }

    /// What is kept of it.
    pub fn hash(&self) -> SecretHash {
        Sha256::digest(self.0.as_bytes()).into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Admitted {
    /// For a conversation that was opened just now by whoever keeps it.
    pub(super) const fn of(id: ConversationId) -> Self {
        Self(id)
    }

    /// The conversation.
    pub const fn id(self) -> ConversationId {
        self.0
    }
}

impl Exchange {
    /// Lets the holder of a conversation's secret in.
    ///
    /// # Errors
    /// [`Refusal::Unknown`] for a wrong secret and an unknown conversation alike, after the same work.
    pub async fn admit(&self, id: ConversationId, secret: &Secret) -> Result<Admitted, Refusal> {
        let kept = self.store.secret_hash(id).await?;
        let known = kept.is_some();
        let same = is_same(&kept.unwrap_or_default(), &secret.hash());
        if known && same { Ok(Admitted(id)) } else { Err(Refusal::Unknown) }
    }
}

/// Looks at every byte, wherever the first difference is.
fn is_same(a: &SecretHash, b: &SecretHash) -> bool {
    let difference = a.iter().zip(b).fold(0, |difference, (a, b)| std::hint::black_box(difference | (a ^ b)));
    std::hint::black_box(difference) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_long_and_differ() {
        let (a, b) = (Secret::random(), Secret::random());
        assert_ne!(a, b);
        assert_eq!(a.expose().len(), 64);
        assert_eq!(Secret::parse(a.expose()), Some(a.clone()));
        assert!(is_same(&a.hash(), &a.hash()) && !is_same(&a.hash(), &b.hash()));
        assert_eq!(format!("{a:?}"), "Secret");
        assert_eq!(Secret::parse("short"), None);
        assert_eq!(Secret::parse(&"g".repeat(64)), None);
    }
}
