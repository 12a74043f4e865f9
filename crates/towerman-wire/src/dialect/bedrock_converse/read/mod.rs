//! A client's request.

mod blocks;
mod settings;
mod tools;

use towerman_core::{Fault, NeedKind};

use crate::neutral::{Around, Bound, Fields, Raw, Request, Rest, Role, Set, Turn, refuse};

/// Members that nobody else can honour, and that change the answer.
const BOUND: [(&str, NeedKind, &str); 2] = [
    (
        "guardrailConfig",
        NeedKind::Native,
        "cannot be promised by this model's API",
    ),
    (
        "promptVariables",
        NeedKind::State,
        "belongs to a prompt that only one provider keeps",
    ),
];

/// How things were spelt, as they are met: a client of this dialect is written back its own words.
#[derive(Debug, Default)]
struct Reader<'a> {
    around: Vec<Around<'a>>,
}

pub(super) fn request(body: &str) -> Result<Request<'_>, Fault> {
    let mut fields = Fields::body(body)?;
    let mut reader = Reader::default();
    reader.spelt("", Fields::body(body)?.rest());
    let messages: Vec<Raw<'_>> = fields.need("messages", "", "an array")?;
    let system = fields.list("system", "")?;
    let mut request = Request {
        system: reader.blocks(system, "/system", Role::System)?,
        include_usage: true,
        ..Request::default()
    };
    for (name, kind, why) in BOUND {
        if fields.take(name).is_some_and(|raw| raw.get() != "{}") {
            let at = format!("/{name}").into();
            request.bound.push(Bound { kind, at, why });
        }
    }
    for (i, raw) in messages.into_iter().enumerate() {
        let turn = reader.turn(raw, format!("/messages/{i}"))?;
        request.turns.push(turn);
    }
    if request.turns.iter().all(|turn| turn.parts.is_empty()) {
        return Err(refuse("/messages", "has nothing in it that can be sent"));
    }
    request.bound.extend(Bound::prefill(&request.turns));
    reader.tools(fields.object("toolConfig", "")?, &mut request)?;
    reader.inference(fields.object("inferenceConfig", "")?, &mut request)?;
    let more = fields.object("additionalModelRequestFields", "")?;
    reader.more(more, &mut request)?;
    reader.output(fields.object("outputConfig", "")?, &mut request)?;
    if let Some(metadata) = fields.take("requestMetadata") {
        Fields::read(metadata, "/requestMetadata")?;
        request.metadata = Some(Set::new(metadata, "/requestMetadata"));
    }
    if let Some(mut tier) = fields.object("serviceTier", "")? {
        let said = tier.text("type", "/serviceTier")?;
        request.tier = said.map(|tier| Set::new(tier, "/serviceTier/type"));
    }
    request.rest = fields.rest();
    request.around = reader.around;
    Ok(request)
}

impl<'a> Reader<'a> {
    /// How the object at `at` was spelt.
    fn spelt(&mut self, at: &str, own: Rest<'a>) {
        self.around.push(Around {
            at: at.into(),
            own,
            rest: Rest::default(),
        });
    }

    /// What nobody took of the object at `at`.
    fn leave(&mut self, at: &str, fields: Fields<'a>) {
        self.around.push(Around {
            at: at.into(),
            own: Rest::default(),
            rest: fields.rest(),
        });
    }

    fn turn(&mut self, raw: Raw<'a>, at: String) -> Result<Turn<'a>, Fault> {
        let mut message = Fields::read(raw, &at)?;
        self.spelt(&at, Fields::read(raw, &at)?.rest());
        let role = match &*message.need_string("role", &at)? {
            "user" => Role::User,
            "assistant" => Role::Assistant,
            _ => return Err(refuse(format!("{at}/role"), "must be user or assistant")),
        };
        let content = message.need("content", &at, "an array")?;
        let parts = self.blocks(content, &format!("{at}/content"), role)?;
        Ok(Turn {
            role,
            parts,
            name: None,
            at: at.into(),
            rest: message.rest(),
        })
    }
}
