//! Facts of the plane.

use super::field::{bytes_32, required, time, timestamp, uuid, uuid_bytes, variant};
use crate::error::DecodeError;
use crate::generated::trove::event::v1 as wire;
use domain::ids::LogId;
use domain::plane::{Event, Founding};
use wire::plane_event;

impl From<&Event> for wire::PlaneEvent {
    fn from(event: &Event) -> Self {
        let event = match event {
            Event::Founded(founding) => plane_event::Event::Founded(plane_event::Founded {
                log_id: uuid_bytes(founding.log_id.0),
                epoch: founding.epoch,
                sealing_key: founding.sealing_key.to_vec(),
            }),
            Event::QuotaDefaultsSet(quotas) => {
                plane_event::Event::QuotaDefaultsSet(plane_event::QuotaDefaultsSet {
                    quotas: Some(quotas.into()),
                })
            }
            Event::TokenRevoked { audit_id, expires } => {
                plane_event::Event::TokenRevoked(plane_event::TokenRevoked {
                    audit_id: audit_id.clone(),
                    expires: Some(timestamp(*expires)),
                })
            }
        };
        Self { event: Some(event) }
    }
}

impl TryFrom<wire::PlaneEvent> for Event {
    type Error = DecodeError;

    fn try_from(message: wire::PlaneEvent) -> Result<Self, DecodeError> {
        Ok(match variant(message.event, "plane_event")? {
            plane_event::Event::Founded(founded) => Self::Founded(Founding {
                log_id: LogId(uuid(&founded.log_id, "founded.log_id")?),
                epoch: founded.epoch,
                sealing_key: bytes_32(&founded.sealing_key, "founded.sealing_key")?,
            }),
            plane_event::Event::QuotaDefaultsSet(set) => {
                Self::QuotaDefaultsSet(required(set.quotas, "quota_defaults_set.quotas")?.into())
            }
            plane_event::Event::TokenRevoked(revoked) => Self::TokenRevoked {
                audit_id: revoked.audit_id,
                expires: time(revoked.expires, "token_revoked.expires")?,
            },
        })
    }
}
