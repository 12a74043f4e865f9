//! Writes response heads: ids, rate limits, and the answers that come instead of a model's.

use std::{
    sync::atomic::Ordering,
    time::{Duration, SystemTime},
};

use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};

use crate::{
    fault::{Fault, RetryAfter},
    hash,
    reel::Reel,
    sim::Core,
    trouble::{Problem, Trouble},
    when,
    wire::Form,
};

/// What is known of a response before its status is.
#[derive(Debug)]
pub(crate) struct Head {
    /// The request's number at this provider.
    pub(crate) number: u64,
    pub(crate) request_id: String,
    pub(crate) now: SystemTime,
    /// The form that the answer is to have, as far as the path tells.
    pub(crate) form: Form,
}

impl Head {
    pub(crate) fn new(core: &Core, form: Form) -> Self {
        let number = core.number.fetch_add(1, Ordering::Relaxed);
        let seed = hash::mix(hash::of(core.name.as_bytes()), !number);
        Self {
            number,
            request_id: core.wire().request_id(seed),
            now: SystemTime::now(),
            form,
        }
    }

    /// A 200 for a prompt of so many tokens.
    pub(crate) fn ok(&self, core: &Core, form: Form, tokens: u64, reel: Reel) -> Response<Reel> {
        let content_type = core.wire().content_type(form);
        let mut response = self.respond(core, StatusCode::OK, content_type, reel);
        self.limit(core, response.headers_mut(), tokens, None);
        response
    }

    /// An error in the dialect's own words.
    pub(crate) fn problem(&self, core: &Core, problem: &Problem) -> Response<Reel> {
        let wire = core.wire();
        let reel = Reel::whole(wire.error(self.form, problem, &self.request_id));
        let content_type = wire.error_type(self.form);
        let mut response = self.respond(core, problem.status, content_type, reel);
        for (name, value) in wire.error_headers(problem) {
            set(response.headers_mut(), name, &value);
        }
        response
    }

    /// The response that a fault puts in the place of any other.
    pub(crate) fn instead(&self, core: &Core, fault: &Fault) -> Option<Response<Reel>> {
        let trouble = match fault {
            Fault::Html { status: code } => {
                let reel = Reel::whole(format!(
                    "<!DOCTYPE html>\n<html>\n<head><title>{code}</title></head>\n<body>\n<center><h1>{code}</h1>\
                     </center>\n<hr><center>cloudflare</center>\n</body>\n</html>\n"
                ));
                return Some(self.respond(core, known(*code), "text/html; charset=UTF-8", reel));
            }
            Fault::RateLimited(retry_after) => {
                let reset = match retry_after {
                    RetryAfter::RateLimitReset(span) => Some(*span),
                    _ => None,
                };
                let problem = core.wire().problem(&Trouble::RateLimited { reset });
                let mut response = self.problem(core, &problem);
                self.retry_after(core, response.headers_mut(), *retry_after);
                return Some(response);
            }
            Fault::QuotaExceeded => Trouble::Quota,
            Fault::Overloaded => Trouble::Overloaded,
            Fault::Status(code) => Trouble::Status(known(*code)),
            _ => return None,
        };
        let mut response = self.problem(core, &core.wire().problem(&trouble));
        if let Fault::Status(code) = fault {
            // The dialect's words may be borrowed from a neighbour; the status is what was asked for.
            *response.status_mut() = known(*code);
            if response.status().is_redirection() {
                set(response.headers_mut(), "location", "/elsewhere");
            }
        }
        Some(response)
    }

    fn retry_after(&self, core: &Core, headers: &mut HeaderMap, retry_after: RetryAfter) {
        match retry_after {
            RetryAfter::Seconds(seconds) => set(headers, "retry-after", &seconds.to_string()),
            RetryAfter::Millis(millis) => set(headers, "retry-after-ms", &millis.to_string()),
            RetryAfter::HttpDate(span) => set(
                headers,
                "retry-after",
                &httpdate::fmt_http_date(self.now + span),
            ),
            RetryAfter::RateLimitReset(span) => self.limit(core, headers, 0, Some(span)),
            RetryAfter::None => {}
            RetryAfter::Garbage => set(headers, "retry-after", "soon"),
        }
    }

    fn limit(
        &self,
        core: &Core,
        headers: &mut HeaderMap,
        tokens: u64,
        exhausted: Option<Duration>,
    ) {
        for (name, value) in core.wire().limits(tokens, when::unix(self.now), exhausted) {
            set(headers, name, &value);
        }
    }

    fn respond(
        &self,
        core: &Core,
        status: StatusCode,
        content_type: &'static str,
        reel: Reel,
    ) -> Response<Reel> {
        let wire = core.wire();
        let length = reel.length;
        let mut response = Response::new(reel);
        *response.status_mut() = status;
        let headers = response.headers_mut();
        set(headers, "date", &httpdate::fmt_http_date(self.now));
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        if let Some(length) = length {
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        }
        if let Some(name) = wire.request_id_header() {
            set(headers, name, &self.request_id);
        }
        for (name, value) in wire.common_headers() {
            set(headers, name, value);
        }
        response
    }
}

fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    // Every value written here is visible ASCII.
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}

/// The status of this number; 500 for a number that is none.
fn known(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
