//! The cursor, against `serde_json`.

use proptest::prelude::*;
use serde::de::IgnoredAny;

use super::*;

fn accepts(text: &str) -> bool {
    let mut cursor = Cursor::new(text.as_bytes());
    cursor.skip().and_then(|()| cursor.end()).is_ok()
}

#[test]
fn the_grammar_is_strict() {
    for good in [
        "0",
        "-0.5e+3",
        "1e308",
        "1e-999",
        r#"{"a":[1,{},[]," \u00e9\n"]}"#,
        " null ",
        "[ ]",
    ] {
        assert!(accepts(good), "{good}");
    }
    for bad in [
        "",
        "01",
        "1.",
        "-",
        "1e",
        "1e999",
        "-1e309",
        "+1",
        "NaN",
        "[1,]",
        "{,}",
        "{1:2}",
        "[}",
        "\"\n\"",
        "'a'",
        "\"\\x\"",
        "\"\\u12g4\"",
        "\"",
        "tru",
        "1 2",
        "\u{feff}{}",
        "{\"a\"}",
        "[1",
        "{\"a\":1",
    ] {
        assert!(!accepts(bad), "{bad}");
    }
}

#[test]
fn depth_is_limited_as_in_serde_json() {
    for depth in [126, 127, 128, 129, 100_000] {
        let text = "[".repeat(depth) + &"]".repeat(depth);
        let theirs = serde_json::from_str::<serde_json::Value>(&text).is_ok();
        assert_eq!(accepts(&text), theirs, "{depth}");
    }
}

#[test]
fn keys_are_told_apart_however_spelt() {
    let mut types = 0;
    let mut cursor = Cursor::new(br#"[{"type":"a","\u0074ype":1,"x":{"type":[]}}]"#);
    let walked = cursor.walk(|key, _| types += u32::from(key.is("type")));
    assert_eq!((walked, types), (Ok(()), 3));
}

proptest! {
    #[test]
    fn it_accepts_what_serde_json_accepts(
        text in r#"([\[\]{},: ]|"[ -~]{0,12}"|"a":|-?[0-9]{1,3}(\.[0-9]|e5 )?|true|null|\\u00e9){0,24}"#,
    ) {
        let theirs = serde_json::from_str::<IgnoredAny>(&text).is_ok();
        prop_assert_eq!(accepts(&text), theirs);
    }

    #[test]
    fn one_changed_byte_is_judged_as_serde_json_judges_it(at in 0_usize..60, byte in 0_u8..128) {
        let text = br#"{"a":[1.5e3,-0,{"b\n\u00e9":true,"c":null}],"some longer":" text"}"#;
        let mut text = text.to_vec();
        text[at] = byte;
        let text = String::from_utf8(text).unwrap();
        let theirs = serde_json::from_str::<IgnoredAny>(&text).is_ok();
        prop_assert_eq!(accepts(&text), theirs);
    }
}
