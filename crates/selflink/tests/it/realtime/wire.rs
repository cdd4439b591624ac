//! A network that can be cut: a TCP proxy between clients and an instance.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use parking_lot::Mutex;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// A proxy; gone when dropped.
pub struct Wire {
    /// Where clients connect to.
    pub address: SocketAddr,
    target: Arc<Mutex<SocketAddr>>,
    is_whole: Arc<AtomicBool>,
    cuts: watch::Sender<u64>,
    accepting: JoinHandle<()>,
}

impl Wire {
    /// A proxy to the instance at this URL.
    pub async fn to(url: &str) -> Self {
        let target = Arc::new(Mutex::new(address_of(url)));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("has an address");
        let is_whole = Arc::new(AtomicBool::new(true));
        let cuts = watch::Sender::new(0);
        let (accepts, cut) = (Arc::clone(&is_whole), cuts.subscribe());
        let leads_to = Arc::clone(&target);
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                // A connection that is dropped is refused, as far as a client can see.
                if accepts.load(Ordering::SeqCst) {
                    let target = *leads_to.lock();
                    tokio::spawn(carry(client, target, cut.clone()));
                }
            }
        });
        Self {
            address,
            target,
            is_whole,
            cuts,
            accepting,
        }
    }

    /// The URL of the instance through it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Leads further connections to another instance.
    pub fn lead_to(&self, url: &str) {
        *self.target.lock() = address_of(url);
    }

    /// Breaks all connections, and lets no new ones through.
    pub fn cut(&self) {
        self.is_whole.store(false, Ordering::SeqCst);
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Lets connections through again.
    pub fn mend(&self) {
        self.is_whole.store(true, Ordering::SeqCst);
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

fn address_of(url: &str) -> SocketAddr {
    let address = url.trim_start_matches("http://").parse();
    address.expect("an address and a port")
}

async fn carry(mut client: TcpStream, target: SocketAddr, mut cut: watch::Receiver<u64>) {
    cut.mark_unchanged();
    let Ok(mut server) = TcpStream::connect(target).await else {
        return;
    };
    tokio::select! {
        _ = copy_bidirectional(&mut client, &mut server) => {}
        _ = cut.changed() => {}
    }
}
