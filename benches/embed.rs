//! The int8 encoder with each of the processor's kernels.

use criterion::{Criterion, criterion_group, criterion_main};
use neuvo::inference::int8::{Int8Bert, Kernel, Options};
use neuvo::models::ModelFiles;
use std::hint::black_box;
use std::path::Path;

fn embed(criterion: &mut Criterion) {
    let folder = Path::new("models/multilingual-e5-small");
    let Ok(files) = ModelFiles::open(folder) else {
        panic!("`{}` is not there: run `neuvo models pull`", folder.display());
    };
    for kernel in Kernel::available() {
        let Ok(encoder) = Int8Bert::load(&files, Options { kernel, threads_n: 1 }) else {
            panic!("the encoder cannot be loaded: run `neuvo models pull` again");
        };
        let mut group = criterion.benchmark_group(kernel.name());
        for tokens_n in [12_u32, 38, 120] {
            // Any tokens take the same time.
            let ids: Vec<u32> = (0..tokens_n).map(|n| 1_000 + n * 37).collect();
            group.bench_function(format!("{tokens_n} tokens"), |bencher| {
                bencher.iter(|| encoder.embed(&[black_box(&ids)]));
            });
        }
    }
}

criterion_group!(benches, embed);
criterion_main!(benches);
