//! The language as its users meet it: manifests in, findings, objects and schemas out.

mod broken;
mod editors;
mod fixture;
mod hostile;
mod manifests;
mod printing;
mod schemas;
mod stacks;
