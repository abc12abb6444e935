//! Notify scripts and mails as notifiers.

use std::collections::BTreeMap;

use skep_manifest::duration::Interval;
use skep_manifest::name::Name;
use skep_manifest::notifier::{Email, ExecNotifier, NotifierSpec, Tls};
use skep_manifest::object::{Object, Resource};
use skep_manifest::problem::Severity;
use skep_manifest::span::Span;
use skep_manifest::vip_group::{MemberState, Notification};

use super::group::{Document, metadata};
use super::model::{Event, Node, Told};
use super::names::Names;
use crate::language::Texts;
use crate::program::Program;

/// The notifiers that the groups need, each once.
#[derive(Default)]
pub(super) struct Notifiers {
    names: Names,
    known: Vec<(Name, NotifierSpec, Span)>,
    /// Their names, by what they are: thousands are not compared one by one.
    by_spec: BTreeMap<String, Name>,
}

/// How `notify` names what it tells about.
#[derive(Clone, Copy)]
pub(super) struct About<'a> {
    /// `INSTANCE` or `GROUP`.
    pub(super) kind: &'a str,
    pub(super) name: &'a str,
}

impl Notifiers {
    pub(super) fn documents(self) -> impl Iterator<Item = Document> {
        self.known.into_iter().map(|(name, spec, span)| Document {
            object: Object::Notifier(Resource {
                metadata: metadata(name),
                spec,
            }),
            notes: vec![("/metadata/name".to_owned(), span)],
        })
    }

    fn named(&mut self, like: &str, spec: NotifierSpec, span: Span) -> Name {
        let key = format!("{spec:?}");
        if let Some(name) = self.by_spec.get(&key) {
            return name.clone();
        }
        // Two programs of one name differ in their arguments.
        let name = self.names.another(like);
        self.by_spec.insert(key, name.clone());
        self.known.push((name.clone(), spec, span));
        name
    }

    /// What `told` says of `about`, as notifications.
    pub(super) fn notifications(
        &mut self,
        node: &Node,
        told: &Told,
        about: About<'_>,
        texts: &mut Texts,
    ) -> Vec<Notification> {
        let mut notifications = Vec::new();
        for told in &told.programs {
            let (event, program, user) = &told.value;
            let user = user
                .as_ref()
                .or(node.globals.user.as_ref().map(|user| &user.value));
            let user = user.map_or("nobody", String::as_str);
            for (state, argv) in calls(*event, program, about) {
                let notifier = self.program(argv, user, told.span);
                add(&mut notifications, notifier, state);
            }
            if *event == Event::Any {
                texts
                    .report(Severity::Note, "priority-not-appended", told.span)
                    .says("keepalived appends four words to `notify`, the last is the priority")
                    .help("the first three are written out; the priority is in SKEP_PRIORITY");
            }
        }
        let by_mail = told.by_mail.as_ref().or(node.globals.smtp_alert.as_ref());
        if let Some(by_mail) = by_mail.filter(|by_mail| by_mail.value) {
            match self.mail(node) {
                Some(notifier) => notifications.push(Notification {
                    notifier,
                    states: match node.globals.no_fault_mails {
                        true => vec![MemberState::Active, MemberState::Backup],
                        false => Vec::new(),
                    },
                    every: None,
                }),
                None => texts
                    .report(Severity::Error, "mail-incomplete", by_mail.span)
                    .says("mails are asked for, but not to whom or by which server")
                    .help("`notification_email` and `smtp_server` in `global_defs`")
                    .done(),
            }
        }
        notifications
    }

    fn program(&mut self, argv: Vec<String>, user: &str, span: Span) -> Name {
        let (user, argv) = match Program::without_user(&argv) {
            Some((user, argv)) => (user.to_owned(), argv.to_vec()),
            None => (user.to_owned(), argv),
        };
        let like = argv.first().and_then(|program| program.rsplit('/').next());
        let like = like.map(|name| name.split('.').next().unwrap_or(name).to_owned());
        let spec = NotifierSpec::Exec(ExecNotifier {
            argv,
            user,
            timeout: Interval::from_secs(30),
        });
        self.named(&like.unwrap_or_default(), spec, span)
    }

    /// Whom `node` mails.
    pub(super) fn mail(&mut self, node: &Node) -> Option<Name> {
        let mail = &node.globals.mail;
        let server = mail.server.as_ref()?;
        let to = mail.to.first()?;
        let from = mail.from.as_ref();
        let spec = NotifierSpec::Email(Email {
            to: mail.to.iter().map(|to| to.value.clone()).collect(),
            from: from.map_or_else(
                || format!("keepalived@{}", node.name),
                |from| from.value.clone(),
            ),
            server: server.value.clone(),
            tls: Tls::default(),
            username: None,
            password: None,
            timeout: mail
                .timeout
                .as_ref()
                .map_or(Interval::from_secs(30), |timeout| timeout.value),
        });
        Some(self.named("mail", spec, to.span))
    }
}

fn add(notifications: &mut Vec<Notification>, notifier: Name, state: MemberState) {
    let known = notifications
        .iter_mut()
        .find(|one| one.notifier == notifier);
    match known {
        Some(known) if !known.states.contains(&state) => known.states.push(state),
        Some(_) => {}
        None => notifications.push(Notification {
            notifier,
            states: vec![state],
            every: None,
        }),
    }
}

/// What is run when which state is entered.
fn calls(event: Event, program: &Program, about: About<'_>) -> Vec<(MemberState, Vec<String>)> {
    let argv = match program.shell_word() {
        Some(_) => vec!["/bin/sh".to_owned(), "-c".to_owned(), program.text.clone()],
        None => program.argv.clone(),
    };
    let states = [
        (Event::Master, MemberState::Active, "MASTER"),
        (Event::Backup, MemberState::Backup, "BACKUP"),
        (Event::Fault, MemberState::Fault, "FAULT"),
    ];
    let asked = states
        .into_iter()
        .filter(|(of, ..)| event == Event::Any || event == *of);
    asked
        .map(|(_, state, word)| {
            let mut argv = argv.clone();
            if event == Event::Any {
                argv.extend([about.kind, about.name, word].map(str::to_owned));
            }
            (state, argv)
        })
        .collect()
}
