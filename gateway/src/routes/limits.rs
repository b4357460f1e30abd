//! What the caller's project may use. Rates are not limited yet, so none are shown.

use super::{Answer, shown};
use crate::call::Call;
use crate::fault::Fault;
use crate::gateway::Gateway;
use crate::view::limits::Absolute;
use axum::extract::State;
use std::sync::Arc;

/// `GET /limits`.
pub(crate) async fn list(State(gateway): State<Arc<Gateway>>, _: Call) -> Answer {
    let quotas = gateway.read_model.plane()?.quota_defaults.ok_or(Fault::NotFounded)?;
    Ok(shown("limits", &[Absolute::of(&quotas)]))
}
