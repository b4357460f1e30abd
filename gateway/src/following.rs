//! An instance begins or ceases to follow a configuration group, or one of its logs is switched,
//! and its guest says what became of the settings.

use crate::call::Call;
use crate::fault::Fault;
use crate::gateway::Gateway;
use crate::inside::changed;
use domain::aggregate::Key;
use domain::command::Body;
use domain::ids::{CommandId, ConfigurationId, InstanceId};
use domain::instance::{Instance, Live};
use tokio::sync::broadcast::Receiver;

/// Which group is to be followed from now on.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Follow {
    /// This one.
    Attach(ConfigurationId),
    /// None.
    Detach,
}

impl Gateway {
    /// Has an instance follow a group, or none, and waits a while for its guest's word on the
    /// settings: whoever looks next sees whether a restart is required. Gives the position of
    /// what can be read then.
    ///
    /// # Errors
    /// When it was refused, or nobody says whether it was.
    pub(crate) async fn follow(
        &self,
        call: &Call,
        live: &Live,
        command: CommandId,
        follow: Follow,
    ) -> Result<u64, Fault> {
        let id = live.id;
        let body = match follow {
            Follow::Attach(configuration) => Body::AttachConfiguration { id, configuration },
            Follow::Detach => Body::DetachConfiguration { id },
        };
        self.change_settings(call, live, (command, body)).await
    }

    /// Has something changed that an instance's settings follow from, and waits in the same way.
    /// A database that is down takes them when it starts: nobody waits for that.
    ///
    /// # Errors
    /// When it was refused, or nobody says whether it was.
    pub(crate) async fn change_settings(
        &self,
        call: &Call,
        live: &Live,
        (command, body): (CommandId, Body),
    ) -> Result<u64, Fault> {
        let id = live.id;
        // Listening begins before the change, so that no word slips by.
        let changes = self.read_model.changes();
        let done = self.carry_out(call, id, (command, body)).await?;
        let waiting = self.settled(id, done.position, changes);
        match tokio::time::timeout(self.config.limits.action_answer(), waiting).await {
            // The guest is away: the instance shows later what became of it.
            Err(_) => Ok(done.position),
            Ok(settled) => settled.map(|()| self.read_model.position().max(done.position)),
        }
    }

    async fn settled(
        &self,
        id: InstanceId,
        accepted: u64,
        mut changes: Receiver<Key>,
    ) -> Result<(), Fault> {
        loop {
            let is_readable = self.read_model.position() >= accepted;
            match self.read_model.instance(id)? {
                Instance::Live(live) => {
                    let settings = &live.settings;
                    let is_settled = settings.state.sequence >= settings.asked;
                    if is_readable && (is_settled || !live.health.answers()) {
                        return Ok(());
                    }
                }
                Instance::Absent | Instance::Abandoned { .. } | Instance::Deleted { .. } => {
                    return Err(Fault::no_instance(&id));
                }
            }
            changed(&mut changes, id.into()).await;
        }
    }
}
