//! A compose file as a `Stack`, seen with the engine's own command line.

use std::fs;

use serde_json::Value;

use crate::site::Site;

const SWARM: &str = "\
apiVersion: skep/v1
kind: Swarm
metadata: {name: stacked}
spec:
  nodes:
    - {name: first, address: 10.0.0.60, role: manager}
    - {name: second, address: 10.0.0.61, role: worker}
---
";
const STACK: &str = "\
apiVersion: skep/v1
kind: Stack
metadata: {name: shop}
spec:
  compose: {fromFile: files/shop.compose.yaml}
  environment: {TAG: latest}
";
/// A web server, a cache and a database, as a person writes it for `docker stack deploy`.
const COMPOSE: &str = r#"version: "3.8"
x-logging: &logging
  driver: json-file
  options: {max-size: 1m, max-file: "2"}
services:
  web:
    image: nginx:${TAG:-none}
    ports: ["80:80"]
    env_file: web.env
    environment: {DATABASE: "db:5432", CACHE: cache}
    networks: [front, back]
    secrets: [db_password]
    configs: [{source: site, target: /www/site, mode: 0440}]
    volumes: ["static:/srv/static", {type: tmpfs, target: /tmp, tmpfs: {size: 1m}}]
    logging: *logging
    stop_grace_period: 1s
    healthcheck: {test: [CMD, /bin/busybox, "true"], interval: 1s, retries: 3}
    deploy:
      replicas: 2
      labels: {tier: front}
      placement: {max_replicas_per_node: 1, preferences: [{spread: node.labels.zone}]}
      resources: {limits: {cpus: "0.5", memory: 64M}, reservations: {memory: 8M}}
      update_config: {parallelism: 1, order: stop-first, failure_action: rollback}
      restart_policy: {condition: on-failure, delay: 1s, max_attempts: 5, window: 10s}
  cache:
    image: nginx
    networks: [back]
    labels: [of=cache]
    ulimits: {nofile: 1024}
    sysctls: {net.core.somaxconn: 256}
    logging: *logging
  db:
    image: nginx
    environment: [PASSWORD_FILE=/run/secrets/db_password]
    networks: [back]
    secrets: [{source: db_password, target: db_password, mode: 0400}]
    volumes: [data:/var/lib/data]
    deploy: {placement: {constraints: [node.role == manager]}}
networks:
  front:
  back: {internal: true, labels: {tier: back}}
volumes:
  static:
  data: {labels: {keep: always}}
configs:
  site: {file: ./site.txt}
secrets:
  db_password: {file: db_password.txt}
"#;
const PASSWORD: &str = "password-nobody-may-read";

#[test]
fn a_compose_file_deploys_as_docker_stack_knows_it_and_drift_in_it_is_found() {
    let site = Site::up_with("stacked", SWARM);
    let files = site.directory().join("files");
    fs::create_dir(&files).expect("there is room for files");
    for (name, text) in [
        ("shop.compose.yaml", COMPOSE),
        ("web.env", "MODE=production\n# comment\n"),
        ("site.txt", "the site"),
        ("db_password.txt", PASSWORD),
    ] {
        fs::write(files.join(name), text).expect("there is room for files");
    }
    site.write(&format!("{SWARM}{STACK}"));
    let said = site.apply("second", site.directory());
    assert!(!said.contains(PASSWORD), "{said}");
    check_nothing_to_do(&site);

    check_what_docker(&site);
    check_tasks(&site);
    check_drift(&site);

    // What the stack declared goes with it.
    let path = site.write(SWARM);
    site.apply_all("first", &path);
    assert_eq!(
        site.docker("first", &["stack", "ls", "--format", "{{.Name}}"])
            .trim(),
        ""
    );
    let engine = site.engine("first");
    let files = [engine.files("config"), engine.files("secret")].concat();
    assert!(files.is_empty(), "{files:?}");
    let networks = engine.ask("/networks").to_string();
    assert!(!networks.contains("shop_"), "{networks}");
}

/// What the engine's own command line shows of the stack.
fn check_what_docker(site: &Site) {
    let stacks = site.docker(
        "first",
        &["stack", "ls", "--format", "{{.Name}} {{.Services}}"],
    );
    assert_eq!(stacks.trim(), "shop 3");
    let words = [
        "stack",
        "services",
        "shop",
        "--format",
        "{{.Name}} {{.Replicas}}",
    ];
    let said = site.docker("first", &words);
    let mut services: Vec<&str> = said.lines().collect();
    services.sort_unstable();
    let expected = [
        "shop_cache 1/1",
        "shop_db 1/1",
        "shop_web 2/2 (max 1 per node)",
    ];
    assert_eq!(services, expected);
    let words = [
        "stack",
        "ps",
        "shop",
        "--format",
        "{{.Name}} {{.DesiredState}}",
    ];
    let tasks = site.docker("first", &words);
    let running = tasks.lines().filter(|line| line.ends_with(" Running"));
    assert_eq!(running.count(), 4, "{tasks}");
    let words = [
        "network",
        "ls",
        "--filter",
        "label=com.docker.stack.namespace=shop",
    ];
    let networks = site.docker("first", &words);
    assert!(
        networks.contains("shop_back") && networks.contains("shop_front"),
        "{networks}"
    );
    assert!(!networks.contains("shop_default"), "{networks}");
}

/// What the tasks got: names, files and volumes.
fn check_tasks(site: &Site) {
    let engine = site.engine("first");
    let web = engine.service("shop_web").expect("it is there");
    let container = &web["Spec"]["TaskTemplate"]["ContainerSpec"];
    assert_eq!(container["Labels"]["com.docker.stack.namespace"], "shop");
    let mut environment = engine.environment("shop_web");
    environment.sort();
    assert_eq!(
        environment,
        ["CACHE=cache", "DATABASE=db:5432", "MODE=production"]
    );
    let aliases = &web["Spec"]["TaskTemplate"]["Networks"][0]["Aliases"];
    assert_eq!(aliases, &serde_json::json!(["web"]));
    let filter = "label=com.docker.swarm.service.name=shop_db";
    let database = site.docker("first", &["ps", "-q", "--filter", filter]);
    let read = [
        "exec",
        database.trim(),
        "/bin/busybox",
        "cat",
        "/run/secrets/db_password",
    ];
    assert_eq!(site.docker("first", &read), PASSWORD);
    let volume = engine.ask("/volumes/shop_data");
    assert_eq!(volume["Labels"]["keep"], "always", "{volume}");
    assert_eq!(
        volume["Labels"]["com.docker.stack.namespace"], "shop",
        "{volume}"
    );
}

/// Somebody changes a service of the stack.
fn check_drift(site: &Site) {
    site.docker(
        "first",
        &[
            "service",
            "update",
            "-d",
            "--env-add",
            "BY=hand",
            "shop_cache",
        ],
    );
    site.wait_until("it is put right", || {
        let service = site
            .engine("first")
            .service("shop_cache")
            .unwrap_or_default();
        let was_changed = service["PreviousSpec"]["TaskTemplate"]["ContainerSpec"]["Env"]
            .as_array()
            .is_some_and(|lines| lines.contains(&Value::from("BY=hand")));
        was_changed && site.engine("first").environment("shop_cache").is_empty()
    });
    check_nothing_to_do(site);
    let log = fs::read_to_string(site.disk("first").join("agent.log")).expect("it is there");
    assert!(
        log.contains("somebody else changed it object=\"service/shop_cache\""),
        "{log}"
    );
}

fn check_nothing_to_do(site: &Site) {
    let path = site.directory().display().to_string();
    let said = site.skep("first", &["diff", "-f", &path]);
    assert_eq!((said.code, said.output.as_str()), (Some(0), ""), "{said:?}");
}
