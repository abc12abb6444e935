//! Whether a message said something new.

/// Messages are level-triggered, so most of them repeat what is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum News {
    Changed,
    Same,
}

impl News {
    /// What the step from `before` to `after` is.
    pub(crate) fn between<T: PartialEq>(before: &T, after: &T) -> Self {
        if before == after {
            Self::Same
        } else {
            Self::Changed
        }
    }
}
