//! How this request's client is spoken to.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use towerman_core::{Body, Dialect, Door, Early, Fault, FaultKind, RouteReport, find};
use towerman_wire::fault;

/// Where the client came in, and the name of its request.
#[derive(Clone, Debug)]
pub(crate) struct Voice {
    pub(crate) door: Door<'static>,
    /// What the client wants to know of what its request loses on the way.
    pub(crate) losses: Option<Wish>,
    /// The request asks no model: only what is said to it here is ours.
    pub(crate) foreign: bool,
    pub(crate) request_id: Option<HeaderValue>,
    pub(crate) report: RouteReport,
    /// What is logged on behalf of this request is logged in here.
    pub(crate) span: tracing::Span,
}

/// What a client wants to know of losses, by `x-towerman-losses`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// What they are: `report`.
    Report,
    /// That there are none: `strict`.
    Strict,
}

impl Wish {
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        match headers.get(LOSSES)?.as_bytes() {
            b"report" => Some(Self::Report),
            b"strict" => Some(Self::Strict),
            _ => None,
        }
    }
}

pub(crate) const LOSSES: HeaderName = HeaderName::from_static("x-towerman-losses");

impl Voice {
    /// For a path of no dialect: the dialect whose headers the client sends.
    pub(crate) fn guess(headers: &HeaderMap) -> Dialect {
        let anthropic =
            headers.contains_key("anthropic-version") || headers.contains_key("x-api-key");
        if anthropic {
            Dialect::Anthropic
        } else {
            Dialect::OpenAiChat
        }
    }

    fn name(&self) -> Option<&str> {
        self.request_id.as_ref().and_then(|id| id.to_str().ok())
    }

    /// The answer to an error from inside.
    pub(crate) fn answer(&self, error: &(dyn std::error::Error + 'static)) -> Response<Body> {
        if let Some(early) = find::<Early>(error) {
            return json(StatusCode::OK, early.json.clone());
        }
        match find::<Fault>(error) {
            Some(fault) => self.refuse(fault),
            None => {
                // Not one of ours: its text is for the log, not for the client.
                tracing::error!(target: "towerman::edge", error, "an error that no layer explained");
                self.refuse(&Fault::new(
                    FaultKind::Internal,
                    "the request could not be served",
                ))
            }
        }
    }

    /// The answer to a fault.
    pub(crate) fn refuse(&self, fault: &Fault) -> Response<Body> {
        self.report.refused(fault.kind());
        self.report.note(remark("refused", fault));
        let (status, body) = fault::render(self.door.dialect, fault, self.name());
        let mut response = json(status, body);
        let headers = response.headers_mut();
        if let Some(delay) = fault.delay() {
            headers.insert(header::RETRY_AFTER, seconds(delay).into());
        }
        if fault.kind() == FaultKind::MethodNotAllowed {
            headers.insert(
                header::ALLOW,
                HeaderValue::from_static(Method::POST.as_str()),
            );
        }
        response
    }

    /// The event that ends a stream which had begun.
    pub(crate) fn event(&self, error: &(dyn std::error::Error + 'static)) -> Bytes {
        let unexplained = Fault::new(FaultKind::BadGateway, "the answer broke off");
        let fault = find::<Fault>(error).unwrap_or(&unexplained);
        self.report.refused(fault.kind());
        self.report.note(remark("broke off", fault));
        fault::event(self.door.dialect, fault, self.name())
    }
}

fn json(status: StatusCode, body: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}

/// A fault as the report tells it: our words, and the part of the request that they are about.
///
/// Of the client's own text only names get in (of a model, of a member), and they are short.
fn remark(what: &str, fault: &Fault) -> String {
    let message = fault.message();
    let text = match fault.named_param() {
        None => format!("{what}: {message}"),
        Some(param) if is_name(param) => format!("{what}: {message} ({param})"),
        Some(param) => format!("{what}: {}", message.replace(param, "…")),
    };
    text.chars()
        .filter(|c| !c.is_control())
        .take(LONGEST)
        .collect()
}

/// The longest remark about a fault, in characters: room for our words and a model's name.
const LONGEST: usize = 512;

/// Whether `param` is what members, headers and JSON pointers look like.
fn is_name(param: &str) -> bool {
    let is_word = |part: &str| {
        let letters = |byte: u8| byte.is_ascii_alphabetic() || b"_-".contains(&byte);
        part.bytes().all(letters) || part.bytes().all(|byte| byte.is_ascii_digit())
    };
    param.len() <= 64 && param.split(['/', '.']).all(is_word)
}

/// What is wrong with the head of a request in a dialect, if anything is.
pub(crate) fn check_head<B>(request: &Request<B>, max_body: usize) -> Result<(), Fault> {
    if request.method() != Method::POST {
        let message = "this path takes POST requests only";
        return Err(Fault::new(FaultKind::MethodNotAllowed, message));
    }
    let headers = request.headers();
    let encoded = headers
        .get(header::CONTENT_ENCODING)
        .is_some_and(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity"));
    let form = headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"multipart/"));
    if encoded || form {
        let message = "the body must be plain JSON, not compressed and not a form";
        return Err(Fault::new(FaultKind::UnsupportedMediaType, message));
    }
    let length = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > max_body as u64) {
        return Err(too_large(max_body));
    }
    Ok(())
}

/// Too many requests are under way.
pub(crate) fn full() -> Fault {
    Fault::new(
        FaultKind::Unavailable,
        "too many requests are being served; try again in a moment",
    )
    .retry_after(Duration::from_secs(1))
}

/// The body is not coming.
pub(crate) fn too_late() -> Fault {
    Fault::new(FaultKind::RequestTimeout, "the body did not come in time")
}

pub(crate) fn too_large(max_body: usize) -> Fault {
    Fault::new(
        FaultKind::TooLarge,
        format!("the body is larger than the limit of {max_body} bytes"),
    )
}

/// Whole seconds, rounded up: a client that returns early is refused again.
fn seconds(delay: Duration) -> u64 {
    delay.as_secs() + u64::from(delay.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_after_is_rounded_up() {
        assert_eq!(seconds(Duration::from_millis(1)), 1);
        assert_eq!(seconds(Duration::from_secs(2)), 2);
    }

    #[test]
    fn a_remark_keeps_our_words_and_names_but_no_other_text_of_the_clients() {
        let fault = |message: &str| Fault::new(FaultKind::InvalidRequest, message.to_owned());
        let remark = |fault: Fault| remark("refused", &fault);
        assert_eq!(
            remark(fault("model: must be a string").param("model")),
            "refused: model: must be a string (model)"
        );
        assert_eq!(
            remark(fault("/messages/0/content is missing").param("/messages/0/content")),
            "refused: /messages/0/content is missing (/messages/0/content)"
        );
        for secret in ["my secret\u{7}", "s3cret", &"s".repeat(65)] {
            assert_eq!(
                remark(fault(&format!("{secret}: given twice")).param(secret.to_owned())),
                "refused: …: given twice"
            );
        }
        let long = remark(fault(&format!("a\nb{}", "c".repeat(10_000))));
        assert!(long.starts_with("refused: abccc"), "{long}");
        assert_eq!(long.chars().count(), LONGEST);
    }

    #[test]
    fn heads_that_cannot_be_served_are_told_why() {
        let refused = |request: http::request::Builder| {
            check_head(&request.body(()).unwrap(), 10)
                .unwrap_err()
                .kind()
        };
        let post = || Request::post("/");
        assert_eq!(refused(Request::get("/")), FaultKind::MethodNotAllowed);
        assert_eq!(
            refused(post().header("content-length", "11")),
            FaultKind::TooLarge
        );
        assert_eq!(
            refused(post().header("content-encoding", "gzip")),
            FaultKind::UnsupportedMediaType
        );
        assert!(check_head(&post().header("content-length", "10").body(()).unwrap(), 10).is_ok());
    }
}
