//! Reads AWS event-stream frames strictly, checksums included.
