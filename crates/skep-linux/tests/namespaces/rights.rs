//! What only a process with rights can do: real-time priority, locked memory, giving rights up.

use std::fs;
use std::thread;

use skep_linux::netlink::{Events, Netlink};
use skep_linux::process::privileges::{Capability, Programs, keep_only};
use skep_linux::scheduling::{lock_memory, set_real_time};
use skep_linux::vrrp_socket::{Family, VrrpSocket};
use socket2::{Domain, Protocol, Socket, Type};

fn status(key: &str) -> String {
    let status = fs::read_to_string("/proc/thread-self/status").expect("/proc is mounted");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(key))
        .expect("the key exists");
    line.trim_start_matches(':').trim().to_owned()
}

#[test]
fn root_gets_real_time_priority() {
    thread::spawn(|| {
        set_real_time(10).unwrap();
        let stat = fs::read_to_string("/proc/thread-self/stat").unwrap();
        let fields: Vec<_> = stat.rsplit(") ").next().unwrap().split(' ').collect();
        // proc(5): field 40 is the real-time priority, 41 the policy; this starts at field 3.
        assert_eq!((fields[37], fields[38]), ("10", "1"));
    })
    .join()
    .unwrap();
}

#[test]
fn locked_memory_is_locked_but_not_filled() {
    lock_memory().unwrap();
    let locked = status("VmLck");
    assert_ne!(locked, "0 kB");
    rustix::mm::munlockall().unwrap();
}

#[test]
fn rights_that_are_given_up_are_gone_for_good() {
    // Capabilities belong to a thread, so this one can lose them alone.
    thread::spawn(|| {
        keep_only(
            &[Capability::NetRaw, Capability::SysNice],
            Programs::NeverGain,
        )
        .unwrap();
        let expected = format!("{:016x}", (1u64 << 13) | (1 << 23));
        for set in ["CapEff", "CapPrm", "CapBnd"] {
            assert_eq!(status(set), expected, "{set}");
        }
        for set in ["CapInh", "CapAmb"] {
            assert_eq!(status(set), "0".repeat(16), "{set}");
        }
        assert_eq!(status("NoNewPrivs"), "1");

        let raw = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::from(112)));
        assert!(raw.is_ok(), "kept: {raw:?}");
        let denied = rustix::system::sethostname(b"nobody").unwrap_err();
        assert_eq!(denied, rustix::io::Errno::PERM);
        let denied = keep_only(&[Capability::NetAdmin], Programs::MayGain);
        assert!(denied.is_ok());
        assert_eq!(
            status("CapEff"),
            "0".repeat(16),
            "what is gone does not come back"
        );
    })
    .join()
    .unwrap();
}

#[test]
fn a_program_started_later_does_not_get_them_back() {
    let status = thread::spawn(|| {
        keep_only(&[Capability::SetUid], Programs::MayGain).unwrap();
        std::process::Command::new("cat")
            .arg("/proc/self/status")
            .output()
            .unwrap()
    })
    .join()
    .unwrap();
    let status = String::from_utf8(status.stdout).unwrap();
    let expected = format!("CapEff:\t{:016x}", 1u64 << 7);
    assert!(status.contains(&expected), "{status}");
}

#[test]
fn without_rights_links_are_listed_and_the_vrrp_socket_names_what_it_needs() {
    thread::spawn(|| {
        keep_only(&[], Programs::NeverGain).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()
            .unwrap();
        let links = runtime.block_on(async {
            let _events = Events::open().unwrap();
            Netlink::open().unwrap().links().await.unwrap()
        });
        let error = VrrpSocket::open(links[0].index, Family::Ipv4, [])
            .unwrap_err()
            .to_string();
        assert!(error.contains("CAP_NET_RAW and CAP_NET_ADMIN"), "{error}");
    })
    .join()
    .unwrap();
}
