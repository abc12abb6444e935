//! The transition table, whole: every state with every input.

use std::net::Ipv4Addr;

use super::contest::Rank;
use super::*;
use crate::addresses::AddressList;
use crate::configuration::Preemption;
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
    StepDown,
    Fault,
    AddressesPresent,
}

/// What a machine can be in the middle of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    Initialize,
    Backup,
    /// Active beside a router of lower priority that was not told yet.
    Claiming,
    Active,
    /// Told to stop, nobody heard.
    Stopping,
    /// Told to step down, nobody heard.
    SteppingDown,
    /// Told to stop, the successor heard.
    Succeeded,
    /// A better router heard.
    Yielding,
}

const BEFORE: [Before; 8] = [
    Before::Initialize,
    Before::Backup,
    Before::Claiming,
    Before::Active,
    Before::Stopping,
    Before::SteppingDown,
    Before::Succeeded,
    Before::Yielding,
];

const RANKS: [Rank; 5] = [
    Rank::Release,
    Rank::Higher,
    Rank::EqualHigherAddress,
    Rank::EqualLowerAddress,
    Rank::Lower,
];

fn machine(before: Before) -> VirtualRouter {
    let second = Duration::from_secs(1);
    let mut machine = VirtualRouter::new(Configuration {
        virtual_router_id: VirtualRouterId::new(51).unwrap(),
        dialect: Dialect::v2(second, Authentication::None).unwrap(),
        checksum_choice: ChecksumChoice::Fixed,
        priority: Priority::new(100),
        preemption: Preemption::After(Duration::ZERO),
        forbearance: Duration::ZERO,
        addresses: AddressList::new(Family::Ipv4, &[]).unwrap(),
    });
    let own = Ipv4Addr::new(10, 0, 0, 2).into();
    let taken = start() + Duration::from_secs(4);
    let soon = start() + Duration::from_millis(4_495);
    if before != Before::Initialize {
        machine.handle_startup(own, start());
    }
    match before {
        Before::Initialize | Before::Backup => {}
        Before::Claiming => {
            hear(&mut machine, Rank::Lower, start() + Duration::from_secs(3));
            machine.handle_timeout(taken);
        }
        Before::Active
        | Before::Stopping
        | Before::SteppingDown
        | Before::Succeeded
        | Before::Yielding => machine.handle_timeout(taken),
    }
    match before {
        Before::Initialize | Before::Backup | Before::Claiming | Before::Active => {}
        Before::Stopping => machine.handle_shutdown(soon),
        Before::SteppingDown => machine.handle_step_down(Priority::new(100), soon),
        Before::Succeeded => {
            machine.handle_shutdown(soon);
            hear(&mut machine, Rank::Lower, soon);
        }
        Before::Yielding => hear(&mut machine, Rank::Higher, soon),
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
        Input::Shutdown => machine.handle_shutdown(soon),
        Input::Timeout => machine.handle_timeout(machine.poll_timeout().unwrap_or(soon)),
        Input::Hear(rank) => hear(machine, rank, soon),
        Input::HearAfterOversleeping(rank) => hear(machine, rank, start() + Duration::from_secs(9)),
        Input::BecomeOwner => machine.handle_priority(Priority::OWNER, soon),
        Input::LowerPriority => machine.handle_priority(Priority::new(50), soon),
        Input::StepDown => machine.handle_step_down(Priority::new(50), soon),
        Input::Fault => machine.handle_fault(),
        Input::AddressesPresent => machine.handle_addresses_present(soon),
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

/// The state after the input, and the purposes of the advertisements it causes.
#[expect(clippy::too_many_lines, reason = "it is one exhaustive match")]
fn expected(before: Before, input: Input) -> (State, &'static [Purpose]) {
    use Purpose::{Assert, Claim, Farewell, Keep, Release};
    match (before, input) {
        (Before::Initialize, Input::Startup) => (State::Backup, &[]),
        (Before::Initialize, Input::StartupAsOwner) => (State::Active, &[]),
        (
            Before::Initialize,
            Input::Shutdown
            | Input::Timeout
            | Input::Hear(_)
            | Input::HearAfterOversleeping(_)
            | Input::BecomeOwner
            | Input::LowerPriority
            | Input::StepDown
            | Input::Fault
            | Input::AddressesPresent,
        ) => (State::Initialize, &[]),

        (
            Before::Backup,
            Input::Startup
            | Input::LowerPriority
            | Input::StepDown
            | Input::AddressesPresent
            | Input::Hear(_)
            | Input::HearAfterOversleeping(_),
        ) => (State::Backup, &[]),
        // It became Active with its new priority, the start itself changes nothing.
        (Before::Backup, Input::StartupAsOwner | Input::BecomeOwner) => (State::Active, &[]),
        (Before::Backup, Input::Shutdown | Input::Fault) => (State::Initialize, &[]),
        (Before::Backup, Input::Timeout) => (State::Active, &[Claim]),

        (
            Before::Claiming,
            Input::Startup
            | Input::StartupAsOwner
            | Input::BecomeOwner
            | Input::LowerPriority
            | Input::Hear(Rank::EqualLowerAddress | Rank::Lower)
            | Input::HearAfterOversleeping(Rank::EqualLowerAddress | Rank::Lower),
        ) => (State::Active, &[]),
        (
            Before::Claiming,
            Input::Timeout
            | Input::AddressesPresent
            | Input::Hear(Rank::Release)
            | Input::HearAfterOversleeping(Rank::Release),
        ) => (State::Active, &[Claim]),

        (Before::Active, Input::Startup | Input::StartupAsOwner | Input::AddressesPresent) => {
            (State::Active, &[])
        }
        (Before::Active, Input::Timeout | Input::BecomeOwner | Input::LowerPriority) => {
            (State::Active, &[Keep])
        }
        (Before::Active, Input::Hear(Rank::Release | Rank::EqualLowerAddress | Rank::Lower))
        | (Before::Active, Input::HearAfterOversleeping(Rank::Release)) => {
            (State::Active, &[Assert])
        }
        (Before::Active, Input::HearAfterOversleeping(Rank::EqualLowerAddress | Rank::Lower)) => {
            (State::Leaving, &[])
        }

        (Before::Claiming | Before::Active, Input::Shutdown | Input::StepDown) => {
            (State::Leaving, &[Release, Release])
        }
        (
            Before::Claiming | Before::Active,
            Input::Hear(Rank::Higher | Rank::EqualHigherAddress)
            | Input::HearAfterOversleeping(Rank::Higher | Rank::EqualHigherAddress),
        ) => (State::Leaving, &[]),
        (Before::Claiming | Before::Active, Input::Fault) => (State::Initialize, &[]),

        (Before::Stopping, Input::Timeout) => (State::Initialize, &[]),
        (Before::SteppingDown, Input::Timeout) => (State::Active, &[Claim]),
        (Before::Succeeded, Input::Timeout) => (State::Initialize, &[Farewell]),
        (Before::Yielding, Input::Timeout) => (State::Backup, &[Farewell]),
        (
            Before::Stopping | Before::SteppingDown | Before::Succeeded | Before::Yielding,
            Input::Fault,
        ) => (State::Initialize, &[]),
        (
            Before::Stopping | Before::SteppingDown | Before::Succeeded | Before::Yielding,
            Input::Startup
            | Input::StartupAsOwner
            | Input::Shutdown
            | Input::Hear(_)
            | Input::HearAfterOversleeping(_)
            | Input::BecomeOwner
            | Input::LowerPriority
            | Input::StepDown
            | Input::AddressesPresent,
        ) => (State::Leaving, &[]),
    }
}

fn inputs() -> Vec<Input> {
    let mut inputs = vec![
        Input::Startup,
        Input::StartupAsOwner,
        Input::Shutdown,
        Input::Timeout,
        Input::BecomeOwner,
        Input::LowerPriority,
        Input::StepDown,
        Input::Fault,
        Input::AddressesPresent,
    ];
    inputs.extend(RANKS.map(Input::Hear));
    inputs.extend(RANKS.map(Input::HearAfterOversleeping));
    inputs
}

#[test]
fn transition_table_is_exhaustive_and_correct() {
    for before in BEFORE {
        for input in inputs() {
            let mut machine = machine(before);
            let state = machine.state();
            apply(&mut machine, input);
            let (mut sent, mut became) = (Vec::new(), state);
            while let Some(action) = machine.poll_action() {
                match action {
                    Action::Send { purpose, .. } => sent.push(purpose),
                    Action::Became { state, .. } => became = state,
                }
            }
            let after = machine.state();
            let (state, purposes) = expected(before, input);
            assert_eq!((after, &*sent), (state, purposes), "{before:?} {input:?}");
            let said = matches!(input, Input::StartupAsOwner) || became == after;
            assert!(said, "{before:?} {input:?}: every change of state is said");
        }
    }
}

/// What a router in the middle of leaving is after all that is heard and its next timeout.
fn check_parting(before: Before, ranks: &[Rank], expected: State) {
    let mut machine = machine(before);
    for rank in ranks {
        hear(&mut machine, *rank, start() + Duration::from_millis(4_500));
    }
    let due = machine.poll_timeout().unwrap();
    machine.handle_timeout(due);
    assert_eq!(machine.state(), expected, "{before:?} {ranks:?}");
}

#[test]
fn who_left_stops_or_stands_by_and_without_a_successor_it_goes_on_unless_it_stops() {
    for rank in [Rank::Lower, Rank::EqualLowerAddress, Rank::Higher] {
        check_parting(Before::Stopping, &[rank], State::Initialize);
        check_parting(Before::SteppingDown, &[rank], State::Backup);
        check_parting(Before::SteppingDown, &[rank, Rank::Release], State::Active);
    }
    check_parting(Before::SteppingDown, &[Rank::Release], State::Active);
    check_parting(Before::Yielding, &[Rank::Release], State::Active);
    check_parting(Before::Stopping, &[Rank::Release], State::Initialize);
}

/// Two that were abandoned by one successor may each hear what the other said before.
#[test]
fn who_was_abandoned_leaves_to_its_better_only() {
    for (rank, after) in [
        (Rank::Lower, State::Active),
        (Rank::EqualLowerAddress, State::Active),
        (Rank::EqualHigherAddress, State::Backup),
        (Rank::Higher, State::Backup),
    ] {
        check_parting(Before::Yielding, &[Rank::Release, rank], after);
    }
}

#[test]
fn a_stop_that_is_taken_back_is_finished_and_ends_as_backup() {
    let mut machine = machine(Before::Succeeded);
    apply(&mut machine, Input::Startup);
    let due = machine.poll_timeout().unwrap();
    machine.handle_timeout(due);
    assert_eq!(machine.state(), State::Backup);
}

/// All that arrived while a router slept is handed over when it wakes, and it did not say then what
/// it says now.
#[test]
fn who_slept_finds_out_that_others_have_taken_over() {
    let mut machine = machine(Before::Active);
    machine.handle_wake(start() + Duration::from_secs(60));
    let mut contradicted = false;
    // Each comes before the timer would be due again if the one before had been answered.
    for tenths in 41..90 {
        let at = start() + Duration::from_millis(100 * tenths);
        hear(&mut machine, Rank::Lower, at);
        while let Some(action) = machine.poll_action() {
            contradicted |= matches!(action, Action::Send { .. });
        }
    }
    assert_eq!(machine.state(), State::Leaving);
    assert!(!contradicted);
}

#[test]
fn who_slept_until_it_had_left_has_no_overlap() {
    let mut machine = machine(Before::Stopping);
    let long_after = start() + Duration::from_secs(60);
    hear(&mut machine, Rank::Lower, long_after);
    machine.handle_timeout(long_after);
    assert_eq!(machine.state(), State::Initialize);
}
