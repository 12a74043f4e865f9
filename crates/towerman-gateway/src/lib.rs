//! The towerman gateway: the whole stack behind a port.
//!
//! The binary `towerman` serves a policy file (`towerman serve --config towerman.toml`), checks one
//! (`towerman check`), or shows itself at work on simulated providers (`towerman demo`). It is made
//! of the same layers that anybody stacks, in [`stack`].

pub mod check;
pub mod cli;
pub mod demo;
pub mod logging;
pub mod serve;
pub mod server;
pub mod simulated;
pub mod stack;
pub mod stop;
