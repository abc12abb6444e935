//! What a compose file is read beside: the stack it is of.

use std::collections::BTreeMap;

use crate::name::Name;
use crate::stack::ReadCompose;

/// The label by which `docker stack` knows what belongs to a stack.
pub(super) const NAMESPACE: &str = "com.docker.stack.namespace";
/// The label of a service with the image that the compose file names.
pub(super) const IMAGE: &str = "com.docker.stack.image";

/// A stack, and the files that its compose file refers to.
pub(super) struct Stack<'a> {
    pub(super) name: &'a Name,
    pub(super) environment: &'a BTreeMap<String, String>,
    /// The files, once they were read.
    pub(super) read: Option<&'a ReadCompose>,
}

impl Stack<'_> {
    /// What a part of the stack is called in the engine.
    pub(super) fn called(&self, part: &str) -> String {
        format!("{}_{part}", self.name)
    }
}
