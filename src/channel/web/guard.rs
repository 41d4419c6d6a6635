//! What is around every route: headers, CORS, time-outs, rate limits, and problems for everything that would be said in another form.

use crate::channel::web::pages;
use crate::channel::web::problem::{Code, Problem};
use crate::channel::web::state::Web;
use axum::Router;
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use std::any::Any;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::CorsLayer;

/// The page's own files and its calls to this server, nothing else.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'; \
    require-trusted-types-for 'script'; trusted-types 'none'";
/// The console's own files and forms, nothing else.
const CONSOLE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
    base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";
/// The documentation page draws with inline styles and images; its scripts are its own.
const DOCS_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'";
/// Data is never a page.
const DATA_POLICY: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'";
/// How long a browser may remember what another site may do.
const CORS_TIME: Duration = Duration::from_hours(1);

/// Content with new topics is learnt before it answers, which takes longer than a citizen may wait.
const ADMIN_TIME_MAX: Duration = Duration::from_mins(5);

/// Puts everything around the routes.
pub(super) fn around(routes: Router<Arc<Web>>, web: &Arc<Web>) -> Router<Arc<Web>> {
    routes
        .layer(from_fn_with_state(Arc::clone(web), time))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn(problems))
        .layer(cors(&web.allowed_origins))
        .layer(from_fn(headers))
        .layer(from_fn_with_state(Arc::clone(web), count))
}

/// No such path.
pub(super) async fn no_route() -> Problem {
    Code::NotFound.into()
}

/// The path knows other methods.
pub(super) async fn no_method() -> Problem {
    Code::MethodNotAllowed.into()
}

/// Refuses clients that ask too often.
pub(super) async fn rate(State(web): State<Arc<Web>>, request: Request, next: Next) -> Response {
    match web.limiter.check(client(&request, web.behind_proxy)) {
        Ok(()) => next.run(request).await,
        Err(seconds) => Problem::with_retry(Code::RateLimited, seconds).into_response(),
    }
}

/// The client's address: the connection's, or the last one that the proxy in front wrote.
fn client(request: &Request, behind_proxy: bool) -> IpAddr {
    let forwarded = || last_forwarded(request.headers());
    let connected = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip());
    let forwarded = if behind_proxy { forwarded() } else { None };
    forwarded.or(connected).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
}

/// A client can write any addresses of its own before those that proxies append, so only the last one counts.
fn last_forwarded(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
    last.rsplit(',').next()?.trim().parse().ok()
}

async fn time(State(web): State<Arc<Web>>, request: Request, next: Next) -> Response {
    let is_admin = request.uri().path().starts_with("/v1/admin/");
    let time_max = if is_admin { ADMIN_TIME_MAX } else { Duration::from_secs(web.limits.request_seconds_max) };
    match tokio::time::timeout(time_max, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::from(Code::TimedOut).into_response(),
    }
}

/// A panic's message may hold anything, so nobody is shown it.
fn panicked(_panic: Box<dyn Any + Send + 'static>) -> Response {
    tracing::error!("a request handler panicked");
    Problem::from(Code::Internal).into_response()
}

/// Says every refusal in the one form, also those of the libraries.
async fn problems(request: Request, next: Next) -> Response {
    // Gateways read the status only.
    let is_phone = request.uri().path().starts_with("/phone/");
    let response = next.run(request).await;
    let status = response.status();
    let is_refusal = status.is_client_error() || status.is_server_error();
    if is_phone || !is_refusal || response.extensions().get::<Code>().is_some() {
        return response;
    }
    let code = match status {
        StatusCode::NOT_FOUND => Code::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => Code::MethodNotAllowed,
        StatusCode::PAYLOAD_TOO_LARGE => Code::BodyTooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::NotJson,
        StatusCode::UNPROCESSABLE_ENTITY => Code::BadBody,
        status if status.is_client_error() => Code::BadRequest,
        _ => Code::Internal,
    };
    let mut problem = Problem::from(code).into_response();
    if let Some(allow) = response.headers().get(header::ALLOW) {
        problem.headers_mut().insert(header::ALLOW, allow.clone());
    }
    problem
}

fn cors(origins: &[String]) -> CorsLayer {
    let allowed: Vec<HeaderValue> = origins.iter().filter_map(|origin| origin.parse().ok()).collect();
    if allowed.is_empty() {
        return CorsLayer::new();
    }
    CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::ACCEPT,
            HeaderName::from_static("last-event-id"),
        ])
        .expose_headers([header::RETRY_AFTER, header::LOCATION])
        .max_age(CORS_TIME)
}

async fn headers(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let (policy, is_data) = match path {
        path if pages::has(path) => (PAGE_POLICY, false),
        "/widget.js" | "/widget.css" => (DATA_POLICY, false),
        // Nothing of the console may stay in a shared browser's cache.
        path if path == "/console" || path.starts_with("/console/") => (CONSOLE_POLICY, true),
        path if path == "/docs" || path.starts_with("/docs/") => (DOCS_POLICY, false),
        _ => (DATA_POLICY, true),
    };
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    if is_data {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

/// Counts refusals, and logs requests without their addresses, headers and bodies.
async fn count(State(web): State<Arc<Web>>, request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let response = next.run(request).await;
    let status = response.status().as_u16();
    if let Some(code) = response.extensions().get::<Code>() {
        web.metrics.refusal(code.as_str());
    }
    let route = route.as_ref().map_or("-", MatchedPath::as_str);
    tracing::debug!(http.method = %method, http.route = route, http.status = status, "answered a request");
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    #[track_caller]
    fn check(forwarded: &[&str], behind_proxy: bool, expected: &str) {
        let mut request = Request::new(Body::empty());
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([192, 0, 2, 1], 1))));
        for value in forwarded {
            request.headers_mut().append("x-forwarded-for", value.parse().unwrap());
        }
        assert_eq!(client(&request, behind_proxy).to_string(), expected);
    }

    #[test]
    fn a_forwarded_address_counts_only_behind_a_proxy() {
        check(&["198.51.100.1"], false, "192.0.2.1");
        check(&["198.51.100.1"], true, "198.51.100.1");
        check(&["203.0.113.9, 198.51.100.2"], true, "198.51.100.2");
        check(&["203.0.113.9", "198.51.100.3"], true, "198.51.100.3");
        check(&["nonsense"], true, "192.0.2.1");
        check(&[], true, "192.0.2.1");
    }
}
