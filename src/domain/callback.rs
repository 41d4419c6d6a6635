//! A call that a citizen asks for.

use crate::domain::Language;
use jiff::civil::DateTime;
use std::fmt;
use uuid::Uuid;

/// The name of a request for a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CallBackId(pub Uuid);

impl fmt::Display for CallBackId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A phone number with its country's code, such as `+358401234567`. Its `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct PhoneNumber(String);

/// A text that is no phone number. Never quotes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no phone number: write one such as `040 123 4567` or `+46 8 123 456`")]
pub struct PhoneNumberError;

/// Digits that a number has with its country's code, by E.164; shorter ones are services.
const DIGITS: std::ops::RangeInclusive<usize> = 8..=15;

impl PhoneNumber {
    /// Reads a number as people write it. One without a country's code is Finnish.
    ///
    /// # Errors
    /// Where it has other signs than digits and what stands between them, or too few or many digits.
    pub fn parse(text: &str) -> Result<Self, PhoneNumberError> {
        let is_between = |c: char| c.is_whitespace() || "-–()./\u{ad}\u{200e}\u{202a}\u{202c}".contains(c);
        let bare: String = text.chars().filter(|&c| !is_between(c)).collect();
        let digits = match (bare.strip_prefix('+').or_else(|| bare.strip_prefix("00")), bare.strip_prefix('0')) {
            (Some(international), _) => international.to_owned(),
            (None, Some(national)) => format!("358{national}"),
            (None, None) => return Err(PhoneNumberError),
        };
        // People write the zero in brackets: +358 (0)40.
        let digits = digits.strip_prefix("3580").map_or(digits.clone(), |national| format!("358{national}"));
        let is_number = DIGITS.contains(&digits.len())
            && digits.bytes().all(|digit| digit.is_ascii_digit())
            && !digits.starts_with('0');
        if is_number { Ok(Self(format!("+{digits}"))) } else { Err(PhoneNumberError) }
    }

    /// The number, to be called.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhoneNumber")
    }
}

/// What a citizen asks for.
#[derive(Clone, PartialEq, Eq)]
pub struct CallBackWish {
    /// Whom to call.
    pub number: PhoneNumber,
    /// The language of the call.
    pub language: Language,
    /// Whether an interpreter is wanted.
    pub wants_interpreter: bool,
    /// What it is about, in the citizen's words; may be empty.
    pub topic: String,
    /// When the call's time begins, Helsinki time.
    pub slot: DateTime,
}

impl CallBackWish {
    /// The longest topic in characters.
    pub const TOPIC_CHARS_MAX: usize = 200;
}

impl fmt::Debug for CallBackWish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CallBackWish({}, {})", self.slot, self.language.tag())
    }
}

/// How a request for a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallOutcome {
    /// The citizen was called.
    Called,
    /// Nobody answered.
    Unreached,
    /// The citizen took it back.
    Cancelled,
    /// Its time passed and nobody closed it.
    Lapsed,
}

impl CallOutcome {
    /// Its name in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Called => "called",
            Self::Unreached => "unreached",
            Self::Cancelled => "cancelled",
            Self::Lapsed => "lapsed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        let read = |text: &str| PhoneNumber::parse(text).map_or_else(|_| "none".to_owned(), |number| number.0);
        for text in ["040 123 4567", "040-1234567", "+358 40 123 4567", "00358401234567", "+358 (0)40 123 4567"] {
            assert_eq!(read(text), "+358401234567", "{text}");
        }
        assert_eq!(read("09 1234 5678"), "+358912345678");
        assert_eq!(read("+46 8 123 456"), "+468123456");
        for text in ["", "112", "1234567", "040 123 456x", "+0 123 456 789", "+358 40 123 4567 8910 11", "kissa"] {
            assert_eq!(read(text), "none", "{text}");
        }
        assert_eq!(format!("{:?}", PhoneNumber::parse("040 123 4567").unwrap()), "PhoneNumber");
    }
}
