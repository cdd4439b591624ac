//! CSV in one form only: lines end with CRLF; a field is in quotes (doubled inside) when it holds `,` `"` CR or LF, and only
//! then. So a file has the same bytes whoever writes it, and the reader refuses any other way to write the same fields.

use std::io::{self, BufRead, Read as _};

/// Longest record that is read, in bytes: titles of pull requests are kept whole.
pub const MAX_RECORD: u64 = 64 << 20;

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CsvError {
    /// The reader failed.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The file is not what it should be.
    #[error("record {record}: {reason}")]
    Format {
        /// Which record, the header being 0.
        record: u64,
        /// What is wrong.
        reason: String,
    },
}

/// Appends a field in its one form.
pub(crate) fn write_field(line: &mut String, field: &str) {
    if needs_quotes(field) {
        line.push('"');
        line.push_str(&field.replace('"', "\"\""));
        line.push('"');
    } else {
        line.push_str(field);
    }
}

fn needs_quotes(field: &str) -> bool {
    field.contains([',', '"', '\r', '\n'])
}

/// Reads records with a fixed number of fields.
pub(crate) struct Reader<R, const N: usize> {
    input: R,
    record: u64,
    raw: Vec<u8>,
}

impl<R: BufRead, const N: usize> Reader<R, N> {
    /// Reads the header, which must be that.
    pub(crate) fn new(input: R, header: &str) -> Result<Self, CsvError> {
        let mut reader = Self {
            input,
            record: 0,
            raw: Vec::new(),
        };
        reader.fill()?;
        if reader.raw == header.as_bytes() {
            Ok(reader)
        } else {
            Err(reader.error("this is not the header of the file"))
        }
    }

    /// The fields of the next record, or none at the end of the file.
    pub(crate) fn next_record(&mut self) -> Result<Option<[String; N]>, CsvError> {
        self.record += 1;
        if !self.fill()? {
            return Ok(None);
        }
        let text = std::str::from_utf8(&self.raw).map_err(|_| self.error("it is not UTF-8"))?;
        let body = text.strip_suffix("\r\n").unwrap_or(text);
        split(body)
            .map(Some)
            .ok_or_else(|| self.error("its fields are not as many or not in the form that they should have"))
    }

    /// An error that names the record at hand.
    pub(crate) fn error(&self, reason: impl Into<String>) -> CsvError {
        CsvError::Format {
            record: self.record,
            reason: reason.into(),
        }
    }

    /// Reads one record: up to a line end that is not within quotes.
    fn fill(&mut self) -> Result<bool, CsvError> {
        self.raw.clear();
        let mut within_quotes = false;
        loop {
            let before = self.raw.len();
            let left = MAX_RECORD.saturating_sub(u64::try_from(before).unwrap_or(u64::MAX));
            let read = (&mut self.input).take(left).read_until(b'\n', &mut self.raw)?;
            if read == 0 && before == 0 {
                return Ok(false);
            }
            let line = &self.raw[before..];
            // Each piece between quotes is one switch more: from within to without or back.
            within_quotes ^= line.split(|byte| *byte == b'"').count().is_multiple_of(2);
            if !line.ends_with(b"\n") {
                return Err(self.error("it has no end, or is too long"));
            }
            if !within_quotes {
                return if self.raw.ends_with(b"\r\n") {
                    Ok(true)
                } else {
                    Err(self.error("it does not end with CR LF"))
                };
            }
        }
    }
}

/// The fields of a record without its line end.
fn split<const N: usize>(mut rest: &str) -> Option<[String; N]> {
    let mut fields: [String; N] = std::array::from_fn(|_| String::new());
    for (index, field) in fields.iter_mut().enumerate() {
        let after;
        if let Some(quoted) = rest.strip_prefix('"') {
            let end = closing_quote(quoted)?;
            *field = quoted[..end].replace("\"\"", "\"");
            after = &quoted[end + 1..];
            if !needs_quotes(field) {
                return None;
            }
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            rest[..end].clone_into(field);
            after = &rest[end..];
            if needs_quotes(field) {
                return None;
            }
        }
        rest = if index + 1 == N {
            after
        } else {
            after.strip_prefix(',')?
        };
    }
    rest.is_empty().then_some(fields)
}

/// Where the first quote is that is not doubled.
fn closing_quote(text: &str) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + text[from..].find('"')?;
        if !text[at + 1..].starts_with('"') {
            return Some(at);
        }
        from = at + 2;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<Vec<[String; 2]>, CsvError> {
        let mut reader = Reader::<_, 2>::new(text.as_bytes(), "a,b\r\n")?;
        let mut records = Vec::new();
        while let Some(record) = reader.next_record()? {
            records.push(record);
        }
        Ok(records)
    }

    #[test]
    fn only_the_one_form_is_read() {
        assert_eq!(
            read("a,b\r\n\"1,\",\"x\r\n\"\"y\"\"\"\r\n,\r\n").unwrap(),
            [["1,", "x\r\n\"y\""], ["", ""]]
        );
        for text in [
            "",
            "a,b",
            "a,b\n",
            "a,c\r\n",
            "a,b\r\n1,2",
            "a,b\r\n1,2\n",
            "a,b\r\n1\r\n",
            "a,b\r\n1,2,3\r\n",
            "a,b\r\n\"1\",2\r\n",
            "a,b\r\n1\",2\r\n",
            "a,b\r\n\"1,2\r\n",
            "a,b\r\n\"1,\"x,2\r\n",
            "a,b\r\n1\r,2\r\n",
            "a,b\r\n\r\n",
            "a,b\r\n\"\",2\r\n",
        ] {
            assert!(read(text).is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn fields_come_back(fields in proptest::collection::vec(any::<[String; 2]>(), 0..9)) {
            let mut file = "a,b\r\n".to_owned();
            for [first, second] in &fields {
                write_field(&mut file, first);
                file.push(',');
                write_field(&mut file, second);
                file.push_str("\r\n");
            }
            prop_assert_eq!(read(&file).unwrap(), fields);
        }

        #[test]
        fn no_text_panics_and_what_is_read_was_written_so(text in "([a\",]|\r\n|é)*") {
            if let Ok(records) = read(&format!("a,b\r\n{text}")) {
                let mut file = String::new();
                for [first, second] in &records {
                    write_field(&mut file, first);
                    file.push(',');
                    write_field(&mut file, second);
                    file.push_str("\r\n");
                }
                prop_assert_eq!(file, text);
            }
        }
    }
}
