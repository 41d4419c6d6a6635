//! The instructions of x86 processors: the only `unsafe` code of the program.
#![expect(unsafe_code, reason = "processor instructions can only be reached so; each block says why it is sound")]

mod tiles;
mod vectors;

pub(super) use tiles::{tile_avx_vnni, tile_avx2, tile_avx512_vnni};
pub(super) use vectors::{run_avx2, run_avx512};

/// Whether the processor has all that the 512-bit kernel uses.
pub(super) fn has_avx512_vnni() -> bool {
    has_avx2()
        && is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vnni")
}

/// Whether the processor has all that the 256-bit kernel with integer dot products uses.
pub(super) fn has_avx_vnni() -> bool {
    has_avx2() && is_x86_feature_detected!("avxvnni")
}

/// Whether the processor has all that the 256-bit kernel uses.
pub(super) fn has_avx2() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") && is_x86_feature_detected!("f16c")
}
