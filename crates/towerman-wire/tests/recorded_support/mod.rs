//! Recorded traffic: where it lies, and which dialect each folder speaks.
//!
//! The recordings are not part of the repository. They are looked for in `$TOWERMAN_SHARED` (the
//! data directory), or beside the workspace; where they are missing the test says so, and passes,
//! except in CI.

// Each test binary uses a part of it.
#![allow(dead_code, unreachable_pub)]

use std::{env, fs, path::PathBuf};

use serde_json::Value;
use towerman_core::Dialect;

mod folders;

use folders::FOLDERS;

/// One exchange.
pub struct Exchange {
    pub name: String,
    pub dialect: Dialect,
    pub request: Option<Value>,
    pub response: Value,
}

/// A successful answer.
pub enum Said {
    Whole(Vec<u8>),
    Stream(Vec<u8>),
}

impl Exchange {
    pub fn status(&self) -> u64 {
        self.response["status"].as_u64().unwrap_or(200)
    }

    /// The answer, if it is one and not an error.
    pub fn said(&self) -> Option<Said> {
        if self.status() != 200 {
            return None;
        }
        let response = &self.response;
        if let Some(sse) = response["sse"].as_str() {
            return Some(Said::Stream(sse.into()));
        }
        if let Some(chunks) = response["chunks"].as_array() {
            let frame = |chunk: &Value| match chunk.as_str() {
                Some(text) => format!("data: {text}\n\n"),
                None => format!("data: {chunk}\n\n"),
            };
            let bytes: String = chunks.iter().map(frame).collect();
            return Some(Said::Stream(bytes.into()));
        }
        let body = &response["body"];
        body.is_object()
            .then(|| Said::Whole(body.to_string().into()))
    }
}

fn root() -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let data = env::var_os("TOWERMAN_SHARED").map_or_else(beside, PathBuf::from);
    let wire = data.join("wire");
    if wire.join("recorded").is_dir() {
        return Some(wire);
    }
    println!("RECORDED TRAFFIC NOT RUN: {} is missing", wire.display());
    assert_ne!(env::var("CI").as_deref(), Ok("true"), "CI must run it");
    None
}

/// Every exchange of a dialect, sorted by name. A folder that nobody knows is a failure.
pub fn folders(dialect: Dialect) -> Vec<Exchange> {
    let mut all = Vec::new();
    let Some(root) = root() else { return all };
    for kind in ["recorded", "response-only"] {
        for entry in fs::read_dir(root.join(kind)).unwrap() {
            let path = entry.unwrap().path();
            let folder = path.file_name().unwrap().to_string_lossy().into_owned();
            let known = FOLDERS.iter().find(|(name, _)| *name == folder);
            let (_, speaks) = known.unwrap_or_else(|| panic!("nobody knows the folder {folder}"));
            if *speaks != Some(dialect) {
                continue;
            }
            for file in fs::read_dir(path).unwrap() {
                let file = file.unwrap().path();
                let mut exchange: Value =
                    serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
                let request = exchange["request"]["body"].take();
                all.push(Exchange {
                    name: format!("{kind}/{folder}/{}", file.file_stem().unwrap().display()),
                    dialect,
                    request: request.is_object().then_some(request),
                    response: exchange["response"].take(),
                });
            }
        }
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

pub fn chunked(bytes: &[u8], size: usize) -> impl Iterator<Item = &[u8]> {
    bytes.chunks(size.max(1))
}

/// Every recorded exchange of a folder with its number, as it stands there, in order.
pub fn files(folder: &str) -> Vec<(String, Value)> {
    let Some(root) = root() else {
        return Vec::new();
    };
    let files = fs::read_dir(root.join("recorded").join(folder)).unwrap();
    let mut all: Vec<_> = files
        .map(|file| {
            let path = file.unwrap().path();
            let exchange = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            (path.file_stem().unwrap().display().to_string(), exchange)
        })
        .collect();
    all.sort_by(|(a, _), (b, _)| a.cmp(b));
    all
}
