use super::*;
use serde_json::json;

const WIDTH: usize = 32;

/// A Whisper with one layer each, whose numbers are those of [`value`].
fn model() -> Vec<u8> {
    let mut variables: Vec<(String, Vec<usize>)> = vec![
        ("encoder/conv1/weight".to_owned(), vec![WIDTH, 4, 3]),
        ("encoder/conv1/bias".to_owned(), vec![WIDTH]),
        ("encoder/conv2/weight".to_owned(), vec![WIDTH, WIDTH, 3]),
        ("encoder/conv2/bias".to_owned(), vec![WIDTH]),
        ("encoder/position_encodings/encodings".to_owned(), vec![6, WIDTH]),
        ("decoder/position_encodings/encodings".to_owned(), vec![5, WIDTH]),
        ("decoder/embeddings/weight".to_owned(), vec![7, WIDTH]),
    ];
    let mut linear = |name: String, out: usize, input: usize| {
        variables.push((format!("{name}/weight"), vec![out, input]));
        variables.push((format!("{name}/bias"), vec![out]));
    };
    for part in ["encoder", "decoder"] {
        let layer = format!("{part}/layer_0");
        linear(format!("{layer}/self_attention/linear_0"), 3 * WIDTH, WIDTH);
        linear(format!("{layer}/self_attention/linear_1"), WIDTH, WIDTH);
        linear(format!("{layer}/ffn/linear_0"), 2 * WIDTH, WIDTH);
        linear(format!("{layer}/ffn/linear_1"), WIDTH, 2 * WIDTH);
    }
    for (linear_i, out) in [WIDTH, 2 * WIDTH, WIDTH].into_iter().enumerate() {
        linear(format!("decoder/layer_0/attention/linear_{linear_i}"), out, WIDTH);
    }
    let norms = ["encoder/layer_norm", "decoder/layer_norm", "encoder/layer_0/self_attention/layer_norm"].into_iter();
    let norms = norms.chain(["encoder/layer_0/ffn/layer_norm", "decoder/layer_0/self_attention/layer_norm"]);
    for norm in norms.chain(["decoder/layer_0/attention/layer_norm", "decoder/layer_0/ffn/layer_norm"]) {
        variables.push((format!("{norm}/gamma"), vec![WIDTH]));
        variables.push((format!("{norm}/beta"), vec![WIDTH]));
    }

    let mut file = Vec::new();
    let int = |file: &mut Vec<u8>, value: usize| file.extend(u32::try_from(value).unwrap().to_le_bytes());
    let text = |file: &mut Vec<u8>, text: &str| {
        file.extend(u16::try_from(text.len() + 1).unwrap().to_le_bytes());
        file.extend(text.bytes().chain([0]));
    };
    int(&mut file, 6);
    text(&mut file, "WhisperSpec");
    int(&mut file, 3);
    int(&mut file, variables.len() + 2);
    for part in ["encoder", "decoder"] {
        text(&mut file, &format!("{part}/num_heads"));
        file.extend([0, 2]);
        int(&mut file, 2);
        file.extend(2_i16.to_le_bytes());
    }
    for (name, dims) in variables {
        text(&mut file, &name);
        file.push(u8::try_from(dims.len()).unwrap());
        for &dim in &dims {
            int(&mut file, dim);
        }
        file.push(4);
        let elements_n: usize = dims.iter().product();
        int(&mut file, 2 * elements_n);
        let keyless = name.ends_with("bias") && (name.contains("linear_0") || name.contains("linear_1"));
        for i in 0..elements_n {
            let number = if keyless { 0.0 } else { value(i) };
            file.extend(f16::from_f32(number).to_le_bytes());
        }
    }
    int(&mut file, 1);
    text(&mut file, "decoder/projection/weight");
    text(&mut file, "decoder/embeddings/weight");
    file
}

fn value(i: usize) -> f32 {
    f32::from(u8::try_from(i % 32).unwrap()) - 12.0
}

fn tokenizer() -> Vec<u8> {
    let vocab: HashMap<String, usize> = (0..WORDS_N).map(|id| (format!("Ġ{id}"), id)).collect();
    serde_json::to_vec(&json!({ "model": { "vocab": vocab } })).unwrap()
}

/// Dimensions, type and bytes of a tensor in a converted file.
fn tensor<'a>(file: &'a [u8], name: &str, dims_n: usize, bytes_n: usize) -> (Vec<i32>, i32, &'a [u8]) {
    let at = file.windows(name.len()).position(|window| window == name.as_bytes()).unwrap();
    let int = |at: usize| i32::from_le_bytes(file[at..at + 4].try_into().unwrap());
    let start = at - 4 * dims_n;
    let dims = (0..dims_n).map(|i| int(start + 4 * i)).collect();
    (dims, int(start - 4), &file[at + name.len()..at + name.len() + bytes_n])
}

#[test]
fn attention_is_cut_apart_and_rounded_to_blocks() {
    let file = ggml(&model(), &tokenizer(), Precision::Q8).unwrap();
    let header: Vec<_> = file[..48].chunks(4).map(|int| i32::from_le_bytes(int.try_into().unwrap())).collect();
    assert_eq!(header[1..], [7, 6, 32, 2, 1, 5, 32, 2, 1, 4, 2007]);

    let (dims, kind, block) = tensor(&file, "decoder.blocks.0.cross_attn.value.weight", 2, 34);
    assert_eq!((dims, kind), (vec![32, 32], 8));
    let scale = f16::from_f32(19.0 / 127.0);
    assert_eq!(block[..2], scale.to_le_bytes());
    // -12 and 19, in 127ths of the largest.
    assert_eq!((block[2].cast_signed(), block[33].cast_signed()), (-80, 127));
    let (dims, kind, _) = tensor(&file, "encoder.conv1.bias", 2, 4);
    assert_eq!((dims, kind), (vec![1, 32], 0));
    let (dims, kind, first) = tensor(&file, "encoder.conv1.weight", 3, 2);
    assert_eq!((dims, kind, first), (vec![3, 4, 32], 1, f16::from_f32(-12.0).to_le_bytes().as_slice()));
    let text = String::from_utf8_lossy(&file);
    assert!(text.contains("decoder.blocks.0.attn.query.bias") && !text.contains("attn.key.bias"));
    assert!(file.windows(6).any(|window| window == b" 50256"));
}

#[test]
fn half_precision_stays_as_it_came() {
    let file = ggml(&model(), &tokenizer(), Precision::F16).unwrap();
    let (_, kind, bytes) = tensor(&file, "encoder.blocks.0.mlp.0.weight", 2, 64);
    let expected: Vec<u8> = (0..32).flat_map(|i| f16::from_f32(value(i)).to_le_bytes()).collect();
    assert_eq!((kind, bytes), (1, expected.as_slice()));
}

#[test]
fn mel_filters_are_those_of_whisper() {
    let filters = mel_filters(80);
    assert_eq!(filters.len(), 80 * FFT_BINS_N);
    // From OpenAI's mel_filters.npz: the first band's first two bins, and the largest of all.
    assert!(filters[0].abs() < 1e-9 && (filters[1] - 0.024_862_6).abs() < 1e-6, "{}", filters[1]);
    let largest = filters.iter().copied().fold(0.0, f32::max);
    assert!((largest - 0.0259).abs() < 1e-4, "{largest}");
}

#[track_caller]
fn check(model: &[u8], tokenizer: &[u8], expected: &str) {
    let error = ggml(model, tokenizer, Precision::Q8).unwrap_err();
    assert_eq!(error.to_string(), expected);
}

#[test]
fn damage_is_named() {
    let (model, tokenizer) = (model(), tokenizer());
    check(&model[..100], &tokenizer, "the weights file is damaged: it is cut short");
    let longer = [model.as_slice(), &[0]].concat();
    check(&longer, &tokenizer, "the weights file is damaged: bytes are left over");
    let only = "only WhisperSpec in version 6 of CTranslate2 is supported";
    check(&[7, 0, 0, 0], &tokenizer, &format!("the weights file is of version 7: {only}"));
    check(
        &model,
        b"{\"model\":{\"vocab\":{}}}",
        "tokenizer.json is not that of multilingual Whisper: a token is missing",
    );
    let at = model.windows(18).position(|window| window == b"encoder/conv2/bias").unwrap();
    let mut other = model.clone();
    other[at] = b'x';
    check(&other, &tokenizer, "the weights file has no variable `encoder/conv2/bias` in half precision");
}
