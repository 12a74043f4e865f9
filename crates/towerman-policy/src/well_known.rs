//! Providers whose dialect and address need not be written.

use towerman_core::Dialect::{self, Anthropic, OpenAiChat};

/// A provider that everybody means the same by.
pub(crate) struct WellKnown {
    pub(crate) name: &'static str,
    pub(crate) dialect: Dialect,
    /// Without the dialect's own path.
    pub(crate) url: &'static str,
    /// Where its key is usually found; empty if it needs none.
    pub(crate) key: &'static str,
}

/// A policy's own `dialect` or `url` wins over what stands here.
#[rustfmt::skip]
pub(crate) const WELL_KNOWN: [WellKnown; 12] = [
    known("anthropic",   Anthropic,  "https://api.anthropic.com",      "ANTHROPIC_API_KEY"),
    known("cerebras",    OpenAiChat, "https://api.cerebras.ai",        "CEREBRAS_API_KEY"),
    known("deepseek",    OpenAiChat, "https://api.deepseek.com",       "DEEPSEEK_API_KEY"),
    known("groq",        OpenAiChat, "https://api.groq.com/openai",    "GROQ_API_KEY"),
    known("huggingface", OpenAiChat, "https://router.huggingface.co",  "HF_TOKEN"),
    known("mistral",     OpenAiChat, "https://api.mistral.ai",         "MISTRAL_API_KEY"),
    known("ollama",      OpenAiChat, "http://127.0.0.1:11434",         ""),
    known("openai",      OpenAiChat, "https://api.openai.com",         "OPENAI_API_KEY"),
    known("openrouter",  OpenAiChat, "https://openrouter.ai/api",      "OPENROUTER_API_KEY"),
    known("together",    OpenAiChat, "https://api.together.ai",        "TOGETHER_API_KEY"),
    known("vercel",      OpenAiChat, "https://ai-gateway.vercel.sh",   "AI_GATEWAY_API_KEY"),
    known("xai",         OpenAiChat, "https://api.x.ai",               "XAI_API_KEY"),
];

const fn known(
    name: &'static str,
    dialect: Dialect,
    url: &'static str,
    key: &'static str,
) -> WellKnown {
    WellKnown {
        name,
        dialect,
        url,
        key,
    }
}

pub(crate) fn find(name: &str) -> Option<&'static WellKnown> {
    WELL_KNOWN.iter().find(|known| known.name == name)
}

pub(crate) fn names() -> [&'static str; WELL_KNOWN.len()] {
    WELL_KNOWN.each_ref().map(|known| known.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_lists_these_names_in_this_order() {
        let text = crate::REFERENCE.replace("\n# ", " ");
        assert!(text.contains(&names().join(", ")), "{:?}", names());
        assert!(names().is_sorted());
    }

    #[test]
    fn addresses_end_where_the_dialects_path_begins() {
        for WellKnown { name, url, key, .. } in &WELL_KNOWN {
            let secure = url.starts_with("https://");
            assert!(
                secure || key.is_empty(),
                "{name} sends its key in the clear"
            );
            assert!(!url.ends_with("/v1") && !url.ends_with('/'), "{name}");
        }
    }
}
