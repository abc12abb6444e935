use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const NODES: usize = 4;

fn key(number: u32) -> Fingerprint {
    Fingerprint(format!("{number:04}"))
}

fn name(index: usize) -> NodeName {
    format!("n{index}").parse().unwrap()
}

fn told(keyring: Keyring) -> KeysTold {
    KeysTold {
        keyring,
        in_force: true,
    }
}

fn one(of: u32) -> Keyring {
    Keyring::One(key(of))
}

fn knows(speaks: u32, next: u32) -> Keyring {
    Keyring::Knows(key(speaks), key(next))
}

fn speaks(speaks: u32, previous: u32) -> Keyring {
    Keyring::Speaks(key(speaks), key(previous))
}

#[track_caller]
fn check(own: Keyring, others: &[Other], expected: &Next) {
    let others = others.iter().cloned().enumerate();
    let others = others.map(|(index, other)| (name(index), other)).collect();
    assert_eq!(next(&told(own), &others), *expected);
}

fn wait(step: u8, node: usize, why: Why) -> Next {
    let node = name(node);
    Next::Wait(step, vec![Holdup { node, why }])
}

#[test]
fn each_step_is_taken_when_all_others_have_come_to_the_one_before() {
    let has = |keyring| Other::Has(told(keyring));
    check(one(1), &[has(one(1))], &Next::Rest);
    check(one(1), &[Other::Silent], &Next::Rest);
    let learn = Next::Learn(key(2), name(1));
    check(one(1), &[has(one(1)), has(knows(1, 2))], &learn);
    let behind = wait(1, 1, Why::Behind);
    check(knows(1, 2), &[has(knows(1, 2)), has(one(1))], &behind);
    check(
        knows(1, 2),
        &[has(knows(1, 2)), has(speaks(2, 1))],
        &Next::Speak,
    );
    check(speaks(2, 1), &[has(knows(1, 2))], &wait(2, 0, Why::Behind));
    check(speaks(2, 1), &[has(speaks(2, 1)), has(one(2))], &Next::Drop);
    // The next one was begun elsewhere: this node ends the one before first.
    check(speaks(2, 1), &[has(knows(2, 3))], &Next::Drop);
    check(knows(1, 2), &[], &Next::Speak);
}

#[test]
fn of_two_that_are_begun_at_once_the_smaller_fingerprint_counts() {
    let has = |keyring| Other::Has(told(keyring));
    let others = [has(knows(1, 4)), has(knows(1, 3))];
    check(knows(1, 4), &others, &Next::Learn(key(3), name(1)));
    check(one(1), &others, &Next::Learn(key(3), name(1)));
    let waits = wait(1, 0, Why::Behind);
    check(knows(1, 3), &others, &waits);
    check(knows(1, 3), &others[1..], &Next::Speak);
}

#[test]
fn whoever_cannot_take_a_step_holds_it_up_and_is_named() {
    check(knows(1, 2), &[Other::Silent], &wait(1, 0, Why::Silent));
    check(
        speaks(2, 1),
        &[Other::Certified],
        &wait(2, 0, Why::Certified),
    );
    check(speaks(2, 1), &[Other::Unable], &wait(2, 0, Why::Unable));
    let foreign = Other::Has(told(one(9)));
    check(knows(1, 2), &[foreign], &wait(1, 0, Why::Foreign));
    // Its virtual routers do not run with what it was told yet.
    let lags = |keyring| {
        Other::Has(KeysTold {
            keyring,
            in_force: false,
        })
    };
    check(knows(1, 2), &[lags(knows(1, 2))], &wait(1, 0, Why::Behind));
    check(knows(1, 2), &[lags(speaks(2, 1))], &Next::Speak);
    let own = KeysTold {
        keyring: knows(1, 2),
        in_force: false,
    };
    assert_eq!(next(&own, &BTreeMap::new()), Next::Wait(1, Vec::new()));
}

#[test]
fn no_exchange_is_begun_while_another_goes_on_or_somebody_could_not_follow() {
    let objects = |own, other: Other| objection(&told(own), &[(name(0), other)].into());
    assert_eq!(objects(one(1), Other::Has(told(one(1)))), None);
    assert_eq!(objects(one(1), Other::Silent), None);
    for own in [knows(1, 2), speaks(2, 1)] {
        let objection = objects(own, Other::Silent).unwrap();
        assert!(objection.contains("already"), "{objection}");
    }
    for other in [
        Other::Has(told(knows(1, 2))),
        Other::Has(told(speaks(1, 0))),
        Other::Certified,
        Other::Unable,
    ] {
        let objection = objects(one(1), other).unwrap();
        assert!(objection.contains("n0"), "{objection}");
    }
}

/// An agent and its virtual routers, which follow its keys later.
#[derive(Clone, Debug)]
struct Agent {
    keyring: Keyring,
    running: Keyring,
    heard: BTreeMap<NodeName, Other>,
    is_off: bool,
}

#[derive(Debug)]
struct World {
    agents: Vec<Agent>,
    keys: u32,
}

#[derive(Clone, Debug)]
enum Op {
    Begin(usize, u32),
    Act(usize),
    Settle(usize),
    Hear(usize, usize),
    /// It hears everybody.
    Listen(usize),
    Relay(usize, usize, usize),
    Restart(usize),
    Forget(usize, usize),
    Off(usize),
    On(usize),
}

fn speaking(keyring: &Keyring) -> &Fingerprint {
    match keyring {
        Keyring::One(key) | Keyring::Knows(key, _) | Keyring::Speaks(key, _) => key,
    }
}

fn believes(keyring: &Keyring, key: &Fingerprint) -> bool {
    match keyring {
        Keyring::One(own) => own == key,
        Keyring::Knows(own, other) | Keyring::Speaks(own, other) => own == key || other == key,
    }
}

fn understand(one: &Keyring, other: &Keyring) -> bool {
    believes(one, speaking(other)) && believes(other, speaking(one))
}

impl World {
    fn new() -> Self {
        let agent = Agent {
            keyring: one(5000),
            running: one(5000),
            heard: (0..NODES)
                .map(|index| (name(index), Other::Silent))
                .collect(),
            is_off: false,
        };
        let mut agents = vec![agent; NODES];
        for (index, agent) in agents.iter_mut().enumerate() {
            agent.heard.remove(&name(index));
        }
        Self { agents, keys: 0 }
    }

    fn told(&self, index: usize) -> KeysTold {
        let Agent {
            keyring, running, ..
        } = &self.agents[index];
        KeysTold {
            keyring: keyring.clone(),
            in_force: keyring == running,
        }
    }

    fn run(&mut self, op: &Op) {
        match *op {
            Op::On(it) => self.agents[it].is_off = false,
            Op::Off(it) => {
                self.agents[it].is_off = true;
                self.forget_all(it);
            }
            Op::Begin(it, _) | Op::Act(it) | Op::Settle(it) | Op::Restart(it)
                if self.agents[it].is_off => {}
            Op::Begin(it, digits) => {
                let own = self.told(it);
                if objection(&own, &self.agents[it].heard).is_none() {
                    // Fingerprints come in any order, and never twice.
                    self.keys += 1;
                    let new = Fingerprint(format!("{digits:04}-{}", self.keys));
                    self.agents[it].keyring = Keyring::Knows(speaking(&own.keyring).clone(), new);
                    self.forget_all(it);
                }
            }
            Op::Act(it) => self.act(it),
            Op::Settle(it) => self.agents[it].running = self.agents[it].keyring.clone(),
            Op::Restart(it) => self.forget_all(it),
            Op::Forget(it, of) => {
                if it != of {
                    self.agents[it].heard.insert(name(of), Other::Silent);
                }
            }
            Op::Hear(it, from) => {
                if self.connected(it, from) {
                    let told = Other::Has(self.told(from));
                    self.agents[it].heard.insert(name(from), told);
                }
            }
            Op::Listen(it) => (0..NODES).for_each(|from| self.run(&Op::Hear(it, from))),
            Op::Relay(it, by, of) => {
                if self.connected(it, by) && of != it && of != by {
                    let told = self.agents[by].heard[&name(of)].clone();
                    self.agents[it].heard.insert(name(of), told);
                }
            }
        }
    }

    fn connected(&self, one: usize, other: usize) -> bool {
        let is_up = |it: usize| !self.agents[it].is_off;
        one != other && is_up(one) && is_up(other)
    }

    fn forget_all(&mut self, it: usize) {
        for other in self.agents[it].heard.values_mut() {
            *other = Other::Silent;
        }
    }

    /// An agent does what is next, and starts anew with it; its virtual routers follow later, and
    /// another step waits for that.
    fn act(&mut self, it: usize) {
        let next = next(&self.told(it), &self.agents[it].heard);
        let own = self.agents[it].keyring.clone();
        let after = match (next, own) {
            (Next::Rest | Next::Wait(..), _) => return,
            (Next::Learn(new, from), Keyring::One(key) | Keyring::Knows(key, _)) => {
                let from = (0..NODES).find(|index| name(*index) == from).unwrap();
                // It is asked for, and may be gone by then.
                if !self.connected(it, from) || !believes(&self.agents[from].keyring, &new) {
                    return;
                }
                Keyring::Knows(key, new)
            }
            (Next::Speak, Keyring::Knows(key, next)) => Keyring::Speaks(next, key),
            (Next::Drop, Keyring::Speaks(key, _)) => Keyring::One(key),
            (next, own) => panic!("{next:?} with {own:?}"),
        };
        self.agents[it].keyring = after;
        self.forget_all(it);
    }

    fn check(&self) {
        for one in &self.agents {
            for other in &self.agents {
                assert!(understand(&one.keyring, &other.keyring), "{self:#?}");
                assert!(understand(&one.running, &other.running), "{self:#?}");
            }
        }
    }
}

fn op() -> impl Strategy<Value = Op> {
    let it = || 0..NODES;
    prop_oneof![
        2 => (it(), 0..10_000_u32).prop_map(|(it, digits)| Op::Begin(it, digits)),
        6 => it().prop_map(Op::Act),
        4 => it().prop_map(Op::Settle),
        4 => (it(), it()).prop_map(|(it, from)| Op::Hear(it, from)),
        10 => it().prop_map(Op::Listen),
        4 => (it(), it(), it()).prop_map(|(it, by, of)| Op::Relay(it, by, of)),
        1 => it().prop_map(Op::Restart),
        1 => (it(), it()).prop_map(|(it, of)| Op::Forget(it, of)),
        1 => it().prop_map(Op::Off),
        2 => it().prop_map(Op::On),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn whatever_happens_in_whichever_order_all_understand_each_other_and_end_with_one_key(
        ops in vec(op(), 0..300)
    ) {
        let mut world = World::new();
        for op in &ops {
            world.run(op);
            world.check();
        }
        // Nobody is away any more, and everybody hears everybody.
        for it in 0..NODES {
            world.run(&Op::On(it));
        }
        for _round in 0..4 * usize::from(STEPS) {
            for it in 0..NODES {
                world.run(&Op::Settle(it));
                world.run(&Op::Listen(it));
                world.run(&Op::Act(it));
                world.check();
            }
        }
        let last = &world.agents[0].keyring;
        prop_assert!(matches!(last, Keyring::One(_)), "{world:#?}");
        prop_assert!(world.agents.iter().all(|agent| agent.keyring == *last), "{world:#?}");
    }
}
