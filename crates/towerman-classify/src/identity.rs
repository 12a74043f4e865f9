//! Who asks, by the key that the request shows. Pure.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, header::AUTHORIZATION};
use sha2::{Digest, Sha256};
use towerman_core::{Fault, FaultKind, Policy, Tenant};

pub(crate) const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// The tenant whose key the request shows.
pub(crate) fn identify(headers: &HeaderMap, policy: &Policy) -> Result<Arc<Tenant>, Fault> {
    if !policy.requires_key() {
        return Ok(Arc::clone(Tenant::anonymous()));
    }
    let refused = |message| Fault::new(FaultKind::Authentication, message);
    let Some(key) = key(headers)? else {
        return Err(refused(
            "a key is needed: send it as \"Authorization: Bearer KEY\" or \"x-api-key: KEY\"",
        ));
    };
    // By digest: the time of the look-up depends on nothing that a caller can choose.
    policy
        .tenant(&Sha256::digest(key).into())
        .cloned()
        .ok_or_else(|| refused("this key is not known"))
}

/// The key that the request shows. Two different ones are refused: whose request would it be?
fn key(headers: &HeaderMap) -> Result<Option<&[u8]>, Fault> {
    let mut keys = headers
        .get_all(AUTHORIZATION)
        .iter()
        .filter_map(|value| bearer(value.as_bytes()))
        .chain(
            headers
                .get_all(X_API_KEY)
                .iter()
                .map(|value| value.as_bytes().trim_ascii()),
        )
        .filter(|key| !key.is_empty());
    let first = keys.next();
    if keys.any(|key| Some(key) != first) {
        let message = "the request shows two different keys";
        return Err(Fault::new(FaultKind::Authentication, message));
    }
    Ok(first)
}

/// What stands behind `Bearer`.
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, key) = value.split_at_checked(7)?;
    scheme
        .eq_ignore_ascii_case(b"bearer ")
        .then(|| key.trim_ascii())
}

#[cfg(test)]
mod tests {
    use towerman_core::{
        Dialect, PolicyHandle, Priority,
        policy::{Draft, ProviderDraft, RouteDraft, TenantDraft},
    };

    use super::*;

    fn policy(keys: &[&str]) -> Arc<Policy> {
        let mut draft = Draft::new()
            .provider(ProviderDraft::inner("p", Dialect::OpenAiChat))
            .route(RouteDraft::new("r", ["p/m"]));
        for key in keys {
            draft = draft.tenant(TenantDraft {
                name: format!("tenant of {key}"),
                keys: vec![Sha256::digest(key).into()],
                priority: Priority::Normal,
                ceiling: Priority::High,
                routes: None,
            });
        }
        PolicyHandle::new(draft).unwrap().load()
    }

    fn who(headers: &[(&'static str, &'static str)]) -> Result<String, FaultKind> {
        let headers = headers
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    http::HeaderValue::from_static(value),
                )
            })
            .collect::<Vec<_>>();
        let mut map = HeaderMap::new();
        headers.into_iter().for_each(|(name, value)| {
            map.append(name, value);
        });
        identify(&map, &policy(&["one", "two"]))
            .map(|t| t.name.to_string())
            .map_err(|f| f.kind())
    }

    #[test]
    fn either_header_shows_a_key() {
        assert_eq!(
            who(&[("authorization", "Bearer one")]).unwrap(),
            "tenant of one"
        );
        assert_eq!(
            who(&[("authorization", "bearer  two")]).unwrap(),
            "tenant of two"
        );
        assert_eq!(who(&[("x-api-key", "two")]).unwrap(), "tenant of two");
        assert_eq!(
            who(&[("x-api-key", "one"), ("authorization", "Bearer one")]).unwrap(),
            "tenant of one"
        );
    }

    #[test]
    fn no_key_an_unknown_one_and_two_are_refused() {
        let cases: [&[(&str, &str)]; 6] = [
            &[],
            &[("authorization", "Bearer three")],
            &[("authorization", "Basic one")],
            &[("authorization", "Bearer ")],
            &[("x-api-key", "one"), ("authorization", "Bearer two")],
            &[("x-api-key", "one"), ("x-api-key", "two")],
        ];
        for headers in cases {
            let headers: Vec<(&'static str, &'static str)> = headers.to_vec();
            assert_eq!(who(&headers), Err(FaultKind::Authentication), "{headers:?}");
        }
    }

    #[test]
    fn a_refusal_never_shows_the_key() {
        let mut headers = HeaderMap::new();
        headers.insert(X_API_KEY, http::HeaderValue::from_static("sk-canary"));
        let unknown = identify(&headers, &policy(&["one"])).unwrap_err();
        headers.insert(
            AUTHORIZATION,
            http::HeaderValue::from_static("Bearer sk-other"),
        );
        let two = identify(&headers, &policy(&["one"])).unwrap_err();
        for fault in [unknown, two] {
            let shown = format!("{fault} {fault:?}");
            assert!(!shown.contains("sk-"), "{shown}");
        }
    }

    #[test]
    fn without_tenants_anybody_may_ask() {
        let tenant = identify(&HeaderMap::new(), &policy(&[])).unwrap();
        assert_eq!(&*tenant.name, "anonymous");
    }
}
