//! What a person writes.

use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::{BreakerRules, Class, FailoverRules, KeyDigest};
use crate::{Capabilities, Dialect, Price, Priority, Profile, Signing};

/// A configuration before its names are resolved.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Who serves models.
    pub providers: Vec<ProviderDraft>,
    /// What is known of single models. An endpoint that a route names and nobody describes here
    /// exists all the same, unpriced and unlimited.
    pub endpoints: Vec<EndpointDraft>,
    /// What clients may ask for.
    pub routes: Vec<RouteDraft>,
    /// Who may ask. If empty, anybody may.
    pub tenants: Vec<TenantDraft>,
    /// What each class may take, by [`Priority::index`].
    pub classes: [Class; 5],
    /// How failover behaves.
    pub failover: FailoverRules,
    /// When circuits open.
    pub breaker: BreakerRules,
}

/// A provider before its address is parsed.
#[derive(Clone, Debug)]
pub struct ProviderDraft {
    /// Its name, unique.
    pub name: String,
    /// What it speaks.
    pub dialect: Dialect,
    /// How it speaks it.
    pub profile: &'static Profile,
    /// The version of its API, where paths ask for one.
    pub api_version: Option<String>,
    /// Its base URL; `None` is the wrapped service.
    pub url: Option<String>,
    /// Headers sent with every request.
    pub headers: HeaderMap,
    /// What requests are signed with, if they are.
    pub signing: Option<Signing>,
}

/// What is known of one model at one provider.
#[derive(Clone, Debug)]
pub struct EndpointDraft {
    /// `provider/model`: how routes name it.
    pub name: String,
    /// The name that the provider knows the model by, if it is another one.
    pub model: Option<String>,
    /// What it charges.
    pub price: Option<Price>,
    /// Prompt and output that fit together, in tokens.
    pub context_window: Option<u64>,
    /// How good its answers are, from 0 to 100.
    pub quality: Option<u8>,
    /// What it can do.
    pub capabilities: Capabilities,
}

/// A route before its endpoints are found.
#[derive(Clone, Debug)]
pub struct RouteDraft {
    /// The model name that clients ask for.
    pub name: String,
    /// `provider/model` and weight, in order of preference.
    pub endpoints: Vec<(String, u32)>,
    /// The name of a strategy.
    pub strategy: String,
    /// Whether a conversation stays where it was last answered.
    pub affinity: bool,
    /// The least quality that serves this route.
    pub min_quality: Option<u8>,
    /// Whether a request is refused of which a translation would have to drop anything.
    pub strict: bool,
}

/// A caller.
#[derive(Clone)]
pub struct TenantDraft {
    /// The name in ledgers, metrics and logs.
    pub name: String,
    /// SHA-256 of each of its keys.
    pub keys: Vec<KeyDigest>,
    /// What its requests are when they do not say.
    pub priority: Priority,
    /// The most urgent class that it may ask for.
    pub ceiling: Priority,
    /// The routes that it may use; `None` is all.
    pub routes: Option<Vec<String>>,
}

impl Draft {
    /// An empty configuration with default budgets and rules.
    pub fn new() -> Self {
        Self {
            providers: Vec::new(),
            endpoints: Vec::new(),
            routes: Vec::new(),
            tenants: Vec::new(),
            classes: Priority::ALL.map(Class::default_for),
            failover: FailoverRules::default(),
            breaker: BreakerRules::default(),
        }
    }

    /// Adds a provider.
    #[must_use]
    pub fn provider(mut self, provider: ProviderDraft) -> Self {
        self.providers.push(provider);
        self
    }

    /// Says more about an endpoint.
    #[must_use]
    pub fn endpoint(mut self, endpoint: EndpointDraft) -> Self {
        self.endpoints.push(endpoint);
        self
    }

    /// Adds a route.
    #[must_use]
    pub fn route(mut self, route: RouteDraft) -> Self {
        self.routes.push(route);
        self
    }

    /// Adds a caller.
    #[must_use]
    pub fn tenant(mut self, tenant: TenantDraft) -> Self {
        self.tenants.push(tenant);
        self
    }

    /// Sets what a class may take.
    #[must_use]
    pub const fn class(mut self, priority: Priority, class: Class) -> Self {
        self.classes[priority.index()] = class;
        self
    }

    /// Sets how failover behaves.
    #[must_use]
    pub const fn failover(mut self, rules: FailoverRules) -> Self {
        self.failover = rules;
        self
    }

    /// Sets when circuits open.
    #[must_use]
    pub const fn breaker(mut self, rules: BreakerRules) -> Self {
        self.breaker = rules;
        self
    }
}

impl Default for Draft {
    fn default() -> Self {
        Self::new()
    }
}

impl ProviderDraft {
    /// A server at `url`.
    pub fn url(name: impl Into<String>, dialect: Dialect, url: impl Into<String>) -> Self {
        Self {
            url: Some(url.into()),
            ..Self::inner(name, dialect)
        }
    }

    /// The service that the stack wraps.
    pub fn inner(name: impl Into<String>, dialect: Dialect) -> Self {
        Self {
            name: name.into(),
            dialect,
            profile: Profile::plain(dialect),
            api_version: None,
            url: None,
            headers: HeaderMap::new(),
            signing: None,
        }
    }

    /// Says how the host speaks its dialect, and which dialect that is.
    #[must_use]
    pub const fn profile(mut self, profile: &'static Profile) -> Self {
        self.profile = profile;
        self.dialect = profile.dialect;
        self
    }

    /// Sends a header with every request. Mark credentials sensitive.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Signs every request.
    #[must_use]
    pub fn signing(mut self, signing: Signing) -> Self {
        self.signing = Some(signing);
        self
    }
}

impl EndpointDraft {
    /// An endpoint of which only the name is known.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            model: None,
            price: None,
            context_window: None,
            quality: None,
            capabilities: Capabilities::default(),
        }
    }

    /// Sets the price.
    #[must_use]
    pub const fn price(mut self, price: Price) -> Self {
        self.price = Some(price);
        self
    }

    /// Sets the quality, from 0 to 100.
    #[must_use]
    pub const fn quality(mut self, quality: u8) -> Self {
        self.quality = Some(quality);
        self
    }

    /// Sets the context window, in tokens.
    #[must_use]
    pub const fn context_window(mut self, tokens: u64) -> Self {
        self.context_window = Some(tokens);
        self
    }

    /// Sets what it can do.
    #[must_use]
    pub const fn capabilities(mut self, capabilities: Capabilities) -> Self {
        self.capabilities = capabilities;
        self
    }
}

/// Digests of low-entropy keys are half keys, so only their number is shown.
impl fmt::Debug for TenantDraft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantDraft")
            .field("name", &self.name)
            .field("keys", &self.keys.len())
            .field("priority", &self.priority)
            .field("ceiling", &self.ceiling)
            .field("routes", &self.routes)
            .finish()
    }
}

impl RouteDraft {
    /// A route over endpoints (`provider/model`) in order of preference, with strategy `priority`.
    pub fn new<E: Into<String>>(
        name: impl Into<String>,
        endpoints: impl IntoIterator<Item = E>,
    ) -> Self {
        Self {
            name: name.into(),
            endpoints: endpoints
                .into_iter()
                .map(|endpoint| (endpoint.into(), 1))
                .collect(),
            strategy: "priority".into(),
            affinity: true,
            min_quality: None,
            strict: false,
        }
    }

    /// Sets whether a request is refused of which a translation would have to drop anything.
    #[must_use]
    pub const fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// Sets the strategy.
    #[must_use]
    pub fn strategy(mut self, name: impl Into<String>) -> Self {
        self.strategy = name.into();
        self
    }

    /// Sets whether a conversation stays where it was last answered.
    #[must_use]
    pub const fn affinity(mut self, affinity: bool) -> Self {
        self.affinity = affinity;
        self
    }
}
