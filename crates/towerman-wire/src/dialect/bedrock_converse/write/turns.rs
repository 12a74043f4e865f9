//! The conversation.

use towerman_core::Fault;

use super::{Writer, blocks::point};
use crate::{
    dialect::{
        bedrock_converse::NOTHING_LIKE_IT,
        node::{Node, Object},
    },
    neutral::{Kind, Medium, Part, Role, Turn},
};

#[derive(Debug, Default)]
pub(super) struct Conversation<'a> {
    pub(super) system: Vec<Node<'a>>,
    pub(super) messages: Vec<Node<'a>>,
}

/// What one side says before the other does.
#[derive(Debug)]
struct Run<'a> {
    role: &'static str,
    /// Results of tools stand first.
    results: Vec<Node<'a>>,
    content: Vec<Node<'a>>,
}

impl Writer<'_> {
    pub(super) fn conversation<'a>(
        &mut self,
        system: Vec<Part<'a>>,
        turns: Vec<Turn<'a>>,
    ) -> Result<Conversation<'a>, Fault> {
        let mut all = Conversation::default();
        for part in system {
            self.instruct(part, &mut all.system)?;
        }
        let mut run: Option<Run<'a>> = None;
        for turn in turns {
            if turn.name.is_some() {
                self.drop(format!("{}/name", turn.at))?;
            }
            turn.rest.lose(&turn.at, NOTHING_LIKE_IT, self.notes)?;
            let role = match turn.role {
                Role::System if run.is_none() => {
                    for part in turn.parts {
                        self.instruct(part, &mut all.system)?;
                    }
                    continue;
                }
                Role::System => {
                    let what = "sent as the user's: Converse takes instructions at the beginning";
                    self.notes.mapped(&*turn.at, what);
                    "user"
                }
                Role::User => "user",
                Role::Assistant => "assistant",
            };
            let said = self.said(turn.parts, role, &turn.at)?;
            // Who says nothing does not end what the other said.
            if said.results.is_empty() && said.content.is_empty() {
                continue;
            }
            match &mut run {
                Some(run) if run.role == role => run.join(said),
                _ => all.end(run.replace(said)),
            }
        }
        all.end(run);
        Ok(all)
    }

    /// What one turn says.
    fn said<'a>(
        &mut self,
        parts: Vec<Part<'a>>,
        role: &'static str,
        at: &str,
    ) -> Result<Run<'a>, Fault> {
        let mut run = Run {
            role,
            results: Vec::new(),
            content: Vec::new(),
        };
        let (mut document, mut words) = (false, false);
        for part in parts {
            let list = match &part.kind {
                Kind::Result(_) => &mut run.results,
                _ => &mut run.content,
            };
            let is_text = matches!(part.kind, Kind::Text { .. });
            document |= matches!(&part.kind, Kind::Media(media) if media.what == Medium::Document);
            let mark = part.mark;
            if let Some(block) = self.block(part, role)? {
                words |= is_text;
                list.push(block);
                list.extend(mark.map(point));
            }
        }
        if document && !words {
            self.notes.mapped(
                at,
                "a word was added: Converse takes no document without any",
            );
            let word = Object::default().with("text", "The document:");
            run.content.insert(0, word.into());
        }
        Ok(run)
    }

    fn instruct<'a>(&mut self, part: Part<'a>, system: &mut Vec<Node<'a>>) -> Result<(), Fault> {
        if !matches!(part.kind, Kind::Text { .. }) {
            let why = "is no text, and this API's instructions are nothing else";
            return Err(self.notes.refused(part.at, why));
        }
        let mark = part.mark;
        if let Some(block) = self.block(part, "system")? {
            system.push(block);
            system.extend(mark.map(point));
        }
        Ok(())
    }
}

impl Run<'_> {
    fn join(&mut self, mut more: Self) {
        self.results.append(&mut more.results);
        self.content.append(&mut more.content);
    }
}

impl<'a> Conversation<'a> {
    fn end(&mut self, run: Option<Run<'a>>) {
        let Some(mut run) = run else { return };
        run.results.append(&mut run.content);
        if run.results.is_empty() {
            return;
        }
        let message = Object::default()
            .with("role", run.role)
            .with("content", run.results);
        self.messages.push(message.into());
    }
}
