//! What a run found, and how it is told.

use std::fmt::Display;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Map, Value};

/// Why something is not verified.
#[derive(Debug)]
pub enum Failure {
    /// What was published contradicts itself or what was signed.
    Misbehaviour(String),
    /// It could not be checked.
    Unchecked(String),
}

/// The outcome of a check.
pub type Checked<T> = Result<T, Failure>;

/// A contradiction, in words.
pub fn misbehaviour<T>(what: impl Display) -> Checked<T> {
    Err(Failure::Misbehaviour(what.to_string()))
}

/// Something that cannot be checked, in words.
pub fn unchecked<T>(what: impl Display) -> Checked<T> {
    Err(Failure::Unchecked(what.to_string()))
}

impl Display for Failure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Misbehaviour(what) | Self::Unchecked(what) => formatter.write_str(what),
        }
    }
}

/// The report of one run.
#[derive(Serialize)]
pub struct Report {
    command: &'static str,
    result: &'static str,
    problem: Option<String>,
    checked: Vec<String>,
    warnings: Vec<String>,
    facts: Map<String, Value>,
}

impl Report {
    /// An empty report.
    pub fn new(command: &'static str) -> Self {
        Self {
            command,
            result: "verified",
            problem: None,
            checked: Vec::new(),
            warnings: Vec::new(),
            facts: Map::new(),
        }
    }

    /// Says what was found to be right.
    pub fn checked(&mut self, what: impl Into<String>) {
        self.checked.push(what.into());
    }

    /// Says what the reader should bear in mind.
    pub fn warn(&mut self, what: impl Into<String>) {
        self.warnings.push(what.into());
    }

    /// Keeps a number or text that belongs to the result.
    pub fn fact(&mut self, name: &str, value: impl Into<Value>) {
        self.facts.insert(name.to_owned(), value.into());
    }

    /// Takes in how it ended and returns the exit status.
    pub fn close(&mut self, outcome: Checked<()>) -> u8 {
        let (result, problem, status) = match outcome {
            Ok(()) => ("verified", None, 0),
            Err(Failure::Misbehaviour(what)) => ("misbehaviour", Some(what), 1),
            Err(Failure::Unchecked(what)) => ("unchecked", Some(what), 2),
        };
        self.result = result;
        self.problem = problem;
        status
    }

    /// Prints it as lines or as one JSON object.
    pub fn print(&self, json: bool, out: &mut impl Write) -> io::Result<()> {
        if json {
            serde_json::to_writer_pretty(&mut *out, self)?;
            return writeln!(out);
        }
        for what in &self.checked {
            writeln!(out, "ok    {what}")?;
        }
        for (name, value) in &self.facts {
            match value {
                Value::String(text) => writeln!(out, "      {name}: {text}")?,
                Value::Array(items) => {
                    writeln!(out, "      {name}:")?;
                    items
                        .iter()
                        .try_for_each(|item| writeln!(out, "        {item}"))?;
                }
                other => writeln!(out, "      {name}: {other}")?,
            }
        }
        for what in &self.warnings {
            writeln!(out, "note  {what}")?;
        }
        match (&self.problem, self.result) {
            (None, _) => writeln!(out, "VERIFIED"),
            (Some(what), "misbehaviour") => writeln!(out, "MISBEHAVIOUR: {what}"),
            (Some(what), _) => writeln!(out, "COULD NOT CHECK: {what}"),
        }
    }
}
