//! Writes JSON objects with their keys in the order that the real provider sends them.

/// A piece of finished JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Raw(pub(crate) String);

impl Raw {
    pub(crate) fn null() -> Self {
        Self("null".to_owned())
    }
}

/// A value that can be written as JSON.
pub(crate) trait Json {
    fn write(&self, out: &mut String);
}

impl Json for Raw {
    fn write(&self, out: &mut String) {
        out.push_str(&self.0);
    }
}

impl Json for str {
    fn write(&self, out: &mut String) {
        out.push_str(&crate::json::quoted(self));
    }
}

impl Json for String {
    fn write(&self, out: &mut String) {
        self.as_str().write(out);
    }
}

impl Json for u64 {
    fn write(&self, out: &mut String) {
        out.push_str(&self.to_string());
    }
}

impl Json for bool {
    fn write(&self, out: &mut String) {
        out.push_str(if *self { "true" } else { "false" });
    }
}

impl<T: Json> Json for Option<T> {
    fn write(&self, out: &mut String) {
        match self {
            Some(value) => value.write(out),
            None => out.push_str("null"),
        }
    }
}

impl<T: Json> Json for Vec<T> {
    fn write(&self, out: &mut String) {
        out.push('[');
        for (at, item) in self.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            item.write(out);
        }
        out.push(']');
    }
}

impl<T: Json + ?Sized> Json for &T {
    fn write(&self, out: &mut String) {
        (**self).write(out);
    }
}

/// An object: `object! { "id": id, "usage": usage }`. A member after `if` is left out unless its
/// condition holds: `if last => "usage": usage`.
macro_rules! object {
    ($($(if $when:expr =>)? $key:literal: $value:expr),* $(,)?) => {{
        let mut out = String::from("{");
        $(
            #[allow(unused_mut, unused_assignments)]
            let mut wanted = true;
            $(wanted = $when;)?
            if wanted {
                if out.len() > 1 {
                    out.push(',');
                }
                out.push_str(concat!("\"", $key, "\":"));
                // Taken by value, so that objects can be passed on into larger ones.
                let value = $value;
                $crate::object::Json::write(&value, &mut out);
            }
        )*
        out.push('}');
        $crate::object::Raw(out)
    }};
}
pub(crate) use object;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_keep_their_order() {
        let value = object! {
            "z": "é\"", "a": 1u64, "n": None::<u64>, "l": vec![object! {}, Raw::null()],
            if false => "no": true, if true => "yes": false,
        };
        assert_eq!(
            value.0,
            r#"{"z":"é\"","a":1,"n":null,"l":[{},null],"yes":false}"#
        );
    }
}
