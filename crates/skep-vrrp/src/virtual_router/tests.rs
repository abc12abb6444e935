//! The transition table, whole: every state with every input.

use std::net::Ipv4Addr;

use super::*;
use crate::addresses::AddressList;
use crate::dialect::Authentication;
use crate::identity::{Family, VirtualRouterId};

/// Everything that can happen to a machine of priority 100 at 10.0.0.2.
#[derive(Clone, Copy, Debug)]
enum Input {
    Startup,
    StartupAsOwner,
    Shutdown,
    Timeout,
    Hear(Rank),
    HearAfterOversleeping(Rank),
    BecomeOwner,
    LowerPriority,
}

const RANKS: [Rank; 5] = [
    Rank::Release,
    Rank::Higher,
    Rank::EqualHigherAddress,
    Rank::EqualLowerAddress,
    Rank::Lower,
];

fn machine(state: State) -> VirtualRouter {
    let second = Duration::from_secs(1);
    let mut machine = VirtualRouter::new(Configuration {
        virtual_router_id: VirtualRouterId::new(51).unwrap(),
        dialect: Dialect::v2(second, Authentication::None).unwrap(),
        checksum_choice: ChecksumChoice::Fixed,
        priority: Priority::new(100),
        preemption: Preemption::After(Duration::ZERO),
        addresses: AddressList::new(Family::Ipv4, &[]).unwrap(),
    });
    match state {
        State::Initialize => {}
        State::Backup => machine.handle_startup(Ipv4Addr::new(10, 0, 0, 2).into(), start()),
        State::Active => {
            machine.handle_startup(Ipv4Addr::new(10, 0, 0, 2).into(), start());
            machine.handle_timeout(start() + Duration::from_secs(4));
        }
    }
    while machine.poll_action().is_some() {}
    machine
}

fn start() -> Instant {
    Instant::from_boot(Duration::from_secs(100))
}

fn apply(machine: &mut VirtualRouter, input: Input) {
    let soon = start() + Duration::from_millis(4_500);
    let own = Ipv4Addr::new(10, 0, 0, 2).into();
    match input {
        Input::Startup => machine.handle_startup(own, soon),
        Input::StartupAsOwner => {
            machine.handle_priority(Priority::OWNER, soon);
            while machine.poll_action().is_some() {}
            machine.handle_startup(own, soon);
        }
        Input::Shutdown => machine.handle_shutdown(),
        Input::Timeout => machine.handle_timeout(start() + Duration::from_secs(6)),
        Input::Hear(rank) => hear(machine, rank, soon),
        Input::HearAfterOversleeping(rank) => hear(machine, rank, start() + Duration::from_secs(9)),
        Input::BecomeOwner => machine.handle_priority(Priority::OWNER, soon),
        Input::LowerPriority => machine.handle_priority(Priority::new(50), soon),
    }
}

fn hear(machine: &mut VirtualRouter, rank: Rank, now: Instant) {
    let (last, priority) = match rank {
        Rank::Release => (1, 0),
        Rank::Higher => (1, 101),
        Rank::EqualHigherAddress => (3, 100),
        Rank::EqualLowerAddress => (1, 100),
        Rank::Lower => (3, 99),
    };
    let twin = VirtualRouter::new(machine.configuration().clone());
    let advertisement = twin.advertisement(Priority::new(priority));
    let from = Ipv4Addr::new(10, 0, 0, last).into();
    machine
        .handle_advertisement(from, &advertisement, now)
        .unwrap();
}

/// The state after the input, and the purpose of the advertisement it causes.
fn expected(state: State, input: Input) -> (State, Option<Purpose>) {
    match (state, input) {
        (State::Initialize, Input::Startup) => (State::Backup, None),
        (State::Initialize, Input::StartupAsOwner) => (State::Active, Some(Purpose::Claim)),
        (
            State::Initialize,
            Input::Shutdown
            | Input::Timeout
            | Input::Hear(_)
            | Input::HearAfterOversleeping(_)
            | Input::BecomeOwner
            | Input::LowerPriority,
        ) => (State::Initialize, None),

        (State::Backup, Input::Startup | Input::LowerPriority) => (State::Backup, None),
        // It became Active with its new priority, the start itself changes nothing.
        (State::Backup, Input::StartupAsOwner) => (State::Active, None),
        (State::Backup, Input::Shutdown) => (State::Initialize, None),
        (State::Backup, Input::Timeout | Input::BecomeOwner) => {
            (State::Active, Some(Purpose::Claim))
        }
        (State::Backup, Input::Hear(_) | Input::HearAfterOversleeping(_)) => (State::Backup, None),

        (State::Active, Input::Startup | Input::StartupAsOwner) => (State::Active, None),
        (State::Active, Input::Shutdown) => (State::Initialize, Some(Purpose::Release)),
        (State::Active, Input::Timeout | Input::BecomeOwner | Input::LowerPriority) => {
            (State::Active, Some(Purpose::Keep))
        }
        (
            State::Active,
            Input::Hear(rank @ (Rank::Higher | Rank::EqualHigherAddress))
            | Input::HearAfterOversleeping(rank @ (Rank::Higher | Rank::EqualHigherAddress)),
        ) => {
            assert!(matches!(rank, Rank::Higher | Rank::EqualHigherAddress));
            (State::Backup, None)
        }
        (State::Active, Input::Hear(Rank::Release | Rank::EqualLowerAddress | Rank::Lower)) => {
            (State::Active, Some(Purpose::Assert))
        }
        (State::Active, Input::HearAfterOversleeping(Rank::Release)) => {
            (State::Active, Some(Purpose::Assert))
        }
        (State::Active, Input::HearAfterOversleeping(Rank::EqualLowerAddress | Rank::Lower)) => {
            (State::Backup, None)
        }
    }
}

#[test]
fn transition_table_is_exhaustive_and_correct() {
    let mut inputs = vec![
        Input::Startup,
        Input::StartupAsOwner,
        Input::Shutdown,
        Input::Timeout,
        Input::BecomeOwner,
        Input::LowerPriority,
    ];
    inputs.extend(RANKS.map(Input::Hear));
    inputs.extend(RANKS.map(Input::HearAfterOversleeping));
    for state in [State::Initialize, State::Backup, State::Active] {
        for input in &inputs {
            let mut machine = machine(state);
            apply(&mut machine, *input);
            let mut sent = None;
            let mut became = state;
            while let Some(action) = machine.poll_action() {
                match action {
                    Action::Send { purpose, .. } => sent = Some(purpose),
                    Action::Became { state, .. } => became = state,
                }
            }
            let after = machine.state();
            assert_eq!(
                (after, sent),
                expected(state, *input),
                "{state:?} {input:?}"
            );
            let said = matches!(input, Input::StartupAsOwner) || became == after;
            assert!(said, "{state:?} {input:?}: every change of state is said");
        }
    }
}
