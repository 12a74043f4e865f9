//! What a configuration comes to, for people.

use std::{collections::BTreeSet, fmt};

use towerman_core::{
    Pico, Price, Priority, Schemas,
    policy::{EndpointDraft, ProviderDraft, RouteDraft, TenantDraft},
};

use crate::{Config, columns::Columns};

/// Displays a configuration as what it comes to: defaults filled in, secrets left out.
#[derive(Clone, Copy, Debug)]
pub struct Description<'a>(&'a Config);

impl<'a> Description<'a> {
    pub(crate) const fn new(config: &'a Config) -> Self {
        Self(config)
    }

    fn endpoint(&self, name: &str) -> Option<&'a EndpointDraft> {
        self.0.draft.endpoints.iter().find(|e| e.name == name)
    }

    fn providers(&self) -> Columns {
        let row = |provider: &ProviderDraft| {
            let at = provider.url.as_deref().unwrap_or("the wrapped service");
            let headers: Vec<&str> = provider.headers.keys().map(|name| name.as_str()).collect();
            let signs = provider
                .signing
                .as_ref()
                .map(|signing| format!("signs for {} in {}", signing.service, signing.region));
            let sends = (!headers.is_empty()).then(|| format!("sends {}", headers.join(", ")));
            let says: Vec<String> = sends.into_iter().chain(signs).collect();
            let headers = if says.is_empty() {
                "no credentials".into()
            } else {
                says.join("; ")
            };
            let dialect = provider.dialect.to_string();
            [provider.name.clone(), dialect, at.into(), headers]
        };
        self.0.draft.providers.iter().map(row).collect()
    }

    fn choices(&self, route: &RouteDraft) -> Columns {
        let weighted = route.strategy == "weighted";
        let row = |(index, (name, weight)): (usize, &(String, u32))| {
            let about = self.endpoint(name);
            let mut facts = vec![
                about
                    .and_then(|about| about.price)
                    .map_or_else(|| "no price: its cost is unknown".into(), priced),
            ];
            if weighted {
                facts.insert(0, format!("weight {weight}"));
            }
            if let Some(about) = about {
                facts.extend(limits(about));
            }
            [format!("  {}.", index + 1), name.clone(), facts.join("; ")]
        };
        route.endpoints.iter().enumerate().map(row).collect()
    }

    fn tenants(&self) -> Columns {
        let row = |tenant: &TenantDraft| {
            let keys = count(tenant.keys.len(), "key");
            let routes = tenant.routes.as_ref();
            let routes = routes.map_or_else(|| "every route".into(), |routes| routes.join(", "));
            let class = if tenant.ceiling > tenant.priority {
                format!("{}, up to {}", tenant.priority, tenant.ceiling)
            } else {
                tenant.priority.to_string()
            };
            [tenant.name.clone(), keys, class, routes]
        };
        self.0.draft.tenants.iter().map(row).collect()
    }

    fn classes(&self) -> Columns {
        let row = |priority: Priority| {
            let class = &self.0.draft.classes[priority.index()];
            let repeated = match class.max_ambiguous {
                0 => "no attempt".into(),
                number => count(number as usize, "attempt"),
            };
            [
                priority.to_string(),
                format!("first content in {:?}", class.first_content),
                format!("whole answer in {:?}", class.answer),
                format!("silent for {:?} at most", class.idle),
                format!("over in {:?}", class.deadline),
                format!("{repeated} after one that may have been billed"),
            ]
        };
        Priority::ALL.into_iter().rev().map(row).collect()
    }

    fn head(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let draft = &self.0.draft;
        let choices = draft.routes.iter().flat_map(|route| &route.endpoints);
        let used: BTreeSet<&str> = choices.map(|(name, _)| name.as_str()).collect();
        let priced = |name: &&&str| self.endpoint(name).is_some_and(|e| e.price.is_some());
        let unpriced = used.len() - used.iter().filter(priced).count();
        write!(
            f,
            "{}: {}, {}, {}",
            self.0.file.display(),
            count(draft.providers.len(), "provider"),
            count(draft.routes.len(), "route"),
            count(used.len(), "endpoint"),
        )?;
        if unpriced > 0 {
            write!(f, " ({unpriced} without a price)")?;
        }
        f.write_str("\n")
    }

    fn routes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\nroutes\n")?;
        for route in &self.0.draft.routes {
            write!(f, "  {}: {}", route.name, route.strategy)?;
            if route.affinity {
                f.write_str(", conversations stay where they are cached")?;
            }
            if let Some(quality) = route.min_quality {
                write!(f, ", quality {quality} or better")?;
            }
            if route.strict {
                f.write_str(", nothing is dropped")?;
            }
            write!(f, "\n{}", self.choices(route))?;
        }
        Ok(())
    }

    fn rules(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rules = &self.0.draft.failover;
        writeln!(
            f,
            "\nfailover\n  at most {}; {} retries per 100 requests\n  \
             holds back at most {} of a stream, {} of an answer",
            count(rules.max_attempts as usize, "attempt"),
            rules.retry_percent,
            size(rules.hold_back),
            size(rules.max_answer),
        )?;
        let rules = &self.0.draft.breaker;
        writeln!(
            f,
            "\nbreaker\n  opens after {} in a row, or when {}% fail or {}% take longer than {:?} \
             to first content\n  looks at the last {:?}, at {} to {} calls\n  \
             stays open for {:?} to {:?}, then lets {} through at a time, for {:?} at most\n  \
             cools down for {:?} when throttled, for {:?} at most when told how long",
            count(rules.consecutive as usize, "failure"),
            rules.failure_percent,
            rules.slow_percent,
            rules.slow_after,
            rules.window,
            rules.min_calls,
            rules.window_calls,
            rules.open_for,
            rules.open_at_most,
            count(rules.probes as usize, "probe"),
            rules.probe_lease,
            rules.cooldown,
            rules.cooldown_at_most,
        )
    }

    fn server(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let server = &self.0.server;
        let metrics = server.metrics.unwrap_or(server.listen);
        let header = if server.route_header { "a" } else { "no" };
        write!(
            f,
            "\nserver\n  listens at {}, shows metrics at {metrics}\n  \
             takes bodies up to {} within {:?}, and {} at once\n  \
             sends {header} route header; ",
            server.listen,
            size(server.body_limit),
            server.upload_limit,
            count(server.in_flight_limit, "request"),
        )?;
        match &server.ledger {
            Some(path) => writeln!(f, "writes its ledger to {}", path.display())?,
            None => writeln!(f, "keeps no ledger")?,
        }
        writeln!(
            f,
            "  told to stop, serves for another {:?} (not after Ctrl-C), \
             then waits for what is under way, for {:?} at most",
            server.drain, server.grace
        )
    }
}

impl fmt::Display for Description<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.head(f)?;
        write!(f, "\nproviders\n{}", self.providers())?;
        self.routes(f)?;
        f.write_str("\ntenants\n")?;
        if self.0.draft.tenants.is_empty() {
            f.write_str("  none: anybody may ask, without a key\n")?;
        }
        write!(f, "{}\nclasses\n{}", self.tenants(), self.classes())?;
        self.rules(f)?;
        self.server(f)
    }
}

/// Dollars per million tokens, exactly.
fn priced(price: Price) -> String {
    // A pico-dollar per token is a micro-dollar per million tokens.
    let usd = |pico: u64| format!("${}", Pico(u128::from(pico) * 1_000_000));
    let mut text = format!("{} in, {} out", usd(price.input), usd(price.output));
    for (name, pico) in [
        ("cache read", price.cache_read),
        ("cache write", price.cache_write),
    ] {
        if pico != price.input {
            text += &format!(", {} {name}", usd(pico));
        }
    }
    if price.cache_write_long != price.cache_write {
        text += &format!(", {} cache write for an hour", usd(price.cache_write_long));
    }
    text + " per million tokens"
}

fn limits(about: &EndpointDraft) -> Vec<String> {
    let mut facts = Vec::new();
    if let Some(tokens) = about.context_window {
        facts.push(format!("{tokens} tokens of context"));
    }
    if let Some(quality) = about.quality {
        facts.push(format!("quality {quality}"));
    }
    if let Some(model) = &about.model {
        facts.push(format!("sent as {model}"));
    }
    for (can, name) in [
        (about.capabilities.tools, "tools"),
        (about.capabilities.media, "media"),
    ] {
        if !can {
            facts.push(format!("no {name}"));
        }
    }
    if about.capabilities.schemas == Schemas::Tool {
        facts.push("schemas as tools".into());
    }
    facts
}

fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

fn size(bytes: usize) -> String {
    match bytes {
        0 => "nothing".into(),
        bytes if bytes.is_multiple_of(1 << 20) => format!("{}MiB", bytes >> 20),
        bytes if bytes.is_multiple_of(1 << 10) => format!("{}KiB", bytes >> 10),
        bytes => format!("{bytes}B"),
    }
}
