use std::io;
use std::path::PathBuf;
use std::time::Duration;

use opendal::Operator;
use opendal::services::Fs;
use tokio::fs;

use super::StorageError;
use crate::clock::random_hex;

/// The folder within the root where files are written before they are renamed into place: a rename is
/// atomic only within a file system.
pub(super) const INCOMING: &str = ".incoming";

#[derive(Clone)]
pub(super) struct Folder {
    root: PathBuf,
    pub url_prefix: String,
}

impl Folder {
    pub fn open(root: PathBuf, url_prefix: &str) -> Result<(Operator, Self), StorageError> {
        let text = |path: &PathBuf| path.to_str().map(str::to_owned);
        let (Some(root_text), Some(incoming)) = (text(&root), text(&root.join(INCOMING))) else {
            return Err(StorageError::Misconfigured(format!(
                "{} is not UTF-8",
                root.display()
            )));
        };
        let service = Fs::default().root(&root_text).atomic_write_dir(&incoming);
        let operator = Operator::new(service).map_err(StorageError::Failed)?;
        Ok((
            operator,
            Self {
                root,
                url_prefix: url_prefix.to_owned(),
            },
        ))
    }

    /// Takes the name `key` with an empty file; false if it is taken already.
    pub async fn reserve(&self, key: &str) -> Result<bool, StorageError> {
        let path = self.root.join(key);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).await?;
        }
        match fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)
            .await
        {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Creates and removes a file.
    pub async fn check(&self) -> Result<(), StorageError> {
        let path = self
            .root
            .join(INCOMING)
            .join(format!("check-{}", random_hex::<8>()));
        fs::write(&path, b"").await?;
        fs::remove_file(&path).await?;
        Ok(())
    }

    /// Removes files that nobody has written to for `age` and that never became whole.
    pub async fn sweep(&self, age: Duration) -> io::Result<u64> {
        let mut entries = match fs::read_dir(self.root.join(INCOMING)).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            entries => entries?,
        };
        let mut removed = 0;
        while let Some(entry) = entries.next_entry().await? {
            let metadata = entry.metadata().await?;
            let is_old = metadata.modified()?.elapsed().is_ok_and(|since| since > age);
            if metadata.is_file() && is_old {
                fs::remove_file(entry.path()).await?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    pub fn description(&self) -> Vec<String> {
        vec![
            "backend: local folder".to_owned(),
            format!("root: {}", self.root.display()),
            format!("URLs: {}<key>", self.url_prefix),
        ]
    }
}
