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

#[test]
fn without_real_time_priority_and_locked_memory_it_works_and_says_what_it_lacks() {
    let mut cluster = pair::hosts("late");
    cluster.start_under(A, &pair::ingress(), &RESTRICTED);
    cluster.wait_for_holder(VIP, A);
    let lacks = |condition: &&Condition| condition.reason == Reason::MayBeLate;
    let status = cluster.agent(A).wait_for_status("MayBeLate", |status| {
        status.conditions.iter().any(|condition| lacks(&condition))
    });
    let condition = status.conditions.iter().find(lacks).expect("it is there");
    assert_eq!(condition.condition_type, ConditionType::Degraded);
    assert_eq!(condition.status, ConditionStatus::True);
    for remedy in ["CAP_SYS_NICE", "CAP_IPC_LOCK"] {
        assert!(condition.message.contains(remedy), "{}", condition.message);
    }
    let (code, text) = cluster.agent(A).ask(&["status"]);
    assert_eq!(code, 0, "it is Ready: {text}");
    assert!(
        text.contains("DEGRADED MayBeLate: VRRP may be late"),
        "{text}"
    );
}
