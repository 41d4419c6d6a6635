//! Markdown of the content as HTML: paragraphs, lists, emphasis and links. Everything else is its words.

use maud::{Markup, PreEscaped, html};
use pulldown_cmark::{Event, Parser, Tag, TagEnd};

/// Addresses that a link may lead to; others are shown as their words.
const SCHEMES: [&str; 4] = ["https://", "http://", "tel:", "mailto:"];

/// The text rendered. HTML in it is shown, not taken.
pub(super) fn rich(markdown: &str) -> Markup {
    let mut out = String::with_capacity(2 * markdown.len());
    // Whether each open link was written.
    let mut links = Vec::new();
    for event in Parser::new(markdown) {
        match event {
            Event::Text(words) | Event::Code(words) | Event::Html(words) | Event::InlineHtml(words) => {
                out.push_str(&html! { (*words) }.into_string());
            }
            Event::SoftBreak => out.push(' '),
            Event::HardBreak => out.push_str("<br>"),
            Event::Start(Tag::Link { dest_url, .. }) => {
                let is_safe = SCHEMES.iter().any(|scheme| dest_url.starts_with(scheme));
                links.push(is_safe);
                if is_safe {
                    let href = html! { (*dest_url) }.into_string();
                    out.push_str(&format!("<a href=\"{href}\" rel=\"noreferrer\" target=\"_blank\">"));
                }
            }
            Event::End(TagEnd::Link) => out.push_str(if links.pop() == Some(true) { " ↗</a>" } else { "" }),
            Event::Start(tag) => {
                if let Some(name) = element(tag.to_end()) {
                    out.push_str(&format!("<{name}>"));
                }
            }
            Event::End(tag) => {
                if let Some(name) = element(tag) {
                    out.push_str(&format!("</{name}>"));
                }
            }
            _ => {}
        }
    }
    PreEscaped(out)
}

const fn element(tag: TagEnd) -> Option<&'static str> {
    match tag {
        TagEnd::Paragraph | TagEnd::Heading(_) => Some("p"),
        TagEnd::List(false) => Some("ul"),
        TagEnd::List(true) => Some("ol"),
        TagEnd::Item => Some("li"),
        TagEnd::Emphasis => Some("em"),
        TagEnd::Strong => Some("strong"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_lists_and_links_and_nothing_else() {
        let markdown = "Apua **arkeen**.\nSoita.\n\n- [Sivu](https://a.example/?b=1&c=2)\n- [Paha](javascript:alert(1)) <b onclick=\"x\">b</b>\n\n<script>alert(1)</script>";
        assert_eq!(
            rich(markdown).into_string(),
            "<p>Apua <strong>arkeen</strong>. Soita.</p>\
             <ul><li><a href=\"https://a.example/?b=1&amp;c=2\" rel=\"noreferrer\" target=\"_blank\">Sivu ↗</a></li>\
             <li>Paha &lt;b onclick=&quot;x&quot;&gt;b&lt;/b&gt;</li></ul>&lt;script&gt;alert(1)&lt;/script&gt;"
        );
    }
}
