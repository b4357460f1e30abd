//! What the caller's project may use. Rates are not limited yet, so none are shown.

use super::{Answer, shown};
use crate::call::Call;
use crate::gateway::Gateway;
use crate::view::limits::Absolute;
use axum::extract::State;
use std::sync::Arc;

/// `GET /limits`.
pub(crate) async fn list(State(gateway): State<Arc<Gateway>>, call: Call) -> Answer {
    let project = gateway.read_model.project(&call.project)?;
    Ok(shown("limits", &[Absolute::of(&gateway.quotas(&project)?)]))
}
