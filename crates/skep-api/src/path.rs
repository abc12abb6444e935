//! Where things are served.

/// The agent's own [`crate::status::AgentStatus`].
pub const STATUS: &str = "/v1/status";

/// The socket of the agent on this machine.
pub const DEFAULT_SOCKET: &str = "/run/skep/agent.sock";
