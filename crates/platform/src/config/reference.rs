//! The settings as operators read them: values with secrets masked, and the reference page.

use std::fmt::Write as _;

use super::{Environment, Variable};

/// `NAME=value` lines in force, secrets masked; a value that was not set is marked as the default.
pub fn values(variables: &[Variable], environment: &Environment) -> String {
    let mut text = String::new();
    for variable in variables {
        let found = environment.get(variable.names);
        let shown = variable
            .mask
            .show(found.map_or(variable.default, |(_, value)| value));
        let origin = if found.is_none() { "  # default" } else { "" };
        let _ = writeln!(text, "{}={shown}{origin}", variable.name());
    }
    text
}

/// The reference page of all variables, as Markdown.
pub fn markdown(variables: &[Variable]) -> String {
    let mut text = String::from(
        "# Configuration\n\n\
         Every setting is an environment variable, or a line of `.env` in the working folder (the environment wins).\n\
         Booleans: `true` in any letter case is true, everything else is false. Lists are separated by commas.\n\
         `selflink config` prints what is in force, with secrets masked. An invalid setting stops the start.\n\n\
         This page is generated: `selflink config --markdown > docs/configuration.md`.\n",
    );
    let mut section = "";
    for variable in variables {
        if variable.section != section {
            section = variable.section;
            let _ = write!(
                text,
                "\n## {section}\n\n| variable | default | meaning |\n| --- | --- | --- |\n"
            );
        }
        let names: Vec<String> = variable.names.iter().map(|name| format!("`{name}`")).collect();
        let default = if variable.default.is_empty() {
            "–".to_owned()
        } else {
            format!("`{}`", variable.default)
        };
        let doc = variable.doc.trim().replace('|', "\\|");
        let _ = writeln!(
            text,
            "| {} | {default} | {doc} ({}) |",
            names.join(", formerly "),
            variable.kind
        );
    }
    text
}
