use proptest::prelude::*;

use super::*;
use crate::models::tests::{HIDDEN, POSITIONS, SPARE_ROWS, e5s1, pieces};

#[test]
fn reads_a_whole_file() {
    let pieces = pieces();
    let file = e5s1(&pieces);
    let model = parse(&file).unwrap();
    assert_eq!((model.shape.hidden, model.shape.layers, model.shape.positions), (HIDDEN, 1, POSITIONS));
    assert_eq!(model.shape.vocabulary, pieces.len() + SPARE_ROWS);
    assert_eq!(model.shape.layer_norm_eps.to_string(), 1e-12_f64.to_string());
    assert_eq!(model.shape.pad_id, 1);
    assert_eq!(model.specials, [0, 2, 1, 3]);
    assert!(model.pieces.iter().zip(&pieces).all(|(a, (text, score))| a.text == text && a.score.eq(score)));
    assert_eq!(model.tensors.len(), 21);
    let query = model.tensors.iter().find(|t| t.name == "encoder.layer.0.attention.self.query.weight").unwrap();
    assert_eq!((query.kind, query.dims.as_slice()), (TensorType::Q4_0, [HIDDEN, HIDDEN].as_slice()));
}

/// Changes bytes at a place, and gives what the reader says.
#[track_caller]
fn check(at: usize, bytes: &[u8], expected: &str) {
    let mut file = e5s1(&pieces());
    file[at..at + bytes.len()].copy_from_slice(bytes);
    assert_eq!(parse(&file).unwrap_err().to_string(), expected);
}

#[test]
fn says_what_is_wrong() {
    check(0, b"GGUF", "this is not an E5S1 weights file: it begins with [47, 47, 55, 46]");
    check(4, &2_u32.to_le_bytes(), "the weights file has version 2: only 1 is supported");
    check(40, &64_u32.to_le_bytes(), "the weights file has quantisation block 64: only 32 is supported");
    check(
        12,
        &9999_i32.to_le_bytes(),
        "the header of the weights file is damaged: config.json: `num_hidden_layers` is 9999: expected 1 to 256",
    );
    check(8, &(-1_i32).to_le_bytes(), "the weights file is damaged: the header holds a value that cannot be right");
    let vocabulary = "the weights file is damaged: the vocabulary holds a value that cannot be right";
    check(44, &i32::MAX.to_le_bytes(), vocabulary);
    check(60, &i32::MAX.to_le_bytes(), vocabulary);
    check(72, &1_u32.to_le_bytes(), vocabulary);
    check(80, &u32::MAX.to_le_bytes(), vocabulary);
}

#[test]
fn refuses_tensors_that_are_not_what_they_should_be() {
    let file = e5s1(&pieces());
    let at = file.windows(8).position(|window| window == b"emb.word").unwrap();
    check(at, b"emb.what", "the weights file is damaged: tensor `emb.what` is unknown or given twice");
    check(at + 8, &[9], "the weights file is damaged: tensor `emb.word` has an unknown type");
    check(at + 8, &[0], "the weights file is damaged: tensor `emb.word` has the wrong size");
    check(at + 13, &u64::MAX.to_le_bytes(), "the weights file is damaged: tensor `emb.word` lies outside the file");
    let n = 20_u32.to_le_bytes();
    check(
        at - 6,
        &n,
        "the weights file is incomplete: 1 tensors are missing, `encoder.layer.0.output.LayerNorm.bias` among them",
    );
}

proptest! {
    #[test]
    fn a_file_cut_short_is_an_error(cut in 0.0..1.0_f64) {
        let file = e5s1(&pieces());
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a fraction of a length")]
        let len = (file.len() as f64 * cut) as usize;
        // The last tensor may be followed by padding.
        prop_assume!(len + 64 < file.len());
        prop_assert!(parse(&file[..len]).is_err());
    }

    #[test]
    fn damaged_files_never_panic(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let mut file = e5s1(&pieces());
        // The numbers of the tensors cannot be wrong: the interesting part comes before them.
        let head = file.windows(8).position(|window| window == b"emb.word").unwrap() + 600;
        for (index, byte) in changes {
            file[index.index(head)] = byte;
        }
        let _ = parse(&file);
    }

    #[test]
    fn noise_never_panics(mut noise in prop::collection::vec(any::<u8>(), 0..600), header in any::<bool>()) {
        if header {
            let mut file = e5s1(&pieces());
            file.truncate(44);
            file.append(&mut noise);
            noise = file;
        }
        prop_assert!(parse(&noise).is_err());
    }
}
