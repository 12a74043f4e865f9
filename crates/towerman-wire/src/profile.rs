//! Hosts that everybody means the same by, and how each speaks its dialect.
//!
//! A compatible host is a row here and nothing else.

use towerman_core::{
    Auth,
    Dialect::{
        self, Anthropic, BedrockConverse, Cohere, Gemini, Ollama, OpenAiChat, OpenAiResponses,
    },
    Does, Keeps, PathStyle, Profile, Rule, UsageChunk,
};

/// OpenAI's name for the limit is new; most others know the old one.
const MAX_TOKENS: Rule = Rule {
    member: "max_completion_tokens",
    does: Does::Rename("max_tokens"),
};

const SCHEMA_IN_WORDS: Rule = Rule {
    member: "response_format",
    does: Does::SchemaInWords,
};

const fn drop(member: &'static str) -> Rule {
    Rule {
        member,
        does: Does::Drop,
    }
}

const fn in_path(member: &'static str) -> Rule {
    Rule {
        member,
        does: Does::InPath,
    }
}

const fn add(member: &'static str, value: &'static str) -> Rule {
    Rule {
        member,
        does: Does::Add(value),
    }
}

const fn refuse(member: &'static str, why: &'static str) -> Rule {
    Rule {
        member,
        does: Does::Refuse(why),
    }
}

const fn effort(table: &'static [(&'static str, &'static str)]) -> Rule {
    Rule {
        member: "reasoning_effort",
        does: Does::Becomes(table),
    }
}

const THINKING_OFF: &str = r#""thinking":{"type":"disabled"}"#;
const THINKING_ON: &str = r#""thinking":{"type":"enabled"}"#;
const LOW: &str = r#""reasoning_effort":"low""#;
const HIGH: &str = r#""reasoning_effort":"high""#;

/// Efforts beyond high are OpenAI's own.
const UP_TO_HIGH: Rule = effort(&[(r#""xhigh""#, HIGH), (r#""max""#, HIGH)]);

/// Files and earlier answers are kept by the inventor of a dialect, not by those who speak it too.
const IN_THE_REQUEST: Keeps = Keeps {
    tools: true,
    ..Keeps::NOTHING
};

/// A host of OpenAI's chat dialect that knows no role `developer`.
const fn chat(
    name: &'static str,
    url: &'static str,
    key: &'static str,
    rules: &'static [Rule],
) -> Profile {
    Profile {
        name,
        url,
        key,
        developer: false,
        keeps: IN_THE_REQUEST,
        rules,
        ..Profile::of(OpenAiChat)
    }
}

const fn own(
    name: &'static str,
    dialect: Dialect,
    url: &'static str,
    key: &'static str,
) -> Profile {
    Profile {
        name,
        url,
        key,
        ..Profile::of(dialect)
    }
}

/// Every profile, by name.
pub static TABLE: [Profile; 32] = [
    own(
        "anthropic",
        Anthropic,
        "https://api.anthropic.com",
        "ANTHROPIC_API_KEY",
    ),
    Profile {
        auth: Auth::SigV4("bedrock"),
        path: PathStyle::BedrockInvoke,
        rules: &[
            in_path("model"),
            in_path("stream"),
            add("anthropic_version", r#""bedrock-2023-05-31""#),
        ],
        ..own(
            "anthropic-bedrock",
            Anthropic,
            "https://bedrock-runtime.{region}.amazonaws.com",
            "AWS_BEARER_TOKEN_BEDROCK",
        )
    },
    Profile {
        auth: Auth::Bearer,
        path: PathStyle::Vertex("anthropic"),
        keeps: IN_THE_REQUEST,
        rules: &[
            in_path("model"),
            add("anthropic_version", r#""vertex-2023-10-16""#),
        ],
        ..own("anthropic-vertex", Anthropic, "", "VERTEX_ACCESS_TOKEN")
    },
    // The policy says which version of the API; the model's name is the deployment's.
    Profile {
        auth: Auth::Header("api-key"),
        path: PathStyle::AzureDeployment,
        ..own("azure", OpenAiChat, "", "AZURE_OPENAI_API_KEY")
    },
    Profile {
        auth: Auth::Header("api-key"),
        path: PathStyle::AzureV1,
        ..own(
            "azure-responses",
            OpenAiResponses,
            "",
            "AZURE_OPENAI_API_KEY",
        )
    },
    Profile {
        auth: Auth::Header("api-key"),
        path: PathStyle::AzureV1,
        ..own("azure-v1", OpenAiChat, "", "AZURE_OPENAI_API_KEY")
    },
    own(
        "bedrock",
        BedrockConverse,
        "https://bedrock-runtime.{region}.amazonaws.com",
        "AWS_BEARER_TOKEN_BEDROCK",
    ),
    chat(
        "cerebras",
        "https://api.cerebras.ai",
        "CEREBRAS_API_KEY",
        &[UP_TO_HIGH],
    ),
    own("cohere", Cohere, "https://api.cohere.com", "CO_API_KEY"),
    chat(
        "deepseek",
        "https://api.deepseek.com",
        "DEEPSEEK_API_KEY",
        &[
            MAX_TOKENS,
            SCHEMA_IN_WORDS,
            effort(&[
                (r#""none""#, THINKING_OFF),
                (r#""minimal""#, LOW),
                (r#""medium""#, HIGH),
                (r#""xhigh""#, HIGH),
                (r#""max""#, HIGH),
            ]),
        ],
    ),
    chat(
        "fireworks",
        "https://api.fireworks.ai/inference",
        "FIREWORKS_API_KEY",
        &[MAX_TOKENS],
    ),
    own(
        "gemini",
        Gemini,
        "https://generativelanguage.googleapis.com",
        "GEMINI_API_KEY",
    ),
    Profile {
        path: PathStyle::Bare,
        ..chat(
            "gemini-compat",
            "https://generativelanguage.googleapis.com/v1beta/openai",
            "GEMINI_API_KEY",
            &[MAX_TOKENS],
        )
    },
    chat(
        "groq",
        "https://api.groq.com/openai",
        "GROQ_API_KEY",
        &[
            Rule {
                member: "n",
                does: Does::AtMost(1, "must be 1: this host gives one answer"),
            },
            refuse("logprobs", "cannot be had from this host"),
            refuse("logit_bias", "cannot be had from this host"),
            drop("presence_penalty"),
            drop("frequency_penalty"),
            drop("metadata"),
            drop("store"),
            effort(&[
                (r#""minimal""#, LOW),
                (r#""xhigh""#, HIGH),
                (r#""max""#, HIGH),
            ]),
            Rule {
                member: "service_tier",
                does: Does::Becomes(&[
                    (r#""default""#, r#""service_tier":"on_demand""#),
                    (r#""priority""#, r#""service_tier":"performance""#),
                ]),
            },
        ],
    ),
    chat(
        "huggingface",
        "https://router.huggingface.co",
        "HF_TOKEN",
        &[MAX_TOKENS],
    ),
    chat("llama-cpp", "http://127.0.0.1:8080", "", &[MAX_TOKENS]),
    Profile {
        usage: UsageChunk::Always,
        nine_ids: true,
        ..chat(
            "mistral",
            "https://api.mistral.ai",
            "MISTRAL_API_KEY",
            &[
                MAX_TOKENS,
                Rule {
                    member: "seed",
                    does: Does::Rename("random_seed"),
                },
                // Of its vectors.
                Rule {
                    member: "dimensions",
                    does: Does::Rename("output_dimension"),
                },
                drop("stream_options"),
                drop("user"),
                drop("store"),
                refuse("logit_bias", "cannot be had from this host"),
            ],
        )
    },
    chat(
        "moonshot",
        "https://api.moonshot.ai",
        "MOONSHOT_API_KEY",
        &[MAX_TOKENS],
    ),
    chat("ollama", "http://127.0.0.1:11434", "", &[MAX_TOKENS]),
    own("ollama-native", Ollama, "http://127.0.0.1:11434", ""),
    own(
        "openai",
        OpenAiChat,
        "https://api.openai.com",
        "OPENAI_API_KEY",
    ),
    own(
        "openai-responses",
        OpenAiResponses,
        "https://api.openai.com",
        "OPENAI_API_KEY",
    ),
    own(
        "openrouter",
        OpenAiChat,
        "https://openrouter.ai/api",
        "OPENROUTER_API_KEY",
    ),
    // Every chunk tells usage, and a role must not follow itself: that it says for itself.
    Profile {
        path: PathStyle::Bare,
        usage: UsageChunk::Always,
        ..chat(
            "perplexity",
            "https://api.perplexity.ai",
            "PERPLEXITY_API_KEY",
            &[MAX_TOKENS, drop("stream_options")],
        )
    },
    chat(
        "qwen",
        "https://dashscope-intl.aliyuncs.com/compatible-mode",
        "DASHSCOPE_API_KEY",
        &[
            MAX_TOKENS,
            effort(&[
                (r#""none""#, r#""enable_thinking":false"#),
                (
                    r#""minimal""#,
                    r#""enable_thinking":true,"thinking_budget":512"#,
                ),
                (
                    r#""low""#,
                    r#""enable_thinking":true,"thinking_budget":1024"#,
                ),
                (
                    r#""medium""#,
                    r#""enable_thinking":true,"thinking_budget":8192"#,
                ),
                (
                    r#""high""#,
                    r#""enable_thinking":true,"thinking_budget":24576"#,
                ),
                (
                    r#""xhigh""#,
                    r#""enable_thinking":true,"thinking_budget":32768"#,
                ),
                (r#""max""#, r#""enable_thinking":true"#),
            ]),
        ],
    ),
    chat(
        "together",
        "https://api.together.ai",
        "TOGETHER_API_KEY",
        &[MAX_TOKENS],
    ),
    chat(
        "vercel",
        "https://ai-gateway.vercel.sh",
        "AI_GATEWAY_API_KEY",
        &[],
    ),
    Profile {
        auth: Auth::Bearer,
        path: PathStyle::Vertex("google"),
        ..own("vertex", Gemini, "", "VERTEX_ACCESS_TOKEN")
    },
    // Where nobody listens: the address is the policy's to say.
    chat(
        "vllm",
        "",
        "",
        &[
            MAX_TOKENS,
            drop("parallel_tool_calls"),
            drop("user"),
            effort(&[(
                r#""none""#,
                r#""chat_template_kwargs":{"enable_thinking":false}"#,
            )]),
        ],
    ),
    chat(
        "xai",
        "https://api.x.ai",
        "XAI_API_KEY",
        &[MAX_TOKENS, UP_TO_HIGH],
    ),
    own(
        "xai-responses",
        OpenAiResponses,
        "https://api.x.ai",
        "XAI_API_KEY",
    ),
    Profile {
        path: PathStyle::Bare,
        ..chat(
            "zai",
            "https://api.z.ai/api/paas/v4",
            "ZAI_API_KEY",
            &[
                MAX_TOKENS,
                effort(&[
                    (r#""none""#, THINKING_OFF),
                    (r#""minimal""#, THINKING_ON),
                    (r#""low""#, THINKING_ON),
                    (r#""medium""#, THINKING_ON),
                    (r#""high""#, THINKING_ON),
                    (r#""xhigh""#, THINKING_ON),
                    (r#""max""#, THINKING_ON),
                ]),
            ],
        )
    },
];

/// The profile of this name.
pub fn find(name: &str) -> Option<&'static Profile> {
    TABLE.iter().find(|profile| profile.name == name)
}

/// Every name, in order.
pub fn names() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|profile| profile.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_in_order_and_sound() {
        let names: Vec<_> = names().collect();
        assert!(names.is_sorted(), "{names:?}");
        for profile in &TABLE {
            let name = profile.name;
            let Profile { url, key, .. } = profile;
            assert!(
                url.is_empty() || url.starts_with("https://") || key.is_empty(),
                "{name} sends its key in the clear"
            );
            let versioned = profile.path == PathStyle::Bare;
            assert!(
                !url.ends_with('/') && (versioned || !url.ends_with("/v1")),
                "{name}"
            );
            assert_eq!(find(name).unwrap().dialect, profile.dialect);
            assert!(
                Dialect::ALL.contains(&profile.dialect),
                "{name} is not spoken"
            );
        }
    }

    #[test]
    fn a_rule_names_each_member_once_and_spells_json() {
        for profile in &TABLE {
            let mut seen = Vec::new();
            for Rule { member, does } in profile.rules {
                assert!(!seen.contains(member), "{}: {member}", profile.name);
                seen.push(*member);
                match does {
                    Does::Becomes(table) => {
                        for (from, to) in *table {
                            serde_json::from_str::<String>(from).unwrap();
                            let object = format!("{{{to}}}");
                            serde_json::from_str::<serde_json::Value>(&object).unwrap();
                        }
                    }
                    Does::Add(value) => {
                        serde_json::from_str::<serde_json::Value>(value).unwrap();
                    }
                    _ => {}
                }
            }
            let always = profile.usage == UsageChunk::Always;
            assert_eq!(always, seen.contains(&"stream_options"), "{}", profile.name);
        }
    }
}
