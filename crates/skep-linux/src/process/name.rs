//! What a process is called.

use std::fs;

/// The name of the process `id`, as far as it still runs.
#[must_use]
pub fn process_name(id: u32) -> Option<String> {
    let name = fs::read_to_string(format!("/proc/{id}/comm")).ok()?;
    Some(name.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::process_name;

    #[test]
    fn a_process_that_runs_has_a_name_and_another_has_none() {
        assert!(process_name(std::process::id()).is_some());
        assert_eq!(process_name(u32::MAX), None);
    }
}
