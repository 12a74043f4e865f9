//! Which A/B bucket a request falls into. Pure.

/// How many buckets there are.
pub const BUCKETS: u16 = 1_000;

/// The bucket of a tenant's conversation, from 0 to 999.
///
/// 64-bit FNV-1a over the tenant, a zero byte and the conversation, mixed so that every bit of it
/// counts. The same on every replica and in every version: it must not change, or running
/// experiments would be reshuffled.
pub fn cohort(tenant: &str, conversation: &str) -> u16 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in tenant.bytes().chain([0]).chain(conversation.bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    // FNV's upper bits depend little on the last bytes; a multiply-xorshift spreads them.
    hash ^= hash >> 32;
    hash = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    hash ^= hash >> 29;
    // Below 1,000 by the remainder.
    (hash % u64::from(BUCKETS)) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_pinned() {
        let pinned = [("", ""), ("a", "1"), ("team", "session-42")]
            .map(|(tenant, name)| cohort(tenant, name));
        assert_eq!(pinned, PINNED);
    }

    /// Changing these reshuffles every experiment that runs.
    const PINNED: [u16; 3] = [89, 151, 208];

    #[test]
    fn buckets_are_filled_evenly() {
        let mut counts = [0_u32; 10];
        for number in 0..100_000 {
            counts[usize::from(cohort("t", &number.to_string()) / 100)] += 1;
        }
        assert!(
            counts.iter().all(|count| count.abs_diff(10_000) < 400),
            "{counts:?}"
        );
    }
}
