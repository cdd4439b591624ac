//! The channels of publish/subscribe between those who tell something and the gateways.

use bytes::{BufMut as _, Bytes, BytesMut};
use futures::future::try_join_all;
use platform::{
    id::UserId,
    pubsub::{PubSub, PubSubError},
};

/// What is told to very many: accounts separated by commas, a line break, the frame. Every gateway listens to it.
pub const FAN_OUT: &str = "realtime:fan-out";
/// Accounts, each to be looked at again by the gateways where it is connected.
pub const RECHECK: &str = "realtime:recheck";
/// Frames for everybody who is connected.
pub const BROADCAST: &str = "broadcast";

/// Accounts that are told each by a channel of its own; more are told at once by [`FAN_OUT`].
pub const FEW: usize = 16;
/// Accounts in one message of [`FAN_OUT`].
const CHUNK: usize = 500;

/// The channel of everything that an account is told.
pub fn user_channel(user: UserId) -> String {
    format!("user:{user}")
}

/// Sends a frame to the connections that these accounts have now.
pub async fn send(pubsub: &PubSub, to: &[UserId], frame: Bytes) -> Result<(), PubSubError> {
    if to.len() <= FEW {
        let each = to.iter().map(|user| {
            let frame = frame.clone();
            async move { pubsub.publish(&user_channel(*user), frame).await }
        });
        try_join_all(each).await?;
        return Ok(());
    }
    for some in to.chunks(CHUNK) {
        pubsub.publish(FAN_OUT, envelope(some, &frame)).await?;
    }
    Ok(())
}

fn envelope(to: &[UserId], frame: &Bytes) -> Bytes {
    let names: Vec<String> = to.iter().map(ToString::to_string).collect();
    let names = names.join(",");
    let mut envelope = BytesMut::with_capacity(names.len() + 1 + frame.len());
    envelope.put_slice(names.as_bytes());
    envelope.put_u8(b'\n');
    envelope.put_slice(frame);
    envelope.freeze()
}

/// Whom a message of [`FAN_OUT`] is for, and its frame, which shares its memory.
pub fn opened(envelope: &Bytes) -> Option<(Vec<UserId>, Bytes)> {
    let end = envelope.iter().position(|byte| *byte == b'\n')?;
    let names = std::str::from_utf8(envelope.get(..end)?).ok()?;
    let users: Result<Vec<_>, _> = names.split(',').map(|name| name.parse().map(UserId)).collect();
    Some((users.ok()?, envelope.slice(end + 1..)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn envelopes_are_opened_as_they_were_closed() {
        let frame = Bytes::from_static(b"{\"a\":\"\\n,\"}");
        let to = [UserId(1), UserId(i64::MAX)];
        assert_eq!(opened(&envelope(&to, &frame)), Some((to.to_vec(), frame)));
        for bad in ["", "1,2", "\n{}", "1,x\n{}"] {
            assert_eq!(opened(&Bytes::from_static(bad.as_bytes())), None, "{bad}");
        }
    }
}
