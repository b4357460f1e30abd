//! What every route works with: configuration, read model, commands, identity, heartbeats.

use crate::call::Call;
use crate::clock;
use crate::commands::Commands;
use crate::config::Config;
use crate::fault::{Fault, Missing};
use crate::guests::Guests;
use crate::heartbeats::{Heard, Heartbeats};
use crate::rates::Rates;
use crate::request::idempotency::HashKey;
use crate::request_id;
use crate::view::instance::GroupNames;
use crate::view::status::Words;
use domain::command::{Accepted, Body, Envelope, Rejection};
use domain::configuration::{Configuration, Group};
use domain::ids::{CommandId, ConfigurationId, InstanceId, RequestId};
use domain::instance::{Instance, Live, Phase};
use domain::project::Project;
use domain::quota::Quotas;
use eventlog::EventLog;
use identity::Identity;
use readmodel::ReadModel;
use std::sync::Arc;
use telemetry::Chain;

/// A gateway's parts. It holds no state of its own that outlives a minute.
pub struct Gateway {
    /// Its configuration.
    pub config: Config,
    /// Where reads are answered from.
    pub read_model: ReadModel,
    /// The log, to see that it is there; it is read by the read model alone.
    pub log: Arc<dyn EventLog>,
    /// Where changes are sent to.
    pub commands: Arc<dyn Commands>,
    /// Where live questions are put to.
    pub guests: Arc<dyn Guests>,
    /// Who says whose a token is.
    pub identity: Arc<dyn Identity>,
    /// What guests said last.
    pub heartbeats: Arc<Heartbeats>,
    /// The key under which bodies are hashed.
    pub hash_key: HashKey,
    /// How often each project has asked lately.
    pub rates: Rates,
}

/// A command that was carried out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Done {
    /// Where its effect can be read.
    pub(crate) position: u64,
    /// Whether the read model of this gateway has it already.
    pub(crate) is_readable: bool,
}

impl Gateway {
    /// Waits shortly for a read model that is not caught up yet.
    ///
    /// # Errors
    /// When it is not in time.
    pub(crate) async fn ready(&self) -> Result<(), Fault> {
        let within = self.config.limits.read_your_write();
        tokio::time::timeout(within, self.read_model.caught_up())
            .await
            .map_err(|_| Fault::NotCaughtUp)
    }

    /// Waits until the read model holds at least `position`.
    ///
    /// # Errors
    /// When it does not in time.
    pub(crate) async fn reached(&self, position: u64) -> Result<(), Fault> {
        let within = self.config.limits.read_your_write();
        if self.read_model.reached(position, within).await {
            Ok(())
        } else {
            Err(Fault::NotCaughtUp)
        }
    }

    /// A live instance that the caller may see.
    ///
    /// # Errors
    /// When there is none: unknown, gone and another project's look the same.
    pub(crate) fn instance(&self, call: &Call, id: &str) -> Result<Live, Fault> {
        let missing = || Fault::no_instance(&crate::catalogue::shown(id));
        match self.record(id)? {
            Instance::Live(live) if call.may_see(&live.spec.project) => Ok(*live),
            Instance::Live(_)
            | Instance::Absent
            | Instance::Abandoned { .. }
            | Instance::Deleted { .. } => Err(missing()),
        }
    }

    /// An instance that the caller may see or, when it is gone, could see last: a repeat of what
    /// made it go is answered as the first time.
    ///
    /// # Errors
    /// When there never was one: unknown and another project's look the same.
    pub(crate) fn instance_or_last(&self, call: &Call, id: &str) -> Result<Live, Fault> {
        match self.record(id)? {
            Instance::Live(live) | Instance::Deleted { last: live, .. }
                if call.may_see(&live.spec.project) =>
            {
                Ok(*live)
            }
            Instance::Live(_)
            | Instance::Absent
            | Instance::Abandoned { .. }
            | Instance::Deleted { .. } => Err(Fault::no_instance(&crate::catalogue::shown(id))),
        }
    }

    /// Whatever is known under an id, whoever asks.
    ///
    /// # Errors
    /// When the id is none.
    pub(crate) fn record(&self, id: &str) -> Result<Instance, Fault> {
        // The clients' look-up by name comes here first, so a name must not pass for an id.
        let parsed: Option<InstanceId> =
            Some(id).filter(|id| id.len() == 36).and_then(|id| id.parse().ok());
        let id = parsed.ok_or_else(|| Fault::no_instance(&crate::catalogue::shown(id)))?;
        Ok(self.read_model.instance(id)?)
    }

    /// The names of the configuration groups that instances follow.
    ///
    /// # Errors
    /// When the read model can't answer.
    pub(crate) fn group_names<'a>(
        &self,
        instances: impl IntoIterator<Item = &'a Live>,
    ) -> Result<GroupNames, Fault> {
        let mut names = GroupNames::new();
        for id in instances.into_iter().filter_map(|live| live.configuration) {
            if let Configuration::Live(group) = self.read_model.configuration(id)? {
                names.insert(id, group.spec.name);
            }
        }
        Ok(names)
    }

    /// A configuration group that the caller may see.
    ///
    /// # Errors
    /// When there is none: unknown, gone and another project's look the same.
    pub(crate) fn group(&self, call: &Call, id: &str) -> Result<Group, Fault> {
        let missing = || Fault::NotFound(Missing::Configuration(crate::catalogue::shown(id)));
        let parsed: ConfigurationId = id.parse().map_err(|_| missing())?;
        match self.read_model.configuration(parsed)? {
            Configuration::Live(group) if call.may_see(&group.spec.project) => Ok(*group),
            Configuration::Live(_) | Configuration::Absent | Configuration::Deleted { .. } => {
                Err(missing())
            }
        }
    }

    /// What was heard of an instance lately, while its figures mean something.
    pub(crate) fn heard_lately(&self, live: &Live) -> Option<Heard> {
        let age_max = self.config.limits.heartbeat_age();
        self.heartbeats
            .last(live.id)
            .filter(|_| matches!(live.phase, Phase::Active))
            .filter(|heard| clock::now().since(heard.at) <= age_max)
    }

    /// Has a command about `instance` carried out, and waits until its effect can be read here.
    ///
    /// # Errors
    /// When it was refused, or nobody says what became of it.
    pub(crate) async fn carry_out(
        &self,
        call: &Call,
        instance: InstanceId,
        (command_id, body): (CommandId, Body),
    ) -> Result<Done, Fault> {
        match self.order(call, command_id, body).await {
            Err(request_id) => Err(Fault::OutcomeUnknown { request_id, instance }),
            Ok(Err(rejection)) => {
                Err(Fault::Refused { instance, words: self.words(instance), rejection })
            }
            Ok(Ok(done)) => Ok(done),
        }
    }

    /// The same for a command about something else, which `what` names.
    ///
    /// # Errors
    /// When it was refused, or nobody says what became of it.
    pub(crate) async fn carry_out_of(
        &self,
        call: &Call,
        what: String,
        (command_id, body): (CommandId, Body),
    ) -> Result<Done, Fault> {
        match self.order(call, command_id, body).await {
            Err(request_id) => Err(Fault::OutcomeUnknownOf { what, request_id }),
            Ok(Err(rejection)) => Err(Fault::RefusedOf { what, rejection }),
            Ok(Ok(done)) => Ok(done),
        }
    }

    /// Sends a command and waits until its effect can be read here; the request's id when nobody
    /// says what became of it.
    async fn order(
        &self,
        call: &Call,
        command_id: CommandId,
        body: Body,
    ) -> Result<Result<Done, Rejection>, RequestId> {
        let envelope = Envelope {
            command_id,
            deadline: clock::now().after(self.config.limits.command()),
            actor: call.actor(),
            request_id: request_id::current(),
            body,
        };
        let reply = self.commands.send(&envelope).await.map_err(|error| {
            tracing::warn!(%command_id, error = %Chain(&error), "Command has no known outcome.");
            envelope.request_id.clone()
        })?;
        Ok(match reply {
            Err(rejection) => Err(rejection),
            Ok(Accepted { position }) => {
                let is_readable = self.reached(position).await.is_ok();
                Ok(Done { position, is_readable })
            }
        })
    }

    /// What a project may use: its own figures over the plane's defaults.
    ///
    /// # Errors
    /// When the plane has not told its defaults yet.
    pub(crate) fn quotas(&self, project: &Project) -> Result<Quotas, Fault> {
        let defaults = self.read_model.plane()?.quota_defaults.ok_or(Fault::NotFounded)?;
        Ok(project.overrides.over(defaults))
    }

    /// An instance's status, for the text of a refusal.
    fn words(&self, instance: InstanceId) -> Words {
        match self.read_model.instance(instance) {
            Ok(Instance::Live(live)) => Words::of(&live),
            Ok(Instance::Absent | Instance::Abandoned { .. } | Instance::Deleted { .. })
            | Err(_) => Words::UNKNOWN,
        }
    }
}

impl From<readmodel::ReadError> for Fault {
    fn from(error: readmodel::ReadError) -> Self {
        tracing::warn!(error = %Chain(&error), "Read model can't answer.");
        Self::NotCaughtUp
    }
}
