//! `skep rollback`.

use std::ops::ControlFlow;
use std::path::Path;

use skep_api::client::Client;
use skep_api::path;
use skep_api::submit::{Recall, Submitted};

use crate::commands::submitted;
use crate::exit::Exit;
use crate::output;

/// Make an earlier desired state count again, as a new generation.
///
/// Directories that are watched are paused, so that they do not take it back. What `skep drain`, `cordon` and `uncordon` ordered stays. Ends with 0 when it is accepted, with 1 when it is not.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Its number, from `skep history`; the one before the latest if none is given.
    generation: Option<u64>,
}

pub(crate) fn run(arguments: &Arguments, socket: &Path) -> anyhow::Result<Exit> {
    let recall = Recall {
        generation: arguments.generation,
    };
    let answer = submitted::ask_for_change(&Client::new(socket), path::ROLLBACK, &recall)?;
    let hint = hint(&answer);
    let told = submitted::tell(answer)?;
    if let Some(hint) = hint {
        output::tell(hint);
    }
    Ok(match told {
        ControlFlow::Continue(_) => Exit::Success,
        ControlFlow::Break(exit) => exit,
    })
}

/// Why nothing is different, where somebody may have wanted to take an order back.
const fn hint(answer: &Submitted) -> Option<&'static str> {
    if let Submitted::Unchanged(_) = answer {
        return Some(
            "hint: it says the same as the latest; what `skep drain`, `cordon` and `uncordon` \
             ordered is not rolled back: order again",
        );
    }
    None
}

#[cfg(test)]
mod tests {
    use skep_api::generation::GenerationId;

    use super::*;

    #[test]
    fn a_rollback_that_changes_nothing_says_that_orders_stay() {
        let id = GenerationId {
            number: 3,
            digest: String::new(),
        };
        let said = hint(&Submitted::Unchanged(id.clone())).expect("it says why");
        assert!(said.contains("`skep drain`"), "{said}");
        let accepted = Submitted::Accepted {
            id,
            paused: Vec::new(),
        };
        assert_eq!(hint(&accepted), None);
    }
}
