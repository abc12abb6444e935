//! An agent that may not have what keeps timers punctual.

use skep_manifest::condition::{Condition, ConditionStatus, ConditionType, Reason};

use crate::pair::{self, A, VIP};

/// Root without the rights to real-time priority and to more locked memory than none.
const RESTRICTED: [&str; 4] = [
    "prlimit",
    "--memlock=0:0",
    "setpriv",
    "--bounding-set=-sys_nice,-ipc_lock",
];

/// What the message has to name.
const REMEDIES: [&str; 2] = ["CAP_SYS_NICE", "CAP_IPC_LOCK"];

#[test]
fn without_real_time_priority_and_locked_memory_it_works_and_says_what_it_lacks() {
    let mut cluster = pair::hosts("late");
    cluster.start_under(A, &pair::ingress(), &RESTRICTED);
    cluster.wait_for_holder(VIP, A);
    let lacks = |condition: &&Condition| condition.reason == Reason::MayBeLate;
    // Memory is locked when the process has come to rest, two seconds later.
    let status = cluster.agent(A).wait_for_status("MayBeLate", |status| {
        let mut conditions = status.conditions.iter().filter(lacks);
        conditions.any(|condition| REMEDIES.iter().all(|one| condition.message.contains(one)))
    });
    let condition = status.conditions.iter().find(lacks).expect("it is there");
    assert_eq!(condition.condition_type, ConditionType::Degraded);
    assert_eq!(condition.status, ConditionStatus::True);
    let (code, text) = cluster.agent(A).ask(&["status"]);
    assert_eq!(code, 0, "it is Ready: {text}");
    assert!(
        text.contains("DEGRADED MayBeLate: VRRP may be late"),
        "{text}"
    );
}
