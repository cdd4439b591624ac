//! Files in multipart bodies: which fields take one, and where its bytes wait.

use std::{fs::File, io};

use bytes::{Bytes, BytesMut};
use futures::{Stream, TryStreamExt as _};
use tokio::io::{AsyncSeekExt as _, AsyncWriteExt as _};

use super::ApiError;

/// How many bytes of a body's files are kept in memory, all of them together; what goes beyond waits on disk.
const IN_MEMORY: usize = 1 << 20;

/// A field that takes files. Their bytes are kept only for the endpoints that declare it, see
/// [`Input::FILES`](super::Input::FILES).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileField {
    /// The name of the field, also in messages.
    pub name: &'static str,
    /// Other names that clients have for it.
    pub aliases: &'static [&'static str],
    /// Most bytes of a file: of a larger one nothing is kept, and the field is refused. The limit of the whole body
    /// (`HTTP_UPLOAD_LIMIT`) holds besides.
    pub largest: u64,
    /// Most files that are kept. Of a field of one file the last counts; of others, further files are counted and read past.
    pub most: usize,
    /// Under which name, and in which words, a file that is too large is refused, if not in the usual ones.
    pub too_large: Option<(&'static str, &'static str)>,
}

impl FileField {
    /// A field of one file of at most `largest` bytes.
    pub const fn one(name: &'static str, largest: u64) -> Self {
        Self::several(name, largest, 1)
    }

    /// A field of up to `most` files of at most `largest` bytes each.
    pub const fn several(name: &'static str, largest: u64, most: usize) -> Self {
        Self {
            name,
            aliases: &[],
            largest,
            most,
            too_large: None,
        }
    }

    /// The same field by further names.
    #[must_use]
    pub const fn or_called(self, aliases: &'static [&'static str]) -> Self {
        Self { aliases, ..self }
    }

    /// Files that are too large are refused under this name and in these words.
    #[must_use]
    pub const fn too_large(self, name: &'static str, message: &'static str) -> Self {
        Self {
            too_large: Some((name, message)),
            ..self
        }
    }

    /// Its names.
    pub(super) fn names(self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }
}

/// A file that was sent.
#[derive(Debug)]
pub struct Upload {
    /// The name that the client gave it, as sent: any text, possibly with folders.
    pub file_name: String,
    /// The type that the client declared, in lower case and without parameters; nothing says that it is true.
    pub content_type: Option<String>,
    /// Its bytes.
    pub content: Content,
}

/// The bytes of a file.
#[derive(Debug)]
pub enum Content {
    /// A small one.
    Memory(Bytes),
    /// A larger one, in a file of the temporary folder, at its beginning. The file has no name, so it is gone with this
    /// handle, and also when the process is killed.
    Disk(File),
}

/// The files that were sent for a field of several; those that were refused are counted, but not here.
#[derive(Debug, Default)]
pub struct SentFiles {
    /// Each with its place in what was sent, by which its errors are reported.
    pub uploads: Vec<(usize, Upload)>,
    /// How many were sent, also beyond what the field takes.
    pub count: usize,
}

/// The files of one field of a body.
#[derive(Default)]
pub(super) struct ReceivedFiles {
    pub kept: Vec<Received>,
    pub count: usize,
}

/// A file of a body that was read.
pub(super) enum Received {
    Whole(Upload),
    Empty,
    TooLarge,
}

/// Where the bytes of one file go while they arrive.
pub(super) struct Spool {
    field: FileField,
    length: u64,
    place: Place,
}

enum Place {
    Memory(BytesMut),
    Disk(tokio::fs::File),
    /// The file is too large: it is only read past.
    Nowhere,
}

/// What is left of [`IN_MEMORY`] for further files of a body.
pub(super) struct MemoryLeft(usize);

impl Default for MemoryLeft {
    fn default() -> Self {
        Self(IN_MEMORY)
    }
}

impl Spool {
    pub(super) fn new(field: FileField) -> Self {
        Self {
            field,
            length: 0,
            place: Place::Memory(BytesMut::new()),
        }
    }

    pub(super) async fn write(&mut self, chunk: &[u8], left: &mut MemoryLeft) -> Result<(), ApiError> {
        self.length = self.length.saturating_add(chunk.len() as u64);
        if self.length > self.field.largest {
            self.place = Place::Nowhere;
        }
        let outcome = match &mut self.place {
            Place::Nowhere => Ok(()),
            Place::Disk(file) => file.write_all(chunk).await,
            Place::Memory(bytes) if chunk.len() <= left.0 => {
                left.0 -= chunk.len();
                bytes.extend_from_slice(chunk);
                Ok(())
            }
            Place::Memory(bytes) => {
                let bytes = std::mem::take(bytes);
                left.0 += bytes.len();
                match moved_to_disk(&bytes, chunk).await {
                    Ok(file) => {
                        self.place = Place::Disk(file);
                        Ok(())
                    }
                    Err(error) => Err(error),
                }
            }
        };
        outcome.map_err(|error| no_room(&error))
    }

    pub(super) async fn finish(
        self,
        file_name: String,
        content_type: Option<String>,
    ) -> Result<Received, ApiError> {
        let content = match self.place {
            Place::Nowhere => return Ok(Received::TooLarge),
            Place::Memory(bytes) if bytes.is_empty() => return Ok(Received::Empty),
            Place::Memory(bytes) => Content::Memory(bytes.freeze()),
            Place::Disk(file) => {
                Content::Disk(from_the_beginning(file).await.map_err(|error| no_room(&error))?)
            }
        };
        Ok(Received::Whole(Upload {
            file_name,
            content_type,
            content,
        }))
    }
}

impl Content {
    /// Keeps what a stream brings, as the files of a body are kept; `None` if it is more than `largest` bytes, or nothing.
    ///
    /// # Errors
    /// When the stream or the temporary folder fails.
    pub async fn gather(
        pieces: impl Stream<Item = io::Result<Bytes>>,
        largest: u64,
    ) -> io::Result<Option<Self>> {
        let field = FileField::one("", largest);
        let (mut spool, mut left) = (Spool::new(field), MemoryLeft::default());
        let mut pieces = std::pin::pin!(pieces);
        let full = |_| io::Error::other("there is no room in the temporary folder");
        while let Some(piece) = pieces.try_next().await? {
            spool.write(&piece, &mut left).await.map_err(full)?;
        }
        match spool.finish(String::new(), None).await.map_err(full)? {
            Received::Whole(upload) => Ok(Some(upload.content)),
            Received::Empty | Received::TooLarge => Ok(None),
        }
    }
}

async fn moved_to_disk(first: &[u8], second: &[u8]) -> io::Result<tokio::fs::File> {
    let file = tokio::task::spawn_blocking(tempfile::tempfile).await??;
    let mut file = tokio::fs::File::from_std(file);
    file.write_all(first).await?;
    file.write_all(second).await?;
    Ok(file)
}

async fn from_the_beginning(mut file: tokio::fs::File) -> io::Result<File> {
    file.flush().await?;
    file.rewind().await?;
    Ok(file.into_std().await)
}

fn no_room(error: &io::Error) -> ApiError {
    tracing::error!(%error, "an upload could not be kept in the temporary folder");
    ApiError::unavailable("The file cannot be taken at the moment. Please try again later.")
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    const FIELD: FileField = FileField::one("file", 3_000_000);

    async fn received(sizes: &[usize], left: &mut MemoryLeft) -> Received {
        let mut spool = Spool::new(FIELD);
        for (number, size) in sizes.iter().enumerate() {
            let byte = u8::try_from(number).expect("few chunks");
            spool.write(&vec![byte; *size], left).await.expect("is kept");
        }
        spool.finish("name".to_owned(), None).await.expect("is kept")
    }

    #[tokio::test]
    async fn small_files_stay_in_memory_and_larger_ones_go_to_disk() {
        let mut left = MemoryLeft::default();
        let Received::Whole(upload) = received(&[3, 2], &mut left).await else {
            panic!("is whole");
        };
        assert!(matches!(&upload.content, Content::Memory(bytes) if bytes[..] == [0, 0, 0, 1, 1]));
        assert_eq!(left.0, IN_MEMORY - 5);
        let Received::Whole(upload) = received(&[IN_MEMORY - 5, 7, 2], &mut left).await else {
            panic!("is whole");
        };
        let Content::Disk(mut file) = upload.content else {
            panic!("is on disk");
        };
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).expect("can be read");
        assert_eq!(bytes.len(), IN_MEMORY + 4);
        assert_eq!(bytes[IN_MEMORY - 6..][..3], [0, 1, 1]);
        assert_eq!(bytes[IN_MEMORY + 1..], [1, 2, 2]);
        // What went to disk has left its part of the memory to others.
        assert_eq!(left.0, IN_MEMORY - 5);
    }

    #[tokio::test]
    async fn empty_and_too_large_files_are_told_apart() {
        let mut left = MemoryLeft::default();
        assert!(matches!(received(&[], &mut left).await, Received::Empty));
        assert!(matches!(
            received(&[3_000_000], &mut left).await,
            Received::Whole(_)
        ));
        for sizes in [&[3_000_001][..], &[1_500_000, 1_500_001, 4]] {
            assert!(matches!(received(sizes, &mut left).await, Received::TooLarge));
        }
    }
}
