//! The integration tests, in one binary.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may stop at the first fault"
)]

mod content;
mod editors;
mod http;
mod reload;
mod shutdown;
mod support;
mod tidy;
