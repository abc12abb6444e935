use skep_manifest::parse::parse;
use skep_manifest::resolve::resolve;
use skep_manifest::set::Source;

use super::*;

fn desired(members: &str) -> Desired {
    let text = format!(
        "apiVersion: skep/v1\nkind: VipGroup\nmetadata: {{name: ingress}}\nspec: {{virtualRouterId: 51, interface: eth0, addresses: [10.0.0.70], members: {members}}}\n"
    );
    let set = parse(vec![Source {
        name: "skep.yaml".to_owned(),
        text: text.into_bytes(),
    }]);
    assert!(set.problems.is_empty(), "{:?}", set.problems);
    resolve(&set).0
}

fn order(number: u64, to: Option<&str>, left_ms: Option<u64>) -> Move {
    Move {
        group: "ingress".parse().unwrap(),
        number,
        to: to.map(|node| node.parse().unwrap()),
        left_ms,
        by: "root@a".to_owned(),
    }
}

fn at(seconds: u64) -> Instant {
    Instant::from_boot(Duration::from_secs(seconds))
}

fn wall(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn target(moves: &Moves) -> Option<String> {
    let (_, to) = moves.in_force().into_iter().next()?;
    Some(to.to_string())
}

#[test]
fn the_newest_order_counts_and_only_where_the_group_has_such_a_member() {
    let directory = tempfile::tempdir().unwrap();
    let mut moves = Moves::open(directory.path().to_owned(), at(0), wall(0));
    let desired = desired("[a, b, {external: c, address: 10.0.0.9}]");
    assert!(moves.take(order(2, Some("b"), None), &desired, at(0)));
    assert!(!moves.take(order(1, Some("a"), None), &desired, at(0)));
    assert!(!moves.take(order(2, Some("b"), None), &desired, at(0)));
    assert!(!moves.take(order(3, Some("c"), None), &desired, at(0)));
    assert!(!moves.take(order(3, Some("d"), None), &desired, at(0)));
    assert_eq!(target(&moves).as_deref(), Some("b"));
    assert_eq!(moves.next_number(&"ingress".parse().unwrap()), 3);
    assert!(moves.take(order(3, None, None), &desired, at(0)));
    assert_eq!(target(&moves), None);
    assert_eq!(moves.all(at(0)).len(), 1, "others must learn that it ended");
}

#[test]
fn an_order_ends_in_time_also_when_the_machine_was_off() {
    let directory = tempfile::tempdir().unwrap();
    let open = |now, wall| Moves::open(directory.path().to_owned(), now, wall);
    let desired = desired("[a, b]");
    let mut moves = open(at(100), SystemTime::now());
    moves.take(order(1, Some("b"), Some(60_000)), &desired, at(100));
    assert!(!moves.expire(at(159)));
    assert_eq!(
        moves
            .of(&"ingress".parse().unwrap(), at(130))
            .unwrap()
            .left_ms,
        Some(30_000)
    );
    assert!(moves.expire(at(160)) && target(&moves).is_none());
    assert!(!moves.expire(at(161)));

    moves.take(order(2, Some("b"), Some(60_000)), &desired, at(200));
    let now = SystemTime::now();
    let minute = Duration::from_secs(60);
    let again = open(at(5), now + minute / 2);
    let left = again
        .of(&"ingress".parse().unwrap(), at(5))
        .unwrap()
        .left_ms;
    assert!(
        left.unwrap() <= 30_000 && left.unwrap() > 25_000,
        "{left:?}"
    );
    assert_eq!(target(&open(at(5), now + 2 * minute)), None);
    let without_clock = open(at(5), UNIX_EPOCH);
    let left = without_clock
        .of(&"ingress".parse().unwrap(), at(5))
        .unwrap()
        .left_ms;
    assert_eq!(left, Some(60_000), "never longer than was ordered");
}

#[test]
fn a_desired_state_without_the_group_or_the_target_ends_it() {
    let directory = tempfile::tempdir().unwrap();
    let mut moves = Moves::open(directory.path().to_owned(), at(0), wall(0));
    moves.take(order(1, Some("b"), None), &desired("[a, b]"), at(0));
    moves.prune(&desired("[b, c]"), at(0));
    assert_eq!(target(&moves).as_deref(), Some("b"));
    moves.prune(&desired("[a, c]"), at(0));
    assert!(moves.all(at(0)).is_empty());
    let again = Moves::open(directory.path().to_owned(), at(0), wall(0));
    assert!(again.all(at(0)).is_empty());
}

#[test]
fn an_order_that_the_disk_does_not_take_is_kept_later() {
    let directory = tempfile::tempdir().unwrap();
    let open = || Moves::open(directory.path().to_owned(), at(0), wall(0));
    let mut moves = open();
    let place = directory.path().join("moves.json");
    std::fs::create_dir(&place).unwrap();
    assert!(moves.take(order(1, Some("b"), None), &desired("[a, b]"), at(1)));
    moves.keep_again(at(2));
    assert_eq!(moves.unkept().map(|unkept| unkept.since), Some(at(1)));
    std::fs::remove_dir(&place).unwrap();
    moves.keep_again(at(3));
    assert_eq!(moves.unkept(), None);
    assert_eq!(target(&open()).as_deref(), Some("b"));
}

#[test]
fn a_broken_file_is_no_reason_not_to_start() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("moves.json"), "[{").unwrap();
    let moves = Moves::open(directory.path().to_owned(), at(0), wall(0));
    assert!(moves.all(at(0)).is_empty());
    let nowhere = Moves::open(directory.path().join("none"), at(0), wall(0));
    assert!(nowhere.all(at(0)).is_empty() && !directory.path().join("none").exists());
}
