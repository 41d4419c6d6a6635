//! The pages: only the conversation, a sample page with the widget on it, and what was done for accessibility. Their files are in the
//! program; they load nothing from elsewhere.

use crate::channel::web::state::Web;
use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use std::sync::Arc;

/// Pages.
const HTML: &str = "text/html; charset=utf-8";
/// Path, kind and content of every file.
const FILES: [(&str, &str, &str); 7] = [
    ("/", HTML, include_str!("page/index.html")),
    ("/demo", HTML, include_str!("page/demo.fi.html")),
    ("/demo/sv", HTML, include_str!("page/demo.sv.html")),
    ("/demo/en", HTML, include_str!("page/demo.en.html")),
    ("/accessibility", HTML, include_str!("page/accessibility.html")),
    ("/page.css", "text/css; charset=utf-8", include_str!("page/page.css")),
    ("/icon.svg", "image/svg+xml", include_str!("page/icon.svg")),
];

/// Whether a path is one of the pages' files.
pub(super) fn has(path: &str) -> bool {
    FILES.iter().any(|(of, _, _)| *of == path)
}

/// The routes of the pages.
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
    fn the_pages_are_clean_of_inline_code_and_other_sites() {
        for (path, kind, content) in FILES {
            for bad in ["style=", "<style", "onclick", "innerHTML", "http://", "//cdn", "eval(", "document.write"] {
                let allowed = path == "/icon.svg" && bad == "http://";
                assert!(allowed || !content.contains(bad), "{path} has {bad}");
            }
            let scripts_n = content.matches("<script").count();
            assert_eq!(scripts_n, content.matches("<script type=\"module\" src=\"/widget.js\"").count(), "{path}");
            assert!(kind != HTML || content.contains("<html lang="), "{path}");
        }
    }
}
