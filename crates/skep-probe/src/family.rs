//! A program with everything that came from it, as far as that can be known.

use std::collections::BTreeSet;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::stat::{self, Stat};

/// How often what is left is looked for: something may be started while the rest is ended.
const ROUNDS: usize = 4;

/// Ends `leader`, which leads a session, and all that came from it: its process group, what is in
/// its session or in one that its descendants made, and its descendants. Who made a session of its
/// own and has no parent there any more is a daemon, and not known.
pub(crate) fn end(leader: Pid) {
    let mut family = BTreeSet::from([leader.as_raw_nonzero().get()]);
    for _ in 0..ROUNDS {
        // First, because who has lost its parent is not known by it any more.
        let found = grow(&mut family, &living());
        // Nobody may be left in it.
        let _already_gone = kill_process_group(leader, Signal::KILL);
        for id in &found {
            let _already_gone = Pid::from_raw(*id).map(|id| kill_process(id, Signal::KILL));
        }
        if found.is_empty() {
            return;
        }
    }
}

fn living() -> Vec<Stat> {
    // Without /proc the process group is all that is known.
    let directories = stat::directories().into_iter().flatten();
    let stats = directories.filter_map(|directory| Stat::read(&directory));
    stats.filter(|stat| stat.is_alive).collect()
}

/// Takes those into `family` that belong to one who is in it; all that were found.
fn grow(family: &mut BTreeSet<i32>, living: &[Stat]) -> BTreeSet<i32> {
    let mut found = BTreeSet::new();
    loop {
        let belongs = |stat: &&Stat| {
            let ties = [stat.id, stat.parent, stat.group, stat.session];
            ties.iter().any(|id| family.contains(id)) && !found.contains(&stat.id)
        };
        let new: Vec<i32> = living.iter().filter(belongs).map(|stat| stat.id).collect();
        if new.is_empty() {
            return found;
        }
        family.extend(&new);
        found.extend(new);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stat(id: i32, parent: i32, group: i32, session: i32) -> Stat {
        Stat {
            id,
            name: Vec::new(),
            is_alive: true,
            parent,
            group,
            session,
        }
    }

    #[test]
    fn whoever_is_tied_to_one_of_the_family_belongs_to_it() {
        let living = [
            stat(1, 0, 1, 1),
            stat(2, 1, 2, 2),
            // The leader, a job of its own group, and one whose parent has ended.
            stat(10, 2, 10, 10),
            stat(11, 10, 11, 10),
            stat(12, 1, 12, 10),
            // A session below it, and what is in there.
            stat(13, 11, 13, 13),
            stat(14, 1, 14, 13),
            // Others of who started the leader.
            stat(15, 2, 15, 15),
            stat(16, 2, 2, 2),
        ];
        let mut family = BTreeSet::from([10]);
        let found = grow(&mut family, &living);
        assert_eq!(found, BTreeSet::from([10, 11, 12, 13, 14]));
        assert_eq!(grow(&mut family, &[]), BTreeSet::new());
    }
}
