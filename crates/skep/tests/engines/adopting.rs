//! A swarm that was made by hand becomes skep's, and none of its tasks notices.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::site::{Site, Speak as _, skep, tell};

/// What the lab is made from; nobody applies it.
const NODES: &str = "\
apiVersion: skep/v1
kind: Swarm
metadata: {name: nodes}
spec:
  nodes:
    - {name: first, address: 10.0.0.60, role: manager}
    - {name: second, address: 10.0.0.61, role: worker}
";
/// It ends as soon as it is told to.
const WEB: [&str; 5] = [
    "nginx",
    "/bin/busybox",
    "sh",
    "-c",
    "trap 'exit 0' TERM; /bin/busybox httpd -h /www; while :; do /bin/busybox sleep 0.1; done",
];
const WEB_OPTIONS: &str = "--mode global --publish published=80,target=80,mode=host --label team=blue \
     --secret source=key,target=tls.key,mode=0440 --config source=site,target=/www/site \
     --env COLOUR=blue --update-order stop-first";
const BUSY_OPTIONS: &str = "--replicas 2 --mount type=volume,source=data,target=/data \
     --mount type=tmpfs,target=/tmp,tmpfs-size=1048576 --mount type=bind,source=/etc,target=/host,readonly \
     --constraint node.role==worker --placement-pref spread=node.labels.zone \
     --update-parallelism 2 --update-order start-first --update-failure-action rollback \
     --update-delay 1s --update-max-failure-ratio 0.25 --rollback-parallelism 0 --rollback-monitor 3s \
     --restart-condition on-failure --restart-delay 2s --restart-max-attempts 3 --restart-window 1m \
     --stop-grace-period 1s --stop-signal SIGTERM --user 0 --workdir / --hostname {{.Service.Name}} \
     --read-only --cap-add NET_ADMIN --cap-drop CHOWN --ulimit nofile=1024:4096 \
     --host db:10.0.0.5 --dns 10.0.0.53 --dns-search example.com --limit-cpu .5 --limit-memory 64M \
     --limit-pids 100 --reserve-memory 4M --log-driver json-file --log-opt max-size=1m --init --tty \
     --container-label log=json";
const NETWORKED_OPTIONS: &str = "--replicas 0 --network name=front,alias=www --network shop_default --publish 8080:80 \
     --health-interval 5s --health-cmd true";
const STACK_OPTIONS: &str = "--replicas 1 --label com.docker.stack.namespace=shop";

#[test]
fn a_swarm_made_by_hand_is_taken_over_and_no_task_is_restarted() {
    let site = Site::up_with("adopting", NODES);
    make_by_hand(&site);
    site.wait_until("everything runs", || {
        let states = tasks(&site);
        let count = |state: &str| states.values().filter(|it| *it == state).count();
        count("running") == 5 && count("complete") == 2
    });
    let before = tasks(&site);
    let (manifest, told) = import(&site, &["--name", "taken"]);
    tell("manifest", &manifest);
    for note in [
        "service/shop_web: it is not in the manifest",
        "service/busy: a manifest does not say TaskTemplate.ContainerSpec.TTY",
        "service/once: it is not in the manifest",
        "secrets: they stay as they are",
        "configs: they stay as they are",
        "network/shop_default: it stays as it is",
    ] {
        assert!(told.contains(note), "{note}: {told}");
        assert!(
            manifest.contains(&format!("# {note}")),
            "{note}: {manifest}"
        );
    }
    let path = site.write(&manifest);
    let lint = skep(&["lint", &path.display().to_string()]).said();
    assert!(!lint.output.contains("error"), "{lint:?}");
    check_takes_over_only(&site, &path);

    site.apply("second", &path);
    check_nothing_to_do(&site, &path);
    assert_eq!(tasks(&site), before, "no task is another one");
    let shop = site
        .engine("first")
        .service("shop_web")
        .expect("it is there");
    assert!(shop["Spec"]["Labels"]["skep.swarm"].is_null(), "{shop}");

    let (again, _) = import(&site, &[]);
    assert_eq!(documents(&again), documents(&manifest));
    check_nothing_to_do(&site, &site.write(&again));

    let changed = again.replace("replicas: 2", "replicas: 3");
    let changed = changed.replace("COLOUR: blue", "COLOUR: red");
    site.apply("first", &site.write(&changed));
    let environment = site.engine("first").environment("web");
    assert_eq!(environment, ["COLOUR=red"]);
    let now = tasks(&site);
    let kept = before
        .iter()
        .filter(|(id, _)| now.get(*id) == before.get(*id));
    // Two of `busy`, one of the stack, and those of the job.
    assert_eq!(kept.count(), 5, "{before:?} {now:?}");
}

/// As somebody makes a swarm who does not know skep.
fn make_by_hand(site: &Site) {
    let docker = |node: &str, words: &str| {
        let words: Vec<&str> = words.split_whitespace().collect();
        site.docker(node, &words);
    };
    docker(
        "first",
        "swarm init --advertise-addr 10.0.0.60 --task-history-limit 7",
    );
    let swarm = site.engine("first").ask("/swarm");
    let token = swarm["JoinTokens"]["Worker"].as_str().expect("a token");
    let join = "swarm join --advertise-addr 10.0.0.61 10.0.0.60:2377 --token";
    docker("second", &format!("{join} {token}"));
    docker("first", "node update --label-add zone=a second");
    docker(
        "first",
        "network create -d overlay --attachable --subnet 10.20.3.0/24 front",
    );
    docker(
        "first",
        "network create -d overlay --label com.docker.stack.namespace=shop shop_default",
    );
    let content = site.directory().join("content");
    fs::write(&content, "one").expect("there is room for files");
    let content = content.display();
    docker("first", &format!("secret create key {content}"));
    docker("first", &format!("config create site {content}"));
    let create = |name: &str, options: &str, command: &[&str]| {
        let head = [
            "service",
            "create",
            "--detach",
            "--no-resolve-image",
            "--name",
            name,
        ];
        let options: Vec<&str> = options.split_whitespace().collect();
        site.docker("first", &[&head[..], &options, command].concat());
    };
    create("web", WEB_OPTIONS, &WEB);
    create("busy", BUSY_OPTIONS, &WEB);
    create("networked", NETWORKED_OPTIONS, &WEB);
    create("shop_web", STACK_OPTIONS, &WEB);
    let once = ["nginx", "/bin/busybox", "true"];
    create(
        "once",
        "--mode replicated-job --replicas 2 --max-concurrent 1",
        &once,
    );
}

/// The manifest of the swarm, and what else is told.
fn import(site: &Site, options: &[&str]) -> (String, String) {
    let host = format!(
        "unix://{}",
        site.disk("first").join("docker.sock").display()
    );
    let words = [&["import", "swarm", "--docker-host", &host], options].concat();
    let said = skep(&words).said();
    let told = said.complaint.clone();
    (said.check_success(), told)
}

/// The documents of a manifest, but for what says that it is taken over.
fn documents(manifest: &str) -> Vec<&str> {
    let lines = manifest.lines();
    lines
        .filter(|line| !line.starts_with('#') && !line.contains("adopt:"))
        .collect()
}

/// Checks that applying these writes labels of skep's and nothing else.
fn check_takes_over_only(site: &Site, path: &Path) {
    let path = path.display().to_string();
    let plan = site.json("first", &["diff", "-f", &path]);
    // Who has no manifest yet asks no other agent.
    let blocked = plan["blocked"].as_array().expect("a list").iter();
    let others = blocked.filter(|blocked| blocked["reason"] != "AgentSilent");
    assert_eq!(others.count(), 0, "{plan}");
    let steps = plan["steps"].as_array().expect("a plan has steps");
    let mut services = Vec::new();
    for step in steps {
        let action = &step["action"];
        if let Some(update) = action.get("updateService") {
            services.push(step["object"].as_str().expect("an object"));
            let changes = update["changes"].as_array().expect("changes");
            let paths = changes.iter().map(|change| change["path"].as_str());
            let others = paths.flatten().filter(|it| !it.starts_with("Labels.skep."));
            assert_eq!(others.count(), 0, "{step}");
        } else {
            let is_label = action.get("labelNode").or(action.get("updateSwarm"));
            assert!(is_label.is_some(), "{step}");
        }
    }
    let all = ["busy", "networked", "web"].map(|name| format!("service/{name}"));
    assert_eq!(services, all, "{plan}");
}

fn check_nothing_to_do(site: &Site, path: &Path) {
    let path = path.display().to_string();
    let diff = site.skep("first", &["diff", "-f", &path]);
    assert_eq!((diff.code, diff.output.as_str()), (Some(0), ""), "{diff:?}");
}

/// The tasks that shall run or have succeeded, by their ids, each with its state.
fn tasks(site: &Site) -> BTreeMap<String, String> {
    let tasks = site.engine("first").ask("/tasks");
    let tasks = tasks.as_array().expect("a list").iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let wanted = tasks.filter(|task| task["DesiredState"] != "shutdown");
    wanted
        .map(|task| (text(&task["ID"]), text(&task["Status"]["State"])))
        .collect()
}
