//! Reads a request. Members are known in camel case and in snake case; pointers spell them in the
//! former.

mod config;
mod parts;
mod tools;
mod turns;

pub(super) use self::parts::{SEAL, medium};

use towerman_core::{Fault, NeedKind};

use crate::neutral::{Around, Bound, Fields, Raw, Request, Rest, Set, Text, fields, refuse};

/// What refers to state at the provider, and why nobody else can serve it.
const STATE: [(&[&str], &str); 2] = [
    (
        &["cachedContent", "cached_content"],
        "names a prompt that only its provider keeps",
    ),
    (
        &["continuationToken", "continuation_token"],
        "names an answer that only its provider keeps",
    ),
];

/// What is read beside the request itself.
#[derive(Debug, Default)]
struct Reader<'a> {
    around: Vec<Around<'a>>,
    bound: Vec<Bound>,
    /// Calls of the model's last turn, which may be answered.
    open: Vec<turns::Open<'a>>,
}

pub(super) fn request(body: &str) -> Result<Request<'_>, Fault> {
    let mut fields = Fields::body(body)?;
    let mut reader = Reader::default();
    // The path names it.
    fields.take("model");
    for (name, why) in STATE {
        if let Some((key, _)) = fields
            .members()
            .iter()
            .find(|(key, value)| name.contains(&&**key) && value.get() != "null")
        {
            reader.bound.push(Bound {
                kind: NeedKind::State,
                at: format!("/{key}").into(),
                why,
            });
        }
    }
    let system = fields.take_any(&["systemInstruction", "system_instruction"]);
    let system = reader.system(system)?;
    let contents = fields.take("contents");
    let Some(contents) = contents else {
        return Err(refuse("/contents", "is missing"));
    };
    let turns = reader.turns(contents)?;
    let tools = reader.tools(fields.take("tools"))?;
    let choice = fields.take_any(&["toolConfig", "tool_config"]);
    let choice = reader.choice(choice)?;
    let mut request = Request {
        system,
        turns,
        tools,
        choice: choice.map(|choice| Set::new(choice, "/toolConfig/functionCallingConfig")),
        // Its clients are always told usage.
        include_usage: true,
        ..Request::default()
    };
    let config = fields.take_any(&["generationConfig", "generation_config"]);
    reader.config(config, &mut request)?;
    request.metadata = match fields.take("labels") {
        None => None,
        Some(raw) => {
            Fields::read(raw, "/labels")?;
            Some(Set::new(raw, "/labels"))
        }
    };
    let tier = fields.take_any(&["serviceTier", "service_tier"]);
    request.tier = text(tier, "/serviceTier")?.map(|tier| Set::new(tier, "/serviceTier"));
    request.rest = fields.rest();
    request.bound = reader.bound;
    request.around = reader.around;
    Ok(request)
}

impl<'a> Reader<'a> {
    /// Keeps what nobody took of the object at `at`.
    fn leave(&mut self, at: &str, fields: Fields<'a>) {
        let rest = fields.rest();
        if !rest.0.is_empty() {
            self.around.push(Around {
                at: at.into(),
                own: Rest::default(),
                rest,
            });
        }
    }

    /// Keeps how the client said what the neutral form says in another way.
    fn spelt(&mut self, at: &str, name: &'static str, raw: Raw<'a>) {
        self.around.push(Around {
            at: at.into(),
            own: Rest(vec![(name.into(), raw)]),
            rest: Rest::default(),
        });
    }

    fn only_here(&mut self, at: impl Into<Box<str>>, why: &'static str) {
        self.bound.push(Bound {
            kind: NeedKind::Native,
            at: at.into(),
            why,
        });
    }
}

fn text<'a>(raw: Option<Raw<'a>>, at: &str) -> Result<Option<Text<'a>>, Fault> {
    raw.map(|raw| Text::read(raw, at)).transpose()
}

/// A list. The API takes a lone value for a list of one.
fn list<'a>(raw: Option<Raw<'a>>, at: &str) -> Result<Vec<Raw<'a>>, Fault> {
    match raw {
        None => Ok(Vec::new()),
        Some(raw) if raw.get().starts_with('{') => Ok(vec![raw]),
        Some(raw) => fields::read(raw, at, "an array"),
    }
}

/// The value of a member, which stays.
fn peek<'a>(fields: &Fields<'a>, names: &[&str]) -> Option<Raw<'a>> {
    let found = fields
        .members()
        .iter()
        .find(|(key, _)| names.contains(&&**key));
    found.map(|(_, value)| *value)
}
