//! Files by key: in a local folder, or in a bucket of an S3-compatible service.

mod key;
mod local;
mod pieces;
mod s3;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use opendal::options::WriteOptions;
use opendal::{ErrorKind, Operator};

pub use self::key::{InvalidKey, MAX_KEY_BYTES, MAX_SEGMENT_BYTES};
pub(crate) use self::pieces::pieces_of;
pub use self::s3::S3Options;

use self::key::{checked, percent_encoded};
use self::local::Folder;
use self::s3::Bucket;

/// How long a signed URL of a file is good for.
const SIGNED_URL_AGE: Duration = Duration::from_hours(1);
/// How many random names are tried for a file whose own name is taken.
const NAME_ATTEMPTS: u32 = 5;

/// A place for files. Clones share it.
#[derive(Clone)]
pub struct Storage {
    operator: Operator,
    place: Place,
}

#[derive(Clone)]
enum Place {
    Local(Folder),
    S3(Bucket),
}

/// What is known about a stored file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileInfo {
    /// In bytes.
    pub size: u64,
    /// As given when the file was stored; in a local folder what its extension suggests.
    pub content_type: Option<String>,
}

/// A request that whoever holds it may send once or more until it expires, without other credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresignedRequest {
    /// The HTTP method.
    pub method: String,
    /// Contains the signature: whoever knows it may send the request.
    pub url: String,
    /// Headers that have to be sent with exactly these values.
    pub headers: BTreeMap<String, String>,
}

/// The bytes of a file, piece by piece.
pub type FileStream = BoxStream<'static, io::Result<Bytes>>;

/// Why something could not be stored or fetched.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The key cannot name a file.
    #[error(transparent)]
    InvalidKey(#[from] InvalidKey),
    /// There is no such file.
    #[error("there is no file '{0}' in the storage")]
    NotFound(String),
    /// The settings of the storage are wrong.
    #[error("the storage is misconfigured: {0}")]
    Misconfigured(String),
    /// The disk or the service failed or refused.
    #[error("the storage failed: {0}")]
    Failed(#[source] opendal::Error),
    /// What was to be stored could not be read to its end.
    #[error("a file could not be read while it was stored: {0}")]
    Source(#[source] io::Error),
    /// The local folder failed.
    #[error("the storage folder failed: {0}")]
    Folder(#[from] io::Error),
}

impl Storage {
    /// Files in the folder `root`, which is created if it is missing. Their URLs begin with
    /// `public_url_prefix`, such as `/media/`.
    ///
    /// The folder `.incoming` in it holds files while they are written, and is not accessible by key.
    ///
    /// # Errors
    /// When the folder cannot be created.
    pub fn local(root: PathBuf, public_url_prefix: &str) -> Result<Self, StorageError> {
        let (operator, folder) = Folder::open(root, public_url_prefix)?;
        Ok(Self {
            operator,
            place: Place::Local(folder),
        })
    }

    /// Files in a bucket, addressed as `<endpoint>/<bucket>/<key>`. Nothing is sent yet.
    ///
    /// Commands are tried up to 3 times and each try is given up after a minute.
    ///
    /// # Errors
    /// When the options cannot be used.
    pub fn s3(options: &S3Options) -> Result<Self, StorageError> {
        let (operator, bucket) = Bucket::open(options)?;
        Ok(Self {
            operator,
            place: Place::S3(bucket),
        })
    }

    /// Stores a file, in place of any other under the same key. Nobody sees half of it.
    ///
    /// # Errors
    /// When the key is invalid or the storage fails.
    pub async fn put(&self, key: &str, content: Bytes, content_type: &str) -> Result<(), StorageError> {
        let options = self.write_options(content_type);
        let written = self.operator.write_options(checked(key)?, content, options).await;
        written.map(drop).map_err(|error| failure(key, error))
    }

    /// Stores a file without ever overwriting another: if the name is taken it gets a random suffix before
    /// its extension. Returns the key under which the file is stored.
    ///
    /// # Errors
    /// When the key is invalid or the storage fails.
    pub async fn put_new(
        &self,
        key: &str,
        content: Bytes,
        content_type: &str,
    ) -> Result<String, StorageError> {
        let mut free_key = checked(key)?.to_owned();
        for _ in 0..NAME_ATTEMPTS {
            if self.create(&free_key, content.clone(), content_type).await? {
                return Ok(free_key);
            }
            free_key = key::with_random_suffix(key);
            checked(&free_key)?;
        }
        let taken = format!("no free name for '{key}' after {NAME_ATTEMPTS} attempts");
        Err(StorageError::Folder(io::Error::new(
            io::ErrorKind::AlreadyExists,
            taken,
        )))
    }

    /// Stores a file if there is none under its key; tells whether it did.
    async fn create(&self, key: &str, content: Bytes, content_type: &str) -> Result<bool, StorageError> {
        if let Place::Local(folder) = &self.place {
            if !folder.reserve(key).await? {
                return Ok(false);
            }
            if let Err(error) = self.put(key, content, content_type).await {
                // Best effort: the name stays taken by an empty file that nobody refers to.
                let _ = self.delete(key).await;
                return Err(error);
            }
            return Ok(true);
        }
        // Asked first for the services that ignore the condition on the write.
        if self.exists(key).await? {
            return Ok(false);
        }
        let options = WriteOptions {
            if_not_exists: true,
            ..self.write_options(content_type)
        };
        match self.operator.write_options(key, content, options).await {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::ConditionNotMatch => Ok(false),
            Err(error) => Err(failure(key, error)),
        }
    }

    fn write_options(&self, content_type: &str) -> WriteOptions {
        // A folder keeps no content types.
        let kept = matches!(self.place, Place::S3(_)) && !content_type.is_empty();
        WriteOptions {
            content_type: kept.then(|| content_type.to_owned()),
            ..WriteOptions::default()
        }
    }

    /// The whole file, in memory.
    ///
    /// # Errors
    /// When there is no such file, the key is invalid or the storage fails.
    pub async fn get(&self, key: &str) -> Result<Bytes, StorageError> {
        self.refuse_folder(key).await?;
        let content = self
            .operator
            .read(checked(key)?)
            .await
            .map_err(|error| failure(key, error))?;
        Ok(content.to_bytes())
    }

    /// The file, or the bytes of it in `range`, piece by piece. The range must lie within the file.
    ///
    /// # Errors
    /// When there is no such file, the key is invalid or the storage fails before the first piece; later
    /// failures come with the stream.
    pub async fn read_stream(
        &self,
        key: &str,
        range: Option<Range<u64>>,
    ) -> Result<FileStream, StorageError> {
        self.refuse_folder(key).await?;
        let reader = self
            .operator
            .reader(checked(key)?)
            .await
            .map_err(|error| failure(key, error))?;
        let opened = match range {
            Some(range) => reader.into_bytes_stream(range).await,
            None => reader.into_bytes_stream(..).await,
        };
        let mut pieces = opened.map_err(|error| failure(key, error))?;
        // The file is opened with the first piece.
        let first = match pieces.next().await {
            Some(Err(error)) if error.kind() == io::ErrorKind::NotFound => {
                return Err(StorageError::NotFound(key.to_owned()));
            }
            Some(Err(error)) => return Err(StorageError::Folder(error)),
            Some(Ok(piece)) => Some(Ok(piece)),
            None => None,
        };
        Ok(stream::iter(first).chain(pieces).boxed())
    }

    /// A folder of the file system is no file, though it can be opened like one.
    async fn refuse_folder(&self, key: &str) -> Result<(), StorageError> {
        if matches!(self.place, Place::Local(_)) {
            self.stat(key).await?;
        }
        Ok(())
    }

    /// Removes a file. That there is none is no error.
    ///
    /// # Errors
    /// When the key is invalid or the storage fails.
    pub async fn delete(&self, key: &str) -> Result<(), StorageError> {
        match self.refuse_folder(key).await {
            Err(StorageError::NotFound(_)) => return Ok(()),
            result => result?,
        }
        self.operator
            .delete(checked(key)?)
            .await
            .map_err(|error| failure(key, error))
    }

    /// Whether there is such a file.
    ///
    /// # Errors
    /// When the key is invalid or the storage fails.
    pub async fn exists(&self, key: &str) -> Result<bool, StorageError> {
        match self.stat(key).await {
            Ok(_) => Ok(true),
            Err(StorageError::NotFound(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The size and the content type of a file.
    ///
    /// # Errors
    /// When there is no such file, the key is invalid or the storage fails.
    pub async fn stat(&self, key: &str) -> Result<FileInfo, StorageError> {
        let metadata = self
            .operator
            .stat(checked(key)?)
            .await
            .map_err(|error| failure(key, error))?;
        if !metadata.is_file() {
            return Err(StorageError::NotFound(key.to_owned()));
        }
        let content_type = match &self.place {
            Place::Local(_) => mime_guess::from_path(key).first_raw(),
            Place::S3(_) => metadata.content_type(),
        };
        Ok(FileInfo {
            size: metadata.content_length(),
            content_type: content_type.map(str::to_owned),
        })
    }

    /// Where clients fetch the file: signed for an hour if the bucket is set to, otherwise as
    /// [`Storage::plain_url`].
    pub async fn url(&self, key: &str) -> String {
        let is_signed = matches!(&self.place, Place::S3(bucket) if bucket.querystring_auth);
        if !is_signed {
            return self.plain_url(key);
        }
        match self.operator.presign_read(key, SIGNED_URL_AGE).await {
            Ok(request) => request.uri().to_string(),
            Err(error) => {
                tracing::error!(%error, key, "cannot sign the URL of a file");
                self.plain_url(key)
            }
        }
    }

    /// The file's URL without a signature: a path for a local folder, absolute for a bucket.
    pub fn plain_url(&self, key: &str) -> String {
        let encoded = percent_encoded(key);
        match &self.place {
            Place::Local(folder) => format!("{}{encoded}", folder.url_prefix),
            Place::S3(bucket) => format!("{}/{}/{encoded}", bucket.endpoint, bucket.name),
        }
    }

    /// A request with which a client may upload the file by itself within `max_age`; `None` for a local
    /// folder, which has nobody to send it to.
    ///
    /// # Errors
    /// When the key is invalid or the request cannot be signed.
    pub async fn presign_upload(
        &self,
        key: &str,
        content_type: &str,
        max_age: Duration,
    ) -> Result<Option<PresignedRequest>, StorageError> {
        let key = checked(key)?;
        if matches!(self.place, Place::Local(_)) {
            return Ok(None);
        }
        let options = self.write_options(content_type);
        let signed = self.operator.presign_write_options(key, max_age, options).await;
        let request = signed.map_err(|error| failure(key, error))?;
        let headers = request
            .header()
            .iter()
            .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())));
        Ok(Some(PresignedRequest {
            method: request.method().to_string(),
            url: request.uri().to_string(),
            headers: headers.collect(),
        }))
    }

    /// Removes what writers that were killed have left of files, if it is older than `age`; says how many. In a bucket that
    /// is left to a rule of its own (unfinished multipart uploads).
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub async fn sweep(&self, age: Duration) -> Result<u64, StorageError> {
        match &self.place {
            Place::Local(folder) => Ok(folder.sweep(age).await?),
            Place::S3(_) => Ok(0),
        }
    }

    /// Whether the storage can be used: the folder is writable, the bucket answers. Leaves nothing behind.
    ///
    /// # Errors
    /// What stands in the way. The credentials of a bucket need the permission to list it: without, S3
    /// answers that access is denied where there is no file.
    pub async fn check(&self) -> Result<(), StorageError> {
        match &self.place {
            Place::Local(folder) => folder.check().await,
            // Read, not asked for its size: only that tells a missing bucket from a missing file.
            Place::S3(_) => match self.operator.read("readiness-check").await {
                Err(error) if error.kind() != ErrorKind::NotFound => Err(StorageError::Failed(error)),
                _ => Ok(()),
            },
        }
    }

    /// What operators want to know about where files go, one thing a line, without secrets.
    pub fn description(&self) -> Vec<String> {
        match &self.place {
            Place::Local(folder) => folder.description(),
            Place::S3(bucket) => bucket.description(),
        }
    }
}

impl fmt::Debug for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Storage").field(&self.description()).finish()
    }
}

fn failure(key: &str, error: opendal::Error) -> StorageError {
    let source = std::error::Error::source(&error).and_then(|source| source.downcast_ref::<io::Error>());
    // A key that leads through a file, as in `cat.png/x`.
    let leads_through_file = source.is_some_and(|source| source.kind() == io::ErrorKind::NotADirectory);
    if leads_through_file || error.kind() == ErrorKind::NotFound {
        return StorageError::NotFound(key.to_owned());
    }
    StorageError::Failed(error)
}
