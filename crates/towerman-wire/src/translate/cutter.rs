//! Ends an answer at stop sequences that its provider could not be told.

use towerman_core::Finish;

use crate::neutral::{Delta, Opening, Place};

/// Watches the texts of an answer, and ends each choice where a stop sequence begins.
///
/// What might be the beginning of one is held back: never more than the longest of them. The
/// provider is heard to its end all the same, because only there it says what it charges.
#[derive(Debug)]
pub(super) struct Cutter {
    stops: Vec<String>,
    open: Vec<Part>,
    /// The choices that have ended.
    cut: Vec<u32>,
}

#[derive(Debug)]
struct Part {
    at: Place,
    text: bool,
    /// Said, and not yet told.
    held: String,
}

impl Cutter {
    /// Nothing, if there is nothing to watch for.
    pub(super) fn new(stops: Vec<String>) -> Option<Self> {
        let stops: Vec<String> = stops.into_iter().filter(|stop| !stop.is_empty()).collect();
        (!stops.is_empty()).then_some(Self {
            stops,
            open: Vec::new(),
            cut: Vec::new(),
        })
    }

    pub(super) fn take(&mut self, delta: Delta<'_>, say: &mut dyn FnMut(Delta<'_>)) {
        match &delta {
            Delta::Open { at, what } => {
                if self.cut.contains(&at.choice) {
                    return;
                }
                self.open.push(Part {
                    at: *at,
                    text: matches!(what, Opening::Text),
                    held: String::new(),
                });
            }
            Delta::More { at, text } => {
                if let Some(part) = self.open.iter_mut().find(|part| part.at == *at) {
                    if part.text {
                        part.held.push_str(text);
                        let at = *at;
                        return self.advance(at, say);
                    }
                } else {
                    return;
                }
            }
            Delta::Close { at } => {
                let Some(found) = self.open.iter().position(|part| part.at == *at) else {
                    return;
                };
                let part = self.open.swap_remove(found);
                tell(part.at, &part.held, say);
            }
            Delta::Seal { at, .. } | Delta::Cite { at, .. } if self.cut.contains(&at.choice) => {
                return;
            }
            Delta::Finish { choice, .. } | Delta::Logprobs { choice, .. }
                if self.cut.contains(choice) =>
            {
                return;
            }
            _ => {}
        }
        say(delta);
    }

    /// Tells what may be told of a part, and ends its choice if a stop sequence is met.
    fn advance(&mut self, at: Place, say: &mut dyn FnMut(Delta<'_>)) {
        let Some(part) = self.open.iter_mut().find(|part| part.at == at) else {
            return;
        };
        let met = self
            .stops
            .iter()
            .filter_map(|stop| part.held.find(stop.as_str()).map(|found| (found, stop)))
            .min_by_key(|(found, _)| *found);
        let Some((end, stop)) = met else {
            let kept = self
                .stops
                .iter()
                .map(|stop| overlap(&part.held, stop))
                .max()
                .unwrap_or_default();
            let rest = part.held.split_off(part.held.len() - kept);
            let told = std::mem::replace(&mut part.held, rest);
            return tell(at, &told, say);
        };
        tell(at, part.held.get(..end).unwrap_or_default(), say);
        let ended = self.open.extract_if(.., |part| part.at.choice == at.choice);
        for part in ended {
            say(Delta::Close { at: part.at });
        }
        self.cut.push(at.choice);
        say(Delta::Finish {
            choice: at.choice,
            finish: Finish::Stop,
            sequence: Some(stop.as_str().into()),
            explanation: None,
        });
    }
}

fn tell(at: Place, text: &str, say: &mut dyn FnMut(Delta<'_>)) {
    if !text.is_empty() {
        say(Delta::More {
            at,
            text: text.into(),
        });
    }
}

/// How much of the end of `text` is a beginning of `stop`, in bytes.
fn overlap(text: &str, stop: &str) -> usize {
    let most = text.len().min(stop.len() - 1);
    (1..=most)
        .rev()
        .find(|length| {
            let start = text.len() - length;
            text.is_char_boundary(start) && stop.as_bytes().starts_with(&text.as_bytes()[start..])
        })
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is told of texts that come in these pieces, and which stop ended it.
    fn told(stops: &[&str], pieces: &[&str]) -> (String, Option<String>) {
        let stops = stops.iter().map(|stop| (*stop).to_owned()).collect();
        let mut cutter = Cutter::new(stops).unwrap();
        let at = Place::default();
        let (mut text, mut met, mut finishes) = (String::new(), None, 0);
        let mut say = |delta: Delta<'_>| match delta {
            Delta::More { text: more, .. } => text.push_str(&more),
            Delta::Finish { sequence, .. } => {
                finishes += 1;
                met = sequence.map(|stop| stop.into_owned());
            }
            _ => {}
        };
        let what = Opening::Text;
        cutter.take(Delta::Open { at, what }, &mut say);
        for piece in pieces {
            let text = (*piece).into();
            cutter.take(Delta::More { at, text }, &mut say);
        }
        cutter.take(Delta::Close { at }, &mut say);
        let last = Delta::Finish {
            choice: 0,
            finish: Finish::Length,
            sequence: None,
            explanation: None,
        };
        cutter.take(last, &mut say);
        assert_eq!(finishes, 1);
        (text, met)
    }

    #[test]
    fn the_answer_ends_where_the_first_stop_begins_however_it_is_cut() {
        let text = "one two END three STOP";
        for cut in 0..=text.len() {
            let (a, b) = text.split_at(cut);
            let (told, met) = told(&["STOP", "END", "NEVER"], &[a, b]);
            assert_eq!((&*told, met.as_deref()), ("one two ", Some("END")), "{cut}");
        }
    }

    #[test]
    fn what_only_begins_like_a_stop_is_told() {
        let (text, met) = told(&["ENDE", "ß!"], &["an EN", "D is no ", "EN", "ß"]);
        assert_eq!((&*text, met), ("an END is no ENß", None));
    }
}
