//! Who asks.

use std::sync::{Arc, LazyLock};

use crate::Priority;

/// A caller, known by a verified key.
#[derive(Debug)]
pub struct Tenant {
    /// The name in ledgers, metrics and logs.
    pub name: Arc<str>,
    /// What its requests are when they do not say.
    pub priority: Priority,
    /// The most urgent class that its `X-Priority` may ask for.
    pub ceiling: Priority,
    /// The routes it may use; `None` is all.
    pub routes: Option<Box<[Box<str>]>>,
}

impl Tenant {
    /// The caller of a policy that has no tenants: normal priority, and no header raises it.
    pub fn anonymous() -> &'static Arc<Self> {
        static ANONYMOUS: LazyLock<Arc<Tenant>> = LazyLock::new(|| {
            Arc::new(Tenant {
                name: "anonymous".into(),
                priority: Priority::Normal,
                ceiling: Priority::Normal,
                routes: None,
            })
        });
        &ANONYMOUS
    }

    /// Whether this caller may use `route`.
    pub fn may_use(&self, route: &str) -> bool {
        self.routes
            .as_ref()
            .is_none_or(|routes| routes.iter().any(|allowed| **allowed == *route))
    }
}
