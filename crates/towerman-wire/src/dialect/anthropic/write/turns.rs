//! Turns as Anthropic wants them: they alternate, and results of tools come first.

use towerman_core::Fault;

use super::blocks::Writer;
use crate::{
    dialect::anthropic::{
        NOTHING_LIKE_IT,
        shape::{Block, Content, Extra, Turn as Written},
    },
    neutral::{Kind, Part, Role, Turn},
};

/// A conversation of another dialect's.
#[derive(Debug, Default)]
pub(super) struct Conversation<'a> {
    pub(super) system: Vec<Block<'a>>,
    turns: Vec<(&'static str, Vec<Block<'a>>)>,
    run: Run<'a>,
}

/// What stands between two turns of the assistant. It becomes one turn of the user: results of
/// tools first, as Anthropic demands, and then one of the system.
#[derive(Debug, Default)]
struct Run<'a> {
    results: Vec<Block<'a>>,
    content: Vec<Block<'a>>,
    system: Vec<Block<'a>>,
    /// Where its first system message stands.
    system_at: Option<Box<str>>,
}

/// The turns of a client that speaks Anthropic's own dialect.
pub(super) fn own<'a>(
    turns: Vec<Turn<'a>>,
    writer: &mut Writer<'a, '_>,
) -> Result<Vec<Written<'a>>, Fault> {
    let turns = turns.into_iter();
    turns
        .map(|turn| {
            Ok(Written {
                role: name(turn.role),
                content: writer.content(turn.parts, &format!("{}/content", turn.at))?,
                rest: writer.rest(turn.rest, &turn.at)?,
            })
        })
        .collect()
}

// === impl Conversation ===

impl<'a> Conversation<'a> {
    pub(super) fn read(
        system: Vec<Part<'a>>,
        turns: Vec<Turn<'a>>,
        writer: &mut Writer<'a, '_>,
    ) -> Result<Self, Fault> {
        let mut conversation = Self {
            system: writer.blocks(system)?,
            ..Self::default()
        };
        for turn in turns {
            conversation.take(turn, writer)?;
        }
        conversation.end_run(writer);
        Ok(conversation)
    }

    pub(super) fn into_turns(self) -> Vec<Written<'a>> {
        let turns = self.turns.into_iter();
        turns
            .map(|(role, blocks)| Written {
                role,
                content: Content::Blocks(blocks),
                rest: Extra::default(),
            })
            .collect()
    }

    fn take(&mut self, turn: Turn<'a>, writer: &mut Writer<'a, '_>) -> Result<(), Fault> {
        let Turn {
            role,
            parts,
            name,
            at,
            rest,
        } = turn;
        let media = |part: &&Part<'_>| matches!(part.kind, Kind::Media(_));
        if role == Role::Assistant
            && let Some(part) = parts.iter().find(media)
        {
            let why = "stands in the assistant's turn, where this API takes text alone";
            return Err(writer.notes.refused(part.at.clone(), why));
        }
        let blocks = writer.blocks(parts)?;
        if name.is_some() {
            writer
                .notes
                .dropped(format!("{at}/name"), NOTHING_LIKE_IT)?;
        }
        writer.rest(rest, &at)?;
        match role {
            Role::System => self.instruct(blocks, at),
            Role::User => {
                let (results, content): (Vec<_>, Vec<_>) =
                    blocks.into_iter().partition(Block::is_result);
                if self.run.system_at.is_some() && !content.is_empty() {
                    let what = "moved before the system message in front of it";
                    writer.notes.mapped(at, what);
                }
                self.run.results.extend(results);
                self.run.content.extend(content);
            }
            Role::Assistant => {
                self.end_run(writer);
                self.turn("assistant", blocks);
            }
        }
        Ok(())
    }

    fn instruct(&mut self, said: Vec<Block<'a>>, at: Box<str>) {
        if self.turns.is_empty() && self.run.content.is_empty() {
            self.system.extend(said);
        } else if !said.is_empty() {
            self.run.system_at.get_or_insert(at);
            self.run.system.extend(said);
        }
    }

    /// The assistant speaks, or nobody any more: what stood in between becomes turns.
    fn end_run(&mut self, writer: &mut Writer<'a, '_>) {
        let Run {
            mut results,
            content,
            system,
            system_at,
        } = std::mem::take(&mut self.run);
        results.extend(content);
        if results.is_empty() && !system.is_empty() {
            // Anthropic takes a system turn only after one of the user.
            let what = "sent as the user's: no turn of the user stands before it";
            writer.notes.mapped(system_at.unwrap_or_default(), what);
            self.turn("user", system);
        } else {
            self.turn("user", results);
            self.turn("system", system);
        }
    }

    /// Adds a turn, or to the last one if that is of the same role. An empty one is none.
    fn turn(&mut self, role: &'static str, mut content: Vec<Block<'a>>) {
        if content.is_empty() {
            return;
        }
        match self.turns.last_mut() {
            Some((last, blocks)) if *last == role => blocks.append(&mut content),
            _ => self.turns.push((role, content)),
        }
    }
}

const fn name(role: Role) -> &'static str {
    match role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
    }
}
