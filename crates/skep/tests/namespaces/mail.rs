//! A mail server inside a host of the lab, which keeps what it is sent.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use rustix::net::Shutdown;

use crate::cluster::Cluster;
use crate::host::on;

/// A mail server that runs until it is dropped.
pub(crate) struct MailServer {
    listener: Arc<TcpListener>,
    mails: Arc<Mutex<Vec<String>>>,
    thread: Option<JoinHandle<()>>,
}

impl MailServer {
    /// Listens on a host of the lab.
    pub(crate) fn start(cluster: &Cluster, node: &str, address: Ipv4Addr, port: u16) -> Self {
        let listen = || TcpListener::bind((address, port)).expect("nobody else listens");
        let listener = Arc::new(on(cluster, node, listen));
        let mails = Arc::new(Mutex::new(Vec::new()));
        let (accepting, kept) = (Arc::clone(&listener), Arc::clone(&mails));
        let thread = thread::spawn(move || {
            while let Ok((stream, _)) = accepting.accept() {
                // One after the other: mails are kept in the order they were sent.
                if let Ok(Some(mail)) = receive(&stream) {
                    kept.lock().expect("whole").push(mail);
                }
            }
        });
        Self {
            listener,
            mails,
            thread: Some(thread),
        }
    }

    /// The subjects of all mails that `node` sent.
    pub(crate) fn subjects(&self, node: &str) -> Vec<String> {
        let mails = self.mails.lock().expect("whole");
        let begin = format!("Subject: [{node}] ");
        let subject = |mail: &String| {
            let line = mail.lines().find_map(|line| line.strip_prefix(&begin));
            line.map(str::to_owned)
        };
        mails.iter().filter_map(subject).collect()
    }

    /// All mails.
    pub(crate) fn mails(&self) -> Vec<String> {
        self.mails.lock().expect("whole").clone()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _closed = rustix::net::shutdown(&*self.listener, Shutdown::Both);
        if let Some(thread) = self.thread.take() {
            let _printed = thread.join();
        }
    }
}

/// One conversation; the mail, when there was one.
fn receive(mut stream: &TcpStream) -> io::Result<Option<String>> {
    stream.write_all(b"220 ready\r\n")?;
    let mut mail = None;
    let mut lines = BufReader::new(stream).lines();
    while let Some(line) = lines.next().transpose()? {
        let answer = match line.split(' ').next().unwrap_or_default() {
            "DATA" => {
                stream.write_all(b"354 speak\r\n")?;
                let mut text = String::new();
                while let Some(line) = lines.next().transpose()?
                    && line != "."
                {
                    text += &line;
                    text.push('\n');
                }
                mail = Some(text);
                "250 taken\r\n"
            }
            "QUIT" => break,
            _ => "250 fine\r\n",
        };
        stream.write_all(answer.as_bytes())?;
    }
    stream.write_all(b"221 bye\r\n")?;
    Ok(mail)
}
