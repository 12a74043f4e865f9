//! What has been spent so far, by tenant, route and session.

use std::{
    collections::HashMap,
    fmt,
    hash::Hash,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use towerman_core::{Pico, Usage};

use crate::{Ledger, Line};

/// Sessions that are remembered. Their ids are the clients' to invent.
const SESSIONS: usize = 10_000;

/// Running sums, exact to the pico-dollar. Themselves a [`Ledger`].
///
/// Tenants and routes are as many as the policy names. Of sessions the last few thousand are
/// remembered; one that was not heard of for as long is forgotten, and would start at zero. The
/// grand total forgets nothing.
///
/// One lock is taken once per attempt, when it is settled, for three or four look-ups: so that
/// whoever reads sees sums that belong together.
#[derive(Default)]
pub struct Totals(Mutex<Book>);

/// A sum over attempts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Total {
    /// Attempts that were sent.
    pub attempts: u64,
    /// Those whose usage rests on an estimate.
    pub estimated: u64,
    /// Those whose endpoint has no price: they are missing from `cost`.
    pub unpriced: u64,
    /// Tokens.
    pub usage: Usage,
    /// What they cost.
    pub cost: Pico,
    /// What reading from providers' caches saved.
    pub saved: Pico,
}

/// A conversation of a tenant's. Two tenants may use the same id and do not meet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Session {
    /// Whose it is.
    pub tenant: Arc<str>,
    /// Its id.
    pub id: Arc<str>,
}

#[derive(Default)]
struct Book {
    grand: Total,
    tenants: HashMap<Arc<str>, Total>,
    routes: HashMap<Arc<str>, Total>,
    sessions: Recent<Session>,
}

/// Totals of the keys that were used lately: two generations, of which the elder is forgotten
/// when the younger is full. Whatever is used moves to the younger.
struct Recent<K> {
    young: HashMap<K, Total>,
    old: HashMap<K, Total>,
}

// === impl Totals ===

impl Totals {
    /// Nothing spent yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Everything since the start.
    pub fn grand(&self) -> Total {
        self.lock().grand
    }

    /// What a tenant has spent.
    pub fn tenant(&self, name: &str) -> Total {
        self.lock().tenants.get(name).copied().unwrap_or_default()
    }

    /// What was spent on a route.
    pub fn route(&self, name: &str) -> Total {
        self.lock().routes.get(name).copied().unwrap_or_default()
    }

    /// What a conversation has cost, if it is remembered.
    pub fn session(&self, tenant: &str, id: &str) -> Total {
        let key = Session {
            tenant: tenant.into(),
            id: id.into(),
        };
        self.lock().sessions.get(&key).copied().unwrap_or_default()
    }

    /// Every tenant that has spent anything, by name.
    pub fn tenants(&self) -> Vec<(Arc<str>, Total)> {
        sorted(self.lock().tenants.clone())
    }

    /// Every route that anything was spent on, by name.
    pub fn routes(&self) -> Vec<(Arc<str>, Total)> {
        sorted(self.lock().routes.clone())
    }

    /// Every conversation that is remembered, by tenant and id.
    pub fn sessions(&self) -> Vec<(Session, Total)> {
        let (young, old) = {
            let book = self.lock();
            (book.sessions.young.clone(), book.sessions.old.clone())
        };
        sorted(old.into_iter().chain(young))
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ledger for Totals {
    fn record(&self, line: &Line) {
        let session = line.session.as_ref().map(|id| Session {
            tenant: Arc::clone(&line.tenant),
            id: Arc::clone(id),
        });
        let mut book = self.lock();
        book.grand.add(line);
        let tenant = Arc::clone(&line.tenant);
        book.tenants.entry(tenant).or_default().add(line);
        if let Some(route) = &line.route {
            book.routes.entry(Arc::clone(route)).or_default().add(line);
        }
        if let Some(session) = session {
            book.sessions.touch(session).add(line);
        }
    }
}

impl fmt::Debug for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Totals")
            .field("grand", &self.grand())
            .finish_non_exhaustive()
    }
}

fn sorted<K: Ord>(totals: impl IntoIterator<Item = (K, Total)>) -> Vec<(K, Total)> {
    let mut sorted: Vec<_> = totals.into_iter().collect();
    sorted.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    sorted
}

// === impl Total ===

impl Total {
    fn add(&mut self, line: &Line) {
        self.attempts += 1;
        self.estimated += u64::from(line.estimated);
        self.unpriced += u64::from(!line.priced);
        self.usage = self.usage.plus(line.usage);
        self.cost += line.cost.unwrap_or_default();
        self.saved += line.saved.unwrap_or_default();
    }
}

// === impl Recent ===

impl<K: Hash + Eq> Recent<K> {
    fn get(&self, key: &K) -> Option<&Total> {
        self.young.get(key).or_else(|| self.old.get(key))
    }

    fn touch(&mut self, key: K) -> &mut Total {
        // Taken before a generation is forgotten: it may be that one's.
        let known = self.old.remove(&key).unwrap_or_default();
        if !self.young.contains_key(&key) && self.young.len() >= SESSIONS / 2 {
            self.old = mem::take(&mut self.young);
        }
        // A key is never in both.
        self.young.entry(key).or_insert(known)
    }
}

impl<K> Default for Recent<K> {
    fn default() -> Self {
        Self {
            young: HashMap::new(),
            old: HashMap::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(tenant: &str, route: &str, session: Option<&str>, cost: u128) -> Line {
        Line {
            tenant: tenant.into(),
            route: Some(route.into()),
            session: session.map(Into::into),
            usage: Usage {
                input: 10,
                output: 1,
                ..Usage::default()
            },
            cost: Some(Pico(cost)),
            saved: Some(Pico(1)),
            priced: true,
            ..Line::default()
        }
    }

    #[test]
    fn sums_are_exact_beyond_what_a_float_can_hold() {
        let totals = Totals::new();
        totals.record(&line("a", "chat", None, 1 << 100));
        for _ in 0..1_000 {
            totals.record(&line("a", "chat", None, 1));
        }
        assert_eq!(totals.grand().cost, Pico((1 << 100) + 1_000));
        assert_eq!(totals.grand().usage.input, 10_010);
    }

    #[test]
    fn every_line_counts_once_for_each_of_its_names() {
        let totals = Totals::new();
        totals.record(&line("a", "chat", Some("s"), 3));
        totals.record(&line("b", "chat", Some("s"), 5));
        totals.record(&line("a", "code", None, 7));
        assert_eq!(totals.tenant("a").cost, Pico(10));
        assert_eq!(totals.route("chat").cost, Pico(8));
        assert_eq!(totals.session("a", "s").cost, Pico(3));
        assert_eq!(totals.session("b", "s").cost, Pico(5));
        assert_eq!(totals.grand().attempts, 3);
        assert_eq!(totals.tenant("nobody"), Total::default());
        let names: Vec<_> = totals.routes().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["chat".into(), "code".into()]);
        let sum: Pico = totals.tenants().iter().map(|(_, total)| total.cost).sum();
        assert_eq!(sum, totals.grand().cost);
    }

    #[test]
    fn an_unpriced_attempt_is_counted_as_such() {
        let totals = Totals::new();
        totals.record(&Line {
            cost: None,
            priced: false,
            estimated: true,
            ..line("a", "chat", None, 0)
        });
        let total = totals.grand();
        assert_eq!((total.attempts, total.unpriced, total.estimated), (1, 1, 1));
    }

    #[test]
    fn sessions_are_bounded_and_the_ones_in_use_stay() {
        let totals = Totals::new();
        for n in 0..4 * SESSIONS {
            totals.record(&line("a", "chat", Some(&format!("s{n}")), 1));
            if n % 100 == 0 {
                totals.record(&line("a", "chat", Some("mine"), 1));
            }
        }
        assert!(totals.sessions().len() <= SESSIONS);
        assert_eq!(totals.session("a", "mine").attempts, 400);
        assert_eq!(totals.session("a", "s0"), Total::default());
        assert_eq!(totals.grand().attempts, 40_400);
    }

    #[test]
    fn a_session_at_the_turn_of_a_generation_keeps_its_total() {
        let mut recent = Recent::default();
        for round in 0..3 {
            for n in 0..SESSIONS / 2 {
                recent.touch(n).attempts += 1;
            }
            assert!((0..SESSIONS / 2).all(|n| recent.get(&n).unwrap().attempts == round + 1));
            recent.touch(SESSIONS + round as usize).attempts += 1;
        }
    }

    #[test]
    fn nothing_is_lost_between_threads() {
        let totals = Totals::new();
        std::thread::scope(|scope| {
            for tenant in ["a", "b", "c", "d"] {
                let totals = &totals;
                scope.spawn(move || {
                    for _ in 0..1_000 {
                        totals.record(&line(tenant, "chat", Some("s"), 3));
                    }
                });
            }
        });
        assert_eq!(totals.grand().cost, Pico(12_000));
        assert_eq!(totals.route("chat").attempts, 4_000);
        assert!(
            totals
                .tenants()
                .iter()
                .all(|(_, total)| total.cost == Pico(3_000))
        );
    }
}
