//! The telephone's 8-bit mu-law (ITU-T G.711) and back.

/// Added before the logarithm, so that small samples have steps of their own.
const BIAS: i16 = 0x84;
/// The largest magnitude that can be coded.
const CLIP: i16 = 32_635;

/// The sample of a mu-law byte.
pub const fn decode_mulaw(byte: u8) -> i16 {
    let bits = !byte;
    let magnitude = (((bits & 0x0f) as i16) << 3) + BIAS;
    let magnitude = (magnitude << ((bits & 0x70) >> 4)) - BIAS;
    if bits & 0x80 == 0 { magnitude } else { -magnitude }
}

/// The mu-law byte of a sample.
pub const fn encode_mulaw(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    let magnitude = sample.saturating_abs();
    let magnitude = if CLIP < magnitude { CLIP } else { magnitude } + BIAS;
    // The bias puts the highest bit at 7 or above.
    let exponent = 8 - magnitude.leading_zeros();
    let mantissa = (magnitude >> (exponent + 3)).to_le_bytes()[0] & 0x0f;
    !(sign | exponent.to_le_bytes()[0] << 4 | mantissa)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back() {
        for byte in 0..=u8::MAX {
            // There are two zeros.
            let expected = if byte == 0x7f { 0xff } else { byte };
            assert_eq!(encode_mulaw(decode_mulaw(byte)), expected, "{byte}");
        }
        assert_eq!((encode_mulaw(0), encode_mulaw(i16::MAX), encode_mulaw(i16::MIN)), (0xff, 0x80, 0x00));
        assert_eq!((decode_mulaw(0x80), decode_mulaw(0x00)), (32_124, -32_124));
    }
}
