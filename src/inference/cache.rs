//! Remembers the embeddings of recent questions, and nothing of the questions.

use crate::inference::encoder::{Embedding, Encode, EncodeError, Purpose};
use moka::sync::Cache;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// The first half of an HMAC-SHA-256.
type Key = [u8; 16];

/// What an entry takes beside its numbers: the key, the counts and the links of the cache.
const ENTRY_BYTES: usize = 200;
/// The block of SHA-256.
const BLOCK: usize = 64;

/// An encoder that computes each recent question once.
///
/// Questions are known by a keyed hash; the key is drawn anew in each process and never leaves it, so a copy of the memory without the key
/// does not even tell whether a guessed question was asked.
pub struct Remembering {
    encoder: Arc<dyn Encode>,
    recent: Cache<Key, Embedding>,
    secret: [u8; 32],
}

impl Remembering {
    /// Remembers as much as fits into `bytes_max`; 0 remembers nothing.
    pub fn new(encoder: Arc<dyn Encode>, bytes_max: u64) -> Self {
        let recent = Cache::builder()
            .max_capacity(bytes_max)
            .weigher(|_: &Key, embedding: &Embedding| {
                u32::try_from(ENTRY_BYTES + size_of_val(embedding.layers())).unwrap_or(u32::MAX)
            })
            .build();
        Self { encoder, recent, secret: rand::random() }
    }

    /// Remembers what was computed elsewhere.
    pub fn remember(&self, purpose: Purpose, text: &str, embedding: Embedding) {
        self.recent.insert(self.key(purpose, text), embedding);
    }

    /// How many questions are remembered, once what was put off is done.
    pub fn questions_n(&self) -> u64 {
        self.recent.run_pending_tasks();
        self.recent.entry_count()
    }

    fn key(&self, purpose: Purpose, text: &str) -> Key {
        let mut inner = [0x36; BLOCK];
        let mut outer = [0x5c; BLOCK];
        for ((inner, outer), byte) in inner.iter_mut().zip(&mut outer).zip(self.secret) {
            *inner ^= byte;
            *outer ^= byte;
        }
        // A prefix holds no zero byte, so no two pairs of prefix and text give the same bytes.
        let message = Sha256::new().chain_update(inner).chain_update(purpose.prefix()).chain_update([0]);
        let digest = Sha256::new().chain_update(outer).chain_update(message.chain_update(text).finalize()).finalize();
        let mut key = Key::default();
        for (to, from) in key.iter_mut().zip(digest) {
            *to = from;
        }
        key
    }
}

impl Encode for Remembering {
    fn dims(&self) -> usize {
        self.encoder.dims()
    }

    fn layers_n(&self) -> usize {
        self.encoder.layers_n()
    }

    fn fingerprint(&self) -> &str {
        self.encoder.fingerprint()
    }

    fn encode(&self, purpose: Purpose, text: &str) -> Result<Embedding, EncodeError> {
        let key = self.key(purpose, text);
        if let Some(embedding) = self.recent.get(&key) {
            return Ok(embedding);
        }
        let embedding = self.encoder.encode(purpose, text)?;
        self.recent.insert(key, embedding.clone());
        Ok(embedding)
    }

    fn encode_all(&self, texts: &[(Purpose, String)]) -> Result<Vec<Embedding>, EncodeError> {
        // Batches are content, which is kept elsewhere: it would only drive out the questions.
        self.encoder.encode_all(texts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Gives the length of the text, and counts.
    #[derive(Default)]
    struct Counting(AtomicUsize);

    impl Encode for Counting {
        fn dims(&self) -> usize {
            4
        }

        fn fingerprint(&self) -> &'static str {
            "counting"
        }

        fn encode(&self, _purpose: Purpose, text: &str) -> Result<Embedding, EncodeError> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Ok(vec![f32::from(u16::try_from(text.len()).unwrap()); 4].into())
        }

        fn encode_all(&self, texts: &[(Purpose, String)]) -> Result<Vec<Embedding>, EncodeError> {
            texts.iter().map(|(purpose, text)| self.encode(*purpose, text)).collect()
        }
    }

    #[test]
    fn a_question_is_computed_once() {
        let counting = Arc::new(Counting::default());
        let remembering = Remembering::new(Arc::clone(&counting) as Arc<dyn Encode>, 1 << 20);
        for _ in 0..3 {
            let embedding = remembering.encode(Purpose::Query, "asumistuki").unwrap();
            assert_eq!(embedding.sentence().first(), Some(&10.0));
        }
        assert_eq!(counting.0.load(Ordering::Relaxed), 1);
        remembering.encode(Purpose::Passage, "asumistuki").unwrap();
        assert_eq!(counting.0.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn memory_is_bounded() {
        let entries_max = 50;
        let bytes_max = (ENTRY_BYTES + 16) as u64 * entries_max;
        let remembering = Remembering::new(Arc::new(Counting::default()), bytes_max);
        for n in 0..1_000 {
            remembering.encode(Purpose::Query, &n.to_string()).unwrap();
        }
        assert!((1..=entries_max).contains(&remembering.questions_n()));
    }

    #[test]
    fn keys_are_hmac_sha_256_and_differ_between_processes() {
        let mut one = Remembering::new(Arc::new(Counting::default()), 1);
        let other = Remembering::new(Arc::new(Counting::default()), 1);
        assert_ne!(one.key(Purpose::Query, "x"), other.key(Purpose::Query, "x"));
        one.secret = [7; 32];
        // python3: hmac.new(bytes([7] * 32), b"query: \0x", "sha256").hexdigest()[:32]
        let hex = crate::domain::hex(&one.key(Purpose::Query, "x"), 16);
        assert_eq!(hex, "2d56052307c6ac712dbe917ba556f91a");
    }
}
