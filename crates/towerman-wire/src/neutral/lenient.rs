//! Shapes that providers mostly keep to: what is of another type counts for nothing, and costs the
//! rest of the answer nothing.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};

/// An object, if it is one.
#[derive(Debug)]
pub(crate) struct Shape<T>(pub(crate) Option<T>);

/// The objects of a list, if it is one.
#[derive(Debug)]
pub(crate) struct List<T>(pub(crate) Vec<T>);

struct Any<T>(PhantomData<T>);

/// What is made of a value that may be of any type.
trait Made<'de>: Default {
    fn of_map<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        IgnoredAny.visit_map(map).map(|_| Self::default())
    }

    fn of_seq<A: SeqAccess<'de>>(seq: A) -> Result<Self, A::Error> {
        IgnoredAny.visit_seq(seq).map(|_| Self::default())
    }
}

impl<'de, T: Deserialize<'de>> Made<'de> for Shape<T> {
    fn of_map<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(|shape| Self(Some(shape)))
    }
}

impl<'de, T: Deserialize<'de>> Made<'de> for List<T> {
    fn of_seq<A: SeqAccess<'de>>(mut seq: A) -> Result<Self, A::Error> {
        let mut list = Vec::new();
        while let Some(Shape(element)) = seq.next_element()? {
            list.extend(element);
        }
        Ok(Self(list))
    }
}

impl<'de, T: Made<'de>> Visitor<'de> for Any<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::of_map(map)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<T, A::Error> {
        T::of_seq(seq)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_unit<E: Error>(self) -> Result<T, E> {
        Ok(T::default())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Shape<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Any(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Any(PhantomData))
    }
}

impl<T> Default for Shape<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(default)]
    struct Said {
        a: u8,
    }

    #[test]
    fn what_is_of_another_type_counts_for_nothing() {
        let shape = |text| serde_json::from_str::<Shape<Said>>(text).unwrap().0;
        assert_eq!(shape(r#"{"a":1,"b":[{}]}"#), Some(Said { a: 1 }));
        for other in ["null", "true", "-1", "1", "0.5", "\"a\"", r#"[{"a":1}]"#] {
            assert_eq!(shape(other), None, "{other}");
        }
        let list = |text| serde_json::from_str::<List<Said>>(text).unwrap().0;
        let both = [Said { a: 1 }, Said { a: 2 }];
        assert_eq!(list(r#"[{"a":1},null,[{"a":3}],{"a":2}]"#), both);
        for other in ["null", "1", "\"a\"", r#"{"a":1}"#] {
            assert!(list(other).is_empty(), "{other}");
        }
    }
}
