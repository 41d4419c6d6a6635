use proptest::prelude::*;

use super::*;

fn tiny() -> Vec<u8> {
    let block: Vec<u8> = f16::from_f32(0.25).to_le_bytes().into_iter().chain(0xf0..=0xff).collect();
    let numbers: Vec<u8> = [1.5_f32, -2.0, 3.0].into_iter().flat_map(f32::to_le_bytes).collect();
    let tensor =
        |name: &str, dims: &[usize], kind, bytes| RawTensor { name: name.to_owned(), dims: dims.to_vec(), kind, bytes };
    let tensors =
        [tensor("a", &[3], TensorType::F32, numbers.as_slice()), tensor("b", &[1, 32], TensorType::Q4_0, &block)];
    let metadata = [
        ("general.architecture", Value::Text("bert".to_owned())),
        ("bert.block_count", Value::U32(1)),
        ("bert.attention.layer_norm_epsilon", Value::F32(1e-12)),
    ];
    let mut file = Vec::new();
    write(&mut file, &metadata, &tensors).unwrap();
    file
}

fn open(bytes: &[u8]) -> Result<Gguf, GgufError> {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs_err::write(file.path(), bytes).unwrap();
    Gguf::open(file.path())
}

#[test]
fn what_is_written_is_read() {
    let mut gguf = open(&tiny()).unwrap();
    let [a, b] = gguf.tensors.clone().try_into().unwrap();
    assert_eq!((a.name.as_str(), a.dims.as_slice(), a.start % 32), ("a", [3].as_slice(), 0));
    assert_eq!((b.name.as_str(), b.dims.as_slice(), b.start % 32), ("b", [1, 32].as_slice(), 0));
    assert_eq!(a.kind.dequantise(&gguf.read(&a).unwrap()), [1.5, -2.0, 3.0]);
    let weights = b.kind.dequantise(&gguf.read(&b).unwrap());
    let expected: Vec<f32> = (0..16_u8).map(|i| (f32::from(i) - 8.0) / 4.0).chain([1.75; 16]).collect();
    assert_eq!(weights, expected);
}

#[test]
fn impossible_dimensions_are_refused() {
    assert_eq!(TensorType::Q4_0.bytes_of(&[4, 33]), None);
    assert_eq!(TensorType::F32.bytes_of(&[usize::MAX, 2]), None);
    assert_eq!(TensorType::Q4_0.bytes_of(&[2, 64]), Some(72));
}

#[test]
fn a_file_cut_short_is_refused() {
    let file = tiny();
    for len in 0..file.len() - 14 {
        assert!(open(&file[..len]).is_err(), "{len}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn damaged_files_never_panic(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let mut file = tiny();
        for (index, byte) in changes {
            let at = index.index(file.len());
            file[at] = byte;
        }
        if let Ok(mut gguf) = open(&file) {
            for entry in gguf.tensors.clone() {
                let _ = gguf.read(&entry);
            }
        }
    }
}
