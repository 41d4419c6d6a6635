//! G.711 mu-law, the telephone's eight bits a sample.

const BIAS: i32 = 0x84;
const CLIP: i32 = 32_635;

/// A linear sample as mu-law.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sign, exponent and mantissa fill eight bits"
)]
pub fn encode_mu_law(sample: i16) -> u8 {
    let magnitude = i32::from(sample).abs().min(CLIP) + BIAS;
    // The biased magnitude has its highest bit in 7 to 14.
    let exponent = 24 - magnitude.leading_zeros().cast_signed();
    let mantissa = (magnitude >> (exponent + 3)) & 0x0f;
    let sign = if sample < 0 { 0x80 } else { 0 };
    !((sign | (exponent << 4) | mantissa) as u8)
}

/// A mu-law byte as a linear sample.
pub fn decode_mu_law(byte: u8) -> i16 {
    let bits = !byte;
    let exponent = (bits >> 4) & 0x07;
    let mantissa = i16::from(bits & 0x0f);
    // At most (15 * 8 + 132) * 128 - 132 = 32124.
    let magnitude = (((mantissa << 3) + 0x84) << exponent) - 0x84;
    if bits & 0x80 == 0 { magnitude } else { -magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values_of_g711() {
        for (sample, byte) in [
            (0, 0xff),
            (-1, 0x7f),
            (8, 0xfe),
            (-8, 0x7e),
            (1_000, 0xce),
            (-1_000, 0x4e),
            (32_767, 0x80),
            (i16::MIN, 0x00),
        ] {
            assert_eq!(encode_mu_law(sample), byte, "{sample}");
        }
        for (byte, sample) in [(0xff, 0), (0x7f, 0), (0x80, 32_124), (0x00, -32_124), (0xce, 988), (0xfe, 8)] {
            assert_eq!(decode_mu_law(byte), sample, "{byte:#x}");
        }
    }

    #[test]
    fn every_byte_comes_back() {
        for byte in 0..=u8::MAX {
            let back = encode_mu_law(decode_mu_law(byte));
            // Mu-law has two zeros.
            assert!(back == byte || (byte, back) == (0x7f, 0xff), "{byte:#x} {back:#x}");
        }
    }

    #[test]
    fn the_error_stays_in_proportion() {
        for sample in (i16::MIN..=i16::MAX).step_by(7) {
            let error = (i32::from(decode_mu_law(encode_mu_law(sample))) - i32::from(sample)).abs();
            assert!(error <= i32::from(sample).abs() / 16 + 8 || sample.unsigned_abs() > 32_124, "{sample}: {error}");
        }
    }
}
