//! Password hashing: argon2id, on threads of its own, no more at a time than there are cores. They give way to everything
//! else: requests that read are not slowed by people who sign in.

use std::sync::Arc;

use anyhow::Context as _;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, Version, password_hash::phc::PasswordHash};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use rayon::{ThreadPool, ThreadPoolBuilder};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use tokio::sync::{Semaphore, oneshot};

use crate::{clock::random_bytes, config::PasswordSettings};

/// The stored form of a password that nothing matches: of accounts that sign in through a provider.
pub const UNUSABLE: &str = "!";

/// Most iterations of an older hash that are computed: a forged row must not hold a core for minutes.
const MOST_ITERATIONS: u32 = 5_000_000;

/// By how much the threads of password hashing are nicer than others.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// Hashes and verifies passwords.
#[derive(Clone)]
pub struct Passwords {
    argon2: Argon2<'static>,
    threads: Arc<ThreadPool>,
    /// Whoever waits for a thread waits here, and leaves when the request is given up: in the queue of the threads it could
    /// not.
    places: Arc<Semaphore>,
    /// Verified when there is no account, so that the answer takes as long as for one.
    decoy: Arc<str>,
}

impl Passwords {
    /// Hashing of the given cost.
    pub fn new(settings: &PasswordSettings) -> anyhow::Result<Self> {
        let params = Params::new(settings.memory_kib, settings.iterations, 1, None).map_err(|error| {
            anyhow::anyhow!("PASSWORD_HASH_MEMORY_KIB and PASSWORD_HASH_ITERATIONS: {error}")
        })?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let decoy = hash(&argon2, "decoy")?.into();
        Ok(Self {
            argon2,
            threads: Arc::new(threads(cores)?),
            places: Arc::new(Semaphore::new(cores)),
            decoy,
        })
    }

    /// The stored form of a password.
    pub async fn hash(&self, password: String) -> anyhow::Result<String> {
        let argon2 = self.argon2.clone();
        self.off_the_async_threads(move || hash(&argon2, &password))
            .await?
    }

    /// Whether the password has this stored form; `None` takes as long and is never right.
    pub async fn verify(&self, password: String, stored: Option<String>) -> anyhow::Result<bool> {
        let (argon2, decoy) = (self.argon2.clone(), Arc::clone(&self.decoy));
        self.off_the_async_threads(move || {
            if let Some(stored) = stored.filter(|stored| stored != UNUSABLE) {
                return matches(&argon2, &password, &stored);
            }
            matches(&argon2, &password, &decoy);
            false
        })
        .await
    }

    /// Whether a stored form is older or weaker than what [`Passwords::hash`] makes today.
    pub fn is_outdated(&self, stored: &str) -> bool {
        PasswordHash::new(stored)
            .ok()
            .and_then(|hash| Params::try_from(&hash).ok())
            .is_none_or(|params| {
                let wanted = self.argon2.params();
                (params.m_cost(), params.t_cost()) != (wanted.m_cost(), wanted.t_cost())
            })
    }

    async fn off_the_async_threads<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> anyhow::Result<T> {
        let place = Arc::clone(&self.places).acquire_owned().await?;
        let started = std::time::Instant::now();
        let (tell, told) = oneshot::channel();
        self.threads.spawn(move || {
            // Nobody may be there any more to be told.
            let _ = tell.send(work());
            drop(place);
        });
        // A panic drops what it would have been told with.
        let outcome = told.await.context("password hashing panicked")?;
        metrics::histogram!("selflink_password_hash_seconds").record(started.elapsed().as_secs_f64());
        Ok(outcome)
    }
}

/// Threads of low priority.
fn threads(count: usize) -> anyhow::Result<ThreadPool> {
    ThreadPoolBuilder::new()
        .num_threads(count)
        .thread_name(|number| format!("passwords-{number}"))
        .start_handler(|_| give_way())
        // Without one, a panic would end the process.
        .panic_handler(|_| tracing::error!("password hashing panicked"))
        .build()
        .context("no threads for password hashing")
}

/// Lets every other thread go first. On Linux this is of the thread alone, elsewhere it would be of the process.
fn give_way() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::debug!(%error, "the threads of password hashing have the priority of all others");
    }
}

fn hash(argon2: &Argon2<'_>, password: &str) -> anyhow::Result<String> {
    let hash: PasswordHash = argon2
        .hash_password_with_salt(password.as_bytes(), &random_bytes::<16>())
        .map_err(|error| anyhow::anyhow!("argon2: {error}"))?;
    Ok(hash.to_string())
}

fn matches(argon2: &Argon2<'_>, password: &str, stored: &str) -> bool {
    use argon2::PasswordVerifier as _;
    match PasswordHash::new(stored) {
        Ok(hash) => argon2.verify_password(password.as_bytes(), &hash).is_ok(),
        Err(_) => matches_pbkdf2(password, stored).unwrap_or(false),
    }
}

/// The older form, `pbkdf2_sha256$<iterations>$<salt>$<base64 of 32 bytes>`.
fn matches_pbkdf2(password: &str, stored: &str) -> Option<bool> {
    let mut parts = stored.split('$');
    let (algorithm, iterations, salt, encoded) = (
        parts.next()?,
        parts.next()?.parse().ok()?,
        parts.next()?,
        parts.next()?,
    );
    if algorithm != "pbkdf2_sha256" || parts.next().is_some() || !(1..=MOST_ITERATIONS).contains(&iterations)
    {
        return None;
    }
    let expected = BASE64_STANDARD.decode(encoded).ok()?;
    let mut derived = [0; 32];
    pbkdf2::pbkdf2_hmac::<Sha256>(password.as_bytes(), salt.as_bytes(), iterations, &mut derived);
    Some(bool::from(derived.as_slice().ct_eq(&expected)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passwords(memory_kib: u32) -> Passwords {
        Passwords::new(&PasswordSettings {
            memory_kib,
            iterations: 1,
        })
        .expect("is valid")
    }

    #[tokio::test]
    async fn a_password_matches_its_own_hash_only() {
        let passwords = passwords(8);
        let stored = passwords.hash("Tr1cky".to_owned()).await.expect("is hashed");
        assert!(stored.starts_with("$argon2id$"), "{stored}");
        assert!(
            passwords
                .verify("Tr1cky".to_owned(), Some(stored.clone()))
                .await
                .expect("is verified")
        );
        assert!(
            !passwords
                .verify("tr1cky".to_owned(), Some(stored))
                .await
                .expect("is verified")
        );
        assert!(
            !passwords
                .verify("decoy".to_owned(), None)
                .await
                .expect("is verified")
        );
        assert!(
            !passwords
                .verify(String::new(), Some(UNUSABLE.to_owned()))
                .await
                .expect("is verified")
        );
    }

    #[tokio::test]
    async fn the_older_form_is_verified_and_is_outdated() {
        // Python: base64.b64encode(hashlib.pbkdf2_hmac("sha256", b"secret-pass", b"NaCl", 1000))
        let stored = "pbkdf2_sha256$1000$NaCl$9T5Z5YG3J/l1BxxsJW+YBX4r/SGlhRnzsOS9Es6E4AY=";
        let passwords = passwords(8);
        assert!(
            passwords
                .verify("secret-pass".to_owned(), Some(stored.to_owned()))
                .await
                .expect("is verified")
        );
        assert!(
            !passwords
                .verify("other".to_owned(), Some(stored.to_owned()))
                .await
                .expect("is verified")
        );
        assert!(passwords.is_outdated(stored));
    }

    #[tokio::test]
    async fn a_hash_of_another_cost_is_outdated() {
        let stored = passwords(8).hash("x".to_owned()).await.expect("is hashed");
        assert!(!passwords(8).is_outdated(&stored));
        assert!(passwords(16).is_outdated(&stored));
        assert!(
            passwords(16)
                .verify("x".to_owned(), Some(stored))
                .await
                .expect("is verified")
        );
    }

    #[tokio::test]
    async fn a_panic_fails_alone() {
        let passwords = passwords(8);
        for _ in 0..20 {
            let outcome = passwords.off_the_async_threads(|| panic!("as a test")).await;
            assert!(outcome.map(|(): ()| ()).is_err());
        }
        passwords.hash("x".to_owned()).await.expect("goes on");
    }

    #[tokio::test]
    async fn who_gives_up_leaves_the_queue() {
        let passwords = passwords(8);
        let places = passwords.places.available_permits();
        let (go, gate) = std::sync::mpsc::channel::<()>();
        let gate = Arc::new(parking_lot::Mutex::new(gate));
        let busy: Vec<_> = (0..places)
            .map(|_| {
                let (passwords, gate) = (passwords.clone(), Arc::clone(&gate));
                tokio::spawn(async move {
                    let wait = move || gate.lock().recv().is_ok();
                    passwords.off_the_async_threads(wait).await
                })
            })
            .collect();
        while passwords.places.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let ran = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let waiting = tokio::spawn({
            let (passwords, ran) = (passwords.clone(), Arc::clone(&ran));
            async move {
                let mark = move || ran.store(true, std::sync::atomic::Ordering::SeqCst);
                passwords.off_the_async_threads(mark).await
            }
        });
        tokio::task::yield_now().await;
        waiting.abort();
        for _ in 0..places {
            go.send(()).expect("is waited for");
        }
        for task in busy {
            assert!(task.await.expect("ends").expect("is told"));
        }
        passwords.hash("x".to_owned()).await.expect("goes on");
        assert!(!ran.load(std::sync::atomic::Ordering::SeqCst));
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn its_threads_are_nicer_and_no_others() {
        fn niceness() -> Option<i64> {
            let stat = std::fs::read_to_string("/proc/thread-self/stat").ok()?;
            let (_, rest) = stat.rsplit_once(')')?;
            rest.split_whitespace().nth(16)?.parse().ok()
        }
        let (own, theirs) = (
            niceness().expect("is known"),
            passwords(8).off_the_async_threads(niceness).await,
        );
        let theirs = theirs.expect("is told").expect("is known");
        assert_eq!(theirs, (own + i64::from(NICENESS)).min(19));
        assert_eq!(niceness(), Some(own));
    }

    proptest::proptest! {
        #[test]
        fn junk_rows_match_nothing(stored: String) {
            proptest::prop_assert!(!matches(&Argon2::default(), "x", &stored));
        }
    }
}
