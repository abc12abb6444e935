//! What is left of a swarm without a majority of its managers.

use skep_api::recovery::{ManagerStatus, Situation};
use skep_manifest::name::NodeName;

use crate::render::age::{age, ago};
use crate::render::table::Table;

/// The managers, and whether anything is to be recovered.
pub(crate) fn situation(situation: &Situation) -> String {
    let name = &situation.swarm;
    let mut text = match (situation.leaderless_ms, &situation.refused) {
        (Some(since), None) => format!("{name}  no leader for {}\n", age(since)),
        (None, None) => format!("{name}  no manager tells of it\n"),
        (_, Some(refusal)) => format!(
            "nothing to recover: {}\n  hint: {}\n",
            refusal.message, refusal.remedy
        ),
    };
    let mut table = Table::new([
        "MANAGER",
        "HEARD",
        "ENGINE",
        "GENERATION",
        "LOG",
        "SERVICES",
        "GO ON WITH IT",
    ]);
    for manager in &situation.managers {
        let or_dash = |known: Option<String>| known.unwrap_or_else(|| "-".to_owned());
        let verdict = match (&situation.refused, &manager.refused) {
            (Some(_), _) => "-".to_owned(),
            (None, Some(refusal)) => format!("no, {}", refusal.message),
            (None, None) => "possible".to_owned(),
        };
        let log = manager.log;
        table.row([
            manager.name.to_string(),
            manager.heard_ms.map_or_else(|| "never".to_owned(), ago),
            manager.engine.clone(),
            or_dash(manager.generation.map(|number| number.to_string())),
            or_dash(log.map(|log| format!("term {} entry {}", log.term, log.index))),
            or_dash(manager.services.map(|services| services.to_string())),
            verdict,
        ]);
    }
    text.push_str(&table.to_string());
    if let (None, Some(best)) = (&situation.refused, best(situation)) {
        text.push_str(&format!(
            "hint: if the missing managers are gone for good: skep recover --on {}\n",
            best.name
        ));
    }
    text
}

/// Of the managers that are possible, the one that knows most.
fn best(situation: &Situation) -> Option<&ManagerStatus> {
    let possible = situation.managers.iter();
    possible
        .filter(|manager| manager.refused.is_none())
        .max_by_key(|manager| (manager.log, manager.generation))
}

/// What going on with `on` does, and what only the operator can know.
pub(crate) fn plan(situation: &Situation, on: &NodeName) -> String {
    let others = situation
        .managers
        .iter()
        .filter(|manager| manager.name != *on);
    let others: Vec<&str> = others.map(|manager| manager.name.as_str()).collect();
    let others = others.join(", ");
    let name = &situation.swarm;
    let mut text = format!(
        "plan:\n  1. what the engine of {on} has of {name} is copied, on {on}\n  \
         2. that engine becomes the only manager; services, networks, secrets and the desired \
         state stay as it knows them\n  \
         3. {others}: whatever comes back gives up what it had of the swarm and joins anew, one at \
         a time\n\
         Be sure that no majority of {others} runs out of reach: it would go on by itself beside \
         this one."
    );
    let log = |manager: &ManagerStatus| manager.log;
    let chosen = situation
        .managers
        .iter()
        .find(|manager| manager.name == *on);
    let behind = best(situation).filter(|best| {
        let chosen = chosen.and_then(log);
        best.name != *on && log(best) > chosen
    });
    if let Some(best) = behind {
        text.push_str(&format!(
            "\nwarning: {} knows more of the swarm than {on}: what happened last is lost with {on}",
            best.name
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use skep_api::recovery::{LogPosition, Refusal};

    use super::*;

    fn manager(name: &str, index: Option<u64>) -> ManagerStatus {
        ManagerStatus {
            name: name.parse().expect("a name"),
            heard_ms: index.map(|_| 0),
            engine: "up, no quorum".to_owned(),
            generation: Some(7),
            log: index.map(|index| LogPosition { term: 3, index }),
            services: Some(2),
            refused: index.is_none().then(|| Refusal {
                message: "node/c: its agent does not answer".to_owned(),
                remedy: "start it".to_owned(),
            }),
        }
    }

    fn lost() -> Situation {
        Situation {
            swarm: "cube".to_owned(),
            leaderless_ms: Some(252_000),
            refused: None,
            managers: vec![
                manager("a", Some(8)),
                manager("b", Some(9)),
                manager("c", None),
            ],
        }
    }

    #[test]
    fn the_managers_are_told_and_the_one_that_knows_most_is_proposed() {
        assert_eq!(
            situation(&lost()),
            "cube  no leader for 4m12s\n\
             MANAGER  HEARD  ENGINE         GENERATION  LOG             SERVICES  GO ON WITH IT\n\
             a        now    up, no quorum  7           term 3 entry 8  2         possible\n\
             b        now    up, no quorum  7           term 3 entry 9  2         possible\n\
             c        never  up, no quorum  7           -               2         no, node/c: its \
             agent does not answer\n\
             hint: if the missing managers are gone for good: skep recover --on b\n"
        );
    }

    #[test]
    fn who_chooses_a_manager_that_knows_less_is_warned() {
        let name = |name: &str| name.parse().expect("a name");
        let warning = "warning: b knows more of the swarm than a";
        assert!(plan(&lost(), &name("a")).contains(warning));
        assert!(!plan(&lost(), &name("b")).contains("warning"));
    }
}
