//! What is in OpenAI's dialect, written in Anthropic's: requests of OpenAI clients, answers of
//! OpenAI providers.

mod arguments;
mod blocks;
mod content;
mod messages;
mod request;
mod response;
mod stream;
mod tools;

pub(super) use self::{request::request, response::response, stream::Events};
