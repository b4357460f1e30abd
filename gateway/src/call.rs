//! One authenticated request, and the gate that it comes through.
//!
//! # Invariants
//! - No route behind the gate is reached without a token whose project is the path's: also not an
//!   unknown route, and also not by an administrator.

use crate::fault::Fault;
use crate::gateway::Gateway;
use crate::request::idempotency;
use crate::view::instance::{GroupNames, Viewer};
use crate::view::links::Links;
use axum::RequestPartsExt;
use axum::extract::{FromRequestParts, OriginalUri, RawPathParams, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::commit::Actor;
use domain::ids::{ProjectId, UserId};
use identity::embedded::{PublicUrl, challenge};
use identity::{Caller, IdentityError};
use std::sync::Arc;
use telemetry::Chain;

/// The position of the log that an answer holds, and that a request wants held.
pub(crate) const POSITION: HeaderName = HeaderName::from_static("x-trove-position");
const TOKEN: HeaderName = HeaderName::from_static("x-auth-token");

/// The parameter of the path that names the project.
pub(crate) const PROJECT: &str = "project_id";

/// An authenticated request.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// Makes the links of the answer.
    pub(crate) links: Links,
    /// The caller's project, which is the path's.
    pub(crate) project: ProjectId,
    /// The caller.
    pub(crate) user: UserId,
    /// Whether the caller is an administrator.
    pub(crate) is_admin: bool,
    may_write: bool,
    roles: Vec<String>,
}

impl Call {
    fn new(caller: &Caller, links: Links, project: ProjectId) -> Self {
        Self {
            links,
            project,
            user: UserId::from(caller.user_id.as_str()),
            is_admin: caller.is_admin(),
            may_write: caller.may_write(),
            roles: caller.roles.iter().map(|role| role.name().to_owned()).collect(),
        }
    }

    /// Who asks, as commits record it.
    pub(crate) fn actor(&self) -> Actor {
        Actor::User {
            user_id: self.user.clone(),
            project_id: self.project.clone(),
            roles: self.roles.clone(),
        }
    }

    /// Whether the caller may see what is of `project`.
    pub(crate) fn may_see(&self, project: &ProjectId) -> bool {
        self.is_admin || self.project == *project
    }

    /// Refuses callers that may only look.
    ///
    /// # Errors
    /// When the caller's roles don't allow changes.
    pub(crate) fn check_may_write(&self, rule: &'static str) -> Result<(), Fault> {
        if self.may_write { Ok(()) } else { Err(Fault::Denied { rule }) }
    }

    /// Refuses callers that are no administrators.
    ///
    /// # Errors
    /// When the caller is none.
    pub(crate) fn check_is_admin(&self, rule: &'static str) -> Result<(), Fault> {
        if self.is_admin { Ok(()) } else { Err(Fault::Denied { rule }) }
    }

    /// Refuses callers that are no administrators from what is under `/mgmt`.
    ///
    /// # Errors
    /// When the caller is none.
    pub(crate) fn check_manages(&self) -> Result<(), Fault> {
        if self.is_admin { Ok(()) } else { Err(Fault::NotAdmin) }
    }

    /// Who looks at an instance; `groups` are those that it may follow.
    pub(crate) fn viewer<'a>(&'a self, groups: &'a GroupNames) -> Viewer<'a> {
        Viewer { links: &self.links, is_admin: self.is_admin, groups }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Call {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Fault> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| {
            tracing::error!("Route was reached past the gate.");
            Fault::Internal
        })
    }
}

/// The gate: lets authenticated requests through, and stamps their answers with the position
/// that they hold at least.
pub(crate) async fn gate(
    State(gateway): State<Arc<Gateway>>,
    request: Request,
    next: Next,
) -> Response {
    let configured = gateway.config.public_endpoint.as_ref();
    let base = match PublicUrl::of_request(configured, &whole_uri(&request), request.headers()) {
        Ok(base) => base.as_str().to_owned(),
        Err(error) => return Fault::Invalid(format!("The {error}.")).into_response(),
    };
    let request = match pass(&gateway, request, &base).await {
        Ok(request) => request,
        Err(fault) => return refused(fault, &base),
    };
    let position = gateway.read_model.position();
    let mut response = next.run(request).await;
    response.headers_mut().entry(POSITION).or_insert_with(|| HeaderValue::from(position));
    response
}

fn refused(fault: Fault, base: &str) -> Response {
    let challenge = (fault == Fault::Unauthorized).then(|| challenge(&format!("{base}/identity")));
    let mut response = fault.into_response();
    if let Some(challenge) = challenge {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

fn whole_uri(request: &Request) -> axum::http::Uri {
    request.extensions().get::<OriginalUri>().map_or(request.uri(), |uri| &uri.0).clone()
}

async fn pass(gateway: &Gateway, request: Request, base: &str) -> Result<Request, Fault> {
    // Which tokens were revoked is known only once the read model has caught up.
    gateway.ready().await?;
    let caller = caller(gateway, request.headers()).await?;
    let token_project = ProjectId::from(caller.project_id.as_str());
    let (mut parts, body) = request.into_parts();
    let path_project = path_project(&mut parts).await?;
    if path_project.as_deref() != Some(token_project.as_str()) {
        return Err(Fault::OtherProject { token_project });
    }
    if parts.method != Method::GET {
        idempotency::check(&parts.headers)?;
    }
    // The router has taken the project's part off the path.
    let path = parts.uri.path();
    gateway.rates.take(&token_project, &parts.method, path).map_err(Fault::TooOften)?;
    if let Some(position) = wanted_position(&parts.headers)? {
        gateway.reached(position).await?;
    }
    let links = Links::new(base.to_owned(), token_project.clone());
    parts.extensions.insert(Call::new(&caller, links, token_project));
    Ok(Request::from_parts(parts, body))
}

async fn caller(gateway: &Gateway, headers: &HeaderMap) -> Result<Caller, Fault> {
    let token = headers.get(TOKEN).and_then(|value| value.to_str().ok());
    let token = token.filter(|token| !token.is_empty()).ok_or(Fault::Unauthorized)?;
    gateway.identity.caller(token).await.map_err(|error| match error {
        IdentityError::Unauthorized => Fault::Unauthorized,
        IdentityError::Unavailable(_) => {
            tracing::warn!(error = %Chain(&error), "Identity service gave no answer.");
            Fault::IdentityUnavailable
        }
    })
}

/// A path that can't be decoded names nothing.
async fn path_project(parts: &mut Parts) -> Result<Option<String>, Fault> {
    let params: RawPathParams = parts.extract().await.map_err(|_| Fault::NoRoute)?;
    Ok(params.iter().find(|(name, _)| *name == PROJECT).map(|(_, value)| value.to_owned()))
}

fn wanted_position(headers: &HeaderMap) -> Result<Option<u64>, Fault> {
    let Some(value) = headers.get(POSITION) else { return Ok(None) };
    let position = value.to_str().ok().and_then(|text| text.parse().ok());
    let invalid = || Fault::invalid("X-Trove-Position is not a position of the log.");
    position.map(Some).ok_or_else(invalid)
}
