//! The store on an engine that keeps configs in memory, and sometimes fails.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

use super::*;
use crate::fake::Fake;

const SWARM_NAME: &str = "cube";
const HEAD: &str = "skep.cube.head";

/// The configs of an engine.
#[derive(Default)]
struct Shelf {
    /// Name, index and specification.
    configs: BTreeMap<String, (u64, Value)>,
    index: u64,
    /// What becomes of the next replacements of the head.
    faults: Vec<Fault>,
}

/// What becomes of a replacement of the head.
#[derive(Clone, Copy)]
enum Fault {
    /// It is carried out and the answer is an error.
    Answer,
    /// It is not carried out.
    Write,
    /// Somebody else's comes before it.
    Overtaken,
    /// The engine is no manager any more.
    Refused,
}

impl Shelf {
    fn answer(&mut self, request: &str, body: &Value) -> (u16, Value) {
        let (method, path) = request.split_once(' ').unwrap();
        if (method, path) == ("POST", "/configs/create") {
            let name = body["Name"].as_str().unwrap().to_owned();
            if self.configs.contains_key(&name) {
                return message(409, "name conflicts with an existing object");
            }
            self.put(name, body.clone());
            return (201, Value::Null);
        }
        if path.starts_with("/configs?filters=") {
            let configs = self.configs.iter();
            let all = configs.map(|(name, (index, spec))| config(name, *index, spec));
            return (200, all.collect());
        }
        let rest = path.strip_prefix("/configs/").unwrap().replace("%2E", ".");
        if let Some((name, index)) = rest.split_once("/update?version=") {
            return self.update(name, index.parse().unwrap(), body);
        }
        match (method, self.configs.get(&rest)) {
            (_, None) => message(404, "no such config"),
            ("DELETE", Some(_)) => {
                self.configs.remove(&rest);
                (204, Value::Null)
            }
            (_, Some((index, spec))) => (200, config(&rest, *index, spec)),
        }
    }

    fn update(&mut self, name: &str, index: u64, body: &Value) -> (u16, Value) {
        let fault = self.faults.pop();
        if matches!(fault, Some(Fault::Write)) {
            return message(500, "context deadline exceeded");
        }
        if matches!(fault, Some(Fault::Refused)) {
            return message(503, "This node is not a swarm manager.");
        }
        if matches!(fault, Some(Fault::Overtaken)) {
            let mut labels = self.labels(name);
            labels.insert("colour".to_owned(), "blue".to_owned());
            self.replace(name, labels);
        }
        if self.configs[name].0 != index {
            return message(500, "update out of sequence");
        }
        self.replace(
            name,
            serde_json::from_value(body["Labels"].clone()).unwrap(),
        );
        match fault {
            Some(Fault::Answer) => message(500, "context deadline exceeded"),
            _ => (200, Value::Null),
        }
    }

    fn labels(&self, name: &str) -> BTreeMap<String, String> {
        serde_json::from_value(self.configs[name].1["Labels"].clone()).unwrap()
    }

    fn replace(&mut self, name: &str, labels: BTreeMap<String, String>) {
        let mut spec = self.configs[name].1.clone();
        spec["Labels"] = json!(labels);
        self.put(name.to_owned(), spec);
    }

    fn put(&mut self, name: String, spec: Value) {
        self.index += 1;
        self.configs.insert(name, (self.index, spec));
    }

    fn parts(&self) -> Vec<&String> {
        self.configs.keys().filter(|name| *name != HEAD).collect()
    }
}

fn config(id: &str, index: u64, spec: &Value) -> Value {
    json!({ "ID": id, "Version": { "Index": index }, "Spec": spec })
}

fn message(status: u16, words: &str) -> (u16, Value) {
    (status, json!({ "message": words }))
}

/// A store on an engine of its own.
struct Bench {
    shelf: Rc<RefCell<Shelf>>,
    store: Generations,
    _engine: Fake,
}

impl Bench {
    fn new() -> Self {
        let shelf = Rc::new(RefCell::new(Shelf::default()));
        let answers = Rc::clone(&shelf);
        let engine =
            Fake::answering_bodies(move |request, body| answers.borrow_mut().answer(request, body));
        let store = store(&engine.socket(), SWARM_NAME);
        Self {
            shelf,
            store,
            _engine: engine,
        }
    }

    /// Submits generation `number` with this content after the one before.
    async fn submit(&self, number: u64, content: &str) -> Result<Submitted, GenerationsError> {
        let before = (number - 1, digest(number - 1));
        let expected = (number > 1).then_some((before.0, before.1.as_str()));
        let next = Next {
            number,
            digest: &digest(number),
            schema_revision: 1,
            content: content.as_bytes(),
        };
        self.store.submit(expected, &next).await
    }

    async fn latest(&self) -> (u64, String) {
        let head = self.store.head().await.unwrap().unwrap();
        let content = self.store.content(&head.history[0]).await.unwrap();
        (head.number, String::from_utf8(content).unwrap())
    }
}

fn store(socket: &Path, swarm: &str) -> Generations {
    let seal = Seal::new(&[7; KEY_BYTES], &[]);
    let client = Arc::new(Client::new(socket));
    Generations::new(client, &swarm.parse().unwrap(), Arc::new(seal))
}

fn digest(number: u64) -> String {
    format!("digest of {number}")
}

async fn beside(test: impl AsyncFnOnce(Bench)) {
    let test = async { test(Bench::new()).await };
    tokio::task::LocalSet::new().run_until(test).await;
}

#[tokio::test]
async fn one_generation_follows_the_other_and_none_is_in_clear() {
    beside(async |bench| {
        assert_eq!(bench.store.head().await.unwrap(), None);
        assert_eq!(
            bench.submit(1, "secret one").await.unwrap(),
            Submitted::Accepted
        );
        assert_eq!(
            bench.submit(2, "secret two").await.unwrap(),
            Submitted::Accepted
        );
        assert_eq!(bench.latest().await, (2, "secret two".to_owned()));
        let head = bench.store.head().await.unwrap().unwrap();
        let first = bench.store.content(&head.history[1]).await.unwrap();
        assert_eq!(first, b"secret one");
        for (_, spec) in bench.shelf.borrow().configs.values() {
            let data = BASE64.decode(spec["Data"].as_str().unwrap()).unwrap();
            assert!(!String::from_utf8_lossy(&data).contains("secret"));
        }
    })
    .await;
}

#[tokio::test]
async fn of_two_at_once_one_is_told_what_came_before_it_and_leaves_nothing() {
    beside(async |bench| {
        bench.submit(1, "first").await.unwrap();
        let Submitted::Conflict(head) = bench.submit(1, "another first").await.unwrap() else {
            panic!("two are the first");
        };
        assert_eq!(head.number, 1);
        assert_eq!(bench.latest().await, (1, "first".to_owned()));
        assert_eq!(bench.shelf.borrow().parts().len(), 1);
        // The same again is no other.
        assert_eq!(bench.submit(1, "first").await.unwrap(), Submitted::Accepted);
    })
    .await;
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_found_out() {
    for fault in [Fault::Answer, Fault::Write, Fault::Overtaken] {
        beside(async |bench| {
            bench.submit(1, "first").await.unwrap();
            bench.shelf.borrow_mut().faults.push(fault);
            assert_eq!(
                bench.submit(2, "second").await.unwrap(),
                Submitted::Accepted
            );
            assert_eq!(bench.latest().await, (2, "second".to_owned()));
        })
        .await;
    }
}

#[tokio::test]
async fn what_may_still_be_carried_out_is_not_called_refused() {
    beside(async |bench| {
        bench.submit(1, "first").await.unwrap();
        bench.shelf.borrow_mut().faults = vec![Fault::Refused, Fault::Write];
        let outcome = bench.submit(2, "second").await.unwrap();
        assert_eq!(outcome, Submitted::Unknown);
        bench.shelf.borrow_mut().faults = vec![Fault::Refused];
        let error = bench.submit(2, "second").await.unwrap_err();
        assert!(matches!(error, GenerationsError::Engine(_)), "{error}");
    })
    .await;
}

#[tokio::test]
async fn the_last_ones_are_kept() {
    beside(async |bench| {
        let all = KEPT as u64 + 3;
        for number in 1..=all {
            bench.submit(number, &number.to_string()).await.unwrap();
        }
        assert_eq!(bench.latest().await, (all, all.to_string()));
        assert_eq!(bench.shelf.borrow().parts().len(), KEPT);
    })
    .await;
}

#[tokio::test]
async fn a_store_that_lost_its_head_takes_nothing_but_a_first_generation() {
    beside(async |bench| {
        bench.submit(1, "first").await.unwrap();
        bench.shelf.borrow_mut().configs.remove(HEAD);
        let error = bench.submit(2, "second").await.unwrap_err();
        assert!(matches!(error, GenerationsError::HeadMissing(_)), "{error}");
        assert_eq!(bench.submit(1, "first").await.unwrap(), Submitted::Accepted);
    })
    .await;
}

#[tokio::test]
async fn what_a_lost_head_leaves_behind_is_collected_and_nothing_else() {
    beside(async |bench| {
        for number in 1..=3 {
            bench.submit(number, &number.to_string()).await.unwrap();
        }
        let others = [
            ("site.conf", "cube"),
            ("skep.cube.site.0", "cube"),
            ("skep.cube.def.0", "other"),
            ("skep.other.abc.0", "other"),
        ];
        for (name, swarm) in others {
            let spec = json!({ "Name": name, "Labels": { SWARM: swarm } });
            bench.shelf.borrow_mut().put(name.to_owned(), spec);
        }
        bench.shelf.borrow_mut().configs.remove(HEAD);
        // Its own part of before is among what is collected, and laid anew.
        let again = bench.submit(1, "1").await.unwrap();
        assert_eq!(again, Submitted::Accepted);
        assert_eq!(bench.latest().await, (1, "1".to_owned()));
        assert_eq!(bench.shelf.borrow().parts().len(), 1 + others.len());

        // What somebody lays while another one begins is not taken from under them.
        bench.shelf.borrow_mut().configs.remove(HEAD);
        bench.store.head_to_advance(true).await.unwrap();
        let entry: Entry = "1:abc:1".parse().unwrap();
        bench.store.lay(&entry, &[b"1".to_vec()]).await.unwrap();
        bench.submit(1, "1").await.unwrap();
        assert!(bench.store.open("skep.cube.abc.0").await.is_ok());
    })
    .await;
}

#[tokio::test]
async fn what_was_edited_by_hand_is_named_and_not_overwritten() {
    beside(async |bench| {
        bench.submit(1, "first").await.unwrap();
        let part = bench.shelf.borrow().parts()[0].clone();
        let edited = json!({ "Name": part, "Data": BASE64.encode("edited") });
        bench.shelf.borrow_mut().put(part.clone(), edited);
        let head = bench.store.head().await.unwrap().unwrap();
        let error = bench.store.content(&head.history[0]).await.unwrap_err();
        assert!(error.to_string().contains(&part), "{error}");

        bench.shelf.borrow_mut().replace(HEAD, BTreeMap::new());
        let error = bench.submit(2, "second").await.unwrap_err();
        assert!(
            matches!(error, GenerationsError::HeadNotUnderstood { .. }),
            "{error}"
        );
        assert_eq!(bench.shelf.borrow().labels(HEAD), BTreeMap::new());
    })
    .await;
}

#[tokio::test]
async fn too_much_is_refused_before_anything_is_written() {
    beside(async |bench| {
        let content = parts::tests::noise(parts::PART_BYTES_MAX * (parts::PARTS_MAX + 1));
        let next = Next {
            number: 1,
            digest: "",
            schema_revision: 1,
            content: &content,
        };
        let error = bench.store.submit(None, &next).await.unwrap_err();
        assert!(
            matches!(error, GenerationsError::TooLarge { .. }),
            "{error}"
        );
        assert!(bench.shelf.borrow().configs.is_empty());
    })
    .await;
}

#[test]
fn names_fit_the_engine_however_long_the_swarm_s() {
    let store = store(Path::new("/"), &"a".repeat(40));
    let entry = Entry {
        number: u64::MAX,
        content: parts::content_id(b""),
        parts: parts::PARTS_MAX,
    };
    let longest = store.part_names(&entry).map(|name| name.len()).max();
    assert!(longest <= Some(64), "{longest:?}");
}
