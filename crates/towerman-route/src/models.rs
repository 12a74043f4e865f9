//! Which models there are for a caller: the routes of the policy that it may use. Pure.

use towerman_core::{BoxError, Early, Listing, Policy, Tenant};
use towerman_wire::models;

/// The answer to `listing`, or the fault: both are told by the edge.
pub(crate) fn answer(
    listing: &Listing,
    policy: &Policy,
    tenant: &Tenant,
    query: Option<&str>,
) -> BoxError {
    let mut names: Vec<_> = policy
        .routes()
        .map(|route| &*route.name)
        .filter(|name| tenant.may_use(name))
        .collect();
    names.sort_unstable();
    let told = match &listing.model {
        None => models::list(listing.dialect, &names, query),
        // A model of others' is none: whether it exists is theirs to know.
        Some(name) if names.contains(&&**name) => Ok(models::one(listing.dialect, name)),
        Some(name) => Err(crate::decide::unknown(name)),
    };
    match told {
        Ok(json) => Early { json }.into(),
        Err(fault) => fault.into(),
    }
}
