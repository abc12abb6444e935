//! The swarm's own store, written through several managers at once.

use std::sync::Arc;

use skep_swarm::engine::Client;
use skep_swarm::generations::{Generations, Head, KEY_BYTES, Next, Seal, Submitted};

use crate::site::{Site, eventually};

const MANAGERS: [&str; 3] = ["a", "b", "c"];
/// How many times they all submit at once.
const ROUNDS: u64 = 40;

fn store(site: &Site, node: &str) -> Generations {
    let client = Client::new(&site.host(node).engine.socket());
    let swarm = "cube".parse().expect("a name");
    let seal = Seal::new(&[7; KEY_BYTES], &[]);
    Generations::new(Arc::new(client), &swarm, Arc::new(seal))
}

/// Submits generation `number` with this content.
async fn submit(store: &Generations, number: u64, before: &Head, content: &[u8]) -> Submitted {
    let expected = (before.number > 0).then_some((before.number, before.digest.as_str()));
    let next = Next {
        number,
        digest: &format!("{number} of {} bytes", content.len()),
        schema_revision: 1,
        content,
    };
    let submitted = store.submit(expected, &next).await;
    submitted.unwrap_or_else(|error| panic!("{error:?}"))
}

async fn head(store: &Generations) -> Head {
    let head = store.head().await;
    head.expect("a manager tells").unwrap_or_default()
}

/// Bytes that cannot be deflated.
fn noise(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    let mut random = std::fs::File::open("/dev/urandom").expect("there is chance");
    std::io::Read::read_exact(&mut random, &mut bytes).expect("there is enough of it");
    bytes
}

#[tokio::test]
async fn of_submissions_at_once_one_is_the_next() {
    let site = Site::managers("race", &MANAGERS).await;
    let stores = MANAGERS.map(|node| store(&site, node));
    let mut winners = Vec::new();
    for number in 1..=ROUNDS {
        let before = head(&stores[0]).await;
        assert_eq!(before.number, number - 1);
        let contents = MANAGERS.map(|node| format!("{number} by {node}").repeat(number as usize));
        let [a, b, c] = &contents;
        let (a, b, c) = tokio::join!(
            submit(&stores[0], number, &before, a.as_bytes()),
            submit(&stores[1], number, &before, b.as_bytes()),
            submit(&stores[2], number, &before, c.as_bytes()),
        );
        let outcomes = [a, b, c];
        let accepted = |outcome: &Submitted| *outcome == Submitted::Accepted;
        let winner = outcomes.iter().position(accepted).expect("one is accepted");
        for (node, outcome) in outcomes.iter().enumerate() {
            match outcome {
                Submitted::Conflict(latest) => assert_eq!(latest.number, number),
                Submitted::Accepted => assert_eq!(node, winner, "two are accepted"),
                Submitted::Unknown => panic!("a swarm that works tells"),
            }
        }
        winners.push(winner);
        let latest = head(&stores[0]).await;
        let content = stores[0].content(&latest.history[0]).await;
        assert_eq!(content.expect("whole"), contents[winner].as_bytes());
    }
    let by = |node: usize| winners.iter().filter(|winner| **winner == node).count();
    println!(
        "measured  accepted by each of three  {:?}",
        [0, 1, 2].map(by)
    );
}

#[tokio::test]
async fn what_was_accepted_outlives_its_leader() {
    let mut site = Site::managers("outlive", &MANAGERS).await;
    let [a, b, c] = MANAGERS.map(|node| store(&site, node));
    let large = noise(3_000_000);
    let none = Head::default();
    assert_eq!(submit(&a, 1, &none, &large).await, Submitted::Accepted);
    let first = head(&a).await;

    site.lab.kill("a").expect("it is a node of the lab");
    let before = &first;
    eventually("a new leader takes the next", async || {
        let expected = Some((before.number, before.digest.as_str()));
        let next = Next {
            number: 2,
            digest: "second",
            schema_revision: 1,
            content: b"second",
        };
        matches!(b.submit(expected, &next).await, Ok(Submitted::Accepted))
    })
    .await;
    eventually("the third has both", async || {
        let Ok(Some(head)) = c.head().await else {
            return false;
        };
        let [second, first] = &head.history[..] else {
            return false;
        };
        let contents = (c.content(first).await, c.content(second).await);
        match contents {
            (Ok(first), Ok(second)) => first == large && second == b"second",
            _ => false,
        }
    })
    .await;
}
