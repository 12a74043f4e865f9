//! The names that Converse has for parts of a conversation, and for media types.

use crate::neutral::Medium;

/// What may be in a block: every provider can be told of it.
const BLOCKS: [&str; 9] = [
    "text",
    "image",
    "document",
    "video",
    "audio",
    "toolUse",
    "toolResult",
    "reasoningContent",
    "cachePoint",
];

/// What is around blocks, and in them.
const AROUND: [&str; 14] = [
    "role",
    "content",
    "format",
    "name",
    "source",
    "bytes",
    "toolUseId",
    "input",
    "json",
    "status",
    "reasoningText",
    "redactedContent",
    "signature",
    "ttl",
];

/// Whether a member of a conversation, wherever it stands, is one that every provider can be told.
pub(crate) fn is_common(key: &[u8]) -> bool {
    let mut known = BLOCKS.iter().chain(&AROUND);
    known.any(|name| name.as_bytes() == key)
}

/// Whether this is never what a block is of.
pub(super) fn is_around(key: &str) -> bool {
    AROUND.contains(&key)
}

/// Format, media type.
const FORMATS: [(Medium, &str, &str); 29] = [
    (Medium::Image, "png", "image/png"),
    (Medium::Image, "jpeg", "image/jpeg"),
    (Medium::Image, "gif", "image/gif"),
    (Medium::Image, "webp", "image/webp"),
    (Medium::Document, "pdf", "application/pdf"),
    (Medium::Document, "txt", "text/plain"),
    (Medium::Document, "csv", "text/csv"),
    (Medium::Document, "html", "text/html"),
    (Medium::Document, "md", "text/markdown"),
    (Medium::Document, "doc", "application/msword"),
    (
        Medium::Document,
        "docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    (Medium::Document, "xls", "application/vnd.ms-excel"),
    (
        Medium::Document,
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    (Medium::Video, "mp4", "video/mp4"),
    (Medium::Video, "mov", "video/quicktime"),
    (Medium::Video, "mkv", "video/x-matroska"),
    (Medium::Video, "webm", "video/webm"),
    (Medium::Video, "flv", "video/x-flv"),
    (Medium::Video, "mpeg", "video/mpeg"),
    (Medium::Video, "wmv", "video/x-ms-wmv"),
    (Medium::Video, "three_gp", "video/3gpp"),
    (Medium::Audio, "mp3", "audio/mpeg"),
    (Medium::Audio, "wav", "audio/wav"),
    (Medium::Audio, "flac", "audio/flac"),
    (Medium::Audio, "ogg", "audio/ogg"),
    (Medium::Audio, "opus", "audio/opus"),
    (Medium::Audio, "aac", "audio/aac"),
    (Medium::Audio, "m4a", "audio/mp4"),
    (Medium::Audio, "webm", "audio/webm"),
];

/// The media type of a format.
pub(super) fn media_type(what: Medium, format: &str) -> Option<&'static str> {
    let mut formats = FORMATS.iter();
    formats
        .find(|(medium, name, _)| *medium == what && *name == format)
        .map(|(_, _, media_type)| *media_type)
}

/// The format of a media type.
pub(super) fn format(what: Medium, media_type: &str) -> Option<&'static str> {
    let media_type = match media_type {
        "image/jpg" => "image/jpeg",
        "audio/mp3" => "audio/mpeg",
        "audio/x-wav" | "audio/wave" => "audio/wav",
        other => other,
    };
    let mut formats = FORMATS.iter();
    formats
        .find(|(medium, _, name)| *medium == what && *name == media_type)
        .map(|(_, format, _)| *format)
}

/// The member that a block of media has.
pub(super) const fn member(what: Medium) -> &'static str {
    match what {
        Medium::Image => "image",
        Medium::Document => "document",
        Medium::Video => "video",
        Medium::Audio => "audio",
    }
}

/// Whether a document of this format is text.
pub(super) fn is_text(format: &str) -> bool {
    matches!(format, "txt" | "csv" | "html" | "md")
}
