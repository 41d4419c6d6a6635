//! One body of arithmetic, compiled once for each kind of processor.

/// What the processor has for a piece of [`Work`].
pub(super) trait Level {
    /// Whether a product and a sum are one instruction.
    const FMA: bool;
}

/// Any processor.
pub(super) struct Plain;

impl Level for Plain {
    const FMA: bool = cfg!(target_arch = "aarch64");
}

/// A processor with fused products and sums.
pub(super) struct Fused;

impl Level for Fused {
    const FMA: bool = true;
}

/// Arithmetic in plain loops, which the compiler turns into the vector instructions of the level.
pub(super) trait Work {
    /// Does it. Has to be `#[inline(always)]` with all that it calls, or it is compiled for the plainest processor.
    fn run<L: Level>(self);
}

/// `a * b + c`.
#[inline(always)]
pub(super) fn madd<L: Level>(a: f32, b: f32, c: f32) -> f32 {
    if L::FMA { a.mul_add(b, c) } else { a * b + c }
}
