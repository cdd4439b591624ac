//! Whose signatures count.

use std::fs;

use ledger::checkpoint::Checkpoint;
use ledger::note::{Algorithm, Note, NoteError, VerifierKey};

use crate::report::{Checked, Failure, Report, unchecked};
use crate::source::Source;

/// Options about keys.
#[derive(clap::Args)]
pub struct Trust {
    /// The log's verifier key (name+id+bytes), or a file with it. Without it the source is asked for its key, which proves
    /// only that the source agrees with itself.
    #[arg(long)]
    key: Option<String>,
    /// The verifier key of a witness, or a file with it; may be given more than once.
    #[arg(long = "witness", value_name = "KEY")]
    witnesses: Vec<String>,
    /// How many of these witnesses must have signed the checkpoint; all of them unless given.
    #[arg(long)]
    quorum: Option<usize>,
}

/// Keys that count.
pub struct Keys {
    log: VerifierKey,
    witnesses: Vec<VerifierKey>,
    quorum: usize,
}

/// A checkpoint that its log signed.
pub struct Signed {
    pub checkpoint: Checkpoint,
    pub note: Note,
}

impl Trust {
    /// Reads the keys; the log's from the source where none was given.
    pub fn keys(&self, source: Option<&Source>, report: &mut Report) -> Checked<Keys> {
        let log = match (&self.key, source) {
            (Some(key), _) => read_key(key, Algorithm::Note)?,
            (None, Some(source)) => {
                let text = source.read_text("log/key")?;
                report
                    .warn("the key came from the source itself: keep it and give it with --key from now on");
                parse_key(text.strip_suffix('\n').unwrap_or(&text), Algorithm::Note)?
            }
            (None, None) => {
                return unchecked("which log? Give its key with --key, or its source with --source");
            }
        };
        let witnesses: Checked<Vec<_>> = self
            .witnesses
            .iter()
            .map(|key| read_key(key, Algorithm::Cosignature))
            .collect();
        let witnesses = witnesses?;
        let quorum = self.quorum.unwrap_or(witnesses.len());
        if quorum > witnesses.len() {
            return unchecked(format!(
                "a quorum of {quorum} needs as many witnesses, but {} were given",
                witnesses.len()
            ));
        }
        report.fact("key", log.to_string());
        Ok(Keys {
            log,
            witnesses,
            quorum,
        })
    }
}

impl Keys {
    /// Reads the source's checkpoint and checks who signed it.
    pub fn checkpoint(&self, source: &Source, report: &mut Report) -> Checked<Signed> {
        let signed = self.open(&source.read_text("log/checkpoint")?)?;
        let Checkpoint {
            origin, size, root, ..
        } = &signed.checkpoint;
        report.checked(format!("checkpoint of {origin}: {size} entries, root {root}"));
        self.witnesses(&signed.note, report)?;
        Ok(signed)
    }

    /// Reads a checkpoint that was kept and checks that the log signed it.
    pub fn open(&self, text: &str) -> Checked<Signed> {
        let note: Note = text.parse()?;
        self.open_note(note)
    }

    /// Checks that the log signed a checkpoint.
    pub fn open_note(&self, note: Note) -> Checked<Signed> {
        let checkpoint = Checkpoint::open(&note, &self.log)?;
        Ok(Signed { checkpoint, note })
    }

    /// The log's key.
    pub fn log(&self) -> &VerifierKey {
        &self.log
    }

    fn witnesses(&self, note: &Note, report: &mut Report) -> Checked<()> {
        let mut signed = 0;
        for witness in &self.witnesses {
            match note.verify_cosignature(witness) {
                Ok(time) => {
                    signed += 1;
                    report.checked(format!(
                        "signed by witness {} at {time} (seconds after 1970)",
                        witness.name()
                    ));
                }
                Err(NoteError::Unsigned(name)) => report.warn(format!("not signed by witness {name}")),
                Err(error) => return Err(error.into()),
            }
        }
        if signed < self.quorum {
            return unchecked(format!(
                "{signed} witnesses signed the checkpoint, {} must have",
                self.quorum
            ));
        }
        Ok(())
    }
}

/// A signature that is there and wrong is a contradiction; everything else means that nothing is known.
impl From<NoteError> for Failure {
    fn from(error: NoteError) -> Self {
        match error {
            NoteError::Signature(_) => Self::Misbehaviour(error.to_string()),
            _ => Self::Unchecked(error.to_string()),
        }
    }
}

fn read_key(text_or_file: &str, algorithm: Algorithm) -> Checked<VerifierKey> {
    if text_or_file.contains('+') && !std::path::Path::new(text_or_file).exists() {
        return parse_key(text_or_file, algorithm);
    }
    match fs::read_to_string(text_or_file) {
        Ok(text) => parse_key(text.trim_ascii_end(), algorithm),
        Err(error) => unchecked(format!("key file {text_or_file}: {error}")),
    }
}

fn parse_key(text: &str, algorithm: Algorithm) -> Checked<VerifierKey> {
    let key: VerifierKey = text.parse()?;
    match (key.algorithm() == algorithm, algorithm) {
        (true, _) => Ok(key),
        (false, Algorithm::Note) => {
            unchecked(format!("{} is the key of a witness, not of a log", key.name()))
        }
        (false, Algorithm::Cosignature) => unchecked(format!("{} is not the key of a witness", key.name())),
    }
}
