//! What an attempt is sent to.

use std::sync::{Arc, LazyLock};

use http::{HeaderMap, Uri};

use crate::{Board, Dialect, Price, Profile, Signing, Slot};

/// A company or server that speaks one dialect at one base URL, with one set of credentials.
#[derive(Debug)]
pub struct Provider {
    /// Its name in the policy.
    pub name: Arc<str>,
    /// What it speaks.
    pub dialect: Dialect,
    /// How it speaks it.
    pub profile: &'static Profile,
    /// The version of its API, where paths ask for one (Azure's `api-version`).
    pub api_version: Option<Box<str>>,
    /// Where it is.
    pub target: Target,
    /// Headers sent with every request: credentials (marked sensitive) and versions.
    pub headers: HeaderMap,
    /// What its requests are signed with, if they are.
    pub signing: Option<Signing>,
}

/// Where a provider is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Target {
    /// A server: scheme, authority and, optionally, a path under which the dialect's own path goes.
    Url(Uri),
    /// The service that the stack wraps.
    Inner,
}

/// One model at one provider: what an attempt is sent to.
#[derive(Debug)]
pub struct Endpoint {
    /// Its stable number.
    pub slot: Slot,
    /// `provider/model`, unique in a policy.
    pub name: Arc<str>,
    /// Who serves it.
    pub provider: Arc<Provider>,
    /// The name that the provider knows the model by.
    pub model: Box<str>,
    /// What it charges; `None` is unpriced, and the ledger says so.
    pub price: Option<Price>,
    /// Prompt and output that fit together, in tokens.
    pub context_window: Option<u64>,
    /// How good its answers are, from 0 to 100, as the policy's author judges.
    pub quality: Option<u8>,
    /// What it can do.
    pub capabilities: Capabilities,
    /// What is known of it right now.
    pub board: Arc<Board>,
}

/// What an endpoint can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Tools may be offered.
    pub tools: bool,
    /// Images, audio and documents may be attached.
    pub media: bool,
    /// How it is told the JSON schema that its answer must have.
    pub schemas: Schemas,
}

/// How an endpoint is told the JSON schema that its answer must have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Schemas {
    /// As its dialect does.
    #[default]
    Native,
    /// As a tool that it must call, whose input is told to the client as the answer: the model
    /// knows tools and no schemas.
    Tool,
}

impl Default for Capabilities {
    /// Everything: a policy takes away.
    fn default() -> Self {
        Self {
            tools: true,
            media: true,
            schemas: Schemas::Native,
        }
    }
}

impl Endpoint {
    /// The wrapped service itself, for stacks in which nothing routes.
    pub fn unrouted() -> &'static Arc<Self> {
        static UNROUTED: LazyLock<Arc<Endpoint>> = LazyLock::new(|| {
            Arc::new(Endpoint {
                slot: Slot::UNROUTED,
                name: "unrouted".into(),
                provider: Arc::new(Provider {
                    name: "unrouted".into(),
                    dialect: Dialect::OpenAiChat,
                    profile: Profile::plain(Dialect::OpenAiChat),
                    api_version: None,
                    target: Target::Inner,
                    headers: HeaderMap::new(),
                    signing: None,
                }),
                model: "".into(),
                price: None,
                context_window: None,
                quality: None,
                capabilities: Capabilities::default(),
                board: Arc::default(),
            })
        });
        &UNROUTED
    }

    /// Whether this is [`unrouted`](Self::unrouted).
    pub fn is_unrouted(&self) -> bool {
        self.slot == Slot::UNROUTED
    }
}
