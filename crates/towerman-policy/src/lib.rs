//! One TOML file becomes the compiled, hot-reloaded policy.
//!
//! [`Config::load`] reads the file, finds its secrets, checks everything and reports all that is
//! wrong at once, each with line, column, path and what would be right. [`Config::compile`] puts
//! the policy in force; [`Reload`] keeps it up to date with the file while requests go on under
//! the policy that they began with.
//!
//! ```text
//! towerman.toml:6:25: routes.chat.endpoints[1]: there is no provider "anthropc"; expected one of "anthropic", "openai"
//! ```
//!
//! # Example
//!
//! Six lines route one model over two providers:
//!
//! ```
//! use std::path::Path;
//! use towerman_policy::Loader;
//!
//! let text = r#"
//! [providers]
//! openai    = { key = "env:OPENAI_API_KEY" }
//! anthropic = { key = "env:ANTHROPIC_API_KEY" }
//!
//! [routes]
//! chat = ["openai/gpt-5", "anthropic/claude-opus-5"]
//! "#;
//! // `Config::load(path)` asks the environment; this asks a closure.
//! let loader = Loader::new().secrets(|name: &str| Some(format!("the value of {name}")));
//! let policy = loader.parse(text, Path::new("towerman.toml"))?.compile()?;
//! let chat = policy.load().route("chat").cloned();
//! assert_eq!(chat.map(|route| route.choices.len()), Some(2));
//!
//! let errors = loader.parse("[routes]\nchat = [\"openai\"]", Path::new("towerman.toml"));
//! assert_eq!(
//!     errors.unwrap_err().to_string(),
//!     "towerman.toml:2:9: routes.chat.endpoints[0]: \"openai\" is no endpoint; \
//!      expected \"provider/model\"",
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Secrets
//!
//! The file refers to secrets and never holds them; one that does is refused. Values are sent as
//! sensitive headers or kept as digests: no error, `Debug` or description shows one.
//!
//! # Cancellation
//!
//! Dropping a [`Watch`] stops it and waits for its thread, which waits for nothing but the hook.
//!
//! # Cost
//!
//! Nothing per request. One thread, which reads the file once a second and whenever something
//! happens in its directory.
//!
//! # Reference
//!
//! Every key there is. Any other is an error. It is also [`REFERENCE`].
//!
//! ```toml
#![doc = include_str!("reference.toml")]
//! ```

mod columns;
mod config;
mod describe;
mod error;
mod fingerprint;
mod loader;
mod node;
mod reading;
mod reload;
mod schema;
mod secrets;
mod server;
mod units;
mod watch;
mod words;

pub use self::{
    config::Config,
    describe::Description,
    error::{ConfigError, ConfigErrors},
    loader::Loader,
    reload::{Reload, ReloadStatus, Reloaded},
    secrets::{Secrets, SystemSecrets},
    server::ServerConfig,
    watch::Watch,
};

/// A configuration file with every key there is, explained.
pub const REFERENCE: &str = include_str!("reference.toml");
