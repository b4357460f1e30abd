//! Flavors, from the configuration.

use super::{Answer, Named, shown};
use crate::call::Call;
use crate::catalogue;
use crate::fault::{Fault, Missing};
use crate::gateway::Gateway;
use crate::view::flavor::FlavorView;
use axum::extract::State;
use std::sync::Arc;

/// `GET /flavors`.
pub(crate) async fn list(State(gateway): State<Arc<Gateway>>, call: Call) -> Answer {
    let flavors = gateway.config.flavors.iter();
    let views: Vec<_> = flavors.map(|flavor| FlavorView::of(flavor, &call.links)).collect();
    Ok(shown("flavors", &views))
}

/// `GET /flavors/{id}`.
pub(crate) async fn show(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, id)): Named<(String, String)>,
) -> Answer {
    let flavor = gateway
        .config
        .flavor(&id)
        .ok_or_else(|| Fault::NotFound(Missing::Flavor(catalogue::shown(&id))))?;
    Ok(shown("flavor", &FlavorView::of(flavor, &call.links)))
}
