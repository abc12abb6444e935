//! The link between control and vip: messages as JSON on a channel that keeps them apart.

use std::io;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;
use skep_linux::process::channel::{Channel, ChannelReceiveError, ChannelSendError};
use skep_linux::readiness::Readiness;

/// One end of the link: `Out` is what it says, `In` what it hears.
#[derive(Debug)]
pub(crate) struct Link<Out, In> {
    channel: Channel,
    readiness: Readiness,
    messages: PhantomData<fn(Out) -> In>,
}

/// Why a message was not sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SendError {
    /// The message has no JSON form.
    #[error("a message cannot be written as JSON")]
    Unwritable(#[source] serde_json::Error),
    /// The channel does not take it.
    #[error(transparent)]
    Channel(#[from] ChannelSendError),
}

/// Why no message was received.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReceiveError {
    /// The message is not understood; the next one may be.
    #[error("a message is not understood")]
    NotUnderstood(#[source] serde_json::Error),
    /// The channel failed or is closed.
    #[error(transparent)]
    Channel(#[from] ChannelReceiveError),
    /// The runtime cannot wait for the channel.
    #[error("cannot wait for the channel")]
    Wait(#[source] io::Error),
}

impl<Out: Serialize, In: DeserializeOwned> Link<Out, In> {
    /// The end `channel`; it must be called on a tokio runtime with I/O.
    ///
    /// # Errors
    ///
    /// When the runtime refuses the descriptor.
    pub(crate) fn new(channel: Channel) -> io::Result<Self> {
        let readiness = Readiness::of(&channel)?;
        Ok(Self {
            channel,
            readiness,
            messages: PhantomData,
        })
    }

    /// Sends `message` now or not at all.
    ///
    /// # Errors
    ///
    /// [`SendError::Channel`] with [`ChannelSendError::Full`] when the other end does not keep up:
    /// everything said on a link can be said again later.
    pub(crate) fn send(&self, message: &Out) -> Result<(), SendError> {
        let bytes = serde_json::to_vec(message).map_err(SendError::Unwritable)?;
        Ok(self.channel.send(&bytes)?)
    }

    /// The next message. Dropping the future loses none.
    ///
    /// # Errors
    ///
    /// [`ReceiveError`] when a message is not understood or the channel is closed.
    pub(crate) async fn receive(&self) -> Result<In, ReceiveError> {
        let next = || self.take().transpose();
        self.readiness
            .read(next)
            .await
            .map_err(ReceiveError::Wait)?
    }

    /// The message that waits. Few are long, so that none has room for the longest.
    fn take(&self) -> Result<Option<In>, ReceiveError> {
        let Some(length) = self.channel.next_length()? else {
            return Ok(None);
        };
        let mut buffer = vec![0; length];
        let message = self.channel.receive(&mut buffer)?;
        let understood = message.map(serde_json::from_slice).transpose();
        understood.map_err(ReceiveError::NotUnderstood)
    }
}

#[cfg(test)]
mod tests {
    use skep_linux::process::channel::Channel;

    use super::{Link, ReceiveError, SendError};

    #[tokio::test]
    async fn what_one_end_says_the_other_hears_in_order() {
        let (one, other) = Channel::pair().expect("a pair");
        let one: Link<u32, String> = Link::new(one).expect("a link");
        let other: Link<String, u32> = Link::new(other).expect("a link");
        for number in 0..3 {
            one.send(&number).expect("there is room");
        }
        for number in 0..3 {
            assert_eq!(other.receive().await.expect("it was sent"), number);
        }
    }

    #[tokio::test]
    async fn a_message_that_is_not_understood_does_not_hide_the_next() {
        let (one, other) = Channel::pair().expect("a pair");
        one.send(b"{").expect("there is room");
        one.send(b"7").expect("there is room");
        let other: Link<(), u32> = Link::new(other).expect("a link");
        assert!(matches!(
            other.receive().await,
            Err(ReceiveError::NotUnderstood(_))
        ));
        assert_eq!(other.receive().await.expect("it was sent"), 7);
    }

    #[tokio::test]
    async fn a_silent_other_end_never_blocks_the_sender() {
        let (one, _other) = Channel::pair().expect("a pair");
        let one: Link<String, ()> = Link::new(one).expect("a link");
        let message = "x".repeat(1 << 10);
        let refused = (0..10_000).find_map(|_| one.send(&message).err());
        assert!(matches!(refused, Some(SendError::Channel(_))));
    }
}
