//! Ties one simulated provider together: what it is, what it is told to do, what it has seen.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use http::request::Parts;

use crate::{
    book::Book,
    cache::Cache,
    model::Model,
    prompt::Prompt,
    received::{Journal, Received},
    script::Faults,
    server::SimServer,
    service::SimService,
    trouble::Trouble,
    usage::Usage,
    visit::Traffic,
    wire::{Caching, Dialect, Rules, Wire},
};

/// A simulated provider. Clones are handles to the same one.
#[derive(Debug, Clone)]
pub struct Sim {
    core: Arc<Core>,
}

#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) name: String,
    pub(crate) thinking: bool,
    strict: bool,
    pub(crate) faults: Faults,
    pub(crate) book: Book,
    pub(crate) journal: Journal,
    pub(crate) traffic: Arc<Traffic>,
    /// Requests so far: ids follow from it.
    pub(crate) number: AtomicU64,
    dialect: Dialect,
    key: Option<String>,
    models: Vec<Model>,
    cache: Cache,
}

impl Sim {
    /// A provider that speaks this dialect. Its name shows in what its models say.
    pub fn speaking(dialect: Dialect, name: impl Into<String>) -> SimBuilder {
        SimBuilder::new(dialect, name.into())
    }

    /// A provider that speaks OpenAI Chat Completions. Its name shows in what its models say.
    pub fn openai(name: impl Into<String>) -> SimBuilder {
        Self::speaking(Dialect::OpenAi, name)
    }

    /// A provider that speaks Anthropic Messages. Its name shows in what its models say.
    pub fn anthropic(name: impl Into<String>) -> SimBuilder {
        Self::speaking(Dialect::Anthropic, name)
    }

    /// A provider that speaks Gemini. Its name shows in what its models say.
    pub fn gemini(name: impl Into<String>) -> SimBuilder {
        Self::speaking(Dialect::Gemini, name)
    }

    /// A provider that speaks OpenAI Responses. Its name shows in what its models say.
    pub fn openai_responses(name: impl Into<String>) -> SimBuilder {
        Self::speaking(Dialect::OpenAiResponses, name)
    }

    /// A provider that speaks AWS Bedrock Converse. Its name shows in what its models say.
    pub fn bedrock(name: impl Into<String>) -> SimBuilder {
        Self::speaking(Dialect::BedrockConverse, name)
    }

    /// A provider that speaks Ollama's own API. Its name shows in what its models say.
    pub fn ollama(name: impl Into<String>) -> SimBuilder {
        Self::speaking(Dialect::Ollama, name)
    }

    /// A provider that speaks Cohere v2. Its name shows in what its models say.
    pub fn cohere(name: impl Into<String>) -> SimBuilder {
        Self::speaking(Dialect::Cohere, name)
    }

    /// The name it was given.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.core.name
    }

    /// The dialect it speaks.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.core.dialect
    }

    /// The provider as a `tower` service, without a network.
    #[must_use]
    pub fn service(&self) -> SimService {
        SimService::new(Arc::clone(&self.core))
    }

    /// Serves it over TCP, on a free port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// When no port can be bound.
    pub async fn serve(&self) -> io::Result<SimServer> {
        self.serve_on(SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// Serves it over TCP on this address: HTTP/1.1, and HTTP/2 with prior knowledge.
    ///
    /// # Errors
    ///
    /// When the address cannot be bound.
    pub async fn serve_on(&self, addr: SocketAddr) -> io::Result<SimServer> {
        SimServer::start(addr, self.service(), &self.core.faults)
    }

    /// What goes wrong; change it at any time.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.core.faults
    }

    /// What this provider would charge.
    #[must_use]
    pub fn book(&self) -> &Book {
        &self.core.book
    }

    /// The requests that reached it, oldest first: the last 1,024, or fewer when they hold more
    /// than 64 MiB.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.core.journal.read()
    }

    /// Requests it is serving now.
    #[must_use]
    pub fn in_flight(&self) -> u64 {
        self.core.traffic.in_flight.load(Ordering::Relaxed)
    }

    /// Requests whose client left before the end, with or without a head.
    #[must_use]
    pub fn cancelled(&self) -> u64 {
        self.core.traffic.cancelled.load(Ordering::Relaxed)
    }
}

impl Core {
    pub(crate) fn wire(&self) -> &'static dyn Wire {
        self.dialect.wire()
    }

    pub(crate) fn rules(&self) -> Rules<'_> {
        Rules {
            strict: self.strict,
            thinking: self.thinking,
            name: &self.name,
        }
    }

    /// Checks a request's credentials.
    pub(crate) fn admit(&self, head: &Parts) -> Result<(), Trouble<'static>> {
        match (&self.key, self.wire().key(head)) {
            (None, _) => Ok(()),
            (Some(expected), Some(key)) if expected == key => Ok(()),
            (Some(_), Some(_)) => Err(Trouble::WrongKey),
            (Some(_), None) => Err(Trouble::NoKey),
        }
    }

    /// The model of this name; any name is known when none was listed.
    pub(crate) fn model(&self, name: &str) -> Option<Model> {
        if self.models.is_empty() {
            return Some(Model::new(name));
        }
        self.models.iter().find(|model| model.name == name).cloned()
    }

    pub(crate) fn listed(&self) -> Vec<&str> {
        if self.models.is_empty() {
            return vec![self.wire().any_model()];
        }
        self.models
            .iter()
            .map(|model| model.name.as_str())
            .collect()
    }

    pub(crate) fn cached(&self, prompt: &Prompt, min: u64) -> Usage {
        match self.wire().caching() {
            Caching::Automatic => self.cache.automatic(prompt, min),
            Caching::Marked => self.cache.marked(prompt, min),
            Caching::Never => Usage {
                uncached: prompt.tokens,
                ..Usage::default()
            },
        }
    }
}

/// A simulated provider in the making.
#[derive(Debug, Clone)]
#[must_use]
pub struct SimBuilder {
    dialect: Dialect,
    name: String,
    key: Option<String>,
    models: Vec<Model>,
    strict: bool,
    thinking: bool,
}

impl SimBuilder {
    const fn new(dialect: Dialect, name: String) -> Self {
        Self {
            dialect,
            name,
            key: None,
            models: Vec::new(),
            strict: true,
            thinking: false,
        }
    }

    /// Refuses requests without this API key.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Lists a model. Without any, every model name is served, by a free and instant model.
    pub fn model(mut self, model: Model) -> Self {
        self.models.push(model);
        self
    }

    /// Lets unknown fields pass, which Anthropic's, Gemini's and OpenAI's Responses API refuse.
    pub const fn accept_unknown_fields(mut self) -> Self {
        self.strict = false;
        self
    }

    /// Makes its models think before they speak: eight tokens, which are billed as output.
    ///
    /// They show their thoughts, sign them and count them as the dialect does, if the request lets
    /// them think. Gemini then also refuses a call in the history of the current turn that comes
    /// back without its `thoughtSignature`, or with that of another simulated provider; the
    /// `skip_thought_signature_validator` that Google knows passes for one.
    pub const fn thinking(mut self) -> Self {
        self.thinking = true;
        self
    }

    /// The provider.
    #[must_use]
    pub fn build(self) -> Sim {
        let Self {
            dialect,
            name,
            key,
            models,
            strict,
            thinking,
        } = self;
        let core = Core {
            name,
            thinking,
            strict,
            faults: Faults::default(),
            book: Book::default(),
            journal: Journal::default(),
            traffic: Arc::default(),
            number: AtomicU64::new(0),
            dialect,
            key,
            models,
            cache: Cache::default(),
        };
        Sim {
            core: Arc::new(core),
        }
    }
}
