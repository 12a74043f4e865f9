//! Which models there are, as clients ask for it and can read it.
//!
//! | dialect | all | one |
//! |---|---|---|
//! | OpenAI | `GET /v1/models` | `GET /v1/models/{model}` |
//! | Anthropic | the same, by pages | the same |
//!
//! The paths are the same, so the client's headers say which of the two it is. What a list must
//! hold and a policy does not know (when a model was made, who owns it) is said to be the epoch, as
//! Anthropic's reference has it for unknown dates, and `towerman`.
//!
//! ```
//! use towerman_core::Dialect;
//! use towerman_wire::models;
//!
//! let asked = models::asked(Dialect::OpenAiChat, "/v1/models/meta%2Fllama").unwrap();
//! assert_eq!(asked.model.as_deref(), Some("meta/llama"));
//!
//! let all = models::list(Dialect::OpenAiChat, &["fast", "smart"], None).unwrap();
//! assert!(all.starts_with(br#"{"object":"list","data":[{"id":"fast""#));
//! ```

use bytes::Bytes;
use percent_encoding::percent_decode_str;
use serde::Serialize;
use towerman_core::{Dialect, Fault, FaultKind, Listing};

/// Where both dialects serve the list.
const PATH: &str = "/v1/models";

/// How many models are on a page of Anthropic's, and how many there may be.
const PAGE: usize = 20;
const LARGEST_PAGE: usize = 1_000;

/// What a `GET` for `path` asks, by a client of `dialect`; `None` if that is not about models.
pub fn asked(dialect: Dialect, path: &str) -> Option<Listing> {
    let model = match path.strip_prefix(PATH)? {
        "" => None,
        rest => {
            let name = percent_decode_str(rest.strip_prefix('/')?);
            // A name that is no text is nobody's.
            Some(name.decode_utf8().ok().filter(|name| !name.is_empty())?)
        }
    };
    Some(Listing {
        dialect,
        model: model.map(Into::into),
    })
}

/// The list of `names`, or the page of it that `query` asks for.
///
/// # Errors
///
/// An invalid request if the query asks for a page that cannot be.
pub fn list(dialect: Dialect, names: &[&str], query: Option<&str>) -> Result<Bytes, Fault> {
    Ok(match dialect {
        Dialect::Anthropic => page(names, query.unwrap_or_default())?,
        _ => write(&List {
            object: "list",
            data: names.iter().map(|name| OpenAi::named(name)).collect(),
        }),
    })
}

/// What is said of the one model `name`.
pub fn one(dialect: Dialect, name: &str) -> Bytes {
    match dialect {
        Dialect::Anthropic => write(&Anthropic::named(name)),
        _ => write(&OpenAi::named(name)),
    }
}

#[derive(Serialize)]
struct List<'a> {
    object: &'static str,
    data: Vec<OpenAi<'a>>,
}

#[derive(Serialize)]
struct OpenAi<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    owned_by: &'static str,
}

#[derive(Serialize)]
struct Page<'a> {
    data: Vec<Anthropic<'a>>,
    has_more: bool,
    first_id: Option<&'a str>,
    last_id: Option<&'a str>,
}

#[derive(Serialize)]
struct Anthropic<'a> {
    r#type: &'static str,
    id: &'a str,
    display_name: &'a str,
    created_at: &'static str,
}

// === impl OpenAi ===

impl<'a> OpenAi<'a> {
    const fn named(id: &'a str) -> Self {
        Self {
            id,
            object: "model",
            created: 0,
            owned_by: "towerman",
        }
    }
}

// === impl Anthropic ===

impl<'a> Anthropic<'a> {
    const fn named(id: &'a str) -> Self {
        Self {
            r#type: "model",
            id,
            display_name: id,
            created_at: "1970-01-01T00:00:00Z",
        }
    }
}

/// The page that `query` asks for: `limit`, and `after_id` or `before_id`.
fn page(names: &[&str], query: &str) -> Result<Bytes, Fault> {
    let (mut limit, mut rest, mut backwards) = (PAGE, names, false);
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        let value = percent_decode_str(value).decode_utf8_lossy();
        let known = || {
            let missing = || {
                let message = format!("there is no model \"{value}\" to page from");
                Fault::new(FaultKind::InvalidRequest, message).param(name.to_owned())
            };
            names
                .iter()
                .position(|name| *name == value)
                .ok_or_else(missing)
        };
        match name {
            "limit" => {
                let asked = value.parse().ok();
                limit = asked
                    .filter(|limit| (1..=LARGEST_PAGE).contains(limit))
                    .ok_or_else(|| {
                        let message = format!("limit must be from 1 to {LARGEST_PAGE}");
                        Fault::new(FaultKind::InvalidRequest, message).param("limit")
                    })?;
            }
            "after_id" => (rest, backwards) = (&names[known()? + 1..], false),
            "before_id" => (rest, backwards) = (&names[..known()?], true),
            _ => {}
        }
    }
    let has_more = rest.len() > limit;
    let shown = match rest.len().checked_sub(limit) {
        // The page before a model is the one that ends with its predecessor.
        Some(from) if backwards => &rest[from..],
        _ => &rest[..limit.min(rest.len())],
    };
    Ok(write(&Page {
        data: shown.iter().map(|name| Anthropic::named(name)).collect(),
        has_more,
        first_id: shown.first().copied(),
        last_id: shown.last().copied(),
    }))
}

fn write(value: &impl Serialize) -> Bytes {
    // Names and numbers: there is nothing in it that JSON cannot say.
    serde_json::to_vec(value).unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const NAMES: [&str; 5] = ["a", "b", "c/1", "d", "e"];

    fn paged(query: &str) -> Value {
        let page = list(Dialect::Anthropic, &NAMES, Some(query)).unwrap();
        let page: Value = serde_json::from_slice(&page).unwrap();
        let ids = page["data"].as_array().unwrap().iter();
        let ids: Vec<_> = ids.map(|model| model["id"].clone()).collect();
        assert_eq!(page["first_id"], *ids.first().unwrap_or(&Value::Null));
        assert_eq!(page["last_id"], *ids.last().unwrap_or(&Value::Null));
        json!([ids, page["has_more"]])
    }

    #[test]
    fn only_paths_of_models_ask_for_models() {
        let model = |path| asked(Dialect::OpenAiChat, path).map(|asked| asked.model);
        assert_eq!(model("/v1/models"), Some(None));
        for (path, name) in [
            ("/v1/models/a", "a"),
            ("/v1/models/a/b", "a/b"),
            ("/v1/models/a%2Fb%20c", "a/b c"),
        ] {
            assert_eq!(model(path), Some(Some(name.into())), "{path}");
        }
        for path in ["/v1/models/", "/v1/modelsx", "/models", "/v1/models/%FF"] {
            assert_eq!(model(path), None, "{path}");
        }
    }

    #[test]
    fn pages_follow_each_other_both_ways() {
        assert_eq!(paged(""), json!([NAMES, false]));
        assert_eq!(paged("limit=2"), json!([["a", "b"], true]));
        assert_eq!(paged("limit=2&after_id=b"), json!([["c/1", "d"], true]));
        assert_eq!(paged("after_id=c%2F1&limit=2"), json!([["d", "e"], false]));
        assert_eq!(paged("after_id=e"), json!([[], false]));
        assert_eq!(paged("before_id=d&limit=2"), json!([["b", "c/1"], true]));
        assert_eq!(paged("before_id=b&limit=2"), json!([["a"], false]));
        assert_eq!(paged("limit=5&beta=true"), json!([NAMES, false]));
    }

    #[test]
    fn a_page_that_cannot_be_is_refused_by_the_name_of_what_is_wrong() {
        for (query, param) in [
            ("limit=0", "limit"),
            ("limit=1001", "limit"),
            ("limit=x", "limit"),
            ("after_id=z", "after_id"),
            ("before_id=", "before_id"),
        ] {
            let fault = list(Dialect::Anthropic, &NAMES, Some(query)).unwrap_err();
            assert_eq!(fault.named_param(), Some(param), "{query}");
        }
        assert!(list(Dialect::OpenAiChat, &NAMES, Some("limit=0")).is_ok());
    }

    #[test]
    fn one_model_is_told_as_it_is_in_the_list() {
        for dialect in Dialect::ALL {
            let all = list(dialect, &["m \"1\""], None).unwrap();
            let all: Value = serde_json::from_slice(&all).unwrap();
            let one: Value = serde_json::from_slice(&one(dialect, "m \"1\"")).unwrap();
            assert_eq!(all["data"], json!([one]));
            assert_eq!(one["id"], "m \"1\"");
        }
    }
}
