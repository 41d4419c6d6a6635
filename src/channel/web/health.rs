//! For operators: whether the process lives, whether it answers, and what it counted.

use crate::channel::web::problem::{Code, Problem, ProblemBody};
use crate::channel::web::state::{Phase, Web};
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use std::sync::Arc;

/// Whether the process lives
#[utoipa::path(get, path = "/healthz", tag = "service", responses((status = 200, description = "It does", body = String)))]
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// Whether messages are answered now
#[utoipa::path(get, path = "/readyz", tag = "service",
    responses((status = 200, description = "They are", body = String),
        (status = 503, description = "Starting or stopping", body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn ready(State(web): State<Arc<Web>>) -> Result<&'static str, Problem> {
    match web.phase() {
        Phase::Starting => Err(Code::Starting.into()),
        Phase::Stopping => Err(Code::Stopping.into()),
        Phase::Ready if web.exchange()?.is_ready().await => Ok("ready\n"),
        Phase::Ready => Err(Problem::with_detail(Code::Internal, "the store cannot be read: see the log")),
    }
}

/// Counters in Prometheus' form
#[utoipa::path(get, path = "/metrics", tag = "service", responses((status = 200, description = "Counters", body = String)))]
pub(super) async fn metrics(State(web): State<Arc<Web>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], web.metrics.render())
}
