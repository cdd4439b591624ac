//! The connections of this process, by account and by channel. Locks are held for look-ups and for putting frames into
//! queues, never while waiting.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use axum::extract::ws::Utf8Bytes;
use parking_lot::RwLock;
use platform::{id::UserId, pubsub::Interest};
use tokio::sync::{OnceCell, broadcast};

use crate::{
    closing::Closing,
    queue::{Outgoing, Queue},
};

/// Changes that wait for a slow reader of them.
const CHANGES: usize = 1024;

/// An open connection.
pub struct Socket {
    number: u64,
    /// Whose it is.
    pub user: UserId,
    /// The session of its token, if that named one.
    pub session: Option<i64>,
    /// What waits for it.
    pub queue: Queue,
}

/// Somebody came or went, as far as this process sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The first connection of an account was opened.
    Came(UserId),
    /// Its last one was closed.
    Left(UserId),
}

/// What this process is subscribed to for the sake of some connections.
pub struct Subscribed {
    /// The position in the log of the account before the subscription; 0 for channels, which have none.
    pub position: i64,
    _interest: Interest,
}

impl Subscribed {
    /// A subscription in force.
    pub fn new(position: i64, interest: Interest) -> Self {
        Self {
            position,
            _interest: interest,
        }
    }
}

/// Filled by the first connection that needs it; the others wait for that.
pub type Cell = Arc<OnceCell<Subscribed>>;

#[derive(Default)]
struct Room {
    sockets: Vec<Arc<Socket>>,
    subscribed: Cell,
    /// The last event of the log that went to the connections of this account; 0 before there is one.
    position: AtomicI64,
}

#[derive(Default)]
struct Rooms {
    users: HashMap<UserId, Room>,
    channels: HashMap<Arc<str>, Room>,
    sockets: HashMap<u64, Arc<Socket>>,
    last_number: u64,
}

/// All connections.
pub struct Hub {
    rooms: RwLock<Rooms>,
    changes: broadcast::Sender<Change>,
}

impl Default for Hub {
    fn default() -> Self {
        Self {
            rooms: RwLock::default(),
            changes: broadcast::Sender::new(CHANGES),
        }
    }
}

/// How a connection has joined.
pub struct Joined {
    /// The connection.
    pub socket: Arc<Socket>,
    /// What happened last before everything that it will be told; 0 if that is up to the subscription.
    pub position: i64,
    /// The subscription of its account.
    pub user: Cell,
    /// Those of its channels.
    pub channels: Vec<(Arc<str>, Cell)>,
}

/// How many connections there may be.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Of one account.
    pub of_user: usize,
    /// Frames that wait for one.
    pub queue_frames: usize,
}

impl Hub {
    /// Adds a connection. From now on it is told what its account and channels are; what was said before the subscriptions
    /// are in force is not heard.
    pub fn join(&self, user: UserId, session: Option<i64>, channels: &[Arc<str>], limits: Limits) -> Joined {
        let mut rooms = self.rooms.write();
        rooms.last_number += 1;
        let socket = Arc::new(Socket {
            number: rooms.last_number,
            user,
            session,
            queue: Queue::new(limits.queue_frames),
        });
        rooms.sockets.insert(socket.number, Arc::clone(&socket));
        let room = rooms.users.entry(user).or_default();
        let is_first = room.sockets.is_empty();
        room.sockets.push(Arc::clone(&socket));
        close_oldest(&room.sockets, limits.of_user);
        let (position, cell) = (
            room.position.load(Ordering::Relaxed),
            Arc::clone(&room.subscribed),
        );
        let channels = channels.iter().map(|channel| {
            let room = rooms.channels.entry(Arc::clone(channel)).or_default();
            room.sockets.push(Arc::clone(&socket));
            (Arc::clone(channel), Arc::clone(&room.subscribed))
        });
        let channels = channels.collect();
        drop(rooms);
        if is_first {
            self.announce(Change::Came(user));
        }
        Joined {
            socket,
            position,
            user: cell,
            channels,
        }
    }

    /// Removes a connection, and with the last of an account or channel its subscription.
    pub fn leave(&self, socket: &Socket, channels: &[Arc<str>]) {
        let mut rooms = self.rooms.write();
        rooms.sockets.remove(&socket.number);
        let is_last = remove(&mut rooms.users, &socket.user, socket);
        for channel in channels {
            remove(&mut rooms.channels, channel, socket);
        }
        drop(rooms);
        if is_last {
            self.announce(Change::Left(socket.user));
        }
    }

    fn announce(&self, change: Change) {
        // Fails when nobody is interested.
        let _ = self.changes.send(change);
    }

    /// Who comes and goes from now on.
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.changes.subscribe()
    }

    /// Remembers the position of an account's log unless something newer was told since.
    pub fn start_at(&self, user: UserId, position: i64) {
        if let Some(room) = self.rooms.read().users.get(&user) {
            let _ = room
                .position
                .compare_exchange(0, position, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    /// Remembers the position of an account's log.
    pub fn move_to(&self, user: UserId, position: i64) {
        if let Some(room) = self.rooms.read().users.get(&user) {
            room.position.store(position, Ordering::Relaxed);
        }
    }

    /// Tells the connections of these accounts.
    pub fn tell_users(&self, users: impl IntoIterator<Item = UserId>, event: Option<i64>, text: &Utf8Bytes) {
        let rooms = self.rooms.read();
        let mut count = 0;
        for room in users.into_iter().filter_map(|user| rooms.users.get(&user)) {
            if let Some(event) = event {
                room.position.store(event, Ordering::Relaxed);
            }
            count += tell(&room.sockets, event, text);
        }
        metrics::counter!("selflink_realtime_deliveries_total").increment(count);
    }

    /// Tells the connections that asked for a channel.
    pub fn tell_channel(&self, channel: &str, text: &Utf8Bytes) {
        let rooms = self.rooms.read();
        let count = rooms
            .channels
            .get(channel)
            .map_or(0, |room| tell(&room.sockets, None, text));
        metrics::counter!("selflink_realtime_deliveries_total").increment(count);
    }

    /// Tells every connection.
    pub fn tell_all(&self, text: &Utf8Bytes) {
        let count = tell(self.rooms.read().sockets.values(), None, text);
        metrics::counter!("selflink_realtime_deliveries_total").increment(count);
    }

    /// Asks every connection to end.
    pub fn close_all(&self, closing: Closing) {
        for socket in self.rooms.read().sockets.values() {
            socket.queue.close(closing);
        }
    }

    /// How many connections there are.
    pub fn len(&self) -> usize {
        self.rooms.read().sockets.len()
    }

    /// Whether an account is connected here.
    pub fn has(&self, user: UserId) -> bool {
        self.rooms.read().users.contains_key(&user)
    }

    /// The accounts that are connected here, with the positions of their logs.
    pub fn users(&self) -> Vec<(UserId, i64)> {
        let rooms = self.rooms.read();
        let users = rooms.users.iter();
        users
            .map(|(user, room)| (*user, room.position.load(Ordering::Relaxed)))
            .collect()
    }

    /// The connections of an account.
    pub fn sockets_of(&self, user: UserId) -> Vec<Arc<Socket>> {
        let rooms = self.rooms.read();
        rooms
            .users
            .get(&user)
            .map_or_else(Vec::new, |room| room.sockets.clone())
    }

    /// All connections.
    pub fn sockets(&self) -> Vec<Arc<Socket>> {
        self.rooms.read().sockets.values().cloned().collect()
    }
}

/// Those who came last are those that somebody looks at.
fn close_oldest(sockets: &[Arc<Socket>], most: usize) {
    let open: Vec<_> = sockets
        .iter()
        .filter(|socket| !socket.queue.is_closing())
        .collect();
    for socket in open.iter().take(open.len().saturating_sub(most)) {
        socket.queue.close(Closing::TooManySockets);
    }
}

/// Removes a connection from a room, and says whether that is gone with it. The subscription then ends under the lock: were
/// it later, a new room might subscribe before, and hear everything twice.
fn remove<K: std::hash::Hash + Eq>(rooms: &mut HashMap<K, Room>, key: &K, socket: &Socket) -> bool {
    let Some(room) = rooms.get_mut(key) else {
        return false;
    };
    // In order: the oldest are first.
    room.sockets.retain(|other| other.number != socket.number);
    let is_empty = room.sockets.is_empty();
    if is_empty {
        rooms.remove(key);
    }
    is_empty
}

fn tell<'a>(sockets: impl IntoIterator<Item = &'a Arc<Socket>>, event: Option<i64>, text: &Utf8Bytes) -> u64 {
    let told = sockets.into_iter().filter(|socket| {
        socket.queue.push(Outgoing {
            event,
            text: text.clone(),
        })
    });
    told.count() as u64
}
