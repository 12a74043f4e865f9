//! One walk over a document: what is wrong so far, and where everything stands.

use std::{
    cell::RefCell,
    collections::HashMap,
    env::VarError,
    path::{Path, PathBuf},
};

use towerman_core::Secret;

use crate::{
    ConfigError, ConfigErrors, Loader,
    fingerprint::{Fingerprint, digest},
};

/// The state of a walk. Nodes hold a reference to it, so that every one of them can complain.
pub(crate) struct Reading<'a> {
    pub(crate) loader: &'a Loader,
    pub(crate) file: &'a Path,
    text: &'a str,
    /// Where each line begins.
    lines: Vec<usize>,
    problems: RefCell<Vec<ConfigError>>,
    places: RefCell<HashMap<String, Place>>,
    fingerprint: RefCell<Fingerprint>,
}

/// Where something stands, and what it is called there.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) position: (usize, usize),
    pub(crate) path: String,
}

/// Places by [`bare`] path.
pub(crate) type Places = HashMap<String, Place>;

/// A path without the quotes around names: how places are looked up, whoever wrote the path.
pub(crate) fn bare(path: &str) -> String {
    path.replace('"', "")
}

impl<'a> Reading<'a> {
    pub(crate) fn new(loader: &'a Loader, file: &'a Path, text: &'a str) -> Self {
        let newlines = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Self {
            loader,
            file,
            text,
            lines: [0]
                .into_iter()
                .chain(newlines.map(|(at, _)| at + 1))
                .collect(),
            problems: RefCell::default(),
            places: RefCell::default(),
            fingerprint: RefCell::new(Fingerprint {
                text: Some(digest(text)),
                ..Fingerprint::default()
            }),
        }
    }

    /// Notes that something is wrong at byte `at`.
    pub(crate) fn fail(&self, at: usize, path: &str, message: impl Into<String>) {
        self.problems.borrow_mut().push(ConfigError::new(
            self.file,
            Some(self.position(at)),
            path,
            &message.into(),
        ));
    }

    /// How much is wrong so far.
    pub(crate) fn problems(&self) -> usize {
        self.problems.borrow().len()
    }

    /// Whether something is wrong at `path` or within.
    pub(crate) fn is_wrong(&self, path: &str) -> bool {
        let within = |rest: &str| rest.is_empty() || rest.starts_with(['.', '[']);
        let problems = self.problems.borrow();
        let mut rests = problems.iter().map(|p| p.path().strip_prefix(path));
        rests.any(|rest| rest.is_some_and(within))
    }

    /// Remembers where `path` stands.
    pub(crate) fn place(&self, at: usize, path: &str) {
        let place = Place {
            position: self.position(at),
            path: path.to_owned(),
        };
        self.places.borrow_mut().insert(bare(path), place);
    }

    /// What was found: an error if anything is wrong.
    pub(crate) fn finish(self) -> (Result<Places, ConfigErrors>, Fingerprint) {
        let problems = self.problems.into_inner();
        let outcome = if problems.is_empty() {
            Ok(self.places.into_inner())
        } else {
            Err(ConfigErrors::new(problems))
        };
        (outcome, self.fingerprint.into_inner())
    }

    /// A path in the file, relative to the file.
    pub(crate) fn resolve(&self, path: &str) -> PathBuf {
        self.file.parent().unwrap_or(Path::new("")).join(path)
    }

    /// The secret that an environment variable holds.
    pub(crate) fn env(&self, name: &str) -> Result<Secret, String> {
        let starts_well = !name.starts_with(|c: char| c.is_ascii_digit());
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !starts_well || !name.chars().all(word) {
            return Err("after \"env:\" must stand the name of an environment variable".into());
        }
        // Whoever writes the secret itself after "env:" shall not find it in a log.
        let shown = if name.chars().any(|c| c.is_ascii_lowercase()) {
            "the environment variable that it names".into()
        } else {
            format!("the environment variable {name}")
        };
        match self.loader.secrets.env(name) {
            Ok(secret) => trimmed(&secret).ok_or_else(|| format!("{shown} is empty")),
            Err(VarError::NotPresent) => Err(format!("{shown} is not set")),
            Err(VarError::NotUnicode(_)) => Err(format!("{shown} is no text")),
        }
    }

    /// The secret that a file holds, without the newline that ends it.
    pub(crate) fn secret_file(&self, path: &str) -> Result<Secret, String> {
        if path.is_empty() {
            return Err("after \"file:\" must stand the path of a file".into());
        }
        let shown = if path.contains('/') {
            format!("the file {path}")
        } else {
            "the file that it names".into()
        };
        let path = self.resolve(path);
        let held = self.loader.secrets.file(&path);
        let seen = held.as_ref().ok().map(|held| digest(held.expose()));
        self.fingerprint.borrow_mut().files.insert(path, seen);
        match held {
            Ok(secret) => trimmed(&secret).ok_or_else(|| format!("{shown} is empty")),
            Err(error) => Err(format!("{shown} cannot be read: {error}")),
        }
    }

    /// Line and column of a byte, from 1. Columns count characters, as editors do.
    fn position(&self, at: usize) -> (usize, usize) {
        let mut at = at.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        let line = self.lines.partition_point(|start| *start <= at);
        let before = &self.text[self.lines[line - 1]..at];
        (line, before.chars().count() + 1)
    }
}

/// `secret` without surrounding white space; `None` if nothing is left.
fn trimmed(secret: &Secret) -> Option<Secret> {
    let text = secret.expose().trim();
    (!text.is_empty()).then(|| Secret::new(text))
}
