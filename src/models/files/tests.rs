use std::io::Write as _;

use tempfile::TempDir;

use super::*;
use crate::models::convert::convert;
use crate::models::export::{ExportError, export_safetensors};
use crate::models::shape::BertFamily;
use crate::models::tests::{HIDDEN, e5s1, manifest, pieces, tokenizer};

fn gguf_folder() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let pieces = pieces();
    let model = manifest(tempfile::tempdir().unwrap().path()).models.remove(0);
    for file in convert(&model, &[e5s1(&pieces), tokenizer(&pieces)]).unwrap().files {
        fs_err::write(dir.path().join(file.name), file.bytes).unwrap();
    }
    dir
}

/// A folder as an operator would fill it, with zeros for weights.
fn safetensors_folder(config: &str, prefix: &str) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let shape = BertShape::from_config(config).unwrap();
    let tensors: Vec<_> =
        shape.tensors().into_iter().map(|tensor| (format!("{prefix}{}", tensor.name), tensor.dims)).collect();
    let mut file = Vec::new();
    safetensors::write_header(&mut file, tensors.iter().map(|(name, dims)| (name.as_str(), dims.as_slice()))).unwrap();
    let numbers: usize = tensors.iter().map(|(_, dims)| dims.iter().product::<usize>()).sum();
    file.write_all(&vec![0; 4 * numbers]).unwrap();
    fs_err::write(dir.path().join("model.safetensors"), file).unwrap();
    fs_err::write(dir.path().join(CONFIG_FILE), config).unwrap();
    fs_err::write(dir.path().join(TOKENIZER_FILE), "{}").unwrap();
    dir
}

const XLM_ROBERTA: &str = r#"{ "model_type": "xlm-roberta", "hidden_size": 8, "num_hidden_layers": 2,
    "num_attention_heads": 2, "intermediate_size": 16, "vocab_size": 20, "max_position_embeddings": 34,
    "type_vocab_size": 1, "layer_norm_eps": 1e-5, "pad_token_id": 1, "hidden_act": "gelu" }"#;

#[test]
fn opens_a_pulled_model_and_its_export() {
    let dir = gguf_folder();
    let model = ModelFiles::open(dir.path()).unwrap();
    assert_eq!((model.config.family, model.config.hidden, model.config.pad_id), (BertFamily::Bert, HIDDEN, 1));
    assert_eq!(model.weights, Weights::Gguf(dir.path().join(GGUF_FILE)));
    assert_eq!(model.prefix, "");

    let out = tempfile::tempdir().unwrap();
    export_safetensors(dir.path(), out.path()).unwrap();
    let exported = ModelFiles::open(out.path()).unwrap();
    assert_eq!(exported.config, model.config);
    assert_eq!(exported.weights, Weights::Safetensors(vec![out.path().join("model.safetensors")]));
    let again = export_safetensors(out.path(), dir.path());
    assert!(matches!(again, Err(ExportError::Already { .. })));
}

#[test]
fn opens_an_operators_folder_with_a_prefix() {
    let dir = safetensors_folder(XLM_ROBERTA, "roberta.");
    let model = ModelFiles::open(dir.path()).unwrap();
    assert_eq!((model.config.family, model.prefix.as_str()), (BertFamily::XlmRoberta, "roberta."));
    assert_eq!((model.config.position_offset, model.config.tokens_max()), (2, 32));
}

/// Does something to a good folder, and gives what opening it says, with `DIR` for the folder.
#[track_caller]
fn check(harm: impl FnOnce(&Path), expected: &str) {
    let dir = safetensors_folder(XLM_ROBERTA, "");
    harm(dir.path());
    let message = ModelFiles::open(dir.path()).unwrap_err().to_string();
    assert_eq!(message.replace(dir.path().to_str().unwrap(), "DIR"), expected);
}

fn change(dir: &Path, from: &str, to: &str) {
    let path = dir.join(CONFIG_FILE);
    let config = fs_err::read_to_string(&path).unwrap();
    assert!(config.contains(from));
    fs_err::write(path, config.replace(from, to)).unwrap();
}

#[test]
fn says_what_is_missing() {
    check(
        |dir| fs_err::remove_file(dir.join(TOKENIZER_FILE)).unwrap(),
        "`DIR` has no tokenizer.json: run `neuvo models pull`, or copy the file there from the model's home page",
    );
    check(
        |dir| fs_err::remove_file(dir.join("model.safetensors")).unwrap(),
        "`DIR` has no weights: expected model.gguf or *.safetensors; run `neuvo models pull`, or convert other forms \
         to safetensors",
    );
    check(
        |dir| fs_err::remove_dir_all(dir).unwrap(),
        "`DIR` is not a folder: run `neuvo models pull`, or name a folder that holds an embedder",
    );
    check(
        |dir| change(dir, "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3"),
        "`DIR`: 16 tensors are missing, `encoder.layer.2.attention.self.query.weight` among them: these are not all \
         the weights of a BERT encoder",
    );
}

#[test]
fn says_what_is_wrong() {
    check(
        |dir| change(dir, "xlm-roberta", "t5"),
        "`DIR`: config.json: `model_type` is `t5`: expected bert, roberta or xlm-roberta",
    );
    check(
        |dir| change(dir, "\"gelu\"", "\"relu\""),
        "`DIR`: config.json: `hidden_act` is `relu`: only gelu is supported",
    );
    check(
        |dir| change(dir, "\"vocab_size\": 20", "\"vocab_size\": 21"),
        "`DIR`: tensor `embeddings.word_embeddings.weight` is [20, 8], config.json makes it [21, 8]: the two belong \
         to different models",
    );
    check(
        |dir| {
            fs_err::write(dir.join("model.safetensors"), "version https://git-lfs.example/v1\n").unwrap();
        },
        "`DIR/model.safetensors`: this is a git-lfs pointer and not the weights: fetch the file itself, e.g. with \
         `git lfs pull`",
    );
    check(
        |dir| {
            let file = fs_err::OpenOptions::new().write(true).open(dir.join("model.safetensors")).unwrap();
            file.set_len(4000).unwrap();
        },
        "`DIR/model.safetensors`: tensor `embeddings.LayerNorm.bias` lies outside the file, or its size \
         does not fit its dimensions: the file may be cut short",
    );
}
