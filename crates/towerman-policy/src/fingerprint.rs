//! What a configuration was made of, to notice when that changes.

use std::{
    collections::BTreeMap,
    fmt, io,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};
use towerman_core::policy::KeyDigest;

use crate::Secrets;

/// Digests of a configuration file and of the secret files that it names. A file that cannot be
/// read has none: that it can be read again is a change.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Fingerprint {
    pub(crate) text: Option<KeyDigest>,
    pub(crate) files: BTreeMap<PathBuf, Option<KeyDigest>>,
}

impl Fingerprint {
    /// What `path`, and the secret files that were named when last it was read, hold now.
    pub(crate) fn now(&self, path: &Path, secrets: &dyn Secrets) -> Self {
        let files = self.files.keys().map(|file| {
            let held = secrets.file(file).ok();
            (file.clone(), held.map(|held| digest(held.expose())))
        });
        Self {
            text: read(path).ok().map(|text| digest(&text)),
            files: files.collect(),
        }
    }
}

/// Digests of low-entropy secrets are half secrets.
impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fingerprint")
            .field("files", &self.files.keys())
            .finish_non_exhaustive()
    }
}

pub(crate) fn digest(text: &str) -> KeyDigest {
    Sha256::digest(text.as_bytes()).into()
}

pub(crate) fn read(path: &Path) -> io::Result<String> {
    std::fs::read_to_string(path)
}
