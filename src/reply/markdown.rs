//! The small Markdown of the articles as plain text: paragraphs, lists, links.

use pulldown_cmark::{Event, Parser, Tag, TagEnd};

/// Text for a terminal or a plain channel: list items begin with a dash or number, a link shows its address behind its words.
pub fn plain(markdown: &str) -> String {
    let mut text = String::with_capacity(markdown.len());
    let mut number: Option<u64> = None;
    let mut link = String::new();
    for event in Parser::new(markdown) {
        match event {
            Event::Text(words) | Event::Code(words) => text.push_str(&words),
            // Lines of a source paragraph are one paragraph.
            Event::SoftBreak => text.push(' '),
            Event::Start(Tag::List(first)) => {
                number = first;
                if !text.is_empty() && !text.ends_with('\n') {
                    text.push('\n');
                }
            }
            Event::Start(Tag::Item) => match &mut number {
                Some(n) => {
                    text.push_str(&format!("{n}. "));
                    *n += 1;
                }
                None => text.push_str("- "),
            },
            Event::HardBreak | Event::End(TagEnd::Item | TagEnd::List(_)) => text.push('\n'),
            Event::End(TagEnd::Paragraph) => text.push_str("\n\n"),
            Event::Start(Tag::Link { dest_url, .. }) => link = dest_url.into_string(),
            Event::End(TagEnd::Link) => text.push_str(&format!(" ({link})")),
            _ => {}
        }
    }
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_like_a_letter() {
        let markdown = "Hae tukea\nOmaKelassa. Katso [laskuri](https://kela.fi/laskurit).\n\nIlmoita, jos\n\n- muutat\n- vuokra nousee\n\n1. Kirjaudu\n2. Täytä";
        assert_eq!(
            plain(markdown),
            "Hae tukea OmaKelassa. Katso laskuri (https://kela.fi/laskurit).\n\nIlmoita, jos\n\n- muutat\n- vuokra nousee\n\n1. Kirjaudu\n2. Täytä"
        );
    }
}
