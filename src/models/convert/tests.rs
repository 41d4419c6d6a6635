use super::*;
use crate::models::gguf::Gguf;
use crate::models::tests::{HIDDEN, e5s1, manifest, pieces, tokenizer};

#[test]
fn the_word_embedding_is_cut_like_the_vocabulary() {
    let folder = tempfile::tempdir().unwrap();
    let model = manifest(folder.path()).models.remove(0);
    let pieces = pieces();
    let converted = convert(&model, &[e5s1(&pieces), tokenizer(&pieces)]).unwrap();
    for file in &converted.files {
        fs_err::write(folder.path().join(&file.name), &file.bytes).unwrap();
    }

    let json: serde_json::Value =
        serde_json::from_slice(&fs_err::read(folder.path().join("tokenizer.json")).unwrap()).unwrap();
    let vocab = json["model"]["vocab"].as_array().unwrap();
    let mut gguf = Gguf::open(&folder.path().join("model.gguf")).unwrap();
    let word = gguf.tensors.iter().find(|tensor| tensor.name == WORD_EMBEDDINGS).unwrap().clone();
    assert_eq!(word.dims, [vocab.len(), HIDDEN]);
    let rows = word.kind.dequantise(&gguf.read(&word).unwrap());
    for (row, entry) in rows.chunks(HIDDEN).zip(vocab) {
        // The numbers in a row of the tiny model tell its old id.
        let old = pieces.iter().position(|(text, _)| text == entry[0].as_str().unwrap()).unwrap();
        let number = (f32::from(u8::try_from(old % 16).unwrap()) - 8.0) / 2.0;
        assert!(row.iter().all(|weight| weight.eq(&number)), "{entry}");
    }
}

#[test]
fn a_tokenizer_of_another_model_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let model = manifest(folder.path()).models.remove(0);
    let pieces = pieces();
    let mut others = pieces.clone();
    others[6].1 -= 1.0;
    let error = convert(&model, &[e5s1(&pieces), tokenizer(&others)]).unwrap_err();
    assert_eq!(error.to_string(), "tokenizer.json does not belong to these weights: the pieces with id 6 differ");
    let error = convert(&model, &[e5s1(&pieces)]).unwrap_err();
    assert!(matches!(error, ConvertError::NoPackage { role: "tokenizer", .. }));
}
