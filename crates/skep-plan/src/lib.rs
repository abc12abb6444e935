//! Decides what to do: desired and observed state in, ordered actions out.
