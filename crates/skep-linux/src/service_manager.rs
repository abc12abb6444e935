//! What the service manager that started this process is told: sd_notify(3), one datagram each.

use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// Where the service manager listens, if there is one that wants to know.
const SOCKET: &str = "NOTIFY_SOCKET";

/// What is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News<'a> {
    /// The service does what it is there for, in a few words.
    Ready(&'a str),
    /// It begins to stop.
    Stopping,
    /// What keeps it from being ready.
    Trouble(&'a str),
}

/// Tells the service manager, if one started this process.
///
/// # Errors
///
/// When it does not take it.
pub fn tell(news: News<'_>) -> io::Result<()> {
    std::env::var_os(SOCKET).map_or(Ok(()), |socket| tell_on(&socket, news))
}

fn tell_on(socket: &OsStr, news: News<'_>) -> io::Result<()> {
    let address = match socket.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
        path => SocketAddr::from_pathname(OsStr::from_bytes(path))?,
    };
    let datagram = UnixDatagram::unbound()?;
    // Whoever does not read holds nobody up.
    datagram.set_nonblocking(true)?;
    datagram.send_to_addr(news.to_text().as_bytes(), &address)?;
    Ok(())
}

impl News<'_> {
    fn to_text(self) -> String {
        // Each line is a message of its own.
        let line = |text: &str| text.replace(['\n', '\r'], " ");
        match self {
            Self::Ready(status) => format!("READY=1\nSTATUS={}\n", line(status)),
            Self::Stopping => "STOPPING=1\n".to_owned(),
            Self::Trouble(status) => format!("STATUS={}\n", line(status)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_hears_on_a_path_and_on_an_abstract_name() {
        let directory = tempfile::tempdir().expect("there is room for files");
        let path = directory.path().join("notify");
        let by_path = UnixDatagram::bind(&path).expect("bound");
        let name = format!("skep-notify-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).expect("a name");
        let by_name = UnixDatagram::bind_addr(&address).expect("bound");
        let mut buffer = [0; 256];
        for (socket, manager) in [
            (path.into_os_string(), by_path),
            (format!("@{name}").into(), by_name),
        ] {
            tell_on(&socket, News::Ready("standalone")).expect("it listens");
            let length = manager.recv(&mut buffer).expect("it was told");
            assert_eq!(&buffer[..length], b"READY=1\nSTATUS=standalone\n");
        }
    }

    #[test]
    fn words_never_become_another_message() {
        let text = News::Trouble("no key\nREADY=1").to_text();
        assert_eq!(text, "STATUS=no key READY=1\n");
    }

    #[test]
    fn nobody_who_listens_is_an_error_and_holds_nobody_up() {
        let told = tell_on(OsStr::new("/nowhere/notify"), News::Stopping);
        assert_eq!(
            told.expect_err("nobody listens").kind(),
            io::ErrorKind::NotFound
        );
    }
}
