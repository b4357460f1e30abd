//! What guests say, and what they are told.

use crate::core::Core;
use bus::seal::{SecretKey, seal};
use bus::secrets::SecretStore;
use domain::configuration::{Configuration, Group};
use domain::guest::{
    Action, ActionBody, Desired, DesiredAnswer, DesiredRequest, Report, ReportAnswer, Revision,
    UserChange, UserToMake,
};
use domain::ids::{InstanceId, SecretId};
use domain::instance::action::PasswordChange;
use domain::instance::spec::NewUser;
use domain::instance::{
    ActionSpec, Command, Instance, Live, Phase, Rejection, Step, prepare_action,
};
use domain::secret::{PublicKey, Sealed};
use eventlog::HandleError;
use std::sync::Arc;

/// Answers guests.
#[derive(Clone)]
pub(crate) struct Guests {
    core: Arc<Core>,
    secrets: Arc<SecretStore>,
    key: Arc<SecretKey>,
}

impl Guests {
    /// Answers guests; `key` opens the passwords that gateways have sealed.
    pub(crate) fn new(core: Arc<Core>, secrets: Arc<SecretStore>, key: Arc<SecretKey>) -> Self {
        Self { core, secrets, key }
    }

    async fn document(&self, live: &Live, is_prepared: bool, guest: &PublicKey) -> Option<Desired> {
        let spec = &live.spec;
        let mut actions = Vec::new();
        if !is_prepared {
            let databases = spec.databases.clone();
            let users = self.users(&spec.users, guest).await?;
            let body = ActionBody::Prepare { databases, users };
            actions.push(Action { id: prepare_action(live.id), body });
        }
        for pending in &live.actions.pending {
            let body = self.body(&pending.spec, guest).await?;
            actions.push(Action { id: pending.id, body });
        }
        if let Some(id) = live.owed_restart() {
            actions.push(Action { id, body: ActionBody::Restart });
        }
        let group = self.group(live)?;
        let changed = group.as_ref().map_or(0, |group| group.revision);
        let sequence = live.revision.max(changed);
        Some(Desired {
            revision: Revision { epoch: self.core.epoch, sequence },
            fence: live.fence,
            manager: spec.version.manager,
            version: spec.version.number.clone(),
            settings: live.wanted_settings(group.as_ref().map(|group| &group.spec.values)),
            memory_mb: Some(live.wanted_flavor().ram_mb),
            is_stopped: live.is_stopped,
            actions,
        })
    }

    /// The configuration group that an instance follows; nothing when it can't be told now.
    #[expect(clippy::option_option, reason = "that it can't be told is not that there is none")]
    fn group(&self, live: &Live) -> Option<Option<Group>> {
        let Some(id) = live.configuration else { return Some(None) };
        match self.core.rows.configuration(id) {
            Ok(Configuration::Live(group)) => Some(Some(*group)),
            // The instance is about to be told that it follows none.
            Ok(Configuration::Absent | Configuration::Deleted { .. }) => Some(None),
            Err(error) => {
                tracing::warn!(error = %telemetry::Chain(&error), "Row not read.");
                None
            }
        }
    }

    /// An action as its guest is told it, each password sealed anew for the guest that asked.
    async fn body(&self, spec: &ActionSpec, guest: &PublicKey) -> Option<ActionBody> {
        Some(match spec.clone() {
            ActionSpec::CreateDatabases { databases } => ActionBody::CreateDatabases { databases },
            ActionSpec::DeleteDatabase { name } => ActionBody::DeleteDatabase { name },
            ActionSpec::CreateUsers { users } => {
                ActionBody::CreateUsers { users: self.users(&users, guest).await? }
            }
            ActionSpec::ChangePasswords { users } => {
                let mut changes = Vec::new();
                for PasswordChange { account, password } in users {
                    let password = Some(self.password(password, guest).await?);
                    changes.push(UserChange { account, name: None, host: None, password });
                }
                ActionBody::UpdateUsers { changes }
            }
            ActionSpec::UpdateUser { account, name, host, password } => {
                let password = match password {
                    Some(id) => Some(self.password(id, guest).await?),
                    None => None,
                };
                let changes = vec![UserChange { account, name, host, password }];
                ActionBody::UpdateUsers { changes }
            }
            ActionSpec::DeleteUser { account } => ActionBody::DeleteUser { account },
            ActionSpec::Grant { account, databases } => ActionBody::Grant { account, databases },
            ActionSpec::Revoke { account, database } => ActionBody::Revoke { account, database },
            ActionSpec::Restart => ActionBody::Restart,
            ActionSpec::EnableRoot { password, by: _ } => {
                ActionBody::EnableRoot { password: self.password(password, guest).await? }
            }
            ActionSpec::DisableRoot => ActionBody::DisableRoot,
        })
    }

    async fn users(&self, users: &[NewUser], guest: &PublicKey) -> Option<Vec<UserToMake>> {
        let mut told = Vec::new();
        for user in users {
            told.push(UserToMake {
                name: user.name.clone(),
                host: user.host.clone(),
                password: self.password(user.password, guest).await?,
                databases: user.databases.clone(),
            });
        }
        Some(told)
    }

    /// A stored password, sealed to the guest; nothing when it can't be had now.
    async fn password(&self, id: SecretId, guest: &PublicKey) -> Option<Sealed> {
        let sealed = match self.secrets.get(id).await {
            Ok(Some(sealed)) => sealed,
            Ok(None) => {
                tracing::error!("A password of an action under way is missing.");
                return None;
            }
            Err(error) => {
                tracing::warn!(error = %telemetry::Chain(&error), "Password not read.");
                return None;
            }
        };
        let Ok(password) = self.key.open(&sealed) else {
            tracing::error!("A password can't be opened: it was sealed to another key.");
            return None;
        };
        Some(seal(guest, &password))
    }
}

impl bus::guests::Handler for Guests {
    /// Turns a report into facts.
    #[tracing::instrument(skip_all, fields(instance_id = %id))]
    async fn report(&self, id: InstanceId, report: Report) -> ReportAnswer {
        match self.core.instruct(id, Command::Observe(report)).await {
            Ok(_) => ReportAnswer::Recorded,
            Err(HandleError::Rejected(Rejection::NotFound)) => ReportAnswer::Unknown,
            Err(error) => {
                tracing::warn!(error = %telemetry::Chain(&error), "Report not recorded.");
                ReportAnswer::TryAgain
            }
        }
    }

    /// The newest desired document of an instance; no answer when it can't be told now.
    #[tracing::instrument(skip_all, fields(instance_id = %id))]
    async fn desired(&self, id: InstanceId, request: DesiredRequest) -> Option<DesiredAnswer> {
        if !self.core.freshen(id.into()).await {
            return None;
        }
        let instance = match self.core.rows.instance(id) {
            Ok(instance) => instance,
            Err(error) => {
                tracing::warn!(error = %telemetry::Chain(&error), "Row not read.");
                return None;
            }
        };
        match wanted(&instance) {
            None => Some(DesiredAnswer::None),
            Some((live, is_prepared)) => {
                let document = self.document(live, is_prepared, &request.public_key).await?;
                Some(DesiredAnswer::Document(Box::new(document)))
            }
        }
    }
}

/// The instance, if its guest should run, and whether it was prepared already.
fn wanted(instance: &Instance) -> Option<(&Live, bool)> {
    let live = instance.live()?;
    match &live.phase {
        Phase::Active | Phase::Restarting | Phase::Resizing(_) => Some((live, true)),
        Phase::Provisioning(running) => match running.step {
            Step::Guest | Step::AgentReport | Step::Prepare => Some((live, false)),
            Step::Place
            | Step::Volume
            | Step::Action
            | Step::Restart
            | Step::Room
            | Step::Grow
            | Step::Apply
            | Step::Revert
            | Step::Settle
            | Step::Configure
            | Step::NoGuest
            | Step::NoVolume
            | Step::Release => None,
        },
        Phase::Undoing(_) | Phase::Failed | Phase::Deleting(_) => None,
    }
}
