//! `[providers]`: who serves models, where, and with which credentials.

use http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use towerman_core::{Auth, Dialect, PathStyle, Profile, Secret, policy::ProviderDraft};
use towerman_wire::profile;

use super::aws::{self, Region};
use crate::{
    node::{Node, Table, quoted},
    words::{did_you_mean, list},
};

const KEYS: [&str; 11] = [
    "profile",
    "dialect",
    "url",
    "target",
    "key",
    "headers",
    "api_version",
    aws::KEYS[0],
    aws::KEYS[1],
    aws::KEYS[2],
    aws::KEYS[3],
];

/// Headers whose value is a secret, whatever it looks like.
const CREDENTIALS: [&str; 6] = [
    "authorization",
    "proxy-authorization",
    "x-api-key",
    "api-key",
    "x-goog-api-key",
    "cookie",
];

/// Headers that follow from the request itself.
const MANAGED: [HeaderName; 10] = [
    header::HOST,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::TRANSFER_ENCODING,
    header::CONNECTION,
    header::UPGRADE,
    header::TE,
    header::TRAILER,
    header::ACCEPT_ENCODING,
    header::USER_AGENT,
];

/// The providers without a fault, and the names of all.
pub(super) fn read<'a>(node: &Node<'a>) -> (Vec<ProviderDraft>, Vec<&'a str>) {
    let entries = node.entries(quoted);
    let drafts = entries.iter().filter_map(|(name, node)| one(name, node));
    let drafts = drafts.collect();
    (drafts, entries.into_iter().map(|(name, _)| name).collect())
}

/// Complains of providers that no route goes to.
pub(super) fn refuse_unused(node: &Node<'_>, used: impl Fn(&str) -> bool) {
    if node.is_table() {
        for (name, node) in node.entries(quoted) {
            // What is wrong in itself may be what somebody is still writing.
            if !used(name) && !node.is_wrong() {
                node.fail(format!(
                    "no route uses this provider: name a model of it in a route, \
                     as \"{name}/MODEL\", or remove it"
                ));
            }
        }
    }
}

fn one(name: &str, node: &Node<'_>) -> Option<ProviderDraft> {
    let table = node.table(&KEYS)?;
    if name.is_empty() || name.contains('/') {
        table.fail("a provider's name must not be empty or hold a slash");
    }
    let known = match table.get("profile") {
        Some(node) => {
            let names: Vec<&str> = profile::names().collect();
            Some(profile::find(node.choice(&names)?)?)
        }
        None => profile::find(name),
    };
    let dialect = dialect(&table, known);
    let region = aws::region(&table);
    let mut draft = if table.get("target").is_some() {
        inner(name, &table, dialect)?
    } else {
        remote(name, &table, dialect, known, &region)?
    };
    // Somebody else's server may have a famous name; its dialect tells.
    if let Some(known) = known.filter(|known| known.dialect == draft.dialect) {
        draft = draft.profile(known);
    }
    version(&table, &mut draft);
    credentials(&table, &mut draft, known, region);
    Some(draft)
}

fn dialect(table: &Table<'_>, known: Option<&Profile>) -> Option<Dialect> {
    match table.get("dialect") {
        Some(node) => node
            .choice(&Dialect::ALL.map(Dialect::as_str))?
            .parse()
            .ok(),
        None => known.map(|known| known.dialect),
    }
}

/// The version of the API, for hosts whose paths ask for one.
fn version(table: &Table<'_>, draft: &mut ProviderDraft) {
    let wanted = draft.profile.path == PathStyle::AzureDeployment && draft.url.is_some();
    match table.get("api_version") {
        None if wanted => table.fail(
            "must have an api_version, such as api_version = \"2024-10-21\"; \
             without one, use profile = \"azure-v1\"",
        ),
        None => {}
        Some(node) if !wanted => node.fail("goes with profile = \"azure\" only"),
        Some(node) => {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
            match node.text() {
                Some(text) if !text.is_empty() && text.bytes().all(plain) => {
                    draft.api_version = Some(text.to_owned());
                }
                Some(_) => node.fail("must be a version, such as \"2024-10-21\""),
                None => {}
            }
        }
    }
}

/// The wrapped service.
fn inner(name: &str, table: &Table<'_>, dialect: Option<Dialect>) -> Option<ProviderDraft> {
    table.get("target")?.choice(&["inner"])?;
    for key in ["url", "key"] {
        if let Some(node) = table.get(key) {
            node.fail(format!(
                "does not go with target = \"inner\": the wrapped service needs no {key}"
            ));
        }
    }
    if table.get("dialect").is_none() && dialect.is_none() {
        table.fail(format!(
            "must have a dialect; expected one of {}",
            list(&Dialect::ALL.map(Dialect::as_str))
        ));
    }
    dialect.map(|dialect| ProviderDraft::inner(name, dialect))
}

/// A server.
fn remote(
    name: &str,
    table: &Table<'_>,
    dialect: Option<Dialect>,
    known: Option<&Profile>,
    region: &Region,
) -> Option<ProviderDraft> {
    let url = table.get("url");
    let written = table.get("dialect").is_some();
    let missing = match (dialect, &url, known) {
        (_, None, Some(known)) if dialect.is_some_and(|dialect| dialect != known.dialect) => {
            Some(format!(
                "must have a url: the well-known one speaks {}",
                known.dialect
            ))
        }
        (_, None, Some(known)) if known.url.is_empty() => {
            Some("must have a url: everybody has their own".into())
        }
        (_, None, None) if !written => Some("must have a dialect and a url".into()),
        (_, None, None) => Some("must have a url".into()),
        (None, Some(_), _) if !written => Some("must have a dialect".into()),
        _ => None,
    };
    if let Some(missing) = missing {
        let names: Vec<&str> = profile::TABLE
            .iter()
            .filter(|profile| !profile.url.is_empty() && !aws::is_regional(profile))
            .map(|profile| profile.name)
            .collect();
        table.fail(match known {
            Some(_) => missing,
            None => format!(
                "{missing}, such as dialect = \"openai-chat\", url = \"https://…\"{}; \
                 only these names may leave them out: {}",
                did_you_mean(name, &names),
                list(&names)
            ),
        });
    }
    let url = match url {
        Some(node) => {
            let versioned = known.is_some_and(|known| known.path == PathStyle::Bare);
            base(&node, versioned)?.to_owned()
        }
        None => aws::url(table, known?, region),
    };
    Some(ProviderDraft::url(name, dialect?, url))
}

/// A URL that a dialect's path can be appended to.
fn base<'a>(node: &Node<'a>, versioned: bool) -> Option<&'a str> {
    let url = node.text()?;
    let sound = url.parse::<Uri>().is_ok_and(|uri| {
        let credentials = |authority: &str| authority.contains('@');
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.authority().is_some_and(|at| !credentials(at.as_str()))
    });
    if !sound || url.contains(['?', '#']) {
        // The URL is not repeated: it may hold a password or a key.
        node.fail(
            "must be a base URL, http://HOST[:PORT][/PATH] or https://…, \
             without credentials, query or fragment",
        );
        return None;
    }
    let path = url.trim_end_matches('/');
    let ends = |end: &&str| path.ends_with(end);
    let paths = Dialect::ALL.map(Dialect::path);
    let version = (!versioned).then_some("/v1");
    if let Some(end) = paths.iter().copied().chain(version).find(ends) {
        node.fail(format!(
            "must not end in \"{end}\": the dialect's path, such as {}, is put after it",
            paths[0]
        ));
        return None;
    }
    Some(url)
}

/// The headers that go with every request.
fn credentials(
    table: &Table<'_>,
    draft: &mut ProviderDraft,
    known: Option<&Profile>,
    region: Region,
) {
    if draft.dialect == Dialect::Anthropic {
        let version = HeaderValue::from_static("2023-06-01");
        draft.headers.insert("anthropic-version", version);
    }
    let mut keyed = false;
    if let Some(node) = table.get("headers") {
        for (name, node) in node.entries(quoted) {
            if let Some((name, value)) = extra(name, &node) {
                keyed |= CREDENTIALS.contains(&name.as_str());
                draft.headers.insert(name, value);
            }
        }
    }
    let signs = aws::sign(table, draft, region);
    if let Some(node) = table.get("key").filter(|_| draft.url.is_some()) {
        if let Some(secret) = node.secret() {
            authorize(&node, &secret, draft.profile.auth, &mut draft.headers);
        }
    } else if let Some(known) = known.filter(|known| {
        // At its own address; another one may be a server that needs none.
        let own = table.get("url").is_none() && draft.url.is_some();
        let there = own || draft.url.as_deref() == Some(known.url);
        !keyed && !signs && !known.key.is_empty() && there
    }) {
        let account = match known.auth {
            Auth::SigV4(_) => ", or access_key_id and secret_access_key",
            _ => "",
        };
        table.fail(format!(
            "must have a key, such as key = \"env:{}\"{account}",
            known.key
        ));
    }
}

fn authorize(node: &Node<'_>, secret: &Secret, auth: Auth, headers: &mut HeaderMap) {
    let (name, prefix) = match auth {
        Auth::Header(name) => (HeaderName::from_static(name), ""),
        Auth::Bearer | Auth::SigV4(_) => (header::AUTHORIZATION, "Bearer "),
    };
    if headers.contains_key(&name) {
        node.fail(format!(
            "sets the header {name}, which stands in headers already"
        ));
    } else if let Some(value) = secret.header(prefix) {
        headers.insert(name, value);
    } else {
        node.fail("holds characters that no header may");
    }
}

/// A header of the policy's own.
fn extra(name: &str, node: &Node<'_>) -> Option<(HeaderName, HeaderValue)> {
    let Ok(header) = HeaderName::try_from(name) else {
        node.fail("is no name for a header");
        return None;
    };
    if MANAGED.contains(&header) {
        node.fail("cannot be set: it follows from the request itself");
        return None;
    }
    let secret = if CREDENTIALS.contains(&header.as_str()) {
        node.secret()?
    } else {
        let text = node.text()?;
        match node.reference() {
            Some(Ok(secret)) => secret,
            Some(Err(message)) => {
                node.fail(message);
                return None;
            }
            None => Secret::new(text),
        }
    };
    // Always marked sensitive: nobody knows what a value is that is not the dialect's own.
    let value = secret.header("");
    if value.is_none() {
        node.fail("holds characters that no header may");
    }
    value.map(|value| (header, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_lists_the_profiles_in_this_order() {
        let text = crate::REFERENCE.replace("\n# ", " ");
        // With a URL of their own, without one, and with one for each region.
        let kind = |profile: &Profile| (profile.url.is_empty(), aws::is_regional(profile));
        for wanted in [(false, false), (true, false), (false, true)] {
            let all = profile::TABLE.iter();
            let some = all.filter(|profile| kind(profile) == wanted);
            let names: Vec<_> = some.map(|profile| profile.name).collect();
            let names = names.join(", ");
            assert!(text.contains(&format!("{names}.")), "{names}");
        }
    }
}
