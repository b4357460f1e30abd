//! What the caller's project may use, and how often it may ask.

use super::{Answer, shown};
use crate::call::Call;
use crate::clock;
use crate::gateway::Gateway;
use crate::view::limits::{Absolute, Limit, Rate};
use axum::extract::State;
use std::sync::Arc;

/// `GET /limits`: what clients take off the front stands there.
pub(crate) async fn list(State(gateway): State<Arc<Gateway>>, call: Call) -> Answer {
    let project = gateway.read_model.project(&call.project)?;
    let now = clock::now();
    let standings = gateway.rates.standings(&call.project);
    let rates = standings.iter().map(|standing| Limit::Rate(Rate::of(standing, now)));
    let absolute = Limit::Absolute(Absolute::of(&gateway.quotas(&project)?));
    let limits: Vec<Limit> = std::iter::once(absolute).chain(rates).collect();
    Ok(shown("limits", &limits))
}
