//! The same ids as the `tokenizers` crate gives.

use super::*;
use proptest::prelude::*;
use std::sync::LazyLock;
use tokenizers::Tokenizer;

/// A tokenizer of a few pieces, with every part that a real one has.
fn small() -> serde_json::Value {
    let special = |id: u32, content: &str| {
        serde_json::json!({ "id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": false, "special": true })
    };
    let mut vocab =
        vec![("<s>".to_owned(), 0.0), ("<pad>".to_owned(), 0.0), ("</s>".to_owned(), 0.0), ("<unk>".to_owned(), 0.0)];
    let words = ["▁", "▁a", "▁asu", "mis", "tuki", "asumis", "▁▁", "ää", "öy", "漢字", "🙂", "▁tuki", "tuk", "i"];
    vocab.extend(
        words
            .iter()
            .enumerate()
            .map(|(n, word)| ((*word).to_owned(), -3.0 - f64::from(u32::try_from(n).unwrap()) / 7.0)),
    );
    vocab.extend("abcdefgimsuktåäö.,!?-<>/".chars().map(|c| (c.to_string(), -9.25)));
    serde_json::json!({
        "version": "1.0", "truncation": null, "padding": null,
        "added_tokens": [special(0, "<s>"), special(1, "<pad>"), special(2, "</s>"), special(3, "<unk>")],
        "normalizer": { "type": "Sequence", "normalizers": [
            { "type": "Replace", "pattern": { "Regex": " {2,}" }, "content": " " } ] },
        "pre_tokenizer": { "type": "Metaspace", "replacement": "▁", "add_prefix_space": true },
        "post_processor": { "type": "TemplateProcessing",
            "single": [ { "SpecialToken": { "id": "<s>", "type_id": 0 } }, { "Sequence": { "id": "A", "type_id": 0 } },
                { "SpecialToken": { "id": "</s>", "type_id": 0 } } ],
            "pair": [ { "Sequence": { "id": "A", "type_id": 0 } }, { "Sequence": { "id": "B", "type_id": 0 } } ],
            "special_tokens": { "<s>": { "id": "<s>", "ids": [0], "tokens": ["<s>"] },
                "</s>": { "id": "</s>", "ids": [2], "tokens": ["</s>"] } } },
        "decoder": null,
        "model": { "type": "Unigram", "unk_id": 3, "vocab": vocab, "byte_fallback": false },
    })
}

fn ids_of_library(tokenizer: &Tokenizer, text: &str, tokens_max: usize) -> Vec<u32> {
    let mut tokenizer = tokenizer.clone();
    let truncation = tokenizers::TruncationParams { max_length: tokens_max, ..Default::default() };
    tokenizer.with_truncation(Some(truncation)).unwrap();
    tokenizer.encode(text, true).unwrap().get_ids().to_vec()
}

static SMALL: LazyLock<(Unigram, Tokenizer)> = LazyLock::new(|| {
    let json = small().to_string();
    (Unigram::parse(json.as_bytes()).unwrap(), Tokenizer::from_bytes(json).unwrap())
});

fn check(text: &str) {
    let (ours, library) = &*SMALL;
    for tokens_max in [3, 512] {
        assert_eq!(ours.ids(text, tokens_max), ids_of_library(library, text, tokens_max), "{text:?}");
    }
}

#[test]
fn texts_are_cut_as_the_library_cuts_them() {
    for text in [
        "",
        " ",
        "   ",
        "asumistuki",
        " asumistuki  ja tuki ",
        "▁asu▁▁mis▁",
        "漢字漢 字x漢",
        "<s>asu</s> <unk>tuki< s>",
        "<s><s></s>",
        "a\u{0}b\nc\td",
        "hyvää yötä, öy!",
        "zzzqqq",
    ] {
        check(text);
    }
}

#[test]
fn what_is_not_known_is_left_to_the_library() {
    for (pointer, value) in [
        ("/model/type", serde_json::json!("BPE")),
        ("/model/byte_fallback", true.into()),
        ("/normalizer", serde_json::json!({ "type": "Lowercase" })),
        ("/normalizer/normalizers/0/pattern", serde_json::json!({ "Regex": "x" })),
        ("/pre_tokenizer", serde_json::json!({ "type": "Whitespace" })),
        ("/pre_tokenizer/add_prefix_space", false.into()),
        ("/added_tokens/0/lstrip", true.into()),
        ("/added_tokens/0/special", false.into()),
    ] {
        let mut json = small();
        *json.pointer_mut(pointer).unwrap() = value;
        assert!(Unigram::parse(json.to_string().as_bytes()).is_none(), "{pointer}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 4 } else { 512 }, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_texts_are_cut_as_the_library_cuts_them(text in "([ ▁asumitk漢字öä]|<s>|</s>|\\PC){0,40}") {
        check(&text);
    }
}

/// With the real vocabulary and character map.
mod models {
    use super::*;
    use crate::models::ModelFiles;
    use std::path::Path;

    static REAL: LazyLock<(Unigram, Tokenizer)> = LazyLock::new(|| {
        let files = ModelFiles::open(Path::new("models/multilingual-e5-small")).unwrap();
        let unigram = Unigram::parse(&fs_err::read(&files.tokenizer).unwrap()).unwrap();
        (unigram, crate::inference::bert::load_tokenizer(&files).unwrap())
    });

    fn same(text: &str) {
        let (ours, library) = &*REAL;
        let expected = library.encode(text, true).unwrap().get_ids().to_vec();
        assert_eq!(ours.ids(text, 512), expected, "{text:?}");
    }

    #[test]
    fn guidance_is_cut_as_the_library_cuts_it() {
        let mut lines_n = 0;
        for folder in fs_err::read_dir("knowledge").unwrap().map(|entry| entry.unwrap().path()) {
            for file in fs_err::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()) {
                let text = fs_err::read_to_string(file).unwrap();
                same(&text);
                text.lines().for_each(same);
                lines_n += text.lines().count();
            }
        }
        assert!(lines_n > 1_000);
    }

    #[test]
    fn rare_texts_are_cut_as_the_library_cuts_them() {
        for text in [
            "query: \u{FF1C}s\u{FF1E} ｆｕｌｌ ＷＩＤＴＨ １２３",
            "e\u{301}e\u{308}a\u{30a} ﬁ ﬀ ½ ™ ① ㎡",
            "\u{200b}\u{feff}a\u{ad}b\u{200d}c",
            "👩‍👩‍👧‍👦 🇫🇮 🇸🇪 👍🏽",
            "نص عربي हिन्दी ไทย 한국어 각 日本語",
            "a\r\nb\r\n\tc\u{a0}\u{2003}d",
            "\u{1}\u{1f}\u{7f}\u{85}",
            "\u{300}\u{301}",
        ] {
            same(text);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn random_texts_of_all_scripts(text in ".{0,60}") {
            same(&text);
        }

        #[test]
        fn random_latin_texts(text in "[a-zåäöéüßA-ZÅÄÖ0-9 .,?!'\u{300}-\u{30a}▁<>/s-]{0,80}") {
            same(&text);
        }
    }
}
