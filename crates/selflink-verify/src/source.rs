//! Where the public files come from: a folder, or a server.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ledger::Period;
use ledger::tile::{Layer, Tile};
use reqwest::StatusCode;
use reqwest::blocking::{Client, Response};

use crate::report::{Checked, Failure, unchecked};

/// Where a server that was named without a path has its rewards.
const DEFAULT_PATH: &str = "/api/v1/rewards";
/// Longest file that is read whole: the largest bundle of entries has 256 of 64 KiB.
const MAX_FILE: u64 = 64 << 20;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const FILE_TIMEOUT: Duration = Duration::from_mins(1);
const STREAM_TIMEOUT: Duration = Duration::from_hours(6);
const ATTEMPTS: u32 = 4;
/// Files that are asked for at the same time, so that a long log does not wait for each answer.
const AT_ONCE: usize = 8;

/// A place with the public files.
pub struct Source {
    place: Place,
    save: Option<PathBuf>,
}

enum Place {
    Folder(PathBuf),
    Server { base: String, client: Client },
}

/// A file that is read piece by piece.
pub struct Stream {
    /// Its content.
    pub content: Box<dyn BufRead>,
    /// Its length, where that is known.
    pub length: Option<u64>,
}

enum ReadError {
    Missing,
    Other(String),
}

impl Source {
    /// The source that `text` names. What is read from a server is also written to the folder `save`.
    pub fn open(text: &str, save: Option<&Path>) -> Checked<Self> {
        let is_address = text.starts_with("http://") || text.starts_with("https://");
        if !is_address {
            if save.is_some() {
                return unchecked("--save is for servers: this source is a folder already");
            }
            if !Path::new(text).is_dir() {
                return unchecked(format!("{text}: there is no such folder"));
            }
            return Ok(Self {
                place: Place::Folder(text.into()),
                save: None,
            });
        }
        let mut address =
            reqwest::Url::parse(text).map_err(|error| Failure::Unchecked(format!("{text}: {error}")))?;
        if address.path() == "/" {
            address.set_path(DEFAULT_PATH);
        }
        // An error says that a provider is installed already, which is what was wanted.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .user_agent(concat!("selflink-verify/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .build()
            .map_err(|error| Failure::Unchecked(format!("no HTTP client: {error}")))?;
        let base = address.as_str().trim_end_matches('/').to_owned();
        Ok(Self {
            place: Place::Server { base, client },
            save: save.map(Path::to_owned),
        })
    }

    /// Reads a small file whole.
    pub fn read(&self, name: &str) -> Checked<Vec<u8>> {
        self.try_read(name).map_err(|error| match error {
            ReadError::Missing => Failure::Unchecked(format!("{name} is not there")),
            ReadError::Other(reason) => Failure::Unchecked(format!("{name}: {reason}")),
        })
    }

    /// Reads a small file of text.
    pub fn read_text(&self, name: &str) -> Checked<String> {
        String::from_utf8(self.read(name)?).map_err(|_| Failure::Unchecked(format!("{name} is not UTF-8")))
    }

    /// Reads a tile of the log. Where a partial tile is gone its full one has what it had.
    pub fn read_tile(&self, tile: Tile) -> Checked<Vec<u8>> {
        let name = format!("log/{}", tile.path());
        match self.try_read(&name) {
            Ok(bytes) => Ok(bytes),
            Err(ReadError::Missing) if !tile.is_full() => {
                let full = self.try_read(&format!("log/{}", tile.full().path())).ok();
                let cut = full.and_then(|full| beginning(tile, &full));
                cut.ok_or_else(|| {
                    Failure::Unchecked(format!("{name} is not there, nor a full tile in its place"))
                })
            }
            Err(ReadError::Missing) => unchecked(format!("{name} is not there")),
            Err(ReadError::Other(reason)) => unchecked(format!("{name}: {reason}")),
        }
    }

    /// Reads several tiles, from a server at the same time.
    pub fn read_tiles(&self, tiles: &[Tile]) -> Vec<Checked<Vec<u8>>> {
        if matches!(self.place, Place::Folder(_)) || tiles.len() < 2 {
            return tiles.iter().map(|tile| self.read_tile(*tile)).collect();
        }
        std::thread::scope(|scope| {
            let readers: Vec<_> = tiles
                .iter()
                .map(|tile| scope.spawn(|| self.read_tile(*tile)))
                .collect();
            let results = readers.into_iter().map(std::thread::ScopedJoinHandle::join);
            results
                .map(|result| result.unwrap_or_else(|_| unchecked("a reader broke off")))
                .collect()
        })
    }

    /// How many tiles to ask for together.
    pub fn at_once(&self) -> usize {
        if matches!(self.place, Place::Folder(_)) {
            1
        } else {
            AT_ONCE
        }
    }

    /// The document about a closed month.
    pub fn read_month(&self, period: Period) -> Checked<Vec<u8>> {
        match self.place {
            Place::Folder(_) => self.read(&format!("periods/{period}/index.json")),
            Place::Server { .. } => self.read(&format!("periods/{period}/")),
        }
    }

    /// Opens a file that may be long.
    pub fn stream(&self, name: &str) -> Checked<Stream> {
        let failed = |reason: String| Failure::Unchecked(format!("{name}: {reason}"));
        match &self.place {
            Place::Folder(folder) => {
                let file = File::open(folder.join(name)).map_err(|error| failed(error.to_string()))?;
                let length = file.metadata().ok().map(|metadata| metadata.len());
                Ok(Stream {
                    content: Box::new(BufReader::with_capacity(1 << 18, file)),
                    length,
                })
            }
            Place::Server { base, client } => {
                let response =
                    get(client, &format!("{base}/{name}"), STREAM_TIMEOUT).map_err(|error| match error {
                        ReadError::Missing => failed("it is not there".to_owned()),
                        ReadError::Other(reason) => failed(reason),
                    })?;
                let length = response.content_length();
                let content: Box<dyn BufRead> = match &self.save {
                    None => Box::new(BufReader::with_capacity(1 << 18, response)),
                    Some(folder) => {
                        let copy = create(&folder.join(name)).map_err(|error| failed(error.to_string()))?;
                        let tee = Tee {
                            from: response,
                            copy: BufWriter::new(copy),
                        };
                        Box::new(BufReader::with_capacity(1 << 18, tee))
                    }
                };
                Ok(Stream { content, length })
            }
        }
    }

    fn try_read(&self, name: &str) -> Result<Vec<u8>, ReadError> {
        match &self.place {
            Place::Folder(folder) => match File::open(folder.join(name)) {
                Ok(file) => limited(file),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Err(ReadError::Missing),
                Err(error) => Err(ReadError::Other(error.to_string())),
            },
            Place::Server { base, client } => {
                let bytes = limited(get(client, &format!("{base}/{name}"), FILE_TIMEOUT)?)?;
                if let Some(folder) = &self.save {
                    let name = if name.ends_with('/') {
                        format!("{name}index.json")
                    } else {
                        name.to_owned()
                    };
                    let saved = create(&folder.join(name)).and_then(|mut file| file.write_all(&bytes));
                    saved.map_err(|error| ReadError::Other(format!("cannot be saved: {error}")))?;
                }
                Ok(bytes)
            }
        }
    }
}

/// Asks a server, again where it may just be busy.
fn get(client: &Client, address: &str, timeout: Duration) -> Result<Response, ReadError> {
    let mut attempt = 1;
    loop {
        let reason = match client.get(address).timeout(timeout).send() {
            Ok(response) if response.status().is_success() => return Ok(response),
            Ok(response) if response.status() == StatusCode::NOT_FOUND => return Err(ReadError::Missing),
            Ok(response) => {
                let status = response.status();
                if !status.is_server_error() && status != StatusCode::TOO_MANY_REQUESTS {
                    return Err(ReadError::Other(format!("the server answered {status}")));
                }
                format!("the server answered {status}")
            }
            Err(error) => with_causes(&error),
        };
        if attempt == ATTEMPTS {
            return Err(ReadError::Other(reason));
        }
        wait(Duration::from_secs(1 << attempt) / 4);
        attempt += 1;
    }
}

/// What went wrong, and why: the outer message alone says only that something did.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

#[expect(
    clippy::disallowed_methods,
    reason = "there is no async runtime in this program"
)]
fn wait(time: Duration) {
    std::thread::sleep(time);
}

fn limited(from: impl Read) -> Result<Vec<u8>, ReadError> {
    let mut bytes = Vec::new();
    let read = from.take(MAX_FILE + 1).read_to_end(&mut bytes);
    match read {
        Err(error) => Err(ReadError::Other(with_causes(&error))),
        Ok(_) if u64::try_from(bytes.len()).is_ok_and(|length| length <= MAX_FILE) => Ok(bytes),
        Ok(_) => Err(ReadError::Other(format!("it is longer than {MAX_FILE} bytes"))),
    }
}

fn create(path: &Path) -> io::Result<File> {
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    File::create(path)
}

/// What a partial tile had, from the full one.
fn beginning(tile: Tile, full: &[u8]) -> Option<Vec<u8>> {
    match tile.layer {
        Layer::Hashes(_) => full.get(..usize::from(tile.width) * 32).map(<[u8]>::to_vec),
        Layer::Entries => {
            let entries = tile.full().entries(full)?;
            let length: usize = entries
                .iter()
                .take(tile.width.into())
                .map(|entry| entry.len() + 2)
                .sum();
            full.get(..length).map(<[u8]>::to_vec)
        }
    }
}

/// Reads and writes a copy on the way.
struct Tee<R, W> {
    from: R,
    copy: W,
}

impl<R: Read, W: Write> Read for Tee<R, W> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(buffer)?;
        self.copy.write_all(&buffer[..count])?;
        if count == 0 {
            self.copy.flush()?;
        }
        Ok(count)
    }
}
