//! Instances as administrators see them: everything that their owners see, and what is below.
//!
//! The server is the guest: it goes by the instance's id, on the host that gave it its place.

use super::instance::{Basics, More, Viewer, Volume, gigabytes};
use super::{moment, status};
use crate::heartbeats::Heard;
use domain::guest::DatabaseHealth;
use domain::host::Place;
use domain::instance::{Instance, Live, Phase, Step};
use domain::time::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

/// The entry of a list.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct ManagedEntry<'a> {
    #[serde(flatten)]
    below: Below<'a>,
    volume: Volume,
}

/// Everything about one.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct ManagedInstance<'a> {
    #[serde(flatten)]
    below: Below<'a>,
    volume: Option<ManagedVolume<'a>>,
    guest_status: GuestStatus,
    /// When root was first let in; absent while it never was, as is by whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    root_enabled: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    root_enabled_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    root_enabled_by: Option<&'a str>,
}

/// What owners see, but for the volume, and what is below.
#[derive(Debug, JsonSchema, Serialize)]
struct Below<'a> {
    #[serde(flatten)]
    basics: Basics<'a>,
    #[serde(flatten)]
    more: More<'a>,
    server: Option<Server<'a>>,
    /// What it runs from, whatever its version runs from by now.
    image: String,
    deleted: bool,
    deleted_at: Option<String>,
    service_status: &'static str,
    task_description: &'static str,
}

#[derive(Debug, JsonSchema, Serialize)]
struct Server<'a> {
    id: String,
    name: &'a str,
    status: &'static str,
    tenant_id: &'a str,
    host: String,
    addresses: Addresses,
}

#[derive(Debug, JsonSchema, Serialize)]
struct Addresses {
    private: [ServerAddress; 1],
}

#[derive(Debug, JsonSchema, Serialize)]
struct ServerAddress {
    addr: String,
    version: u8,
}

#[derive(Debug, JsonSchema, Serialize)]
struct ManagedVolume<'a> {
    id: String,
    size: u32,
    status: &'static str,
    created_at: String,
    availability_zone: Option<&'a str>,
    attachments: [Attachment; 1],
    used: Option<f64>,
    total: Option<f64>,
}

#[derive(Debug, JsonSchema, Serialize)]
struct Attachment {
    server_id: String,
}

#[derive(Debug, JsonSchema, Serialize)]
struct GuestStatus {
    state_description: String,
}

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
    pub(crate) fn entry(self, heard: Option<&Heard>, viewer: Viewer<'_>) -> ManagedEntry<'a> {
        ManagedEntry { below: self.below(heard, viewer), volume: Volume::of(self.live, None) }
    }

    /// Everything about one.
    pub(crate) fn whole(self, heard: Option<&Heard>, viewer: Viewer<'_>) -> ManagedInstance<'a> {
        let live = self.live;
        let state_description = self.service_status().to_ascii_lowercase();
        let root = live.root.as_ref().map(|root| &root.first);
        let at = root.map(|first| moment(first.at));
        ManagedInstance {
            below: self.below(heard, viewer),
            volume: live.place.as_ref().map(|_| volume(live, heard)),
            guest_status: GuestStatus { state_description },
            root_enabled: at.clone(),
            root_enabled_at: at,
            root_enabled_by: root.map(|first| first.by.as_str()),
        }
    }

    fn below(self, heard: Option<&Heard>, viewer: Viewer<'_>) -> Below<'a> {
        let Self { live, deleted_at } = self;
        Below {
            basics: Basics::in_detail(live, viewer),
            more: More::of(live, heard, viewer),
            server: live.place.as_ref().map(|place| server(live, place)),
            image: live.spec.version.image.to_string(),
            deleted: self.is_deleted(),
            deleted_at: deleted_at.map(moment),
            service_status: self.service_status(),
            task_description: self.task(),
        }
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

fn server<'a>(live: &'a Live, place: &Place) -> Server<'a> {
    let addr = place.address.to_string();
    Server {
        id: live.id.to_string(),
        name: &live.name,
        status: server_status(&live.phase),
        tenant_id: live.spec.project.as_str(),
        host: place.host.to_string(),
        addresses: Addresses { private: [ServerAddress { addr, version: 4 }] },
    }
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

fn volume<'a>(live: &'a Live, heard: Option<&Heard>) -> ManagedVolume<'a> {
    let beat = heard.map(|heard| &heard.beat);
    let id = live.id.to_string();
    ManagedVolume {
        attachments: [Attachment { server_id: id.clone() }],
        id,
        size: live.spec.volume_gib,
        status: "in-use",
        created_at: moment(live.created),
        availability_zone: live.spec.availability_zone.as_deref(),
        used: beat.and_then(|beat| beat.volume_used_bytes).map(gigabytes),
        total: beat.and_then(|beat| beat.volume_size_bytes).map(gigabytes),
    }
}
