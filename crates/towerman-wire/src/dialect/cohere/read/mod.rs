//! A client's request.

mod content;
mod messages;
mod settings;

use towerman_core::{Fault, NeedKind};

use self::settings::{format, sampling, thinking, tools};
use crate::neutral::{Around, Bound, Fields, Raw, Request, Rest, Set, ToolChoice, refuse};

/// What is around parts, as it is met.
#[derive(Debug, Default)]
struct Reader<'a> {
    around: Vec<Around<'a>>,
}

pub(super) fn request(body: &str) -> Result<Request<'_>, Fault> {
    let mut fields = Fields::body(body)?;
    fields.take("model");
    let messages: Vec<Raw<'_>> = fields.need("messages", "", "an array")?;
    let documents = fields.list("documents", "")?;
    let mut reader = Reader::default();
    let mut request = Request {
        choice: choice(&mut fields)?,
        stream: fields.get("stream", "", "a boolean")?.unwrap_or(false),
        include_usage: true,
        ..Request::default()
    };
    let strict = fields.get("strict_tools", "", "a boolean")?;
    request.tools = tools(fields.list("tools", "")?, strict)?;
    request.format = format(fields.object("response_format", "")?, &mut reader)?;
    request.reasoning = thinking(fields.object("thinking", "")?, &mut reader)?;
    request.sampling = sampling(&mut fields)?;
    if let Some(set) = request.sampling.logprobs {
        request.bound.push(Bound {
            kind: NeedKind::Native,
            at: set.at.into(),
            why: "asks for log probabilities in Cohere's form",
        });
    }
    reader.conversation(messages, &mut request)?;
    reader.documents(documents, &mut request)?;
    request.rest = fields.rest();
    request.around = reader.around;
    Ok(request)
}

fn choice<'a>(fields: &mut Fields<'a>) -> Result<Option<Set<ToolChoice<'a>>>, Fault> {
    const AT: &str = "/tool_choice";
    let word = fields.string("tool_choice", "")?;
    let choice = match word.as_deref() {
        None => return Ok(None),
        Some("REQUIRED") => ToolChoice::Any,
        Some("NONE") => ToolChoice::None,
        Some(_) => return Err(refuse(AT, "must be REQUIRED or NONE")),
    };
    Ok(Some(Set::new(choice, AT)))
}

impl<'a> Reader<'a> {
    /// How the object at `at` was spelt: nobody else's business.
    fn spelt(&mut self, at: &str, own: Rest<'a>) {
        self.around.push(Around {
            at: at.into(),
            own,
            rest: Rest::default(),
        });
    }

    /// What nobody took of the object at `at`.
    fn leave(&mut self, at: &str, rest: Rest<'a>) {
        self.around.push(Around {
            at: at.into(),
            own: Rest::default(),
            rest,
        });
    }
}
