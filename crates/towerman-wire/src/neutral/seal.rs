//! Reasoning that only its maker can read: signatures, encrypted thoughts.
//!
//! A client of another dialect than the maker's is told a seal in the place that its own dialect
//! has for one, wrapped so that its maker is known: `tm1.gemini.<data>`. When it comes back in the
//! history it is unwrapped for its maker, and left out for everybody else.

use std::borrow::Cow;

/// Who made a seal, and alone can read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Maker {
    Anthropic,
    Gemini,
    OpenAi,
    /// Some host behind OpenAI's chat dialect.
    Chat,
}

/// What a seal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sealed {
    /// It proves that a thought, a text or a call that stands in the clear is the model's own.
    Signature,
    /// It is the thought itself.
    Encrypted,
    /// It proves the call that follows, in a dialect whose calls have no place for it.
    Call,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seal<'a> {
    pub(crate) maker: Maker,
    pub(crate) kind: Sealed,
    pub(crate) data: Cow<'a, str>,
}

const WRAPPED: &str = "tm1.";

// === impl Maker ===

impl Maker {
    const ALL: [Self; 4] = [Self::Anthropic, Self::Gemini, Self::OpenAi, Self::Chat];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
            Self::OpenAi => "openai",
            Self::Chat => "chat",
        }
    }
}

// === impl Seal ===

impl<'a> Seal<'a> {
    /// Reads a seal in a place whose own seals are `native`'s.
    pub(crate) fn read(native: Maker, kind: Sealed, data: Cow<'a, str>) -> Self {
        let found = data.strip_prefix(WRAPPED).and_then(|rest| {
            let (maker, rest) = rest.split_once('.')?;
            let (sort, rest) = rest.split_once('.')?;
            let maker = Maker::ALL.into_iter().find(|one| one.as_str() == maker)?;
            let kind = match sort {
                "s" => Sealed::Signature,
                "e" => Sealed::Encrypted,
                "c" => Sealed::Call,
                _ => return None,
            };
            Some((maker, kind, data.len() - rest.len()))
        });
        match found {
            None => Self {
                maker: native,
                kind,
                data,
            },
            Some((maker, kind, from)) => Self {
                maker,
                kind,
                data: match data {
                    Cow::Borrowed(data) => Cow::Borrowed(&data[from..]),
                    Cow::Owned(data) => Cow::Owned(data[from..].to_owned()),
                },
            },
        }
    }

    /// The seal as it is told in a place whose own seals are `native`'s.
    pub(crate) fn told(&self, native: Maker) -> Cow<'_, str> {
        if self.maker == native {
            return Cow::Borrowed(&self.data);
        }
        let sort = match self.kind {
            Sealed::Signature => 's',
            Sealed::Encrypted => 'e',
            Sealed::Call => 'c',
        };
        format!("{WRAPPED}{}.{sort}.{}", self.maker.as_str(), self.data).into()
    }

    pub(crate) fn into_owned(self) -> Seal<'static> {
        Seal {
            maker: self.maker,
            kind: self.kind,
            data: self.data.into_owned().into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_comes_home_whatever_dialect_carries_it() {
        for maker in Maker::ALL {
            for kind in [Sealed::Signature, Sealed::Encrypted] {
                let seal = Seal {
                    maker,
                    kind,
                    data: "Es.c==".into(),
                };
                for native in Maker::ALL {
                    let told = seal.told(native).into_owned();
                    assert_eq!(told.starts_with(WRAPPED), maker != native);
                    let again = Seal::read(native, kind, told.into());
                    assert_eq!(again, seal);
                }
            }
        }
    }

    #[test]
    fn what_only_looks_wrapped_is_native() {
        for odd in ["tm1.", "tm1.nobody.s.x", "tm1.gemini.z.x", "tm1.gemini"] {
            let seal = Seal::read(Maker::Anthropic, Sealed::Signature, odd.into());
            assert_eq!((seal.maker, &*seal.data), (Maker::Anthropic, odd));
        }
    }
}
