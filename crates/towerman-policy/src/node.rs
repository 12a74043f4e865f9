//! A value in a document that knows where it stands and can say what is wrong with it.
//!
//! Readers return `None` once they have complained, so that one walk finds every error.

use std::{
    collections::HashSet,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    ops::RangeInclusive,
    time::Duration,
};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};
use towerman_core::Secret;

use crate::{
    reading::Reading,
    units,
    words::{did_you_mean, list},
};

/// A value.
pub(crate) struct Node<'a> {
    pub(crate) reading: &'a Reading<'a>,
    value: &'a DeValue<'a>,
    at: usize,
    path: String,
}

/// A table whose keys are known words.
pub(crate) struct Table<'a> {
    reading: &'a Reading<'a>,
    entries: &'a DeTable<'a>,
    at: usize,
    path: String,
}

impl<'a> Node<'a> {
    fn new(reading: &'a Reading<'a>, value: &'a DeValue<'a>, at: usize, path: String) -> Self {
        reading.place(at, &path);
        Self {
            reading,
            value,
            at,
            path,
        }
    }

    /// Says that this value is wrong.
    pub(crate) fn fail(&self, message: impl Into<String>) {
        self.reading.fail(self.at, &self.path, message);
    }

    fn or_fail<T>(&self, read: Result<T, impl Into<String>>) -> Option<T> {
        read.map_err(|message| self.fail(message)).ok()
    }

    fn is_no<T>(&self, expected: &str) -> Option<T> {
        // The value itself may be a secret in the wrong place, so only its type is said.
        let article = match self.value {
            DeValue::Integer(_) | DeValue::Array(_) => "an",
            _ => "a",
        };
        let written = self.value.type_str();
        self.fail(format!("must be {expected}, not {article} {written}"));
        None
    }

    /// A table with some of the `allowed` keys and no other.
    pub(crate) fn table(&self, allowed: &[&str]) -> Option<Table<'a>> {
        let DeValue::Table(entries) = self.value else {
            return self.is_no("a table");
        };
        let table = Table::new(self.reading, entries, self.at, self.path.clone());
        table.refuse_others(allowed);
        Some(table)
    }

    /// The entries of a table whose keys are names, as written. `key` makes the name a part of
    /// the path.
    pub(crate) fn entries(&self, key: impl Fn(&str) -> String) -> Vec<(&'a str, Self)> {
        let DeValue::Table(entries) = self.value else {
            return self.is_no("a table").unwrap_or_default();
        };
        let mut entries: Vec<_> = entries
            .iter()
            .map(|(name, value)| {
                let path = format!("{}.{}", self.path, key(name.get_ref()));
                let at = start(name, value);
                let node = Node::new(self.reading, value.get_ref(), at, path);
                (name.span().start, name.get_ref().as_ref(), node)
            })
            .collect();
        entries.sort_by_key(|(at, ..)| *at);
        entries
            .into_iter()
            .map(|(_, name, node)| (name, node))
            .collect()
    }

    /// The names of a table's entries that are tables with `key` in them. Looks ahead, and so
    /// complains of nothing.
    pub(crate) fn names_with(&self, key: &str) -> HashSet<&'a str> {
        let entries = self.value.as_table().into_iter().flatten();
        entries
            .filter(|(_, value)| {
                let entry = value.get_ref().as_table();
                entry.is_some_and(|entry| entry.contains_key(key))
            })
            .map(|(name, _)| name.get_ref().as_ref())
            .collect()
    }

    /// Whether something is wrong with this value or within it.
    pub(crate) fn is_wrong(&self) -> bool {
        self.reading.is_wrong(&self.path)
    }

    /// The same value under another path: for short forms.
    pub(crate) fn called(&self, key: &str) -> Self {
        let path = format!("{}.{key}", self.path);
        Node::new(self.reading, self.value, self.at, path)
    }

    pub(crate) fn is_array(&self) -> bool {
        self.value.is_array()
    }

    pub(crate) fn is_table(&self) -> bool {
        self.value.is_table()
    }

    /// The items of an array.
    pub(crate) fn items(&self) -> Option<Vec<Self>> {
        let DeValue::Array(items) = self.value else {
            return self.is_no("an array");
        };
        let item = |(index, item): (usize, &'a Spanned<DeValue<'a>>)| {
            let path = format!("{}[{index}]", self.path);
            Node::new(self.reading, item.get_ref(), item.span().start, path)
        };
        Some(items.iter().enumerate().map(item).collect())
    }

    /// A string.
    pub(crate) fn text(&self) -> Option<&'a str> {
        match self.value {
            DeValue::String(text) => Some(text),
            _ => self.is_no("a string"),
        }
    }

    /// `true` or `false`.
    pub(crate) fn flag(&self) -> Option<bool> {
        match self.value {
            DeValue::Boolean(flag) => Some(*flag),
            _ => self.is_no("true or false"),
        }
    }

    /// An integer.
    pub(crate) fn count<T: TryFrom<u64>>(&self, range: RangeInclusive<u64>) -> Option<T> {
        let DeValue::Integer(integer) = self.value else {
            return self.is_no("an integer");
        };
        let number = u64::from_str_radix(integer.as_str(), integer.radix()).ok();
        let fits = number.filter(|number| range.contains(number));
        let read = fits.and_then(|number| T::try_from(number).ok());
        if read.is_none() {
            self.fail(format!("must be from {} to {}", range.start(), range.end()));
        }
        read
    }

    /// One of `names`.
    pub(crate) fn choice<S: AsRef<str>>(&self, names: &[S]) -> Option<&'a str> {
        let text = self.text()?;
        if names.iter().any(|name| name.as_ref() == text) {
            return Some(text);
        }
        self.fail(format!(
            "\"{text}\" is unknown{}; expected one of {}",
            did_you_mean(text, names),
            list(names)
        ));
        None
    }

    /// A duration.
    pub(crate) fn duration(&self) -> Option<Duration> {
        match self.value {
            DeValue::String(text) => self.or_fail(units::duration(text)),
            _ => self.is_no("a duration such as \"30s\""),
        }
    }

    /// A duration that is not zero.
    pub(crate) fn some_time(&self) -> Option<Duration> {
        let duration = self.duration()?;
        if duration.is_zero() {
            self.fail("must be longer than nothing");
            return None;
        }
        Some(duration)
    }

    /// A number of bytes.
    pub(crate) fn bytes(&self) -> Option<usize> {
        match self.value {
            DeValue::String(text) => self.or_fail(units::bytes(text)),
            DeValue::Integer(_) => {
                let bytes = self.count(0..=u64::MAX / 2)?;
                self.or_fail(units::size(bytes).ok_or(units::TOO_LARGE))
            }
            _ => self.is_no("a size such as \"32MiB\""),
        }
    }

    /// Dollars per million tokens, in pico-dollars per token.
    pub(crate) fn price(&self) -> Option<u64> {
        self.or_fail(match self.value {
            DeValue::String(text) => units::price(text),
            DeValue::Integer(integer) if integer.radix() == 10 => units::price(integer.as_str()),
            // The digits as written: a price never passes through binary floating point.
            DeValue::Float(float) => units::price(float.as_str()),
            _ => units::price(""),
        })
    }

    /// An IP address and a port.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        let example = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
        let read = self.text()?.parse();
        self.or_fail(
            read.map_err(|_| format!("must be an IP address and a port, such as \"{example}\"")),
        )
    }

    /// A secret, found where the value says that it is.
    pub(crate) fn secret(&self) -> Option<Secret> {
        let found = self.reference().unwrap_or_else(|| {
            Err("is a literal, and secrets do not belong into this file; \
                 write \"env:NAME\" or \"file:PATH\""
                .into())
        });
        self.or_fail(found)
    }

    /// The secret that the value refers to; `None` if it is no reference.
    pub(crate) fn reference(&self) -> Option<Result<Secret, String>> {
        let DeValue::String(text) = self.value else {
            return Some(Err("must be \"env:NAME\" or \"file:PATH\"".into()));
        };
        if let Some(name) = text.strip_prefix("env:") {
            Some(self.reading.env(name))
        } else {
            let path = text.strip_prefix("file:")?;
            Some(self.reading.secret_file(path))
        }
    }
}

impl<'a> Table<'a> {
    pub(crate) fn new(
        reading: &'a Reading<'a>,
        entries: &'a DeTable<'a>,
        at: usize,
        path: String,
    ) -> Self {
        Self {
            reading,
            entries,
            at,
            path,
        }
    }

    /// Says that something is missing here.
    pub(crate) fn fail(&self, message: impl Into<String>) {
        self.reading.fail(self.at, &self.path, message);
    }

    /// The value of a key.
    pub(crate) fn get(&self, key: &str) -> Option<Node<'a>> {
        let (name, value) = self.entries.get_key_value(key)?;
        let (at, path) = (start(name, value), self.path_of(key));
        Some(Node::new(self.reading, value.get_ref(), at, path))
    }

    /// Puts the value of a key into `place`, if there is one and `read` finds no fault with it.
    pub(crate) fn set<T>(
        &self,
        key: &str,
        place: &mut T,
        read: impl FnOnce(&Node<'a>) -> Option<T>,
    ) {
        if let Some(value) = self.get(key).and_then(|node| read(&node)) {
            *place = value;
        }
    }

    pub(crate) fn refuse_others(&self, allowed: &[&str]) {
        for name in self.entries.keys() {
            let key = name.get_ref().as_ref();
            if !allowed.contains(&key) {
                let message = format!(
                    "unknown key{}; expected one of {}",
                    did_you_mean(key, allowed),
                    list(allowed)
                );
                let path = self.path_of(&quoted(key));
                self.reading.fail(name.span().start, &path, message);
            }
        }
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }
}

/// A name as a part of a path: in quotes if TOML would want them.
pub(crate) fn quoted(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !name.is_empty() && name.chars().all(plain) {
        name.to_owned()
    } else {
        format!("\"{name}\"")
    }
}

/// Where an entry stands: a table at its name, anything else at its value.
fn start(name: &Spanned<impl Sized>, value: &Spanned<DeValue<'_>>) -> usize {
    if value.get_ref().is_table() {
        name.span().start
    } else {
        value.span().start
    }
}
