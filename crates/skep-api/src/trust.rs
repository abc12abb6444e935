//! The trust between the agents of a cluster, made of one secret.
//!
//! Every agent derives the same certificate authority from `cluster.key` and issues itself a
//! certificate that names its node. Nothing but the secret is ever copied between nodes. A host that
//! shall not have the secret has a certificate in its place that was made for its node alone.

pub mod certificate;
pub mod file;
pub mod group_key;
pub mod identity;
pub mod key;
pub mod name;
pub mod store_key;
pub mod value_keys;
