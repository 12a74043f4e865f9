//! Thought signatures. They are bytes, which JSON spells in base64: its clients decode them, so
//! that what another provider sealed must be spelt so, too.

use std::borrow::Cow;

use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD},
};

use crate::neutral::{Maker, Seal, Sealed};

/// How `tm1.` begins in base64: what stands before a seal of another provider.
const WRAPPED: &str = "dG0xL";

/// A signature as it was told, or as Gemini made it.
pub(super) fn read(text: Cow<'_, str>) -> Seal<'_> {
    let unwrapped = text.starts_with(WRAPPED).then(|| decode(&text)).flatten();
    let text = unwrapped.map_or(text, Cow::Owned);
    Seal::read(Maker::Gemini, Sealed::Signature, text)
}

/// A signature for a client.
pub(super) fn told(seal: &Seal<'_>) -> String {
    match seal.told(Maker::Gemini) {
        Cow::Borrowed(own) => own.to_owned(),
        Cow::Owned(wrapped) => BASE64_STANDARD.encode(wrapped),
    }
}

/// Either alphabet, padded or not: clients decode and encode as they please.
fn decode(text: &str) -> Option<String> {
    let standard = text
        .trim_end_matches('=')
        .replace('-', "+")
        .replace('_', "/");
    let bytes = BASE64_STANDARD_NO_PAD.decode(standard).ok()?;
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_of_any_maker_comes_home_through_a_client_that_decodes_it() {
        for maker in [Maker::Gemini, Maker::Anthropic, Maker::OpenAi] {
            let seal = Seal {
                maker,
                kind: Sealed::Signature,
                data: "Ab+/_-9=?~".into(),
            };
            let told = told(&seal);
            assert_eq!(told.starts_with(WRAPPED), maker != Maker::Gemini);
            let other = told.replace('+', "-").replace('/', "_");
            if maker != Maker::Gemini {
                assert_eq!(read(other.trim_end_matches('=').to_owned().into()), seal);
            }
            assert_eq!(read(told.into()), seal);
        }
    }
}
