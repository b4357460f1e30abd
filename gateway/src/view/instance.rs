//! Instances: the summary of plain lists, and the detail of everything else.
//!
//! A superset of what Trove's releases show, in types that the strictest client accepts: `ip` is
//! a list or absent, `flavor.id` is text, times have no zone.

use super::links::{Linked, Links};
use super::{moment, status};
use crate::heartbeats::Heard;
use domain::guest::DatabaseHealth;
use domain::ids::ConfigurationId;
use domain::instance::{Fault, FaultCause, Live, Phase, Step};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

const MESSAGE_CHARS_MAX: usize = 255;
/// What to do about a full volume, in the room that a message has.
const FULL: &str = "The volume is full, so the database takes no changes from its users. Delete a \
                    database that is not needed, or resize the volume: it takes changes again by \
                    itself once there is room.";
const FULL_INSIDE: &str = "the guest agent has made the server read-only";
const BYTES_PER_GB: f64 = 1_073_741_824.0;

/// Who looks, and from where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Viewer<'a> {
    pub(crate) links: &'a Links,
    pub(crate) is_admin: bool,
    pub(crate) groups: &'a GroupNames,
}

/// The names of the configuration groups that the instances shown follow.
pub(crate) type GroupNames = BTreeMap<ConfigurationId, String>;

/// An entry of a plain list.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "InstanceSummary")]
pub(crate) struct Summary<'a> {
    #[serde(flatten)]
    basics: Basics<'a>,
    volume: Volume,
}

/// Everything about an instance.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "Instance")]
pub(crate) struct Detail<'a> {
    #[serde(flatten)]
    basics: Basics<'a>,
    #[serde(flatten)]
    more: More<'a>,
    volume: Volume,
}

/// What every view of an instance has, but for the volume.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct Basics<'a> {
    id: String,
    name: &'a str,
    #[schemars(extend("enum" = status::STATUSES))]
    status: &'static str,
    #[schemars(extend("enum" = status::OPERATING_STATUSES))]
    operating_status: &'static str,
    links: [super::links::Link; 2],
    flavor: Linked,
    datastore: Datastore<'a>,
    region: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<[String; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    addresses: Option<[Address<'a>; 1]>,
    access: Access,
    #[serde(skip_serializing_if = "Option::is_none")]
    configuration: Option<Configuration>,
    subnet_id: Option<&'a str>,
    tenant_id: &'a str,
    user_id: &'a str,
    created: String,
    updated: String,
}

/// What only detailed views have.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct More<'a> {
    service_status_updated: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    locality: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<FaultView<'a>>,
    #[serde(flatten)]
    inside: Option<Inside>,
}

/// What flavor and engine give an instance by themselves: values as text.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Defaults {
    pub(crate) configuration: BTreeMap<String, String>,
}

#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "FollowedConfiguration")]
struct Configuration {
    #[serde(flatten)]
    linked: Linked,
    name: String,
}

#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "InstanceDatastore")]
struct Datastore<'a> {
    #[serde(rename = "type")]
    name: &'a str,
    version: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_number: Option<&'a str>,
}

#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "InstanceVolume")]
pub(super) struct Volume {
    size: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    used: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    used_percent: Option<f64>,
}

#[derive(Debug, JsonSchema, Serialize)]
struct Address<'a> {
    address: String,
    #[serde(rename = "type")]
    kind: &'static str,
    port: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    network: Option<&'a str>,
}

#[derive(Debug, JsonSchema, Serialize)]
struct Access {
    #[serde(skip_serializing_if = "Option::is_none")]
    is_public: Option<bool>,
}

#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "InstanceFault")]
struct FaultView<'a> {
    message: String,
    created: String,
    details: Option<&'a str>,
}

/// For administrators: guest and volume go by the instance's id.
#[derive(Debug, JsonSchema, Serialize)]
struct Inside {
    server_id: Option<String>,
    volume_id: Option<String>,
    encrypted_rpc_messaging: bool,
}

impl<'a> Summary<'a> {
    /// The entry of a plain list.
    pub(crate) fn of(live: &'a Live, viewer: Viewer<'_>) -> Self {
        Self { basics: Basics::of(live, viewer), volume: Volume::of(live, None) }
    }
}

impl<'a> Detail<'a> {
    /// An entry of a detailed list, or the answer to a creation.
    pub(crate) fn of(live: &'a Live, heard: Option<&Heard>, viewer: Viewer<'_>) -> Self {
        Self::shown(live, heard, None, viewer)
    }

    /// One instance, with what its guest said lately of its volume.
    pub(crate) fn shown(
        live: &'a Live,
        heard: Option<&Heard>,
        fresh: Option<&Heard>,
        viewer: Viewer<'_>,
    ) -> Self {
        Self {
            basics: Basics::in_detail(live, viewer),
            more: More::of(live, heard, viewer),
            volume: Volume::of(live, fresh),
        }
    }
}

impl<'a> Basics<'a> {
    fn of(live: &'a Live, viewer: Viewer<'_>) -> Self {
        let id = live.id.to_string();
        let spec = &live.spec;
        let nic = spec.nics.first();
        let network = nic.and_then(|nic| nic.network.as_deref());
        let place = live.place.as_ref();
        Self {
            links: viewer.links.of("instances", &id),
            name: &live.name,
            status: status::status(live),
            operating_status: status::operating_status(live),
            flavor: viewer.links.linked("flavors", spec.flavor.id.as_str()),
            datastore: Datastore {
                name: &spec.version.datastore_name,
                version: &spec.version.name,
                version_number: None,
            },
            region: &spec.region,
            ip: place.map(|place| [place.address.to_string()]),
            addresses: place.map(|place| {
                let (address, port) = (place.address.to_string(), place.port);
                [Address { address, kind: "private", port, network }]
            }),
            access: Access { is_public: place.map(|_| spec.is_public.unwrap_or(false)) },
            configuration: live.configuration.map(|group| Configuration {
                linked: viewer.links.linked("configurations", &group.to_string()),
                name: viewer.groups.get(&group).cloned().unwrap_or_default(),
            }),
            subnet_id: nic.and_then(|nic| nic.subnet.as_deref()),
            tenant_id: spec.project.as_str(),
            user_id: spec.user.as_str(),
            created: moment(live.created),
            updated: moment(live.updated),
            id,
        }
    }

    /// The same, with the datastore's version number.
    pub(super) fn in_detail(live: &'a Live, viewer: Viewer<'_>) -> Self {
        let mut basics = Self::of(live, viewer);
        basics.datastore.version_number = Some(&live.spec.version.number);
        basics
    }
}

impl<'a> More<'a> {
    pub(super) fn of(live: &'a Live, heard: Option<&Heard>, viewer: Viewer<'_>) -> Self {
        let guest_id = live.place.as_ref().map(|_| live.id.to_string());
        Self {
            service_status_updated: heard.map(|heard| moment(heard.at)),
            locality: live.spec.locality.as_deref(),
            fault: fault(live, viewer),
            inside: viewer.is_admin.then(|| Inside {
                server_id: guest_id.clone(),
                volume_id: guest_id,
                encrypted_rpc_messaging: false,
            }),
        }
    }
}

impl Volume {
    /// `fresh` is what the guest said lately of it.
    pub(super) fn of(live: &Live, fresh: Option<&Heard>) -> Self {
        let used = fresh.and_then(|heard| heard.beat.volume_used_bytes);
        let size = fresh.and_then(|heard| heard.beat.volume_size_bytes);
        Self {
            size: live.spec.volume_gib,
            used: used.map(gigabytes),
            used_percent: used
                .zip(size.filter(|size| *size > 0))
                .map(|(used, size)| hundredths(bytes(used) / bytes(size) * 100.0)),
        }
    }
}

/// Bytes in GB, to the hundredth.
pub(crate) fn gigabytes(count: u64) -> f64 {
    hundredths(bytes(count) / BYTES_PER_GB)
}

/// Exact up to 2^53 bytes, which is more than any volume has.
#[expect(clippy::cast_precision_loss, reason = "a volume has far less than 2^53 bytes")]
fn bytes(count: u64) -> f64 {
    count as f64
}

fn hundredths(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

/// What its owner has to know: that it is full as long as it is, else what failed last.
fn fault<'a>(live: &'a Live, viewer: Viewer<'_>) -> Option<FaultView<'a>> {
    if live.health == DatabaseHealth::Full {
        return Some(FaultView {
            message: FULL.to_owned(),
            created: moment(live.health_since),
            details: viewer.is_admin.then_some(FULL_INSIDE),
        });
    }
    live.fault.as_ref().map(|fault| FaultView {
        message: message(&live.phase, fault),
        created: moment(fault.created),
        details: viewer.is_admin.then_some(fault.detail.as_str()),
    })
}

/// What failed, and why: cut to the length that clients have room for.
fn message(phase: &Phase, fault: &Fault) -> String {
    let what = match (phase, fault.step) {
        (Phase::Deleting(_), Step::NoGuest | Step::NoVolume | Step::Release) => {
            "Deletion takes longer than it should"
        }
        (_, Step::NoGuest | Step::NoVolume | Step::Release) => {
            "Taking back the failed creation takes longer than it should"
        }
        (_, Step::Place | Step::Volume | Step::Guest | Step::AgentReport | Step::Prepare) => {
            "Creation failed"
        }
        (_, Step::Action) => "A change failed",
        (_, Step::Restart) => "Restart failed",
        (_, Step::Settle) => "Resize takes longer than it should",
        (_, Step::Room | Step::Grow | Step::Apply | Step::Revert) => "Resize failed",
        (_, Step::Configure) => "The configuration is not in force",
    };
    let text = format!(
        "{what} while {}: {} ({}).",
        fault.step.as_str(),
        cause(fault.cause),
        fault.detail.trim_end_matches('.')
    );
    text.chars().take(MESSAGE_CHARS_MAX).collect()
}

fn cause(cause: FaultCause) -> &'static str {
    match cause {
        FaultCause::EngineMissing => "the engine's files are missing",
        FaultCause::NoAddress => "no address is left",
        FaultCause::NoMemory => "not enough memory is left",
        FaultCause::NoDisk => "not enough disk is left",
        FaultCause::DiskFull => "the volume is full",
        FaultCause::AgentSilent => "the guest agent never reported",
        FaultCause::ServerWontStart => "the database server did not start",
        FaultCause::Statement => "the database server refused a statement",
        FaultCause::Overdue => "it was not done in time",
        FaultCause::Refused => "it was refused",
    }
}
