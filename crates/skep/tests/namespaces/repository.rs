//! Agents that watch a branch of a git repository.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;

use crate::cluster::agent::signal;
use crate::cluster::wire::wait_for_advert;
use crate::cluster::{Cluster, PATIENCE, measured, ms, now, wait_until};
use crate::host;
use crate::pair::{self, A, ADDRESSES, B, CLIENT, ID, PRIORITIES, VIP, assert_none_lost};

/// How often the branch is looked at where nobody tells of a push.
const INTERVAL: Duration = Duration::from_secs(1);
/// How soon after a look the group is moved, when the machine has nothing else to do.
const BUDGET: Duration = Duration::from_millis(100);
/// How soon after a push was told.
const TOLD_BUDGET: Duration = Duration::from_secs(1);
/// Where pushes are told.
const PORT: u16 = 7390;
/// What proves who tells.
const SECRET: &str = "0123456789abcdef0123456789abcdef";
/// The priorities that let the other member hold the group.
pub(crate) const LOWER: [u8; 2] = [80, 90];

pub(crate) fn ingress(priorities: [u8; 2]) -> String {
    pair::group("ingress", ID, VIP, priorities)
}

/// The same where an election takes 37 ms, so that what is measured is the way of a push.
fn quick(priorities: [u8; 2]) -> String {
    ingress(priorities).replace("Interval: 100ms", "Interval: 10ms")
}

/// A repository beside the hosts, in which `main` holds this manifest.
pub(crate) fn make_repository(cluster: &Cluster, manifest: &str) {
    git(cluster, &["init", "--quiet", "--initial-branch=main", "."]);
    let bare = ["init", "--quiet", "--bare", "--initial-branch=main"];
    git(cluster, &[&bare[..], &["../origin.git"]].concat());
    git(cluster, &["remote", "add", "origin", "../origin.git"]);
    push(cluster, manifest, "begin");
}

pub(crate) fn work(cluster: &Cluster) -> PathBuf {
    cluster.directory(CLIENT).join("manifests")
}

/// Runs git in the work tree; what it prints.
pub(crate) fn git(cluster: &Cluster, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.org"])
        .args(arguments)
        .current_dir(work(cluster))
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .expect("git is installed");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    String::from_utf8(output.stdout).expect("it prints text")
}

/// Pushes this manifest; the moment when that was done.
pub(crate) fn push(cluster: &Cluster, manifest: &str, message: &str) -> Duration {
    cluster.save(CLIENT, "vip.yaml", manifest);
    git(cluster, &["add", "--all"]);
    git(
        cluster,
        &["commit", "--quiet", "--allow-empty", "-m", message],
    );
    git(
        cluster,
        &["push", "--quiet", "--force", "origin", "HEAD:main"],
    );
    now()
}

/// Starts the agent of a host that watches the branch, with what else its environment says.
pub(crate) fn start(cluster: &mut Cluster, node: &str, more: &[&str]) {
    let origin = cluster.directory(CLIENT).join("origin.git");
    let state = cluster.directory(node).join("state");
    let environment = [
        "env".to_owned(),
        format!("SKEP_GIT={}", origin.display()),
        format!("SKEP_STATE_DIR={}", state.display()),
        format!(
            "SKEP_DOCKER_HOST=unix://{}",
            state.join("none.sock").display()
        ),
    ];
    let mut program: Vec<&str> = environment.iter().map(String::as_str).collect();
    program.extend(more);
    cluster.start_under(
        node,
        "no manifest: the directory is not watched\n",
        &program,
    );
}

/// Both members with this on the branch, `a` first; it holds [`VIP`].
fn running(test: &str, manifest: &str, more: &[&str]) -> Cluster {
    let mut cluster = pair::hosts(test);
    make_repository(&cluster, manifest);
    start(&mut cluster, A, more);
    cluster.wait_for_holder(VIP, A);
    start(&mut cluster, B, more);
    cluster.agent(B).wait_until_it_hears("ingress");
    cluster
}

/// Waits until the status of `node` says all of this.
pub(crate) fn wait_until_said(cluster: &Cluster, node: &str, said: &[&str]) {
    let mut text = String::new();
    let came = wait_until(|| {
        text = cluster.agent(node).ask(&["status"]).1;
        said.iter().all(|word| text.contains(word))
    });
    assert!(came, "{said:?} is not in: {text}");
}

/// How long after `since` `a` begins to leave and `b` has the group, as the kernel saw them
/// advertise.
pub(crate) struct Move {
    begun: Duration,
    pub(crate) done: Duration,
}

impl Move {
    /// Waits for it: `a` advertises its lower priority, or at once that it leaves, and then `b`.
    pub(crate) fn after(cluster: &Cluster, since: Duration) -> Self {
        let lower = wait_for_advert(&cluster.capture, ID, |advert| {
            advert.node == A && advert.at > since && advert.priority() < PRIORITIES[0]
        });
        let first = wait_for_advert(&cluster.capture, ID, |advert| {
            advert.node == B && advert.at > since && advert.priority() == LOWER[1]
        });
        Self {
            begun: lower.at - since,
            done: first.at - since,
        }
    }
}

/// Lets the group move three times, each by what `begin` does, and asserts that it can be done within
/// the budget.
fn assert_soon(
    cluster: &Cluster,
    (what, budget): (&str, Duration),
    begin: impl Fn(&Cluster) -> Duration,
    back: impl Fn(&Cluster),
) {
    let mut moves = Vec::new();
    for _ in 0..3 {
        let since = begin(cluster);
        moves.push(Move::after(cluster, since));
        cluster.wait_for_holder(VIP, B);
        back(cluster);
        cluster.wait_for_holder(VIP, A);
        cluster.agent(B).wait_until_it_hears("ingress");
    }
    let list = |time: fn(&Move) -> Duration| {
        let times: Vec<String> = moves.iter().map(|it| ms(time(it))).collect();
        times.join(", ")
    };
    let done = list(|it| it.done);
    measured(
        &format!("{what}: to the lower advertisement"),
        &list(|it| it.begun),
    );
    measured(
        &format!("{what}: to the first of the other one"),
        &format!("{done} (budget {})", ms(budget)),
    );
    // Two agents start a dozen processes of git for each: two busy processors make them wait now
    // and then, which says nothing of the way itself. That way is never longer than in the best one.
    assert!(moves.iter().any(|it| it.done <= budget), "{done}");
    assert!(moves.iter().all(|it| it.done <= 3 * budget), "{done}");
}

/// Waits until the agent of `a` looks at the branch: what is pushed now waits longest. Git writes
/// that file with every fetch.
fn wait_for_look(cluster: &Cluster) {
    let fetched = cluster.directory(A).join("state/git/copy/FETCH_HEAD");
    let modified = || fs::metadata(&fetched).and_then(|it| it.modified()).ok();
    let before = modified();
    assert!(wait_until(|| modified() != before), "it never looks");
}

#[test]
fn a_push_moves_a_group_of_10_ms_within_the_interval() {
    let interval = format!("SKEP_INTERVAL={}s", INTERVAL.as_secs());
    let cluster = running("push", &quick(PRIORITIES), &[&interval]);
    assert_soon(
        &cluster,
        ("pushed", INTERVAL + BUDGET),
        |cluster| {
            wait_for_look(cluster);
            push(cluster, &quick(LOWER), "b shall have it")
        },
        |cluster| {
            push(cluster, &quick(PRIORITIES), "a shall have it again");
        },
    );
}

/// The environment of an agent that looks at the branch when it is told to.
fn told(cluster: &Cluster) -> [String; 3] {
    let secret = cluster.directory(CLIENT).join("secret");
    fs::write(&secret, SECRET).expect("written");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).expect("its own");
    [
        "SKEP_INTERVAL=24h".to_owned(),
        format!("SKEP_WEBHOOK=0.0.0.0:{PORT}"),
        format!("SKEP_WEBHOOK_SECRET={}", secret.display()),
    ]
}

#[test]
fn a_push_that_is_told_moves_a_group_at_once_a_bad_one_nothing_and_a_stranger_is_not_heard() {
    let mut cluster = pair::hosts("webhook");
    make_repository(&cluster, &ingress(PRIORITIES));
    let environment = told(&cluster);
    let environment = environment.each_ref().map(String::as_str);
    start(&mut cluster, A, &environment);
    cluster.wait_for_holder(VIP, A);
    start(&mut cluster, B, &environment);
    cluster.agent(B).wait_until_it_hears("ingress");
    assert_soon(
        &cluster,
        ("a push told", TOLD_BUDGET),
        |cluster| {
            push(cluster, &ingress(LOWER), "b shall have it");
            for wrong in ["", "another secret of as many lett"] {
                assert_eq!(tell(cluster, wrong), [401, 401]);
            }
            assert_eq!(cluster.holders(VIP), [A]);
            let at = now();
            assert_eq!(tell(cluster, SECRET), [202, 202]);
            at
        },
        |cluster| {
            push(cluster, &ingress(PRIORITIES), "a shall have it again");
            tell(cluster, SECRET);
        },
    );
    let said = ["from git main@", "\"a shall have it again\" (Ada)"];
    wait_until_said(&cluster, A, &said);

    let prober = cluster.probe(CLIENT, VIP);
    let bad = ingress(LOWER).replace("interface:", "interfaec:");
    push(&cluster, &bad, "a slip");
    tell(&cluster, SECRET);
    for node in [A, B] {
        let slip = [
            "REJECTED",
            "\"a slip\" (Ada)",
            "vip.yaml:6:3",
            "did you mean",
        ];
        wait_until_said(&cluster, node, &slip);
        wait_until_said(&cluster, node, &["again\" (Ada) (1 document)"]);
    }
    assert_eq!(cluster.holders(VIP), [A]);
    let lost = assert_none_lost(prober);
    measured("a bad push, which both members saw", &lost);

    // The branch is as bad as before, and who starts again runs what was good.
    signal(cluster.agent(B).supervisor(), Signal::TERM);
    cluster.agent(B).wait_for_exit();
    start(&mut cluster, B, &environment);
    cluster.agent(B).wait_until_it_hears("ingress");
    wait_until_said(&cluster, B, &["REJECTED", "again\" (Ada) (1 document)"]);

    let origin = cluster.directory(CLIENT).join("origin.git");
    fs::remove_dir_all(origin).expect("removed");
    tell(&cluster, SECRET);
    let gone = ["REJECTED", "does not appear to be a git repository"];
    wait_until_said(&cluster, A, &gone);
    assert_eq!(cluster.holders(VIP), [A]);
}

/// Tells both agents of a push as GitLab does; what they answer.
fn tell(cluster: &Cluster, secret: &str) -> [u16; 2] {
    let ask = |address| {
        let server = SocketAddr::from((address, PORT));
        let mut server = TcpStream::connect(server).expect("it listens");
        server.set_read_timeout(Some(PATIENCE)).expect("a limit");
        let request = format!(
            "POST / HTTP/1.1\r\nHost: skep\r\nX-Gitlab-Token: {secret}\r\nContent-Length: 2\r\n\r\n{{}}"
        );
        server.write_all(request.as_bytes()).expect("it reads");
        let mut answer = String::new();
        server.read_to_string(&mut answer).expect("it answers");
        let code = answer.split(' ').nth(1).and_then(|code| code.parse().ok());
        code.expect("it speaks HTTP")
    };
    host::on(cluster, CLIENT, || ADDRESSES.map(ask))
}
