//! The trust between the agents of a cluster, made of one secret.
//!
//! Every agent derives the same certificate authority from `cluster.key` and issues itself a
//! certificate that names its node. Nothing but the secret is ever copied between nodes.

pub mod file;
pub mod group_key;
pub mod identity;
pub mod key;
pub(crate) mod name;
pub mod store_key;
pub mod value_keys;
