//! The phone channel: a caller speaks, neuvo answers aloud, and gives way to a person.
//!
//! In reading order: [`call`] is the course of a call, pure; [`ports`] is what calls need from others; `session` is one call with its
//! conversation, `calls` are all of them; `effects` does what a call asks for, `webhook` answers a gateway's
//! requests. `turns` leads a call turn by turn, `stream` with audio both
//! ways over a [`line`](mod@line); [`twilio`], [`jambonz`] and [`audiosocket`] speak with gateways.

pub mod audiosocket;
pub mod call;
pub mod fallback;
pub mod jambonz;
pub mod line;
pub mod ports;
pub mod simulate;
pub mod twilio;

mod calls;
mod effects;
mod post;
mod serve;
mod session;
mod state;
mod stream;
mod turns;
mod webhook;

pub use ports::{CallBackWish, CallBacks, Speech};
pub use state::Phone;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use std::sync::Arc;

/// Bytes of a webhook's body: form fields of one call.
const BODY_BYTES_MAX: usize = 64 << 10;

/// The routes of the gateways that are configured; none without.
pub fn routes<S: Clone + Send + Sync + 'static>(phone: &Arc<Phone>) -> Router<S> {
    let routes = Router::new()
        .merge(twilio::routes(phone))
        .merge(jambonz::routes(phone))
        .merge(audiosocket::routes(phone))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX));
    routes.with_state(Arc::clone(phone))
}
