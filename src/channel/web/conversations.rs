//! Opens and deletes conversations.

use crate::channel::web::json::Body;
use crate::channel::web::problem::{Code, Problem, ProblemBody};
use crate::channel::web::state::{Key, Phase, Web};
use crate::channel::web::wire::EventBody;
use crate::domain::{Language, mask};
use crate::exchange::Place;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

/// How a conversation begins.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OpenBody {
    /// The language of the page: fi, sv or en. A message in another language is answered in its own.
    #[schema(value_type = Option<String>, example = "fi")]
    lang: Option<Language>,
    /// Where the citizen comes from
    context: Option<ContextBody>,
}

/// Where the citizen comes from.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ContextBody {
    /// Address of the page, at most 300 characters; what follows `?` or `#` is cut off
    page: Option<String>,
    /// The benefit that the page is about; near-ties between topics go to it. One that is not known changes nothing.
    #[schema(example = "housing-allowance", max_length = 60)]
    benefit: Option<String>,
}

/// A conversation that was opened.
#[derive(Serialize, ToSchema)]
pub(super) struct OpenedBody {
    /// The id of the conversation
    #[schema(value_type = String, format = "uuid")]
    id: Uuid,
    /// What opens it: send it as `Authorization: Bearer`. It is told only now.
    secret: String,
    /// The first event
    welcome: EventBody,
}

/// The longest address of a page that is kept.
const PAGE_CHARS_MAX: usize = 300;
/// The longest name of a benefit.
const BENEFIT_CHARS_MAX: usize = 60;

/// Open a conversation
#[utoipa::path(post, path = "/v1/conversations", tag = "conversations", request_body = OpenBody,
    responses(
        (status = 201, description = "Opened; the secret is told once", body = OpenedBody),
        (status = "4XX", description = "See /v1/problems", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "See /v1/problems", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub(super) async fn open(State(web): State<Arc<Web>>, body: Body<OpenBody>) -> Result<Response, Problem> {
    let Body(OpenBody { lang, context }) = body;
    if web.phase() == Phase::Stopping {
        return Err(Code::Stopping.into());
    }
    let place = context.map(place_of).transpose()?.unwrap_or_default();
    let opened = web.exchange()?.open(lang, place).await?;
    let location = HeaderValue::try_from(format!("/v1/conversations/{}", opened.id)).map_err(|_| Code::Internal)?;
    let body =
        OpenedBody { id: opened.id.0, secret: opened.secret.expose().to_owned(), welcome: opened.welcome.into() };
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(body)).into_response())
}

/// Delete a conversation with everything that was said in it
#[utoipa::path(delete, path = "/v1/conversations/{id}", tag = "conversations", security(("secret" = [])),
    params(("id" = String, Path, format = "uuid", description = "The conversation")),
    responses(
        (status = 204, description = "Deleted"),
        (status = "4XX", description = "See /v1/problems", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "See /v1/problems", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub(super) async fn delete(State(web): State<Arc<Web>>, Key(admitted): Key) -> Result<StatusCode, Problem> {
    web.exchange()?.delete(admitted).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn place_of(context: ContextBody) -> Result<Place, Problem> {
    let is_benefit = |name: &String| {
        name.len() <= BENEFIT_CHARS_MAX && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
    };
    let page = context.page.map(|page| page_of(&page)).transpose()?;
    Ok(Place { page, benefit: context.benefit.filter(is_benefit) })
}

/// Queries and fragments can hold anything, so they are cut off; the rest is masked.
fn page_of(page: &str) -> Result<String, Problem> {
    if PAGE_CHARS_MAX < page.chars().count() {
        return Err(Problem::with_detail(Code::BadBody, "`context.page` has more than 300 characters: shorten it"));
    }
    let path = page.split(['?', '#']).next().unwrap_or_default();
    Ok(mask::mask(path).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_kept_without_what_identifies() {
        assert_eq!(page_of("https://kela.fi/asumistuki?id=1#x").unwrap(), "https://kela.fi/asumistuki");
        assert_eq!(page_of("/hae/010190-999P").unwrap(), "/hae/[hetu]");
        assert!(page_of(&"a".repeat(301)).is_err());
        let benefit =
            |name: &str| place_of(ContextBody { page: None, benefit: Some(name.to_owned()) }).unwrap().benefit;
        assert_eq!(benefit("housing-allowance").as_deref(), Some("housing-allowance"));
        assert_eq!(benefit("010190-999P"), None);
    }
}
