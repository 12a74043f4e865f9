//! Providers that need no key and no network.

use std::{io, time::Duration};

use towerman::core::{
    Dialect, Price, Priority,
    policy::{Draft, EndpointDraft, ProviderDraft, RouteDraft},
};
use towerman_sim::{Model, Sim, SimServer};

/// Three simulated providers and the policy that routes over them.
///
/// `alpha` and `gamma` speak OpenAI's dialect, `beta` Anthropic's.
#[derive(Debug)]
pub struct Fleet {
    /// One server per provider, in the order of [`NAMES`].
    pub providers: Vec<(Sim, SimServer)>,
}

/// The providers' names.
pub const NAMES: [&str; 3] = ["alpha", "beta", "gamma"];

/// What one model of a provider costs, in pico-dollars per token, and how quick it is.
struct Offer {
    provider: &'static str,
    model: &'static str,
    price: Price,
    first_token: Duration,
    per_token: Duration,
}

const fn offer(
    provider: &'static str,
    model: &'static str,
    cents: [u64; 4],
    pace: [u64; 2],
) -> Offer {
    // A dollar per million tokens is a million pico-dollars per token.
    const CENT: u64 = 10_000;
    let [input, cache_read, cache_write, output] = cents;
    Offer {
        provider,
        model,
        price: Price {
            input: input * CENT,
            cache_read: cache_read * CENT,
            cache_write: cache_write * CENT,
            cache_write_long: cache_write * CENT,
            output: output * CENT,
        },
        first_token: Duration::from_millis(pace[0]),
        per_token: Duration::from_millis(pace[1]),
    }
}

/// Prices in cents per million tokens: input, cache read, cache write, output.
const OFFERS: [Offer; 4] = [
    offer("alpha", "nova-large", [250, 25, 250, 1_000], [60, 4]),
    offer("alpha", "nova-small", [25, 5, 25, 100], [30, 2]),
    offer("beta", "onyx-large", [300, 30, 375, 1_500], [80, 5]),
    offer("gamma", "flint-small", [20, 10, 20, 80], [40, 3]),
];

impl Fleet {
    /// Starts the providers on free loopback ports.
    ///
    /// # Errors
    ///
    /// If there is no free port.
    pub async fn start() -> io::Result<Self> {
        let mut providers = Vec::new();
        for name in NAMES {
            let mut builder = if name == "beta" {
                Sim::anthropic(name)
            } else {
                Sim::openai(name)
            };
            for offer in OFFERS.iter().filter(|offer| offer.provider == name) {
                builder = builder.model(
                    Model::new(offer.model)
                        .price(towerman_sim::Price {
                            input: offer.price.input,
                            cache_read: offer.price.cache_read,
                            cache_write: offer.price.cache_write,
                            output: offer.price.output,
                        })
                        .first_token(offer.first_token)
                        .per_token(offer.per_token),
                );
            }
            let sim = builder.build();
            let server = sim.serve().await?;
            providers.push((sim, server));
        }
        Ok(Self { providers })
    }

    /// The policy: `chat` prefers `alpha` and falls back to `beta`; `fast` is shared by `alpha`
    /// and `gamma`; `cheap` takes whichever costs less. No request shall fail through an outage: a
    /// batch's, too, is tried again if nobody knows whether the first attempt was read.
    pub fn draft(&self) -> Draft {
        let mut draft = Draft::new();
        for (name, (_, server)) in NAMES.into_iter().zip(&self.providers) {
            let dialect = if name == "beta" {
                Dialect::Anthropic
            } else {
                Dialect::OpenAiChat
            };
            draft = draft.provider(ProviderDraft::url(name, dialect, server.base_url()));
        }
        for offer in &OFFERS {
            let name = format!("{}/{}", offer.provider, offer.model);
            draft = draft.endpoint(EndpointDraft::new(name).price(offer.price));
        }
        draft.classes[Priority::Batch.index()].max_ambiguous = 1;
        draft
            .route(RouteDraft::new(
                "chat",
                ["alpha/nova-large", "beta/onyx-large"],
            ))
            .route(
                RouteDraft::new("fast", ["alpha/nova-small", "gamma/flint-small"])
                    .strategy("weighted"),
            )
            .route(
                RouteDraft::new("cheap", ["alpha/nova-small", "gamma/flint-small"])
                    .strategy("cheapest"),
            )
    }

    /// The provider of this name.
    pub fn provider(&self, name: &str) -> Option<&Sim> {
        let index = NAMES.iter().position(|known| *known == name)?;
        self.providers.get(index).map(|(sim, _)| sim)
    }

    /// What all providers would charge together, in pico-dollars.
    pub fn billed(&self) -> u128 {
        self.providers
            .iter()
            .map(|(sim, _)| sim.book().totals().cost_pico_usd)
            .sum()
    }

    /// Stops the providers.
    pub async fn stop(self) {
        for (_, server) in self.providers {
            server.shutdown().await;
        }
    }
}
