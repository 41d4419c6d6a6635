//! Which processor instructions are used, and the integer matrix product that they differ in.

use super::level::{Plain, Work};
use super::lines::{BLOCK, GROUP, Packed, TILE};
use super::portable;
use super::rows::Rounded;
#[cfg(target_arch = "x86_64")]
use super::x86;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Processor instructions for the encoder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kernel {
    /// The fastest that the processor has.
    #[default]
    Auto,
    /// 512-bit vectors with integer dot products: Intel since Ice Lake, AMD since Zen 4.
    Avx512Vnni,
    /// 256-bit vectors with integer dot products: Intel since Alder Lake, AMD since Zen 5.
    AvxVnni,
    /// 256-bit vectors: about all x86 processors since 2015.
    Avx2,
    /// Any processor.
    Portable,
}

/// A kernel that the processor does not have.
#[derive(Debug, thiserror::Error)]
#[error("this processor has no {kernel}: set the kernel to `auto` or to one of {}", .available.iter().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", "))]
pub struct NoKernel {
    /// What was asked for.
    pub kernel: Kernel,
    /// What there is.
    pub available: Vec<Kernel>,
}

impl Kernel {
    /// From the fastest to the slowest.
    pub const ALL: [Self; 4] = [Self::Avx512Vnni, Self::AvxVnni, Self::Avx2, Self::Portable];

    /// What this processor has, the fastest first.
    pub fn available() -> Vec<Self> {
        Self::ALL.into_iter().filter(|kernel| kernel.is_available()).collect()
    }

    /// The name that settings use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Avx512Vnni => "avx512-vnni",
            Self::AvxVnni => "avx-vnni",
            Self::Avx2 => "avx2",
            Self::Portable => "portable",
        }
    }

    /// The kernel that is to be used.
    ///
    /// # Errors
    /// Where the processor does not have it.
    pub fn resolve(self) -> Result<Self, NoKernel> {
        let available = Self::available();
        match self {
            Self::Auto => Ok(available.first().copied().unwrap_or(Self::Portable)),
            kernel if available.contains(&kernel) => Ok(kernel),
            kernel => Err(NoKernel { kernel, available }),
        }
    }

    /// The fastest that this processor has.
    pub(super) fn fastest() -> Self {
        Self::ALL.into_iter().find(|kernel| kernel.is_available()).unwrap_or(Self::Portable)
    }

    fn is_available(self) -> bool {
        match self {
            Self::Auto | Self::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Vnni => x86::has_avx512_vnni(),
            #[cfg(target_arch = "x86_64")]
            Self::AvxVnni => x86::has_avx_vnni(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => x86::has_avx2(),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx512Vnni | Self::AvxVnni | Self::Avx2 => false,
        }
    }

    /// Does work in the vector instructions of this kernel.
    pub(super) fn run(self, work: impl Work) {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Vnni => x86::run_avx512(work),
            #[cfg(target_arch = "x86_64")]
            Self::AvxVnni | Self::Avx2 => x86::run_avx2(work),
            _ => work.run(Plain),
        }
    }

    /// `x * weights + bias`, rows of [`Packed::outputs`] numbers.
    pub(super) fn multiply(self, x: &Rounded, weights: &Packed, bias: &[f32], out: &mut [f32]) {
        self.multiply_tiles(x, (weights, bias), 0..weights.outputs / TILE, out);
    }

    /// The same for some of the tiles of [`TILE`] outputs; the others stay as they are.
    pub(super) fn multiply_tiles(
        self,
        x: &Rounded,
        (weights, bias): (&Packed, &[f32]),
        tiles: impl IntoIterator<Item = usize>,
        out: &mut [f32],
    ) {
        let rows_n = out.len() / weights.outputs;
        let blocks_n = weights.inputs / BLOCK;
        assert_eq!(x.width, weights.inputs, "rows are as wide as the matrix");
        assert_eq!(bias.len(), weights.outputs, "a bias for each output");
        assert_eq!(out.len(), rows_n * weights.outputs, "whole rows");
        let (Some(values), Some(lowered), Some(scales)) = (
            x.values.get(..rows_n * x.width),
            x.lowered.get(..rows_n * blocks_n),
            x.scales.get(..rows_n * blocks_n.div_ceil(GROUP)),
        ) else {
            return;
        };
        let biases = bias.as_chunks::<TILE>().0;
        for n in tiles {
            let Some(bias) = biases.get(n) else { continue };
            let tile = Tile {
                form: weights.form,
                lines: weights.tile(n),
                blocks_n,
                values,
                lowered,
                scales,
                bias,
                out_width: weights.outputs,
                column: n * TILE,
            };
            match self {
                #[cfg(target_arch = "x86_64")]
                Self::Avx512Vnni => x86::tile_avx512_vnni(&tile, out),
                #[cfg(target_arch = "x86_64")]
                Self::AvxVnni => x86::tile_avx_vnni(&tile, out),
                #[cfg(target_arch = "x86_64")]
                Self::Avx2 => x86::tile_avx2(&tile, out),
                _ => portable::tile(&tile, out),
            }
        }
    }
}

impl fmt::Display for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One tile of weights and all rows that it is multiplied with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tile<'a> {
    /// Bits of a weight.
    pub form: super::lines::Form,
    /// The weights.
    pub lines: &'a [super::lines::Line],
    /// Blocks of a row.
    pub blocks_n: usize,
    /// Rows of [`Rounded::values`].
    pub values: &'a [i8],
    /// Rows of [`Rounded::lowered`].
    pub lowered: &'a [i32],
    /// Rows of [`Rounded::scales`].
    pub scales: &'a [f32],
    /// Added to each output.
    pub bias: &'a [f32; TILE],
    /// How long a row of the result is.
    pub out_width: usize,
    /// Where in the row the outputs of this tile are.
    pub column: usize,
}
