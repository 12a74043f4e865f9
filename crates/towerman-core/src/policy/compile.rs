//! Resolves names. What comes out holds only what exists.

use std::{collections::HashMap, error::Error, fmt, sync::Arc};

use http::Uri;

use super::{Choice, Draft, EndpointDraft, Policy, ProviderDraft, Route, handle::Slots};
use crate::{Dialect, Endpoint, Provider, Target, Tenant};

/// A configuration that does not hold together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyError {
    path: String,
    message: String,
}

impl PolicyError {
    /// An error at `path` (dotted, as in `routes.chat.endpoints[1]`).
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            message: message.into(),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is wrong, and what would be right.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

impl Error for PolicyError {}

pub(super) fn compile(draft: Draft, revision: u64, slots: &Slots) -> Result<Policy, PolicyError> {
    let providers = providers(draft.providers)?;
    let mut endpoints = Endpoints {
        slots,
        providers,
        described: described(draft.endpoints)?,
        made: HashMap::new(),
        list: Vec::new(),
    };
    let mut routes = HashMap::new();
    for route in draft.routes {
        let path = format!("routes.{}", route.name);
        if route.endpoints.is_empty() {
            return Err(PolicyError::new(
                format!("{path}.endpoints"),
                "must name at least one endpoint, as \"provider/model\"",
            ));
        }
        let mut choices = Vec::with_capacity(route.endpoints.len());
        for (index, (name, weight)) in route.endpoints.iter().enumerate() {
            let endpoint = endpoints.get(name, || format!("{path}.endpoints[{index}]"))?;
            if choices
                .iter()
                .any(|choice: &Choice| choice.endpoint.slot == endpoint.slot)
            {
                return Err(PolicyError::new(
                    format!("{path}.endpoints[{index}]"),
                    format!("\"{name}\" stands here twice: name it once"),
                ));
            }
            choices.push(Choice {
                endpoint,
                weight: *weight,
            });
        }
        let compiled = Arc::new(Route {
            name: route.name.clone().into(),
            choices: choices.into(),
            strategy: route.strategy.into(),
            affinity: route.affinity,
            min_quality: route.min_quality,
            strict: route.strict,
        });
        if routes
            .insert(route.name.into_boxed_str(), compiled)
            .is_some()
        {
            return Err(PolicyError::new(path, "there are two routes of this name"));
        }
    }
    // The first as written: a map's own order changes from run to run.
    if let Some((_, unused)) = endpoints.described.values().min_by_key(|(at, _)| *at) {
        return Err(PolicyError::new(
            format!("endpoints.\"{}\"", unused.name),
            "no route uses this endpoint: name it in a route or remove it",
        ));
    }
    let mut tenants = HashMap::new();
    for tenant in draft.tenants {
        let path = format!("tenants.{}", tenant.name);
        if tenant.keys.is_empty() {
            return Err(PolicyError::new(
                format!("{path}.keys"),
                "must hold at least one key",
            ));
        }
        for route in tenant.routes.iter().flatten() {
            if !routes.contains_key(route.as_str()) {
                return Err(PolicyError::new(
                    format!("{path}.routes"),
                    format!(
                        "there is no route \"{route}\"; expected one of {}",
                        names(routes.keys())
                    ),
                ));
            }
        }
        let compiled = Arc::new(Tenant {
            name: tenant.name.into(),
            priority: tenant.priority.min(tenant.ceiling),
            ceiling: tenant.ceiling,
            routes: tenant
                .routes
                .map(|routes| routes.into_iter().map(Into::into).collect()),
        });
        for key in tenant.keys {
            if tenants.insert(key, Arc::clone(&compiled)).is_some() {
                return Err(PolicyError::new(
                    format!("{path}.keys"),
                    "this key belongs to two tenants, or stands here twice",
                ));
            }
        }
    }
    Ok(Policy {
        revision,
        endpoints: endpoints.list,
        routes,
        tenants,
        classes: draft.classes,
        failover: draft.failover,
        breaker: draft.breaker,
    })
}

struct Endpoints<'a> {
    slots: &'a Slots,
    providers: HashMap<String, Arc<Provider>>,
    /// By name; each with its place among the drafts.
    described: HashMap<String, (usize, EndpointDraft)>,
    made: HashMap<String, Arc<Endpoint>>,
    list: Vec<Arc<Endpoint>>,
}

impl Endpoints<'_> {
    /// The endpoint of this name, made on first mention.
    fn get(&mut self, name: &str, path: impl Fn() -> String) -> Result<Arc<Endpoint>, PolicyError> {
        if let Some(made) = self.made.get(name) {
            return Ok(Arc::clone(made));
        }
        let Some((provider, model)) = name.split_once('/').filter(|(_, model)| !model.is_empty())
        else {
            return Err(PolicyError::new(
                path(),
                format!("\"{name}\" is no endpoint; expected \"provider/model\""),
            ));
        };
        let Some(provider) = self.providers.get(provider) else {
            return Err(PolicyError::new(
                path(),
                format!(
                    "there is no provider \"{provider}\"; expected one of {}",
                    names(self.providers.keys())
                ),
            ));
        };
        let about = self
            .described
            .remove(name)
            .map_or_else(|| EndpointDraft::new(name), |(_, about)| about);
        let (slot, board) = self.slots.assign(name);
        let endpoint = Arc::new(Endpoint {
            slot,
            name: name.into(),
            provider: Arc::clone(provider),
            model: about.model.as_deref().unwrap_or(model).into(),
            price: about.price,
            context_window: about.context_window,
            quality: about.quality,
            capabilities: about.capabilities,
            board,
        });
        self.made.insert(name.into(), Arc::clone(&endpoint));
        self.list.push(Arc::clone(&endpoint));
        Ok(endpoint)
    }
}

fn providers(drafts: Vec<ProviderDraft>) -> Result<HashMap<String, Arc<Provider>>, PolicyError> {
    let mut providers = HashMap::new();
    for draft in drafts {
        let path = format!("providers.{}", draft.name);
        if draft.name.is_empty() || draft.name.contains('/') {
            return Err(PolicyError::new(
                path,
                "a provider's name must not be empty or hold a slash",
            ));
        }
        if !Dialect::ALL.contains(&draft.dialect) {
            return Err(PolicyError::new(
                format!("{path}.dialect"),
                "is a dialect that is not spoken yet",
            ));
        }
        let target = match &draft.url {
            None => Target::Inner,
            Some(url) => Target::Url(base(url).ok_or_else(|| {
                // The URL is not repeated: it may hold a password or a key.
                PolicyError::new(
                    format!("{path}.url"),
                    "must be a base URL, http://HOST[:PORT][/PATH] or https://…, \
                     without credentials, query or fragment",
                )
            })?),
        };
        let provider = Arc::new(Provider {
            name: draft.name.clone().into(),
            dialect: draft.dialect,
            profile: draft.profile,
            api_version: draft.api_version.map(Into::into),
            target,
            headers: draft.headers,
            signing: draft.signing,
        });
        if providers.insert(draft.name, provider).is_some() {
            return Err(PolicyError::new(
                path,
                "there are two providers of this name",
            ));
        }
    }
    Ok(providers)
}

/// An absolute http(s) URL of nothing but a host and a path.
fn base(url: &str) -> Option<Uri> {
    // Parsing would drop a fragment without a word.
    if url.contains(['?', '#']) {
        return None;
    }
    let uri: Uri = url.parse().ok()?;
    let plain = matches!(uri.scheme_str(), Some("http" | "https"))
        && uri
            .authority()
            .is_some_and(|authority| !authority.as_str().contains('@'));
    plain.then_some(uri)
}

fn described(
    drafts: Vec<EndpointDraft>,
) -> Result<HashMap<String, (usize, EndpointDraft)>, PolicyError> {
    let mut described = HashMap::new();
    for (at, draft) in drafts.into_iter().enumerate() {
        let path = format!("endpoints.\"{}\"", draft.name);
        if draft.quality.is_some_and(|quality| quality > 100) {
            return Err(PolicyError::new(
                format!("{path}.quality"),
                "must be from 0 to 100",
            ));
        }
        if described.insert(draft.name.clone(), (at, draft)).is_some() {
            return Err(PolicyError::new(path, "this endpoint is described twice"));
        }
    }
    Ok(described)
}

fn names(keys: impl Iterator<Item = impl AsRef<str>>) -> String {
    let mut names: Vec<String> = keys.map(|key| format!("\"{}\"", key.as_ref())).collect();
    names.sort();
    if names.is_empty() {
        "none (there are none)".into()
    } else {
        names.join(", ")
    }
}
