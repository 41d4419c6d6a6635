//! The integration tests, in one binary.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

mod http;
mod shutdown;
mod support;
