//! The page to ask on. Its files are in the program; it loads nothing from elsewhere.

use crate::channel::web::state::Web;
use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use std::sync::Arc;

/// Path, kind and content of every file.
const FILES: [(&str, &str, &str); 4] = [
    ("/", "text/html; charset=utf-8", include_str!("page/index.html")),
    ("/page.css", "text/css; charset=utf-8", include_str!("page/page.css")),
    ("/page.js", "text/javascript; charset=utf-8", include_str!("page/page.js")),
    ("/icon.svg", "image/svg+xml", include_str!("page/icon.svg")),
];

/// The page's routes.
pub(super) fn routes() -> Router<Arc<Web>> {
    FILES
        .into_iter()
        .fold(Router::new(), |router, (path, kind, content)| router.route(path, get(async move || file(kind, content))))
}

fn file(kind: &'static str, content: &'static str) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")], content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_clean_of_inline_code_and_other_sites() {
        for (path, _, content) in FILES {
            for bad in ["style=", "<style", "onclick", "innerHTML", "http://", "//cdn", "eval(", "document.write"] {
                let allowed = path == "/icon.svg" && bad == "http://";
                assert!(allowed || !content.contains(bad), "{path} has {bad}");
            }
        }
        let (_, _, html) = FILES[0];
        assert_eq!(html.matches("<script").count(), html.matches("<script src=\"/page.js\"").count());
        assert!(html.contains("role=\"log\""));
    }
}
