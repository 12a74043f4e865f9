//! Cuts what the model would say to what the request allows: stop sequences, then the token limit.

use crate::{
    ask::Ask,
    json::compact,
    object::Raw,
    speech::Speech,
    tokens::{count_tokens, first},
};

/// A call of a tool, its arguments as JSON text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) name: String,
    pub(crate) arguments: String,
}

impl Call {
    pub(crate) fn tokens(&self) -> u64 {
        count_tokens(&self.name) + count_tokens(&self.arguments)
    }

    /// The arguments as JSON; ones that the token limit cut short are none.
    pub(crate) fn input(&self) -> Option<Raw> {
        serde_json::from_str::<serde::de::IgnoredAny>(&self.arguments).ok()?;
        Some(Raw(compact(&self.arguments)))
    }
}

/// Why the model stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Finish {
    /// It had said everything.
    Natural,
    /// This stop sequence was next.
    Stop(String),
    /// The token limit was reached.
    Length,
    /// It wants tools to be called.
    ToolCalls,
}

/// What the model says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    /// What it thinks first, shown or not.
    pub(crate) thought: Option<String>,
    pub(crate) text: Option<String>,
    pub(crate) calls: Vec<Call>,
    pub(crate) finish: Finish,
}

impl Answer {
    pub(crate) fn new(speech: Speech, ask: &Ask) -> Self {
        let Speech {
            mut thought,
            mut text,
            mut calls,
        } = speech;
        let mut finish = if calls.is_empty() {
            Finish::Natural
        } else {
            Finish::ToolCalls
        };

        if let Some(said) = &mut text
            && let Some((at, stop)) = earliest(said, &ask.stops)
        {
            said.truncate(at);
            calls.clear();
            finish = Finish::Stop(stop.to_owned());
        }

        let mut left = ask.max_tokens.unwrap_or(u64::MAX);
        let mut cut = |part: &mut String| {
            let whole = count_tokens(part);
            part.truncate(first(part, left).len());
            left = left.saturating_sub(whole);
            whole > count_tokens(part)
        };
        let mut short = thought.as_mut().is_some_and(&mut cut);
        short |= text.as_mut().is_some_and(&mut cut);
        calls.retain_mut(|call| {
            // A call whose name does not fit is not made; one that is made may lack its last arguments.
            if short || cut(&mut call.name) {
                short = true;
                return false;
            }
            short = cut(&mut call.arguments);
            true
        });
        if short {
            finish = Finish::Length;
        }
        Self {
            thought,
            text,
            calls,
            finish,
        }
    }

    /// The tokens of its thoughts.
    pub(crate) fn reasoning(&self) -> u64 {
        self.thought.as_deref().map_or(0, count_tokens)
    }

    pub(crate) fn tokens(&self) -> u64 {
        self.reasoning()
            + self.text.as_deref().map_or(0, count_tokens)
            + self.calls.iter().map(Call::tokens).sum::<u64>()
    }
}

fn earliest<'a>(text: &str, stops: &'a [String]) -> Option<(usize, &'a str)> {
    stops
        .iter()
        .filter(|stop| !stop.is_empty())
        .filter_map(|stop| Some((text.find(stop.as_str())?, stop.as_str())))
        .min_by_key(|(at, _)| *at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{prompt::Prompt, wire::Form};

    fn ask(max_tokens: Option<u64>, stops: &[&str]) -> Ask {
        Ask {
            max_tokens,
            stops: stops.iter().map(|stop| (*stop).to_owned()).collect(),
            ..Ask::new("m".into(), Form::Whole, Prompt::new("m"))
        }
    }

    fn say(text: &str) -> Speech {
        Speech {
            text: Some(text.into()),
            ..Speech::default()
        }
    }

    fn call(name: &str, arguments: &str) -> Call {
        Call {
            name: name.into(),
            arguments: arguments.into(),
        }
    }

    #[test]
    fn the_earliest_stop_wins_and_is_left_out() {
        let answer = Answer::new(
            say("one, two; three"),
            &ask(None, &["", "three", "; ", "nine"]),
        );
        assert_eq!(
            (answer.text.as_deref(), answer.finish),
            (Some("one, two"), Finish::Stop("; ".into()))
        );
    }

    #[test]
    fn the_limit_cuts_between_chars() {
        let answer = Answer::new(say("abc🌍def"), &ask(Some(1), &[]));
        assert_eq!(
            (answer.text.as_deref(), answer.tokens(), answer.finish),
            (Some("abc"), 1, Finish::Length)
        );
        let whole = Answer::new(say("abcdefgh"), &ask(Some(2), &[]));
        assert_eq!(
            (whole.text.as_deref(), whole.finish),
            (Some("abcdefgh"), Finish::Natural)
        );
    }

    #[test]
    fn a_stop_before_the_limit_is_a_stop() {
        let answer = Answer::new(say("abcd!efgh"), &ask(Some(1), &["!"]));
        assert_eq!(
            (answer.text.as_deref(), answer.finish),
            (Some("abcd"), Finish::Stop("!".into()))
        );
    }

    #[test]
    fn the_limit_cuts_thoughts_first() {
        let speech = Speech {
            thought: Some("abcdefgh".into()),
            ..say("ijkl")
        };
        let answer = Answer::new(speech.clone(), &ask(Some(1), &[]));
        assert_eq!(
            (answer.thought.as_deref(), answer.text.as_deref()),
            (Some("abcd"), Some(""))
        );
        assert_eq!(
            (answer.finish.clone(), answer.tokens()),
            (Finish::Length, 1)
        );
        let answer = Answer::new(speech, &ask(Some(3), &[]));
        assert_eq!((answer.reasoning(), answer.tokens()), (2, 3));
        assert_eq!(answer.finish, Finish::Natural);
    }

    #[test]
    fn the_limit_cuts_calls_too() {
        let speech = || Speech {
            thought: None,
            text: None,
            calls: vec![call("add", r#"{"a":1}"#), call("mul", "{}")],
        };
        let answer = Answer::new(speech(), &ask(Some(2), &[]));
        assert_eq!(
            (answer.calls, answer.finish),
            (vec![call("add", "{\"a\"")], Finish::Length)
        );
        let answer = Answer::new(speech(), &ask(Some(5), &[]));
        assert_eq!((answer.calls.len(), answer.finish), (2, Finish::ToolCalls));
    }
}
