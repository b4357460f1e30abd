//! Instances as administrators see them: everything that their owners see, and what is below.
//!
//! The server is the guest: it goes by the instance's id, on the host that gave it its place.

use super::instance::{Detail, Viewer, gigabytes};
use super::{moment, status};
use crate::heartbeats::Heard;
use domain::guest::DatabaseHealth;
use domain::host::Place;
use domain::instance::{Instance, Live, Phase, Step};
use domain::time::Timestamp;
use serde_json::{Value, json};

/// A live instance, or what a deleted one was like at its end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Managed<'a> {
    /// The instance.
    pub(crate) live: &'a Live,
    deleted_at: Option<Timestamp>,
}

impl<'a> Managed<'a> {
    /// Of an instance that came to be.
    pub(crate) fn of(instance: &'a Instance) -> Option<Self> {
        match instance {
            Instance::Absent | Instance::Abandoned { .. } => None,
            Instance::Live(live) => Some(Self { live, deleted_at: None }),
            Instance::Deleted { last, at } => Some(Self { live: last, deleted_at: Some(*at) }),
        }
    }

    /// Whether it is gone.
    pub(crate) fn is_deleted(self) -> bool {
        self.deleted_at.is_some()
    }

    /// The entry of a list.
    pub(crate) fn entry(self, heard: Option<&Heard>, viewer: Viewer<'_>) -> Value {
        let Self { live, deleted_at } = self;
        let mut view = json!(Detail::of(live, heard, viewer));
        view["server"] = live.place.as_ref().map_or(Value::Null, |place| server(live, place));
        view["deleted"] = json!(self.is_deleted());
        view["deleted_at"] = json!(deleted_at.map(moment));
        view["service_status"] = json!(self.service_status());
        view["task_description"] = json!(self.task());
        view
    }

    /// Everything about one.
    pub(crate) fn whole(self, heard: Option<&Heard>, viewer: Viewer<'_>) -> Value {
        let live = self.live;
        let mut view = self.entry(heard, viewer);
        view["volume"] = live.place.as_ref().map_or(Value::Null, |_| volume(live, heard));
        view["guest_status"] =
            json!({ "state_description": self.service_status().to_ascii_lowercase() });
        view
    }

    fn service_status(self) -> &'static str {
        match self.deleted_at {
            Some(_) => "DELETED",
            None if self.is_unheard() => "NEW",
            None => status::service_status(self.live),
        }
    }

    /// Whether its guest could not have said anything yet.
    fn is_unheard(self) -> bool {
        let is_new = matches!(self.live.phase, Phase::Provisioning(_));
        is_new && self.live.health == DatabaseHealth::Unknown
    }

    fn task(self) -> &'static str {
        if self.deleted_at.is_some() {
            return "The instance is gone.";
        }
        match &self.live.phase {
            Phase::Provisioning(_) => "Building the instance.",
            Phase::Active => "No tasks for the instance.",
            Phase::Restarting => "Restarting the database.",
            Phase::Resizing(_) => "Resizing the instance.",
            Phase::Undoing(_) => "Taking back a failed creation.",
            Phase::Failed => "The creation failed and was taken back.",
            Phase::Deleting(_) => "Deleting the instance.",
        }
    }
}

fn server(live: &Live, place: &Place) -> Value {
    let address = place.address.to_string();
    json!({
        "id": live.id.to_string(),
        "name": live.name,
        "status": server_status(&live.phase),
        "tenant_id": live.spec.project.as_str(),
        "host": place.host.to_string(),
        "addresses": { "private": [{ "addr": address, "version": 4 }] },
    })
}

fn server_status(phase: &Phase) -> &'static str {
    match phase {
        Phase::Provisioning(running) => match running.step {
            Step::Place | Step::Volume | Step::Guest => "BUILD",
            Step::AgentReport
            | Step::Prepare
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
            | Step::Release => "ACTIVE",
        },
        Phase::Active | Phase::Restarting | Phase::Resizing(_) => "ACTIVE",
        Phase::Undoing(_) | Phase::Failed | Phase::Deleting(_) => "SHUTDOWN",
    }
}

fn volume(live: &Live, heard: Option<&Heard>) -> Value {
    let beat = heard.map(|heard| &heard.beat);
    let id = live.id.to_string();
    json!({
        "id": id,
        "size": live.spec.volume_gib,
        "status": "in-use",
        "created_at": moment(live.created),
        "availability_zone": live.spec.availability_zone,
        "attachments": [{ "server_id": id }],
        "used": beat.and_then(|beat| beat.volume_used_bytes).map(gigabytes),
        "total": beat.and_then(|beat| beat.volume_size_bytes).map(gigabytes),
    })
}
