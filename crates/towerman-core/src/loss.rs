//! What a translation from one dialect into another changed.

/// What became of something that the other dialect does not say as it was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tier {
    /// Said in another way, or by another value; the answer should not differ for it.
    Mapped,
    /// Left out: it changes nothing that the answer means.
    Dropped,
    /// Refused: without it the answer would mean something else.
    Refused,
}

impl Tier {
    /// Every tier, mildest first.
    pub const ALL: [Self; 3] = [Self::Mapped, Self::Dropped, Self::Refused];

    /// The name that metrics and decision records use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mapped => "mapped",
            Self::Dropped => "dropped",
            Self::Refused => "refused",
        }
    }
}

/// One place of a request, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// Where it stood in the client's body, as a JSON pointer.
    pub pointer: Box<str>,
    /// How much it matters.
    pub tier: Tier,
    /// What became of it, in words.
    pub what: &'static str,
}

/// Losses beyond this many are counted and not listed: a hostile body shall not make a long list.
const LIMIT: usize = 64;

/// What a translation changed: every loss counted, the first 64 listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    list: Vec<Loss>,
    counts: [u32; 3],
}

impl Losses {
    /// Takes one in.
    pub fn add(&mut self, pointer: impl Into<Box<str>>, tier: Tier, what: &'static str) {
        let count = &mut self.counts[tier as usize];
        *count = count.saturating_add(1);
        if self.list.len() < LIMIT {
            self.list.push(Loss {
                pointer: telling(pointer.into()),
                tier,
                what,
            });
        }
    }

    /// The first 64, in the order in which they were met.
    pub fn list(&self) -> &[Loss] {
        &self.list
    }

    /// How many there were of a tier.
    pub const fn count(&self, tier: Tier) -> u32 {
        self.counts[tier as usize]
    }

    /// Whether nothing changed.
    pub const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

/// A pointer that records may hold: segments that are no names are text of the client's.
fn telling(pointer: Box<str>) -> Box<str> {
    let name = |part: &str| {
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.~$@:".contains(&byte);
        part.len() <= 64 && part.bytes().all(legal)
    };
    if pointer.split('/').all(name) {
        return pointer;
    }
    let parts = pointer.split('/');
    let told: Vec<&str> = parts
        .map(|part| if name(part) { part } else { "*" })
        .collect();
    told.join("/").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_counted_and_few_are_listed() {
        let mut losses = Losses::default();
        assert!(losses.is_empty());
        for n in 0..100 {
            losses.add(format!("/a/{n}"), Tier::Dropped, "dropped");
        }
        losses.add("/b", Tier::Mapped, "bent");
        assert_eq!(losses.list().len(), LIMIT);
        let counts = Tier::ALL.map(|tier| losses.count(tier));
        assert_eq!(counts, [1, 100, 0]);
        let mut losses = Losses::default();
        losses.add("/metadata/my secret", Tier::Dropped, "dropped");
        assert_eq!(&*losses.list()[0].pointer, "/metadata/*");
    }
}
