//! Docker engines on the nodes of a lab.
//!
//! Run as root: `cargo test -p skep-lab --features engines`.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use skep_lab::Lab;
use skep_lab::engine::Engine;
use skep_lab::image::Image;
use skep_lab::plan::{LabNode, LabPlan};

const GRACE: Duration = Duration::from_secs(20);

fn up(test: &str) -> Lab {
    let node = |name: &str, last: u8| LabNode {
        name: name.to_owned(),
        address: IpAddr::V4(Ipv4Addr::new(10, 0, 0, last)),
        prefix_length: 24,
        interface: "eth0".to_owned(),
    };
    let plan = LabPlan {
        name: format!("{test}-{}", std::process::id()),
        nodes: vec![node("a", 60), node("b", 61)],
    };
    Lab::up(plan).expect("root may make a lab")
}

/// What the engine answers to a request without a body.
fn ask(engine: &Engine, request: &str) -> String {
    let mut stream = UnixStream::connect(engine.socket()).expect("it listens");
    let request = format!("{request} HTTP/1.0\r\nHost: docker\r\nContent-Length: 0\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream
        .read_to_string(&mut answer)
        .expect("it answers in text");
    answer
}

/// The directories of this name among the control groups.
fn control_groups(name: &str) -> usize {
    let root = Path::new("/sys/fs/cgroup");
    let hierarchies = fs::read_dir(root)
        .expect("control groups are mounted")
        .flatten();
    hierarchies
        .filter(|hierarchy| hierarchy.path().join(name).exists())
        .count()
        + usize::from(root.join(name).exists())
}

#[test]
fn an_engine_serves_images_made_here_and_leaves_nothing() {
    let mut lab = up("serve");
    let engine = lab.start_engine("a").unwrap();
    engine
        .import("nginx:latest", &Image::web().unwrap())
        .unwrap();
    assert!(ask(&engine, "GET /info").contains("\"Name\":\"a\""));

    let id = run_container(&lab, "nginx");
    let page =
        "for try in $(seq 100); do busybox wget -q -O - http://10.0.0.60 && exit; sleep 0.1; done";
    let output = lab.exec("b", &["sh", "-c", page]).unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said.trim(), &id[..12]);

    let (name, directory) = (lab.plan().name.clone(), engine.socket());
    assert!(control_groups(&format!("skep-{name}-a")) > 0);
    lab.down().unwrap();
    assert!(!directory.parent().unwrap().exists());
    assert_eq!(control_groups(&format!("skep-{name}-a")), 0);
    let mounts = fs::read_to_string("/proc/mounts").unwrap();
    assert!(!mounts.contains(&name), "{mounts}");
}

/// Runs the image with its port 80 on the node's.
fn run_container(lab: &Lab, image: &str) -> String {
    let run = ["docker", "run", "--detach", "--publish", "80:80", image];
    let output = lab.exec("a", &run).expect("the node is alive");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}");
    let id = String::from_utf8(output.stdout).expect("it says an id");
    id.trim().to_owned()
}

#[test]
fn an_image_that_an_engine_saved_is_run_by_another_under_another_name() {
    let mut lab = up("saved");
    let web = Image::web().unwrap();
    let first = lab.start_engine("a").unwrap();
    first.import("web:1", &web).unwrap();
    let file = lab.node_disk("a").join("web.tar");
    let save = [
        "docker",
        "save",
        "--output",
        file.to_str().unwrap(),
        "web:1",
    ];
    assert!(lab.exec("a", &save).unwrap().status.success());

    let second = lab.start_engine("b").unwrap();
    second
        .import("registry:5000/nginx", &Image::read(&file).unwrap())
        .unwrap();
    let inspect = [
        "docker",
        "inspect",
        "--format",
        "{{.Config.Cmd}}",
        "registry:5000/nginx",
    ];
    let said = String::from_utf8(lab.exec("b", &inspect).unwrap().stdout).unwrap();
    assert!(said.contains("httpd"), "{said}");
}

#[test]
fn a_power_cut_ends_the_engine_and_its_data_stays() {
    let mut lab = up("cut");
    let engine = lab.start_engine("a").unwrap();
    engine.import("web:1", &Image::web().unwrap()).unwrap();
    lab.kill("a").unwrap();
    assert!(UnixStream::connect(engine.socket()).is_err());
    lab.mend("a").unwrap();
    let engine = lab.start_engine("a").unwrap();
    assert!(ask(&engine, "GET /images/json").contains("web:1"));
    lab.stop(engine.process(), GRACE).unwrap();
    assert!(UnixStream::connect(engine.socket()).is_err());
}

#[test]
fn an_engine_that_cannot_start_is_quoted() {
    let mut lab = up("quoted");
    let directory = Path::new("/var/lib/skep-lab")
        .join(&lab.plan().name)
        .join("a");
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("data"), "no directory").unwrap();
    let error = format!("{:#}", lab.start_engine("a").unwrap_err());
    assert!(error.contains("no engine on node `a`"), "{error}");
    assert!(error.contains("canonical path points to a file"), "{error}");
}

#[test]
fn a_node_has_one_engine() {
    let mut lab = up("one");
    lab.start_engine("a").unwrap();
    let error = lab.start_engine("a").unwrap_err().to_string();
    assert_eq!(error, "an engine runs on node `a` already");
}

#[test]
fn what_is_no_image_is_refused() {
    let mut lab = up("refused");
    let engine = lab.start_engine("a").unwrap();
    let file = std::env::temp_dir().join(format!("skep-lab-{}.tar", std::process::id()));
    fs::write(&file, [7; 2048]).unwrap();
    let image = Image::read(&file);
    fs::remove_file(&file).unwrap();
    let error = engine.import("web", &image.unwrap()).unwrap_err();
    assert!(
        error.to_string().contains("cannot import image `web`"),
        "{error:#}"
    );
}
