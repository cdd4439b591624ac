//! Files that are written piece by piece, as they come.

use std::{
    convert::Infallible,
    io::{self, SeekFrom},
    ops::Range,
};

use bytes::{Bytes, BytesMut};
use futures::{Stream, TryStreamExt as _, stream};
use opendal::{Writer, options::WriteOptions};
use tokio::{
    io::{AsyncReadExt as _, AsyncSeekExt as _},
    sync::oneshot,
};

use super::{Place, Storage, StorageError, failure, key::checked};

/// What is sent to a bucket at a time; a smaller file goes in one request.
const PART: usize = 8 << 20;
/// What is read from a file at a time.
const PIECE: usize = 256 << 10;

impl Storage {
    /// Stores what `source` brings, in place of any other file under the same key, and says how many bytes it was. Nobody sees
    /// half of it: when the source fails, or this future is dropped, nothing is stored.
    ///
    /// # Errors
    /// [`StorageError::Source`] when the source fails; when the key is invalid or the storage fails.
    pub async fn put_stream<S>(&self, key: &str, source: S, content_type: &str) -> Result<u64, StorageError>
    where
        S: Stream<Item = io::Result<Bytes>> + Send + 'static,
    {
        let key = checked(key)?.to_owned();
        let options = WriteOptions {
            chunk: matches!(self.place, Place::S3(_)).then_some(PART),
            ..self.write_options(content_type)
        };
        let operator = self.operator.clone();
        // A task of its own, because whoever waits for it may be dropped: what is begun must be taken back then.
        let (_waiting, given_up) = oneshot::channel::<Infallible>();
        let writing = tokio::spawn(async move {
            let writer = operator.writer_options(&key, options).await;
            let writer = writer.map_err(|error| failure(&key, error))?;
            write(&key, writer, source, given_up).await
        });
        writing
            .await
            .unwrap_or_else(|panic| Err(StorageError::Folder(io::Error::other(panic))))
    }

    /// The same with an open file, from its beginning.
    ///
    /// # Errors
    /// As [`Storage::put_stream`].
    pub async fn put_file(
        &self,
        key: &str,
        file: std::fs::File,
        content_type: &str,
    ) -> Result<u64, StorageError> {
        self.put_stream(key, pieces_of(file, 0..u64::MAX), content_type)
            .await
    }
}

async fn write(
    key: &str,
    mut writer: Writer,
    source: impl Stream<Item = io::Result<Bytes>> + Send,
    given_up: oneshot::Receiver<Infallible>,
) -> Result<u64, StorageError> {
    let copy = async {
        let mut source = std::pin::pin!(source);
        let mut length = 0;
        while let Some(piece) = source.try_next().await.map_err(StorageError::Source)? {
            length += piece.len() as u64;
            writer.write(piece).await.map_err(|error| failure(key, error))?;
        }
        Ok(length)
    };
    let copied = tokio::select! {
        copied = copy => copied,
        _ = given_up => Err(StorageError::Source(io::ErrorKind::Interrupted.into())),
    };
    let stored = match copied {
        Ok(length) => writer
            .close()
            .await
            .map(|_| length)
            .map_err(|error| failure(key, error)),
        Err(error) => Err(error),
    };
    if stored.is_err()
        && let Err(error) = writer.abort().await
    {
        tracing::warn!(%error, key, "what was written of a file could not be taken back");
    }
    stored
}

/// The bytes of a file in `range`, or up to its end, piece by piece.
pub(crate) fn pieces_of(
    file: std::fs::File,
    range: Range<u64>,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let begin = async move {
        let mut file = tokio::fs::File::from_std(file);
        file.seek(SeekFrom::Start(range.start)).await?;
        let read = |mut file: tokio::io::Take<tokio::fs::File>| async move {
            let mut piece = BytesMut::with_capacity(PIECE);
            file.read_buf(&mut piece).await?;
            Ok((!piece.is_empty()).then(|| (piece.freeze(), file)))
        };
        let rest = file.take(range.end.saturating_sub(range.start));
        Ok::<_, io::Error>(stream::try_unfold(rest, read))
    };
    stream::once(begin).try_flatten()
}
