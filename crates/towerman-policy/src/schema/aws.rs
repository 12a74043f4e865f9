//! What a provider says of AWS: a region, and the keys of an account in the place of an API key.

use towerman_core::{Auth, Profile, Secret, Signing, policy::ProviderDraft};

use crate::node::{Node, Table};

/// The keys of an account.
const ACCOUNT: [&str; 3] = ["access_key_id", "secret_access_key", "session_token"];

/// The keys that only hosts of AWS have.
pub(super) const KEYS: [&str; 4] = ["region", ACCOUNT[0], ACCOUNT[1], ACCOUNT[2]];

/// What stands in a profile's URL for the region.
const PLACE: &str = "{region}";

const EXAMPLE: &str = "such as region = \"us-east-1\"";

/// What is said of the region.
pub(super) enum Region {
    None,
    /// Something is wrong with it, and was complained of.
    Faulty,
    Named(String),
}

/// Reads the region: a word, or where it stands.
pub(super) fn region(table: &Table<'_>) -> Region {
    let Some(node) = table.get("region") else {
        return Region::None;
    };
    let Some(text) = node.text() else {
        return Region::Faulty;
    };
    let name = match node.reference() {
        Some(Ok(found)) => found.expose().to_owned(),
        Some(Err(message)) => {
            node.fail(message);
            return Region::Faulty;
        }
        None => text.to_owned(),
    };
    if is_region(&name) {
        return Region::Named(name);
    }
    // It is not repeated: a reference may lead to a secret.
    node.fail(format!("must be the name of a region, {EXAMPLE}"));
    Region::Faulty
}

/// What may stand in a host's name.
fn is_region(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let edges = !name.starts_with('-') && !name.ends_with('-');
    (1..=63).contains(&name.len()) && edges && name.bytes().all(plain)
}

/// Whether its host is in a region.
pub(super) fn is_regional(profile: &Profile) -> bool {
    profile.url.contains(PLACE)
}

/// The profile's own URL; complains if a region is missing for it.
pub(super) fn url(table: &Table<'_>, profile: &Profile, region: &Region) -> String {
    if matches!(region, Region::None) && is_regional(profile) {
        table.fail(format!("must have a region, {EXAMPLE}, or a url"));
    }
    let name = match region {
        Region::Named(name) => name,
        // Never called: something was complained of.
        Region::None | Region::Faulty => "region",
    };
    profile.url.replace(PLACE, name)
}

/// Reads the keys of the account, and refuses what has no use.
///
/// Returns whether there are any, sound or not.
pub(super) fn sign(table: &Table<'_>, draft: &mut ProviderDraft, region: Region) -> bool {
    let service = match draft.profile.auth {
        Auth::SigV4(service) if draft.url.is_some() => service,
        _ => {
            let why = "goes with hosts of AWS only, such as profile = \"anthropic-bedrock\"";
            refuse(table, &KEYS, why);
            return false;
        }
    };
    let [id, secret, token] = ACCOUNT.map(|key| table.get(key));
    if id.is_none() && secret.is_none() && token.is_none() {
        if table.get("url").is_some() {
            let why = "is of no use: the url says where it is, and nothing is signed";
            refuse(table, &KEYS[..1], why);
        }
        return false;
    }
    if table.get("key").is_some() {
        let why = "does not go with a key: requests either carry one or are signed";
        refuse(table, &ACCOUNT, why);
        return true;
    }
    for (node, key, variable) in [
        (&id, "access_key_id", "AWS_ACCESS_KEY_ID"),
        (&secret, "secret_access_key", "AWS_SECRET_ACCESS_KEY"),
    ] {
        if node.is_none() {
            table.fail(format!(
                "must have {key}, too, such as {key} = \"env:{variable}\""
            ));
        }
    }
    if table.get("url").is_some() && matches!(region, Region::None) {
        table.fail(format!("must have a region to sign for, {EXAMPLE}"));
    }
    for (at, header) in [(&id, "authorization"), (&token, "x-amz-security-token")] {
        if let Some(node) = at.as_ref().filter(|_| draft.headers.contains_key(header)) {
            node.fail(format!(
                "sets the header {header}, which stands in headers already"
            ));
        }
    }
    let access_key_id = id.and_then(|node| sendable(&node));
    let secret_access_key = secret.and_then(|node| node.secret());
    let session_token = token.and_then(|node| sendable(&node));
    if let (Some(access_key_id), Some(secret_access_key), Region::Named(region)) =
        (access_key_id, secret_access_key, region)
    {
        draft.signing = Some(Signing {
            access_key_id,
            secret_access_key,
            session_token,
            region: region.into(),
            service,
        });
    }
    true
}

/// A secret that stands in a header.
fn sendable(node: &Node<'_>) -> Option<Secret> {
    let secret = node.secret()?;
    if secret.header("").is_none() {
        node.fail("holds characters that no header may");
        return None;
    }
    Some(secret)
}

/// Says of each of these keys that is there why it should not be.
fn refuse(table: &Table<'_>, keys: &[&str], why: &str) {
    for node in keys.iter().filter_map(|key| table.get(key)) {
        node.fail(why);
    }
}
