//! A request for an Anthropic provider.

mod blocks;
mod marks;
mod media;
mod settings;
mod thinking;
mod tools;
mod turns;

use towerman_core::Fault;

use self::{blocks::Writer, turns::Conversation};
use super::{
    NOTHING_LIKE_IT,
    shape::{CacheControl, Content, Request as Written},
};
use crate::{
    dialect::{self, To, written},
    neutral::{Notes, Request, Set, ToolChoice},
};

pub(super) fn request(
    mut request: Request<'_>,
    to: &To<'_>,
    notes: &mut Notes,
) -> Result<dialect::Written, Fault> {
    if !to.own {
        settings::check(&request.sampling, notes)?;
        marks::derive(&mut request, notes)?;
        marks::limit(&mut request, notes)?;
    }
    let Request {
        system,
        turns,
        tools: mut offered,
        choice,
        parallel,
        format,
        mut reasoning,
        mut sampling,
        caching,
        who,
        metadata,
        tier,
        stream,
        include_usage: _,
        rest,
        bound: _,
        around,
    } = request;
    let mut writer = Writer::new(to.own, around, notes);
    let writer = &mut writer;
    let mut said = Vec::new();
    let (mut system, messages) = if to.own {
        let system = writer.content(system, "/system")?;
        (system, turns::own(turns, writer)?)
    } else {
        let last = turns.last().map(|turn| turn.at.clone()).unwrap_or_default();
        let mut conversation = Conversation::read(system, turns, writer)?;
        said.append(&mut conversation.system);
        let messages = conversation.into_turns();
        if messages.is_empty() {
            return Err(writer
                .notes
                .refused(last, "says nothing: Anthropic takes no blank text"));
        }
        (Content::Blocks(Vec::new()), messages)
    };
    let forced = matches!(
        choice,
        Some(Set {
            value: ToolChoice::Any | ToolChoice::Named(_) | ToolChoice::AnyOf(_),
            ..
        })
    );
    let tool_choice = tools::choice(choice, parallel, &mut offered, writer)?;
    let tools = tools::tools(offered, writer)?;
    let (newer, output_format) = settings::format(format, &mut said, writer)?;
    if !to.own {
        system = Content::Blocks(said);
    }
    if forced && (!to.own || to.forced) {
        reasoning = thinking::unless_forced(reasoning, writer.notes);
    }
    let max_tokens = settings::limit(sampling.max_output, reasoning, writer);
    let mut output_config = settings::config(writer);
    output_config.format = newer;
    let thinking = thinking::write(reasoning, max_tokens, &mut output_config, writer)?;
    let stop_sequences = settings::stop(sampling.stop.take(), writer)?;
    thinking::rule_out(thinking.as_ref(), &mut sampling, writer)?;
    let cache_control = caching
        .auto
        .map(|auto| CacheControl::new(auto.value, writer.around("/cache_control")));
    if let Some(metadata) = metadata {
        writer.notes.dropped(metadata.at, NOTHING_LIKE_IT)?;
    }
    written(&Written {
        model: to.model,
        max_tokens,
        tools,
        tool_choice,
        system,
        messages,
        stop_sequences,
        temperature: settings::temperature(sampling.temperature, writer),
        top_p: sampling.top_p.map(|set| set.value),
        top_k: sampling.top_k.map(|set| set.value),
        thinking,
        output_config,
        output_format,
        metadata: settings::who(who, writer),
        service_tier: settings::tier(tier, writer)?,
        cache_control,
        stream: stream.then_some(true),
        rest: writer.rest(rest, "")?,
    })
}
