//! Encrypts what must not be readable in the database: XChaCha20-Poly1305 with a random nonce, bound to the row that it stands in.

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use std::fmt;
use std::path::Path;

/// A key in use.
pub(super) struct Sealer(XChaCha20Poly1305);

/// Bytes of a key, and of a nonce.
const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

impl Sealer {
    /// Reads the key of a file.
    ///
    /// # Errors
    /// Where the file cannot be read or holds no key.
    pub(super) fn read(file: &Path) -> std::io::Result<Self> {
        let text = fs_err::read_to_string(file)?;
        let wrong = || {
            let file = file.display();
            std::io::Error::other(format!(
                "`{file}`: expected {KEY_BYTES} bytes in hexadecimal: make them with `openssl rand -hex 32`"
            ))
        };
        let key = bytes(text.trim()).ok_or_else(wrong)?;
        Ok(Self(XChaCha20Poly1305::new(&key.into())))
    }

    /// Nonce and ciphertext; `None` where the cipher fails, which it does for texts of gigabytes only. `row` is what it belongs to.
    pub(super) fn seal(&self, row: &[u8], text: &str) -> Option<Vec<u8>> {
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let sealed = self.0.encrypt(&XNonce::from(nonce), Payload { msg: text.as_bytes(), aad: row }).ok()?;
        Some([nonce.as_slice(), &sealed].concat())
    }

    /// The text again; `None` where it was sealed with another key, for another row, or changed.
    pub(super) fn open(&self, row: &[u8], sealed: &[u8]) -> Option<String> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>()?;
        let text = self.0.decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: row }).ok()?;
        String::from_utf8(text).ok()
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer")
    }
}

fn bytes(hex: &str) -> Option<[u8; KEY_BYTES]> {
    if hex.len() != 2 * KEY_BYTES || !hex.is_ascii() {
        return None;
    }
    let pairs = (0..KEY_BYTES).map(|at| u8::from_str_radix(hex.get(2 * at..2 * at + 2)?, 16).ok());
    pairs.collect::<Option<Vec<_>>>()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_key_and_row_open_it() {
        let folder = tempfile::tempdir().unwrap();
        let sealer = |digit: &str| {
            let file = folder.path().join(digit);
            fs_err::write(&file, format!("{}\n", digit.repeat(64))).unwrap();
            Sealer::read(&file)
        };
        let key = sealer("a").unwrap();
        let sealed = key.seal(b"row", "+358401234567").unwrap();
        assert!(
            !sealed.windows(4).any(|bytes| bytes == b"3584") && sealed != key.seal(b"row", "+358401234567").unwrap()
        );
        assert_eq!(key.open(b"row", &sealed).as_deref(), Some("+358401234567"));
        assert_eq!(key.open(b"other", &sealed), None);
        assert_eq!(sealer("b").unwrap().open(b"row", &sealed), None);
        assert_eq!(key.open(b"row", b"short"), None);
        let message = sealer("g").unwrap_err().to_string();
        assert!(message.contains("openssl rand -hex 32") && !message.contains("ggg"), "{message}");
    }
}
