//! What a service asks for that is not given to the engine.
//!
//! A field is listed here or written by [`crate::service_spec`]: nothing is dropped silently.

use skep_manifest::service::ServiceSpec;

/// The fields of a service that cannot be honoured, as they stand in the manifest.
pub(crate) fn unsupported(spec: &ServiceSpec) -> Vec<String> {
    let fields = [(
        "ports.onlyOn",
        spec.ports.iter().any(|port| port.only_on.is_some()),
    )];
    fields
        .into_iter()
        .filter(|(_, asked)| *asked)
        .map(|(field, _)| field.to_owned())
        .collect()
}
