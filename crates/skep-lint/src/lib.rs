//! Lint rules over manifests, one file per rule, and the renderers of findings.
