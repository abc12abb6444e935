//! Programs that stand for what skep looks at itself, in both directions.

use skep_manifest::address::Subnet;
use skep_manifest::health_check::{
    FileProbe, HttpProbe, ListeningProbe, Probe, ProcessProbe, RouteProbe, TcpProbe,
};
use skep_manifest::name::InterfaceName;

use crate::program::Program;

/// What `program` looks at, when skep can look at it itself.
pub(crate) fn native(program: &Program) -> Option<Probe> {
    let argv: Vec<&str> = program.argv.iter().map(String::as_str).collect();
    let (first, rest) = argv.split_first()?;
    match (first.rsplit('/').next()?, rest) {
        ("sh" | "bash", ["-c", line]) => native_line(line),
        ("killall", ["-0", name]) | ("pidof" | "pgrep", [name] | ["-x", name]) => process(name),
        ("nc" | "ncat", ["-z", rest @ ..]) => connection(rest),
        ("test", ["-e" | "-f", path]) => path
            .parse()
            .ok()
            .map(|path| Probe::File(FileProbe { path, equals: None })),
        ("curl", ["--fail", "--silent", "--output", "/dev/null", url]) => http(url),
        _ => native_line(&program.text),
    }
}

/// How bash connects.
const TCP_DEVICE: &str = "</dev/tcp/";

/// What a line for a shell looks at.
fn native_line(line: &str) -> Option<Probe> {
    if let Some((host, port)) = line
        .strip_prefix(TCP_DEVICE)
        .and_then(|socket| socket.split_once('/'))
    {
        return connection(&[host, port]);
    }
    let (command, filter) = line.split_once('|')?;
    let command: Vec<&str> = command.split_whitespace().collect();
    let filter: Vec<&str> = filter.split_whitespace().collect();
    let name = command.first()?.rsplit('/').next()?;
    match (name, &command[1..], filter.as_slice()) {
        ("ss", ["-Hltn", "\"sport", "=", port], ["grep", "-q", "."]) => {
            listening(port.trim_end_matches('"'), None)
        }
        ("ss", ["-Hltn", "\"src", socket], ["grep", "-q", "."]) => {
            let (address, port) = socket.trim_end_matches('"').rsplit_once(':')?;
            listening(port, Some(address.trim_matches(['[', ']'])))
        }
        ("ss" | "netstat", [flags], ["grep", .., port]) if is_listing(flags) => {
            listening(port.trim_matches(['"', '\'']), None)
        }
        ("ip", ["route", "show", "exact", to, rest @ ..], ["grep", "-q", "."]) => route(to, rest),
        _ => None,
    }
}

fn is_listing(flags: &str) -> bool {
    flags.starts_with('-') && flags.contains('l') && flags.contains('t')
}

fn listening(port: &str, address: Option<&str>) -> Option<Probe> {
    let port = port.trim_start_matches(':').parse().ok()?;
    let address = match address {
        Some(address) => Some(address.parse().ok()?),
        None => None,
    };
    (port > 0).then_some(Probe::Listening(ListeningProbe { port, address }))
}

fn process(name: &str) -> Option<Probe> {
    let name = name.rsplit('/').next().filter(|name| !name.is_empty())?;
    Some(Probe::Process(ProcessProbe {
        name: name.to_owned(),
        minimum: 1,
    }))
}

/// `[-w SECONDS] HOST PORT`.
fn connection(words: &[&str]) -> Option<Probe> {
    let (host, port) = match words {
        ["-w", _, host, port] | [host, port] => (*host, port.parse().ok()?),
        _ => return None,
    };
    if matches!(host, "127.0.0.1" | "localhost" | "::1") {
        return listening(&format!("{port}"), None);
    }
    let host = Some(host.to_owned());
    (port > 0).then_some(Probe::Tcp(TcpProbe { port, host }))
}

fn http(url: &str) -> Option<Probe> {
    Some(Probe::Http(HttpProbe {
        url: url.parse().ok()?,
        host: None,
        method: skep_manifest::health_check::HttpMethod::Get,
        statuses: vec!["200-299".parse().ok()?],
        contains: None,
        insecure: false,
    }))
}

fn route(to: &str, rest: &[&str]) -> Option<Probe> {
    let to: Subnet = to.parse().ok()?;
    let interface: Option<InterfaceName> = match rest {
        ["dev", interface] => Some(interface.parse().ok()?),
        [] => None,
        _ => return None,
    };
    Some(Probe::Route(RouteProbe { to, interface }))
}

/// The program that looks at what `probe` looks at; nothing when there is none, or when it is a
/// process, which keepalived looks at itself.
pub(crate) fn program(probe: &Probe) -> Option<Vec<String>> {
    let shell = |line: String| vec!["/bin/sh".to_owned(), "-c".to_owned(), line];
    let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
    match probe {
        Probe::Tcp(tcp) => {
            let host = tcp.host.as_deref()?;
            let is_plain = host
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b".:-".contains(&byte));
            let line = format!("{TCP_DEVICE}{host}/{}", tcp.port);
            // keepalived starts no shell, and every Debian has this one.
            is_plain.then(|| words(&["/bin/bash", "-c", &line]))
        }
        Probe::Listening(listening) => Some(shell(match listening.address {
            Some(address) if address.0.is_ipv6() => {
                format!(
                    "ss -Hltn \"src [{address}]:{}\" | grep -q .",
                    listening.port
                )
            }
            Some(address) => format!("ss -Hltn \"src {address}:{}\" | grep -q .", listening.port),
            None => format!("ss -Hltn \"sport = :{}\" | grep -q .", listening.port),
        })),
        Probe::Http(http) => {
            let plain = self::http(http.url.as_str())? == probe.clone();
            let url = http.url.as_str();
            plain.then(|| {
                words(&[
                    "/usr/bin/curl",
                    "--fail",
                    "--silent",
                    "--output",
                    "/dev/null",
                    url,
                ])
            })
        }
        Probe::Exec(exec) => exec.environment.is_empty().then(|| exec.argv.clone()),
        Probe::File(file) => {
            let path = file.path.as_str();
            file.equals
                .is_none()
                .then(|| words(&["/usr/bin/test", "-e", path]))
        }
        Probe::Process(_) => None,
        Probe::Route(route) => Some(shell(match &route.interface {
            Some(interface) => {
                format!(
                    "ip route show exact {} dev {} | grep -q .",
                    route.to,
                    interface.as_str()
                )
            }
            None => format!("ip route show exact {} | grep -q .", route.to),
        })),
    }
}
