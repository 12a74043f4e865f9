//! Embeddings in another dialect: texts that go, vectors that come back.
//!
//! | | what becomes of it where a dialect says it otherwise |
//! |---|---|
//! | one text, or a list | one is asked for alone where that has a path of its own |
//! | tokens instead of texts | refused: only their own model reads them |
//! | what the vectors are for | told by the nearest word; Cohere wants one, and is told `search_document` |
//! | numbers | their digits are kept; base64 is made of them, or read, as 32-bit floats |
//! | images, and types of numbers other than floats | refused |
//! | more texts than a provider takes at once | refused: Cohere takes 96, Gemini 100 |
//! | texts that are too long | cut only where the client's dialect cuts, or the client says so |
//!
//! Vectors of two models have nothing to do with each other: a route for embeddings should name
//! one model, wherever it is served.

mod purpose;
mod vector;

use bytes::Bytes;
use towerman_core::{Dialect, Fault, FaultKind, Losses};

pub(crate) use self::{
    purpose::Purpose,
    vector::{Answer, Vector, Wanted, count, input, one_text, texts},
};
use crate::{
    dialect::{self, To},
    neutral::{Notes, placed},
    translate::Job,
};

/// A request for vectors in another dialect.
#[derive(Clone, Debug)]
pub struct Translated {
    /// The body.
    pub body: Bytes,
    /// What was dropped on the way, or bent.
    pub losses: Losses,
    /// It asks for a list, where the path says that.
    pub many: bool,
    /// How the client wants its answer.
    pub told: Told,
}

/// How a client wants its vectors.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// As base64 of little-endian 32-bit floats.
    pub packed: bool,
    /// One vector, not a list of one, where its dialect knows the difference.
    pub single: bool,
    /// How many.
    pub count: usize,
    /// The model as it was asked for.
    pub model: String,
    /// The answer's id, where its dialect wants one.
    pub id: String,
}

/// What a dialect must be able to do that has embeddings.
pub(crate) trait Codec: Sync {
    /// Reads a client's body.
    fn read_request<'a>(&self, body: &'a str) -> Result<Wanted<'a>, Fault>;

    /// Writes a body for a provider.
    fn write_request(
        &self,
        wanted: Wanted<'_>,
        to: &To<'_>,
        notes: &mut Notes,
    ) -> Result<Bytes, Fault>;

    /// Reads a provider's answer; nothing if it is none.
    fn read_answer<'a>(&self, body: &'a [u8]) -> Option<Answer<'a>>;

    /// Writes an answer for a client.
    fn write_answer(&self, answer: Answer<'_>, told: &Told) -> Result<Bytes, Fault>;
}

/// Whether requests for vectors can go from one dialect to the other.
pub fn translates(from: Dialect, to: Dialect) -> bool {
    of(from).is_some() && of(to).is_some()
}

/// Writes a request for vectors in another dialect.
///
/// # Errors
///
/// A [`FaultKind::InvalidRequest`] whose param is the JSON pointer of what cannot be said.
pub fn request(job: &Job<'_>, body: &[u8]) -> Result<Translated, Fault> {
    let text = std::str::from_utf8(body)
        .map_err(|_| Fault::new(FaultKind::InvalidRequest, "the body is not UTF-8"))?;
    retold(job, text).map_err(|fault| placed(fault, text))
}

fn retold(job: &Job<'_>, text: &str) -> Result<Translated, Fault> {
    let missing = || towerman_core::Operation::Embed.missing();
    let reader = of(job.from).ok_or_else(missing)?;
    let writer = of(job.to).ok_or_else(missing)?;
    let mut notes = Notes::new(job.strict);
    let mut wanted = reader.read_request(text)?;
    for around in std::mem::take(&mut wanted.around) {
        let what = "dropped: only the client's own dialect knows it";
        around.rest.lose(&around.at, what, &mut notes)?;
    }
    let told = Told {
        packed: wanted.packed,
        single: wanted.single,
        count: wanted.texts.len(),
        ..Told::default()
    };
    let to = To {
        model: job.model,
        own: false,
        forced: false,
        unshaped: false,
    };
    let body = writer.write_request(wanted, &to, &mut notes)?;
    Ok(Translated {
        body,
        losses: notes.into_losses(),
        many: told.count != 1,
        told,
    })
}

/// Writes a provider's vectors for a client.
///
/// # Errors
///
/// A [`FaultKind::BadGateway`] if they are no vectors, or not as many as there were texts.
pub fn response(from: Dialect, to: Dialect, body: &[u8], told: &Told) -> Result<Bytes, Fault> {
    let bad = || {
        Fault::new(
            FaultKind::BadGateway,
            "the provider's answer could not be understood",
        )
    };
    let (reader, writer) = of(from).zip(of(to)).ok_or_else(bad)?;
    let answer = reader.read_answer(body).ok_or_else(bad)?;
    // Whoever answers with base64 that was not asked for may mean other numbers than floats.
    let packed = |vector: &Vector<'_>| matches!(vector, Vector::Packed(_));
    if !told.packed && answer.vectors.iter().any(packed) {
        return Err(bad());
    }
    if answer.vectors.len() != told.count {
        let message = "the provider did not answer with one vector for each text";
        return Err(Fault::new(FaultKind::BadGateway, message));
    }
    writer.write_answer(answer, told)
}

fn of(dialect: Dialect) -> Option<&'static dyn Codec> {
    dialect::of(dialect).vectors()
}
