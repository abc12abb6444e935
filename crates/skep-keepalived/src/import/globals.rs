//! `global_defs`.

use skep_manifest::problem::Severity;

use super::entry;
pub(super) use super::model::Globals;
use super::model::{Announced, At};
use super::scribe::{Reading, Scribe};
use crate::keyword::GLOBAL;
use crate::language::Statement;

/// The port of mail, where a server is named without one.
const SMTP_PORT: u16 = 25;

pub(super) fn read(statement: &Statement, globals: &mut Globals, scribe: &mut Scribe<'_>) {
    scribe.block(
        "global_defs",
        GLOBAL,
        statement.entries(),
        &mut |scribe, statement| read_one(statement, globals, scribe),
    );
    for statement in statement.entries() {
        if statement.keyword.text == "router_id" && statement.words.is_empty() {
            scribe
                .texts
                .report(Severity::Warning, "missing-value", statement.keyword.span)
                .says("`router_id` has no value")
                .help("keepalived ignores it; skep has no such field");
        }
    }
}

fn read_one(statement: &Statement, globals: &mut Globals, scribe: &mut Scribe<'_>) -> Reading<()> {
    let span = statement.keyword.span;
    let mail = &mut globals.mail;
    match statement.keyword.text.as_str() {
        "vrrp_version" => globals.version = Some(entry::version(statement, scribe)?),
        "vrrp_mcast_group4" => globals.multicast = Some(scribe.parsed(statement, "an address")?),
        "v3_checksum_as_v2" => globals.checksum_as_v2 = Some(scribe.truth(statement)?),
        "vrrp_startup_delay" => globals.start_delay = Some(scribe.seconds(statement)?),
        "notification_email" => {
            for word in &statement.words {
                mail.to.push(At::new(word.text.clone(), word.span));
            }
            let to = &mut mail.to;
            let path = "global_defs/notification_email";
            scribe.list(
                path,
                "Notifier email.to",
                statement.entries(),
                &mut |_, one, _| {
                    for word in std::iter::once(&one.keyword).chain(&one.words) {
                        to.push(At::new(word.text.clone(), word.span));
                    }
                    Ok(())
                },
            );
        }
        "notification_email_from" => {
            let from = scribe.value(statement)?;
            mail.from = Some(At::new(from.text.clone(), span));
        }
        "smtp_server" => {
            let host = scribe.first(statement)?;
            let port = match statement.words.get(1) {
                Some(word) => scribe.parse(word, "a port")?,
                None => SMTP_PORT,
            };
            let mut server = host.clone();
            let is_bare_ipv6 = host.text.matches(':').count() > 1 && !host.text.starts_with('[');
            server.text = match is_bare_ipv6 {
                true => format!("[{}]:{port}", host.text),
                false => format!("{}:{port}", host.text),
            };
            mail.server = Some(At::new(scribe.parse(&server, "a mail server")?, span));
        }
        "smtp_connect_timeout" => mail.timeout = Some(scribe.seconds(statement)?),
        "smtp_alert" | "smtp_alert_vrrp" => globals.smtp_alert = Some(scribe.truth(statement)?),
        "no_email_faults" => globals.no_fault_mails = true,
        "script_user" => {
            let user = scribe.first(statement)?;
            globals.user = Some(At::new(user.text.clone(), span));
            entry::group(
                statement.words.get(1).map(|word| &word.text),
                statement,
                scribe,
            );
        }
        other => {
            let keyword = other.strip_prefix("vrrp_").unwrap_or(other);
            announced(keyword, statement, &mut globals.announced, scribe)?;
        }
    }
    Ok(())
}

/// `garp_…` of an instance, and of all of them.
pub(super) fn announced(
    keyword: &str,
    statement: &Statement,
    announced: &mut Announced,
    scribe: &mut Scribe<'_>,
) -> Reading<()> {
    match keyword {
        "garp_master_repeat" => announced.count = Some(scribe.byte(statement, 1..=100)?),
        "garp_master_delay" => announced.repeat_after = Some(scribe.seconds(statement)?),
        "garp_master_refresh" => announced.refresh = Some(scribe.seconds(statement)?),
        "garp_master_refresh_repeat" => {
            announced.refresh_count = Some(scribe.byte(statement, 1..=100)?);
        }
        // `min_garp`: one announcement, and no second time.
        _ => {
            if scribe.truth(statement)?.value {
                let span = statement.keyword.span;
                announced.count = Some(At::new(1, span));
                announced.repeat_after =
                    Some(At::new(skep_manifest::duration::Duration::ZERO, span));
            }
        }
    }
    Ok(())
}
