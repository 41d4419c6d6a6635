//! For editors and operators: lets content go live in the running service. Behind a token that the configuration names; without one, closed.

use crate::channel::web::json::Body;
use crate::channel::web::problem::{Code, Problem, ProblemBody};
use crate::channel::web::state::{Web, bearer};
use crate::knowledge::versions::Kept;
use crate::publication::{NotPublished, Publish, Published, Trigger};
use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::Arc;
use subtle::ConstantTimeEq;
use utoipa::ToSchema;

/// The hash of the token that opens all this.
pub struct Token([u8; 32]);

/// The fewest characters of a token.
const TOKEN_CHARS_MIN: usize = 32;

impl Token {
    /// Reads the file that the configuration names; none where it names none.
    ///
    /// # Errors
    /// Where the file cannot be read or the token is too short to be safe.
    pub fn read(file: &Path) -> std::io::Result<Option<Self>> {
        if file.as_os_str().is_empty() {
            return Ok(None);
        }
        let text = fs_err::read_to_string(file)?;
        let token = text.trim();
        if token.chars().count() < TOKEN_CHARS_MIN {
            return Err(std::io::Error::other(format!(
                "`{}`: the token has fewer than {TOKEN_CHARS_MIN} characters: make one with `openssl rand -hex 32`",
                file.display()
            )));
        }
        Ok(Some(Self::of(token)))
    }

    fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }

    /// Takes the same time whatever is wrong: hashes are compared, and all of them.
    pub(super) fn is(&self, presented: &str) -> bool {
        self.0.ct_eq(&Self::of(presented).0).into()
    }
}

/// Proof that the token came with the request.
pub(super) struct Editor(Arc<dyn Publish>);

impl FromRequestParts<Arc<Web>> for Editor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Arc<Web>) -> Result<Self, Problem> {
        let token = web.admin.get().ok_or(Code::AdminClosed)?;
        if !bearer(&parts.headers).is_some_and(|presented| token.is(presented)) {
            return Err(Code::AdminUnauthorized.into());
        }
        web.exchange()?;
        Ok(Self(Arc::clone(web.publisher.get().ok_or(Code::AdminClosed)?)))
    }
}

/// How content is taken.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReloadBody {
    /// Check, build and ask, but do not go live
    #[serde(default)]
    dry_run: bool,
}

/// Which version is taken.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RollbackBody {
    /// A version that `GET /v1/admin/content` lists
    version: String,
    /// Check, build and ask, but do not go live
    #[serde(default)]
    dry_run: bool,
}

/// What is live and what is kept.
#[derive(Serialize, ToSchema)]
pub(super) struct HistoryBody {
    /// The live version
    version: String,
    /// Kept versions, the one that was live last first: `version`, `live_since`, `by`, `files_n`
    #[schema(value_type = Vec<Object>)]
    kept: Vec<Kept>,
}

/// Let the content folder go live
#[utoipa::path(post, path = "/v1/admin/content/reload", tag = "content", request_body = ReloadBody, security(("secret" = [])),
    responses(
        (status = 200, description = "What went live, what differs, and how long each step took", body = Object),
        (status = "4XX", description = "See /v1/problems; `findings` say what to mend", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub(super) async fn reload(
    Editor(publisher): Editor,
    Body(ReloadBody { dry_run }): Body<ReloadBody>,
) -> Result<Json<Published>, Problem> {
    run(move || publisher.reload(Trigger::Request, dry_run)).await
}

/// Let a kept version go live again
#[utoipa::path(post, path = "/v1/admin/content/rollback", tag = "content", request_body = RollbackBody, security(("secret" = [])),
    responses(
        (status = 200, description = "What went live, what differs, and how long each step took", body = Object),
        (status = "4XX", description = "See /v1/problems; `findings` say what to mend", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub(super) async fn rollback(
    Editor(publisher): Editor,
    Body(RollbackBody { version, dry_run }): Body<RollbackBody>,
) -> Result<Json<Published>, Problem> {
    run(move || publisher.rollback(&version, dry_run)).await
}

/// The live version, and those that can be live again
#[utoipa::path(get, path = "/v1/admin/content", tag = "content", security(("secret" = [])),
    responses(
        (status = 200, description = "The live version and the kept ones", body = HistoryBody),
        (status = "4XX", description = "See /v1/problems", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub(super) async fn history(
    State(_): State<Arc<Web>>,
    Editor(publisher): Editor,
) -> Result<Json<HistoryBody>, Problem> {
    let Json((version, kept)) = run(move || publisher.history()).await?;
    Ok(Json(HistoryBody { version, kept }))
}

/// Publishing computes: it stays off the threads that serve. It goes on when the client stops waiting.
async fn run<T: Send + 'static>(
    publish: impl FnOnce() -> Result<T, NotPublished> + Send + 'static,
) -> Result<Json<T>, Problem> {
    let ran = tokio::task::spawn_blocking(publish).await;
    let done = ran.map_err(|_| Problem::from(Code::Internal))?;
    done.map(Json).map_err(Problem::from)
}

impl From<NotPublished> for Problem {
    fn from(refused: NotPublished) -> Self {
        let detail = refused.to_string();
        match refused {
            NotPublished::Findings(findings) => {
                let findings = findings.iter().filter_map(|finding| serde_json::to_value(finding).ok());
                Self::with_findings(Code::ContentRefused, detail, findings.collect())
            }
            NotPublished::Golden(missed) => {
                let finding =
                    |message| serde_json::json!({ "severity": "error", "path": "", "line": 0, "message": message });
                Self::with_findings(Code::ContentRefused, detail, missed.into_iter().map(finding).collect())
            }
            NotPublished::NoVersion(_) => Self::with_detail(Code::VersionNotFound, detail),
            NotPublished::Busy => Code::ContentBusy.into(),
            NotPublished::Failed(_) => {
                tracing::error!(error = detail, "content cannot go live");
                Self::with_detail(Code::ContentRefused, detail)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_opens_by_its_whole_text_only() {
        let token = Token::of("0123456789abcdef0123456789abcdef");
        assert!(token.is("0123456789abcdef0123456789abcdef"));
        for wrong in [
            "",
            "0123456789abcdef0123456789abcde",
            "0123456789abcdef0123456789abcdef0",
            "0123456789ABCDEF0123456789ABCDEF",
        ] {
            assert!(!token.is(wrong), "{wrong}");
        }
    }

    #[test]
    fn no_file_is_no_token_and_a_short_one_is_refused() {
        assert!(Token::read(Path::new("")).unwrap().is_none());
        let folder = tempfile::tempdir().unwrap();
        let token_file = folder.path().join("token");
        std::fs::write(&token_file, "short\n").unwrap();
        let error = Token::read(&token_file).err().unwrap().to_string();
        assert!(error.contains("openssl rand -hex 32"), "{error}");
    }
}
