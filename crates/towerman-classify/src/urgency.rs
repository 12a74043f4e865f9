//! How urgent a request may be. Pure.

use http::{HeaderMap, HeaderName};
use towerman_core::{Fault, FaultKind, Priority, Tenant};

/// The priority of a request, and the one it asked for if that was too much.
pub(crate) fn priority(
    headers: &HeaderMap,
    name: &HeaderName,
    tenant: &Tenant,
) -> Result<(Priority, Option<Priority>), Fault> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else {
        return Ok((tenant.priority, None));
    };
    let refused =
        |message: String| Fault::new(FaultKind::InvalidRequest, message).param(name.to_string());
    if values.next().is_some() {
        return Err(refused(format!("{name} is there twice")));
    }
    let asked: Priority = value
        .to_str()
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .ok_or_else(|| {
            refused(format!(
                "{name} must be critical, high, normal, low or batch"
            ))
        })?;
    let granted = asked.min(tenant.ceiling);
    Ok((granted, (granted != asked).then_some(asked)))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const NAME: HeaderName = HeaderName::from_static("x-priority");

    fn of(values: &[&'static str]) -> Result<(Priority, Option<Priority>), FaultKind> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(NAME, HeaderValue::from_static(value));
        }
        let tenant = Tenant {
            name: "t".into(),
            priority: Priority::Low,
            ceiling: Priority::High,
            routes: None,
        };
        priority(&headers, &NAME, &tenant).map_err(|fault| fault.kind())
    }

    #[test]
    fn the_ceiling_holds_and_garbage_is_refused() {
        assert_eq!(of(&[]), Ok((Priority::Low, None)));
        assert_eq!(of(&["Batch"]), Ok((Priority::Batch, None)));
        assert_eq!(of(&["high"]), Ok((Priority::High, None)));
        assert_eq!(
            of(&["critical"]),
            Ok((Priority::High, Some(Priority::Critical)))
        );
        assert_eq!(of(&["urgent"]), Err(FaultKind::InvalidRequest));
        assert_eq!(of(&["high", "low"]), Err(FaultKind::InvalidRequest));
    }
}
