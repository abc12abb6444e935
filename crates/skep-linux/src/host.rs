//! The name of this host.

/// What this host calls itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostName {
    /// The name as it is set, which may hold a domain.
    pub full: String,
    /// The name up to its first dot.
    pub short: String,
}

impl HostName {
    /// The name of this UTS namespace.
    #[must_use]
    pub fn observe() -> Self {
        Self::new(&rustix::system::uname().nodename().to_string_lossy())
    }

    fn new(full: &str) -> Self {
        let short = full.split_once('.').map_or(full, |(short, _domain)| short);
        Self {
            full: full.to_owned(),
            short: short.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_name_ends_at_the_first_dot() {
        assert_eq!(HostName::new("cube01.lab.example").short, "cube01");
        assert_eq!(HostName::new("cube01").short, "cube01");
    }

    #[test]
    fn the_name_is_the_kernel_s() {
        let kernel = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
        assert_eq!(HostName::observe().full, kernel.trim_end());
    }
}
