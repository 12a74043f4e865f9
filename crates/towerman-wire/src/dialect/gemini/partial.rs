//! A call whose input comes in pieces, each with the path of what it belongs to.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::said::{objects, text};
use crate::{
    dialect::node::{Node, Object},
    neutral::{Raw, Seal, Text},
};

/// The most that an input may hold.
const LIMIT: usize = 8 << 20;

/// No input is nested nearly as deep.
const DEPTH: usize = 64;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Piece<'a> {
    #[serde(borrow, rename = "jsonPath")]
    path: Option<Raw<'a>>,
    #[serde(borrow, rename = "stringValue")]
    text: Option<Raw<'a>>,
    #[serde(borrow, rename = "numberValue")]
    number: Option<Raw<'a>>,
    #[serde(borrow, rename = "boolValue")]
    flag: Option<Raw<'a>>,
}

/// The call, as far as it has come. Nobody can be told its input before it is whole: the pieces
/// may come in any order.
#[derive(Debug)]
pub(super) struct Partial {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) seal: Option<Seal<'static>>,
    input: Tree,
    size: usize,
}

#[derive(Debug)]
enum Tree {
    Nothing,
    Text(String),
    /// A number or a word, as it was spelt.
    Plain(Box<RawValue>),
    Object(Vec<(String, Self)>),
    List(Vec<Self>),
}

#[derive(Debug, PartialEq, Eq)]
enum Step<'a> {
    Name(&'a str),
    Index(usize),
}

impl Partial {
    pub(super) const fn new(id: String, name: String, seal: Option<Seal<'static>>) -> Self {
        Self {
            id,
            name,
            seal,
            input: Tree::Object(Vec::new()),
            size: 0,
        }
    }

    /// Takes pieces in. Nothing if they make no sense.
    pub(super) fn take(&mut self, pieces: Option<Raw<'_>>) -> Option<()> {
        for piece in objects::<Piece<'_>>(pieces) {
            let path = text(piece.path)?;
            self.size += path.len() + piece.text.map_or(0, |text| text.get().len());
            if self.size > LIMIT {
                return None;
            }
            let place = self.input.at(&steps(&path)?)?;
            match (piece.text, piece.number.or(piece.flag)) {
                (Some(raw), _) => {
                    let said = text(Some(raw)).unwrap_or_default();
                    match place {
                        Tree::Text(text) => text.push_str(&said),
                        place => *place = Tree::Text(said.into_owned()),
                    }
                }
                (None, Some(raw)) => *place = Tree::Plain(raw.to_owned()),
                (None, None) => *place = Tree::Nothing,
            }
        }
        Some(())
    }

    /// The whole input.
    pub(super) fn input(&self) -> String {
        serde_json::to_string(&self.input.node()).unwrap_or_default()
    }
}

impl Tree {
    fn at(&mut self, path: &[Step<'_>]) -> Option<&mut Self> {
        let Some((first, rest)) = path.split_first() else {
            return Some(self);
        };
        let inside = match first {
            Step::Name(name) => {
                if !matches!(self, Self::Object(_)) {
                    *self = Self::Object(Vec::new());
                }
                let Self::Object(members) = self else {
                    return None;
                };
                let found = members.iter().position(|(key, _)| key == name);
                let found = found.unwrap_or_else(|| {
                    members.push(((*name).to_owned(), Self::Nothing));
                    members.len() - 1
                });
                members.get_mut(found).map(|(_, value)| value)
            }
            Step::Index(index) => {
                if !matches!(self, Self::List(_)) {
                    *self = Self::List(Vec::new());
                }
                let Self::List(list) = self else {
                    return None;
                };
                // Elements come one after the other.
                if *index == list.len() {
                    list.push(Self::Nothing);
                }
                list.get_mut(*index)
            }
        };
        inside?.at(rest)
    }

    fn node(&self) -> Node<'_> {
        match self {
            Self::Nothing => Node::Null,
            Self::Text(text) => Node::Text(Text::Said(Cow::Borrowed(text))),
            Self::Plain(raw) => Node::Made(Cow::Borrowed(raw)),
            Self::List(list) => Node::List(list.iter().map(Self::node).collect()),
            Self::Object(members) => {
                let mut object = Object::default();
                for (key, value) in members {
                    object.put(&**key, value.node());
                }
                object.into()
            }
        }
    }
}

/// `$.a['b'][0]`.
fn steps(path: &str) -> Option<Vec<Step<'_>>> {
    let mut rest = path.strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if steps.len() == DEPTH {
            return None;
        }
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            let (name, left) = after.split_at(end);
            steps.push(Step::Name(name));
            rest = left;
        } else {
            let after = rest.strip_prefix('[')?;
            let quote = after.chars().next().filter(|c| matches!(c, '\'' | '"'));
            let (step, left) = match quote {
                Some(quote) => {
                    let after = after.strip_prefix(quote)?;
                    let (name, left) = after.split_once(quote)?;
                    (Step::Name(name), left.strip_prefix(']')?)
                }
                None => {
                    let (index, left) = after.split_once(']')?;
                    (Step::Index(index.parse().ok()?), left)
                }
            };
            steps.push(step);
            rest = left;
        }
    }
    Some(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pieces: &str) -> Option<String> {
        let mut partial = Partial::new("1".into(), "f".into(), None);
        partial.take(Some(serde_json::from_str(pieces).unwrap()))?;
        Some(partial.input())
    }

    #[test]
    fn pieces_become_an_object() {
        let pieces = r#"[
            {"jsonPath":"$.b.list[0].x","stringValue":"16 ","willContinue":true},
            {"jsonPath":"$.b.list[0].x","stringValue":"oz"},
            {"jsonPath":"$.b.list[0].x","stringValue":""},
            {"jsonPath":"$.b['a.b'][0]","numberValue":1.50},
            {"jsonPath":"$.b.list[1]","boolValue":true},
            {"jsonPath":"$.a","nullValue":"NULL_VALUE"}
        ]"#;
        let input = r#"{"b":{"list":[{"x":"16 oz"},true],"a.b":[1.50]},"a":null}"#;
        assert_eq!(of(pieces).as_deref(), Some(input));
        assert_eq!(of("[]").as_deref(), Some("{}"));
    }

    #[test]
    fn what_makes_no_sense_is_none() {
        for path in [
            "a",
            "$a",
            "$[x]",
            "$['a",
            "$.a[7]",
            "$.a[99999999999999999999]",
        ] {
            let piece = format!(r#"[{{"jsonPath":"{path}","stringValue":"x"}}]"#);
            assert_eq!(of(&piece), None, "{path}");
        }
        let deep = format!(
            r#"[{{"jsonPath":"${}","stringValue":"x"}}]"#,
            ".a".repeat(65)
        );
        assert_eq!(of(&deep), None);
    }
}
