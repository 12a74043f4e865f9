//! Remembers prompt prefixes and says which part of a prompt is read from cache or written to it.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Mutex,
    time::Duration,
};

use tokio::time::Instant;

use crate::{
    prompt::{Block, Prompt, STEP, Ttl},
    script::lock,
    usage::Usage,
};

/// Prefixes kept; the one not used for longest goes first.
const MAX_PREFIXES: usize = 65_536;

/// How many block ends a breakpoint looks at, its own included, for a prefix that is cached.
const LOOKBACK: usize = 20;

/// The prompt cache of one provider.
#[derive(Debug, Default)]
pub(crate) struct Cache(Mutex<Memory>);

impl Cache {
    /// Caches as OpenAI does: by itself, in steps of 128 tokens, without a charge for writing.
    pub(crate) fn automatic(&self, prompt: &Prompt, min: u64) -> Usage {
        let mut usage = Usage {
            uncached: prompt.tokens,
            ..Usage::default()
        };
        if prompt.tokens < min {
            return usage;
        }
        let mut memory = lock(&self.0);
        let hit = prompt
            .steps
            .iter()
            .rposition(|hash| memory.alive(*hash, Instant::now()));
        if let Some(hit) = hit {
            let tokens = (hit as u64 + 1) * STEP;
            if tokens >= min {
                usage.cache_read = tokens;
                usage.uncached -= tokens;
            }
        }
        // The longest first: it is then also the first to be forgotten.
        prompt
            .steps
            .iter()
            .rev()
            .for_each(|hash| memory.keep(*hash, None));
        usage
    }

    /// Caches as Anthropic does: up to the breakpoints that the request marks.
    pub(crate) fn marked(&self, prompt: &Prompt, min: u64) -> Usage {
        let mut memory = lock(&self.0);
        let now = Instant::now();
        let marks: Vec<_> = prompt
            .blocks
            .iter()
            .enumerate()
            .filter_map(|(at, block)| Some((at, block.mark?)))
            .collect();

        let hit = marks.iter().rev().find_map(|&(at, _)| {
            let window = &prompt.blocks[(at + 1).saturating_sub(LOOKBACK)..=at];
            window
                .iter()
                .rev()
                .find(|block| block.end >= min && memory.alive(block.hash, now))
                .copied()
        });
        let mut usage = Usage {
            cache_read: hit.map_or(0, |block| block.end),
            ..Usage::default()
        };
        if let Some(Block { hash, .. }) = hit {
            memory.keep(hash, Some(Ttl::FiveMinutes));
        }

        let mut covered = usage.cache_read;
        for (at, ttl) in marks {
            let block = prompt.blocks[at];
            // A prefix that is too short is not an error: nothing happens.
            if block.end < min {
                continue;
            }
            let new = block.end.saturating_sub(covered);
            match ttl {
                Ttl::FiveMinutes => usage.write_5m += new,
                Ttl::OneHour => usage.write_1h += new,
            }
            covered = covered.max(block.end);
            memory.keep(block.hash, Some(ttl));
        }
        usage.uncached = prompt.tokens - covered;
        usage
    }
}

#[derive(Debug, Default)]
struct Memory {
    prefixes: HashMap<u64, Prefix>,
    by_use: BTreeMap<u64, u64>,
    tick: u64,
}

#[derive(Debug, Clone, Copy)]
struct Prefix {
    used: u64,
    ttl: Option<Ttl>,
    expires: Option<Instant>,
}

impl Memory {
    fn alive(&self, hash: u64, now: Instant) -> bool {
        self.prefixes
            .get(&hash)
            .is_some_and(|prefix| prefix.expires.is_none_or(|at| now < at))
    }

    /// Keeps a prefix from now on; one that is there already keeps the longer time to live.
    fn keep(&mut self, hash: u64, ttl: Option<Ttl>) {
        let now = Instant::now();
        let known = self.prefixes.get(&hash).copied();
        if let Some(prefix) = known {
            self.by_use.remove(&prefix.used);
        }
        let ttl = match known {
            Some(prefix) if self.alive(hash, now) => ttl.max(prefix.ttl),
            _ => ttl,
        };
        let expires = ttl.map(|ttl| {
            now + match ttl {
                Ttl::FiveMinutes => Duration::from_secs(5 * 60),
                Ttl::OneHour => Duration::from_secs(60 * 60),
            }
        });
        self.tick += 1;
        self.prefixes.insert(
            hash,
            Prefix {
                used: self.tick,
                ttl,
                expires,
            },
        );
        self.by_use.insert(self.tick, hash);
        if self.prefixes.len() > MAX_PREFIXES
            && let Some((_, oldest)) = self.by_use.pop_first()
        {
            self.prefixes.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIN: u64 = 1024;

    /// Blocks of so many tokens, each with its letter and perhaps a mark.
    fn prompt(blocks: &[(char, usize, Option<Ttl>)]) -> Prompt {
        let mut prompt = Prompt::new("m");
        for (letter, tokens, mark) in blocks {
            prompt.text(&letter.to_string().repeat(tokens * 4));
            prompt.end_block(*mark);
        }
        prompt
    }

    const M5: Option<Ttl> = Some(Ttl::FiveMinutes);
    const H1: Option<Ttl> = Some(Ttl::OneHour);

    #[test]
    fn automatic_reads_in_steps_of_128_from_1024_on() {
        let cache = Cache::default();
        let first = prompt(&[('a', 1500, None)]);
        assert_eq!(cache.automatic(&first, MIN).cache_read, 0);
        assert_eq!(cache.automatic(&first, MIN).cache_read, 1408);
        let longer = cache.automatic(&prompt(&[('a', 1500, None), ('b', 500, None)]), MIN);
        assert_eq!((longer.cache_read, longer.uncached), (1408, 592));
        let forked = cache.automatic(&prompt(&[('a', 1200, None), ('b', 500, None)]), MIN);
        assert_eq!(forked.cache_read, 1152);
        assert_eq!(
            cache
                .automatic(&prompt(&[('a', 1000, None)]), MIN)
                .cache_read,
            0
        );
        assert_eq!(
            cache
                .automatic(&prompt(&[('a', 1000, None), ('c', 100, None)]), MIN)
                .cache_read,
            0
        );
    }

    #[test]
    fn marked_writes_then_reads_what_it_wrote() {
        let cache = Cache::default();
        let asked = prompt(&[('s', 1500, M5), ('u', 100, None)]);
        let usage = cache.marked(&asked, MIN);
        assert_eq!(
            (usage.write_5m, usage.cache_read, usage.uncached),
            (1500, 0, 100)
        );
        let usage = cache.marked(&asked, MIN);
        assert_eq!(
            (usage.write_5m, usage.cache_read, usage.uncached),
            (0, 1500, 100)
        );
        let turn = prompt(&[
            ('s', 1500, M5),
            ('u', 100, None),
            ('v', 50, M5),
            ('w', 9, None),
        ]);
        let usage = cache.marked(&turn, MIN);
        assert_eq!(
            (usage.write_5m, usage.cache_read, usage.uncached),
            (150, 1500, 9)
        );
    }

    #[test]
    fn marked_without_a_mark_or_too_short_does_nothing() {
        let cache = Cache::default();
        for _ in 0..2 {
            let unmarked = cache.marked(&prompt(&[('a', 2000, None)]), MIN);
            assert_eq!(
                unmarked,
                Usage {
                    uncached: 2000,
                    ..Usage::default()
                }
            );
            let short = cache.marked(&prompt(&[('a', 1023, M5)]), MIN);
            assert_eq!(
                short,
                Usage {
                    uncached: 1023,
                    ..Usage::default()
                }
            );
        }
    }

    #[test]
    fn lifetimes_split_the_write() {
        let usage = Cache::default().marked(
            &prompt(&[('s', 1100, H1), ('u', 300, M5), ('x', 1, None)]),
            MIN,
        );
        assert_eq!(
            (usage.write_1h, usage.write_5m, usage.uncached),
            (1100, 300, 1)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_mark_lives_five_minutes_from_its_last_use() {
        let cache = Cache::default();
        let (short, long) = (prompt(&[('s', 1100, M5)]), prompt(&[('l', 1100, H1)]));
        cache.marked(&short, MIN);
        cache.marked(&long, MIN);
        for _ in 0..3 {
            tokio::time::advance(Duration::from_secs(299)).await;
            assert_eq!(cache.marked(&short, MIN).cache_read, 1100);
        }
        tokio::time::advance(Duration::from_secs(301)).await;
        assert_eq!(cache.marked(&short, MIN).cache_read, 0);
        assert_eq!(cache.marked(&long, MIN).cache_read, 1100);
    }

    #[test]
    fn lookback_is_twenty_blocks() {
        let cache = Cache::default();
        let mut blocks = vec![('s', 1100, M5)];
        cache.marked(&prompt(&blocks), MIN);
        blocks[0].2 = None;
        blocks.extend([('x', 1, None); 18]);
        blocks.push(('y', 1, M5));
        assert_eq!(cache.marked(&prompt(&blocks), MIN).cache_read, 1100);
        blocks.insert(1, ('z', 1, None));
        assert_eq!(cache.marked(&prompt(&blocks), MIN).cache_read, 0);
    }

    #[test]
    fn memory_is_bounded() {
        let mut memory = Memory::default();
        (0..MAX_PREFIXES as u64 + 5).for_each(|hash| memory.keep(hash, None));
        assert_eq!(
            (memory.prefixes.len(), memory.by_use.len()),
            (MAX_PREFIXES, MAX_PREFIXES)
        );
        assert!(!memory.alive(4, Instant::now()));
        assert!(memory.alive(5, Instant::now()));
    }
}
