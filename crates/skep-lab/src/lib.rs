//! Nodes as network namespaces on one machine.
