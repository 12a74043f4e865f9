//! Credentials that sign a request and never stand in it.

use crate::Secret;

/// Keys of an AWS account. Requests are signed with them (Signature Version 4); the secret one does
/// not leave.
///
/// Read once: roles and their keys, which expire within hours, are for whoever writes the policy's
/// files. A changed file is read again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signing {
    /// Names the key: `AKIA…`, or `ASIA…` if it expires.
    pub access_key_id: Secret,
    /// The key itself.
    pub secret_access_key: Secret,
    /// What goes with a key that expires.
    pub session_token: Option<Secret>,
    /// The region that the host is in, such as `us-east-1`.
    pub region: Box<str>,
    /// What AWS calls the service in signatures, such as `bedrock`.
    pub service: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_where_and_not_who() {
        let signing = Signing {
            access_key_id: Secret::new("hush-id"),
            secret_access_key: Secret::new("hush-key"),
            session_token: Some(Secret::new("hush-token")),
            region: "us-east-1".into(),
            service: "bedrock",
        };
        let shown = format!("{signing:?}");
        assert!(
            shown.contains("us-east-1") && !shown.contains("hush"),
            "{shown}"
        );
    }
}
