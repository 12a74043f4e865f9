//! Simulated providers, seen from outside.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unreachable_pub
)]

mod anthropic;
mod anthropic_cache;
mod anthropic_refusals;
mod anthropic_tools;
mod bedrock;
mod bedrock_refusals;
mod bedrock_tools;
mod billing;
mod cohere;
mod cohere_tools;
mod common;
mod fault_answers;
mod fault_limits;
mod faults;
mod frames;
mod gemini;
mod gemini_refusals;
mod gemini_tools;
mod native;
mod ollama;
mod openai;
mod openai_completions;
mod openai_refusals;
mod openai_tools;
mod recorded;
mod responses;
mod responses_refusals;
mod responses_tools;
mod shapes;
mod tcp;
mod tcp_client;
mod tcp_port;
