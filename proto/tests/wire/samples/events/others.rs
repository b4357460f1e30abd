//! Events of all aggregates but the instance.

use super::super::common::{LATER, id, overrides};
use domain::commit::Events;
use domain::engine::Manager;
use domain::host::{Capacity, Place};
use domain::ids::{DatastoreId, HostId, ImageId, InstanceId, LogId, VersionId};
use domain::plane::Founding;
use domain::quota::{Amount, Overrides, Quotas};
use domain::version::Details;
use domain::{datastore, host, plane, project, version};
use std::collections::BTreeMap;

pub(super) fn all() -> Vec<(String, Events)> {
    let mut all = Vec::new();
    for event in plane_events() {
        all.push((plane_word(&event).to_owned(), Events::Plane(vec![event])));
    }
    for event in project_events() {
        all.push((project_word(&event).to_owned(), Events::Project(vec![event])));
    }
    let bare = project::Event::LimitsSet { project_id: "a11ce".into(), overrides: none() };
    all.push((format!("{}.bare", project_word(&bare)), Events::Project(vec![bare])));
    for event in host_events() {
        all.push((host_word(&event).to_owned(), Events::Host(vec![event])));
    }
    let bare = host::Event::Registered(bare_capacity());
    all.push((format!("{}.bare", host_word(&bare)), Events::Host(vec![bare])));
    for event in datastore_events() {
        all.push((datastore_word(&event).to_owned(), Events::Datastore(vec![event])));
    }
    for event in [
        version::Event::Described(full_details()),
        version::Event::Described(Details { image: None, ..full_details() }),
        version::Event::Withdrawn { until: LATER },
        version::Event::Restored,
        version::Event::Deleted,
    ] {
        all.push((version_word(&event).to_owned(), Events::Version(vec![event])));
    }
    let postgresql = Details { manager: Manager::Postgresql, ..details() };
    for (name, details) in
        [("", details()), (".hidden", hidden_details()), (".postgresql", postgresql)]
    {
        let event = version::Event::Registered(details);
        let name = format!("{}{name}", version_word(&event));
        all.push((name, Events::Version(vec![event])));
    }
    all
}

fn plane_word(event: &plane::Event) -> &'static str {
    match event {
        plane::Event::Founded(_) => "plane.founded",
        plane::Event::QuotaDefaultsSet(_) => "plane.quota_defaults_set",
        plane::Event::TokenRevoked { .. } => "plane.token_revoked",
    }
}

fn plane_events() -> [plane::Event; 3] {
    [
        plane::Event::Founded(Founding {
            log_id: LogId(id(10)),
            epoch: 1,
            sealing_key: [0x42; 32],
        }),
        plane::Event::QuotaDefaultsSet(Quotas {
            instances: 10,
            ram_mb: -1,
            volumes_gib: 40,
            backups: 50,
        }),
        plane::Event::TokenRevoked {
            audit_id: "3T2dc1CGQxyJsHdDu1xkcw".to_owned(),
            expires: LATER,
        },
    ]
}

fn project_word(event: &project::Event) -> &'static str {
    match event {
        project::Event::Reserved { .. } => "project.reserved",
        project::Event::Grew { .. } => "project.grew",
        project::Event::Settled { .. } => "project.settled",
        project::Event::Committed { .. } => "project.committed",
        project::Event::Released { .. } => "project.released",
        project::Event::LimitsSet { .. } => "project.limits_set",
    }
}

fn project_events() -> [project::Event; 6] {
    let instance = InstanceId(id(1));
    [
        project::Event::Reserved {
            project_id: "a11ce".into(),
            instance,
            amount: Amount { instances: 1, ram_mb: 1024, volumes_gib: 5 },
            until: LATER,
        },
        project::Event::Grew {
            instance,
            amount: Amount { instances: 1, ram_mb: 2048, volumes_gib: 8 },
            until: LATER,
        },
        project::Event::Settled {
            instance,
            amount: Amount { instances: 1, ram_mb: 512, volumes_gib: 8 },
        },
        project::Event::Committed { instance },
        project::Event::Released { instance },
        project::Event::LimitsSet { project_id: "a11ce".into(), overrides: overrides() },
    ]
}

fn none() -> Overrides {
    Overrides::default()
}

fn host_word(event: &host::Event) -> &'static str {
    match event {
        host::Event::Registered(_) => "host.registered",
        host::Event::Placed { .. } => "host.placed",
        host::Event::Resized { .. } => "host.resized",
        host::Event::Released { .. } => "host.released",
    }
}

fn host_events() -> [host::Event; 4] {
    let instance = InstanceId(id(1));
    [
        host::Event::Registered(Capacity {
            first_uid: Some(70_000),
            moved_ports: BTreeMap::from([(3306, 13_306), (5432, 15_432)]),
            ..bare_capacity()
        }),
        host::Event::Placed {
            instance,
            place: Place {
                host: HostId(id(6)),
                address: [127, 9, 16, 4].into(),
                port: 13_306,
                uid: Some(70_002),
                memory_mb: 1024,
                disk_mb: 5120,
            },
        },
        host::Event::Resized { instance, memory_mb: 2048, disk_mb: 8192 },
        host::Event::Released { instance },
    ]
}

fn bare_capacity() -> Capacity {
    Capacity {
        host: HostId(id(6)),
        memory_mb: 16_384,
        disk_mb: 204_800,
        first_address: [127, 9, 16, 1].into(),
        addresses: 4094,
        first_uid: None,
        moved_ports: BTreeMap::new(),
    }
}

fn datastore_word(event: &datastore::Event) -> &'static str {
    match event {
        datastore::Event::Registered { .. } => "datastore.registered",
        datastore::Event::DefaultVersionSet(_) => "datastore.default_version_set",
        datastore::Event::Renamed(_) => "datastore.renamed",
        datastore::Event::DefaultVersionChosen(Some(_)) => "datastore.default_version_chosen",
        datastore::Event::DefaultVersionChosen(None) => "datastore.default_version_chosen.bare",
        datastore::Event::NameHeld { .. } => "datastore.name_held",
        datastore::Event::NameKept { .. } => "datastore.name_kept",
        datastore::Event::VersionReleased(_) => "datastore.version_released",
        datastore::Event::Deleted => "datastore.deleted",
    }
}

fn datastore_events() -> [datastore::Event; 9] {
    let version = VersionId(id(4));
    [
        datastore::Event::Renamed("maria".to_owned()),
        datastore::Event::DefaultVersionChosen(Some(version)),
        datastore::Event::DefaultVersionChosen(None),
        datastore::Event::NameHeld { version, label: details().label() },
        datastore::Event::NameKept { version, label: details().label() },
        datastore::Event::VersionReleased(version),
        datastore::Event::Deleted,
        datastore::Event::Registered { id: DatastoreId(id(3)), name: "mariadb".to_owned() },
        datastore::Event::DefaultVersionSet(VersionId(id(4))),
    ]
}

fn version_word(event: &version::Event) -> &'static str {
    match event {
        version::Event::Registered(_) => "version.registered",
        version::Event::Described(details) if details.image.is_none() => "version.described.bare",
        version::Event::Described(_) => "version.described",
        version::Event::Withdrawn { .. } => "version.withdrawn",
        version::Event::Restored => "version.restored",
        version::Event::Deleted => "version.deleted",
    }
}

fn details() -> Details {
    Details {
        id: VersionId(id(4)),
        datastore: DatastoreId(id(3)),
        name: "10.11".to_owned(),
        number: "10.11.11".to_owned(),
        manager: Manager::Mariadb,
        image: Some(ImageId(id(5))),
        packages: vec!["mariadb-server=1:10.11.11-0+deb12u1".to_owned()],
        active: true,
        image_tags: Vec::new(),
        registry_ext: None,
        repl_strategy: None,
    }
}

/// A version with everything that can be said of one.
pub(crate) fn full_details() -> Details {
    Details {
        image_tags: vec!["trove".to_owned(), "mariadb".to_owned()],
        registry_ext: Some("a.Manager".to_owned()),
        repl_strategy: Some("a.Strategy".to_owned()),
        ..details()
    }
}

fn hidden_details() -> Details {
    Details { manager: Manager::Mysql, packages: Vec::new(), active: false, ..details() }
}
