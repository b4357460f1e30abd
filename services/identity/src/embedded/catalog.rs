//! The service catalog: the database service and this one, each by three interfaces.

use serde_json::{Value, json};

use super::place::Place;
use crate::ids::{self, Kind};

/// The one region. Clients that ask for a region ask for this one by default.
pub(super) const REGION: &str = "RegionOne";

const INTERFACES: [&str; 3] = ["public", "internal", "admin"];

/// A service of the catalog.
#[derive(Clone, Copy)]
pub(super) enum Service {
    Database,
    Identity,
}

impl Service {
    pub(super) const ALL: [Self; 2] = [Self::Database, Self::Identity];

    fn kind(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Identity => "identity",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Database => "trove",
            Self::Identity => "keystone",
        }
    }

    fn id(self) -> String {
        ids::text(ids::derived(Kind::Service, self.kind()))
    }

    fn endpoint_id(self, interface: &str) -> String {
        ids::text(ids::derived(Kind::Endpoint, &format!("{}/{interface}", self.kind())))
    }

    /// `project` is an id, or the place where the client puts one.
    fn url(self, place: &Place, project: &str) -> String {
        match self {
            Self::Database => format!("{}/v1.0/{project}", place.base),
            Self::Identity => format!("{}/v3", place.root),
        }
    }
}

/// The catalog of a token for this project.
pub(super) fn catalog(place: &Place, project: &str) -> Value {
    let entries = Service::ALL.map(|service| {
        let endpoints = INTERFACES.map(|interface| {
            json!({
                "id": service.endpoint_id(interface),
                "interface": interface,
                "region": REGION,
                "region_id": REGION,
                "url": service.url(place, project),
            })
        });
        json!({
            "id": service.id(),
            "type": service.kind(),
            "name": service.name(),
            "endpoints": endpoints,
        })
    });
    json!(entries)
}

/// The services, as `GET /v3/services` lists them.
pub(super) fn services(place: &Place) -> Vec<Value> {
    let service = |service: Service| {
        let id = service.id();
        json!({
            "links": { "self": place.v3(&format!("services/{id}")) },
            "id": id,
            "type": service.kind(),
            "name": service.name(),
            "description": "",
            "enabled": true,
        })
    };
    Service::ALL.map(service).to_vec()
}

/// The endpoints, as `GET /v3/endpoints` lists them.
pub(super) fn endpoints(place: &Place) -> Vec<Value> {
    Service::ALL
        .into_iter()
        .flat_map(|service| INTERFACES.map(|interface| (service, interface)))
        .map(|(service, interface)| {
            let id = service.endpoint_id(interface);
            json!({
                "links": { "self": place.v3(&format!("endpoints/{id}")) },
                "id": id,
                "interface": interface,
                "region": REGION,
                "region_id": REGION,
                "service_id": service.id(),
                "url": service.url(place, "%(project_id)s"),
                "enabled": true,
            })
        })
        .collect()
}

/// The regions, as `GET /v3/regions` lists them.
pub(super) fn regions(place: &Place) -> Vec<Value> {
    vec![json!({
        "links": { "self": place.v3(&format!("regions/{REGION}")) },
        "id": REGION,
        "description": "",
        "parent_region_id": null,
    })]
}
