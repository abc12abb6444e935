//! The manifest language: kinds, fields, spans, resolution and schema.
