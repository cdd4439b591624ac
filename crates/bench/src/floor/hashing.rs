//! How many passwords a second can be hashed when the machine does nothing else.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use platform::auth::Passwords;
use platform::config::{Config, Environment};
use tokio::task;

const PASSWORD: &str = "Quiet-Harbour-4721";
const SALT: &[u8; 16] = b"bench-bench-salt";

/// Hashes a second, on as many threads as there are cores, at the cost that a server has without settings.
pub async fn measure(seconds: u32) -> Result<f64> {
    let params = default_params().await?;
    let duration = Duration::from_secs(seconds.into());
    let cores = thread::available_parallelism()
        .context("counting the cores")?
        .get();
    task::spawn_blocking(move || rate(&params, cores, duration)).await?
}

/// The parameters that a server without settings writes into the stored form of a password.
async fn default_params() -> Result<Params> {
    let config = Config::read(&Environment::default())?;
    let stored = Passwords::new(&config.passwords)?
        .hash(PASSWORD.to_owned())
        .await?;
    let stored = PasswordHash::new(&stored).map_err(|error| anyhow!("reading a stored password: {error}"))?;
    Params::try_from(&stored).map_err(|error| anyhow!("reading its parameters: {error}"))
}

fn rate(params: &Params, threads: usize, duration: Duration) -> Result<f64> {
    thread::scope(|scope| {
        let hashing: Vec<_> = (0..threads)
            .map(|_| scope.spawn(|| rate_of_one(params, duration)))
            .collect();
        hashing
            .into_iter()
            .map(|thread| thread.join().map_err(|_| anyhow!("password hashing panicked"))?)
            .sum()
    })
}

/// One thread's hashes a second, in memory that it keeps: asking for it anew is the server's own expense.
fn rate_of_one(params: &Params, duration: Duration) -> Result<f64> {
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    let mut memory = vec![Block::default(); params.block_count()];
    let mut hash = [0; Params::DEFAULT_OUTPUT_LEN];
    let mut hashes = 0.0;
    let start = Instant::now();
    loop {
        argon2
            .hash_password_into_with_memory(PASSWORD.as_bytes(), SALT, &mut hash, &mut memory)
            .map_err(|error| anyhow!("argon2: {error}"))?;
        hashes += 1.0;
        let elapsed = start.elapsed();
        if elapsed >= duration {
            return Ok(hashes / elapsed.as_secs_f64());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_cost_is_the_servers_own() {
        let settings = Config::read(&Environment::default()).unwrap().passwords;
        let params = default_params().await.unwrap();
        assert_eq!(
            (params.m_cost(), params.t_cost()),
            (settings.memory_kib, settings.iterations)
        );
    }

    #[test]
    fn the_threads_add_up() {
        let params = Params::new(8, 1, 1, None).unwrap();
        assert!(rate(&params, 2, Duration::ZERO).unwrap() > 0.0);
    }
}
