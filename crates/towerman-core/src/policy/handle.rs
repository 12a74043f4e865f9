//! Swaps one policy for the next.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use arc_swap::ArcSwap;

use super::{Draft, Policy, PolicyError, compile::compile};
use crate::{Board, Slot};

/// The policy in force. Cloning shares it: every layer of a stack, and every stack of a process,
/// holds the same handle.
///
/// Reading is wait-free. Requests keep the policy that they began with.
#[derive(Clone)]
pub struct PolicyHandle(Arc<Shared>);

struct Shared {
    current: ArcSwap<Policy>,
    /// Held while a swap is under way, so that revisions are handed out in order.
    slots: Mutex<Slots>,
}

/// Names that have a slot. Entries are never removed: a slot outlives the policies that use it.
#[derive(Default)]
pub(super) struct Slots {
    known: Mutex<HashMap<Box<str>, Place>>,
}

type Place = (Slot, Arc<Board>);

impl Slots {
    pub(super) fn assign(&self, name: &str) -> Place {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        // Slot 0 is the unrouted service.
        let next = Slot(u32::try_from(known.len() + 1).unwrap_or(u32::MAX));
        let (slot, board) = known
            .entry(name.into())
            .or_insert_with(|| (next, Arc::default()));
        (*slot, Arc::clone(board))
    }
}

impl PolicyHandle {
    /// Compiles `draft` and puts it in force.
    ///
    /// # Errors
    ///
    /// If the draft does not hold together; the error says where and what would be right.
    pub fn new(draft: Draft) -> Result<Self, PolicyError> {
        let slots = Slots::default();
        let policy = compile(draft, 1, &slots)?;
        Ok(Self(Arc::new(Shared {
            current: ArcSwap::from_pointee(policy),
            slots: Mutex::new(slots),
        })))
    }

    /// The policy in force.
    pub fn load(&self) -> Arc<Policy> {
        self.0.current.load_full()
    }

    /// Compiles `draft` and puts it in force.
    ///
    /// # Errors
    ///
    /// If the draft does not hold together; the policy in force stays.
    pub fn swap(&self, draft: Draft) -> Result<Arc<Policy>, PolicyError> {
        let slots = self.slots();
        let policy = Arc::new(compile(draft, self.load().revision() + 1, &slots)?);
        self.0.current.store(Arc::clone(&policy));
        Ok(policy)
    }

    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.0.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for PolicyHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PolicyHandle")
            .field(&self.load().revision())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Dialect, Priority,
        policy::{EndpointDraft, ProviderDraft, RouteDraft, TenantDraft},
    };

    fn draft(models: &[&str]) -> Draft {
        Draft::new()
            .provider(ProviderDraft::url(
                "a",
                Dialect::OpenAiChat,
                "http://127.0.0.1:1",
            ))
            .route(RouteDraft::new("chat", models.iter().copied()))
    }

    #[test]
    fn an_endpoint_keeps_its_slot_and_board_through_swaps() {
        let handle = PolicyHandle::new(draft(&["a/x", "a/y"])).unwrap();
        let before = handle.load();
        let after = handle.swap(draft(&["a/z", "a/y"])).unwrap();
        let find = |policy: &Policy, name: &str| {
            policy
                .endpoints()
                .iter()
                .find(|e| &*e.name == name)
                .cloned()
                .unwrap()
        };
        let (old, new) = (find(&before, "a/y"), find(&after, "a/y"));
        assert_eq!(old.slot, new.slot);
        assert!(Arc::ptr_eq(&old.board, &new.board));
        assert_ne!(find(&after, "a/z").slot, find(&before, "a/x").slot);
        assert_eq!(after.revision(), 2);
    }

    #[test]
    fn a_bad_draft_changes_nothing_and_says_what_would_be_right() {
        let handle = PolicyHandle::new(draft(&["a/x"])).unwrap();
        let error = handle.swap(draft(&["b/x"])).unwrap_err();
        assert_eq!(error.path(), "routes.chat.endpoints[0]");
        assert!(error.message().contains("expected one of \"a\""), "{error}");
        assert_eq!(handle.load().revision(), 1);
    }

    #[test]
    fn a_url_with_more_than_host_and_path_is_refused_and_not_repeated() {
        for url in [
            "http://user:hush@host",
            "http://hush@host",
            "http://host/?key=hush",
            "http://host?",
            "http://host/#hush",
            "ftp://hush",
            "hush:80",
            "hush",
            "",
        ] {
            let draft = Draft::new().provider(ProviderDraft::url("a", Dialect::OpenAiChat, url));
            let error = PolicyHandle::new(draft).unwrap_err();
            assert_eq!(error.path(), "providers.a.url");
            assert!(!error.to_string().contains("hush"), "{url}: {error}");
        }
    }

    #[test]
    fn the_first_unused_endpoint_is_named_on_every_run() {
        // With so many, a map's own order names another one almost every time.
        let mut unused = draft(&["a/x"]);
        for number in 0..64 {
            unused = unused.endpoint(EndpointDraft::new(format!("a/{number}")));
        }
        let error = PolicyHandle::new(unused).unwrap_err();
        assert_eq!(error.path(), "endpoints.\"a/0\"");
    }

    #[test]
    fn debug_shows_no_digest_of_a_key() {
        let draft = draft(&["a/x"]).tenant(TenantDraft {
            name: "search".into(),
            keys: vec![[0xAB; 32]],
            priority: Priority::Normal,
            ceiling: Priority::High,
            routes: None,
        });
        let policy = PolicyHandle::new(draft.clone()).unwrap().load();
        for shown in [format!("{draft:?}"), format!("{policy:?}")] {
            assert!(shown.contains("search"), "{shown}");
            assert!(!shown.contains("171, 171"), "{shown}");
        }
    }
}
