//! Everything that a case needs: a gateway of its own, a provider that fails, perhaps a good one.

use std::time::Duration;

use towerman::{
    core::{
        Dialect, Pico, Price, Priority,
        policy::{Class, Draft, EndpointDraft, ProviderDraft, RouteDraft},
    },
    cost::Line,
};
use towerman_sim::{Fault, Model, Sim, SimServer};
use towerman_tests::Gateway;

use super::case::Case;

/// How long to wait for a provider that says nothing: longer than the other one needs on a loaded
/// machine.
const PATIENCE: Duration = Duration::from_millis(1_500);

pub(crate) const PRICE: Price = Price {
    input: 2_000_000,
    cache_read: 200_000,
    cache_write: 2_500_000,
    cache_write_long: 4_000_000,
    output: 8_000_000,
};

pub(crate) struct Stage {
    pub(crate) case: Case,
    pub(crate) gateway: Gateway,
    pub(crate) bad: Sim,
    pub(crate) good: Sim,
    _servers: [SimServer; 2],
}

impl Stage {
    /// A stage on which the first provider meets `fault` again and again.
    ///
    /// Only where it is `silent` does time matter.
    pub(crate) async fn set(fault: Option<Fault>, case: Case, silent: bool) -> Self {
        let (bad, good) = (sim(case.provider, "bad"), sim(case.client, "good"));
        let servers = [bad.serve().await.unwrap(), good.serve().await.unwrap()];
        if let Some(fault) = fault {
            bad.faults().always(fault);
        }
        let usual = Class::default_for(Priority::Normal);
        let impatient = Class {
            first_content: PATIENCE,
            answer: PATIENCE,
            idle: PATIENCE,
            ..usual
        };
        let class = if silent { impatient } else { usual };
        let provider = |name, dialect, server: &SimServer| {
            ProviderDraft::url(name, dialect, server.base_url())
        };
        let names = if case.alone {
            &["bad/m"][..]
        } else {
            &["bad/m", "good/m"]
        };
        let mut draft = Draft::new()
            .class(Priority::Normal, class)
            .provider(provider("bad", case.provider, &servers[0]))
            .provider(provider("good", case.client, &servers[1]))
            .route(RouteDraft::new("chat", names.iter().copied()));
        for name in names {
            draft = draft.endpoint(EndpointDraft::new(*name).price(PRICE));
        }
        Self {
            case,
            gateway: Gateway::start(draft).await,
            bad,
            good,
            _servers: servers,
        }
    }

    /// Requests whose story has been told.
    pub(crate) fn told(&self) -> usize {
        self.gateway.decisions.lock().unwrap().len()
    }

    /// Nobody is busy with a request any more.
    pub(crate) fn idle(&self) -> bool {
        self.gateway.in_flight() == 0 && self.bad.in_flight() == 0 && self.good.in_flight() == 0
    }

    /// The ledger's lines about an endpoint.
    pub(crate) fn lines(&self, endpoint: &str) -> Vec<Line> {
        let mut lines = self.gateway.ledger.lines();
        lines.retain(|line| &*line.endpoint == endpoint);
        lines
    }

    /// Attempts, what the ledger and the book say of the failing provider, and whether that is an
    /// estimate.
    pub(crate) fn summary(&self) -> String {
        let decisions = self.gateway.decisions.lock().unwrap();
        let attempts: usize = decisions.iter().map(|told| told.attempts.len()).sum();
        let lines = self.lines("bad/m");
        let estimated = lines.iter().any(|line| line.estimated);
        let book = self.bad.book().totals().cost_pico_usd;
        format!("{attempts},{},{book},{estimated}", cost(&lines))
    }
}

/// What these lines come to, in picodollars.
pub(crate) fn cost(lines: &[Line]) -> u128 {
    let Pico(sum) = lines.iter().filter_map(|line| line.cost).sum();
    sum
}

fn sim(dialect: Dialect, name: &str) -> Sim {
    let price = towerman_sim::Price {
        input: PRICE.input,
        cache_read: PRICE.cache_read,
        cache_write: PRICE.cache_write,
        output: PRICE.output,
    };
    let model = Model::new("m").price(price).output_tokens(60);
    match dialect {
        Dialect::Anthropic => Sim::anthropic(name),
        _ => Sim::openai(name),
    }
    .model(model)
    .build()
}
