//! What vectors are for.

/// What vectors are for, where a model makes others for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To search with.
    Query,
    /// To be found.
    Document,
    Classification,
    Clustering,
    Similarity,
    Question,
    Facts,
    CodeQuery,
}

/// Each, as Gemini and as Cohere call it, and whether Cohere means the same.
const NAMES: [(Purpose, &str, &str, bool); 8] = [
    (Purpose::Query, "RETRIEVAL_QUERY", "search_query", true),
    (
        Purpose::Document,
        "RETRIEVAL_DOCUMENT",
        "search_document",
        true,
    ),
    (
        Purpose::Classification,
        "CLASSIFICATION",
        "classification",
        true,
    ),
    (Purpose::Clustering, "CLUSTERING", "clustering", true),
    (
        Purpose::Similarity,
        "SEMANTIC_SIMILARITY",
        "clustering",
        false,
    ),
    (
        Purpose::Question,
        "QUESTION_ANSWERING",
        "search_query",
        false,
    ),
    (Purpose::Facts, "FACT_VERIFICATION", "search_query", false),
    (
        Purpose::CodeQuery,
        "CODE_RETRIEVAL_QUERY",
        "search_query",
        false,
    ),
];

impl Purpose {
    pub(crate) fn of_gemini(name: &str) -> Option<Self> {
        let found = NAMES.iter().find(|(_, gemini, ..)| *gemini == name);
        found.map(|(purpose, ..)| *purpose)
    }

    pub(crate) fn of_cohere(name: &str) -> Option<Self> {
        let found = NAMES
            .iter()
            .find(|(_, _, cohere, same)| *same && *cohere == name);
        found.map(|(purpose, ..)| *purpose)
    }

    pub(crate) fn gemini(self) -> &'static str {
        self.row().1
    }

    /// Cohere's word, and whether it means the same.
    pub(crate) fn cohere(self) -> (&'static str, bool) {
        let (_, _, cohere, same) = self.row();
        (cohere, *same)
    }

    fn row(self) -> &'static (Self, &'static str, &'static str, bool) {
        let found = NAMES.iter().find(|(purpose, ..)| *purpose == self);
        found.unwrap_or(&NAMES[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_purpose_has_its_words() {
        for (purpose, gemini, cohere, same) in NAMES {
            assert_eq!(Purpose::of_gemini(gemini), Some(purpose));
            assert_eq!(purpose.gemini(), gemini);
            assert_eq!(purpose.cohere(), (cohere, same));
            assert_eq!(Purpose::of_cohere(cohere) == Some(purpose), same);
        }
        assert_eq!(Purpose::of_gemini("TASK_TYPE_UNSPECIFIED"), None);
        assert_eq!(Purpose::of_cohere("image"), None);
    }
}
