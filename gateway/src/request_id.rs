//! The id of the request under way: one per request, minted here, in the answer, in the log
//! lines and in the commits that it causes.

use axum::http::HeaderName;
use domain::ids::RequestId;
use uuid::Uuid;

/// The header that names it in answers.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-openstack-request-id");

tokio::task_local! {
    static CURRENT: RequestId;
}

/// A new id.
pub(crate) fn mint() -> RequestId {
    RequestId(format!("req-{}", Uuid::new_v4()))
}

/// Runs `work` as the request of this id.
pub(crate) async fn scope<F: Future>(id: RequestId, work: F) -> F::Output {
    CURRENT.scope(id, work).await
}

/// The id of the request that this task works on; a new one outside of any request.
pub(crate) fn current() -> RequestId {
    CURRENT.try_with(Clone::clone).unwrap_or_else(|_| mint())
}
