use proptest::prelude::*;
use towerman_core::Dialect;

use super::*;

/// A prompt of `text` in messages, and the places in it where turns end.
fn print(text: &str, turns: [usize; 3], marks: Vec<Range<usize>>, tenant: &str) -> Fingerprint {
    let body = format!("[{text}]");
    let mut ask = Ask::new(Dialect::OpenAiChat, "m", 0..0);
    ask.prompt_tokens = body.len().div_ceil(4) as u64;
    ask.prompt_spans[2] = Some(0..body.len());
    ask.turns = turns;
    ask.cache_marks = marks;
    Fingerprint::of(&ask, body.as_bytes(), 1, tenant)
}

fn of(text: &str, tenant: &str) -> Vec<Mark> {
    print(text, [0; 3], Vec::new(), tenant).chunks
}

#[test]
fn what_no_provider_caches_leaves_no_mark() {
    let least = LEAST_TOKENS as usize * 4;
    let ends = |bytes: usize| print(&"x".repeat(bytes), [bytes + 1, 3_000, 0], Vec::new(), "t");
    assert!(ends(least - 3).is_empty());
    let enough = ends(least);
    assert_eq!((enough.chunks.len(), enough.turns[1]), (1, None));
    assert!(enough.turns[0].is_some());
}

#[test]
fn marks_thin_out_and_are_bounded() {
    let long = of(&"word ".repeat(CHUNK * 1_000), "t");
    assert!(long.len() <= MOST);
    assert!(
        long[..DENSE - 4]
            .windows(2)
            .all(|pair| pair[1].bytes - pair[0].bytes == CHUNK)
    );
    assert!(long[DENSE + 40].bytes - long[DENSE + 39].bytes > CHUNK);
}

#[test]
fn text_that_moves_to_another_part_makes_another_prompt() {
    let body = format!("{}[{}]", "T".repeat(5_000), "m".repeat(5_000));
    let parts = |parts: [Option<Range<usize>>; 3]| {
        let mut ask = Ask::new(Dialect::OpenAiChat, "m", 0..0);
        ask.prompt_tokens = 2_500;
        ask.prompt_spans = parts;
        Fingerprint::of(&ask, body.as_bytes(), 1, "t").chunks
    };
    let all = 5_000..body.len();
    let tools = parts([Some(0..5_000), None, Some(all.clone())]);
    for other in [
        parts([None, Some(0..5_000), Some(all.clone())]),
        parts([None, None, Some(all)]),
    ] {
        assert!(!other.is_empty());
        assert!(tools.iter().all(|mark| !other.contains(mark)));
    }
}

#[test]
fn a_turn_is_known_again_by_all_of_it_and_by_nothing_less() {
    let text = "all work and no play ".repeat(600);
    let first = print(&text[..7_000], [7_001, 0, 0], Vec::new(), "t");
    let second = print(&text[..9_000], [9_001, 7_001, 0], Vec::new(), "t");
    let third = print(&text, [text.len() + 1, 9_001, 7_001], Vec::new(), "t");
    assert!(first.turns[0].is_some());
    assert_eq!((second.turns[1], second.turns[2]), (first.turns[0], None));
    assert_eq!(third.turns[1..], second.turns[..2]);
    let other = text[..7_000].replacen("play", "plan", 1);
    assert_ne!(
        print(&other, [7_001, 0, 0], Vec::new(), "t").turns[0],
        first.turns[0]
    );
    let shorter = print(&text[..7_000], [7_000, 0, 0], Vec::new(), "t");
    assert_ne!(shorter.turns[0], first.turns[0]);
}

#[test]
fn a_turn_that_ends_with_a_chunk_is_not_taken_for_the_chunk() {
    let text = "word ".repeat(2_000);
    let end = 8 * CHUNK;
    let print = print(&text, [end, 0, 0], Vec::new(), "t");
    let chunk = print.chunks.iter().find(|mark| mark.bytes == end).unwrap();
    let turn = print.turns[0].unwrap();
    assert_eq!(turn.bytes, chunk.bytes);
    assert_ne!(turn.hash, chunk.hash);
}

#[test]
fn places_that_make_no_sense_are_passed_over() {
    let text = "word ".repeat(2_000);
    let back = |start, end| Range { start, end };
    let senseless = vec![back(7, 3), 4..9_000, 100..200, 90_000..usize::MAX];
    for turns in [[9_000, 9_000, 9_500], [usize::MAX, 1, 0], [1, 2, 3]] {
        print(&text, turns, senseless.clone(), "t");
    }
    let mut ask = Ask::new(Dialect::OpenAiChat, "m", 0..0);
    ask.prompt_tokens = 5_000;
    ask.prompt_spans = [Some(0..usize::MAX), Some(back(9, 3)), Some(back(5, 2))];
    assert!(Fingerprint::of(&ask, b"[]", 1, "t").is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_grown_conversation_keeps_every_mark_that_it_had(
        first in "[a-z ]{0,6000}", more in "[a-z ]{1,3000}",
    ) {
        let (short, long) = (of(&first, "t"), of(&format!("{first},{more}"), "t"));
        prop_assert_eq!(&long[..short.len()], &short[..]);
    }

    #[test]
    fn tenants_share_no_mark(text in "[a-z ]{4200,5200}", a in "[a-z]{1,8}", b in "[a-z]{1,8}") {
        prop_assume!(a != b);
        let (ours, theirs) = (of(&text, &a), of(&text, &b));
        prop_assert!(!ours.is_empty() && ours.iter().all(|mark| !theirs.contains(mark)));
    }

    /// Where cuts and turns fall in their chunks changes nothing.
    #[test]
    fn what_is_cut_out_leaves_no_trace(
        text in "[a-z ]{5000,6500}", mut cuts in prop::collection::vec((1_usize..4_900, 1_usize..1_200), 0..4),
        mut turns in prop::collection::vec(4_100_usize..4_900, 0..3),
    ) {
        let mut ends: [usize; 3] = [text.len() + 1, 0, 0];
        turns.sort_unstable();
        turns.dedup();
        for (end, turn) in ends[1..].iter_mut().zip(turns.iter().rev()) {
            *end = *turn;
        }
        cuts.sort_unstable();
        let (mut marked, mut ranges, mut shift) = (format!("[{text}]"), Vec::new(), 0);
        let mut shifted = ends;
        for (at, len) in cuts {
            marked.insert_str(at + shift, &"#".repeat(len));
            ranges.push(at + shift..at + shift + len);
            shift += len;
            for (end, was) in shifted.iter_mut().zip(ends) {
                *end += if was > at { len } else { 0 };
            }
        }
        let plain = print(&text, ends, Vec::new(), "t");
        let read = print(&marked[1..marked.len() - 1], shifted, ranges, "t");
        prop_assert_eq!((read.turns, read.chunks), (plain.turns, plain.chunks));
    }
}
