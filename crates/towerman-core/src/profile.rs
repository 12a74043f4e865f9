//! How a host speaks its dialect: what differs from the plain form, as data.

use crate::Dialect;

/// One kind of host. Its differences are edits of the bodies that go there, and the address.
///
/// Everything here is data: a host that is compatible with a dialect but for a few members is a
/// value of this, and no code.
#[derive(Debug)]
pub struct Profile {
    /// The name that policies use.
    pub name: &'static str,
    /// What it speaks.
    pub dialect: Dialect,
    /// Its base URL; empty where everybody has their own. `{region}` stands for a region.
    pub url: &'static str,
    /// The environment variable in which its key is usually found; empty if it needs none.
    pub key: &'static str,
    /// How it is told the key.
    pub auth: Auth,
    /// What its paths look like.
    pub path: PathStyle,
    /// How a stream comes to tell usage.
    pub usage: UsageChunk,
    /// It takes messages of the role `developer`.
    pub developer: bool,
    /// The ids of tool calls are nine letters and digits, and nothing else.
    pub nine_ids: bool,
    /// What requests may refer to there.
    pub keeps: Keeps,
    /// Edits of members of the body, in order.
    pub rules: &'static [Rule],
}

/// How a host is told the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// `authorization: Bearer KEY`.
    Bearer,
    /// In a header of its own.
    Header(&'static str),
    /// AWS, for the service of this name: `authorization: Bearer KEY` with an API key, a signature
    /// (Signature Version 4) with the keys of an account.
    SigV4(&'static str),
}

/// What a host's paths look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathStyle {
    /// The dialect's own.
    Own,
    /// The dialect's own without the leading `/v1`: the base URL has a version in it.
    Bare,
    /// `/openai/deployments/{model}/chat/completions?api-version=…`.
    AzureDeployment,
    /// The dialect's own behind `/openai`.
    AzureV1,
    /// `/publishers/{publisher}/models/{model}:verb`; project and location stand in the base URL.
    Vertex(&'static str),
    /// `/model/{model}/invoke` and `/model/{model}/invoke-with-response-stream`: AWS Bedrock, which
    /// takes a vendor's own bodies there, and streams their events inside frames of its own.
    BedrockInvoke,
}

/// How a stream of OpenAI's chat dialect comes to tell usage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsageChunk {
    /// It is asked to, by `stream_options`.
    Ask,
    /// It always does, and must not be asked.
    Always,
}

/// What a host keeps or runs, that requests of its dialect may refer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keeps {
    /// Files that were uploaded to it.
    pub files: bool,
    /// Earlier answers, conversations, containers.
    pub state: bool,
    /// It runs the tools that its dialect knows as the provider's own.
    pub tools: bool,
}

impl Keeps {
    /// All that the dialect has a word for.
    pub const ALL: Self = Self {
        files: true,
        state: true,
        tools: true,
    };
    /// Only what stands in the request itself.
    pub const NOTHING: Self = Self {
        files: false,
        state: false,
        tools: false,
    };
}

/// An edit of one member of the body.
#[derive(Debug)]
pub struct Rule {
    /// The member's name.
    pub member: &'static str,
    /// What is done to it, if it is there.
    pub does: Does,
}

/// What is done to a member.
#[derive(Debug)]
pub enum Does {
    /// It gets another name.
    Rename(&'static str),
    /// It is left out: the host would refuse it, and it changes no answer.
    Drop,
    /// It is left out, and nothing is lost: the path says it.
    InPath,
    /// The request is refused: the host cannot do this.
    Refuse(&'static str),
    /// A number is moved into this range.
    Clamp(f64, f64),
    /// The request is refused if this number is exceeded.
    AtMost(u32, &'static str),
    /// A value, as it is spelt in JSON, and the members that take the place of this one. Values
    /// that are not listed stay.
    Becomes(&'static [(&'static str, &'static str)]),
    /// The value that it gets if it is absent, as JSON.
    Add(&'static str),
    /// A JSON schema that the answer shall have is asked for in words, and JSON as such: the host
    /// knows no more.
    SchemaInWords,
}

impl Profile {
    /// A host that speaks `dialect` as its inventor does.
    pub const fn plain(dialect: Dialect) -> &'static Self {
        match dialect {
            Dialect::OpenAiChat => &const { Self::of(Dialect::OpenAiChat) },
            Dialect::Anthropic => &const { Self::of(Dialect::Anthropic) },
            Dialect::OpenAiResponses => &const { Self::of(Dialect::OpenAiResponses) },
            Dialect::OpenAiCompletions => &const { Self::of(Dialect::OpenAiCompletions) },
            Dialect::Gemini => &const { Self::of(Dialect::Gemini) },
            Dialect::BedrockConverse => &const { Self::of(Dialect::BedrockConverse) },
            Dialect::Cohere => &const { Self::of(Dialect::Cohere) },
            Dialect::Ollama => &const { Self::of(Dialect::Ollama) },
        }
    }

    /// A profile without any quirk, to start from.
    pub const fn of(dialect: Dialect) -> Self {
        Self {
            name: dialect.as_str(),
            dialect,
            url: "",
            key: "",
            auth: match dialect {
                Dialect::Anthropic => Auth::Header("x-api-key"),
                Dialect::Gemini => Auth::Header("x-goog-api-key"),
                Dialect::BedrockConverse => Auth::SigV4("bedrock"),
                _ => Auth::Bearer,
            },
            path: PathStyle::Own,
            usage: UsageChunk::Ask,
            developer: true,
            nine_ids: false,
            keeps: Keeps::ALL,
            rules: &[],
        }
    }

    /// Whether bodies go there as the dialect has them.
    pub const fn is_plain(&self) -> bool {
        self.rules.is_empty() && self.developer && !self.nine_ids
    }
}
