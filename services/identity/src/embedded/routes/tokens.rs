//! Tokens: issuing, validating, revoking.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::Value;

use super::Page;
use crate::embedded::catalog::catalog;
use crate::embedded::fault::Fault;
use crate::embedded::log_in::Refusal;
use crate::embedded::request;
use crate::embedded::router::SUBJECT_TOKEN;
use crate::embedded::session::Session;
use crate::embedded::token::audit_id;
use crate::embedded::{Embedded, Revocation, view};

type TokenAnswer = (StatusCode, [(HeaderName, HeaderValue); 1], Json<Value>);

/// `POST /v3/auth/tokens`: logs in. The token is in a header, never in the body.
pub(in crate::embedded) async fn issue(
    State(embedded): State<Arc<Embedded>>,
    page: Page,
    body: Result<Bytes, BytesRejection>,
) -> Result<TokenAnswer, Fault> {
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Fault::BodyTooLarge,
        _ => Fault::BadRequest("The body could not be read.".to_owned()),
    })?;
    let request = request::parse(&body).map_err(Fault::BadRequest)?;
    let session = embedded.log_in(&request).map_err(|refusal| {
        tracing::info!("Log-in was refused.");
        fault(&refusal)
    })?;
    let user_id = &session.user.id;
    let audit_id = audit_id(session.claims.audit);
    tracing::debug!(%user_id, %audit_id, "Token was issued.");
    let token = embedded.issue(&session);
    Ok(answer(StatusCode::CREATED, &token, &session, &page))
}

/// `GET /v3/auth/tokens`: what the subject token is good for.
pub(in crate::embedded) async fn validate(
    State(embedded): State<Arc<Embedded>>,
    session: Session,
    page: Page,
    headers: HeaderMap,
) -> Result<TokenAnswer, Fault> {
    let (token, subject) = subject(&embedded, &session, &headers)?;
    Ok(answer(StatusCode::OK, token, &subject, &page))
}

/// `DELETE /v3/auth/tokens`: ends the subject token, for good.
pub(in crate::embedded) async fn revoke(
    State(embedded): State<Arc<Embedded>>,
    session: Session,
    headers: HeaderMap,
) -> Result<StatusCode, Fault> {
    let (_, subject) = subject(&embedded, &session, &headers)?;
    let revocation = Revocation {
        audit_id: audit_id(subject.claims.audit),
        expires_at: UNIX_EPOCH + Duration::from_secs(subject.claims.expires_secs),
        by: session.revoker(),
    };
    match embedded.revocations.revoke(revocation).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(error) => {
            let cause = error.0;
            tracing::warn!(error = %cause, "Revocation was not recorded.");
            Err(Fault::Unavailable)
        }
    }
}

/// The subject token of the request, if it holds and the asking one may know of it: that takes
/// the same user, or an admin.
fn subject<'a>(
    embedded: &Embedded,
    session: &Session,
    headers: &'a HeaderMap,
) -> Result<(&'a str, Session), Fault> {
    let header = headers
        .get(SUBJECT_TOKEN)
        .ok_or_else(|| Fault::NotFound("There is no X-Subject-Token in the request.".to_owned()))?;
    let (token, subject) = header
        .to_str()
        .ok()
        .and_then(|token| Some((token, embedded.session(token)?)))
        .ok_or_else(|| Fault::NotFound("Could not find token.".to_owned()))?;
    if subject.user.uuid != session.user.uuid {
        session.require_admin()?;
    }
    Ok((token, subject))
}

fn answer(status: StatusCode, token: &str, session: &Session, page: &Page) -> TokenAnswer {
    let catalog = match &session.scope {
        Some((project, _)) if !page.has("nocatalog") => {
            Some(catalog(&page.place, project.id.as_str()))
        }
        Some(_) | None => None,
    };
    let token = HeaderValue::from_str(token).expect("a token is base64url");
    (status, [(SUBJECT_TOKEN, token)], Json(view::token(session, catalog)))
}

fn fault(refusal: &Refusal) -> Fault {
    match refusal {
        Refusal::Unproven => Fault::Unauthorized,
        Refusal::UnsupportedMethod => Fault::UnauthorizedBecause(
            "The method must be one of password, token and application_credential.",
        ),
        Refusal::CredentialWithScope => {
            Fault::UnauthorizedBecause("Application credentials cannot request a scope.")
        }
        Refusal::TokenOfCredential => Fault::ForbiddenBecause(
            "A token of an application credential cannot be exchanged for another one.",
        ),
    }
}
