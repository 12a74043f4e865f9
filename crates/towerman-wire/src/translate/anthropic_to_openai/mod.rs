//! What is in Anthropic's dialect, written in OpenAI's: requests of Anthropic clients, answers of
//! Anthropic providers.

mod content;
mod messages;
mod request;
mod response;
mod said;
mod stream;
mod tools;

pub(super) use self::{request::request, response::response, stream::Events};
