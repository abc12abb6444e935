//! What the command line and the agents say to each other.
