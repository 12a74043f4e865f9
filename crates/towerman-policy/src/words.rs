//! How errors name what would have been right. Pure.

/// `"a", "b", "c"`.
pub(crate) fn list<S: AsRef<str>>(names: &[S]) -> String {
    let quoted: Vec<String> = names
        .iter()
        .map(|name| format!("\"{}\"", name.as_ref()))
        .collect();
    quoted.join(", ")
}

/// What to say of a name that nothing has.
pub(crate) fn there_is_no(what: &str, name: &str, known: &[&str]) -> String {
    if known.is_empty() {
        return format!("there is no {what} \"{name}\", nor any other");
    }
    let mut sorted = known.to_vec();
    sorted.sort_unstable();
    let expected = list(&sorted);
    format!("there is no {what} \"{name}\"; expected one of {expected}")
}

/// ` (did you mean "strategy"?)`, or nothing.
pub(crate) fn did_you_mean<S: AsRef<str>>(written: &str, names: &[S]) -> String {
    nearest(written, names).map_or_else(String::new, |name| format!(" (did you mean \"{name}\"?)"))
}

/// The name that `written` is a slip of, if there is one.
fn nearest<'a, S: AsRef<str>>(written: &str, names: &'a [S]) -> Option<&'a str> {
    let tolerated = (written.chars().count() / 3).clamp(1, 3);
    names
        .iter()
        .map(|name| (distance(written, name.as_ref()), name.as_ref()))
        .filter(|(distance, _)| *distance <= tolerated)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// Levenshtein's distance.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_name_and_a_stranger_finds_none() {
        let names = ["strategy", "endpoints", "url"];
        assert_eq!(nearest("strategi", &names), Some("strategy"));
        assert_eq!(nearest("Endpoint", &names), Some("endpoints"));
        assert_eq!(nearest("urll", &names), Some("url"));
        assert_eq!(nearest("colour", &names), None);
        assert_eq!(nearest("", &names), None);
    }

    #[test]
    fn distance_counts_edits() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("same", "same"), 0);
    }
}
