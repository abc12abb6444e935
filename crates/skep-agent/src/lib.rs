//! The agent: wiring of supervisor, vip and control.
