//! The web channel: an API with stored conversations and event streams, its documentation, health and metrics, and a page to ask on.
//!
//! In reading order: [`problem`] is every way to say no; [`state`] is what handlers share; [`conversations`], [`messages`], [`events`],
//! [`transcript`], [`handover`], [`mod@callback`] and [`feedback`] are the endpoints for citizens, [`admin`] those for editors, [`contact_centre`] those for another system that is the human side; [`widget`] is what citizens see of them; [`health`],
//! [`pages`] and [`docs`] stand beside them; [`guard`] is around all of them.

pub mod problem;
pub mod state;
pub mod wire;

mod admin;
mod callback;
mod console;
mod contact_centre;
mod conversations;
mod docs;
mod events;
mod export;
mod feedback;
mod guard;
mod handover;
mod health;
mod json;
mod limiter;
mod messages;
mod pages;
mod transcript;
mod widget;

pub use admin::Token;
pub use docs::openapi;
pub use export::ExportBody;
pub use problem::Problem;
pub use state::{Phase, Web};

use crate::channel::phone;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post, put};
use std::future::IntoFuture;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Every route with everything that is around it.
pub fn router(web: &Arc<Web>) -> Router {
    let api = Router::new()
        .route("/v1/conversations", post(conversations::open))
        .route("/v1/conversations/{id}", axum::routing::delete(conversations::delete))
        .route("/v1/conversations/{id}/messages", post(messages::say))
        .route("/v1/conversations/{id}/events", get(events::stream))
        .route("/v1/conversations/{id}/export", get(export::read))
        .route("/v1/conversations/{id}/transcript", get(transcript::read))
        .route("/v1/admin/content", get(admin::history))
        .route("/v1/admin/content/reload", post(admin::reload))
        .route("/v1/admin/content/rollback", post(admin::rollback))
        .route("/v1/conversations/{id}/feedback", post(feedback::comment))
        .route("/v1/conversations/{id}/feedback/{seq}", put(feedback::rate))
        .route("/v1/widget/config", get(widget::config))
        .route("/v1/conversations/{id}/handoff", get(handover::standing).post(handover::ask).delete(handover::leave))
        .route("/v1/conversations/{id}/card", post(handover::card))
        .route("/v1/conversations/{id}/typing", post(handover::typing))
        .route("/v1/callback/slots", get(callback::slots))
        .route("/v1/conversations/{id}/callback", get(callback::read).put(callback::ask).delete(callback::cancel))
        .route("/v1/desk/queue", get(contact_centre::queue))
        .route("/v1/desk/conversations/{id}", get(contact_centre::read))
        .route("/v1/desk/conversations/{id}/claim", post(contact_centre::claim))
        .route("/v1/desk/conversations/{id}/messages", post(contact_centre::speak))
        .route("/v1/desk/conversations/{id}/typing", post(contact_centre::typing))
        .route("/v1/desk/conversations/{id}/requeue", post(contact_centre::requeue))
        .route("/v1/desk/conversations/{id}/return", post(contact_centre::give_back))
        .route("/v1/desk/conversations/{id}/close", post(contact_centre::close))
        .route("/v1/problems", get(problem::list))
        .route("/v1/openapi.json", get(docs::document))
        .layer(DefaultBodyLimit::max(web.limits.body_bytes_max));
    let open = Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics));
    let routes = api
        .route("/widget.js", get(widget::script))
        .route("/widget.css", get(widget::styles))
        .merge(pages::routes())
        .merge(console::routes().layer(DefaultBodyLimit::max(web.limits.body_bytes_max)))
        .merge(docs::routes())
        .layer(axum::middleware::from_fn_with_state(Arc::clone(web), guard::rate))
        .merge(open)
        // Gateways prove who they are, and all calls come from their few addresses.
        .merge(web.phone.get().map(phone::routes).unwrap_or_default())
        .fallback(guard::no_route)
        .method_not_allowed_fallback(guard::no_method);
    guard::around(routes, web).with_state(Arc::clone(web))
}

/// Serves until `stop`, then lets running requests finish for `shutdown_time_max`. Streams end at once.
///
/// # Errors
/// Where the listener fails.
pub async fn serve(
    listener: TcpListener,
    web: Arc<Web>,
    stop: CancellationToken,
    shutdown_time_max: Duration,
) -> std::io::Result<()> {
    let service = router(&web).into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, service).with_graceful_shutdown(stop.clone().cancelled_owned());
    let mut server = pin!(server.into_future());
    tokio::select! {
        result = &mut server => return result,
        () = stop.cancelled() => {}
    }
    web.enter(Phase::Stopping);
    if let Ok(result) = tokio::time::timeout(shutdown_time_max, &mut server).await {
        result
    } else {
        tracing::warn!("some connections did not finish in time and are cut");
        Ok(())
    }
}
