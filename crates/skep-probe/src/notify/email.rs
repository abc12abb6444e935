//! `email`: a mail to people.

mod line;

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters,
};
use lettre::transport::smtp::extension::ClientId;
use rustls::pki_types::ServerName;
use skep_manifest::notifier::{Email, Tls};

use crate::aside::Aside;
use crate::connect::connect;
use crate::notify::event::Event;
use crate::notify::secret;
use crate::tls::Trust;
use line::Line;

/// How a user is authenticated, once the line is encrypted.
const MECHANISMS: &[Mechanism] = &[Mechanism::Plain, Mechanism::Login];

/// Sends once.
pub(crate) async fn send(
    email: &Email,
    event: &Event,
    repetition: u64,
    trust: &Trust,
    aside: &Aside,
) -> Result<(), String> {
    let message = message(email, event, repetition)?;
    let credentials = credentials(email, aside).await?;
    let me = ClientId::Domain(event.node.to_string());
    // Without a password there is nothing to protect from a server that only poses as the right
    // one, and it would be sent in the clear to a server without any certificate.
    let trust = match (email.tls, &credentials) {
        (Tls::Opportunistic, None) => &Trust::Anybody,
        _ => trust,
    };
    let mut connection = open(email, &me, trust, aside).await?;
    if let Some(credentials) = &credentials {
        connection
            .auth(MECHANISMS, credentials)
            .await
            .map_err(|error| failed("the user is not accepted", &error))?;
    }
    connection
        .send(message.envelope(), &message.formatted())
        .await
        .map_err(|error| failed("the mail is not accepted", &error))?;
    // It was accepted: how the server says farewell changes nothing.
    let _farewell = connection.quit().await;
    Ok(())
}

async fn credentials(email: &Email, aside: &Aside) -> Result<Option<Credentials>, String> {
    let Some(user) = &email.username else {
        return Ok(None);
    };
    let password = match &email.password {
        Some(source) => secret::read(source, aside).await?,
        None => String::new(),
    };
    Ok(Some(Credentials::new(user.clone(), password)))
}

/// A connection over which the mail, and the password, may go.
async fn open(
    email: &Email,
    me: &ClientId,
    trust: &Trust,
    aside: &Aside,
) -> Result<AsyncSmtpConnection, String> {
    let (host, port) = host_and_port(email)?;
    let stream = connect(host, port, aside).await?;
    let peer = stream
        .peer_addr()
        .map_err(|error| format!("the connection to {host} is lost: {error}"))?;
    if email.tls == Tls::Implicit {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|error| format!("{host} cannot have a certificate: {error}"))?;
        let connector = trust.connector(aside).await?;
        let stream = connector
            .connect(name, stream)
            .await
            .map_err(|error| format!("no TLS connection to {host}: {error}"))?;
        return greet(Line::new(stream, peer), me, host).await;
    }
    let mut connection = greet(Line::new(stream, peer), me, host).await?;
    let is_offered = connection.can_starttls();
    match email.tls {
        Tls::Starttls | Tls::Opportunistic if is_offered => {
            let parameters = parameters(host, trust, aside).await?;
            let encrypted = connection.starttls(parameters, me).await;
            encrypted.map_err(|error| failed("no TLS connection", &error))?;
        }
        Tls::Starttls => return Err(format!("{host} does not offer STARTTLS")),
        Tls::Opportunistic if email.username.is_some() => {
            return Err(format!(
                "{host} does not offer STARTTLS, and a password is not sent in the clear (`tls: none` would)"
            ));
        }
        Tls::Opportunistic | Tls::None | Tls::Implicit => {}
    }
    Ok(connection)
}

async fn greet<S>(line: Line<S>, me: &ClientId, host: &str) -> Result<AsyncSmtpConnection, String>
where
    Line<S>: lettre::transport::smtp::client::AsyncTokioStream + 'static,
{
    AsyncSmtpConnection::connect_with_transport(Box::new(line), me)
        .await
        .map_err(|error| failed(&format!("{host} is no mail server"), &error))
}

async fn parameters(host: &str, trust: &Trust, aside: &Aside) -> Result<TlsParameters, String> {
    let unusable = |error| failed("TLS cannot be used", &error);
    let anybody = matches!(trust, Trust::Anybody);
    let mut parameters = TlsParameters::builder(host.to_owned())
        .certificate_store(CertificateStore::None)
        .dangerous_accept_invalid_hostnames(anybody)
        .dangerous_accept_invalid_certs(anybody);
    for authority in trust.authorities(aside).await? {
        let authority = Certificate::from_der(authority.to_vec()).map_err(unusable)?;
        parameters = parameters.add_root_certificate(authority);
    }
    parameters.build_rustls().map_err(unusable)
}

fn host_and_port(email: &Email) -> Result<(&str, u16), String> {
    let server = email.server.as_str();
    let (host, port) = server.rsplit_once(':').ok_or("the server has no port")?;
    let port = port.parse().map_err(|_error| "the server has no port")?;
    Ok((host.trim_matches(['[', ']']), port))
}

fn message(email: &Email, event: &Event, repetition: u64) -> Result<Message, String> {
    let Event { group, node, .. } = event;
    let (state, still) = (
        event.state_word(),
        if repetition > 0 { "still " } else { "" },
    );
    let mut message = Message::builder()
        .from(mailbox(&email.from)?)
        .subject(format!("[{node}] VIP group {group} is {still}{state}"))
        .date_now()
        .message_id(Some(message_id(event, repetition)))
        .header(ContentType::TEXT_PLAIN);
    for recipient in &email.to {
        message = message.to(mailbox(recipient)?);
    }
    let mut message = message
        .body(text(event))
        .map_err(|error| format!("the mail cannot be written: {error}"))?;
    // RFC 3834: no out-of-office notes in return.
    message.headers_mut().insert_raw(HeaderValue::new(
        HeaderName::new_from_ascii_str("Auto-Submitted"),
        "auto-generated".to_owned(),
    ));
    Ok(message)
}

/// The same for every attempt, so that a mail which arrives twice is seen to be one.
fn message_id(event: &Event, repetition: u64) -> String {
    let key = event.key(repetition).replace([':', '+'], ".");
    format!("<{key}@{}>", event.node)
}

fn mailbox(address: &str) -> Result<Mailbox, String> {
    address
        .parse()
        .map_err(|error| format!("`{address}` is no mail address: {error}"))
}

fn text(event: &Event) -> String {
    [
        ("Group", event.group.to_string()),
        ("State", event.state_word().to_owned()),
        ("Because", event.because.clone()),
        ("Node", event.node.to_string()),
        ("Priority", event.priority.to_string()),
        ("Addresses", event.addresses().join(", ")),
        ("At", event.at.clone()),
    ]
    .map(|(name, value)| format!("{:<11}{value}\r\n", format!("{name}:")))
    .concat()
}

/// What failed with the reasons, each once.
fn failed(what: &str, error: &lettre::transport::smtp::Error) -> String {
    let mut text = format!("{what}: {error}");
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let reason = error.to_string();
        if !text.contains(&reason) {
            text.push_str(&format!(": {reason}"));
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests;
