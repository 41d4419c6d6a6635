//! The integration tests, in one binary.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may stop at the first fault"
)]

mod callback;
mod console;
mod contact_centre;
mod content;
mod editors;
mod handoff;
mod http;
mod nothing_lost;
mod openid;
mod phone;
mod postgres;
mod reload;
mod replicas;
mod shutdown;
mod speech;
mod store;
mod support;
mod tidy;
