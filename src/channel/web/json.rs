//! Reads JSON bodies; what cannot be read is a problem that never quotes the body.

use crate::channel::web::problem::{Code, Problem};
use axum::extract::rejection::{BytesRejection, FailedToBufferBody, JsonRejection};
use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;

/// A JSON body.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match axum::Json::from_request(request, state).await {
            Ok(axum::Json(body)) => Ok(Self(body)),
            Err(JsonRejection::JsonDataError(_)) => Err(Code::BadBody.into()),
            Err(JsonRejection::JsonSyntaxError(_)) => Err(Code::BadJson.into()),
            Err(JsonRejection::MissingJsonContentType(_)) => Err(Code::NotJson.into()),
            Err(JsonRejection::BytesRejection(BytesRejection::FailedToBufferBody(
                FailedToBufferBody::LengthLimitError(_),
            ))) => Err(Code::BodyTooLarge.into()),
            Err(_) => Err(Code::BadRequest.into()),
        }
    }
}
