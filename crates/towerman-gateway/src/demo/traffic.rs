//! A dozen clients, in two dialects, on three routes.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::task::JoinSet;
use towerman::core::{Dialect, Priority};

use super::client::{Answer, Client, Wish};

/// Traffic under way.
#[derive(Debug)]
pub(super) struct Traffic {
    clients: JoinSet<()>,
    sent: Arc<Sent>,
}

/// What clients have sent, and what they got.
#[derive(Debug, Default)]
pub(super) struct Sent {
    over: AtomicBool,
    requests: AtomicU64,
    failures: Mutex<Vec<String>>,
    times: Mutex<Vec<(String, Duration)>>,
}

/// How long a client thinks before it asks again.
const THINKING: Duration = Duration::from_millis(60);

impl Traffic {
    pub(super) fn start(address: SocketAddr, clients: usize) -> Self {
        let sent = Arc::new(Sent::default());
        let http = Client::new(address);
        let mut tasks = JoinSet::new();
        for number in 0..clients {
            tasks.spawn(converse(number, http.clone(), Arc::clone(&sent)));
        }
        Self {
            clients: tasks,
            sent,
        }
    }

    pub(super) fn requests(&self) -> u64 {
        self.sent.requests()
    }

    pub(super) fn failures(&self) -> usize {
        self.sent.failures().len()
    }

    /// Lets every client finish the request it is at.
    pub(super) async fn stop(mut self) -> Arc<Sent> {
        self.sent.over.store(true, Relaxed);
        while self.clients.join_next().await.is_some() {}
        self.sent
    }
}

impl Sent {
    pub(super) fn requests(&self) -> u64 {
        self.requests.load(Relaxed)
    }

    /// What clients saw go wrong, in words.
    pub(super) fn failures(&self) -> Vec<String> {
        self.failures
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The ids of the answers that came, and how long each took.
    pub(super) fn times(&self) -> Vec<(String, Duration)> {
        self.times
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// One client: conversations of a few turns, one after the other.
async fn converse(number: usize, http: Client, sent: Arc<Sent>) {
    for round in 0_u64.. {
        let mut wish = opening(number, round);
        for turn in 0..4 {
            if sent.over.load(Relaxed) {
                return;
            }
            let answer = http.ask(&wish).await;
            sent.requests.fetch_add(1, Relaxed);
            match answer {
                Ok(Answer { text, id, took }) => {
                    let mut times = sent.times.lock().unwrap_or_else(PoisonError::into_inner);
                    times.push((id, took));
                    drop(times);
                    wish.turns.push(text);
                    wish.turns.push(format!("Go on with point {}.", turn + 2));
                }
                Err(error) => {
                    let mut failures = sent.failures.lock().unwrap_or_else(PoisonError::into_inner);
                    failures.push(format!("{} on {}: {error}", wish.session, wish.route));
                    break;
                }
            }
            tokio::time::sleep(THINKING).await;
        }
    }
}

/// The first request of a conversation.
fn opening(number: usize, round: u64) -> Wish {
    let route = match number % 4 {
        0 | 1 => "chat",
        2 => "fast",
        _ => "cheap",
    };
    let priority = match number % 3 {
        0 => Priority::Normal,
        1 => Priority::Low,
        _ => Priority::Batch,
    };
    Wish {
        dialect: if number.is_multiple_of(2) {
            Dialect::OpenAiChat
        } else {
            Dialect::Anthropic
        },
        route,
        stream: number % 3 != 2,
        priority,
        session: format!("client-{number}-{round}"),
        system: instructions(number % 4),
        turns: vec![format!(
            "Conversation {round} of client {number}: what is point one?"
        )],
    }
}

/// Instructions of some 1,500 tokens, as an agent has them: long enough for a provider to cache.
fn instructions(team: usize) -> String {
    let rule = format!(
        "Rule of team {team}: answer briefly, name your sources, and never guess a number. "
    );
    rule.repeat(6_000 / rule.len())
}
