//! The OpenAPI document, and a page to try it on that loads nothing from elsewhere.

use crate::channel::web::state::Web;
use crate::channel::web::{
    admin, callback, contact_centre, conversations, events, export, feedback, handover, health, messages, problem,
    transcript, widget,
};
use axum::{Json, Router};
use std::sync::Arc;
use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_swagger_ui::{Config, SwaggerUi};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "neuvo",
        description = "Answers citizens in Finnish, Swedish and English from reviewed, dated guidance, with citations. \
            A conversation is reached with its own secret only. Every refusal is `application/problem+json` with a stable `code`: \
            `GET /v1/problems` lists them all."
    ),
    paths(
        conversations::open,
        conversations::delete,
        messages::say,
        events::stream,
        transcript::read,
        export::read,
        admin::history,
        admin::reload,
        admin::rollback,
        feedback::rate,
        feedback::comment,
        widget::config,
        handover::ask,
        handover::standing,
        handover::leave,
        handover::card,
        handover::typing,
        callback::slots,
        callback::ask,
        callback::read,
        callback::cancel,
        contact_centre::queue,
        contact_centre::read,
        contact_centre::claim,
        contact_centre::speak,
        contact_centre::typing,
        contact_centre::requeue,
        contact_centre::give_back,
        contact_centre::close,
        problem::list,
        document,
        health::alive,
        health::ready,
        health::metrics
    ),
    tags(
        (name = "conversations", description = "Ask, listen, save, delete"),
        (name = "content", description = "For editors, behind the token of `[admin]`"),
        (name = "hand-off", description = "A person takes over"),
        (name = "contact centre", description = "For another system that is the human side, behind the token of `[contact_centre]`"),
        (name = "service", description = "For operators and developers")
    ),
    modifiers(&Bearer)
)]
struct Api;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut Document) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        document.components.get_or_insert_default().add_security_scheme("secret", scheme);
    }
}

/// The OpenAPI document.
pub fn openapi() -> Document {
    Api::openapi()
}

/// This document
#[utoipa::path(get, path = "/v1/openapi.json", tag = "service", responses((status = 200, description = "OpenAPI", body = Object)))]
pub(super) async fn document() -> Json<Document> {
    Json(openapi())
}

/// The page to try the API on.
pub(super) fn routes() -> Router<Arc<Web>> {
    // Without a validator the page asks no other site.
    let config = Config::from("/v1/openapi.json").validator_url("none").try_it_out_enabled(true);
    SwaggerUi::new("/docs").config(config).into()
}
