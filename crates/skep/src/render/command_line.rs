//! The page about the command line, made from what the command line itself knows.

use std::fmt::Write;

use clap::{Arg, Command};

const HEAD: &str = "\
# Command line

<!-- Written by `cargo xtask regenerate` from the commands in `crates/skep/src/commands/`. -->

Data goes to standard output, everything else to standard error. Without colour when standard
output is no terminal or `NO_COLOR` is set. `KIND NAME` and `KIND/NAME` name the same thing, in the
singular, the plural or short (`vip`). `skep COMMAND --help` prints what stands here,
`skep man COMMAND` a manual page, `skep completion SHELL` what lets a shell complete it.
";

/// The whole page.
pub(crate) fn render(mut top: Command) -> String {
    top.build();
    let mut page = HEAD.to_owned();
    let global: Vec<&Arg> = top
        .get_arguments()
        .filter(|it| it.is_global_set())
        .collect();
    page += "\n## Every command\n";
    page += &table(&global);
    for command in visible(&top) {
        section(command, &mut page);
    }
    page
}

fn section(command: &Command, page: &mut String) {
    let name = command.get_display_name().unwrap_or_default();
    let name = name.replace('-', " ");
    let about = command.get_long_about().or(command.get_about());
    let about = about.map(ToString::to_string).unwrap_or_default();
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ").trim_end();
    // Writing to a text never fails.
    let _infallible = write!(page, "\n## {name}\n\n{about}\n\n```text\n{usage}\n```\n");
    let own: Vec<&Arg> = command
        .get_arguments()
        .filter(|it| !it.is_global_set() && !it.is_hide_set() && !is_standard(it))
        .collect();
    if !own.is_empty() {
        *page += &table(&own);
    }
    for command in visible(command) {
        section(command, page);
    }
}

fn visible(command: &Command) -> impl Iterator<Item = &Command> {
    command
        .get_subcommands()
        .filter(|it| !it.is_hide_set() && it.get_name() != "help")
}

/// What every command has without saying so.
fn is_standard(argument: &Arg) -> bool {
    ["help", "version"].contains(&argument.get_id().as_str())
}

fn table(arguments: &[&Arg]) -> String {
    let rows = arguments.iter().map(|it| row(it));
    format!(
        "\n| argument | meaning |\n|---|---|\n{}",
        rows.collect::<String>()
    )
}

fn row(argument: &Arg) -> String {
    let help = argument.get_long_help().or(argument.get_help());
    let help = help.map(ToString::to_string).unwrap_or_default();
    let mut help = help.replace('\n', " ");
    if !help.ends_with('.') {
        help.push('.');
    }
    let values = argument.get_possible_values();
    let values: Vec<String> = values
        .iter()
        .map(|value| format!("`{}`", value.get_name()))
        .collect();
    if argument.get_action().takes_values() && !values.is_empty() {
        help += &format!(" One of {}.", values.join(", "));
    }
    let defaults = argument.get_default_values().iter();
    let defaults: Vec<String> = defaults
        .map(|value| format!("`{}`", value.to_string_lossy()))
        .collect();
    if argument.get_action().takes_values() && !defaults.is_empty() {
        help += &format!(" By default {}.", defaults.join(", "));
    }
    if let Some(variable) = argument.get_env() {
        help += &format!(" Also as `{}`.", variable.to_string_lossy());
    }
    let written = match argument.get_short() {
        Some(short) => format!("-{short}, {argument}"),
        None => argument.to_string(),
    };
    format!("| `{}` | {} |\n", cell(&written), cell(&help))
}

/// A text that stands in one cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
