//! One consumer of the whole stream, given up at the first doubt.

use super::connection::Connection;
use super::unavailable;
use crate::log::{BoxError, ReadError};
use crate::recorded::Recorded;
use async_nats::jetstream::Message;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use async_nats::jetstream::stream::Stream;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use std::time::Duration;

/// How many messages the server may send without being asked again.
const BATCH: usize = 1000;
/// How often the server says that it is there. The client gives up after two of these.
const HEARTBEAT: Duration = Duration::from_secs(2);
/// The server drops a consumer that nobody has asked for so long.
const CONSUMER_LIFE: Duration = Duration::from_secs(10);
struct Followed {
    connection: Connection,
    messages: pull::Stream,
    is_over: bool,
}

pub(super) async fn follow(
    connection: Connection,
    stream: &Stream<()>,
    after: u64,
) -> Result<BoxStream<'static, Result<Recorded, ReadError>>, BoxError> {
    // Not an "ordered" consumer: that one mends itself, and stalls while it does.
    let config = pull::Config {
        deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: after + 1 },
        ack_policy: AckPolicy::None,
        inactive_threshold: CONSUMER_LIFE,
        memory_storage: true,
        num_replicas: 1,
        ..Default::default()
    };
    let consumer = connection.hold(stream.create_consumer(config)).await??;
    let messages =
        consumer.stream().max_messages_per_batch(BATCH).heartbeat(HEARTBEAT).messages().await?;
    let followed = Followed { connection, messages, is_over: false };
    Ok(stream::unfold(followed, next).boxed())
}

async fn next(mut followed: Followed) -> Option<(Result<Recorded, ReadError>, Followed)> {
    if followed.is_over {
        return None;
    }
    let item = followed.item().await;
    followed.is_over = item.is_err();
    Some((item, followed))
}

impl Followed {
    async fn item(&mut self) -> Result<Recorded, ReadError> {
        // A consumer does not survive a restart of the server, and may have sent messages into
        // the old connection.
        let message = self.connection.hold(self.messages.next()).await;
        let message = message.map_err(ReadError::Unavailable)?;
        let message = message.ok_or_else(|| unavailable("the consumer ended"))?;
        read(&message.map_err(unavailable)?)
    }
}

fn read(message: &Message) -> Result<Recorded, ReadError> {
    let sequence = message.info().map_err(unavailable)?.stream_sequence;
    Recorded::read(sequence, &message.subject, &message.payload)
}
