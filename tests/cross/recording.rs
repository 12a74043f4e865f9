//! Recorded exchanges, as they lie in their files.

use std::{fs, path::Path};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::Deserialize;
use serde_json::value::RawValue;
use towerman::core::Dialect;

use crate::{folders::FOLDERS, framing};

/// One exchange.
#[derive(Debug)]
pub(crate) struct Recording {
    /// `recorded/FOLDER/NNN`.
    pub(crate) name: String,
    pub(crate) dialect: Dialect,
    /// The client's body, where it was recorded.
    pub(crate) request: Option<String>,
    /// Whether the path asked for a stream, where a dialect does not say it in the body.
    pub(crate) streams: bool,
    pub(crate) status: u16,
    pub(crate) answer: Answer,
}

/// What the provider answered.
#[derive(Debug)]
pub(crate) enum Answer {
    Whole(String),
    Stream(Vec<u8>),
    /// Something else, or nothing.
    None,
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    request: Option<Asked>,
    response: Answered,
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    path: String,
    // As it stands in the file: order and spelling are part of it.
    #[serde(default)]
    body: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Answered {
    #[serde(default)]
    status: Option<u16>,
    #[serde(default)]
    body: Option<Box<RawValue>>,
    #[serde(default)]
    sse: Option<String>,
    #[serde(default)]
    ndjson: Option<String>,
    #[serde(default)]
    chunks: Option<Vec<Box<RawValue>>>,
    #[serde(default)]
    eventstream_b64: Option<String>,
}

/// Every recording whose folder speaks one of our dialects, in order, and how many files speak
/// none of them.
pub(crate) fn all(wire: &Path) -> (Vec<Recording>, usize) {
    let (mut all, mut others) = (Vec::new(), 0);
    for kind in ["recorded", "response-only"] {
        let Ok(entries) = fs::read_dir(wire.join(kind)) else {
            continue;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            let folder = path.file_name().unwrap().to_string_lossy().into_owned();
            let known = FOLDERS.iter().find(|(name, _)| *name == folder);
            let (_, speaks) = known.unwrap_or_else(|| panic!("nobody knows the folder {folder}"));
            let Some(dialect) = speaks.filter(|speaks| Dialect::ALL.contains(speaks)) else {
                others += fs::read_dir(path).unwrap().count();
                continue;
            };
            all.extend(self::folder(wire, kind, &folder, dialect));
        }
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    (all, others)
}

/// Every recording of one folder.
pub(crate) fn folder(wire: &Path, kind: &str, folder: &str, dialect: Dialect) -> Vec<Recording> {
    let files = fs::read_dir(wire.join(kind).join(folder)).unwrap();
    let files = files.map(|file| file.unwrap().path());
    files
        .map(|file| {
            let stem = file.file_stem().unwrap().to_string_lossy();
            read(&file, format!("{kind}/{folder}/{stem}"), dialect)
        })
        .collect()
}

fn read(path: &Path, name: String, dialect: Dialect) -> Recording {
    let file: File = serde_json::from_slice(&fs::read(path).unwrap())
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    let asked = file.request;
    let streams = asked
        .as_ref()
        .is_some_and(|asked| asked.path.contains("tream"));
    let request = asked
        .and_then(|asked| asked.body)
        .map(|body| body.get().to_owned())
        .filter(|body| body.starts_with('{'));
    let status = file.response.status.unwrap_or(200);
    Recording {
        answer: answer(file.response, dialect),
        name,
        dialect,
        request,
        streams,
        status,
    }
}

fn answer(answered: Answered, dialect: Dialect) -> Answer {
    if let Some(stream) = answered.sse.or(answered.ndjson) {
        return Answer::Stream(stream.into());
    }
    if let Some(frames) = answered.eventstream_b64 {
        return Answer::Stream(BASE64_STANDARD.decode(frames).unwrap());
    }
    if let Some(chunks) = answered.chunks {
        // Events without their framing: strings of JSON, or JSON.
        let chunks = chunks.iter().map(|chunk| {
            serde_json::from_str::<String>(chunk.get()).unwrap_or_else(|_| chunk.get().to_owned())
        });
        return Answer::Stream(framing::frame(dialect, chunks));
    }
    match answered.body {
        Some(body) if body.get().starts_with('{') => Answer::Whole(body.get().to_owned()),
        _ => Answer::None,
    }
}
