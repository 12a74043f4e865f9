//! What came of it, as the documentation shows it.

use std::{collections::BTreeMap, fmt, fmt::Write as _, fs};

use sha2::{Digest as _, Sha256};
use towerman::core::Dialect;
use towerman_tests::root;

use crate::{
    recording::Recording,
    trial::{Kind, Outcome, Trial},
};

const FILE: &str = "crates/towerman/docs/dialects.md";
const MARKS: [&str; 2] = ["<!-- recorded: begin -->\n", "<!-- recorded: end -->\n"];
/// Set to write the documentation anew.
const BLESS: &str = "TOWERMAN_BLESS";

#[derive(Debug)]
pub(crate) struct Report {
    text: String,
    /// Which recordings it speaks of.
    source: String,
}

/// Accepted, refused, failed.
type Counts = [usize; 3];

impl Report {
    pub(crate) fn new(recordings: &[Recording], others: usize, trials: &[Trial<'_>]) -> Self {
        let mut hash = Sha256::new();
        recordings
            .iter()
            .for_each(|one| hash.update(one.name.as_bytes()));
        let hash: String = hash
            .finalize()
            .iter()
            .take(6)
            .fold(String::new(), |mut all, byte| {
                let _ = write!(all, "{byte:02x}");
                all
            });
        let source = format!("{} recordings ({hash})", recordings.len());
        let mut text = format!("Of {source}. Each cell: accepted / refused / failed.\n");
        for (kind, title) in [
            (
                Kind::Whole,
                "Whole answers: the provider's dialect, down, in the client's",
            ),
            (
                Kind::Stream,
                "Streams: the provider's dialect, down, in the client's",
            ),
            (
                Kind::Error,
                "Errors: the provider's dialect, down, in the client's",
            ),
            (
                Kind::Request,
                "Requests: the client's dialect, down, in the provider's",
            ),
        ] {
            let of: Vec<_> = trials.iter().filter(|trial| trial.kind == kind).collect();
            let _ = write!(text, "\n### {title}\n\n{}", table(&of));
        }
        text += &reasons(trials);
        let _ = writeln!(
            text,
            "\n{others} more recordings are of APIs that are no dialect here: embeddings, token counts, and the like."
        );
        Self { text, source }
    }

    /// Fails if the documentation shows anything else. Other recordings than those that it speaks
    /// of have another table.
    pub(crate) fn check_documentation(&self) {
        let path = root().join(FILE);
        let page = fs::read_to_string(&path).unwrap();
        let [begin, end] = MARKS.map(|mark| page.find(mark).unwrap_or_else(|| panic!("no {mark}")));
        let begin = begin + MARKS[0].len();
        if std::env::var_os(BLESS).is_some() {
            let page = [&page[..begin], "\n", &self.text, "\n", &page[end..]].concat();
            return fs::write(path, page).unwrap();
        }
        let shown = page[begin..end].trim();
        if !shown.contains(&self.source) {
            println!(
                "{FILE} IS NOT COMPARED: it shows other recordings than {}",
                self.source
            );
            return;
        }
        assert!(
            shown == self.text.trim(),
            "{FILE} is out of date: run this with {BLESS}=1"
        );
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn count<'a>(trials: impl Iterator<Item = &'a Trial<'a>>) -> Counts {
    let mut counts = Counts::default();
    for trial in trials {
        match &trial.outcome {
            Some(Outcome::Accepted) => counts[0] += 1,
            Some(Outcome::Refused(_)) => counts[1] += 1,
            Some(Outcome::Failed(_)) | None => counts[2] += 1,
            Some(Outcome::Other(_)) => {}
        }
    }
    counts
}

fn table(trials: &[&Trial<'_>]) -> String {
    let names = Dialect::ALL.map(Dialect::as_str);
    let mut text = format!(
        "| | {} |\n|---|{}\n",
        names.join(" | "),
        "---|".repeat(names.len())
    );
    for from in Dialect::ALL {
        let _ = write!(text, "| {from} |");
        for to in Dialect::ALL {
            let cell = trials
                .iter()
                .filter(|trial| trial.from == from && trial.to == to);
            let [accepted, refused, failed] = count(cell.copied());
            let _ = write!(text, " {accepted} / {refused} / {failed} |");
        }
        text.push('\n');
    }
    text
}

/// Why there was nothing to accept, most frequent first.
fn reasons(trials: &[Trial<'_>]) -> String {
    let (mut refused, mut other) = (BTreeMap::new(), BTreeMap::<_, Vec<_>>::new());
    for trial in trials {
        match &trial.outcome {
            Some(Outcome::Refused(why)) => {
                *refused.entry((trial.to.as_str(), &**why)).or_insert(0) += 1;
            }
            Some(Outcome::Other(why)) if trial.to == Dialect::ALL[0] => {
                other.entry(why).or_default().push(trial.name);
            }
            _ => {}
        }
    }
    let mut refused: Vec<_> = refused.into_iter().collect();
    refused.sort_by_key(|(_, count): &(_, i32)| -count);
    let mut text = String::from(
        "\n### Why something was refused\n\n| times | into | because what stands there |\n|---|---|---|\n",
    );
    for ((to, why), count) in refused {
        let _ = writeln!(text, "| {count} | {to} | {} |", why.replace('|', "\\|"));
    }
    for (why, names) in other {
        let _ = writeln!(
            text,
            "\n{} are {why}, and were told apart: {}.",
            names.len(),
            names.join(", ")
        );
    }
    text
}
